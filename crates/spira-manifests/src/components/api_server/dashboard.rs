//! The dashboard of the API server, as its guard sees it.
//!
//! Constant text but for names, so the proof takes no literals from here.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::ConfigMap;

use super::{Values, overview};
use crate::{
    Context,
    kit::grafana::{self, Colour, Dashboard, Lines, Panel, Place, Row, State, Unit, pods, query},
};

static PANELS: LazyLock<[Lines; 2]> = LazyLock::new(|| {
    let (pods, below) = Lines::new(&Place::default(), &[pods::row(pods::DEPLOYED)]);
    // Last, since they are missing where there is no guard.
    let (guard, _) = Lines::new(&below, &[requests(), times(), program()]);
    [pods, guard]
});

/// This dashboard and that of SPIRA as a whole.
#[must_use]
pub fn dashboards(context: &Context, values: &Values) -> ConfigMap {
    let [pods, guard] = &*PANELS;
    let mut panels = vec![pods];
    if values.guard.enabled {
        panels.push(guard);
    }
    let own = Dashboard {
        slug: "api-server",
        subject: "API server",
        names: vec![("workload", context.fullname())],
        panels,
    };
    grafana::config_map(context, &[own, overview::dashboard(context, values)])
}

/// Labels of the guard's series about one of its backends.
pub(super) fn backend(name: &str) -> String {
    format!(r#"{},proxy="{name}""#, pods::labels(pods::DEPLOYED))
}

fn requests() -> Row {
    let (inferences, others) = (backend("inferences"), backend("others"));
    let front = backend("api");
    Row::open(
        "Requests at the guard",
        vec![
            Panel {
                description: "Requests to the program: POSTs of inferences, of which one at a time gets \
                              through to it, and all others.",
                ..Panel::lines(
                    "Requests",
                    Unit::RequestsPerSecond,
                    vec![
                        query(
                            format!(
                                "sum(rate(haproxy_backend_http_requests_total{{{inferences}}}[$__rate_interval]))"
                            ),
                            "inferences",
                        ),
                        query(
                            format!(
                                "sum(rate(haproxy_backend_http_requests_total{{{others}}}[$__rate_interval]))"
                            ),
                            "others",
                        ),
                    ],
                )
            },
            Panel {
                description: "Answers to clients by class. 503 says that too many wait, 504 that the \
                              outcome is unknown.",
                runbook: Some("SpiraApiErrors"),
                ..Panel::lines(
                    "Answers",
                    Unit::RequestsPerSecond,
                    vec![query(
                        format!(
                            "sum by (code) (rate(haproxy_frontend_http_responses_total{{{front}}}[$__rate_interval]))"
                        ),
                        "{{code}}",
                    )],
                )
            },
            Panel {
                description: "What went wrong between the guard and the program, and requests that the \
                              guard refused.",
                runbook: Some("SpiraGuardRejecting"),
                ..Panel::lines(
                    "Errors",
                    Unit::PerSecond,
                    vec![
                        query(
                            format!(
                                "sum(rate(haproxy_backend_connection_errors_total{{{}}}[$__rate_interval]))",
                                backends()
                            ),
                            "no connection",
                        ),
                        query(
                            format!(
                                "sum(rate(haproxy_backend_response_errors_total{{{}}}[$__rate_interval]))",
                                backends()
                            ),
                            "no answer",
                        ),
                        query(
                            format!(
                                "sum(rate(haproxy_backend_retry_warnings_total{{{}}}[$__rate_interval]))",
                                backends()
                            ),
                            "asked again",
                        ),
                        query(
                            format!(
                                "sum(rate(haproxy_frontend_requests_denied_total{{{front}}}[$__rate_interval]))"
                            ),
                            "refused",
                        ),
                    ],
                )
            },
        ],
    )
}

fn backends() -> String {
    format!(
        r#"{},proxy=~"inferences|others""#,
        pods::labels(pods::DEPLOYED)
    )
}

fn times() -> Row {
    let inferences = backend("inferences");
    let panel = |title, description, metric: &str| Panel {
        description,
        runbook: Some("SpiraApiSlow"),
        ..Panel::lines(
            title,
            Unit::Seconds,
            vec![query(
                format!("max by (pod) ({metric}{{{inferences}}})"),
                "{{pod}}",
            )],
        )
    };
    Row::open(
        "POSTs of inferences (mean of the last 1024 of each pod)",
        vec![
            panel(
                "Total time",
                "From the whole request to the whole answer. It grows with the queue.",
                "haproxy_backend_total_time_average_seconds",
            ),
            panel(
                "Time in the queue",
                "How long a POST waits for those before it.",
                "haproxy_backend_queue_time_average_seconds",
            ),
            panel(
                "Time of the program",
                "How long the program takes. A slow MongoDB, object store or NATS shows here.",
                "haproxy_backend_response_time_average_seconds",
            ),
        ],
    )
}

const UP: &[State] = &[("0", "down", Colour::Red), ("1", "up", Colour::Green)];

fn program() -> Row {
    let inferences = backend("inferences");
    Row::open(
        "The program behind the guard",
        vec![
            Panel {
                description: "Whether the program answers the guard. It can be down while its pod runs.",
                runbook: Some("SpiraApiDown"),
                ..Panel::states(
                    "Answers",
                    UP,
                    vec![query(
                        format!(
                            r#"max by (pod) (haproxy_server_status{{{},state="UP"}})"#,
                            backend("others")
                        ),
                        "{{pod}}",
                    )],
                )
            },
            Panel {
                description: "POSTs of inferences that wait in each pod.",
                width: 12,
                ..Panel::lines(
                    "Queue",
                    Unit::Number,
                    vec![query(
                        format!("max by (pod) (haproxy_backend_current_queue{{{inferences}}})"),
                        "{{pod}}",
                    )],
                )
            },
        ],
    )
}
