//! The dashboard of MLflow.
//!
//! Constant text but for names, so the proof takes no literals from here.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::ConfigMap;

use crate::{
    Context,
    kit::grafana::{self, Dashboard, Lines, Panel, Row, Unit, pods, query},
};

static PANELS: LazyLock<Lines> =
    LazyLock::new(|| Lines::whole(&[requests(), pods::row(pods::DEPLOYED)]));

/// The dashboard.
#[must_use]
pub fn dashboard(context: &Context) -> ConfigMap {
    let board = Dashboard {
        slug: "mlflow",
        subject: "MLflow",
        names: vec![("workload", context.fullname())],
        panels: vec![&PANELS],
    };
    grafana::config_map(context, &[board])
}

fn requests() -> Row {
    let labels = pods::labels(pods::DEPLOYED);
    Row::open(
        "Requests",
        vec![
            Panel {
                description: "Requests by the status of the answer. Only inference servers that start, and \
                              people, ask.",
                ..Panel::lines(
                    "Requests",
                    Unit::RequestsPerSecond,
                    vec![query(
                        format!("sum by (status) (rate(mlflow_http_request_total{{{labels}}}[$__rate_interval]))"),
                        "{{status}}",
                    )],
                )
            },
            Panel {
                description: "The share of requests that was answered 5xx. PostgreSQL or the object store \
                              is away then.",
                runbook: Some("SpiraMlflowDown"),
..Panel::lines(
                    "Errors",
                    Unit::Share,
                    vec![query(
                        format!(
                            "sum(rate(mlflow_http_request_total{{{labels},status=~\"5..\"}}[$__rate_interval])) \
                             / sum(rate(mlflow_http_request_total{{{labels}}}[$__rate_interval]))"
                        ),
                        "5xx",
                    )],
                )
            },
            Panel {
                description: "How long half of the requests and all but one in twenty took at most.",
                ..Panel::lines(
                    "Latency",
                    Unit::Seconds,
                    [("0.5", "half"), ("0.95", "19 of 20")]
                        .map(|(share, legend)| {
                            query(
                                format!(
                                    "histogram_quantile({share}, sum by (le) \
                                     (rate(mlflow_http_request_duration_seconds_bucket{{{labels}}}[$__rate_interval])))"
                                ),
                                legend,
                            )
                        })
                        .into(),
                )
            },
        ],
    )
}
