//! What of the experiment's values is a struct of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kit::{ObjectName, StorageSize};

/// What is broken under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Faults {
    /// The Schedules of `global.chaos` are un-paused for the time of the run.
    ChaosMesh,
    /// One pod of each target, chosen at random, is deleted without grace. Needs no Chaos Mesh.
    DeletePods,
    /// Nothing.
    None,
}

/// A run as a test of Helm, after all others. `helm test --timeout` must be longer than the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Test {
    /// Whether `helm test` runs it.
    pub enabled: bool,
}

/// Where log and report of a run stay: each run has a folder of its own, named after its Job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Results {
    /// Whether they stay in a claim of this release; otherwise they go with the pod, and what stays is
    /// the verdict in its log. Where volumes are bound at first use `helm install --wait` waits for it
    /// in vain: leave out `--wait`, or make a claim before.
    pub persistent: bool,
    /// A claim of your own, which goes before `persistent`.
    pub existing_claim: Option<ObjectName>,
    /// How much they may take.
    pub size: StorageSize,
    /// The storage class of the claim; unset, `global.storageClass`.
    pub storage_class: Option<ObjectName>,
    /// Whether the claim stays when the release is uninstalled.
    pub keep: bool,
}

impl Default for Results {
    fn default() -> Self {
        Self {
            persistent: false,
            existing_claim: None,
            size: "1Gi".parse().expect("a constant size"),
            storage_class: None,
            keep: true,
        }
    }
}
