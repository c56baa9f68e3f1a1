//! What an operator must know of `PostgreSQL`, from the exporter beside Zalando's servers or from
//! `CloudNativePG`'s own metrics.
//!
//! Both operators keep who is primary in Kubernetes, so that servers need no quorum: the last one
//! goes on alone (SPIRA contract C3).

use super::Values;
use crate::{
    Context,
    cr::prometheus::PrometheusRule,
    global::PostgresqlOperator,
    kit::alerts::{self, Alert, Severity, lines},
};

/// What the two operators' metrics are called.
struct Names {
    is_standby: &'static str,
    lag: &'static str,
    /// How many standbys follow a primary.
    standbys: String,
    connections: String,
    connections_limit: String,
}

/// The alerts.
#[must_use]
pub fn prometheus_rule(context: &Context, values: &Values) -> PrometheusRule {
    let name = context.fullname();
    let pods = alerts::numbered_pods(context);
    let names = names(context, &pods);
    let mut all = vec![alerts::containers(&pods)];
    all.push(alerts::target(&pods));
    all.extend(alerts::volumes(
        context,
        &format!("(pgdata-)?{name}-[0-9]+"),
    ));
    all.extend([
        no_primary(&names, &pods),
        no_standby(&names, values),
        lag(&names, &pods),
        connections(&names),
    ]);
    alerts::prometheus_rule(context, all)
}

fn names(context: &Context, pods: &str) -> Names {
    match context.global.connections.postgresql.operator {
        PostgresqlOperator::Zalando => Names {
            is_standby: "pg_replication_is_replica",
            lag: "pg_replication_lag_seconds",
            standbys: format!("count(pg_stat_replication_pg_wal_lsn_diff{{{pods}}})"),
            connections: format!("sum by (pod) (pg_stat_activity_count{{{pods}}})"),
            connections_limit: format!("pg_settings_max_connections{{{pods}}}"),
        },
        PostgresqlOperator::CloudnativePg => Names {
            is_standby: "cnpg_pg_replication_in_recovery",
            lag: "cnpg_pg_replication_lag",
            standbys: format!("max(cnpg_pg_replication_streaming_replicas{{{pods}}})"),
            connections: format!("sum by (pod) (cnpg_backends_total{{{pods}}})"),
            connections_limit: format!(
                "cnpg_pg_settings_setting{{{pods},\n  name=\"max_connections\"}}"
            ),
        },
    }
}

fn no_primary(names: &Names, pods: &str) -> Alert {
    let is_standby = names.is_standby;
    Alert {
        name: "SpiraPostgresqlNoPrimary",
        severity: Severity::Critical,
        hold: "2m",
        expr: lines(["absent(", &format!("  {is_standby}{{{pods}}} == 0"), ")"]),
        summary: "No server of PostgreSQL is the primary.",
        description: "MLflow cannot work, so no inference server can start. Those that run go on.",
    }
}

fn no_standby(names: &Names, values: &Values) -> Alert {
    let (standbys, instances) = (&names.standbys, values.instances);
    Alert {
        name: "SpiraPostgresqlNoStandby",
        severity: Severity::Warning,
        hold: "10m",
        expr: lines([
            "(",
            &format!("  {standbys}"),
            "  or vector(0)",
            ") < 1",
            &format!("and on () vector({instances}) > 1"),
        ]),
        summary: "No standby of PostgreSQL follows the primary.",
        description: "If the primary goes, nothing takes its place, and what it wrote is nowhere else.",
    }
}

fn lag(names: &Names, pods: &str) -> Alert {
    let lag = names.lag;
    Alert {
        name: "SpiraPostgresqlReplicationLag",
        severity: Severity::Warning,
        hold: "10m",
        expr: lines(["(", &format!("  {lag}{{{pods}}}"), ") > 60"]),
        summary: "A standby of PostgreSQL lags behind.",
        description: "{{ $labels.pod }} is {{ $value | humanizeDuration }} behind the primary.",
    }
}

fn connections(names: &Names) -> Alert {
    let (connections, limit) = (&names.connections, &names.connections_limit);
    Alert {
        name: "SpiraPostgresqlConnectionsExhausted",
        severity: Severity::Warning,
        hold: "10m",
        expr: lines([
            "(",
            &format!("  {connections}"),
            "  / on (pod)",
            &format!("  {limit}"),
            ") > 0.9",
        ]),
        summary: "PostgreSQL has hardly a connection left.",
        description: "{{ $value | humanizePercentage }} of the connections of {{ $labels.pod }} are taken: more of MLflow's are refused.",
    }
}
