//! Pools of servers.

use k8s_openapi::{
    api::core::v1::{Affinity, ResourceRequirements, Toleration, TopologySpreadConstraint},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

use super::Values;
use crate::{
    Context,
    cr::minio,
    kit::{
        NodeSelector, ObjectName, PoolName, Positive, StorageSize, non_empty, security, volumes,
    },
};

/// Servers of one size. Helm does not merge lists: a pool that you write replaces the default one
/// whole, so say all that it shall have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "if" = { "properties": { "servers": { "enum": [2, 3] } } },
    "then" = { "properties": { "volumesPerServer": { "minimum": 2 } } },
))]
pub struct Pool {
    /// Its name, unique among the pools and never to be changed. The servers are called
    /// `<release>-minio-<name>-0` and so on: with a release name of more than 39 characters,
    /// shorten what comes before the pool's name by `global.fullnameOverrides.minio`.
    pub name: PoolName,
    /// How many servers. Never to be changed.
    pub servers: Positive,
    /// How many volumes each server has: with two or three servers at least two. Never to be
    /// changed.
    pub volumes_per_server: Positive,
    /// The size of each volume.
    pub size: StorageSize,
    /// The storage class of the volumes; unset, `global.storageClass`.
    pub storage_class: Option<ObjectName>,
    /// CPU and memory that a server is given and may use.
    #[serde(default)]
    pub resources: ResourceRequirements,
    /// Labels that a node must have to run the servers.
    #[serde(default)]
    pub node_selector: NodeSelector,
    /// Taints of nodes that the servers bear.
    #[serde(default)]
    pub tolerations: Vec<Toleration>,
    /// Rules on which nodes, and beside which pods, the servers run.
    #[serde(default)]
    pub affinity: Affinity,
    /// How the servers spread over the cluster; empty, over nodes, as far as there is room.
    #[serde(default)]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
}

impl Default for Pool {
    fn default() -> Self {
        let valid = "a component's default is a constant that its tests read";
        Self {
            name: "pool-0".parse().expect(valid),
            servers: Positive::try_from(3).expect(valid),
            volumes_per_server: Positive::try_from(2).expect(valid),
            size: "10Gi".parse().expect(valid),
            storage_class: None,
            resources: security::resources(
                &[("cpu", "250m"), ("memory", "1Gi")],
                &[("memory", "2Gi")],
            ),
            node_selector: NodeSelector::default(),
            tolerations: Vec::new(),
            affinity: Affinity::default(),
            topology_spread_constraints: Vec::new(),
        }
    }
}

/// Reads pools and refuses what the operator would (SPIRA contract C1).
pub(super) fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Pool>, D::Error> {
    let pools = Vec::<Pool>::deserialize(from)?;
    if pools.is_empty() {
        return Err(D::Error::custom("pools: there must be at least one"));
    }
    for (at, pool) in pools.iter().enumerate() {
        let (servers, volumes) = (pool.servers.get(), pool.volumes_per_server.get());
        if matches!(servers, 2 | 3) && volumes < 2 {
            return Err(D::Error::custom(format!(
                "pools[{at}].volumesPerServer: {volumes} is not enough for {servers} servers, which need 2 volumes each"
            )));
        }
    }
    Ok(pools)
}

pub(super) fn pool(context: &Context, values: &Values, pool: &Pool) -> minio::Pool {
    let class = pool.storage_class.as_deref();
    minio::Pool {
        name: pool.name.to_string(),
        servers: pool.servers.get(),
        volumes_per_server: pool.volumes_per_server.get(),
        volume_claim_template: volumes::claim(
            "data",
            pool.size.to_string(),
            class.or(context.global.storage_class.as_deref()),
        ),
        resources: non_empty(&pool.resources),
        node_selector: non_empty(&*pool.node_selector),
        affinity: non_empty(&pool.affinity),
        tolerations: non_empty(&pool.tolerations),
        topology_spread_constraints: Some(spread(context, pool)),
        security_context: non_empty(&values.pod_security_context),
        container_security_context: non_empty(&values.security_context),
    }
}

fn spread(context: &Context, pool: &Pool) -> Vec<TopologySpreadConstraint> {
    if !pool.topology_spread_constraints.is_empty() {
        return pool.topology_spread_constraints.clone();
    }
    let mut labels = context.selector_labels();
    labels.insert("v1.min.io/pool".into(), pool.name.to_string());
    vec![TopologySpreadConstraint {
        label_selector: Some(LabelSelector {
            match_labels: Some(labels),
            ..LabelSelector::default()
        }),
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".into(),
        // Soft, so that a cluster with fewer nodes than servers still runs them all.
        when_unsatisfiable: "ScheduleAnyway".into(),
        ..TopologySpreadConstraint::default()
    }]
}
