use super::{Explainer, find, without_indices};
use crate::docs::Field;

#[test]
fn values_and_fields_are_explained() {
    let explainer = Explainer::new(&|_| {});
    let text = explainer.explain("nats.replicas").expect("a value");
    assert!(text.contains("How many"), "{text}");
    assert!(text.contains("default: 3"), "{text}");
    assert!(text.contains("StatefulSet/nats: spec.replicas"), "{text}");

    let text = explainer
        .explain("nats.resources.limits.cpu")
        .expect("a value");
    assert!(text.contains("ResourceRequirements"), "{text}");
    assert!(text.contains("containers[nats].resources"), "{text}");

    let text = explainer
        .explain("StatefulSet/nats:spec.replicas")
        .expect("a field");
    assert!(text.contains("nats.replicas"), "{text}");

    let error = |path| explainer.explain(path).expect_err("unknown").to_string();
    assert_eq!(
        error("nat.replicas"),
        "there is no value \"nat.replicas\"; did you mean nats?"
    );
    let near = error("nats.replica");
    assert!(near.contains("nats.replicas"), "{near}");
    let near = error("Statefulset/nats:spec.replicas");
    assert!(near.contains("StatefulSet/nats"), "{near}");
    let near = error("StatefulSet/nats:spec.replica");
    assert!(near.contains("spec.replicas"), "{near}");
}

#[test]
fn indices_are_left_out() {
    assert_eq!(without_indices("a[0].b[1]"), "a.b");
}

#[test]
fn nothing_is_below_a_scalar() {
    let field = Field {
        key: "a".into(),
        path: "a".into(),
        doc: String::new(),
        kind: "integer".into(),
        rule: String::new(),
        default: None,
        example: serde_json::Value::Null,
        fields: Vec::new(),
    };
    assert!(find(std::slice::from_ref(&field), "a").is_some());
    assert!(find(&[field], "a.b").is_none());
}
