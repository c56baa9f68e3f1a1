//! Maps of strings that are checked when they are read.

use std::{borrow::Cow, collections::BTreeMap, ops::Deref, sync::LazyLock};

use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A map of strings that breaks the rule of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMap {
    /// A key does not have the form of its type's keys.
    #[error("key {key:?} is not {expected}")]
    Key {
        /// The key that was given.
        key: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A key belongs to this chart.
    #[error("key {key:?} is set by this chart")]
    Reserved {
        /// The key that was given.
        key: String,
    },
    /// A value does not have the form of its type's values.
    #[error("{value:?} under {key:?} is not {expected}")]
    Value {
        /// The key of the value.
        key: String,
        /// The value that was given.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
}

/// Keys whose prefix is no DNS subdomain: a part of it is empty, or starts or ends with a dash. The
/// patterns of keys bound the prefix's length, and can then not see its parts.
pub const BROKEN_PREFIX: &str = r"^[^/]*(\.[.-]|-\.)[^/]*/";

macro_rules! map_types {
    ($($(#[$doc:meta])* $name:ident: keys $keys:literal, expected $expected_key:literal, not $reserved:literal,
        values $values:literal, max $max:literal, expected $expected_value:literal, sample $sample:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "BTreeMap<String, String>")]
        pub struct $name(BTreeMap<String, String>);

        impl TryFrom<BTreeMap<String, String>> for $name {
            type Error = InvalidMap;

            fn try_from(entries: BTreeMap<String, String>) -> Result<Self, InvalidMap> {
                static RULES: LazyLock<[Regex; 4]> = LazyLock::new(|| {
                    [$keys, $reserved, $values, BROKEN_PREFIX].map(|rule| Regex::new(rule).expect("the pattern is a constant that a test compiles"))
                });
                let [keys, reserved, values, broken] = &*RULES;
                for (key, value) in &entries {
                    if !keys.is_match(key) || broken.is_match(key) {
                        return Err(InvalidMap::Key { key: key.clone(), expected: $expected_key });
                    }
                    if reserved.is_match(key) {
                        return Err(InvalidMap::Reserved { key: key.clone() });
                    }
                    if value.chars().count() > $max || !values.is_match(value) {
                        return Err(InvalidMap::Value { key: key.clone(), value: value.clone(), expected: $expected_value });
                    }
                }
                Ok(Self(entries))
            }
        }

        impl Deref for $name {
            type Target = BTreeMap<String, String>;

            fn deref(&self) -> &BTreeMap<String, String> {
                &self.0
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
                // `propertyNames` would be shorter, but Helm names a random path where it fails.
                json_schema!({
                    "type": "object",
                    "patternProperties": {
                        $keys: {
                            "type": "string",
                            "pattern": $values,
                            "maxLength": $max,
                            "x-sample": $sample,
                            "x-expected": $expected_value,
                        },
                        $reserved: false,
                        BROKEN_PREFIX: false,
                    },
                    "additionalProperties": false,
                    "x-expected-key": $expected_key,
                })
            }
        }
    )*};
}

map_types! {
    /// Labels of the user's own; the keys that this chart sets itself are refused.
    Labels: keys r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        expected "the key of a label, such as example.org/team",
        not r"^(app\.kubernetes\.io|helm\.sh)/",
        values r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$", max 63,
        expected "the value of a label: at most 63 letters, digits, dashes, dots and underscores",
        sample "zq????qz";

    /// Annotations of the user's own; the keys that this chart sets itself are refused.
    Annotations: keys r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        expected "the key of an annotation, such as example.org/owner",
        not r"^(checksum|helm\.sh|meta\.helm\.sh)/",
        values "^[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{7f}-\u{9f}\u{2028}\u{2029}\u{feff}]*$", max 65_536,
        expected "text of at most 65536 characters (Kubernetes takes 256 KiB of annotations in all), without control characters",
        sample "zq????qz";

    /// Labels that a node must have.
    NodeSelector: keys r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        expected "the key of a label, such as kubernetes.io/arch",
        not r"^$",
        values r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$", max 63,
        expected "the value of a label: at most 63 letters, digits, dashes, dots and underscores",
        sample "zq????qz";

    /// Names that components' objects start with, by component.
    NameOverrides: keys r"^[a-z0-9-]+$",
        expected "the name of a component, such as api-server",
        not r"^$",
        values r"^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$", max 52,
        expected "a DNS label of at most 52 characters that starts with a letter",
        sample "zq????qz";
}
