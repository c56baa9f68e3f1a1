//! Metrics of `PostgreSQL`: Zalando's clusters have a sidecar for them, `CloudNativePG`'s their own.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};

use super::{METRICS_PORT, pod_labels};
use crate::{Context, cr::prometheus::ServiceMonitor, kit::monitoring};

/// The name of the port.
const PORT_NAME: &str = "metrics";

/// The Service from which Prometheus reads the metrics of every server.
#[must_use]
pub fn metrics_service(context: &Context) -> Service {
    Service {
        metadata: context.meta(format!("{}-metrics", context.fullname())),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".into()),
            ports: Some(vec![ServicePort {
                name: Some(PORT_NAME.into()),
                port: METRICS_PORT,
                ..ServicePort::default()
            }]),
            selector: Some(pod_labels(context)),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// The monitor of the servers. The operators' own Services have other labels.
#[must_use]
pub fn service_monitor(context: &Context) -> ServiceMonitor {
    monitoring::service_monitor(
        context,
        context.fullname(),
        context.selector_labels(),
        vec![monitoring::endpoint(context, PORT_NAME)],
    )
}
