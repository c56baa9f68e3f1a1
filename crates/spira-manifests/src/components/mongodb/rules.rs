//! What an operator must know of MongoDB.
//!
//! A majority of the members elects the primary, and SPIRA reads from it alone: without one nothing
//! can be read either (SPIRA contract A1).

use crate::{
    Context,
    cr::prometheus::PrometheusRule,
    kit::alerts::{self, Alert, Severity, lines},
};

/// The alerts.
#[must_use]
pub fn prometheus_rule(context: &Context) -> PrometheusRule {
    let name = context.fullname();
    let pods = alerts::numbered_pods(context);
    let mut all = vec![alerts::containers(&pods)];
    all.push(alerts::target(&pods));
    all.extend(alerts::volumes(
        context,
        &format!("(data|logs)-volume-{name}-[0-9]+"),
    ));
    all.extend([
        below_quorum(context),
        no_spare(context),
        no_primary(&pods),
        lag(&pods),
    ]);
    alerts::prometheus_rule(context, all)
}

fn below_quorum(context: &Context) -> Alert {
    let members = alerts::workload(context, "statefulset");
    Alert {
        name: "SpiraMongodbBelowQuorum",
        severity: Severity::Critical,
        hold: "1m",
        expr: lines([
            &format!("kube_statefulset_status_replicas_ready{{{members}}} * 2"),
            "  <= on (namespace, statefulset)",
            &format!("kube_statefulset_replicas{{{members}}}"),
        ]),
        summary: "MongoDB has no majority of its members.",
        description: "No primary can be elected: nobody can log in, post an inference or read a result.",
    }
}

fn no_spare(context: &Context) -> Alert {
    let members = alerts::workload(context, "statefulset");
    let ready = format!("kube_statefulset_status_replicas_ready{{{members}}}");
    let wanted = format!("kube_statefulset_replicas{{{members}}}");
    Alert {
        name: "SpiraMongodbNoSpareMember",
        severity: Severity::Warning,
        hold: "5m",
        expr: lines([
            &format!("({ready} - 1) * 2"),
            &format!("  <= on (namespace, statefulset) {wanted}"),
            "and on (namespace, statefulset)",
            &ready,
            &format!("  < on (namespace, statefulset) {wanted}"),
        ]),
        summary: "MongoDB cannot lose another member.",
        description: "Members are away; without one more there is no majority, and no primary.",
    }
}

// 1 is the state of a primary, as `replSetGetStatus` of every member tells it of all.
fn no_primary(pods: &str) -> Alert {
    Alert {
        name: "SpiraMongodbNoPrimary",
        severity: Severity::Critical,
        hold: "2m",
        expr: lines([
            &format!("count(mongodb_members_state{{{pods}}})"),
            "unless on ()",
            &format!("mongodb_members_state{{{pods}}} == 1"),
        ]),
        summary: "No member of MongoDB is the primary.",
        description: "Nobody can log in, post an inference or read a result, though members run.",
    }
}

// Milliseconds. An idle primary writes a note every ten seconds, so that this goes on.
fn lag(pods: &str) -> Alert {
    let written = format!("max by (member_idx) (mongodb_members_optimeDate{{{pods}}})");
    Alert {
        name: "SpiraMongodbReplicationLag",
        severity: Severity::Warning,
        hold: "10m",
        expr: lines([
            "(",
            &format!("  max(mongodb_members_optimeDate{{{pods}}})"),
            "  - on () group_right ()",
            &format!("  {written}"),
            ") / 1000 > 60",
        ]),
        summary: "A member of MongoDB lags behind.",
        description: "Member {{ $labels.member_idx }} is {{ $value | humanizeDuration }} behind the primary: too old to take its place without loss.",
    }
}
