//! `acid.zalan.do/v1`, the kind of Zalando's Postgres operator (read: 1.15.1 and 2.0.1; every
//! field below is in both, save one that says so).

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{ContainerPort, EnvVar, NodeAffinity, Toleration, TopologySpreadConstraint},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::Serialize;

use super::Way;

/// A cluster of `PostgreSQL` servers under Patroni.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Postgresql {
    /// Metadata. The name is that of the `StatefulSet` and of the primary's Service; replicas are
    /// behind `<name>-repl`. It has at most 58 characters.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: PostgresqlSpec,
}

const WAYS: &[Way] = &[Way {
    from: "Zalando's Postgres operator",
    command: "helm install postgres-operator postgres-operator \\\n  \
              --repo https://opensource.zalando.com/postgres-operator/charts/postgres-operator \\\n  \
              --namespace postgres-operator --create-namespace",
}];

super::custom_resource!(Postgresql: "acid.zalan.do" "v1", "postgresql" "postgresqls", WAYS);

/// What is wanted of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostgresqlSpec {
    /// The team that it belongs to: the pods' label `team`.
    pub team_id: String,
    /// How many servers, the primary among them.
    pub number_of_instances: i32,
    /// The image (Spilo); absent, the operator's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_image: Option<String>,
    /// The version and its parameters.
    pub postgresql: PostgresqlVersion,
    /// Each server's volume.
    pub volume: Volume,
    /// The users, and what each may do in the whole cluster, such as `createdb`. Each gets a
    /// Secret `<user>.<cluster>.credentials.postgresql.acid.zalan.do`, its underscores as dashes,
    /// with the keys `username` and `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<BTreeMap<String, Vec<String>>>,
    /// The databases, each with its owner, who must be among the users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub databases: Option<BTreeMap<String, String>>,
    /// How replicas follow the primary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patroni: Option<Patroni>,
    /// CPU and memory of a server; absent, the operator's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Environment variables of the servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<EnvVar>>,
    /// More containers beside a server. The operator adds `POD_NAME`, `POD_NAMESPACE`,
    /// `POSTGRES_USER` and `POSTGRES_PASSWORD`, the superuser's, to their environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sidecars: Option<Vec<Sidecar>>,
    /// Rules on which nodes the servers run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_affinity: Option<NodeAffinity>,
    /// Taints of nodes that the servers bear. An operator is `Equal` or `Exists`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
    /// How the servers spread over the cluster. **Operator 2.0 only**: the definition of 1.15
    /// lacks the field, and its operator spreads pods by its own `enable_pod_antiaffinity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,
    /// The priority class of the pods; absent, the operator's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_priority_class_name: Option<String>,
    /// Annotations of the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_annotations: Option<BTreeMap<String, String>>,
    /// Annotations of the Services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_annotations: Option<BTreeMap<String, String>>,
    /// The user that the servers run as; absent, the image's own.
    #[serde(rename = "spiloRunAsUser", skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<i64>,
    /// The group that the servers run as; absent, the image's own.
    #[serde(rename = "spiloRunAsGroup", skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<i64>,
    /// The group that owns the volumes; absent, none is set.
    #[serde(rename = "spiloFSGroup", skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<i64>,
}

/// The version and its parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PostgresqlVersion {
    /// The major version. Both operators know `14` to `17`; 1.15 knows `13` too, 2.0 `18`.
    pub version: String,
    /// Parameters of the servers, such as `max_connections`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<BTreeMap<String, String>>,
}

/// A server's volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// Its size, such as `1Gi`.
    pub size: String,
    /// Its storage class; absent, the cluster's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
}

/// How replicas follow the primary.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Patroni {
    /// Whether a commit waits until a replica has it; absent, it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronous_mode: Option<bool>,
    /// Whether writes stop where no replica is left to wait for; absent, they go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronous_mode_strict: Option<bool>,
    /// How many replicas a commit waits for; absent, 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronous_node_count: Option<i32>,
    /// Whether the primary goes on while Kubernetes' API is away, as long as it reaches all
    /// replicas; absent, it steps down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failsafe_mode: Option<bool>,
}

/// CPU and memory: the definition has fields for no other resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Resources {
    /// What the scheduler sets aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Amounts>,
    /// What may be used at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Amounts>,
}

/// Amounts of CPU and memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Amounts {
    /// CPU: `100m`, or a number of at most three decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory, such as `500Mi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
}

/// A container beside a server.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sidecar {
    /// The container's name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Its ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<ContainerPort>>,
    /// Its environment variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<EnvVar>>,
    /// Its CPU and memory; absent, the operator's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}
