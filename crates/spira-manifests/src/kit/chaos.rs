//! Faults that Chaos Mesh makes, the same for every component.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Cron;
use crate::{
    Context, Object,
    cr::chaos_mesh::{PodChaosSpec, PodSelector, Schedule, ScheduleSpec},
};

/// Faults of a component's pods. There are none unless `global.chaos.enabled`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Chaos {
    /// One pod, chosen at random, is killed again and again.
    pub pod_kill: PodKill,
}

/// One pod, chosen at random, is killed again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodKill {
    /// Whether it happens while `global.chaos.enabled`.
    pub enabled: bool,
    /// When; unset, `global.chaos.schedule`.
    pub schedule: Option<Cron>,
}

impl Default for PodKill {
    fn default() -> Self {
        Self {
            enabled: true,
            schedule: None,
        }
    }
}

impl Chaos {
    /// The schedules of the faults that are on, for the pods with these labels.
    #[must_use]
    pub fn schedules(&self, context: &Context, pods: BTreeMap<String, String>) -> Vec<Object> {
        let mut objects = Vec::new();
        if context.global.chaos.enabled && self.pod_kill.enabled {
            objects.push(Object::new(&self.pod_kill(context, pods)));
        }
        objects
    }

    /// The reference's schedule: one pod dies at a time, and what was done is kept (SPIRA contract A4).
    fn pod_kill(&self, context: &Context, pods: BTreeMap<String, String>) -> Schedule {
        let chaos = &context.global.chaos;
        let when = self.pod_kill.schedule.as_ref();
        Schedule {
            metadata: ObjectMeta {
                annotations: chaos
                    .paused
                    .then(|| BTreeMap::from([(PAUSE.to_owned(), "true".to_owned())])),
                // The longest name that Chaos Mesh can append to: 52 characters and these.
                ..context.meta(format!("{}-kill", context.fullname()))
            },
            spec: ScheduleSpec {
                schedule: when.unwrap_or(&chaos.schedule).to_string(),
                concurrency_policy: "Forbid".into(),
                history_limit: 1000,
                type_: "PodChaos".into(),
                pod_chaos: Some(PodChaosSpec {
                    action: "pod-kill".into(),
                    mode: "one".into(),
                    selector: PodSelector {
                        namespaces: vec![context.intrinsics().namespace()],
                        label_selectors: pods,
                    },
                }),
            },
        }
    }
}

/// What pauses a schedule.
const PAUSE: &str = "experiment.chaos-mesh.org/pause";
