//! Values that have another name than in an earlier version.
//!
//! Schemas still admit the old name, so that what is said of it is where the value went, and not that it
//! is unknown. It is refused all the same: which of two names counts would be a guess.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::contradictions;

/// How the part of a message about this begins.
pub const HEAD: &str = "values have other names now:";

/// A value under its old name and under its new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// The old path, such as `api-server.collections`.
    pub old: &'static str,
    /// The new path.
    pub new: &'static str,
}

/// Every value that was renamed. One more is a line here.
pub static RENAMED: &[Renamed] = &[Renamed {
    old: "api-server.collections",
    new: "global.connections.mongodb.collections",
}];

impl fmt::Display for Renamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is now {}", self.old, self.new)
    }
}

/// The old names that a merged document uses.
#[must_use]
pub fn found(document: &Value) -> Vec<Renamed> {
    let is_used = |one: &&Renamed| !contradictions::at(document, one.old).is_null();
    RENAMED.iter().filter(is_used).copied().collect()
}

/// The renamed values of a component, each with the steps from its section to its parent, and its key.
fn of(
    component: &str,
) -> impl Iterator<Item = (&'static Renamed, Vec<&'static str>, &'static str)> {
    let own = move |one: &'static Renamed| {
        let (section, path) = one.old.split_once('.')?;
        let (parents, key) = match path.rsplit_once('.') {
            Some((parents, key)) => (parents.split('.').collect(), key),
            None => (Vec::new(), path),
        };
        (section == component).then_some((one, parents, key))
    };
    RENAMED.iter().filter_map(own)
}

/// Lets the schema of a component's section admit old names.
///
/// # Panics
/// If a parent of an old name is not in the schema: a test reads all of them.
#[must_use]
pub fn admit(component: &str, mut schema: Value) -> Value {
    for (renamed, parents, key) in of(component) {
        let mut pointer = String::new();
        for parent in parents {
            pointer = resolved(&schema, &format!("{pointer}/properties/{parent}"));
        }
        let known = "a renamed value's parent is in the schema";
        let parent = schema.pointer_mut(&pointer).expect(known);
        let doc = format!("Renamed: it is now `{}`.", renamed.new);
        parent["properties"][key] = json!({ "description": doc, "deprecated": true });
    }
    schema
}

/// Where the schema at a pointer really stands.
fn resolved(schema: &Value, pointer: &str) -> String {
    let target = schema
        .pointer(pointer)
        .and_then(|found| found["$ref"].as_str());
    target.map_or_else(
        || pointer.to_owned(),
        |target| target.trim_start_matches('#').to_owned(),
    )
}

/// Takes old names out of a component's section.
pub fn strip(component: &str, section: &mut Map<String, Value>) {
    for (_, parents, key) in of(component) {
        let parent = parents.iter().try_fold(&mut *section, |here, step| {
            here.get_mut(*step)?.as_object_mut()
        });
        if let Some(parent) = parent {
            parent.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{RENAMED, admit, found, strip};
    use crate::{components, document, schema::strict};

    #[test]
    fn old_names_are_admitted_named_and_taken_out() {
        for renamed in RENAMED {
            let (section, _) = renamed.old.split_once('.').expect("a section and a path");
            let component = components::named(section).expect("a component");
            assert_ne!(admit(section, strict(component)), strict(component));
            let mut document = json!({});
            let mut here = &mut document;
            for step in renamed.old.split('.') {
                here = &mut here[step];
            }
            *here = json!({ "any": "thing" });
            assert_eq!(found(&document), [*renamed]);
            let text = document.as_object().expect("a map").clone();
            let loaded = document::from_document(text).expect("right but for the name");
            assert_eq!(loaded.renamed, [*renamed]);
            strip(section, document[section].as_object_mut().expect("a map"));
            assert_eq!(found(&document), []);
            // The new name is there.
            let pointer = format!("/{}", renamed.new.replace('.', "/"));
            assert!(
                document::defaults().pointer(&pointer).is_some(),
                "{renamed}"
            );
        }
    }
}
