use serde_json::{Map, Value, json};

use super::{Chart, release};

fn chart() -> Chart {
    let sub = json!({
        "global": { "registry": "r", "labels": { "x": "1" } },
        "enabled": true, "replicas": 3, "resources": { "limits": { "cpu": "1" } },
    });
    let mut section = sub.clone();
    section.as_object_mut().expect("a map").remove("global");
    Chart {
        name: "all".into(),
        values: json!({
            "global": sub["global"], "a": section, "b": section,
        }),
        dependencies: ["a", "b"]
            .map(|name| Chart {
                name: name.into(),
                values: sub.clone(),
                dependencies: Vec::new(),
            })
            .into(),
    }
}

fn merged(user: Value) -> Value {
    let Value::Object(user) = user else {
        panic!("a map")
    };
    release(&chart(), user).expect("sections are maps").values
}

#[test]
fn maps_are_merged_and_the_rest_replaced() {
    let values = merged(
        json!({ "a": { "replicas": 0, "resources": { "limits": { "memory": "1Gi" } }, "list": [1] } }),
    );
    assert_eq!(values["a"]["replicas"], json!(0));
    assert_eq!(
        values["a"]["resources"]["limits"],
        json!({ "cpu": "1", "memory": "1Gi" })
    );
    assert_eq!(values["a"]["list"], json!([1]));
    assert_eq!(values["b"]["replicas"], json!(3));
}

#[test]
fn null_removes_a_default_of_a_subchart() {
    let values =
        merged(json!({ "a": { "replicas": null, "resources": { "limits": { "cpu": null } } } }));
    assert_eq!(values["a"].get("replicas"), None);
    assert_eq!(values["a"]["resources"], json!({ "limits": {} }));
    assert_eq!(
        merged(json!({ "a": { "resources": { "limits": null } } }))["a"]["resources"],
        json!({})
    );
}

#[test]
fn null_without_a_default_stays() {
    let values = merged(json!({ "a": { "tag": null, "resources": { "requests": null } } }));
    assert_eq!(values["a"]["tag"], Value::Null);
    assert_eq!(values["a"].get("tag"), Some(&Value::Null));
    assert_eq!(
        values["a"]["resources"],
        json!({ "limits": { "cpu": "1" }, "requests": null })
    );
}

#[test]
fn null_for_a_whole_section_gives_its_defaults() {
    assert_eq!(merged(json!({ "a": null }))["a"], merged(json!({}))["a"]);
}

#[test]
fn global_reaches_every_subchart() {
    let values = merged(json!({ "global": { "registry": "own" } }));
    assert_eq!(
        values["a"]["global"],
        json!({ "registry": "own", "labels": { "x": "1" } })
    );
    assert_eq!(values["a"]["global"], values["b"]["global"]);
}

#[test]
fn null_in_global_removes_the_default_for_the_umbrella_only() {
    let values = merged(json!({ "global": { "registry": null } }));
    assert_eq!(values["global"].get("registry"), None);
    assert_eq!(values["a"]["global"]["registry"], json!("r"));
    // One level further down, the default comes back even to the umbrella's maps.
    let values = merged(json!({ "global": { "labels": { "x": null, "y": "2" } } }));
    assert_eq!(
        values["a"]["global"]["labels"],
        json!({ "x": "1", "y": "2" })
    );
    assert_eq!(values["global"]["labels"], json!({ "y": "2" }));
}

#[test]
fn a_section_of_a_disabled_subchart_is_left_as_it_is() {
    let Value::Object(user) = json!({ "a": { "enabled": false, "nonsense": 1 } }) else {
        panic!("a map")
    };
    let merged = release(&chart(), user).expect("sections are maps");
    assert_eq!(merged.enabled.into_iter().collect::<Vec<_>>(), ["b"]);
    assert_eq!(merged.values["a"]["nonsense"], json!(1));
    assert_eq!(merged.values["a"].get("global"), None);
}

#[test]
fn a_section_must_be_a_map() {
    let user = Map::from_iter([("a".to_owned(), json!([1]))]);
    let error = release(&chart(), user).expect_err("a list");
    assert_eq!(error.to_string(), "a: [1] is not a map of values");
}
