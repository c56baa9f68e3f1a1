//! What faults may hit of it.

use std::collections::BTreeMap;

use crate::{
    Context,
    kit::chaos::{Pods, partners},
};

partners! {
    /// `PostgreSQL`.
    #[default]
    Postgresql => "postgresql",
    /// MinIO.
    Minio => "minio",
    /// The inference servers.
    InferenceServer => "inference-server",
}

/// The pods that faults hit.
pub(super) fn pods(context: &Context) -> Pods<'static> {
    Pods {
        labels: context.pods_of("mlflow"),
        primary: BTreeMap::new(),
        container: "mlflow",
        data: "",
        looks_up: &["postgresql", "minio"],
    }
}
