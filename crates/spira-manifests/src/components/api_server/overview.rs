//! The dashboard of SPIRA as a whole.
//!
//! It belongs to the API server since there is no SPIRA without it, whatever else is switched off or
//! outside of the cluster, and since only here it is known whether there is a guard.
//!
//! Constant text but for names, so the proof takes no literals from here.

use std::sync::LazyLock;

use super::{Values, dashboard::backend};
use crate::{
    Context,
    kit::grafana::{
        Colour, Dashboard, Lines, Look, Panel, Place, Query, Row, Unit, YES_NO, pods, query,
    },
};

static PANELS: LazyLock<[Lines; 3]> = LazyLock::new(|| {
    let rows = [inferences(), pods_by_component(), stores()];
    let (always, below) = Lines::new(&Place::default(), &rows);
    // Grafana moves the last row up where there is no guard.
    let (guard, below) = Lines::new(&below, &[requests()]);
    let (faults, _) = Lines::new(&below, &[faults()]);
    [always, guard, faults]
});

/// Every component with pods: the variable that holds what their names start with, its name in a
/// legend, and what their names end in.
const COMPONENTS: &[(&str, &str, &str)] = &[
    ("workload", "API server", DEPLOYED),
    ("inference_server", "inference server", DEPLOYED),
    ("redelivery", "redelivery", DEPLOYED),
    ("nats", "NATS", "[0-9]+"),
    ("mongodb", "MongoDB", "[0-9]+"),
    ("minio", "MinIO", ".+-[0-9]+"),
    ("postgresql", "PostgreSQL", "[0-9]+"),
    ("mlflow", "MLflow", DEPLOYED),
];
const DEPLOYED: &str = "[a-z0-9]+-[a-z0-9]{5}";

/// The dashboard.
pub(super) fn dashboard<'a>(context: &Context, values: &Values) -> Dashboard<'a> {
    let [always, guard, faults] = &*PANELS;
    let mut panels = vec![always];
    if values.guard.enabled {
        panels.push(guard);
    }
    panels.push(faults);
    Dashboard {
        slug: "overview",
        subject: "overview",
        names: vec![
            ("workload", context.fullname()),
            ("inference_server", context.fullname_of("inference-server")),
            ("redelivery", context.fullname_of("redelivery")),
            ("nats", context.fullname_of("nats")),
            ("mongodb", context.fullname_of("mongodb")),
            ("minio", context.fullname_of("minio")),
            ("postgresql", context.fullname_of("postgresql")),
            ("mlflow", context.fullname_of("mlflow")),
        ],
        panels,
    }
}

/// Labels that choose the series of the pods of one of [`COMPONENTS`].
fn labels(variable: &str) -> String {
    let ends = COMPONENTS.iter().find(|(of, ..)| *of == variable);
    let end = ends.map_or("", |(.., end)| end);
    pods::labels(&format!("${variable}-{end}"))
}

fn newest(metric: &str, matcher: &str, legend: &'static str) -> Query {
    let labels = labels("redelivery");
    query(format!("max({metric}{{{labels}{matcher}}})"), legend)
}

#[allow(clippy::too_many_lines)] // one literal for each panel
fn inferences() -> Row {
    let redelivery = labels("redelivery");
    Row::open(
        "Inferences",
        vec![
            Panel {
                description: "Inferences in MongoDB that were answered.",
                ..Panel::stat(
                    "Completed",
                    Unit::Number,
                    vec![newest("spira_inferences", r#",status="completed""#, "")],
                )
            },
            Panel {
                description: "Inferences in MongoDB that were not answered. Those whose POST failed stay \
                              here for ever; they were never acknowledged.",
                ..Panel::stat(
                    "Processing",
                    Unit::Number,
                    vec![newest("spira_inferences", r#",status="processing""#, "")],
                )
            },
            Panel {
                description: "Acknowledged inferences that take too long, and will be published again.",
                thresholds: &[(1.0, Colour::Yellow), (50.0, Colour::Red)],
                runbook: Some("SpiraBacklogGrowing"),
                ..Panel::stat(
                    "Waiting",
                    Unit::Number,
                    vec![newest("spira_inferences_waiting", "", "")],
                )
            },
            Panel {
                description: "How long the oldest of them has been waiting.",
                thresholds: &[(120.0, Colour::Yellow), (600.0, Colour::Red)],
                runbook: Some("SpiraInferenceWaitingTooLong"),
                ..Panel::stat(
                    "Oldest waiting",
                    Unit::Seconds,
                    vec![newest("spira_inference_oldest_waiting_seconds", "", "")],
                )
            },
            Panel {
                description: "Requests published again in the time shown. Without faults there are none.",
                ..Panel::stat(
                    "Redelivered",
                    Unit::Number,
                    vec![query(
                        format!(
                            "sum(ceil(increase(spira_inferences_redelivered_total{{{redelivery}}}[$__range])))"
                        ),
                        "",
                    )],
                )
            },
            Panel {
                description: "Acknowledged inferences that nobody will try again: tried too often, or \
                              without recordings or model. This is what SPIRA promises not to have.",
                thresholds: &[(1.0, Colour::Red)],
                runbook: Some("SpiraInferencesGivenUp"),
                ..Panel::stat(
                    "Lost",
                    Unit::Number,
                    vec![query(
                        format!(
                            "max(spira_inferences_given_up{{{redelivery}}}) \
                             + max(spira_inferences_unrecoverable{{{redelivery}}})"
                        ),
                        "",
                    )],
                )
            },
            Panel {
                description: "Inferences that were completed, and requests that were published again.",
                width: 12,
                runbook: Some("SpiraNoInferenceCompleted"),
                ..Panel::lines(
                    "Completed and redelivered",
                    Unit::PerSecond,
                    vec![
                        query(
                            format!(
                                "clamp_min(max(deriv(spira_inferences{{{redelivery},status=\"completed\"}}[$__rate_interval])), 0)"
                            ),
                            "completed",
                        ),
                        query(
                            format!(
                                "sum(rate(spira_inferences_redelivered_total{{{redelivery}}}[$__rate_interval]))"
                            ),
                            "redelivered",
                        ),
                    ],
                )
            },
            Panel {
                description: "Acknowledged inferences that wait, and the age of the oldest.",
                width: 12,
                ..Panel::lines(
                    "Waiting",
                    Unit::Number,
                    vec![
                        newest("spira_inferences_waiting", "", "waiting"),
                        newest(
                            "spira_inference_oldest_waiting_seconds",
                            "",
                            "seconds the oldest waits",
                        ),
                    ],
                )
            },
        ],
    )
}

fn requests() -> Row {
    let (api, inferences) = (backend("api"), backend("inferences"));
    Row::open(
        "Requests at the guard",
        vec![
            Panel {
                description: "POSTs of inferences, and those that were acknowledged: answered 200.",
                width: 6,
                ..Panel::lines(
                    "Posted and acknowledged",
                    Unit::RequestsPerSecond,
                    vec![
                        query(
                            format!(
                                "sum(rate(haproxy_backend_http_requests_total{{{inferences}}}[$__rate_interval]))"
                            ),
                            "posted",
                        ),
                        query(
                            format!(
                                "sum(rate(haproxy_backend_http_responses_total{{{inferences},code=\"2xx\"}}[$__rate_interval]))"
                            ),
                            "acknowledged",
                        ),
                    ],
                )
            },
            Panel {
                description: "All requests, by the class of the answer.",
                width: 6,
                ..Panel::lines(
                    "Answers",
                    Unit::RequestsPerSecond,
                    vec![query(
                        format!(
                            "sum by (code) (rate(haproxy_frontend_http_responses_total{{{api}}}[$__rate_interval]))"
                        ),
                        "{{code}}",
                    )],
                )
            },
            Panel {
                description: "The share of POSTs of inferences that was answered 5xx.",
                width: 6,
                runbook: Some("SpiraApiErrors"),
                ..Panel::lines(
                    "Errors",
                    Unit::Share,
                    vec![query(
                        format!(
                            "sum(rate(haproxy_backend_http_responses_total{{{inferences},code=\"5xx\"}}[$__rate_interval])) \
                             / sum(rate(haproxy_backend_http_responses_total{{{inferences}}}[$__rate_interval]))"
                        ),
                        "5xx",
                    )],
                )
            },
            Panel {
                description: "POSTs of inferences, mean of each pod's last 1024: in all, and waiting for \
                              those before.",
                width: 6,
                runbook: Some("SpiraApiSlow"),
                ..Panel::lines(
                    "Latency",
                    Unit::Seconds,
                    vec![
                        query(
                            format!(
                                "max(haproxy_backend_total_time_average_seconds{{{inferences}}})"
                            ),
                            "in all",
                        ),
                        query(
                            format!(
                                "max(haproxy_backend_queue_time_average_seconds{{{inferences}}})"
                            ),
                            "in the queue",
                        ),
                    ],
                )
            },
        ],
    )
}

fn of_each(expression: impl Fn(&str) -> String) -> Vec<Query> {
    COMPONENTS
        .iter()
        .map(|&(variable, legend, _)| query(expression(&labels(variable)), legend))
        .collect()
}

fn pods_by_component() -> Row {
    Row::open(
        "Pods",
        vec![
            Panel {
                description: "Pods that are ready now.",
                width: 24,
                ..Panel::stat(
                    "Ready",
                    Unit::Number,
                    of_each(|labels| {
                        format!(r#"sum(kube_pod_status_ready{{{labels},condition="true"}})"#)
                    }),
                )
            },
            Panel {
                description: "Whether all pods of a component were ready when. A pod that is killed and \
                              replaced shows as a gap.",
                runbook: Some("SpiraReplicasMissing"),
                ..Panel::states(
                    "All ready",
                    YES_NO,
                    of_each(|labels| {
                        format!(r#"min(kube_pod_status_ready{{{labels},condition="true"}})"#)
                    }),
                )
            },
            Panel {
                description: "Containers that were started again in each minute.",
                look: Look::Stacked,
                width: 12,
                ..Panel::lines(
                    "Restarts",
                    Unit::Number,
                    of_each(|labels| {
                        format!(
                            "sum(increase(kube_pod_container_status_restarts_total{{{labels}}}[2m])) / 2"
                        )
                    }),
                )
            },
        ],
    )
}

fn stores() -> Row {
    let (nats, mongodb, minio) = (labels("nats"), labels("mongodb"), labels("minio"));
    let postgresql = labels("postgresql");
    Row::open(
        "NATS and the stores",
        vec![
            Panel {
                description: "Connections to NATS. Every API server and every inference server that \
                              listens holds one.",
                runbook: Some("SpiraNatsListenerDeaf"),
                ..Panel::lines(
                    "NATS connections",
                    Unit::Number,
                    vec![query(
                        format!("sum by (pod) (nats_varz_connections{{{nats}}})"),
                        "{{pod}}",
                    )],
                )
            },
            Panel {
                description: "Pods of the stores from which metrics can be read, of those that there are. \
                              Each store can lose one pod and go on.",
                runbook: Some("SpiraTargetDown"),
                ..Panel::lines(
                    "Stores that answer",
                    Unit::Share,
                    vec![
                        query(format!("avg(up{{{mongodb}}})"), "MongoDB"),
                        query(format!("avg(up{{{minio}}})"), "MinIO"),
                        query(format!("avg(up{{{postgresql}}})"), "PostgreSQL"),
                    ],
                )
            },
            Panel {
                description: "Drives of MinIO that are online, beyond those that it needs to write.",
                runbook: Some("SpiraMinioBelowWriteQuorum"),
                ..Panel::lines(
                    "MinIO drives to spare",
                    Unit::Number,
                    vec![query(
                        format!(
                            "min(minio_cluster_health_erasure_set_online_drives{{{minio}}}) \
                             - max(minio_cluster_health_erasure_set_write_quorum{{{minio}}})"
                        ),
                        "drives",
                    )],
                )
            },
        ],
    )
}

// Chaos Mesh's own metrics. Prometheus calls the fault's namespace `exported_namespace`, since
// `namespace` is that of Chaos Mesh.
fn faults() -> Row {
    Row {
        title: "Faults under way (if Prometheus reads Chaos Mesh)",
        is_collapsed: true,
        panels: vec![Panel {
            description: "Faults that Chaos Mesh makes in this namespace.",
            look: Look::Stacked,
            width: 24,
            ..Panel::lines(
                "Faults",
                Unit::Number,
                vec![query(
                    "sum by (kind) (chaos_controller_manager_chaos_experiments\
                     {exported_namespace=\"$namespace\",phase=\"running\"})",
                    "{{kind}}",
                )],
            )
        }],
    }
}
