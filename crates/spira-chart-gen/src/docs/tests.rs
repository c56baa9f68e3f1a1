use serde_json::{Value, json};
use spira_manifests::{components, document, schema};

use super::{each, fields, values_yaml};

fn example() -> Vec<super::Field> {
    let schema = json!({
        "properties": {
            "enabled": { "type": "boolean", "description": "Whether it is on." },
            "tag": { "type": ["string", "null"], "description": "The tag.", "x-expected": "a tag such as v1: letters" },
            "yes": { "type": "string", "description": "A word\nthat breaks.\n\nAnd more." },
            "policy": { "$ref": "#/$defs/Policy", "description": "When." },
            "inner": { "type": "object", "description": "More.", "properties": {
                "ports": { "type": "array", "items": { "type": "integer" }, "description": "Ports." },
                "limits": { "$ref": "#/$defs/io.k8s.Limits", "description": "Limits." },
            } },
            "options": { "type": "object", "description": "All unset.", "properties": { "a": { "type": ["integer", "null"], "minimum": 1, "maximum": 9, "description": "A." } } },
        },
        "$defs": {
            "Policy": { "type": "string", "enum": ["Always", "Never"] },
            "io.k8s.Limits": { "type": "object", "properties": { "cpu": { "type": "string" } } },
        },
    });
    let defaults = json!({
        "enabled": true, "yes": "on", "policy": "Never", "options": {},
        "inner": { "ports": [80], "limits": { "cpu": "1" } },
    });
    let order = "{enabled: , tag: , yes: , policy: , inner: {ports: }, options: }";
    let order = yaml_serde::from_str(order).expect("YAML");
    fields(&schema, &defaults, &order)
}

#[test]
fn a_values_file_reads_as_written_by_hand() {
    let expected = r#"# Whether it is on.
enabled: true

# The tag.
# tag: v1

# A word that breaks.
# And more.
"yes": "on"

# When. One of Always, Never.
policy: Never

# More.
inner:
  # Ports.
  ports:
    - 80
  # Limits.
  limits:
    cpu: "1"

# All unset.
options: {}
  # A.
  # a: 1
"#;
    assert_eq!(values_yaml(&example()), expected);
}

#[test]
fn every_field_has_a_type_and_a_doc() {
    for component in components::all() {
        let schema = schema::strict(&component);
        let all = fields(
            &schema,
            &document::default_section(&component),
            &super::order()[component.name],
        );
        each(&all, &mut |field| {
            assert!(!field.doc.is_empty(), "{}.{}", component.name, field.path);
            assert!(!field.kind.is_empty(), "{}.{}", component.name, field.path);
        });
    }
}

#[test]
fn a_values_file_holds_the_defaults_and_stays_narrow() {
    for component in components::all() {
        let mut defaults = document::default_section(&component);
        defaults["global"] = document::default_global();
        let text = values_yaml(&fields(
            &schema::strict(&component),
            &defaults,
            &super::order()[component.name],
        ));
        let read = document::yaml::parse(&text).expect("a values file");
        assert_eq!(Value::Object(read), defaults, "{}", component.name);
        for line in text.lines() {
            assert!(line.chars().count() <= 120, "{line}");
        }
    }
}

#[test]
fn fields_come_in_the_order_of_the_types() {
    let keys: Vec<_> = super::fields(&schema::umbrella(), &document::defaults(), &super::order())
        .into_iter()
        .map(|field| field.key)
        .collect();
    let mut expected = vec!["global"];
    let all = components::all();
    expected.extend(all.iter().map(|component| component.name));
    assert_eq!(keys, expected);
    let global = &crate::chart::global_field().fields;
    assert_eq!(global[0].key, "imageRegistry");
}
