//! Objects of the user's own.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Object, schema::TEXT};

/// An object that the user wrote: of any kind, but with what every object must have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub struct ExtraObject(Map<String, Value>);

/// A user's object that no API server would take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is missing; an object has an apiVersion, a kind and a metadata.name")]
pub struct InvalidObject {
    /// The field that is not there, or not text.
    pub field: &'static str,
}

impl ExtraObject {
    /// The object, as it is.
    #[must_use]
    pub fn to_object(&self) -> Object {
        Object::raw(self.0.clone())
    }
}

impl TryFrom<Map<String, Value>> for ExtraObject {
    type Error = InvalidObject;

    fn try_from(fields: Map<String, Value>) -> Result<Self, InvalidObject> {
        let name = fields
            .get("metadata")
            .and_then(|metadata| metadata.get("name"));
        let needed = [
            ("apiVersion", fields.get("apiVersion")),
            ("kind", fields.get("kind")),
            ("metadata.name", name),
        ];
        let is_text = |value: Option<&Value>| {
            value
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty())
        };
        let missing = needed.into_iter().find(|(_, value)| !is_text(*value));
        match missing.map(|(field, _)| field) {
            Some(field) => Err(InvalidObject { field }),
            None => Ok(Self(fields)),
        }
    }
}

impl From<ExtraObject> for Map<String, Value> {
    fn from(object: ExtraObject) -> Self {
        object.0
    }
}

impl JsonSchema for ExtraObject {
    fn schema_name() -> Cow<'static, str> {
        "ExtraObject".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let anything = generator.subschema_for::<Anything>();
        let texts = || serde_json::json!({ "type": "object", "additionalProperties": { "type": "string" } });
        json_schema!({
            "type": "object",
            "required": ["apiVersion", "kind", "metadata"],
            "properties": {
                "apiVersion": { "type": "string", "minLength": 1 },
                "kind": { "type": "string", "minLength": 1 },
                "metadata": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": { "type": "string", "minLength": 1 },
                        "labels": texts(),
                        "annotations": texts(),
                    },
                    "additionalProperties": true,
                },
            },
            "additionalProperties": true,
            "allOf": [anything],
        })
    }
}

/// Whatever JSON can say, in texts that YAML can carry.
struct Anything;

impl JsonSchema for Anything {
    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let anything = generator.subschema_for::<Self>();
        json_schema!({
            "type": ["array", "boolean", "null", "number", "object", "string"],
            "items": anything,
            "patternProperties": { TEXT: anything },
            "additionalProperties": false,
            "x-expected-key": "a text without control characters",
        })
    }
}
