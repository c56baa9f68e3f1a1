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
    /// Redelivery.
    Redelivery => "redelivery",
    /// Its own members, among themselves.
    Mongodb => "mongodb",
}

/// The pods that faults hit.
pub(super) fn pods(context: &Context) -> Pods<'static> {
    Pods {
        labels: context.pods_of("mongodb"),
        primary: BTreeMap::new(),
        container: "mongod",
        data: "/data",
        looks_up: &["mongodb"],
    }
}
