//! What an operator must know of MinIO.
//!
//! An object is spread over the drives of an erasure set; MinIO itself tells how many of them it
//! needs to write. Three servers with two drives each need four: one server may be away (SPIRA
//! contract A1).

use crate::{
    Context,
    cr::prometheus::PrometheusRule,
    kit::alerts::{self, Alert, Severity, lines},
};

/// The alerts.
#[must_use]
pub fn prometheus_rule(context: &Context) -> PrometheusRule {
    let name = context.fullname();
    let pods = alerts::selector(context, "pod", &format!("{name}-.+-[0-9]+"));
    let mut all = vec![alerts::containers(&pods)];
    all.push(alerts::target(&pods));
    all.extend(alerts::volumes(
        context,
        &format!("data[0-9]+-{name}-.+-[0-9]+"),
    ));
    all.extend([below_quorum(context, &pods), no_spare(&pods), logins(&pods)]);
    alerts::prometheus_rule(context, all)
}

fn online(pods: &str) -> String {
    format!("min by (pool, set) (minio_cluster_health_erasure_set_online_drives{{{pods}}})")
}

fn quorum(pods: &str) -> String {
    format!("max by (pool, set) (minio_cluster_health_erasure_set_write_quorum{{{pods}}})")
}

// Fewer than half of the servers are never enough, and may be too few to say so.
fn below_quorum(context: &Context, pods: &str) -> Alert {
    let name = context.fullname();
    let servers = alerts::selector(context, "statefulset", &format!("{name}-.+"));
    Alert {
        name: "SpiraMinioBelowWriteQuorum",
        severity: Severity::Critical,
        hold: "1m",
        expr: lines([
            &online(pods),
            &format!("  < {}", quorum(pods)),
            "or",
            &format!("kube_statefulset_status_replicas_ready{{{servers}}} * 2"),
            "  < on (namespace, statefulset)",
            &format!("kube_statefulset_replicas{{{servers}}}"),
        ]),
        summary: "MinIO has too few drives to write.",
        description: "No recording can be stored, so no inference can be posted; below the read quorum none is predicted either.",
    }
}

// The drives that a server has in an erasure set: all drives by pools, by sets, by servers.
fn no_spare(pods: &str) -> Alert {
    let (online, quorum) = (online(pods), quorum(pods));
    Alert {
        name: "SpiraMinioNoSpareServer",
        severity: Severity::Warning,
        hold: "5m",
        expr: lines([
            &online,
            "  - on () group_left ()",
            &format!("  max(minio_cluster_drive_total{{{pods}}})"),
            &format!("    * count(count by (pool) ({online}))"),
            &format!("    / count({online})"),
            &format!("    / max(minio_cluster_nodes_online_total{{{pods}}}"),
            &format!("      + minio_cluster_nodes_offline_total{{{pods}}})"),
            &format!("  < {quorum}"),
            "and on ()",
            &format!("max(minio_cluster_drive_offline_total{{{pods}}}) > 0"),
        ]),
        summary: "MinIO cannot lose another server.",
        description: "Drives are away; without one more server nothing can be written.",
    }
}

fn logins(pods: &str) -> Alert {
    Alert {
        name: "SpiraMinioLoginsRejected",
        severity: Severity::Warning,
        hold: "10m",
        expr: format!("sum(rate(minio_s3_requests_rejected_auth_total{{{pods}}}[5m])) > 0.1"),
        summary: "MinIO refuses the keys of clients.",
        description: "{{ $value | humanize }} requests a second come with keys that MinIO does not know.",
    }
}
