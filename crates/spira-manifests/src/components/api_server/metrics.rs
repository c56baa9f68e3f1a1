//! Metrics of the API server, which the program has none of: the guard counts its requests, by
//! status, with their times and how many wait.

use super::guard::STATUS_PORT_NAME;
use crate::{Context, cr::prometheus::PodMonitor, kit::monitoring};

/// The monitor of the guards.
#[must_use]
pub fn pod_monitor(context: &Context) -> PodMonitor {
    monitoring::pod_monitor(
        context,
        context.fullname(),
        context.selector_labels(),
        vec![monitoring::endpoint(context, STATUS_PORT_NAME)],
    )
}
