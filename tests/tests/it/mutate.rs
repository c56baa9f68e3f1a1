//! Makes a values document wrong, as people do.

use serde_json::{Value, json};
use spira_chart_gen::prove::shrink::places;
use spira_chart_gen::random::Rng;

/// Changes one to three places; most outcomes are to be refused, some are right by chance.
pub fn mutate(document: &mut Value, rng: &mut Rng) {
    for _ in 0..=rng.below(3) {
        let all = places(document, "");
        let near: Vec<_> = all.iter().filter(|p| p.matches('/').count() < 3).collect();
        // Most places are deep in Kubernetes' types: look at the chart's own as often.
        let place = if near.is_empty() || rng.one_in(2) {
            if all.is_empty() {
                String::new()
            } else {
                rng.pick(&all).clone()
            }
        } else {
            (*rng.pick(&near)).clone()
        };
        if rng.one_in(6) {
            remove(document, &place);
        } else if let Some(value) = document.pointer_mut(&place) {
            let wrong = wrong(value, rng);
            // The whole document cannot be but a map: neither side would read it.
            if !place.is_empty() || wrong.is_object() {
                *value = wrong;
            }
        }
    }
}

fn remove(document: &mut Value, place: &str) {
    let Some((parent, key)) = place.rsplit_once('/') else {
        return;
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Ok(at) = key.parse::<usize>() {
                items.remove(at);
            }
        }
        _ => {}
    }
}

/// A value of the same type that may be out of bounds, or one of another type.
fn wrong(value: &Value, rng: &mut Rng) -> Value {
    if rng.one_in(3) {
        return rng
            .pick(&[
                json!(null),
                json!("text"),
                json!("8080"),
                json!(5),
                json!(1.5),
                json!(true),
                json!([]),
                json!(["a"]),
                json!({}),
                json!({"a": {"b": 1}}),
            ])
            .clone();
    }
    match value {
        Value::Null | Value::Bool(_) => json!("yes"),
        Value::Number(_) => rng
            .pick(&[
                json!(-1),
                json!(0),
                json!(65536),
                json!(1000),
                json!(2_147_483_648_i64),
                json!(9_007_199_254_740_991_i64),
                json!(9_007_199_254_740_993_i64),
                json!(1e20),
                json!(3.0),
            ])
            .clone(),
        Value::String(text) => json!(match rng.below(6) {
            0 => format!("{text}\n"),
            1 => format!("{text} "),
            2 => text.to_uppercase(),
            3 => "a".repeat(300),
            4 => format!("-{text}"),
            _ => String::new(),
        }),
        Value::Array(items) => {
            let mut items = items.clone();
            items.push(
                rng.pick(&[json!(null), json!(1), json!({}), json!("a")])
                    .clone(),
            );
            Value::Array(items)
        }
        Value::Object(fields) => {
            let mut fields = fields.clone();
            let key = *rng.pick(&["unknown", "Replicas", "global", "enabled", "name", "a/b c"]);
            fields.insert(
                key.to_owned(),
                rng.pick(&[json!(1), json!("a"), json!(null)]).clone(),
            );
            Value::Object(fields)
        }
    }
}
