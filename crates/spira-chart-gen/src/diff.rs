//! Where two JSON documents differ.

use std::collections::BTreeMap;

use serde_json::Value;

/// The first difference of two documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where, from the document's root on: `[0].spec.replicas`.
    pub place: String,
    /// What the first document holds there; `<absent>` where nothing.
    pub left: Value,
    /// What the second document holds there; `<absent>` where nothing.
    pub right: Value,
}

/// Compares as an API server would: key sets both ways, numbers by value.
#[must_use]
pub fn difference(left: &Value, right: &Value) -> Option<Difference> {
    // What is the same to the letter, as nearly all is, is told sooner than what is alike.
    if left == right {
        return None;
    }
    let mut place = Vec::new();
    let (left, right) = walk(left, right, &mut place)?;
    place.reverse();
    let absent = || Value::String("<absent>".to_owned());
    Some(Difference {
        place: place.concat(),
        left: left.cloned().unwrap_or_else(absent),
        right: right.cloned().unwrap_or_else(absent),
    })
}

/// An object in words: `Kind/name`.
#[must_use]
pub fn title(object: &Value) -> String {
    format!(
        "{}/{}",
        object["kind"].as_str().unwrap_or("object"),
        object["metadata"]["name"].as_str().unwrap_or("?")
    )
}

/// All differences of two documents, where items of lists that have names are the same by their name.
#[must_use]
pub fn differences(left: &Value, right: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    each(Some(left), Some(right), String::new(), &mut all);
    all
}

fn each(left: Option<&Value>, right: Option<&Value>, place: String, all: &mut Vec<Difference>) {
    match (left, right) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            for key in keys {
                each(a.get(key), b.get(key), step_in(&place, key), all);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => match (named(a), named(b)) {
            (Some(a), Some(b)) => {
                let names = a
                    .keys()
                    .chain(b.keys().filter(|name| !a.contains_key(*name)));
                for name in names {
                    let place = format!("{place}[{name}]");
                    each(a.get(name).copied(), b.get(name).copied(), place, all);
                }
            }
            _ => {
                for at in 0..a.len().max(b.len()) {
                    each(a.get(at), b.get(at), format!("{place}[{at}]"), all);
                }
            }
        },
        (Some(left), Some(right)) if difference(left, right).is_none() => {}
        (left, right) => {
            let value = |side: Option<&Value>| {
                side.cloned()
                    .unwrap_or_else(|| Value::String("<absent>".to_owned()))
            };
            all.push(Difference {
                place,
                left: value(left),
                right: value(right),
            });
        }
    }
}

fn step_in(place: &str, key: &str) -> String {
    let key = key.replace('.', r"\.");
    if place.is_empty() {
        key
    } else {
        format!("{place}.{key}")
    }
}

/// The items of a list by their names, where each has one of its own.
fn named(items: &[Value]) -> Option<BTreeMap<&str, &Value>> {
    let name = |item: &'_ Value| item["name"].is_string();
    if !items.iter().all(name) {
        return None;
    }
    let named: BTreeMap<_, _> = items
        .iter()
        .filter_map(|item| Some((item["name"].as_str()?, item)))
        .collect();
    (named.len() == items.len()).then_some(named)
}

type Pair<'v> = (Option<&'v Value>, Option<&'v Value>);

/// The differing pair; the steps to it are pushed on the way back.
fn walk<'v>(left: &'v Value, right: &'v Value, place: &mut Vec<String>) -> Option<Pair<'v>> {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.into_iter()
                .find_map(|key| step(a.get(key), b.get(key), || format!(".{key}"), place))
        }
        (Value::Array(a), Value::Array(b)) => (0..a.len().max(b.len()))
            .find_map(|at| step(a.get(at), b.get(at), || format!("[{at}]"), place)),
        (Value::Number(a), Value::Number(b)) if a == b || a.as_f64() == b.as_f64() => None,
        _ => (left != right).then_some((Some(left), Some(right))),
    }
}

fn step<'v>(
    left: Option<&'v Value>,
    right: Option<&'v Value>,
    name: impl Fn() -> String,
    place: &mut Vec<String>,
) -> Option<Pair<'v>> {
    let found = match (left, right) {
        (Some(left), Some(right)) => walk(left, right, place)?,
        pair => pair,
    };
    place.push(name());
    Some(found)
}
