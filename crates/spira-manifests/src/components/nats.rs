//! NATS.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Context, Object};

/// What it is.
pub const DESCRIPTION: &str = "NATS, the message broker between SPIRA's API and inference servers";
/// The version of NATS.
pub const APP_VERSION: &str = "2.15.2";

/// The values of `nats`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Values {
    /// Whether NATS is installed.
    pub enabled: bool,
    /// How many servers form the cluster.
    #[schemars(range(min = 0))]
    pub replicas: i32,
}

impl Default for Values {
    fn default() -> Self {
        Self { enabled: true, replicas: 3 }
    }
}

/// The objects of NATS.
#[must_use]
pub fn objects(context: &Context, _values: &Values) -> Vec<Object> {
    vec![Object::new(&service(context))]
}

/// The Service that clients connect to.
#[must_use]
pub fn service(context: &Context) -> Service {
    Service {
        metadata: context.meta(context.fullname()),
        spec: Some(ServiceSpec {
            selector: Some(context.selector_labels()),
            ports: Some(vec![ServicePort { name: Some("nats".into()), port: 4222, ..ServicePort::default() }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}
