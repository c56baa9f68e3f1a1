//! Objects against the schemas of their kinds, Kubernetes' own and the operators', thousands in a second.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

use jsonschema::Validator;
use serde_json::Value;

use crate::custom;
use crate::schemas;

/// A kind, as apiVersion and kind.
type Kind = (String, String);

/// Validators of Kubernetes' kinds, made when the first object of a kind comes by; `None` for a kind that is not known.
static VALIDATORS: LazyLock<RwLock<HashMap<Kind, Option<Arc<Validator>>>>> =
    LazyLock::new(RwLock::default);

/// Whether the schema of an object's kind accepts it; one of an unknown kind is refused.
///
/// Strict as a server with strict field validation: fields that a kind does not have are refused at every depth. What
/// a server asks beyond schemas (that a label is one, that a port's name is there) is asked of a server, in
/// `fuzz_live`.
pub fn validate(object: &Value) -> Result<(), String> {
    if custom::is_custom(object) {
        return custom::validate_cr(object);
    }
    let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    let kind = (text("apiVersion"), text("kind"));
    let validator =
        validator(&kind).ok_or_else(|| format!("{} of {} has no schema", kind.1, kind.0))?;
    custom::judge(&validator, object)
}

fn validator(kind: &Kind) -> Option<Arc<Validator>> {
    let known = VALIDATORS
        .read()
        .expect("no one panics with it")
        .get(kind)
        .cloned();
    known.unwrap_or_else(|| {
        let made = schemas::strict(&kind.0, &kind.1).map(|schema| {
            let validator = jsonschema::validator_for(&schema);
            Arc::new(validator.unwrap_or_else(|error| panic!("{kind:?}: {error}")))
        });
        VALIDATORS
            .write()
            .expect("no one panics with it")
            .entry(kind.clone())
            .or_insert(made)
            .clone()
    })
}

/// Without this, nothing would show that built-in kinds are looked at.
#[test]
fn wrong_objects_are_refused() {
    use serde_json::json;
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]},
    });
    assert_eq!(validate(&service), Ok(()));
    let spoilt = [
        ("/spec/ports/0/port", json!("80")),
        ("/spec/ports/0/port", json!(3_000_000_000_u64)),
        ("/spec/ports/0/portName", json!("a")),
        ("/metadata/labels", json!({"a": 1})),
        ("/kind", json!("Servcie")),
    ];
    for (place, wrong) in spoilt {
        let mut object = service.clone();
        let (parent, key) = place.rsplit_once('/').expect("a pointer");
        let parent = object.pointer_mut(parent).expect("it is there");
        match key.parse::<usize>() {
            Ok(at) => parent[at] = wrong,
            Err(_) => parent[key] = wrong,
        }
        assert!(validate(&object).is_err(), "{place}");
    }
}
