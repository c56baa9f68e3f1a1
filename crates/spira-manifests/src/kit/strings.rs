//! Strings that are checked when they are read.
//!
//! Each type has one rule, written as a pattern that `values.schema.json` holds too, so Helm and
//! this crate refuse the same values.

use std::{borrow::Cow, fmt, ops::Deref, str::FromStr, sync::LazyLock};

use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A string that breaks the rule of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {expected}")]
pub struct InvalidString {
    /// The text that was given.
    pub value: String,
    /// What would be right, with an example.
    pub expected: &'static str,
}

// `sample` shows a tracer how to make distinct valid texts: its question marks stand for digits.
macro_rules! string_types {
    ($($(#[$doc:meta])* $name:ident: pattern $pattern:literal, max $max:literal, sample $sample:literal, expected $expected:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The rule, as a regular expression.
            pub const PATTERN: &'static str = $pattern;
            /// The greatest length, in characters.
            pub const MAX_LENGTH: usize = $max;
        }

        impl TryFrom<String> for $name {
            type Error = InvalidString;

            fn try_from(value: String) -> Result<Self, InvalidString> {
                static RULE: LazyLock<Regex> = LazyLock::new(|| Regex::new($pattern).expect("the pattern is a constant that a test compiles"));
                if value.chars().count() <= $max && RULE.is_match(&value) {
                    Ok(Self(value))
                } else {
                    Err(InvalidString { value, expected: $expected })
                }
            }
        }

        impl FromStr for $name {
            type Err = InvalidString;

            fn from_str(value: &str) -> Result<Self, InvalidString> {
                Self::try_from(value.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "pattern": $pattern,
                    "minLength": 1,
                    "maxLength": $max,
                    "x-sample": $sample,
                    "x-expected": $expected,
                })
            }
        }
    )*};
}

pub(super) use string_types;

string_types! {
    /// A DNS label (RFC 1123): the name of most Kubernetes objects that others find by DNS.
    DnsLabel: pattern r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max 63, sample "zq????qz",
        expected "a DNS label: at most 63 lower-case letters, digits and dashes, such as spira-nats";

    /// A host name with an optional port and path in front of an image's repository.
    Registry: pattern r"^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?(/[a-z0-9._/-]+)?$", max 253, sample "zq????qz",
        expected "a registry such as registry.example.org:5000";

    /// The repository of an image, without registry, tag and digest.
    Repository: pattern r"^[a-z0-9]+([._/-]+[a-z0-9]+)*$", max 255, sample "zq????qz",
        expected "a lower-case image repository such as uspcodelab/spira-api";

    /// The tag of an image.
    Tag: pattern r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max 128, sample "zq????qz",
        expected "an image tag such as v0.1.19: letters, digits, dots, dashes and underscores";

    /// The digest of an image.
    Digest: pattern r"^sha256:[a-f0-9]{64}$", max 71, sample "sha256:000000000000000000000000000000000000000000000000000000000000????",
        expected "an image digest: sha256: and 64 lower-case hex digits";

    /// A DNS subdomain (RFC 1123): the name of a Secret, a class or an account.
    ObjectName: pattern r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max 253, sample "zq????qz",
        expected "the name of an object: lower-case letters, digits, dashes and dots, such as spira-minio-credentials";

    /// A host name or IPv4 address.
    HostName: pattern r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max 253, sample "zq????qz",
        expected "a host name such as nats.example.org, without scheme and port";

    /// The URL of a server, without credentials, query and final slash.
    HttpUrl: pattern r"^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*$", max 2048, sample "http://zq????qz",
        expected "a URL such as http://mlflow.example.org:5000, without credentials and final slash";

    /// The origin of a web site, or `*` for any.
    Origin: pattern r"^(\*|https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?)$", max 2048, sample "http://zq????qz",
        expected "one origin such as https://spira.example.org, without path, or *";

    /// A key in the data of a Secret or `ConfigMap`.
    DataKey: pattern r"^[-._a-zA-Z0-9]+$", max 253, sample "zq????qz",
        expected "a key of a Secret: letters, digits, dashes, dots and underscores, such as secretKey";

    /// A name to log in with, which can stand in a URL as it is.
    Login: pattern r"^[A-Za-z0-9_-]+$", max 64, sample "zq????qz",
        expected "a login name: letters, digits, dashes and underscores";

    /// A password that can stand in a URL as it is.
    UrlPassword: pattern r"^[A-Za-z0-9_-]{16,}$", max 128, sample "zq????qz00000000",
        expected "a password of 16 to 128 letters, digits, dashes and underscores";

    /// A signing key of at least 256 bits, as RFC 7518 section 3.2 asks for HS256.
    SigningKey: pattern r"^[!-~]{32,}$", max 512, sample "zq????qz000000000000000000000000",
        expected "a key of 32 to 512 printable ASCII characters without spaces";

    /// The size of storage that Kubernetes and NATS read the same way.
    StorageSize: pattern r"^[1-9][0-9]*[KMGT]i$", max 16, sample "1????Mi",
        expected "a whole number with Ki, Mi, Gi or Ti, such as 10Gi";

    /// A quantity of Kubernetes.
    Quantity: pattern r"^([0-9]+(\.[0-9]+)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$", max 64, sample "1????Mi",
        expected "a quantity such as 500Mi, 1.5Gi or 100m";

    /// An amount of CPU, to the thousandth.
    CpuQuantity: pattern r"^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$", max 16, sample "1????m",
        expected "an amount of CPU such as 500m, 2 or 1.5";

    /// An amount of memory.
    MemoryQuantity: pattern r"^[0-9]+(\.[0-9]+)?([KMGTPE]i|[MGTPE])$", max 16, sample "1????Mi",
        expected "an amount of memory such as 512Mi or 1.5Gi";

    /// A span of time as a decimal number of seconds.
    DecimalSeconds: pattern r"^[0-9]+(\.[0-9]+)?$", max 32, sample "0.????",
        expected "seconds as a quoted decimal, such as \"0.01\"";

    /// How many a second: a decimal above 0.
    Rate: pattern r"^([1-9][0-9]{0,2}(\.[0-9]{1,6})?|1000|0\.0{0,5}[1-9][0-9]{0,5})$", max 12, sample "1.????",
        expected "a quoted decimal above 0 and up to 1000, such as \"0.5\"";

    /// A NATS subject without wildcards.
    Subject: pattern r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", max 255, sample "zq????qz",
        expected "a NATS subject such as result_updates, without wildcards";

    /// The extension of a file, with its dot.
    FileExtension: pattern r"^\.[A-Za-z0-9]+$", max 16, sample ".zq????qz",
        expected "a file extension with its dot, such as .wav";

    /// The name of a bucket in an object store, by the rules of S3: the last of several parts
    /// starts with a letter, so that none is an IP address.
    BucketName: pattern r"^([a-z0-9][a-z0-9-]+[a-z0-9]|([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?)$", max 63, sample "zq????qz",
        expected "a bucket name: 3 to 63 lower-case letters, digits and dashes (dots only between such parts, the last starting with a letter), such as audio-files";

    /// An access key of an object store, also the name of MinIO's root user: it takes 3 or more
    /// characters, and no reserved ones.
    AccessKey: pattern r"^[A-Za-z0-9_-]{3,}$", max 128, sample "zq????qz",
        expected "an access key: 3 to 128 letters, digits, dashes and underscores";

    /// A secret key of an object store, also the password of MinIO's root user: it takes 8 or more
    /// characters. None of these means anything to a shell.
    ObjectStoreSecret: pattern r"^[A-Za-z0-9+/_.-]{8,}$", max 128, sample "zq????qz",
        expected "a secret key: 8 to 128 letters, digits and +/_.-";

    /// The name of a pool of MinIO servers. A `StatefulSet` is called by the tenant's name and this.
    PoolName: pattern r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max 10, sample "q????",
        expected "the name of a pool: at most 10 lower-case letters, digits and dashes, such as pool-0";

    /// A version of MongoDB: the operator makes the tag of the image of it.
    MongodbVersion: pattern r"^[0-9]+\.[0-9]+\.[0-9]+$", max 16, sample "7.0.1????",
        expected "a version x.y.z of MongoDB, such as 7.0.28, without a suffix";

    /// A version of MongoDB whose features are used.
    FeatureVersion: pattern r"^[0-9]+\.[0-9]+$", max 8, sample "7.1????",
        expected "a version x.y of MongoDB, such as 6.0";

    /// The name of a MongoDB database; SPIRA reads it as an attribute, so it starts with a letter.
    DatabaseName: pattern r"^[A-Za-z][A-Za-z0-9_-]*$", max 63, sample "zq????qz",
        expected "a database name: a letter, then letters, digits, dashes and underscores";

    /// The name of a MongoDB collection; SPIRA reads it as an attribute, so it starts with a letter.
    CollectionName: pattern r"^[A-Za-z][A-Za-z0-9_]*$", max 63, sample "zq????qz",
        expected "a collection name: a letter, then letters, digits and underscores";

    /// The name of a `PostgreSQL` database or role that needs no quotes, and that stays as it is where
    /// an operator makes the name of a Secret of it.
    PostgresqlName: pattern r"^[a-z][a-z0-9]*$", max 63, sample "zq????qz",
        expected "a name of lower-case letters and digits that starts with a letter, such as mlflow";

    /// An e-mail address.
    Email: pattern r"^[A-Za-z0-9._+-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max 254, sample "zq????qz@example.org",
        expected "an e-mail address such as doctor@example.org";

    /// A password that people log in with: bcrypt reads no more than 72 characters of it.
    Password: pattern r"^[!-~]{8,}$", max 72, sample "zq????qz",
        expected "a password of 8 to 72 printable ASCII characters without spaces";

    /// The name of a hospital.
    HospitalName: pattern r"^[A-Za-z0-9À-ɏ]([A-Za-z0-9À-ɏ .,'()_-]*[A-Za-z0-9À-ɏ.)])?$", max 200, sample "zq????qz",
        expected "a hospital's name: Latin letters, digits, spaces and .,'()_-";

    /// A host with an optional port, in which `*` stands for any text.
    HostPattern: pattern r"^[A-Za-z0-9*]([A-Za-z0-9.*-]*[A-Za-z0-9*])?(:([0-9]{1,5}|\*))?$", max 255, sample "zq????qz",
        expected "a host such as mlflow.example.org, where * stands for any text, with or without a port";

    /// The name of a model in the registry; SPIRA accepts no other characters.
    ModelName: pattern r"^[A-Za-z0-9_-]+$", max 128, sample "zq????qz",
        expected "a model name: letters, digits, dashes and underscores, such as pyfunc-test-model";

    /// A version of a model: a stage, a version number, or `latest`.
    ModelVersion: pattern r"^[A-Za-z0-9]+$", max 64, sample "zq????qz",
        expected "a stage such as Production, a version number, or latest";

    /// A span of time, which Kubernetes' operators, Prometheus and Go read the same way.
    Duration: pattern r"^([1-9][0-9]*h([1-9][0-9]*m)?([1-9][0-9]*s)?|[1-9][0-9]*m([1-9][0-9]*s)?|[1-9][0-9]*s|[1-9][0-9]*ms)$", max 32, sample "1????s",
        expected "a duration above 0 with its unit, such as 30s, 5m or 1h30m";

    /// When something happens again and again: the five fields of cron, or `@every` and a duration. No
    /// ranges and names, and no day that its months do not have, so that it fires some day.
    Cron: pattern r"^(@every ([1-9][0-9]*h([1-9][0-9]*m)?([1-9][0-9]*s)?|[1-9][0-9]*m([1-9][0-9]*s)?|[1-9][0-9]*s)|(\*(/([1-9]|[1-5][0-9]))?|[1-5]?[0-9](,[1-5]?[0-9])*) (\*(/([1-9]|1[0-9]|2[0-3]))?|(1?[0-9]|2[0-3])(,(1?[0-9]|2[0-3]))*) ((\*(/([1-9]|[12][0-9]|3[01]))?|(([1-9]|[12][0-9]|3[01]),)*([1-9]|[12][0-9])(,([1-9]|[12][0-9]|3[01]))*) (\*(/([1-9]|1[0-2]))?|([1-9]|1[0-2])(,([1-9]|1[0-2]))*)|(31,)*30(,3[01])* (\*(/([1-9]|1[0-2]))?|(([1-9]|1[0-2]),)*([13-9]|1[0-2])(,([1-9]|1[0-2]))*)|31(,31)* (\*(/([1-9]|1[0-2]))?|(([1-9]|1[0-2]),)*([13578]|1[02])(,([1-9]|1[0-2]))*)) (\*(/[1-6])?|[0-6](,[0-6])*))$", max 128, sample "@every 1????s",
        expected "a time that comes: five fields of cron with numbers, lists and steps, such as */5 * * * *, or @every and a duration, such as @every 90s";
}
