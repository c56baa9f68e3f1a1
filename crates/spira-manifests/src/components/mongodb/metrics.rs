//! Metrics of MongoDB: the operator's agent has an endpoint for them, which always asks for user and
//! password (SPIRA contract C2).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::SecretKeySelector;

use super::{USERNAME, Values, metrics_secret_name};
use crate::{
    Context,
    connections::PASSWORD,
    cr::prometheus::{BasicAuth, Endpoint, ServiceMonitor},
    kit::monitoring,
};

/// The monitor of the members. Their Service is the operator's, which gives it this label alone.
#[must_use]
pub fn service_monitor(context: &Context, values: &Values) -> ServiceMonitor {
    let service = format!("{}-svc", context.fullname());
    let endpoint = Endpoint {
        basic_auth: Some(BasicAuth {
            username: key(context, values, USERNAME),
            password: key(context, values, PASSWORD),
        }),
        ..monitoring::endpoint(context, "prometheus")
    };
    monitoring::service_monitor(
        context,
        context.fullname(),
        BTreeMap::from([("app".to_owned(), service)]),
        vec![endpoint],
    )
}

fn key(context: &Context, values: &Values, key: &str) -> SecretKeySelector {
    SecretKeySelector {
        name: metrics_secret_name(context, values),
        key: key.into(),
        optional: None,
    }
}
