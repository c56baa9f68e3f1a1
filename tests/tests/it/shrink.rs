//! The smallest values that still show a disagreement.

use serde_json::{Value, json};
use spira_chart_gen::prove::shrink::places;

/// Takes away keys and items, then makes scalars simple, as long as `fails` says that the fault is still there.
///
/// Unlike the generator's own shrinking this prefers a key that is absent to one that is null: in a user's document the
/// two mean different things.
pub fn smallest(document: &Value, fails: &mut dyn FnMut(&Value) -> bool) -> Value {
    let mut smallest = document.clone();
    loop {
        let before = smallest.clone();
        for place in places(&before, "") {
            for candidate in candidates(&smallest, &place) {
                if candidate != smallest && fails(&candidate) {
                    smallest = candidate;
                    break;
                }
            }
        }
        if smallest == before {
            return smallest;
        }
    }
}

fn candidates(document: &Value, place: &str) -> Vec<Value> {
    let Some(value) = document.pointer(place) else {
        return Vec::new();
    };
    let mut found = vec![without(document, place)];
    let simpler = match value {
        Value::Array(_) => vec![json!([])],
        Value::Object(_) => vec![json!({})],
        Value::String(text) if text.len() > 1 => vec![json!(""), json!("a")],
        Value::Number(number) if number.as_i64().is_none_or(|n| n > 1) => vec![json!(0), json!(1)],
        Value::Bool(true) => vec![json!(false)],
        _ => vec![],
    };
    for simple in simpler {
        let mut candidate = document.clone();
        if let Some(slot) = candidate.pointer_mut(place) {
            *slot = simple;
        }
        found.push(candidate);
    }
    found
}

fn without(document: &Value, place: &str) -> Value {
    let mut candidate = document.clone();
    let Some((parent, key)) = place.rsplit_once('/') else {
        return candidate;
    };
    match candidate.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Ok(at) = key.parse::<usize>()
                && at < items.len()
            {
                items.remove(at);
            }
        }
        _ => {}
    }
    candidate
}

#[test]
fn only_what_matters_is_left() {
    let document = json!({"a": {"b": [1, {"c": "long text"}], "d": null}, "e": true, "f": 7});
    let smallest = smallest(&document, &mut |candidate| {
        candidate
            .pointer("/a/b")
            .is_some_and(|b| b.as_array().is_some_and(|b| !b.is_empty()))
            && candidate.get("f").is_some()
    });
    assert_eq!(smallest, json!({"a": {"b": [{}]}, "f": 0}));
}
