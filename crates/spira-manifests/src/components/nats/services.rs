//! The Services of NATS.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{CLUSTER_PORT, MONITOR_PORT};
use crate::Context;

/// The Service that gives each server a name of its own. It names servers that are not ready
/// too: they become ready only once they have found each other.
#[must_use]
pub fn headless_service(context: &Context) -> Service {
    Service {
        metadata: context.meta(headless_name(context)),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".into()),
            publish_not_ready_addresses: Some(true),
            selector: Some(context.selector_labels()),
            ports: Some(vec![
                port("nats", context.nats().port),
                port("cluster", CLUSTER_PORT),
                port("monitor", MONITOR_PORT),
            ]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// The Service that clients connect to.
#[must_use]
pub fn service(context: &Context) -> Service {
    Service {
        metadata: context.meta(context.fullname()),
        spec: Some(ServiceSpec {
            selector: Some(context.selector_labels()),
            ports: Some(vec![port("nats", context.nats().port)]),
            type_: Some("ClusterIP".into()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// The name of the headless Service.
pub(super) fn headless_name(context: &Context) -> String {
    format!("{}-headless", context.fullname())
}

fn port(name: &str, number: u16) -> ServicePort {
    ServicePort {
        name: Some(name.into()),
        port: number.into(),
        target_port: Some(IntOrString::String(name.into())),
        ..ServicePort::default()
    }
}
