//! Metrics of NATS: an exporter beside each server, which turns the answers of its monitoring
//! endpoint into Prometheus's format.

use k8s_openapi::api::core::v1::{Container, ContainerPort, ResourceRequirements};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MONITOR_PORT;
use crate::{
    Context,
    cr::prometheus::{Endpoint, PodMonitor, Relabeling},
    kit::{Image, PullPolicy, monitoring, non_empty, security},
};

/// The port of the metrics.
pub(super) const PORT: i32 = 7777;
/// Its name.
const PORT_NAME: &str = "metrics";

/// Metrics for Prometheus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricsValues {
    /// Whether an exporter runs beside each server, also without `global.monitoring.enabled`, which
    /// includes it.
    pub enabled: bool,
    /// The image of the exporter.
    pub image: Image,
    /// CPU and memory that it is given and may use.
    pub resources: ResourceRequirements,
}

impl Default for MetricsValues {
    fn default() -> Self {
        let valid = "a constant that the tests read";
        Self {
            enabled: false,
            image: Image {
                registry: None,
                repository: "natsio/prometheus-nats-exporter".parse().expect(valid),
                tag: Some("0.20.1".parse().expect(valid)),
                digest: None,
                pull_policy: PullPolicy::IfNotPresent,
            },
            resources: security::resources(
                &[("cpu", "10m"), ("memory", "32Mi")],
                &[("memory", "128Mi")],
            ),
        }
    }
}

/// The exporter. It has no probe: a server must not be out of service because its metrics are.
pub(super) fn container(context: &Context, values: &MetricsValues) -> Container {
    Container {
        name: "exporter".into(),
        image: Some(context.image(&values.image)),
        image_pull_policy: Some(values.image.pull_policy.as_str().into()),
        args: Some(vec![
            format!("-port={PORT}"),
            // Otherwise each name would begin with `gnatsd`, as NATS was called.
            "-prefix=nats".into(),
            // The server's name is the pod's and stays; its id is another at each start.
            "-use_internal_server_name".into(),
            "-varz".into(),
            // With the address of each client, which tells who listens.
            "-connz_detailed".into(),
            "-routez".into(),
            "-subz".into(),
            "-healthz".into(),
            format!("http://127.0.0.1:{MONITOR_PORT}/"),
        ]),
        ports: Some(vec![ContainerPort {
            name: Some(PORT_NAME.into()),
            container_port: PORT,
            ..ContainerPort::default()
        }]),
        resources: non_empty(&values.resources),
        ..Container::default()
    }
}

/// The monitor of the servers.
#[must_use]
pub fn pod_monitor(context: &Context) -> PodMonitor {
    monitoring::pod_monitor(
        context,
        context.fullname(),
        context.selector_labels(),
        vec![endpoint(context)],
    )
}

// Of a connection only what tells whose it is and what it does. `cid` keeps two connections of one
// pod apart.
fn endpoint(context: &Context) -> Endpoint {
    let endpoint = monitoring::dropping(
        monitoring::endpoint(context, PORT_NAME),
        "nats_connz_(idle|last_activity|rtt|start|uptime)",
    );
    let mut changes = endpoint.metric_relabelings.unwrap_or_default();
    changes.push(Relabeling {
        regex: Some("account|account_id|kind|lang|name_tag|port|tls_.+|type|version".into()),
        action: Some("labeldrop".into()),
        ..Relabeling::default()
    });
    Endpoint {
        metric_relabelings: Some(changes),
        ..endpoint
    }
}
