//! The dashboard of `PostgreSQL`, from the exporter beside Zalando's servers or from `CloudNativePG`'s
//! own metrics.
//!
//! Constant text but for names, so the proof takes no literals from here.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::ConfigMap;

use crate::{
    Context,
    global::PostgresqlOperator,
    kit::grafana::{self, Colour, Dashboard, Lines, Panel, Row, State, Unit, YES_NO, pods, query},
};

static ZALANDO_PANELS: LazyLock<Lines> = LazyLock::new(|| panels(&ZALANDO));
static CLOUDNATIVE_PG_PANELS: LazyLock<Lines> = LazyLock::new(|| panels(&CLOUDNATIVE_PG));

/// The dashboard.
#[must_use]
pub fn dashboard(context: &Context) -> ConfigMap {
    let panels = match context.global.connections.postgresql.operator {
        PostgresqlOperator::Zalando => &*ZALANDO_PANELS,
        PostgresqlOperator::CloudnativePg => &*CLOUDNATIVE_PG_PANELS,
    };
    let board = Dashboard {
        slug: "postgresql",
        subject: "PostgreSQL",
        names: vec![("workload", context.fullname())],
        panels: vec![panels],
    };
    grafana::config_map(context, &[board])
}

/// What the two operators' metrics are called.
struct Names {
    /// 1 where the exporter reaches its server.
    is_up: &'static str,
    /// 1 on standbys.
    is_standby: &'static str,
    /// Seconds.
    lag: &'static str,
    connections: &'static str,
    commits: &'static str,
    rollbacks: &'static str,
    deadlocks: &'static str,
    /// Bytes by database, and the label that holds its name.
    size: &'static str,
}

const ZALANDO: Names = Names {
    is_up: "pg_up",
    is_standby: "pg_replication_is_replica",
    lag: "pg_replication_lag_seconds",
    connections: "pg_stat_activity_count",
    commits: "pg_stat_database_xact_commit",
    rollbacks: "pg_stat_database_xact_rollback",
    deadlocks: "pg_stat_database_deadlocks",
    size: "pg_database_size_bytes",
};

const CLOUDNATIVE_PG: Names = Names {
    is_up: "cnpg_collector_up",
    is_standby: "cnpg_pg_replication_in_recovery",
    lag: "cnpg_pg_replication_lag",
    connections: "cnpg_backends_total",
    commits: "cnpg_pg_stat_database_xact_commit",
    rollbacks: "cnpg_pg_stat_database_xact_rollback",
    deadlocks: "cnpg_pg_stat_database_deadlocks",
    size: "cnpg_pg_database_size_bytes",
};

fn panels(names: &Names) -> Lines {
    Lines::whole(&[
        replication(names),
        work(names),
        pods::row(pods::NUMBERED),
        pods::volumes(pods::NUMBERED),
    ])
}

const ROLES: &[State] = &[
    ("0", "primary", Colour::Green),
    ("1", "standby", Colour::Grey),
];

fn replication(names: &Names) -> Row {
    let labels = pods::labels(pods::NUMBERED);
    let of_each = |metric: &str| {
        vec![query(
            format!("max by (pod) ({metric}{{{labels}}})"),
            "{{pod}}",
        )]
    };
    Row::open(
        "Replication",
        vec![
            Panel {
                description: "Which server was the primary when. Two at a time would be a split; none, \
                              and nothing can be written.",
                runbook: Some("SpiraPostgresqlNoPrimary"),
                ..Panel::states("Role", ROLES, of_each(names.is_standby))
            },
            Panel {
                description: "Whether the exporter reaches its server.",
                ..Panel::states("Up", YES_NO, of_each(names.is_up))
            },
            Panel {
                description: "How far a standby is behind the primary. If nothing is written it can grow \
                              without meaning.",
                thresholds: &[(60.0, Colour::Red)],
                width: 12,
                runbook: Some("SpiraPostgresqlReplicationLag"),
                ..Panel::lines("Lag", Unit::Seconds, of_each(names.lag))
            },
            Panel {
                description: "Bytes of each database, as the primary has them.",
                width: 12,
                ..Panel::lines(
                    "Size",
                    Unit::Bytes,
                    vec![query(
                        format!("max by (datname) ({}{{{labels}}})", names.size),
                        "{{datname}}",
                    )],
                )
            },
        ],
    )
}

fn work(names: &Names) -> Row {
    let labels = pods::labels(pods::NUMBERED);
    let rate = |metric: &str, legend| {
        query(
            format!("sum(rate({metric}{{{labels}}}[$__rate_interval]))"),
            legend,
        )
    };
    Row::open(
        "Work",
        vec![
            Panel {
                description: "Connections to each server. MLflow's pods hold pools of them.",
                runbook: Some("SpiraPostgresqlConnectionsExhausted"),
                ..Panel::lines(
                    "Connections",
                    Unit::Number,
                    vec![query(
                        format!("sum by (pod) ({}{{{labels}}})", names.connections),
                        "{{pod}}",
                    )],
                )
            },
            Panel {
                description: "Transactions that ended, by how.",
                ..Panel::lines(
                    "Transactions",
                    Unit::PerSecond,
                    vec![
                        rate(names.commits, "committed"),
                        rate(names.rollbacks, "rolled back"),
                    ],
                )
            },
            Panel {
                description: "Transactions that waited for each other until one was ended.",
                ..Panel::lines(
                    "Deadlocks",
                    Unit::PerSecond,
                    vec![rate(names.deadlocks, "deadlocks")],
                )
            },
        ],
    )
}
