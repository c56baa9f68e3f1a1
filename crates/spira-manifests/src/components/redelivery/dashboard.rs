//! The dashboard of redelivery: what waits, for how long, and what was done about it.
//!
//! Constant text but for names, so the proof takes no literals from here.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::ConfigMap;

use crate::{
    Context,
    kit::grafana::{self, Colour, Dashboard, Lines, Panel, Query, Row, Unit, pods, query},
};

static PANELS: LazyLock<Lines> =
    LazyLock::new(|| Lines::whole(&[waiting(), work(), pods::row(pods::DEPLOYED)]));

/// The dashboard.
#[must_use]
pub fn dashboard(context: &Context) -> ConfigMap {
    let board = Dashboard {
        slug: "redelivery",
        subject: "redelivery",
        names: vec![("workload", context.fullname())],
        panels: vec![&PANELS],
    };
    grafana::config_map(context, &[board])
}

// Every pod looks at the same documents, so the newest of their answers is the answer.
fn newest(metric: &str, legend: &'static str) -> Query {
    let labels = pods::labels(pods::DEPLOYED);
    query(format!("max({metric}{{{labels}}})"), legend)
}

fn rate_of_all(metric: &str, by: &str, legend: &'static str) -> Query {
    let labels = pods::labels(pods::DEPLOYED);
    query(
        format!("sum by ({by}) (rate({metric}{{{labels}}}[$__rate_interval]))"),
        legend,
    )
}

fn waiting() -> Row {
    Row::open(
        "What waits",
        vec![
            Panel {
                description: "Acknowledged inferences that are not complete and older than the age at \
                              which they count as left over.",
                thresholds: &[(1.0, Colour::Yellow), (50.0, Colour::Red)],
                runbook: Some("SpiraBacklogGrowing"),
                ..Panel::stat(
                    "Waiting",
                    Unit::Number,
                    vec![newest("spira_inferences_waiting", "")],
                )
            },
            Panel {
                description: "How long the oldest of them has been waiting.",
                thresholds: &[(120.0, Colour::Yellow), (600.0, Colour::Red)],
                runbook: Some("SpiraInferenceWaitingTooLong"),
                ..Panel::stat(
                    "Oldest waiting",
                    Unit::Seconds,
                    vec![newest("spira_inference_oldest_waiting_seconds", "")],
                )
            },
            Panel {
                description: "Completed inferences whose result cannot be read: the answer came before \
                              the document that it belongs into.",
                thresholds: &[(1.0, Colour::Yellow), (50.0, Colour::Red)],
                ..Panel::stat(
                    "Results missing",
                    Unit::Number,
                    vec![newest("spira_results_missing", "")],
                )
            },
            Panel {
                description: "Inferences that were tried as often as allowed. Nobody will try them again.",
                thresholds: &[(1.0, Colour::Red)],
                runbook: Some("SpiraInferencesGivenUp"),
                ..Panel::stat(
                    "Given up",
                    Unit::Number,
                    vec![newest("spira_inferences_given_up", "")],
                )
            },
            Panel {
                description: "Inferences that wait and whose recordings or model are gone.",
                thresholds: &[(1.0, Colour::Red)],
                runbook: Some("SpiraInferencesUnrecoverable"),
                ..Panel::stat(
                    "Unrecoverable",
                    Unit::Number,
                    vec![newest("spira_inferences_unrecoverable", "")],
                )
            },
            Panel {
                description: "Since a round of any pod last went through. It is a few seconds while all is \
                              well.",
                thresholds: &[(60.0, Colour::Yellow), (300.0, Colour::Red)],
                runbook: Some("SpiraRedeliveryStalled"),
                ..Panel::stat(
                    "Last round",
                    Unit::Seconds,
                    vec![query(
                        format!(
                            "time() - max(spira_redelivery_last_round_timestamp_seconds{{{}}})",
                            pods::labels(pods::DEPLOYED)
                        ),
                        "",
                    )],
                )
            },
            Panel {
                description: "What waits, over time.",
                width: 12,
                ..Panel::lines(
                    "Waiting",
                    Unit::Number,
                    vec![
                        newest("spira_inferences_waiting", "not complete"),
                        newest("spira_results_missing", "without result"),
                    ],
                )
            },
            Panel {
                description: "The age of the oldest inference that waits, over time.",
                width: 12,
                ..Panel::lines(
                    "Oldest waiting",
                    Unit::Seconds,
                    vec![newest("spira_inference_oldest_waiting_seconds", "age")],
                )
            },
        ],
    )
}

fn work() -> Row {
    Row::open(
        "What was done",
        vec![
            Panel {
                description: "Requests published again that somebody listened to, by what was missing.",
                ..Panel::lines(
                    "Redelivered",
                    Unit::PerSecond,
                    vec![rate_of_all(
                        "spira_inferences_redelivered_total",
                        "reason",
                        "{{reason}}",
                    )],
                )
            },
            Panel {
                description: "Requests published again while nobody listened. They do not count as tries.",
                runbook: Some("SpiraInferenceUnheard"),
                ..Panel::lines(
                    "Unheard",
                    Unit::PerSecond,
                    vec![rate_of_all(
                        "spira_redelivery_unheard_total",
                        "pod",
                        "{{pod}}",
                    )],
                )
            },
            Panel {
                description: "Rounds that failed, by the service that was away.",
                ..Panel::lines(
                    "Failed rounds",
                    Unit::PerSecond,
                    vec![rate_of_all(
                        "spira_redelivery_failures_total",
                        "dependency",
                        "{{dependency}}",
                    )],
                )
            },
        ],
    )
}
