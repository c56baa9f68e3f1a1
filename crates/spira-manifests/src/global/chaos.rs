//! Faults, as far as all components have them in common.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kit::Cron;

/// Faults that Chaos Mesh makes, to see what SPIRA bears.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChaosMesh {
    /// Whether there are any. The cluster must have Chaos Mesh.
    pub enabled: bool,
    /// When, for faults that do not say it themselves. The default is the reference's: each minute
    /// one pod of each component dies.
    pub schedule: Cron,
    /// Whether all of them are paused.
    pub paused: bool,
}

impl Default for ChaosMesh {
    fn default() -> Self {
        Self {
            enabled: false,
            schedule: "*/1 * * * *".parse().expect("a constant schedule"),
            paused: false,
        }
    }
}
