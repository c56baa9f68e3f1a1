//! What an operator must know of the inference server. It has no metrics: that a pod is ready means
//! that it holds a connection to NATS.

use crate::{
    Context,
    cr::prometheus::PrometheusRule,
    kit::alerts::{self, Alert, Severity, lines},
};

/// The alerts.
#[must_use]
pub fn prometheus_rule(context: &Context) -> PrometheusRule {
    let pods = alerts::pods(context);
    let mut all = vec![alerts::containers(&pods)];
    all.push(alerts::replicas(context));
    all.push(down(context));
    all.push(deaf(&pods));
    alerts::prometheus_rule(context, all)
}

fn down(context: &Context) -> Alert {
    Alert {
        name: "SpiraInferenceServerDown",
        severity: Severity::Critical,
        hold: "2m",
        expr: alerts::none_available(context),
        summary: "No inference server of SPIRA is available.",
        description: "Requests are acknowledged and not predicted. Redelivery brings them back once a server listens.",
    }
}

// A start may take ten minutes: the model is downloaded.
fn deaf(pods: &str) -> Alert {
    Alert {
        name: "SpiraInferenceServerDeaf",
        severity: Severity::Warning,
        hold: "15m",
        expr: lines([
            &format!("kube_pod_status_ready{{{pods},\n  condition=\"true\"}} == 0"),
            "and on (namespace, pod)",
            &format!("kube_pod_status_phase{{{pods},\n  phase=\"Running\"}} == 1"),
        ]),
        summary: "An inference server of SPIRA runs without a connection to NATS.",
        description: "Pod {{ $labels.pod }} runs and hears no request.",
    }
}
