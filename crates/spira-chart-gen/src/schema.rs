//! `values.schema.json`, as the charts ship it.

mod editor;

use serde_json::Value;
use spira_manifests::{Component, renamed, schema};

/// The schema of a subchart's values.
#[must_use]
pub fn of_component(component: &Component) -> String {
    let schema = renamed::admit(component.name, schema::strict(component));
    text(&schema::for_chart(&schema))
}

/// The schema of the umbrella chart's values.
#[must_use]
pub fn of_umbrella() -> String {
    text(&schema::for_chart(&schema::umbrella()))
}

/// The schema of all values in one, for editors.
#[must_use]
pub fn for_editors() -> String {
    text(&editor::schema())
}

fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}
