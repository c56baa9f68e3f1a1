//! Pods that `helm test` runs.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Pod, PodSpec, PodTemplateSpec},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{Labels, Positive};
use crate::Context;

/// When `helm test` runs a pod, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Tests run in the order of their weights; after the first that fails none does.
    pub weight: &'static str,
    /// Seconds after which the pod counts as failed.
    pub deadline: Positive,
}

/// A pod that `helm test` runs, made of a workload's template. It stays until the next run, so that
/// its log can be read. It is no Job: `helm test --logs` finds the logs of pods only.
#[must_use]
pub fn test_pod(
    context: &Context,
    name: String,
    turn: Turn,
    labels: &Labels,
    template: PodTemplateSpec,
) -> Pod {
    let users = template.metadata.and_then(|metadata| metadata.annotations);
    let mut annotations = BTreeMap::from(
        [
            ("helm.sh/hook", "test"),
            ("helm.sh/hook-delete-policy", "before-hook-creation"),
            ("helm.sh/hook-weight", turn.weight),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    annotations.extend(users.unwrap_or_default());
    Pod {
        metadata: ObjectMeta {
            annotations: Some(annotations),
            labels: Some(context.labels_with(labels)),
            ..context.meta(name)
        },
        spec: Some(PodSpec {
            active_deadline_seconds: Some(turn.deadline.into()),
            restart_policy: Some("Never".into()),
            ..template.spec.unwrap_or_default()
        }),
        ..Pod::default()
    }
}
