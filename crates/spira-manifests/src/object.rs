//! A Kubernetes object of any kind.

use k8s_openapi::{Metadata, Resource, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cr::Api;

/// A Kubernetes object of any kind, as the JSON that an API server takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    json: Value,
    is_users: bool,
}

impl Object {
    /// Makes an object from a typed one.
    ///
    /// # Panics
    /// Never for the types of `k8s-openapi`: they all serialise to a JSON object.
    pub fn new<T: Resource + Metadata<Ty = ObjectMeta> + Serialize>(typed: &T) -> Self {
        Self {
            json: serde_json::to_value(typed).expect("a Kubernetes type serialises to JSON"),
            is_users: false,
        }
    }

    /// Takes an object that a user wrote, as it is.
    #[must_use]
    pub fn raw(fields: Map<String, Value>) -> Self {
        Self {
            json: Value::Object(fields),
            is_users: true,
        }
    }

    /// The object's `kind`, or an empty string where a user's object has none.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.json["kind"].as_str().unwrap_or_default()
    }

    /// The object's `metadata.name`, or an empty string where a user's object has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.json["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// The component that it belongs to, from its label, or an empty string where a user's object has
    /// none.
    #[must_use]
    pub fn component(&self) -> &str {
        self.json["metadata"]["labels"]["app.kubernetes.io/name"]
            .as_str()
            .unwrap_or_default()
    }

    /// At which moments Helm would make it, such as `test`, if it is a hook of Helm's and no object
    /// that a release holds. Who installs without Helm leaves it out, or runs it at such a moment.
    #[must_use]
    pub fn hook(&self) -> Option<&str> {
        self.json["metadata"]["annotations"]["helm.sh/hook"].as_str()
    }

    /// Whether a user wrote it, rather than a builder made it.
    #[must_use]
    pub fn is_users(&self) -> bool {
        self.is_users
    }

    /// Whether it is of this API, and no object of a user's own.
    #[must_use]
    pub fn is_of(&self, api: &Api) -> bool {
        !self.is_users && self.json["apiVersion"] == api.version && self.json["kind"] == api.kind
    }

    /// The object as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.json
    }

    /// The object as JSON, by value.
    #[must_use]
    pub fn into_json(self) -> Value {
        self.json
    }
}

#[cfg(test)]
mod tests {
    use crate::{Release, Values};

    #[test]
    fn only_pods_of_helm_test_are_hooks() {
        let mut values = Values::default();
        values.checks.enabled = true;
        let objects = values.objects(&Release::new("spira", "voices"));
        let hooks: Vec<_> = objects
            .iter()
            .filter(|object| object.hook().is_some())
            .collect();
        assert!(!hooks.is_empty());
        for hook in hooks {
            assert_eq!((hook.kind(), hook.hook()), ("Pod", Some("test")));
        }
    }
}
