//! What an operator must know of the bootstrap.

use crate::{
    Context,
    cr::prometheus::PrometheusRule,
    kit::alerts::{self, Alert, Severity},
};

/// The alerts.
#[must_use]
pub fn prometheus_rule(context: &Context) -> PrometheusRule {
    let mut all = vec![alerts::containers(&alerts::pods(context))];
    // The name ends in eight digits that differ at each upgrade.
    let name = context.fullname();
    let job = alerts::selector(context, "job_name", &format!("{name}-[0-9a-f]{{8}}"));
    all.extend([failed(&job), unfinished(&job)]);
    alerts::prometheus_rule(context, all)
}

fn failed(job: &str) -> Alert {
    Alert {
        name: "SpiraBootstrapFailed",
        severity: Severity::Critical,
        hold: "1m",
        expr: format!(r#"kube_job_failed{{{job},condition="true"}} > 0"#),
        summary: "The bootstrap of SPIRA failed.",
        description: "Job {{ $labels.job_name }} was given up: the first user, the indexes, the buckets or the model may be missing.",
    }
}

fn unfinished(job: &str) -> Alert {
    Alert {
        name: "SpiraBootstrapUnfinished",
        severity: Severity::Warning,
        hold: "30m",
        expr: format!("kube_job_status_active{{{job}}} > 0"),
        summary: "The bootstrap of SPIRA does not come to its end.",
        description: "Job {{ $labels.job_name }} has run for half an hour.",
    }
}
