//! One value is changed at a time, by an upgrade, and back.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use xtask::helm::Helm;

use super::bases::{self, Base};
use super::leaves::{self, Leaf};
use super::release::{self, Release, Worker};
use super::state::State;
use super::tables::{REFUSED, SILENT};
use crate::support::chart;

/// How many values one release is changed in: few enough that all workers end at about the same time.
const AT_MOST: usize = 12;

/// A value to be changed.
#[derive(Clone, Debug)]
pub struct Change {
    pub path: String,
    pub to: Value,
}

/// Changes of one release, one after another.
#[derive(Clone, Debug)]
pub struct Group {
    pub base: Base,
    pub changes: Vec<Change>,
    pub helm: Helm,
}

/// Every leaf, each in a release where its change reaches an object, if there is one.
pub fn plan(leaves: &[Leaf]) -> Result<Vec<Group>, String> {
    let mut bases: BTreeMap<String, Group> = BTreeMap::new();
    let mut originals: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for leaf in leaves {
        let (base, change) = place(leaf, leaves, &mut originals)?;
        let group = bases.entry(base.name.clone()).or_insert_with(|| Group {
            base,
            changes: Vec::new(),
            helm: Helm::V4,
        });
        group.changes.push(change);
    }
    let mut groups = Vec::new();
    for group in bases.into_values() {
        for changes in group.changes.chunks(AT_MOST) {
            groups.push(Group {
                changes: changes.to_vec(),
                ..group.clone()
            });
        }
    }
    Ok(groups)
}

/// The first release and value that change an object; else the first that are valid.
fn place(
    leaf: &Leaf,
    leaves: &[Leaf],
    originals: &mut BTreeMap<String, Vec<Value>>,
) -> Result<(Base, Change), String> {
    let mut valid = None;
    let mut refusal = String::new();
    for base in bases::of(leaf, leaves) {
        if !originals.contains_key(&base.name) {
            let objects = bases::rendered(&base.values, &[])
                .map_err(|error| format!("{}: {error}", base.name))?;
            originals.insert(base.name.clone(), objects);
        }
        let original = &originals[&base.name];
        let live = bases::credentials(original);
        for to in leaf.others(&leaves::at(&base.values, &leaf.path)) {
            let change = Change {
                path: leaf.path.clone(),
                to,
            };
            match bases::rendered(&change.of(&base), &live) {
                Ok(objects) if objects != *original => return Ok((base, change)),
                Ok(_) => {
                    valid.get_or_insert((base.clone(), change));
                }
                Err(error) => refusal = error,
            }
        }
    }
    valid.ok_or_else(|| format!("{} can be nothing else: {refusal}", leaf.path))
}

impl Change {
    /// The values of a release with this change.
    pub fn of(&self, base: &Base) -> Map<String, Value> {
        let mut values = base.values.clone();
        leaves::put(&mut values, &self.path, self.to.clone());
        values
    }
}

/// Installs the release of a group, changes each value, does the same again, and changes it back: with the next one, to save
/// time, and at the end to what was in the beginning.
pub async fn run(worker: &mut Worker, namespace: &str, group: &Group) {
    let mut release = Release::new(worker, "spira", namespace, &chart()).await;
    release.helm = group.helm;
    release.what.clone_from(&group.base.name);
    if let Err(error) = release.install(&group.base.values).await {
        release.fault(format!("is not installed: {error}"));
        return;
    }
    release.repeat(&group.base.values).await;
    let start = Start {
        state: release.state.clone(),
        manifest: release::manifest(&release.outcome),
    };
    for change in &group.changes {
        release.what = format!("{}: {} = {}", group.base.name, change.path, change.to);
        one(&mut release, group, change, &start).await;
    }
    release.what = format!("{}, and back", group.base.name);
    taken_back(&mut release, group, &start).await;
    if let Err(error) = release.uninstall() {
        release.fault(format!("is not uninstalled: {error}"));
    }
}

/// What a release is before any change.
struct Start {
    state: State,
    manifest: BTreeMap<String, Value>,
}

async fn one(release: &mut Release<'_>, group: &Group, change: &Change, start: &Start) {
    let refused = REFUSED.iter().find(|one| one.path == change.path);
    let silent = SILENT.iter().find(|(path, _)| *path == change.path);
    let before = release.state.clone();
    let values = change.of(&group.base);
    if let Err(error) = release.upgrade(&values).await {
        let is_named =
            refused.is_some_and(|one| error.contains(one.named)) && !release::is_immutable(&error);
        if !is_named {
            release.fault(format!("is not taken: {error}"));
        }
        release.worker.report.refused += 1;
        // Refused is refused: before anything was written.
        release.nothing_was_written(&before);
        if !is_named {
            // What an API server refuses is half done.
            release.what.push_str(", and back");
            taken_back(release, group, start).await;
        }
        return;
    }
    if refused.is_some() {
        release.fault("is taken, and REFUSED says that it is not");
    }
    let is_silent = release::manifest(&release.outcome) == start.manifest;
    if is_silent {
        release.worker.report.silent += 1;
        // The last change is taken back, and nothing else is done.
        release.is_as(&start.state);
    } else {
        release.worker.report.reached += 1;
        release.repeat(&values).await;
    }
    if is_silent != silent.is_some() {
        release.fault(format!(
            "{} an object, and SILENT says otherwise",
            if is_silent { "changes not" } else { "changes" }
        ));
    }
    if change.path.rsplit('.').next() == Some("keep") {
        // Whether Helm deletes what is dropped next says what was kept last.
        release.what.push_str(", and back");
        taken_back(release, group, start).await;
    }
}

async fn taken_back(release: &mut Release<'_>, group: &Group, start: &Start) {
    match release.upgrade(&group.base.values).await {
        Ok(()) => release.is_as(&start.state),
        Err(error) => release.fault(format!("is not taken: {error}")),
    }
}
