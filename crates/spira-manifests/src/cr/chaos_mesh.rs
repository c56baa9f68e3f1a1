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
    /// The fault, for the kind `NetworkChaos`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_chaos: Option<NetworkChaosSpec>,
    /// The fault, for the kind `StressChaos`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stress_chaos: Option<StressChaosSpec>,
    /// The fault, for the kind `DNSChaos`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_chaos: Option<DnsChaosSpec>,
    /// The fault, for the kind `TimeChaos`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_chaos: Option<TimeChaosSpec>,
    /// The fault, for the kind `IOChaos`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_chaos: Option<IoChaosSpec>,
}

/// Which pods may be hit.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSelector {
    /// In these namespaces.
    pub namespaces: Vec<String>,
    /// With these labels.
    pub label_selectors: BTreeMap<String, String>,
    /// On these nodes; empty, on any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
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
    /// Which of their containers; empty, the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub container_names: Vec<String>,
    /// How long it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
}

/// A fault of the network between pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkChaosSpec {
    /// What is done to packets.
    pub action: String,
    /// How many of the selected pods it hits.
    pub mode: String,
    /// Which pods may be hit.
    pub selector: PodSelector,
    /// Whether to, from, or to and from the target.
    pub direction: String,
    /// The pods at the other end.
    pub target: NetworkTarget,
    /// How long packets are held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
    /// How many packets are dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// How long it lasts.
    pub duration: String,
}

/// The pods at the other end of a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NetworkTarget {
    /// How many of them.
    pub mode: String,
    /// Which.
    pub selector: PodSelector,
}

/// How long packets are held back.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Delay {
    /// How long: a number and one unit.
    pub latency: String,
    /// By how much that varies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<String>,
}

/// How many packets are dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Loss {
    /// Percent, as text.
    pub loss: String,
}

/// A lack of CPU or memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StressChaosSpec {
    /// How many of the selected pods it hits.
    pub mode: String,
    /// Which pods may be hit.
    pub selector: PodSelector,
    /// Which of their containers; empty, the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub container_names: Vec<String>,
    /// What is used up.
    pub stressors: Stressors,
    /// How long it lasts.
    pub duration: String,
}

/// What is used up.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stressors {
    /// CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuStressor>,
    /// Memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryStressor>,
}

/// Use of CPU.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CpuStressor {
    /// How many threads.
    pub workers: i32,
    /// How busy each is, in percent.
    pub load: i32,
}

/// Use of memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MemoryStressor {
    /// How many processes.
    pub workers: i32,
    /// How much all take together.
    pub size: String,
}

/// A fault of name resolution.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DnsChaosSpec {
    /// What is answered.
    pub action: String,
    /// How many of the selected pods it hits.
    pub mode: String,
    /// Which pods may be hit.
    pub selector: PodSelector,
    /// Which of their containers; empty, the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub container_names: Vec<String>,
    /// Which names; `*` may only stand at the end.
    pub patterns: Vec<String>,
    /// How long it lasts.
    pub duration: String,
}

/// A clock that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeChaosSpec {
    /// How many of the selected pods it hits.
    pub mode: String,
    /// Which pods may be hit.
    pub selector: PodSelector,
    /// Which of their containers; empty, the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub container_names: Vec<String>,
    /// By how much, with its sign.
    pub time_offset: String,
    /// How long it lasts.
    pub duration: String,
}

/// A fault of a volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IoChaosSpec {
    /// What is done to operations.
    pub action: String,
    /// How many of the selected pods it hits.
    pub mode: String,
    /// Which pods may be hit.
    pub selector: PodSelector,
    /// Which of their containers; empty, the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub container_names: Vec<String>,
    /// Where the volume is mounted.
    pub volume_path: String,
    /// Which operations; empty, all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// How many of them, in percent.
    pub percent: i32,
    /// How long they are held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
    /// The number of the error that they fail with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// How long it lasts.
    pub duration: String,
}
