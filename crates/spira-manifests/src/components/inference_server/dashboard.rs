//! The dashboard of the inference server.
//!
//! It has no metrics of its own (SPIRA contract B1). What can be seen of it: whether it listens to
//! NATS, whether inferences are completed, and what Kubernetes knows of its pods.
//!
//! Constant text but for names, so the proof takes no literals from here.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::ConfigMap;

use crate::{
    Context,
    kit::grafana::{self, Colour, Dashboard, Lines, Panel, Row, Unit, pods, query},
};

static PANELS: LazyLock<Lines> =
    LazyLock::new(|| Lines::whole(&[work(), pods::row(pods::DEPLOYED)]));

/// The dashboard.
#[must_use]
pub fn dashboard(context: &Context) -> ConfigMap {
    let board = Dashboard {
        slug: "inference-server",
        subject: "inference server",
        names: vec![
            ("workload", context.fullname()),
            ("nats", context.fullname_of("nats")),
            ("redelivery", context.fullname_of("redelivery")),
        ],
        panels: vec![&PANELS],
    };
    grafana::config_map(context, &[board])
}

fn work() -> Row {
    let pods_ = pods::labels(pods::DEPLOYED);
    let nats = pods::labels("$nats-[0-9]+");
    let redelivery = pods::labels("$redelivery-[a-z0-9]+-[a-z0-9]{5}");
    Row::open(
        "Work",
        vec![
            Panel {
                description: "Pods that hold a subscription at NATS, by their addresses. One that is \
                              missing is deaf: it predicts nothing.",
                runbook: Some("SpiraInferenceServerDeaf"),
                ..Panel::stat(
                    "Listening",
                    Unit::Number,
                    vec![query(
                        format!(
                            "count(max by (pod_ip) (kube_pod_info{{{pods_}}}) and on (pod_ip) \
                             label_replace(nats_connz_subscriptions{{{nats}}} > 0, \"pod_ip\", \"$1\", \"ip\", \"(.+)\")) \
                             or vector(0)"
                        ),
                        "",
                    )],
                )
            },
            Panel {
                description: "Acknowledged inferences that nobody has predicted in time.",
                thresholds: &[(1.0, Colour::Yellow), (50.0, Colour::Red)],
                runbook: Some("SpiraBacklogGrowing"),
                ..Panel::stat(
                    "Waiting",
                    Unit::Number,
                    vec![query(
                        format!("max(spira_inferences_waiting{{{redelivery}}})"),
                        "",
                    )],
                )
            },
            Panel {
                description: "Inferences that are completed. One pod does about four a second; each pod \
                              does them all.",
                runbook: Some("SpiraNoInferenceCompleted"),
                ..Panel::lines(
                    "Completed",
                    Unit::PerSecond,
                    vec![query(
                        format!(
                            "clamp_min(max(deriv(spira_inferences{{{redelivery},status=\"completed\"}}[$__rate_interval])), 0)"
                        ),
                        "completed",
                    )],
                )
            },
            Panel {
                description: "CPU that was asked for and not given, because of the limit. A deaf pod spins \
                              there.",
                ..Panel::lines(
                    "Throttled",
                    Unit::Share,
                    vec![query(
                        format!(
                            "sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{{{pods_},container!=\"\"}}[$__rate_interval])) \
                             / sum by (pod) (rate(container_cpu_cfs_periods_total{{{pods_},container!=\"\"}}[$__rate_interval]))"
                        ),
                        "{{pod}}",
                    )],
                )
            },
        ],
    )
}
