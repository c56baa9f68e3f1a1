//! What is traced, and how it may be refused.

use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use spira_manifests::{Component, Context, Global, Intrinsics, Object};

/// Builds objects from the values of a component, `global` among them.
pub type Build = dyn Fn(&dyn Intrinsics, &Value) -> Result<Vec<Value>, String> + Sync + Send;

/// Something whose builders can be traced: a component, or a case of a test.
pub struct Subject {
    /// Its name, such as `api-server`.
    pub name: String,
    /// The schema of its values; `global` is one of the properties.
    pub schema: Value,
    /// The text of its builders.
    pub source: String,
    /// Its builders.
    pub build: Box<Build>,
}

/// Why a chart is not written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The type of a value is outside the grammar.
    #[error("value {path}: {why}")]
    Grammar {
        /// The path of the value.
        path: String,
        /// What is wrong with its type, and what would be right.
        why: String,
    },
    /// A builder does what tracing cannot follow.
    #[error("{component}: {why}")]
    Trace {
        /// The component.
        component: String,
        /// What it does.
        why: String,
    },
    /// What was traced cannot be written as a template.
    #[error("{component}: {why}")]
    Emit {
        /// The component.
        component: String,
        /// What cannot be written.
        why: String,
    },
    /// The tree and the builder differ on some values.
    #[error(
        "{component}: {object}, field {field}: the builder gives {builder}, the template {template}, with {} (case {cases}); \
         values can only be passed on, not computed with or compared",
        if values.is_empty() { "any values".to_owned() } else { values.join(", ") }
    )]
    Differs {
        /// The component.
        component: String,
        /// The object, as `Kind/name`.
        object: String,
        /// The field in the object.
        field: String,
        /// What the builder gives there.
        builder: String,
        /// What the template would give.
        template: String,
        /// The values that make the difference, as `path: value`.
        values: Vec<String>,
        /// How many cases it took to find.
        cases: usize,
    },
}

impl Subject {
    /// Software of any kind: a function that builds objects from values of the type `V`.
    ///
    /// `name` is that of the chart. `source` is the text of the builders (`include_str!`): the proof
    /// tries the literals in it, and the documentation of a public function called like an object's
    /// kind becomes the comment of its template.
    pub fn new<V: JsonSchema + DeserializeOwned + 'static>(
        name: impl Into<String>,
        source: impl Into<String>,
        build: impl Fn(&dyn Intrinsics, &V) -> Vec<Object> + Sync + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            schema: schemars::schema_for!(V).to_value(),
            source: source.into(),
            build: Box::new(move |intrinsics, document| {
                let values = V::deserialize(document).map_err(|why| why.to_string())?;
                let objects = build(intrinsics, &values).into_iter();
                Ok(objects.map(Object::into_json).collect())
            }),
        }
    }

    /// A component of SPIRA.
    #[must_use]
    pub fn component(component: &Component) -> Self {
        let component = *component;
        Self {
            name: component.name.to_owned(),
            schema: with_global(component),
            source: component.source.to_owned(),
            build: Box::new(move |intrinsics, document| build(&component, intrinsics, document)),
        }
    }
}

fn with_global(component: Component) -> Value {
    let mut schema = (component.schema)().to_value();
    let mut global = schemars::schema_for!(Global).to_value();
    if let Some(defs) = global
        .as_object_mut()
        .and_then(|global| global.remove("$defs"))
    {
        for (name, def) in defs.as_object().into_iter().flatten() {
            schema["$defs"][name] = def.clone();
        }
    }
    schema["properties"]["global"] = global;
    schema
}

fn build(
    component: &Component,
    intrinsics: &dyn Intrinsics,
    document: &Value,
) -> Result<Vec<Value>, String> {
    let global = document.get("global").unwrap_or(&Value::Null);
    let global = Global::deserialize(global).map_err(|why| format!("global: {why}"))?;
    let context = Context::new(intrinsics, &global, component.name);
    let objects = (component.build)(&context, document).map_err(|why| why.to_string())?;
    Ok(objects.into_iter().map(Object::into_json).collect())
}
