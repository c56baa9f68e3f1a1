//! What a cluster must serve for the objects to be taken, and does not.
//!
//! Helm knows what a cluster serves while it installs, and says it in kinds (`v1/Pod`). Without a
//! cluster (`helm template`) it only assumes the groups that Kubernetes had when it was built
//! (`apps/v1`), from which nothing follows: then nothing is missing.
//!
//! ```
//! use spira_manifests::{Release, Values, preflight};
//!
//! let objects = Values::default().objects(&Release::new("spira", "voices"));
//! let bare = ["v1/Pod".to_owned(), "apps/v1/Deployment".to_owned()].into();
//! let lacking = preflight::check(&objects, &bare).unwrap_err();
//! assert!(lacking.to_string().contains("minio.min.io/v2/Tenant (needed by minio)"));
//! assert_eq!(preflight::check(&objects, &["apps/v1".to_owned()].into()), Ok(()));
//! ```

use std::{collections::BTreeSet, fmt};

use crate::{
    Object,
    cr::{APIS, Api, Way},
};

/// The kind that every cluster serves: where it is not known to be served, nothing is known.
pub const KNOWN_BY: &str = "v1/Pod";

/// How a message starts.
pub const HEAD: &str = "the cluster lacks APIs that the values need:";

/// How a message ends.
pub const TAIL: &str =
    "Run what brings them, then try again. With global.preflight=false nothing is checked.";

/// An API that a cluster lacks, and the component that needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The API.
    pub api: &'static Api,
    /// The component.
    pub component: String,
}

/// All that a cluster lacks: it displays as a text of several lines, with the commands that bring
/// each API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Lacking(pub Vec<Missing>);

/// What of the APIs of `objects` is not among those that a cluster serves, spelt as in Helm's
/// `.Capabilities.APIVersions` (`minio.min.io/v2/Tenant`), in the order of [`APIS`]. Objects that
/// users wrote themselves are not looked at.
#[must_use]
pub fn missing<'o>(
    objects: impl IntoIterator<Item = &'o Object>,
    served: &BTreeSet<String>,
) -> Vec<Missing> {
    let mut missing = Vec::new();
    if !served.contains(KNOWN_BY) {
        return missing;
    }
    let objects: Vec<&Object> = objects.into_iter().collect();
    for api in APIS.iter().filter(|api| !served.contains(&api.to_string())) {
        for object in objects.iter().filter(|object| object.is_of(api)) {
            let component = object.component().to_owned();
            let found = Missing { api, component };
            if !missing.contains(&found) {
                missing.push(found);
            }
        }
    }
    missing
}

/// Whether a cluster that serves these APIs can take the objects.
///
/// # Errors
/// If it lacks some: all that are [`missing`].
pub fn check<'o>(
    objects: impl IntoIterator<Item = &'o Object>,
    served: &BTreeSet<String>,
) -> Result<(), Lacking> {
    let missing = missing(objects, served);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Lacking(missing))
    }
}

/// An entry of the list in a message.
#[must_use]
pub fn entry(api: &Api, component: &str) -> String {
    format!("{api} (needed by {component})")
}

/// The lines of a message that tell what brings the entries before them.
#[must_use]
pub fn ways(ways: &[Way]) -> String {
    let mut lines = Vec::new();
    for (at, way) in ways.iter().enumerate() {
        let from = if at == 0 { "from" } else { "or from" };
        lines.push(format!("  {from} {}:", way.from));
        lines.extend(way.command.lines().map(|line| format!("    {line}")));
    }
    lines.join("\n")
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}\n")?;
        for same in self.0.chunk_by(|a, b| a.api.ways == b.api.ways) {
            for Missing { api, component } in same {
                writeln!(f, "- {}", entry(api, component))?;
            }
            writeln!(f, "{}", ways(same[0].api.ways))?;
        }
        write!(f, "\n{TAIL}")
    }
}

#[cfg(test)]
mod tests;
