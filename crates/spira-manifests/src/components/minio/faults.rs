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
    /// MLflow.
    Mlflow => "mlflow",
    /// Redelivery.
    Redelivery => "redelivery",
    /// Its own servers, among themselves.
    Minio => "minio",
}

/// The pods that faults hit.
pub(super) fn pods(context: &Context) -> Pods<'static> {
    Pods {
        labels: context.pods_of("minio"),
        primary: BTreeMap::new(),
        container: "minio",
        // The first of several volumes; a single one would be at `/export`.
        data: "/export0",
        looks_up: &["minio"],
    }
}
