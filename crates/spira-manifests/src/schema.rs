//! The JSON Schema of values, strict: what it admits is what the Rust types hold.
//!
//! `schemars` describes what serde reads. That is not enough for a chart: `k8s-openapi` reads
//! leniently (an unknown field is dropped, a missing one becomes a default), whereas a Helm
//! template passes on what the user wrote. [`strict`] closes every object, so that Helm, which
//! checks values against the same schema, and this crate refuse the same documents.

mod tidy;

use serde_json::{Map, Value, json};

pub use tidy::for_chart;

use crate::{
    Component, Global, components,
    kit::chaos::{ENDS_IN_TIME, ends_in_time},
};

/// The greatest integer that survives Helm, which reads numbers of files as 64-bit floats.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// The rule of a Kubernetes quantity such as `500m` or `1.5Gi`.
pub const QUANTITY: &str =
    r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$";

/// The rule of a text that nothing narrower is said about: all but the characters that some reader
/// or writer of YAML drops, refuses, or takes for the end of a line. They are control characters
/// other than tab and line ends, the separators U+2028 and U+2029, the byte order mark, and what
/// is no character.
pub const TEXT: &str =
    "^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}]*$";

/// What is right of a text.
const TEXT_EXPECTED: &str = "a text without control characters";

/// Fields of Kubernetes types that hold one of a few words, which Kubernetes' own description does
/// not say; definitions of operators' kinds do.
const WORDS: [(&str, &str, &[&str]); 3] = [
    (
        "io.k8s.api.core.v1.Toleration",
        "effect",
        &["NoExecute", "NoSchedule", "PreferNoSchedule"],
    ),
    (
        "io.k8s.api.core.v1.Toleration",
        "operator",
        &["Equal", "Exists"],
    ),
    (
        "io.k8s.api.core.v1.NodeSelectorRequirement",
        "operator",
        &["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"],
    ),
];

/// Kubernetes types that only an API server fills in; a user's document has no business with them,
/// and reading and writing a time may change its text.
const SERVER_ONLY: [&str; 4] = [
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
];

/// The schema (draft 2020-12) of a component's section of the values, with `global` as its
/// subchart sees it.
///
/// Beside the standard keywords it holds `x-sample`, which shows how to make distinct valid texts,
/// `x-expected`, which says what would be right, and `x-enum-descriptions`, a text for each entry
/// of `enum`.
///
/// # Panics
/// Never: `schemars` writes `properties` as an object.
#[must_use]
pub fn strict(component: &Component) -> Value {
    let mut root = to_object((component.schema)());
    let mut defs = take_object(&mut root, "$defs");
    let global_ref = add_global(&mut defs);
    let properties = root
        .entry("properties")
        .or_insert_with(|| json!({}))
        .as_object_mut()
        .expect("schemars writes properties as an object");
    properties.insert("global".into(), global_ref);
    if let Some(required) = root
        .entry("required")
        .or_insert_with(|| json!([]))
        .as_array_mut()
    {
        required.push(json!("global"));
    }
    root.insert("title".into(), json!(component.name));
    root.insert("description".into(), json!(component.description));
    finish(root, defs)
}

/// The schema of the umbrella chart's values: `global` in full, and else a component's section as any
/// object, since Helm checks the section of an enabled subchart against the subchart's own schema and
/// that of a disabled one against nothing. What sections may not say together is no matter of the
/// schema but of [`crate::contradictions`].
#[must_use]
pub fn umbrella() -> Value {
    let mut defs = Map::new();
    let mut properties = Map::from_iter([("global".to_owned(), add_global(&mut defs))]);
    for component in components::all() {
        let section = json!({ "type": "object", "description": component.description });
        properties.insert(component.name.into(), section);
    }
    let root = Map::from_iter([
        (
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        ),
        ("title".to_owned(), json!("spira")),
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), Value::Object(properties)),
        ("required".to_owned(), json!(["global"])),
    ]);
    finish(root, defs)
}

fn to_object(schema: schemars::Schema) -> Map<String, Value> {
    match schema.to_value() {
        Value::Object(object) => object,
        // `true` and `false` are schemas too; no `Values` is one.
        other => Map::from_iter([("allOf".to_owned(), json!([other]))]),
    }
}

fn take_object(map: &mut Map<String, Value>, key: &str) -> Map<String, Value> {
    match map.remove(key) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// Adds `Global` and what it refers to, and returns the reference.
fn add_global(defs: &mut Map<String, Value>) -> Value {
    let mut global = to_object(schemars::schema_for!(Global));
    let own = take_object(&mut global, "$defs");
    global.remove("$schema");
    let description = global
        .remove("description")
        .unwrap_or_else(|| json!("Values that cross components."));
    let mut schema = Value::Object(global);
    let mut own = Value::Object(own);
    for name in own
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect::<Vec<_>>()
    {
        // Two types of one name can only be told apart by their content.
        if defs.get(&name).is_some_and(|other| *other != own[&name]) {
            let target = format!("Global{name}");
            let mut holder = json!({ "$defs": own });
            rename(&mut schema, &name, &target);
            rename(&mut holder, &name, &target);
            own = holder["$defs"].take();
            if let Some(own) = own.as_object_mut() {
                let def = own.remove(&name).unwrap_or_default();
                own.insert(target, def);
            }
        }
    }
    if let Value::Object(own) = own {
        defs.extend(own);
    }
    defs.insert("Global".into(), schema);
    json!({ "$ref": "#/$defs/Global", "description": description })
}

fn rename(schema: &mut Value, from: &str, to: &str) {
    let (from, to) = (format!("#/$defs/{from}"), format!("#/$defs/{to}"));
    tidy::each_schema(schema, &mut |object| {
        if object.get("$ref").and_then(Value::as_str) == Some(&from) {
            object.insert("$ref".into(), json!(to));
        }
    });
}

fn finish(mut root: Map<String, Value>, mut defs: Map<String, Value>) -> Value {
    for (name, def) in &mut defs {
        match name.as_str() {
            "io.k8s.apimachinery.pkg.api.resource.Quantity" => *def = quantity(),
            "io.k8s.apimachinery.pkg.util.intstr.IntOrString" => *def = int_or_string(),
            _ => {}
        }
        for (_, field, words) in WORDS.iter().filter(|(of, ..)| of == name) {
            def["properties"][field]["enum"] = json!(words);
        }
    }
    defs.insert(ENDS_IN_TIME.into(), ends_in_time());
    root.insert("$defs".into(), Value::Object(defs));
    let mut schema = Value::Object(root);
    tidy::each_schema(&mut schema, &mut |object| {
        drop_server_only(object);
        close(object);
        bound(object);
        flatten_enum(object);
        restrict_text(object);
    });
    tidy::drop_unused(&mut schema);
    schema
}

fn quantity() -> Value {
    json!({
        "type": "string",
        "pattern": QUANTITY,
        "maxLength": 32,
        "x-sample": "1????",
        "x-expected": "a quantity in quotes such as 500m, 2 or 1.5Gi",
    })
}

fn int_or_string() -> Value {
    json!({
        "anyOf": [{ "type": "integer", "format": "int32" }, { "type": "string" }],
        "x-expected": "a whole number or a text such as 25%",
    })
}

fn drop_server_only(object: &mut Map<String, Value>) {
    let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    properties.retain(|_, property| {
        let target = property["$ref"]
            .as_str()
            .or_else(|| property["items"]["$ref"].as_str());
        !target.is_some_and(|t| SERVER_ONLY.iter().any(|name| t.ends_with(name)))
    });
}

fn close(object: &mut Map<String, Value>) {
    if object.contains_key("properties") && !object.contains_key("additionalProperties") {
        object.insert("additionalProperties".into(), json!(false));
    }
}

fn bound(object: &mut Map<String, Value>) {
    let (low, high) = match object.get("format").and_then(Value::as_str) {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Some("int64") => (-MAX_INTEGER, MAX_INTEGER),
        Some("uint32") => (0, i64::from(u32::MAX)),
        Some("uint64" | "uint") => (0, MAX_INTEGER),
        _ => return,
    };
    let least = object.get("minimum").and_then(Value::as_i64).unwrap_or(low);
    let most = object
        .get("maximum")
        .and_then(Value::as_i64)
        .unwrap_or(high);
    object.insert("minimum".into(), json!(least.max(low)));
    object.insert("maximum".into(), json!(most.min(high)));
}

/// Says of each text that nothing is said about what it may not hold.
fn restrict_text(object: &mut Map<String, Value>) {
    let is_text = match object.get("type") {
        Some(Value::String(name)) => name == "string",
        Some(Value::Array(names)) => names.contains(&json!("string")),
        _ => false,
    };
    let is_free = ["pattern", "enum", "const"]
        .iter()
        .all(|key| !object.contains_key(*key));
    if is_text && is_free {
        object.insert("pattern".into(), json!(TEXT));
        object
            .entry("x-expected")
            .or_insert_with(|| json!(TEXT_EXPECTED));
    }
}

/// Writes an enum of constants with a doc each as one `enum`, whose errors name all that is right.
fn flatten_enum(object: &mut Map<String, Value>) {
    let mut names = Vec::new();
    let mut docs = Vec::new();
    for variant in object
        .get("oneOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let doc = variant.get("description").cloned().unwrap_or(json!(""));
        match (variant.get("const"), variant.get("enum")) {
            (Some(name), _) => {
                names.push(name.clone());
                docs.push(doc);
            }
            // schemars puts the variants without a doc together.
            (None, Some(Value::Array(several))) => {
                docs.extend(several.iter().map(|_| json!("")));
                names.extend(several.iter().cloned());
            }
            _ => return,
        }
    }
    if names.is_empty() || !names.iter().all(Value::is_string) {
        return;
    }
    object.remove("oneOf");
    object.insert("type".into(), json!("string"));
    object.insert("enum".into(), Value::Array(names));
    object.insert("x-enum-descriptions".into(), Value::Array(docs));
}

#[cfg(test)]
mod tests;
