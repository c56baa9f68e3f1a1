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
}
