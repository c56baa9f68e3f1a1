//! `postgresql.cnpg.io/v1`, the kind of `CloudNativePG` (read: 1.30).

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{
        LocalObjectReference, NodeAffinity, ResourceRequirements, Toleration,
        TopologySpreadConstraint,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::Serialize;

use super::Way;

/// A cluster of `PostgreSQL` servers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    /// Metadata. The primary is behind the Service `<name>-rw`, replicas are behind `<name>-ro`;
    /// the pods carry the label `cnpg.io/cluster: <name>`.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: ClusterSpec,
}

const WAYS: &[Way] = &[Way {
    from: "CloudNativePG",
    command: "helm install cnpg cloudnative-pg --repo https://cloudnative-pg.github.io/charts \\\n  \
              --namespace cnpg-system --create-namespace",
}];

super::custom_resource!(Cluster: "postgresql.cnpg.io" "v1", "Cluster" "clusters", WAYS);

/// What is wanted of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSpec {
    /// How many servers, the primary among them.
    pub instances: i32,
    /// The image, whose tag starts with the major version; absent, the operator's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// When the kubelet pulls it: `Always`, `IfNotPresent` or `Never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<String>,
    /// Secrets with credentials for the image's registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_secrets: Option<Vec<LocalObjectReference>>,
    /// What the cluster starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Bootstrap>,
    /// Each server's volume.
    pub storage: Storage,
    /// Configuration of the servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgresql: Option<Configuration>,
    /// CPU and memory of a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// On which nodes the servers run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// How the servers spread over the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,
    /// The priority class of the pods; absent, the cluster's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<String>,
    /// Labels and annotations of all that the operator makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherited_metadata: Option<super::ObjectLabels>,
    /// Whether there is a password for the superuser; absent, there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_superuser_access: Option<bool>,
}

/// What the cluster starts from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Bootstrap {
    /// A new, empty database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initdb: Option<InitDb>,
}

/// A new, empty database.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct InitDb {
    /// Its name; absent, `app`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Its owner; absent, the same as the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// A Secret with the owner's `username` and `password`; absent, the operator makes
    /// `<cluster>-app` with these keys and more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<LocalObjectReference>,
}

/// A server's volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// Its size, such as `1Gi`; it can only grow.
    pub size: String,
    /// Its storage class; absent, the cluster's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
}

/// Configuration of the servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Configuration {
    /// Parameters, such as `max_connections`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<BTreeMap<String, String>>,
    /// How replicas follow the primary; absent, a commit waits for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronous: Option<Synchronous>,
}

/// How replicas follow the primary.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Synchronous {
    /// Whether a commit waits for `any` replicas, or for the `first` of a list.
    pub method: String,
    /// How many replicas it waits for, at least 1.
    pub number: i32,
    /// `required`: writes stop where there are too few replicas; `preferred`: they go on. Absent,
    /// `required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_durability: Option<String>,
}

/// On which nodes the servers run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Affinity {
    /// Whether servers avoid each other; absent, they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_pod_anti_affinity: Option<bool>,
    /// What they avoid to share; absent, `kubernetes.io/hostname`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_key: Option<String>,
    /// `preferred` or `required`; absent, `preferred`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_anti_affinity_type: Option<String>,
    /// Rules on nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_affinity: Option<NodeAffinity>,
    /// Labels that a node must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// Taints of nodes that the servers bear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
}
