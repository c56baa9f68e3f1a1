//! One schema of all values, for editors: with it `values.yaml` completes, explains and checks itself.
//!
//! Helm checks each section by the schema of its subchart, which an editor does not see. Here all sections
//! are in one, and each value says its default and an example. Helm never reads it.

use serde_json::{Map, Value, json};
use spira_manifests::{
    components,
    document::{self, UMBRELLA},
    schema,
};

use crate::docs;

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let defaults = document::defaults();
    let (mut properties, mut definitions) = (Map::new(), Map::new());
    for component in components::all() {
        let strict = schema::strict(&component);
        let mut maker = Maker {
            root: &strict,
            definitions: &mut definitions,
        };
        let mut default = defaults[component.name].clone();
        default["global"] = defaults["global"].clone();
        let mut section = maker.expanded(&strict, &default);
        let own = section["properties"].as_object_mut();
        if let Some(global) = own.and_then(|own| own.remove("global")) {
            // It is the same in every section.
            properties.insert("global".to_owned(), global);
        }
        section["description"] = json!(component.description);
        properties.insert(component.name.to_owned(), section);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Values of {UMBRELLA}"),
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "$defs": definitions,
    })
}

struct Maker<'a> {
    root: &'a Value,
    /// The types of Kubernetes that are referred to, once for all sections.
    definitions: &'a mut Map<String, Value>,
}

impl Maker<'_> {
    /// A schema with our own types in their places, since one type has other defaults in each.
    fn expanded(&mut self, schema: &Value, default: &Value) -> Value {
        let target = schema["$ref"].as_str().unwrap_or_default();
        let name = target.trim_start_matches("#/$defs/");
        // Nothing of ours holds itself, but for what may be anything.
        if docs::kubernetes(name).is_some() || self.holds_itself(name) {
            self.define(name);
            return with_default(schema.clone(), default);
        }
        if !name.is_empty() {
            let mut whole = self.expanded(&self.root["$defs"][name].clone(), default);
            for (word, value) in schema.as_object().into_iter().flatten() {
                if word != "$ref" {
                    whole[word] = value.clone();
                }
            }
            return whole;
        }
        let mut whole = Map::new();
        for (word, value) in schema.as_object().into_iter().flatten() {
            let value = match (word.as_str(), value) {
                // What two values may not say together Helm tells, in fewer words than a schema can.
                ("$defs" | "$schema" | "title" | "allOf" | "if" | "then" | "else", _) => continue,
                (word, _) if word.starts_with("x-") && word != "x-sample" => continue,
                // What has a default need not be said.
                ("required", Value::Array(keys)) => keys
                    .iter()
                    .filter(|key| key.as_str().is_some_and(|key| default.get(key).is_none()))
                    .cloned()
                    .collect(),
                ("properties", Value::Object(fields)) => fields
                    .iter()
                    .map(|(key, field)| (key.clone(), self.expanded(field, &default[key])))
                    .collect(),
                ("anyOf" | "oneOf", Value::Array(all)) => all
                    .iter()
                    .map(|one| self.expanded(one, &Value::Null))
                    .collect(),
                ("items" | "additionalProperties" | "not", Value::Object(_)) => {
                    self.expanded(value, &Value::Null)
                }
                ("patternProperties", Value::Object(patterns)) => patterns
                    .iter()
                    .map(|(key, one)| (key.clone(), self.expanded(one, &Value::Null)))
                    .collect(),
                _ => value.clone(),
            };
            whole.insert(word.clone(), value);
        }
        with_default(Value::Object(whole), default)
    }

    fn holds_itself(&self, name: &str) -> bool {
        let mut referred = Vec::new();
        references(&self.root["$defs"][name], &mut referred);
        referred.iter().any(|other| other == name)
    }

    /// Takes a type of Kubernetes over, with all that it refers to.
    fn define(&mut self, name: &str) {
        if self.definitions.contains_key(name) {
            return;
        }
        let definition = self.root["$defs"][name].clone();
        self.definitions.insert(name.to_owned(), definition.clone());
        let mut referred = Vec::new();
        references(&definition, &mut referred);
        for name in referred {
            self.define(&name);
        }
    }
}

fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(words) => {
            for (word, value) in words {
                match (word.as_str(), value.as_str()) {
                    ("$ref", Some(target)) => {
                        found.push(target.trim_start_matches("#/$defs/").to_owned());
                    }
                    _ => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// A value says its default; a section's values each say their own.
fn with_default(mut schema: Value, default: &Value) -> Value {
    if !default.is_null() && schema.get("properties").is_none() {
        schema["default"] = default.clone();
    }
    let sample = schema
        .as_object_mut()
        .and_then(|words| words.remove("x-sample"));
    if let Some(sample) = sample {
        schema["examples"] = json!([sample]);
    }
    schema
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn value_at<'s>(schema: &'s Value, path: &str) -> &'s Value {
        path.split('.')
            .fold(schema, |here, key| &here["properties"][key])
    }

    #[test]
    fn each_value_explains_itself() {
        let schema = schema();
        let replicas = value_at(&schema, "nats.replicas");
        assert_eq!(replicas["default"], 3);
        assert_eq!(replicas["type"], "integer");
        assert!(replicas["description"].is_string());
        let port = value_at(&schema, "global.connections.nats.port");
        assert_eq!(port["default"], 4222);
        // One type in two places has the defaults of each.
        let tag = |path: &str| value_at(&schema, path)["default"].clone();
        assert_ne!(tag("nats.image.tag"), tag("api-server.image.tag"));
        let policy = value_at(&schema, "nats.image.pullPolicy");
        assert!(
            policy["enum"]
                .as_array()
                .is_some_and(|words| words.len() == 3),
            "{policy}"
        );
        let (mut all, mut silent) = (0, Vec::new());
        count(&schema, "", &mut all, &mut silent);
        assert!(all > 600, "{all}");
        assert!(silent.is_empty(), "no description: {silent:?}");
    }

    fn count(schema: &Value, path: &str, all: &mut usize, silent: &mut Vec<String>) {
        for (key, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = docs::join(path, key);
            *all += 1;
            if !field["description"].is_string() {
                silent.push(path.clone());
            }
            count(field, &path, all, silent);
        }
    }

    #[test]
    fn it_takes_the_examples_and_refuses_what_is_wrong() {
        let validator = jsonschema::validator_for(&schema()).expect("it is a schema");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/values");
        let mut count = 0;
        for entry in fs::read_dir(folder).expect("there are examples") {
            let path = entry.expect("readable").path();
            let text = fs::read_to_string(&path).expect("readable");
            let values = Value::Object(document::yaml::parse(&text).expect("YAML"));
            let error = validator.iter_errors(&values).next();
            assert!(error.is_none(), "{}: {error:?}", path.display());
            count += 1;
        }
        assert!(count > 5, "{count}");
        for wrong in [
            json!({"nat": {}}),
            json!({"nats": {"replicas": "3"}}),
            json!({"nats": {"extraEnv": [{"name": 1}]}}),
            json!({"global": {"connections": {"nats": {"ports": 1}}}}),
        ] {
            assert!(!validator.is_valid(&wrong), "{wrong}");
        }
    }
}
