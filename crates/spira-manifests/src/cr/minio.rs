//! `minio.min.io/v2`, the MinIO operator's kind (read: operator v7.1.1).

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{
        Affinity, EnvVar, LocalObjectReference, PersistentVolumeClaim, PodSecurityContext,
        ResourceRequirements, SecurityContext, Toleration, TopologySpreadConstraint,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::Serialize;

use super::Way;

/// A cluster of MinIO servers. A namespace holds one at most, since its Service is called `minio`
/// whatever the tenant's own name is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tenant {
    /// Metadata. The name starts those of the `StatefulSet`s (`<tenant>-<pool>`), of the headless
    /// Service (`<tenant>-hl`) and of the console's Service (`<tenant>-console`).
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: TenantSpec,
}

const WAYS: &[Way] = &[Way {
    from: "the MinIO operator",
    command: "helm install minio-operator operator --repo https://operator.min.io \\\n  \
              --namespace minio-operator --create-namespace",
}];

super::custom_resource!(Tenant: "minio.min.io" "v2", "Tenant" "tenants", WAYS);

/// What is wanted of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantSpec {
    /// The servers' image; absent, the one that the operator was built with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// When the kubelet pulls it: `Always`, `IfNotPresent` or `Never`; absent, `IfNotPresent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<String>,
    /// The Secret with credentials for the image's registry; the operator takes one only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_secret: Option<LocalObjectReference>,
    /// The Secret whose key `config.env` holds shell lines that export the root user's name
    /// (`MINIO_ROOT_USER`) and password (`MINIO_ROOT_PASSWORD`). A change restarts all servers.
    pub configuration: LocalObjectReference,
    /// Environment variables of the servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<EnvVar>>,
    /// The pools of servers. A pool can be added later, but neither changed in size nor, before
    /// it was decommissioned, removed.
    pub pools: Vec<Pool>,
    /// Labels and annotations of the pods of every pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pools_metadata: Option<super::ObjectLabels>,
    /// Buckets that the operator makes once the servers are healthy. Those that are there already
    /// are left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buckets: Option<Vec<Bucket>>,
    /// Whether the operator issues a certificate and the servers speak TLS; absent, they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_auto_cert: Option<bool>,
    /// Labels of the Services; absent, they have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_metadata: Option<ServiceMetadata>,
    /// In which order pods come and go: `Parallel` or `OrderedReady`; absent, `Parallel`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_management_policy: Option<String>,
    /// The priority class of the pods; absent, the cluster's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class_name: Option<String>,
}

/// Servers of one size.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    /// The name, unique in the tenant: that of the `StatefulSet` ends in it.
    pub name: String,
    /// How many servers; the API server refuses to change it.
    pub servers: i32,
    /// How many volumes each server has; the API server refuses to change it. Two or three
    /// servers need at least two each.
    pub volumes_per_server: i32,
    /// Each volume's claim: its name is `<name of this><number>-<tenant>-<pool>-<ordinal>`. It
    /// must have access modes and a request for storage.
    pub volume_claim_template: PersistentVolumeClaim,
    /// CPU and memory of a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Labels that a node must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// Rules on which nodes, and beside which pods, the servers run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// Taints of nodes that the servers bear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
    /// How the servers spread over the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,
    /// The security context of the pods; absent, user, group and volumes' group 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<PodSecurityContext>,
    /// The security context of all containers, those of the operator's own included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_security_context: Option<SecurityContext>,
}

/// A bucket.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Bucket {
    /// Its name.
    pub name: String,
}

/// Labels of the Services.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceMetadata {
    /// Labels of the Service `minio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minio_service_labels: Option<BTreeMap<String, String>>,
}
