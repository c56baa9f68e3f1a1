//! A Kubernetes object of any kind.

use k8s_openapi::{Metadata, Resource, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::Serialize;
use serde_json::{Map, Value};

/// A Kubernetes object of any kind, as the JSON that an API server takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(Value);

impl Object {
    /// Makes an object from a typed one.
    ///
    /// # Panics
    /// Never for the types of `k8s-openapi`: they all serialise to a JSON object.
    pub fn new<T: Resource + Metadata<Ty = ObjectMeta> + Serialize>(typed: &T) -> Self {
        Self(serde_json::to_value(typed).expect("a Kubernetes type serialises to JSON"))
    }

    /// Takes an object that a user wrote, as it is.
    #[must_use]
    pub fn raw(fields: Map<String, Value>) -> Self {
        Self(Value::Object(fields))
    }

    /// The object's `kind`, or an empty string where a user's object has none.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0["kind"].as_str().unwrap_or_default()
    }

    /// The object's `metadata.name`, or an empty string where a user's object has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// The object as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.0
    }

    /// The object as JSON, by value.
    #[must_use]
    pub fn into_json(self) -> Value {
        self.0
    }
}
