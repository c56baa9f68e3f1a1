//! The dashboard of MinIO.
//!
//! Constant text but for names, so the proof takes no literals from here.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::ConfigMap;

use crate::{
    Context,
    kit::grafana::{self, Colour, Dashboard, Lines, Panel, Query, Row, Unit, pods, query},
};

/// The names of pods: their pool's name stands between the tenant's and the number.
const PODS: &str = "$workload-.+-[0-9]+";

static PANELS: LazyLock<Lines> =
    LazyLock::new(|| Lines::whole(&[quorum(), requests(), pods::row(PODS), pods::volumes(PODS)]));

/// The dashboard.
#[must_use]
pub fn dashboard(context: &Context) -> ConfigMap {
    let board = Dashboard {
        slug: "minio",
        subject: "MinIO",
        names: vec![("workload", context.fullname())],
        panels: vec![&PANELS],
    };
    grafana::config_map(context, &[board])
}

// Every server tells what it knows of all of them.
fn of_all(function: &str, metric: &str, legend: &'static str) -> Query {
    let labels = pods::labels(PODS);
    query(format!("{function}({metric}{{{labels}}})"), legend)
}

fn quorum() -> Row {
    Row::open(
        "Drives",
        vec![
            Panel {
                description: "Drives that are away, as a server that sees most of it tells.",
                thresholds: &[(1.0, Colour::Yellow), (3.0, Colour::Red)],
                ..Panel::stat(
                    "Drives offline",
                    Unit::Number,
                    vec![of_all("max", "minio_cluster_drive_offline_total", "")],
                )
            },
            Panel {
                description: "Servers that are away.",
                thresholds: &[(1.0, Colour::Yellow), (2.0, Colour::Red)],
                runbook: Some("SpiraMinioNoSpareServer"),
                ..Panel::stat(
                    "Servers offline",
                    Unit::Number,
                    vec![of_all("max", "minio_cluster_nodes_offline_total", "")],
                )
            },
            Panel {
                description: "Drives online and drives needed to write, in the worst erasure set. Below the \
                              line nothing can be stored, so no inference can be posted.",
                runbook: Some("SpiraMinioBelowWriteQuorum"),
                ..Panel::lines(
                    "Online and needed",
                    Unit::Number,
                    vec![
                        of_all(
                            "min",
                            "minio_cluster_health_erasure_set_online_drives",
                            "online",
                        ),
                        of_all(
                            "max",
                            "minio_cluster_health_erasure_set_write_quorum",
                            "needed to write",
                        ),
                    ],
                )
            },
            Panel {
                description: "Room for objects, and room that is left, redundancy taken off.",
                ..Panel::lines(
                    "Capacity",
                    Unit::Bytes,
                    vec![
                        of_all("max", "minio_cluster_capacity_usable_total_bytes", "all"),
                        of_all("min", "minio_cluster_capacity_usable_free_bytes", "free"),
                    ],
                )
            },
        ],
    )
}

fn requests() -> Row {
    let labels = pods::labels(PODS);
    let rate = |metric: &str, by: &str, legend| {
        query(
            format!("sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))"),
            legend,
        )
    };
    Row::open(
        "Requests",
        vec![
            Panel {
                description: "Requests by what was asked: PutObject stores recordings, GetObject reads \
                              them.",
                ..Panel::lines(
                    "Requests",
                    Unit::RequestsPerSecond,
                    vec![rate("minio_s3_requests_total", "api", "{{api}}")],
                )
            },
            Panel {
                description: "Requests that MinIO could not serve, and those whose keys it does not know.",
                runbook: Some("SpiraMinioLoginsRejected"),
                ..Panel::lines(
                    "Errors",
                    Unit::RequestsPerSecond,
                    vec![
                        rate("minio_s3_requests_5xx_errors_total", "api", "5xx {{api}}"),
                        rate(
                            "minio_s3_requests_rejected_auth_total",
                            "pod",
                            "unknown keys {{pod}}",
                        ),
                    ],
                )
            },
            Panel {
                description: "How much is read and stored.",
                ..Panel::lines(
                    "Traffic",
                    Unit::BytesPerSecond,
                    vec![
                        query(
                            format!(
                                "sum(rate(minio_s3_traffic_received_bytes{{{labels}}}[$__rate_interval]))"
                            ),
                            "received",
                        ),
                        query(
                            format!(
                                "sum(rate(minio_s3_traffic_sent_bytes{{{labels}}}[$__rate_interval]))"
                            ),
                            "sent",
                        ),
                    ],
                )
            },
        ],
    )
}
