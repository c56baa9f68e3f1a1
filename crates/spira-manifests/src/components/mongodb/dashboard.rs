//! The dashboard of MongoDB.
//!
//! Constant text but for names, so the proof takes no literals from here.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::ConfigMap;

use crate::{
    Context,
    kit::grafana::{
        self, Colour, Dashboard, Lines, Look, Panel, Query, Row, Unit, YES_NO, pods, query,
    },
};

static PANELS: LazyLock<Lines> = LazyLock::new(|| {
    Lines::whole(&[
        members(),
        work(),
        pods::row(pods::NUMBERED),
        pods::volumes(pods::NUMBERED),
    ])
});

/// The dashboard.
#[must_use]
pub fn dashboard(context: &Context) -> ConfigMap {
    let board = Dashboard {
        slug: "mongodb",
        subject: "MongoDB",
        names: vec![("workload", context.fullname())],
        panels: vec![&PANELS],
    };
    grafana::config_map(context, &[board])
}

fn of_each(metric: &str) -> Query {
    let labels = pods::labels(pods::NUMBERED);
    query(format!("max by (pod) ({metric}{{{labels}}})"), "{{pod}}")
}

fn members() -> Row {
    let labels = pods::labels(pods::NUMBERED);
    Row::open(
        "Members",
        vec![
            Panel {
                description: "Members by what they are. SPIRA reads from the primary too: without one nobody \
                              can log in.",
                look: Look::Stacked,
                runbook: Some("SpiraMongodbNoPrimary"),
                ..Panel::lines(
                    "Roles",
                    Unit::Number,
                    vec![query(
                        format!("count by (replica_state_name) (mongodb_info{{{labels}}})"),
                        "{{replica_state_name}}",
                    )],
                )
            },
            Panel {
                description: "Whether the members that answer see each member, by its number.",
                width: 16,
                runbook: Some("SpiraMongodbNoSpareMember"),
                ..Panel::states(
                    "Seen by the others",
                    YES_NO,
                    vec![query(
                        format!("min by (member_idx) (mongodb_members_health{{{labels}}})"),
                        "{{member_idx}}",
                    )],
                )
            },
            Panel {
                description: "Elections in the time shown: each is a while without a primary.",
                thresholds: &[(1.0, Colour::Yellow)],
                width: 8,
                ..Panel::lines(
                    "Elections",
                    Unit::Number,
                    vec![query(
                        format!(
                            "sum(increase(mongodb_electionMetrics_electionTimeout_called{{{labels}}}[$__rate_interval]))"
                        ),
                        "called",
                    )],
                )
            },
            Panel {
                description: "Connections to each member.",
                ..Panel::lines(
                    "Connections",
                    Unit::Number,
                    vec![of_each("mongodb_connections_current")],
                )
            },
            Panel {
                description: "Memory that each member's database holds, in MiB.",
                ..Panel::lines(
                    "Resident",
                    Unit::Mebibytes,
                    vec![of_each("mongodb_mem_resident")],
                )
            },
        ],
    )
}

fn work() -> Row {
    let labels = pods::labels(pods::NUMBERED);
    let rate = |metric: &str| format!("sum(rate({metric}{{{labels}}}[$__rate_interval]))");
    let latency = |of: &str| {
        let (time, count) = (
            format!("mongodb_opLatencies_{of}_latency"),
            format!("mongodb_opLatencies_{of}_ops"),
        );
        format!("{} / {}", rate(&time), rate(&count))
    };
    Row::open(
        "Work",
        vec![
            Panel {
                description: "Operations by kind, of all members.",
                ..Panel::lines(
                    "Operations",
                    Unit::PerSecond,
                    vec![
                        query(rate("mongodb_opcounters_query"), "query"),
                        query(rate("mongodb_opcounters_insert"), "insert"),
                        query(rate("mongodb_opcounters_update"), "update"),
                        query(rate("mongodb_opcounters_command"), "command"),
                    ],
                )
            },
            Panel {
                description: "Mean time of an operation. Reads grow with the number of inferences where an \
                              index is missing.",
                ..Panel::lines(
                    "Latency",
                    Unit::Microseconds,
                    vec![
                        query(latency("reads"), "read"),
                        query(latency("writes"), "write"),
                        query(latency("commands"), "command"),
                    ],
                )
            },
            Panel {
                description: "Operations that wait for a lock.",
                ..Panel::lines(
                    "Queue",
                    Unit::Number,
                    vec![of_each("mongodb_globalLock_currentQueue_total")],
                )
            },
        ],
    )
}
