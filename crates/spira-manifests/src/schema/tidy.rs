//! Walking a schema, and cutting it down to what a chart ships.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Calls `visit` on every schema within `schema` that is an object, from the outside in. What
/// `visit` puts in is visited too.
pub(super) fn each_schema(schema: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(object) = schema else {
        return;
    };
    visit(object);
    for (key, value) in object.iter_mut() {
        match key.as_str() {
            "properties" | "$defs" | "patternProperties" => {
                for property in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
                    each_schema(property, visit);
                }
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                for branch in value.as_array_mut().into_iter().flatten() {
                    each_schema(branch, visit);
                }
            }
            "items" | "additionalProperties" | "not" => each_schema(value, visit),
            _ => {}
        }
    }
}

/// The schema as a chart ships it: without what only this project's own tools read (`x-…`), without
/// the descriptions of Kubernetes types, and without definitions that nothing refers to.
#[must_use]
pub fn for_chart(schema: &Value) -> Value {
    let mut schema = schema.clone();
    strip_kubernetes_docs(&mut schema);
    each_schema(&mut schema, &mut |object| {
        object.retain(|key, _| !key.starts_with("x-"));
        if let Some(then) = object.get_mut("then") {
            strip_own_words(then);
        }
    });
    share_text(&mut schema);
    drop_unused(&mut schema);
    schema
}

/// Below `then` there are no keys of the user's that could start like ours.
fn strip_own_words(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !key.starts_with("x-"));
            map.values_mut().for_each(strip_own_words);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_own_words),
        _ => {}
    }
}

/// The rule of a text stands once: there are hundreds of them.
fn share_text(schema: &mut Value) {
    const NAME: &str = "Text";
    let text = serde_json::json!({ "type": "string", "pattern": super::TEXT });
    each_schema(schema, &mut |object| {
        if object.get("type") == text.get("type") && object.get("pattern") == text.get("pattern") {
            object.remove("type");
            object.remove("pattern");
            object.insert("$ref".into(), format!("#/$defs/{NAME}").into());
        }
    });
    if let Some(defs) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        defs.insert(NAME.into(), text);
    }
}

fn strip_kubernetes_docs(schema: &mut Value) {
    let Some(defs) = schema.get_mut("$defs").and_then(Value::as_object_mut) else {
        return;
    };
    for (_, def) in defs
        .iter_mut()
        .filter(|(name, _)| name.starts_with("io.k8s."))
    {
        each_schema(def, &mut |object| {
            object.remove("description");
        });
    }
}

/// Removes the definitions that nothing refers to, directly or through another definition.
pub(super) fn drop_unused(schema: &mut Value) {
    let defs = schema
        .get("$defs")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let mut root = schema.clone();
    if let Some(root) = root.as_object_mut() {
        root.remove("$defs");
    }
    let mut used = BTreeSet::new();
    let mut open = references(&mut root);
    while let Some(name) = open.pop() {
        if used.insert(name.clone())
            && let Some(def) = defs.get(&name)
        {
            open.extend(references(&mut def.clone()));
        }
    }
    if let Some(Value::Object(defs)) = schema.get_mut("$defs") {
        defs.retain(|name, _| used.contains(name));
    }
}

fn references(schema: &mut Value) -> Vec<String> {
    let mut names = Vec::new();
    each_schema(schema, &mut |object| {
        let target = object.get("$ref").and_then(Value::as_str);
        names.extend(
            target
                .and_then(|t| t.strip_prefix("#/$defs/"))
                .map(str::to_owned),
        );
    });
    names
}
