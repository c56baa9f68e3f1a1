//! The cluster as Zalando's Postgres operator wants it.
//!
//! Its definition of version 1.15 knows no spread over nodes: there the operator's own setting
//! `enable_pod_antiaffinity` does it, for all its clusters.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ContainerPort;

use super::{Amounts, METRICS_PORT, Values, meta, storage_class};
use crate::{
    Context,
    cr::zalando::{self, Patroni, Postgresql, PostgresqlSpec, PostgresqlVersion, Sidecar, Volume},
    kit::{env::literal, monitoring, non_empty},
};

/// The team that the operator asks for; it is a label of the pods and nothing else.
const TEAM: &str = "spira";
/// The user and group of Spilo's `postgres`.
const USER: i64 = 101;
const GROUP: i64 = 103;

/// The cluster.
#[must_use]
pub fn postgresql(context: &Context, values: &Values) -> Postgresql {
    let connection = &context.global.connections.postgresql;
    Postgresql {
        metadata: meta(context, values),
        spec: PostgresqlSpec {
            team_id: TEAM.into(),
            number_of_instances: values.instances.get(),
            postgresql: PostgresqlVersion {
                version: values.version.as_str().into(),
                parameters: None,
            },
            volume: Volume {
                size: values.size.to_string(),
                storage_class: storage_class(context, values),
            },
            users: Some(BTreeMap::from([(connection.owner.to_string(), Vec::new())])),
            databases: Some(BTreeMap::from([(
                connection.database.to_string(),
                connection.owner.to_string(),
            )])),
            patroni: Some(Patroni {
                synchronous_mode: Some(values.synchronous),
                ..Patroni::default()
            }),
            resources: Some(zalando::Resources {
                requests: Some(amounts(&values.resources.requests)),
                limits: Some(amounts(&values.resources.limits)),
            }),
            sidecars: monitoring::metrics(context, values.metrics.enabled)
                .then(|| vec![exporter(context, values)]),
            node_affinity: non_empty(&values.node_affinity),
            tolerations: non_empty(&values.tolerations),
            pod_priority_class_name: values.priority_class_name.as_deref().map(str::to_owned),
            run_as_user: Some(USER),
            run_as_group: Some(GROUP),
            fs_group: Some(GROUP),
            ..PostgresqlSpec::default()
        },
    }
}

// The operator gives every sidecar the superuser's name and password. Spilo lets nobody in
// without TLS but from the pod itself.
fn exporter(context: &Context, values: &Values) -> Sidecar {
    Sidecar {
        name: "exporter".into(),
        image: context.image(&values.metrics.image),
        ports: Some(vec![ContainerPort {
            name: Some("metrics".into()),
            container_port: METRICS_PORT,
            ..ContainerPort::default()
        }]),
        env: Some(vec![
            literal("DATA_SOURCE_URI", "127.0.0.1:5432/postgres?sslmode=disable"),
            literal("DATA_SOURCE_USER", "$(POSTGRES_USER)"),
            literal("DATA_SOURCE_PASS", "$(POSTGRES_PASSWORD)"),
        ]),
        resources: Some(zalando::Resources {
            requests: Some(small("10m", "32Mi")),
            limits: Some(small("100m", "128Mi")),
        }),
    }
}

fn amounts(values: &Amounts) -> zalando::Amounts {
    zalando::Amounts {
        cpu: values.cpu.as_deref().map(str::to_owned),
        memory: values.memory.as_deref().map(str::to_owned),
    }
}

fn small(cpu: &str, memory: &str) -> zalando::Amounts {
    zalando::Amounts {
        cpu: Some(cpu.into()),
        memory: Some(memory.into()),
    }
}
