//! What of the live objects an upgrade cannot change, or would leave behind with its data.
//!
//! Kubernetes refuses some changes, an operator takes no notice of others, and under another name a
//! store begins empty. [`STORES`] lists the objects and the rules; [`refusals`] compares what is live
//! with what would be installed. The chart carries the same list as a file and looks the objects up.
//! Where the cluster cannot be asked (`helm template`) nothing is live, and nothing is refused.
//!
//! ```
//! use serde_json::json;
//! use spira_manifests::{Release, Values, upgrade};
//!
//! let live = json!({
//!     "apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster",
//!     "metadata": {"name": "spira-postgresql", "labels": {
//!         "app.kubernetes.io/instance": "spira", "app.kubernetes.io/name": "postgresql",
//!     }},
//!     "spec": {"storage": {"size": "20Gi"}},
//! });
//! let mut values = Values::default();
//! let cnpg = spira_manifests::global::PostgresqlOperator::CloudnativePg;
//! values.global.connections.postgresql.operator = cnpg;
//! let release = Release::new("spira", "voices")
//!     .with_served(["postgresql.cnpg.io/v1/Cluster"])
//!     .with_live_object(live);
//! let objects = values.objects(&release);
//! let refused = upgrade::refusals(&release, &objects.iter().collect::<Vec<_>>());
//! assert!(refused[0].contains("20Gi"), "{refused:?}");
//! ```

mod pick;
mod rules;

use serde::Serialize;
use serde_json::Value;

pub use self::{
    pick::{bytes, pick},
    rules::STORES,
};
use crate::{Intrinsics, Object, Release};

/// How the part of a message about this begins.
pub const HEAD: &str = "the release holds what an upgrade cannot change, or would leave behind:";

/// How it ends.
pub const TAIL: &str = "With global.upgradeCheck=false nothing is compared with what is live.";

/// The objects of a kind that hold data, or that Kubernetes does not let change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Store {
    /// The component that makes them.
    pub component: &'static str,
    /// The group and version.
    pub api_version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Whether the data is lost to SPIRA when the object has another name.
    pub holds_data: bool,
    /// What of them is fixed.
    pub fixed: &'static [Fixed],
}

/// What of an object is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fixed {
    /// Where it stands. `*` is each item of a list, by its name, or each entry of a map.
    pub path: &'static str,
    /// In which way.
    pub rule: Rule,
    /// The path of the value that sets it.
    pub value: &'static str,
    /// Why, and what to do instead.
    pub instead: &'static str,
}

/// In which way something is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// It stays what it is.
    Same,
    /// It stays what it is; what the chart leaves out the cluster has filled in.
    SameIfGiven,
    /// The quantity stays what it is, however it is written.
    SameSize,
    /// The quantity does not become smaller.
    NotSmaller,
    /// The number that the text begins with does not become smaller.
    NotOlder,
    /// No item goes.
    Kept,
    /// No item goes, and none comes.
    SameItems,
}

/// Why an upgrade cannot be: a line for each change that is refused. Of what the cluster has, objects of
/// others than the release, and of kinds that it is not known to serve, are not looked at.
#[must_use]
pub fn refusals(release: &Release, objects: &[&Object]) -> Vec<String> {
    let mut lines = Vec::new();
    for store in STORES
        .iter()
        .filter(|store| release.served().contains(&store.api()))
    {
        let name = release.release_name();
        let old = release.live_objects().iter();
        let old = old.filter(|object| store.is(object) && is_of(object, &name, store.component));
        for old in old {
            let name = text(&old["metadata"]["name"]);
            let new = objects.iter().find(|o| store.is_new(o) && o.name() == name);
            if let Some(new) = new {
                lines.extend(store.changes(&name, old, new.as_json()));
            } else if store.holds_data {
                lines.extend(store.left_behind(&name, objects));
            }
        }
    }
    lines
}

/// Whether an object belongs to a component of the release.
fn is_of(object: &Value, release: &str, component: &str) -> bool {
    let labels = &object["metadata"]["labels"];
    labels["app.kubernetes.io/instance"] == release && labels["app.kubernetes.io/name"] == component
}

impl Store {
    /// The kind, as Helm's capabilities name it.
    #[must_use]
    pub fn api(&self) -> String {
        format!("{}/{}", self.api_version, self.kind)
    }

    fn is(&self, object: &Value) -> bool {
        object["apiVersion"] == self.api_version && object["kind"] == self.kind
    }

    /// Whether it is an object of the component's own, not one that a user added.
    fn is_new(&self, object: &Object) -> bool {
        self.is(object.as_json()) && object.component() == self.component && !object.is_users()
    }

    /// A line if the component has a store after the upgrade, and it is another one.
    fn left_behind(&self, name: &str, objects: &[&Object]) -> Option<String> {
        let others = STORES
            .iter()
            .filter(|other| other.component == self.component);
        let mut new = others.flat_map(|other| objects.iter().filter(|o| other.is_new(o)));
        let new = new.next()?;
        Some(left_behind(self, name, new.kind(), new.name()))
    }

    fn changes(&self, name: &str, old: &Value, new: &Value) -> Vec<String> {
        let mut lines = Vec::new();
        for fixed in self.fixed {
            let (before, after) = (pick(old, fixed.path), pick(new, fixed.path));
            for (place, value) in &before {
                let found = fixed.rule.breach(value, after.get(place));
                lines.extend(found.map(|found| self.line(name, fixed, place, &found)));
            }
            if fixed.rule == Rule::SameItems {
                let come = after.keys().filter(|place| !before.contains_key(*place));
                lines.extend(come.map(|place| self.line(name, fixed, place, "cannot come")));
            }
        }
        lines
    }

    fn line(&self, name: &str, fixed: &Fixed, place: &str, found: &str) -> String {
        let Fixed { value, instead, .. } = fixed;
        let kind = self.kind;
        format!("{value}: {place} of the live {kind} {name} {found}: {instead}")
    }
}

fn left_behind(store: &Store, name: &str, new_kind: &str, new_name: &str) -> String {
    let Store {
        component, kind, ..
    } = store;
    format!(
        "{component}: the live {kind} {name} holds this release's data, and the {new_kind} {new_name} would begin empty: keep its name and kind, or move the data and delete it"
    )
}

impl Rule {
    /// What is wrong with a change, to go after what is changed.
    fn breach(self, old: &Value, new: Option<&Value>) -> Option<String> {
        let Some(new) = new else {
            return matches!(self, Self::Kept | Self::SameItems).then(|| "cannot go".to_owned());
        };
        let is_wrong = match self {
            Self::Kept | Self::SameItems => false,
            Self::Same => text(old) != text(new),
            Self::SameIfGiven => !new.is_null() && text(old) != text(new),
            Self::SameSize => bytes(&text(old)).total_cmp(&bytes(&text(new))).is_ne(),
            Self::NotSmaller => bytes(&text(new)) < bytes(&text(old)),
            Self::NotOlder => leading(&text(new)) < leading(&text(old)),
        };
        is_wrong.then(|| format!("is {} and cannot become {}", text(old), text(new)))
    }
}

/// A value as a person writes it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "unset".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The whole number that a text begins with, else 0.
fn leading(text: &str) -> u64 {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .map_or(text, |end| &text[..end]);
    digits.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests;
