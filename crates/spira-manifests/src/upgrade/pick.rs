//! Parts of an object, by a path with `*` in it.

use std::collections::BTreeMap;

use serde_json::Value;

/// What stands at a path, by its place: `*` becomes the name of an item, or the key of an entry. A last
/// step that is not there is null; where an earlier one is not, there is nothing.
#[must_use]
pub fn pick(object: &Value, path: &str) -> BTreeMap<String, Value> {
    let steps: Vec<&str> = path.split('.').collect();
    let mut found = BTreeMap::new();
    walk(object, &steps, "", &mut found);
    found
}

fn walk(here: &Value, steps: &[&str], place: &str, found: &mut BTreeMap<String, Value>) {
    let Some((step, rest)) = steps.split_first() else {
        found.insert(place.to_owned(), here.clone());
        return;
    };
    let below = |name: &str| match place {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    match (*step, here) {
        ("*", Value::Object(fields)) => {
            for (key, value) in fields {
                walk(value, rest, &below(key), found);
            }
        }
        ("*", Value::Array(items)) => {
            for item in items {
                let name = item["name"].as_str().or(item["metadata"]["name"].as_str());
                walk(item, rest, &below(name.unwrap_or_default()), found);
            }
        }
        (step, Value::Array(items)) => {
            let item = step.parse().ok().and_then(|at: usize| items.get(at));
            if let Some(item) = item {
                walk(item, rest, &below(step), found);
            }
        }
        (step, Value::Object(fields)) => match fields.get(step) {
            Some(value) => walk(value, rest, &below(step), found),
            None if rest.is_empty() => walk(&Value::Null, rest, &below(step), found),
            None => {}
        },
        _ => {}
    }
}

/// How much a quantity of storage is, in bytes; 0 for what is none.
#[must_use]
pub fn bytes(quantity: &str) -> f64 {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let end = quantity.find(|c| !is_number(c)).unwrap_or(quantity.len());
    let (number, suffix) = quantity.split_at(end);
    let factor = match suffix {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        _ => return 0.0,
    };
    number.parse::<f64>().map_or(0.0, |number| number * factor)
}
