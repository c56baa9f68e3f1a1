//! What faults may hit of it.

use std::collections::BTreeMap;

use crate::{
    Context,
    kit::chaos::{Pods, partners},
};

partners! {
    /// MinIO.
    #[default]
    Minio => "minio",
    /// NATS.
    Nats => "nats",
    /// MLflow.
    Mlflow => "mlflow",
}

/// The pods that faults hit.
pub(super) fn pods(context: &Context) -> Pods<'static> {
    Pods {
        labels: context.pods_of("inference-server"),
        primary: BTreeMap::new(),
        container: "inference-server",
        data: "",
        looks_up: &["minio", "nats", "mlflow"],
    }
}
