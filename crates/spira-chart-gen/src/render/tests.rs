use serde_json::{Map, Value, json};
use spira_manifests::{Object, Release, document};

use super::{RenderError, images, manifests, objects};

fn release() -> Release {
    Release::new("spira", "ns").with_generated(|_, _| "masked".into())
}

fn loaded(text: &str) -> document::Loaded {
    document::from_document(document::yaml::parse(text).expect("YAML")).expect("valid")
}

fn raw(value: Value) -> Object {
    match value {
        Value::Object(map) => Object::raw(map),
        _ => Object::raw(Map::new()),
    }
}

#[test]
fn manifests_read_back_as_the_objects() {
    let objects = objects(&loaded("{}"), &release()).expect("credentials are generated");
    let text = manifests(&objects);
    let documents: Vec<_> = text.split("---\n# Source: ").skip(1).collect();
    assert_eq!(documents.len(), objects.len());
    for (document, (component, object)) in documents.iter().zip(&objects) {
        let (source, body) = document.split_once('\n').expect("a line with the source");
        assert_eq!(source, format!("spira/charts/{component}"));
        let read = document::yaml::parse(body).expect("YAML");
        assert_eq!(Value::Object(read), *object.as_json());
    }
}

#[test]
fn a_missing_credential_is_an_error_that_names_the_value() {
    let loaded = loaded("global: { secrets: { generate: false } }");
    let error = objects(&loaded, &release()).expect_err("the JWT key is nowhere");
    assert!(matches!(&error, RenderError::Refused(why) if !why.credentials.is_empty()));
    assert!(error.to_string().contains("api-server."), "{error}");
}

#[test]
fn images_come_from_workloads_only() {
    let pod = json!({ "kind": "Pod", "spec": { "containers": [{ "image": "b" }], "initContainers": [{ "image": "a" }, { "image": "b" }] } });
    let config = json!({ "kind": "ConfigMap", "data": { "image": "no" } });
    assert_eq!(images(&[raw(pod), raw(config)]), ["a", "b"]);
}
