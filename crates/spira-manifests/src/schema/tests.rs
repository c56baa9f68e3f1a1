use serde_json::{Value, json};

use super::{for_chart, strict, umbrella};
use crate::components;

fn schemas() -> Vec<Value> {
    let mut all: Vec<_> = components::all().iter().map(strict).collect();
    all.push(umbrella());
    all
}

fn each(schema: &Value, visit: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    super::tidy::each_schema(&mut schema.clone(), &mut |object| visit(object));
}

#[test]
fn every_object_with_properties_is_closed_or_says_that_it_is_open() {
    for schema in schemas() {
        each(&schema, &mut |object| {
            if object.contains_key("properties") {
                // Only a user's own object and its metadata are open.
                let own: &[&[&str]] = &[
                    &["apiVersion", "kind", "metadata"],
                    &["annotations", "labels", "name"],
                ];
                let mut keys: Vec<&str> = object["properties"]
                    .as_object()
                    .map(|p| p.keys().map(String::as_str).collect())
                    .unwrap_or_default();
                keys.sort_unstable();
                let open = own.contains(&keys.as_slice());
                assert_eq!(object["additionalProperties"], json!(open), "{object:?}");
            }
        });
    }
}

#[test]
fn integers_stay_within_what_helm_reads() {
    for schema in schemas() {
        each(&schema, &mut |object| {
            let kinds = object.get("type").map(Value::to_string).unwrap_or_default();
            if kinds.contains("integer") {
                assert!(
                    object["minimum"].as_i64() >= Some(-super::MAX_INTEGER),
                    "{object:?}"
                );
                assert!(
                    object["maximum"].as_i64() <= Some(super::MAX_INTEGER),
                    "{object:?}"
                );
                assert!(object["maximum"].is_i64(), "{object:?}");
            }
        });
    }
}

#[test]
fn patterns_mean_the_same_to_go_and_rust() {
    for schema in schemas() {
        each(&schema, &mut |object| {
            let Some(pattern) = object.get("pattern").and_then(Value::as_str) else {
                return;
            };
            regex::Regex::new(pattern).expect("no look-around, as RE2");
            // Classes such as \d are Unicode here and ASCII in Go.
            for class in [r"\d", r"\w", r"\s", r"\b", "(?i"] {
                assert!(!pattern.contains(class), "{pattern}");
            }
        });
    }
}

#[test]
fn null_is_for_options_of_ours_only() {
    for schema in schemas() {
        for (name, def) in schema["$defs"].as_object().expect("there are definitions") {
            if name.starts_with("io.k8s.") {
                each(def, &mut |object| {
                    let kinds = object.get("type").map(Value::to_string).unwrap_or_default();
                    assert!(!kinds.contains("null"), "{name}: {object:?}");
                });
            }
        }
        each(&schema, &mut |object| {
            let Some(properties) = object.get("properties").and_then(Value::as_object) else {
                return;
            };
            let required = object.get("required").cloned().unwrap_or(json!([]));
            for (name, property) in properties {
                let kinds = [property.get("type"), property.get("anyOf")];
                let text: String = kinds.iter().flatten().map(ToString::to_string).collect();
                if text.contains("null") {
                    let required = required.as_array().expect("a list");
                    assert!(!required.contains(&json!(name)), "{name}: {object:?}");
                }
            }
        });
    }
}

#[test]
fn a_chart_ships_no_word_of_ours_and_no_dead_definition() {
    for schema in schemas() {
        let shipped = for_chart(&schema);
        let text = shipped.to_string();
        each(&shipped, &mut |object| {
            assert!(
                !object.keys().any(|key| key.starts_with("x-")),
                "{object:?}"
            );
        });
        for name in shipped["$defs"]
            .as_object()
            .into_iter()
            .flat_map(|d| d.keys())
        {
            assert!(text.contains(&format!("\"#/$defs/{name}\"")), "{name}");
        }
        jsonschema::draft202012::meta::validate(&shipped).expect("a schema");
    }
}

#[test]
fn the_defaults_are_valid() {
    super::super::document::from_document(serde_json::Map::new())
        .map(|_| ())
        .expect("valid");
}

#[test]
fn enums_become_one_list_with_their_docs() {
    let mut schema = json!({ "oneOf": [
        { "type": "string", "const": "A", "description": "First." },
        { "type": "string", "enum": ["B", "C"] },
    ] });
    super::flatten_enum(schema.as_object_mut().expect("an object"));
    assert_eq!(
        schema,
        json!({ "type": "string", "enum": ["A", "B", "C"], "x-enum-descriptions": ["First.", "", ""] })
    );
}
