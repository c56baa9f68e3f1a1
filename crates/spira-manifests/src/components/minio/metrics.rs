//! Metrics of MinIO, which every server has: of the whole, and of itself.

use k8s_openapi::api::core::v1::EnvVar;

use crate::{
    Context,
    cr::prometheus::{Endpoint, Relabeling, ServiceMonitor},
    kit::{env::literal, monitoring},
};

/// The name that the operator gives the port of its Service, as long as there is no TLS.
const PORT_NAME: &str = "http-minio";

/// Lets metrics be read without a token, which MinIO would sign with the root user's password.
pub(super) fn public() -> Vec<EnvVar> {
    vec![literal("MINIO_PROMETHEUS_AUTH_TYPE", "public")]
}

/// The monitor of the servers. Every server tells of the whole too, all servers' metrics among it:
/// of that only what concerns the whole is kept, and of its own the rest.
#[must_use]
pub fn service_monitor(context: &Context) -> ServiceMonitor {
    monitoring::service_monitor(
        context,
        context.fullname(),
        context.selector_labels(),
        vec![
            monitoring::keeping(
                endpoint(context, "/minio/v2/metrics/cluster"),
                "minio_(cluster|heal|usage)_.+",
            ),
            monitoring::dropping(
                endpoint(context, "/minio/v2/metrics/node"),
                "minio_cluster_.+",
            ),
        ],
    )
}

// Two paths are two targets at one address: the label tells them apart.
fn endpoint(context: &Context, path: &str) -> Endpoint {
    let endpoint = monitoring::endpoint(context, PORT_NAME);
    let mut changes = endpoint.relabelings.unwrap_or_default();
    changes.push(Relabeling {
        source_labels: Some(vec!["__metrics_path__".into()]),
        target_label: Some("metrics_path".into()),
        ..Relabeling::default()
    });
    Endpoint {
        path: Some(path.into()),
        relabelings: Some(changes),
        ..endpoint
    }
}
