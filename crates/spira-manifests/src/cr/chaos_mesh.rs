//! `chaos-mesh.org/v1alpha1`, Chaos Mesh: the fields of `Schedule` that SPIRA sets (SPIRA contract C6).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::Way;

/// Without the last two settings its daemon looks for Docker.
const WAYS: &[Way] = &[Way {
    from: "Chaos Mesh",
    command: "helm install chaos-mesh chaos-mesh --repo https://charts.chaos-mesh.org \\\n  \
              --namespace chaos-mesh --create-namespace --set chaosDaemon.runtime=containerd \\\n  \
              --set chaosDaemon.socketPath=/run/containerd/containerd.sock",
}];

super::custom_resource!(Schedule: "chaos-mesh.org" "v1alpha1", "Schedule" "schedules", WAYS);

/// A fault that is made again and again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Metadata. Chaos Mesh appends six characters to the name, which may have 63.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: ScheduleSpec,
}

/// What is wanted of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleSpec {
    /// When: five fields of cron, or `@every` and a duration.
    pub schedule: String,
    /// What becomes of a fault whose predecessor still lasts.
    pub concurrency_policy: String,
    /// How many past faults are kept; without it none is.
    pub history_limit: i32,
    /// The kind of the fault.
    #[serde(rename = "type")]
    pub type_: String,
    /// The fault, for the kind `PodChaos`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_chaos: Option<PodChaosSpec>,
}

/// A fault of pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodChaosSpec {
    /// What is done to them.
    pub action: String,
    /// How many of the selected pods it hits.
    pub mode: String,
    /// Which pods may be hit.
    pub selector: PodSelector,
}

/// Which pods may be hit.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSelector {
    /// In these namespaces.
    pub namespaces: Vec<String>,
    /// With these labels.
    pub label_selectors: BTreeMap<String, String>,
}
