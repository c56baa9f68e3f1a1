//! Metrics of MLflow: its server has them at `/metrics`, of all worker processes together, which
//! count in files of one directory.
//!
//! Prometheus asks for the address of a pod, which must be among `allowedHosts`: the default has
//! all private addresses.

use crate::{Context, cr::prometheus::PodMonitor, kit::monitoring};

/// The directory of the counts. It outlives the processes, so counts go on when one starts anew.
const DIRECTORY: &str = "/tmp/metrics";

/// What switches them on.
pub(super) fn option() -> String {
    format!("--expose-prometheus={DIRECTORY}")
}

/// The monitor of the pods.
#[must_use]
pub fn pod_monitor(context: &Context) -> PodMonitor {
    monitoring::pod_monitor(
        context,
        context.fullname(),
        context.selector_labels(),
        vec![monitoring::endpoint(context, "http")],
    )
}
