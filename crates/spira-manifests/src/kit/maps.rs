//! Maps of strings that are checked when they are read.

use std::{borrow::Cow, collections::BTreeMap, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

macro_rules! map_types {
    ($($(#[$doc:meta])* $name:ident: keys $keys:literal, not $reserved:literal, values $values:literal, sample $sample:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(BTreeMap<String, String>);

        impl Deref for $name {
            type Target = BTreeMap<String, String>;

            fn deref(&self) -> &BTreeMap<String, String> {
                &self.0
            }
        }

        impl FromIterator<(String, String)> for $name {
            fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
                Self(entries.into_iter().collect())
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
                    "type": "object",
                    "propertyNames": { "pattern": $keys, "not": { "pattern": $reserved } },
                    "additionalProperties": { "type": "string", "pattern": $values, "x-sample": $sample },
                })
            }
        }
    )*};
}

map_types! {
    /// Labels of the user's own; the keys that this chart sets itself are refused.
    Labels: keys r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
        not r"^(app\.kubernetes\.io|helm\.sh)/", values r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$", sample "zq????qz";

    /// Annotations of the user's own; the keys that this chart sets itself are refused.
    Annotations: keys r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
        not r"^(checksum|helm\.sh|meta\.helm\.sh)/", values r"", sample "zq????qz";

    /// Names that components' objects start with, by component.
    NameOverrides: keys r"^[a-z0-9-]+$", not r"^$", values r"^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$", sample "zq????qz";
}
