//! Metrics of redelivery: what waits for its result, what was published again, and what failed. They
//! are SPIRA's own figures of whether inferences are completed.

use super::PORT_NAME;
use crate::{Context, cr::prometheus::PodMonitor, kit::monitoring};

/// The monitor of the pods.
#[must_use]
pub fn pod_monitor(context: &Context) -> PodMonitor {
    monitoring::pod_monitor(
        context,
        context.fullname(),
        context.selector_labels(),
        vec![monitoring::endpoint(context, PORT_NAME)],
    )
}
