//! What an operator must know of NATS.
//!
//! Core NATS stores nothing, so it needs no quorum: one server is enough, and a message is lost where
//! the servers do not see each other, or where nobody listens (SPIRA contract A1, B5).

use super::Values;
use crate::{
    Context,
    cr::prometheus::PrometheusRule,
    kit::alerts::{self, Alert, Severity, lines},
};

/// The alerts.
#[must_use]
pub fn prometheus_rule(context: &Context, values: &Values) -> PrometheusRule {
    let name = context.fullname();
    let pods = alerts::numbered_pods(context);
    let mut all = vec![alerts::containers(&pods)];
    all.push(alerts::target(&pods));
    if values.jetstream.enabled {
        all.extend(alerts::volumes(context, &format!("data-{name}-[0-9]+")));
    }
    all.extend([
        down(context),
        no_spare(context),
        apart(&pods),
        slow_consumer(&pods),
        deaf(context, &pods),
    ]);
    alerts::prometheus_rule(context, all)
}

fn down(context: &Context) -> Alert {
    let servers = alerts::workload(context, "statefulset");
    Alert {
        name: "SpiraNatsDown",
        severity: Severity::Critical,
        hold: "1m",
        expr: lines([
            &format!("kube_statefulset_status_replicas_ready{{{servers}}} == 0"),
            "and on (namespace, statefulset)",
            &format!("kube_statefulset_replicas{{{servers}}} > 0"),
        ]),
        summary: "No server of NATS is ready.",
        description: "Posting an inference hangs or fails, and no result arrives. After two minutes SPIRA's programs are deaf for good, and are restarted.",
    }
}

fn no_spare(context: &Context) -> Alert {
    let servers = alerts::workload(context, "statefulset");
    Alert {
        name: "SpiraNatsNoSpareServer",
        severity: Severity::Warning,
        hold: "5m",
        expr: lines([
            &format!("kube_statefulset_status_replicas_ready{{{servers}}} == 1"),
            "and on (namespace, statefulset)",
            &format!("kube_statefulset_replicas{{{servers}}} > 1"),
        ]),
        summary: "One server of NATS is left.",
        description: "If it goes too, no request and no result gets through.",
    }
}

fn apart(pods: &str) -> Alert {
    Alert {
        name: "SpiraNatsServersApart",
        severity: Severity::Critical,
        hold: "2m",
        expr: lines([
            &format!("nats_varz_remotes{{{pods}}}"),
            "  < on () group_left ()",
            &format!("count(nats_varz_remotes{{{pods}}}) - 1"),
        ]),
        summary: "Servers of NATS do not see each other.",
        description: "{{ $labels.pod }} has routes to {{ $value }} others: a message reaches only who is connected to the same side.",
    }
}

fn slow_consumer(pods: &str) -> Alert {
    Alert {
        name: "SpiraNatsSlowConsumer",
        severity: Severity::Warning,
        hold: "1m",
        expr: format!("increase(nats_varz_slow_consumers{{{pods}}}[10m]) > 0"),
        summary: "NATS cut off a client that did not keep up.",
        description: "{{ $labels.pod }} threw messages away and closed the connection.",
    }
}

// The API server's readiness does not tell, since HTTP goes on. Programs publish on connections
// without a subscription. While metrics of a server are missing its clients cannot be told.
fn deaf(context: &Context, pods: &str) -> Alert {
    let (api, inference) = (
        context.fullname_of("api-server"),
        context.fullname_of("inference-server"),
    );
    let programs = alerts::selector(
        context,
        "pod",
        &format!("({api}|{inference})(-[a-z0-9]+){{1,2}}"),
    );
    Alert {
        name: "SpiraNatsListenerDeaf",
        severity: Severity::Critical,
        hold: "5m",
        expr: lines([
            &format!("kube_pod_info{{{programs}}}"),
            "and on (namespace, pod)",
            &format!("kube_pod_status_ready{{{programs},\n  condition=\"true\"}} == 1"),
            "unless on (pod_ip)",
            &format!("label_replace(nats_connz_subscriptions{{{pods}}} > 0,"),
            r#"  "pod_ip", "$1", "ip", "(.+)")"#,
            "unless on ()",
            &format!("up{{{pods}}} == 0"),
            "and on ()",
            &format!("nats_connz_subscriptions{{{pods}}}"),
        ]),
        summary: "A program of SPIRA is ready and hears nothing from NATS.",
        description: "Pod {{ $labels.pod }} has no subscription: requests or results pass it by.",
    }
}
