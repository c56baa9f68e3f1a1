//! What faults may hit of it.

use std::collections::BTreeMap;

use crate::{
    Context,
    kit::chaos::{Pods, partners},
};

partners! {
    /// The API servers.
    #[default]
    ApiServer => "api-server",
    /// The inference servers.
    InferenceServer => "inference-server",
    /// Redelivery.
    Redelivery => "redelivery",
    /// Its own servers, among themselves.
    Nats => "nats",
}

/// The pods that faults hit.
pub(super) fn pods(context: &Context) -> Pods<'static> {
    Pods {
        labels: context.pods_of("nats"),
        primary: BTreeMap::new(),
        container: "nats",
        data: "",
        looks_up: &["nats"],
    }
}
