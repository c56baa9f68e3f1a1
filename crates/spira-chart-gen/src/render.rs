//! Manifests straight from the builders, without Helm.

use serde_json::Value;
use spira_manifests::{
    Object, Release,
    document::{Loaded, UMBRELLA},
    refusal::{self, Refused},
};

use crate::yaml;

/// Why manifests were not made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// What speaks against installing.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A section that cannot be read, although it was checked: a defect.
    #[error("{component}: {source}")]
    Section {
        /// The component.
        component: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// The objects of every component that is enabled, with the component's name.
///
/// # Errors
/// If something speaks against installing them; [`refusal`] says what may.
pub fn objects(
    loaded: &Loaded,
    release: &Release,
) -> Result<Vec<(&'static str, Object)>, RenderError> {
    let mut all = Vec::new();
    for section in &loaded.sections {
        let name = section.component.name;
        let objects = section
            .objects(release)
            .map_err(|source| RenderError::Section {
                component: name.to_owned(),
                source,
            })?;
        all.extend(objects.into_iter().map(|object| (name, object)));
    }
    let objects: Vec<&Object> = all.iter().map(|(_, object)| object).collect();
    refusal::check(loaded, release, &objects)?;
    Ok(all)
}

/// The objects as YAML, one document each, with the subchart that they come from.
#[must_use]
pub fn manifests(objects: &[(&str, Object)]) -> String {
    let text = |(component, object): &(&str, Object)| {
        let source = format!("---\n# Source: {UMBRELLA}/charts/{component}\n");
        source + &yaml::document(object.as_json())
    };
    objects.iter().map(text).collect()
}

/// Every image that the objects would pull, sorted, each once.
#[must_use]
pub fn images(objects: &[Object]) -> Vec<String> {
    let mut images = Vec::new();
    for object in objects {
        // What a ConfigMap or Secret holds is text, even under the key `image`.
        if !matches!(object.kind(), "ConfigMap" | "Secret") {
            collect(object.as_json(), &mut images);
        }
    }
    images.sort();
    images.dedup();
    images
}

fn collect(value: &Value, images: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(image) if key == "image" => images.push(image.clone()),
                    other => collect(other, images),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, images)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
