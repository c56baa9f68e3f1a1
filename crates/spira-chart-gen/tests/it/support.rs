//! Subjects made from a `Values` type and a function.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use spira_chart_gen::{Subject, diff::difference};
use spira_manifests::Intrinsics;

/// A subject whose values must survive the way through their type and back.
pub fn subject<V>(
    name: &str,
    source: &str,
    build: impl Fn(&dyn Intrinsics, &V) -> Vec<Value> + Send + Sync + 'static,
) -> Subject
where
    V: JsonSchema + Serialize + DeserializeOwned,
{
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
