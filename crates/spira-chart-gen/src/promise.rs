//! What a version of the chart promises to those who have it, and whether the next version's number
//! says how much of it changed.
//!
//! A [`Record`] holds the values with their types, bounds and defaults, and of the objects what they are
//! called and what nobody can change on a live one. [`changes`] compares two; [`check`] refuses a number
//! that is too small for what changed, by the rules of semantic versioning as Cargo reads them: before
//! 1.0 a breaking change raises the second number, any other the third.

mod changes;
mod values;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spira_manifests::{
    Object, Release, components,
    document::{self, Sources},
    upgrade::{self, STORES},
};

pub use self::changes::{Change, Level, changes};
use self::values::Promised;
use crate::{
    diff,
    render::{self, RenderError},
};

/// Where records of released versions are.
pub const FOLDER: &str = "releases";

/// What Kubernetes lets nobody change, beside what [`STORES`] says of the operators' kinds.
const FIXED: [(&str, &str); 8] = [
    ("Deployment", "spec.selector"),
    ("StatefulSet", "spec.selector"),
    ("StatefulSet", "spec.serviceName"),
    ("StatefulSet", "spec.podManagementPolicy"),
    ("Service", "spec.clusterIP"),
    ("RoleBinding", "roleRef"),
    ("PersistentVolumeClaim", "spec.accessModes"),
    ("PodMonitor", "spec.jobLabel"),
];

/// Values with which every component, and all that a switch of `global` adds, is there.
const EVERYTHING: [&str; 4] = [
    "global.monitoring.enabled=true",
    "global.chaos.enabled=true",
    "global.networkPolicies.enabled=true",
    "nats.natsBox.enabled=true",
];

/// What a version promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// The version.
    pub version: Version,
    /// Every value, by its path.
    pub values: BTreeMap<String, Promised>,
    /// Every object of default values and of those that add most, by kind and name, with what of it
    /// nobody can change.
    pub objects: BTreeMap<String, BTreeMap<String, Value>>,
}

/// Why there is no record, or why a version is refused.
#[derive(Debug, thiserror::Error)]
pub enum PromiseError {
    /// A record that cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that is no record.
    #[error("{}: not the record of a version: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The objects of this version cannot be made.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A number that is too small.
    #[error(
        "version {is} is too small after {last}: it must be at least {least}, since of {last}\n{changes}"
    )]
    TooSmall {
        /// The version.
        is: Version,
        /// The last one that was released.
        last: Version,
        /// The smallest that says what changed.
        least: Version,
        /// What changed, a line each.
        changes: String,
    },
}

impl Record {
    /// What this version promises.
    ///
    /// # Errors
    /// If its objects cannot be made.
    ///
    /// # Panics
    /// Never: the default values, and these switches, are right.
    pub fn of_this_version() -> Result<Self, PromiseError> {
        let mut objects = BTreeMap::new();
        let mut everything = EVERYTHING.map(str::to_owned).to_vec();
        let all = components::all();
        everything.extend(all.iter().map(|one| format!("{}.enabled=true", one.name)));
        for set in [Vec::new(), everything] {
            let sources = Sources {
                set,
                ..Sources::default()
            };
            let loaded = document::load(&sources).expect("switches are right values");
            let release = Release::new("spira", "spira").with_generated(|_, _| "generated".into());
            for (_, object) in render::objects(&loaded, &release)? {
                objects
                    .entry(title(&object))
                    .or_insert_with(|| fixed(&object));
            }
        }
        Ok(Self {
            version: env!("CARGO_PKG_VERSION")
                .parse()
                .expect("Cargo reads it too"),
            values: values::all(),
            objects,
        })
    }

    /// The record of the last version that was released, if one was.
    ///
    /// # Errors
    /// If a file there cannot be read.
    pub fn last(folder: &Path) -> Result<Option<Self>, PromiseError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| PromiseError::File { path, source }
        };
        if !folder.exists() {
            return Ok(None);
        }
        let mut last: Option<Self> = None;
        for entry in fs::read_dir(folder).map_err(failed(folder))? {
            let path = entry.map_err(failed(folder))?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let text = fs::read_to_string(&path).map_err(failed(&path))?;
                let unreadable = |source| PromiseError::Unreadable { path, source };
                let record: Self = serde_json::from_str(&text).map_err(unreadable)?;
                if last
                    .as_ref()
                    .is_none_or(|last| last.version < record.version)
                {
                    last = Some(record);
                }
            }
        }
        Ok(last)
    }

    /// Writes it into the folder of records, and says where.
    ///
    /// # Errors
    /// If it cannot be written.
    ///
    /// # Panics
    /// Never: a record is JSON.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, PromiseError> {
        let path = folder.join(format!("{}.json", self.version));
        let text = format!(
            "{:#}\n",
            serde_json::to_value(self).expect("a record is JSON")
        );
        let written = fs::create_dir_all(folder).and_then(|()| {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            io::Write::write_all(&mut file, text.as_bytes())?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        });
        match written {
            Ok(()) => Ok(path),
            Err(source) => Err(PromiseError::File { path, source }),
        }
    }
}

/// Whether the number of a version says what changed since the last one.
///
/// # Errors
/// If it is too small.
pub fn check(last: &Record, this: &Record) -> Result<Vec<Change>, PromiseError> {
    let changes = changes(last, this);
    let level = changes.iter().map(|change| change.level).max();
    let wanted = level.map_or_else(|| last.version.clone(), |level| level.after(&last.version));
    if this.version >= wanted {
        return Ok(changes);
    }
    let lines: Vec<_> = changes.iter().map(|change| format!("  {change}")).collect();
    Err(PromiseError::TooSmall {
        is: this.version.clone(),
        last: last.version.clone(),
        least: wanted,
        changes: lines.join("\n"),
    })
}

/// Kind and name; a Job's name ends in a hash of what it runs.
fn title(object: &Object) -> String {
    let title = diff::title(object.as_json());
    match (object.kind(), title.rsplit_once('-')) {
        ("Job", Some((name, _))) => name.to_owned(),
        _ => title,
    }
}

/// What of an object nobody can change, by its place.
fn fixed(object: &Object) -> BTreeMap<String, Value> {
    let of_kind = FIXED.iter().filter(|(kind, _)| *kind == object.kind());
    let paths = of_kind.map(|(_, path)| *path);
    let stores = STORES.iter().filter(|store| {
        store.component == object.component() && object.as_json()["kind"] == store.kind
    });
    // Sizes and versions may grow: what a new default means for a live release, the upgrade says.
    let same = |fixed: &&upgrade::Fixed| matches!(fixed.rule, upgrade::Rule::Same);
    let paths = paths
        .chain(stores.flat_map(|store| store.fixed.iter().filter(same).map(|fixed| fixed.path)));
    let found = paths.flat_map(|path| upgrade::pick(object.as_json(), path));
    found.filter(|(_, value)| !value.is_null()).collect()
}

#[cfg(test)]
mod tests;
