//! The smallest values that still show a difference.

use serde_json::{Value, json};

/// Makes a failing document smaller while it still fails, one place at a time.
///
/// `fails` must say no for documents that are not valid, and for failures of another kind: a
/// shrinker that may slide from one failure to another ends at the least interesting one.
pub fn shrink(document: Value, fails: &dyn Fn(&Value) -> bool) -> Value {
    const ROUNDS: usize = 12;
    let mut smallest = document;
    for _ in 0..ROUNDS {
        let before = smallest.clone();
        for place in places(&smallest, "") {
            smallest = shrink_at(smallest, &place, fails);
        }
        if smallest == before {
            break;
        }
    }
    smallest
}

fn shrink_at(document: Value, place: &str, fails: &dyn Fn(&Value) -> bool) -> Value {
    let Some(value) = document.pointer(place) else {
        return document;
    };
    for simpler in simpler(value) {
        let mut candidate = document.clone();
        if let Some(slot) = candidate.pointer_mut(place) {
            *slot = simpler;
        }
        if fails(&candidate) {
            return candidate;
        }
    }
    document
}

/// What is simpler than a value, simplest first.
fn simpler(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![],
        Value::Bool(false) => vec![Value::Null],
        Value::Bool(true) => vec![Value::Null, json!(false)],
        Value::Number(number) => match number.as_i64() {
            Some(0) => vec![Value::Null],
            Some(1) => vec![Value::Null, json!(0)],
            _ => vec![Value::Null, json!(0), json!(1), json!(10_000)],
        },
        Value::String(text) if text.is_empty() => vec![Value::Null],
        Value::String(text) if text == "a" => vec![Value::Null, json!("")],
        Value::String(_) => vec![Value::Null, json!(""), json!("a")],
        Value::Array(items) => {
            let without = (0..items.len()).map(|at| {
                Value::Array(
                    items
                        .iter()
                        .enumerate()
                        .filter(|(other, _)| *other != at)
                        .map(|(_, item)| item.clone())
                        .collect(),
                )
            });
            let empty = (!items.is_empty()).then(|| json!([]));
            [Value::Null]
                .into_iter()
                .chain(empty)
                .chain(without)
                .collect()
        }
        Value::Object(fields) => {
            let without = fields.keys().map(|key| {
                Value::Object(
                    fields
                        .iter()
                        .filter(|(other, _)| *other != key)
                        .map(|(k, v)| (k.clone(), v.clone()))
                        .collect(),
                )
            });
            let empty = (!fields.is_empty()).then(|| json!({}));
            [Value::Null]
                .into_iter()
                .chain(empty)
                .chain(without)
                .collect()
        }
    }
}

/// Every place of a document as a JSON pointer, containers before their parts.
#[must_use]
pub fn places(value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut visit = |step: String, part: &Value| {
        let place = format!("{at}/{step}");
        found.push(place.clone());
        found.extend(places(part, &place));
    };
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(key, field)| visit(key.replace('~', "~0").replace('/', "~1"), field)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| visit(index.to_string(), item)),
        _ => {}
    }
    found
}

/// A JSON pointer as a value path: `/service/ports/0` becomes `service.ports[0]`.
#[must_use]
pub fn dotted(place: &str) -> String {
    let mut path = String::new();
    for step in place.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if step.chars().all(|c| c.is_ascii_digit()) {
            path.push_str(&format!("[{step}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&step);
        }
    }
    path
}
