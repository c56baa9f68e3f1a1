//! Every value with its type, bounds and default.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use spira_manifests::{components, document, schema};

use crate::docs;

/// The words of a schema that bound what a value may be.
const BOUNDS: [&str; 9] = [
    "enum",
    "maximum",
    "maxItems",
    "maxLength",
    "minimum",
    "minItems",
    "minLength",
    "pattern",
    "not",
];

/// What is promised of a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promised {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What bounds it, in the words of JSON Schema.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub bounds: Map<String, Value>,
    /// Its default; of a map or list of the user's own too.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub default: Value,
}

/// Every value of the chart, by its path.
pub(super) fn all() -> BTreeMap<String, Promised> {
    let mut all = BTreeMap::new();
    let defaults = document::defaults();
    for component in components::all() {
        let schema = schema::strict(&component);
        let walk = Walk { root: &schema };
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let (path, default) = match key.as_str() {
                "global" => (key.clone(), &defaults[key]),
                _ => (
                    format!("{}.{key}", component.name),
                    &defaults[component.name][key],
                ),
            };
            walk.value(property, &path, default, &mut all);
        }
    }
    all
}

struct Walk<'a> {
    root: &'a Value,
}

impl Walk<'_> {
    fn value(
        &self,
        schema: &Value,
        path: &str,
        default: &Value,
        all: &mut BTreeMap<String, Promised>,
    ) {
        let (name, schema) = docs::resolve(self.root, schema);
        if let Some(kind) = docs::kubernetes(name) {
            all.insert(path.to_owned(), promised(kind, schema, default));
        } else if let Some(properties) = schema["properties"].as_object() {
            for (key, property) in properties {
                self.value(property, &docs::join(path, key), &default[key], all);
            }
        } else {
            let kind = docs::type_of(schema);
            all.insert(path.to_owned(), promised(kind, schema, default));
            if kind == "array" {
                // Each item may be another: its defaults are the list's.
                self.value(&schema["items"], &format!("{path}[]"), &Value::Null, all);
            }
        }
    }
}

fn promised(kind: &str, schema: &Value, default: &Value) -> Promised {
    let bound = |word: &&str| Some(((*word).to_owned(), schema.get(*word)?.clone()));
    Promised {
        kind: kind.to_owned(),
        bounds: BOUNDS.iter().filter_map(bound).collect(),
        default: default.clone(),
    }
}
