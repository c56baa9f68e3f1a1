//! How many pods of a workload there must be.

use k8s_openapi::{
    api::{
        autoscaling::v2::{
            CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior,
            HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget, ResourceMetricSource,
        },
        policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    },
    apimachinery::pkg::util::intstr::IntOrString,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, Positive, non_empty};
use crate::Context;

/// How many pods a voluntary disruption, such as the draining of a node, may take away at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Disruption {
    /// Whether there is a `PodDisruptionBudget`.
    pub enabled: bool,
    /// How many pods may be away at a time.
    pub max_unavailable: Count,
}

impl Default for Disruption {
    fn default() -> Self {
        Self {
            enabled: true,
            max_unavailable: Count::try_from(1).expect("1 is a count"),
        }
    }
}

impl Disruption {
    /// The budget over the pods of the context's component.
    #[must_use]
    pub fn pod_disruption_budget(&self, context: &Context, name: String) -> PodDisruptionBudget {
        PodDisruptionBudget {
            metadata: context.meta(name),
            spec: Some(PodDisruptionBudgetSpec {
                max_unavailable: Some(IntOrString::Int(self.max_unavailable.get())),
                selector: Some(context.selector()),
                // A pod that is not ready serves nobody: it must not keep a node from draining.
                unhealthy_pod_eviction_policy: Some("AlwaysAllow".into()),
                ..PodDisruptionBudgetSpec::default()
            }),
            ..PodDisruptionBudget::default()
        }
    }
}

/// How many pods run, by load; while it is on, nothing else sets the number of pods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Autoscaling {
    /// Whether there is a `HorizontalPodAutoscaler`; it needs a metrics server in the cluster.
    pub enabled: bool,
    /// The least number of pods.
    pub min_replicas: Positive,
    /// The greatest number of pods.
    pub max_replicas: Positive,
    /// The CPU use to aim at, in percent of the request.
    #[serde(rename = "targetCPUUtilizationPercentage")]
    pub target_cpu_utilization_percentage: Positive,
    /// The memory use to aim at too, in percent of the request.
    pub target_memory_utilization_percentage: Option<Positive>,
    /// How fast to add and take away pods.
    pub behavior: HorizontalPodAutoscalerBehavior,
}

impl Default for Autoscaling {
    fn default() -> Self {
        let positive = |number| Positive::try_from(number).expect("a constant above 0");
        Self {
            enabled: false,
            min_replicas: positive(3),
            max_replicas: positive(6),
            target_cpu_utilization_percentage: positive(80),
            target_memory_utilization_percentage: None,
            behavior: HorizontalPodAutoscalerBehavior::default(),
        }
    }
}

impl Autoscaling {
    /// The autoscaler of the Deployment `name`.
    #[must_use]
    pub fn horizontal_pod_autoscaler(
        &self,
        context: &Context,
        name: &str,
    ) -> HorizontalPodAutoscaler {
        let mut metrics = vec![utilization("cpu", self.target_cpu_utilization_percentage)];
        if let Some(target) = self.target_memory_utilization_percentage {
            metrics.push(utilization("memory", target));
        }
        HorizontalPodAutoscaler {
            metadata: context.meta(name),
            spec: HorizontalPodAutoscalerSpec {
                behavior: non_empty(&self.behavior),
                max_replicas: self.max_replicas.get(),
                metrics: Some(metrics),
                min_replicas: Some(self.min_replicas.get()),
                scale_target_ref: CrossVersionObjectReference {
                    api_version: Some("apps/v1".into()),
                    kind: "Deployment".into(),
                    name: name.into(),
                },
            },
            ..HorizontalPodAutoscaler::default()
        }
    }
}

fn utilization(resource: &str, target: Positive) -> MetricSpec {
    MetricSpec {
        resource: Some(ResourceMetricSource {
            name: resource.into(),
            target: MetricTarget {
                average_utilization: Some(target.get()),
                type_: "Utilization".into(),
                ..MetricTarget::default()
            },
        }),
        type_: "Resource".into(),
        ..MetricSpec::default()
    }
}
