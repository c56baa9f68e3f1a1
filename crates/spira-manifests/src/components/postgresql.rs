//! `PostgreSQL`, where MLflow keeps its runs and its registry: a cluster that an operator runs.
//!
//! Which operator is `global.connections.postgresql.operator`, since MLflow must know it too. The
//! database and its owner are declared in the cluster's resource, so there is no step by hand, and
//! the operator makes the owner's password (SPIRA contract C3).

pub mod cloudnative_pg;
pub mod dashboard;
pub mod faults;
pub mod metrics;
pub mod rules;
pub mod zalando;

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{NodeAffinity, Toleration, TopologySpreadConstraint},
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::metrics::metrics_service;
use crate::{
    Context, Object,
    global::PostgresqlOperator,
    kit::{
        CpuQuantity, ExtraObject, Image, Instances, MemoryQuantity, ObjectName, PrimaryChaos,
        PullPolicy, StorageSize, kept, monitoring,
    },
    wiring::Traffic,
};

/// What it is.
pub const DESCRIPTION: &str = "PostgreSQL, where MLflow keeps its registry, as a cluster of Zalando's operator or CloudNativePG";
/// The version of `PostgreSQL`: the default of `version`.
pub const APP_VERSION: &str = "17";

/// The port of the metrics, both of the sidecar and of `CloudNativePG`'s own.
const METRICS_PORT: i32 = 9187;

/// The values of `postgresql`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Values {
    /// Whether PostgreSQL is installed; where it is not, `global.connections.postgresql` names
    /// another one.
    pub enabled: bool,
    /// How many servers run: a primary and its replicas.
    pub instances: Instances,
    /// The major version.
    pub version: Version,
    /// Whether a commit waits until a replica has it too, as long as there is a replica. Turn it
    /// off for a single server of CloudNativePG, which refuses it.
    pub synchronous: bool,
    /// The size of each server's volume.
    pub size: StorageSize,
    /// The storage class of the volumes; unset, `global.storageClass`.
    pub storage_class: Option<ObjectName>,
    /// CPU and memory that a server is given and may use.
    pub resources: Resources,
    /// Taints of nodes that the servers bear.
    pub tolerations: Vec<Toleration>,
    /// Rules on which nodes the servers run.
    pub node_affinity: NodeAffinity,
    /// How the servers of CloudNativePG spread over the cluster; empty, over nodes, as far as there
    /// is room. Zalando's operator 1.15 knows no such rules: its own setting
    /// `enable_pod_antiaffinity` keeps servers on nodes of their own.
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// The priority class of the pods.
    pub priority_class_name: Option<ObjectName>,
    /// Metrics for Prometheus.
    pub metrics: Metrics,
    /// Whether the cluster stays when the release is uninstalled.
    pub keep: bool,
    /// More objects to install, as they are; each has an `apiVersion`, a `kind` and a
    /// `metadata.name`.
    pub extra_objects: Vec<ExtraObject>,
    /// Faults of the pods.
    pub chaos: PrimaryChaos<faults::Partner>,
}

/// The major versions that Zalando's operator 1.15 and 2.0 both know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Version {
    /// 14.
    #[serde(rename = "14")]
    V14,
    /// 15.
    #[serde(rename = "15")]
    V15,
    /// 16.
    #[serde(rename = "16")]
    V16,
    /// 17.
    #[serde(rename = "17")]
    V17,
}

impl Version {
    fn as_str(self) -> &'static str {
        match self {
            Self::V14 => "14",
            Self::V15 => "15",
            Self::V16 => "16",
            Self::V17 => "17",
        }
    }
}

/// CPU and memory that a server is given and may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// What it is given.
    pub requests: Amounts,
    /// What it may use.
    pub limits: Amounts,
}

/// An amount of CPU and of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Amounts {
    /// CPU; unset, the operator's default.
    pub cpu: Option<CpuQuantity>,
    /// Memory; unset, the operator's default.
    pub memory: Option<MemoryQuantity>,
}

/// Metrics for Prometheus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metrics {
    /// Whether there is a Service with the metrics, also without `global.monitoring.enabled`, which
    /// includes it. Under Zalando's operator a sidecar with
    /// `image` makes them; CloudNativePG has its own.
    pub enabled: bool,
    /// The image of the sidecar.
    pub image: Image,
}

impl Default for Values {
    fn default() -> Self {
        let valid = "a component's default is a constant that its tests read";
        let amounts = |cpu: &str, memory: &str| Amounts {
            cpu: Some(cpu.parse().expect(valid)),
            memory: Some(memory.parse().expect(valid)),
        };
        Self {
            enabled: true,
            instances: Instances::try_from(3).expect(valid),
            version: Version::V17,
            synchronous: true,
            size: "1Gi".parse().expect(valid),
            storage_class: None,
            resources: Resources {
                requests: amounts("100m", "256Mi"),
                limits: amounts("1", "512Mi"),
            },
            tolerations: Vec::new(),
            node_affinity: NodeAffinity::default(),
            topology_spread_constraints: Vec::new(),
            priority_class_name: None,
            metrics: Metrics {
                enabled: false,
                image: Image {
                    registry: Some("quay.io".parse().expect(valid)),
                    repository: "prometheuscommunity/postgres-exporter"
                        .parse()
                        .expect(valid),
                    tag: Some("v0.17.1".parse().expect(valid)),
                    digest: None,
                    pull_policy: PullPolicy::IfNotPresent,
                },
            },
            keep: true,
            extra_objects: Vec::new(),
            chaos: PrimaryChaos::default(),
        }
    }
}

/// The objects of `PostgreSQL`.
#[must_use]
pub fn objects(context: &Context, values: &Values) -> Vec<Object> {
    let mut objects = match context.global.connections.postgresql.operator {
        PostgresqlOperator::Zalando => vec![Object::new(&zalando::postgresql(context, values))],
        PostgresqlOperator::CloudnativePg => {
            vec![Object::new(&cloudnative_pg::cluster(context, values))]
        }
    };
    objects.extend(context.network_policies(&context.fullname(), &traffic(context, values)));
    if monitoring::metrics(context, values.metrics.enabled) {
        objects.push(Object::new(&metrics_service(context)));
    }
    if monitoring::monitors(context) {
        objects.push(Object::new(&metrics::service_monitor(context)));
    }
    if monitoring::rules(context) {
        objects.push(Object::new(&rules::prometheus_rule(context, values)));
    }
    if monitoring::has_dashboards(context) {
        objects.push(Object::new(&dashboard::dashboard(context)));
    }
    objects.extend(values.chaos.schedules(context, &faults::pods(context)));
    objects.extend(values.extra_objects.iter().map(ExtraObject::to_object));
    objects
}

fn traffic(context: &Context, values: &Values) -> Traffic<'static> {
    Traffic {
        metrics: monitoring::metrics(context, values.metrics.enabled).then_some(METRICS_PORT),
        faulty_names: values.chaos.dns.enabled,
        ..Traffic::default()
    }
}

/// The labels of the servers' pods.
fn pod_labels(context: &Context) -> BTreeMap<String, String> {
    context.pods_of("postgresql")
}

fn meta(context: &Context, values: &Values) -> ObjectMeta {
    kept(context.meta(context.fullname()), values.keep)
}

fn storage_class(context: &Context, values: &Values) -> Option<String> {
    values
        .storage_class
        .as_deref()
        .or(context.global.storage_class.as_deref())
        .map(str::to_owned)
}

fn spread(context: &Context, values: &Values) -> Vec<TopologySpreadConstraint> {
    if !values.topology_spread_constraints.is_empty() {
        return values.topology_spread_constraints.clone();
    }
    // Soft, so that a cluster with fewer nodes than servers still runs them all.
    vec![TopologySpreadConstraint {
        label_selector: Some(LabelSelector {
            match_labels: Some(pod_labels(context)),
            ..LabelSelector::default()
        }),
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".into(),
        when_unsatisfiable: "ScheduleAnyway".into(),
        ..TopologySpreadConstraint::default()
    }]
}
