//! Alerts, and those that every component has in common.
//!
//! Expressions speak of one release alone: of its namespace, and of pods, claims and workloads by the
//! names that they have. What they know of Kubernetes comes from kube-state-metrics and the kubelet,
//! as kube-prometheus-stack runs them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::monitoring;
use crate::{
    Context,
    cr::prometheus::{PrometheusRule, Rule, RuleGroup},
};

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its name, also that of its page in `docs/runbooks`.
    pub name: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// How long the expression must hold.
    pub hold: &'static str,
    /// The expression.
    pub expr: String,
    /// What is the case, in a line.
    pub summary: &'static str,
    /// What follows from it.
    pub description: &'static str,
}

/// How much an alert matters, as kube-prometheus tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Users notice, or acknowledged work is at stake: somebody must act now.
    Critical,
    /// Somebody must act before it becomes critical.
    Warning,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// The component's alerts, as one object.
#[must_use]
pub fn prometheus_rule(context: &Context, alerts: Vec<Alert>) -> PrometheusRule {
    let rules = alerts.into_iter().map(|alert| rule(context, alert));
    let group = RuleGroup {
        name: context.fullname(),
        rules: rules.collect(),
    };
    monitoring::prometheus_rule(context, context.fullname(), vec![group])
}

// An expression that adds up has no labels of its own: whose alert it is must be said.
fn rule(context: &Context, alert: Alert) -> Rule {
    let pages = &context.global.monitoring.rules.runbook_url;
    Rule {
        alert: Some(alert.name.into()),
        expr: IntOrString::String(alert.expr),
        for_: Some(alert.hold.into()),
        labels: Some(BTreeMap::from([
            ("severity".to_owned(), alert.severity.as_str().to_owned()),
            ("namespace".to_owned(), context.intrinsics().namespace()),
            ("release".to_owned(), context.intrinsics().release_name()),
            ("component".to_owned(), context.component().to_owned()),
        ])),
        annotations: Some(BTreeMap::from([
            ("summary".to_owned(), alert.summary.to_owned()),
            ("description".to_owned(), alert.description.to_owned()),
            (
                "runbook_url".to_owned(),
                format!("{pages}/{}.md", alert.name),
            ),
        ])),
        ..Rule::default()
    }
}

/// What selects series about the release's namespace where `label` has the form `pattern`: lines of
/// their own, since names are long.
#[must_use]
pub fn selector(context: &Context, label: &str, pattern: &str) -> String {
    let namespace = context.intrinsics().namespace();
    format!("\n  namespace=\"{namespace}\",\n  {label}=~\"{pattern}\"")
}

/// What selects series about the pods of the component's Deployment or Job. Kubernetes cuts long
/// names, the dash before a pod's own letters with them.
#[must_use]
pub fn pods(context: &Context) -> String {
    let name = context.fullname();
    selector(context, "pod", &format!("{name}(-[a-z0-9]+){{1,2}}"))
}

/// What selects series about the pods of the component's `StatefulSet`.
#[must_use]
pub fn numbered_pods(context: &Context) -> String {
    let name = context.fullname();
    selector(context, "pod", &format!("{name}-[0-9]+"))
}

/// What selects series about the component's workload of this kind, which is `deployment` or
/// `statefulset`.
#[must_use]
pub fn workload(context: &Context, kind: &str) -> String {
    let namespace = context.intrinsics().namespace();
    let name = context.fullname();
    format!("\n  namespace=\"{namespace}\",\n  {kind}=\"{name}\"")
}

/// Containers of these pods that wait for what does not come by itself: those that end again and
/// again, and those that lack their image, a Secret or a `ConfigMap`.
#[must_use]
pub fn containers(pods: &str) -> Alert {
    let reason = r#"reason=~"CrashLoopBackOff|CreateContainer.*Error|.*Image.*""#;
    let waiting = |kind: &str| {
        format!("  max_over_time(kube_pod_{kind}_status_waiting_reason{{{pods},\n  {reason}}}[5m])")
    };
    Alert {
        name: "SpiraContainerWaiting",
        severity: Severity::Warning,
        // Operators make some of the Secrets only once their service runs.
        hold: "15m",
        expr: lines([
            "max by (pod, container, reason) (",
            &waiting("container"),
            "  or",
            &waiting("init_container"),
            ") > 0",
        ]),
        summary: "A container of SPIRA does not run.",
        description: "Container {{ $labels.container }} of pod {{ $labels.pod }} waits: {{ $labels.reason }}.",
    }
}

/// Pods whose metrics cannot be read.
#[must_use]
pub fn target(pods: &str) -> Alert {
    Alert {
        name: "SpiraTargetDown",
        severity: Severity::Warning,
        hold: "10m",
        expr: lines([
            &format!("up{{{pods}}} == 0"),
            "or",
            &format!("absent(up{{{pods}}})"),
        ]),
        summary: "Prometheus cannot read metrics of SPIRA.",
        description: "{{ if $labels.pod }}Pod {{ $labels.pod }} cannot be asked{{ else }}There is no pod to ask{{ end }}. Alerts that need its metrics are silent meanwhile.",
    }
}

/// Pods of the component's Deployment that are missing.
#[must_use]
pub fn replicas(context: &Context) -> Alert {
    let deployment = workload(context, "deployment");
    Alert {
        name: "SpiraReplicasMissing",
        severity: Severity::Warning,
        hold: "15m",
        expr: lines([
            &format!("kube_deployment_spec_replicas{{{deployment}}}"),
            "  - on (namespace, deployment)",
            &format!("kube_deployment_status_replicas_available{{{deployment}}} > 0"),
        ]),
        summary: "Pods of SPIRA are missing.",
        description: "Deployment {{ $labels.deployment }} lacks {{ $value }} pods.",
    }
}

/// A Deployment none of whose pods is available.
#[must_use]
pub fn none_available(context: &Context) -> String {
    let deployment = workload(context, "deployment");
    lines([
        &format!("kube_deployment_status_replicas_available{{{deployment}}} == 0"),
        "and on (namespace, deployment)",
        &format!("kube_deployment_spec_replicas{{{deployment}}} > 0"),
    ])
}

/// Volumes that fill: those of the claims whose names have the form `pattern`.
#[must_use]
pub fn volumes(context: &Context, pattern: &str) -> Vec<Alert> {
    let claims = selector(context, "persistentvolumeclaim", pattern);
    let free = format!("kubelet_volume_stats_available_bytes{{{claims}}}");
    let size = format!("kubelet_volume_stats_capacity_bytes{{{claims}}}");
    vec![
        Alert {
            name: "SpiraVolumeFilling",
            severity: Severity::Warning,
            hold: "1h",
            expr: lines([
                &free,
                &format!("  / {size} < 0.3"),
                "and",
                &format!("predict_linear({free}[6h],"),
                "  4 * 24 * 3600) < 0",
            ]),
            summary: "A volume of SPIRA is going to be full within four days.",
            description: "At the pace of the last six hours claim {{ $labels.persistentvolumeclaim }} has no room left in four days.",
        },
        Alert {
            name: "SpiraVolumeAlmostFull",
            severity: Severity::Critical,
            hold: "5m",
            expr: lines([&free, &format!("  / {size} < 0.05")]),
            summary: "A volume of SPIRA is almost full.",
            description: "Claim {{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} left.",
        },
    ]
}

/// An expression of these lines.
#[must_use]
pub fn lines<const N: usize>(lines: [&str; N]) -> String {
    lines.join("\n")
}
