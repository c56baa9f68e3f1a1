//! Faults, as far as all components have them in common.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kit::{Cron, Duration, ObjectName, chaos::ends_in_time_reference};

/// Faults that Chaos Mesh makes, to see what SPIRA bears.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChaosMesh {
    /// Whether there are any. The cluster must have Chaos Mesh.
    pub enabled: bool,
    /// When, for faults that do not say it themselves. The default is the reference's: each minute
    /// one pod of each component dies.
    pub schedule: Cron,
    /// Whether all of them are paused: none begins, and one that is under way is undone.
    pub paused: bool,
    /// A node on which all pods of SPIRA fail at once, as if it had stopped.
    pub node_failure: NodeFailure,
}

/// A node on which all pods of SPIRA fail at once, as if it had stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("allOf" = ends_in_time_reference()))]
pub struct NodeFailure {
    /// The name of the node; unset, none fails.
    pub node: Option<ObjectName>,
    /// When it fails.
    pub schedule: Cron,
    /// How long: less than from one beginning to the next.
    pub duration: Duration,
}

impl Default for ChaosMesh {
    fn default() -> Self {
        Self {
            enabled: false,
            schedule: "*/1 * * * *".parse().expect("a constant schedule"),
            paused: false,
            node_failure: NodeFailure::default(),
        }
    }
}

impl Default for NodeFailure {
    fn default() -> Self {
        Self {
            node: None,
            schedule: "*/10 * * * *".parse().expect("a constant schedule"),
            duration: "3m".parse().expect("a constant duration"),
        }
    }
}
