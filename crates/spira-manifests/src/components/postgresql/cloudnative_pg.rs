//! The cluster as `CloudNativePG` wants it.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{LocalObjectReference, ResourceRequirements},
    apimachinery::pkg::api::resource::Quantity,
};

use super::{Amounts, Values, meta, spread, storage_class};
use crate::{
    Context,
    cr::cloudnative_pg::{
        Affinity, Bootstrap, Cluster, ClusterSpec, Configuration, InitDb, Storage, Synchronous,
    },
    kit::non_empty,
};

/// The cluster.
#[must_use]
pub fn cluster(context: &Context, values: &Values) -> Cluster {
    let connection = &context.global.connections.postgresql;
    Cluster {
        metadata: meta(context, values),
        spec: ClusterSpec {
            instances: values.instances.get(),
            image_name: Some(format!(
                "ghcr.io/cloudnative-pg/postgresql:{}",
                values.version.as_str()
            )),
            image_pull_secrets: non_empty::<Vec<LocalObjectReference>>(
                &context.image_pull_secrets(),
            ),
            bootstrap: Some(Bootstrap {
                initdb: Some(InitDb {
                    database: Some(connection.database.to_string()),
                    owner: Some(connection.owner.to_string()),
                    secret: None,
                }),
            }),
            storage: Storage {
                size: values.size.to_string(),
                storage_class: storage_class(context, values),
            },
            postgresql: values.synchronous.then(|| Configuration {
                // As Patroni does it: commits go on when the last replica is gone.
                synchronous: Some(Synchronous {
                    method: "any".into(),
                    number: 1,
                    data_durability: Some("preferred".into()),
                }),
                ..Configuration::default()
            }),
            resources: Some(ResourceRequirements {
                requests: amounts(&values.resources.requests),
                limits: amounts(&values.resources.limits),
                ..ResourceRequirements::default()
            }),
            affinity: Some(Affinity {
                enable_pod_anti_affinity: Some(false),
                node_affinity: non_empty(&values.node_affinity),
                tolerations: non_empty(&values.tolerations),
                ..Affinity::default()
            }),
            topology_spread_constraints: Some(spread(context, values)),
            priority_class_name: values.priority_class_name.as_deref().map(str::to_owned),
            ..ClusterSpec::default()
        },
    }
}

fn amounts(values: &Amounts) -> Option<BTreeMap<String, Quantity>> {
    let mut amounts = BTreeMap::new();
    if let Some(cpu) = &values.cpu {
        amounts.insert("cpu".to_owned(), Quantity(cpu.to_string()));
    }
    if let Some(memory) = &values.memory {
        amounts.insert("memory".to_owned(), Quantity(memory.to_string()));
    }
    non_empty(&amounts)
}
