//! Subjects made from a `Values` type and a function.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use spira_chart_gen::{Subject, diff::difference};
use spira_manifests::Intrinsics;

/// Structs as values have them.
macro_rules! values {
    ($($name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? })*) => {$(
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[allow(clippy::struct_field_names, reason = "the fields are spelt as charts spell them")]
        pub struct $name { $($(#[$meta])* pub $field: $type),* }
    )*};
}

/// Enums without data.
macro_rules! enums {
    ($($name:ident { $($variant:ident),* })*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name { $($variant),* }
    )*};
}

/// What the values of a subject must be able to do.
pub trait Readable: JsonSchema + Serialize + DeserializeOwned + 'static {}

impl<V: JsonSchema + Serialize + DeserializeOwned + 'static> Readable for V {}

/// A subject whose values must survive the way through their type and back.
pub fn subject<V: Readable>(
    name: &str,
    source: &str,
    build: impl Fn(&dyn Intrinsics, &V) -> Vec<Value> + Send + Sync + 'static,
) -> Subject {
    Subject {
        name: name.to_owned(),
        schema: schemars::schema_for!(V).to_value(),
        source: source.to_owned(),
        build: Box::new(move |intrinsics, document| {
            let values: V =
                serde_json::from_value(document.clone()).map_err(|why| why.to_string())?;
            let back = serde_json::to_value(&values).map_err(|why| why.to_string())?;
            match difference(document, &back) {
                Some(found) => Err(format!("{} is not kept: {found:?}", found.place)),
                None => Ok(build(intrinsics, &values)),
            }
        }),
    }
}

/// What `k8s-openapi` leaves out when it serialises.
pub fn dense(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(_, field)| !field.is_null())
                .map(|(key, field)| (key, dense(field)))
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(dense).collect(),
        value => value,
    }
}
