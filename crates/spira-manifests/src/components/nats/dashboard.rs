//! The dashboard of NATS.
//!
//! Constant text but for names, so the proof takes no literals from here.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::ConfigMap;

use crate::{
    Context,
    kit::grafana::{self, Colour, Dashboard, Lines, Panel, Query, Row, Unit, pods, query},
};

static PANELS: LazyLock<Lines> =
    LazyLock::new(|| Lines::whole(&[clients(), messages(), pods::row(pods::NUMBERED)]));

/// The dashboard.
#[must_use]
pub fn dashboard(context: &Context) -> ConfigMap {
    let board = Dashboard {
        slug: "nats",
        subject: "NATS",
        names: vec![("workload", context.fullname())],
        panels: vec![&PANELS],
    };
    grafana::config_map(context, &[board])
}

fn of_each(metric: &str) -> Query {
    let labels = pods::labels(pods::NUMBERED);
    query(format!("max by (pod) ({metric}{{{labels}}})"), "{{pod}}")
}

fn rate_of_each(metric: &str) -> Query {
    let labels = pods::labels(pods::NUMBERED);
    query(
        format!("sum by (pod) (rate({metric}{{{labels}}}[$__rate_interval]))"),
        "{{pod}}",
    )
}

fn clients() -> Row {
    let labels = pods::labels(pods::NUMBERED);
    Row::open(
        "Clients and servers",
        vec![
            Panel {
                description: "Every API server and every inference server that listens holds one. Fewer \
                              means that one is deaf: what is published passes it by.",
                width: 6,
                runbook: Some("SpiraNatsListenerDeaf"),
                ..Panel::lines(
                    "Connections",
                    Unit::Number,
                    vec![of_each("nats_varz_connections")],
                )
            },
            Panel {
                description: "What clients listen to. Servers tell each other, so each counts all.",
                width: 6,
                ..Panel::lines(
                    "Subscriptions",
                    Unit::Number,
                    vec![of_each("nats_varz_subscriptions")],
                )
            },
            Panel {
                description: "Other servers that each server sees. If it is less than all others, messages \
                              are lost between the two sides.",
                width: 6,
                runbook: Some("SpiraNatsServersApart"),
                ..Panel::lines(
                    "Servers seen",
                    Unit::Number,
                    vec![of_each("nats_varz_remotes")],
                )
            },
            Panel {
                description: "Clients that were cut off in the time shown, since they did not keep up. \
                              What waited for them is lost.",
                thresholds: &[(1.0, Colour::Red)],
                width: 6,
                runbook: Some("SpiraNatsSlowConsumer"),
                ..Panel::stat(
                    "Slow consumers",
                    Unit::Number,
                    vec![query(
                        format!(
                            "sum(ceil(increase(nats_varz_slow_consumers{{{labels}}}[$__range])))"
                        ),
                        "",
                    )],
                )
            },
        ],
    )
}

fn messages() -> Row {
    let panel = |title, description, unit, metric| Panel {
        description,
        width: 6,
        ..Panel::lines(title, unit, vec![rate_of_each(metric)])
    };
    Row::open(
        "Messages",
        vec![
            panel(
                "Messages in",
                "Messages that clients and other servers sent to each server.",
                Unit::PerSecond,
                "nats_varz_in_msgs",
            ),
            panel(
                "Messages out",
                "Messages that each server sent on. Every replica gets every message.",
                Unit::PerSecond,
                "nats_varz_out_msgs",
            ),
            panel(
                "Bytes in",
                "How much that was.",
                Unit::BytesPerSecond,
                "nats_varz_in_bytes",
            ),
            panel(
                "Bytes out",
                "How much that was.",
                Unit::BytesPerSecond,
                "nats_varz_out_bytes",
            ),
        ],
    )
}
