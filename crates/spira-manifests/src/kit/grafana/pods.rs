//! What Kubernetes knows of the pods of any component: kube-state-metrics and the kubelets tell it,
//! which kube-prometheus-stack brings and reads.
//!
//! Pods are told by their names, since labels of pods are no labels of these metrics. The names
//! start with the dashboard's variable `workload`.

use super::{Colour, Panel, Row, Unit, YES_NO, query};

/// The names of a `StatefulSet`'s pods, and of those that the operators make.
pub const NUMBERED: &str = "$workload-[0-9]+";
/// The names of a Deployment's pods. Neither part of their ends has a dash, and the last one is five
/// long: the pods of a release whose name is longer are others.
pub const DEPLOYED: &str = "$workload-[a-z0-9]+-[a-z0-9]{5}";

/// Labels that choose these pods' series, such as `namespace="…",pod=~"…"`.
#[must_use]
pub fn labels(pods: &str) -> String {
    format!(r#"namespace="$namespace",pod=~"{pods}""#)
}

/// A row about pods with these names.
#[must_use]
pub fn row(pods: &str) -> Row {
    Row::open(
        "Pods",
        vec![
            ready(pods),
            restarts(pods),
            ready_when(pods),
            processors(pods),
            memory(pods),
            ages(pods),
        ],
    )
}

/// A row about the volumes of pods with these names. The names of claims end in the pods'.
#[must_use]
pub fn volumes(pods: &str) -> Row {
    let claims = format!(r#"namespace="$namespace",persistentvolumeclaim=~".*{pods}""#);
    Row::open(
        "Volumes",
        vec![Panel {
            description: "How full each volume is. A store whose volume is full takes no writes.",
            thresholds: &[(0.8, Colour::Yellow), (0.9, Colour::Red)],
            width: 24,
            runbook: Some("SpiraVolumeAlmostFull"),
            ..Panel::lines(
                "Used",
                Unit::Share,
                vec![query(
                    format!(
                        "max by (persistentvolumeclaim) (kubelet_volume_stats_used_bytes{{{claims}}} \
                         / kubelet_volume_stats_capacity_bytes{{{claims}}})"
                    ),
                    "{{persistentvolumeclaim}}",
                )],
            )
        }],
    )
}

fn ready(pods: &str) -> Panel {
    let labels = labels(pods);
    Panel {
        description: "Pods that are ready, and pods that there are.",
        width: 6,
        runbook: Some("SpiraReplicasMissing"),
        ..Panel::stat(
            "Ready",
            Unit::Number,
            vec![
                query(
                    format!(r#"sum(kube_pod_status_ready{{{labels},condition="true"}})"#),
                    "ready",
                ),
                query(format!("count(kube_pod_info{{{labels}}})"), "of"),
            ],
        )
    }
}

fn restarts(pods: &str) -> Panel {
    let labels = labels(pods);
    Panel {
        description: "Containers that were started again in the time shown. A pod that is killed is no \
                      restart: another one takes its place.",
        thresholds: &[(1.0, Colour::Yellow), (5.0, Colour::Red)],
        width: 6,
        runbook: Some("SpiraContainerWaiting"),
        ..Panel::stat(
            "Restarts",
            Unit::Number,
            vec![query(
                format!(
                    "sum(ceil(increase(kube_pod_container_status_restarts_total{{{labels}}}[$__range])))"
                ),
                "restarts",
            )],
        )
    }
}

fn ready_when(pods: &str) -> Panel {
    let labels = labels(pods);
    Panel {
        description: "When which pod was ready. Where a bar ends, the pod is gone.",
        ..Panel::states(
            "Ready by pod",
            YES_NO,
            vec![query(
                format!(r#"max by (pod) (kube_pod_status_ready{{{labels},condition="true"}})"#),
                "{{pod}}",
            )],
        )
    }
}

fn ages(pods: &str) -> Panel {
    let labels = labels(pods);
    Panel {
        description: "How old each pod is, and where it runs. A pod that was killed is young.",
        width: 24,
        ..Panel::table(
            "Age",
            Unit::Seconds,
            vec![query(
                format!(
                    "(time() - max by (pod) (kube_pod_start_time{{{labels}}})) * on (pod) group_left (node, uid) \
                     max by (pod, node, uid) (kube_pod_info{{{labels}}})"
                ),
                "",
            )],
        )
    }
}

fn processors(pods: &str) -> Panel {
    let labels = labels(pods);
    Panel {
        description: "Cores that each pod uses.",
        width: 12,
        ..Panel::lines(
            "CPU",
            Unit::Cores,
            vec![query(
                format!(
                    r#"sum by (pod) (rate(container_cpu_usage_seconds_total{{{labels},container!=""}}[$__rate_interval]))"#
                ),
                "{{pod}}",
            )],
        )
    }
}

fn memory(pods: &str) -> Panel {
    let labels = labels(pods);
    Panel {
        description: "Memory that each pod holds and that cannot be taken from it.",
        width: 12,
        ..Panel::lines(
            "Memory",
            Unit::Bytes,
            vec![query(
                format!(
                    r#"sum by (pod) (container_memory_working_set_bytes{{{labels},container!=""}})"#
                ),
                "{{pod}}",
            )],
        )
    }
}
