//! The documentation of values: one tree of fields, from which `values.yaml`, the table in the
//! README and `explain` are written.

mod values_yaml;

use serde_json::{Map, Value};
use spira_manifests::Values;

pub use values_yaml::values_yaml;
pub use yaml_serde::Value as Ordered;

/// A value that a user may set.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its key.
    pub key: String,
    /// Its path in the component's section, such as `image.tag`.
    pub path: String,
    /// What it is for.
    pub doc: String,
    /// Its type, in words.
    pub kind: String,
    /// The rules that it must keep, in words; empty where the type says it all.
    pub rule: String,
    /// Its default; `None` for an option that is not set.
    pub default: Option<Value>,
    /// A value to show where there is no default.
    pub example: Value,
    /// The values in it, if it is a struct of this project's.
    pub fields: Vec<Field>,
}

/// The fields of `schema`, which is strict; `defaults` is a document without unset options.
///
/// `order` is a document with the keys in the order of the types' fields, which neither a schema
/// nor a JSON document keeps; what it does not hold comes in alphabetical order.
#[must_use]
pub fn fields(schema: &Value, defaults: &Value, order: &Ordered) -> Vec<Field> {
    let docs = Docs { root: schema };
    docs.fields(schema, Some(defaults), order, "")
}

/// The default values with their keys in the order of the types' fields.
///
/// # Panics
/// Never: the types of values serialise to YAML.
#[must_use]
pub fn order() -> Ordered {
    yaml_serde::to_value(Values::default()).expect("values serialise to YAML")
}

/// A field and all below it, from the outside in.
pub fn each<'a>(fields: &'a [Field], visit: &mut impl FnMut(&'a Field)) {
    for field in fields {
        visit(field);
        each(&field.fields, visit);
    }
}

struct Docs<'a> {
    root: &'a Value,
}

impl<'a> Docs<'a> {
    fn fields(
        &self,
        schema: &'a Value,
        defaults: Option<&Value>,
        order: &Ordered,
        at: &str,
    ) -> Vec<Field> {
        let properties = schema.get("properties").and_then(Value::as_object);
        let keys: Vec<_> = order.as_mapping().into_iter().flatten().collect();
        let position = |key: &str| keys.iter().position(|(k, _)| k.as_str() == Some(key));
        let mut fields: Vec<_> = properties
            .into_iter()
            .flatten()
            .map(|(key, property)| {
                let place = position(key);
                let inner = place.map_or(&Ordered::Null, |place| keys[place].1);
                let default = defaults.and_then(|d| d.get(key));
                let field = self.field(key, property, default, inner, at);
                (place.unwrap_or(usize::MAX), field)
            })
            .collect();
        fields.sort_by_key(|(place, _)| *place);
        fields.into_iter().map(|(_, field)| field).collect()
    }

    fn field(
        &self,
        key: &str,
        property: &'a Value,
        default: Option<&Value>,
        order: &Ordered,
        at: &str,
    ) -> Field {
        let path = join(at, key);
        let (name, schema) = self.resolve(property);
        let kubernetes = kubernetes(name);
        let mut fields = Vec::new();
        if kubernetes.is_none() && schema.get("properties").is_some() {
            fields = self.fields(schema, default, order, &path);
        }
        let doc = property.get("description").or(schema.get("description"));
        Field {
            key: key.to_owned(),
            path,
            doc: doc.and_then(Value::as_str).unwrap_or_default().to_owned(),
            kind: kubernetes.map_or_else(|| self.kind(schema), str::to_owned),
            rule: rule(schema),
            default: default.cloned(),
            example: self.example(key, schema, 0),
            fields,
        }
    }

    fn resolve(&self, schema: &'a Value) -> (&'a str, &'a Value) {
        resolve(self.root, schema)
    }

    fn kind(&self, schema: &'a Value) -> String {
        if schema.get("enum").is_some() {
            return "enum".to_owned();
        }
        match type_of(schema) {
            "array" => {
                let (name, items) = self.resolve(&schema["items"]);
                let item = kubernetes(name).map_or_else(|| self.kind(items), str::to_owned);
                format!("list of {item}")
            }
            "object" if schema.get("properties").is_some() => "object".to_owned(),
            "object" if schema.get("patternProperties").is_some() => "map".to_owned(),
            "" => "any".to_owned(),
            other => other.to_owned(),
        }
    }

    fn example(&self, key: &str, schema: &'a Value, depth: usize) -> Value {
        let (_, schema) = self.resolve(schema);
        if let Some(first) = schema["enum"].as_array().and_then(|names| names.first()) {
            return first.clone();
        }
        match type_of(schema) {
            "boolean" => Value::Bool(true),
            "integer" => schema.get("minimum").cloned().unwrap_or_default(),
            "array" => Value::Array(Vec::new()),
            "object" if depth < 4 => {
                let properties = schema["properties"].as_object();
                let required = schema["required"].as_array();
                let needed = |key: &String| required.is_some_and(|r| r.iter().any(|n| n == key));
                let members = properties.into_iter().flatten();
                members
                    .filter(|(key, _)| needed(key))
                    .map(|(key, member)| (key.clone(), self.example(key, member, depth + 1)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            "object" => Value::Object(Map::new()),
            _ => Value::String(example_text(key, schema)),
        }
    }
}

/// The example that the rule of a text names ("a tag such as v1: letters"). A mere name would mean
/// nothing under most keys; there, and where no rule has an example, the key makes one.
fn example_text(key: &str, schema: &Value) -> String {
    let expected = schema["x-expected"].as_str().unwrap_or_default();
    let after = expected.split_once("such as ").map(|(_, text)| text);
    let word = after.map(|text| text.split([' ', ',', ';']).next().unwrap_or_default());
    let word = word.unwrap_or_default().trim_end_matches([':', '.']);
    if word.chars().any(|c| !c.is_ascii_lowercase() && c != '-') {
        return word.to_owned();
    }
    let mut made = String::from("my");
    for c in key.chars() {
        if c.is_ascii_uppercase() || made == "my" {
            made.push('-');
        }
        made.push(c.to_ascii_lowercase());
    }
    let pattern = schema["pattern"].as_str().map(regex::Regex::new);
    if pattern.is_none_or(|rule| rule.is_ok_and(|rule| rule.is_match(&made))) {
        return made;
    }
    let sample = schema["x-sample"].as_str().unwrap_or(word);
    sample.replace("????", "0000")
}

/// The schema behind references and behind `Option`, and the name of its definition.
pub(crate) fn resolve<'a>(root: &'a Value, schema: &'a Value) -> (&'a str, &'a Value) {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let name = target.trim_start_matches("#/$defs/");
        return (name, &root["$defs"][name]);
    }
    let any = schema.get("anyOf").and_then(Value::as_array);
    match any.map(Vec::as_slice) {
        Some([some, null]) if null["type"] == "null" => resolve(root, some),
        _ => ("", schema),
    }
}

/// What a type of Kubernetes' own is called, by the name of its definition.
pub(crate) fn kubernetes(definition: &str) -> Option<&str> {
    let name = definition.strip_prefix("io.k8s.")?;
    name.rsplit('.').next()
}

/// The type of a schema, null aside.
pub(crate) fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(name) => name,
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or_default(),
        _ => "",
    }
}

fn rule(schema: &Value) -> String {
    if let Some(names) = schema["enum"].as_array() {
        let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
        return format!("one of {}", names.join(", "));
    }
    if let Some(expected) = schema["x-expected"].as_str() {
        return expected.to_owned();
    }
    let (least, most) = (&schema["minimum"], &schema["maximum"]);
    if least.is_number() && most.is_number() {
        return format!("{least} to {most}");
    }
    String::new()
}

/// A path one key further down.
#[must_use]
pub fn join(at: &str, key: &str) -> String {
    let key = key.replace('.', r"\.");
    if at.is_empty() {
        key
    } else {
        format!("{at}.{key}")
    }
}

#[cfg(test)]
mod tests;
