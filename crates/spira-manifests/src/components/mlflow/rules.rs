//! What an operator must know of MLflow.

use crate::{
    Context,
    cr::prometheus::PrometheusRule,
    kit::alerts::{self, Alert, Severity},
};

/// The alerts.
#[must_use]
pub fn prometheus_rule(context: &Context) -> PrometheusRule {
    let pods = alerts::pods(context);
    let mut all = vec![alerts::containers(&pods)];
    all.push(alerts::target(&pods));
    all.push(alerts::replicas(context));
    all.push(down(context));
    alerts::prometheus_rule(context, all)
}

fn down(context: &Context) -> Alert {
    Alert {
        name: "SpiraMlflowDown",
        severity: Severity::Warning,
        hold: "5m",
        expr: alerts::none_available(context),
        summary: "No pod of MLflow is available.",
        description: "Inference servers that run go on; none can start, and no model can be registered.",
    }
}
