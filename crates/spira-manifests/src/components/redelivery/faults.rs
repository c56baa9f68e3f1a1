//! What faults may hit of it.

use std::collections::BTreeMap;

use crate::{
    Context,
    kit::chaos::{Pods, partners},
};

partners! {
    /// MongoDB.
    #[default]
    Mongodb => "mongodb",
    /// MinIO.
    Minio => "minio",
    /// NATS.
    Nats => "nats",
}

/// The pods that faults hit.
pub(super) fn pods(context: &Context) -> Pods<'static> {
    Pods {
        labels: context.pods_of("redelivery"),
        primary: BTreeMap::new(),
        container: "redelivery",
        data: "",
        looks_up: &["mongodb", "minio", "nats"],
    }
}
