//! What tells Prometheus and Grafana of a component, the same for every component.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::ConfigMap,
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};

use super::non_empty;
use crate::{
    Context,
    cr::prometheus::{
        Endpoint, PodMonitor, PodMonitorSpec, PrometheusRule, PrometheusRuleSpec, RuleGroup,
        ServiceMonitor, ServiceMonitorSpec,
    },
};

/// A monitor of the pods with these labels. The endpoints are read at `global.monitoring.interval`.
#[must_use]
pub fn pod_monitor(
    context: &Context,
    name: String,
    pods: BTreeMap<String, String>,
    endpoints: Vec<Endpoint>,
) -> PodMonitor {
    PodMonitor {
        metadata: meta(context, name),
        spec: PodMonitorSpec {
            selector: selector(pods),
            pod_metrics_endpoints: with_interval(context, endpoints),
        },
    }
}

/// A monitor of the Services with these labels. The endpoints are read at
/// `global.monitoring.interval`.
#[must_use]
pub fn service_monitor(
    context: &Context,
    name: String,
    services: BTreeMap<String, String>,
    endpoints: Vec<Endpoint>,
) -> ServiceMonitor {
    ServiceMonitor {
        metadata: meta(context, name),
        spec: ServiceMonitorSpec {
            selector: selector(services),
            endpoints: with_interval(context, endpoints),
        },
    }
}

/// Rules that Prometheus computes.
#[must_use]
pub fn prometheus_rule(context: &Context, name: String, groups: Vec<RuleGroup>) -> PrometheusRule {
    PrometheusRule {
        metadata: meta(context, name),
        spec: PrometheusRuleSpec { groups },
    }
}

/// A `ConfigMap` in which Grafana finds dashboards, by file name.
#[must_use]
pub fn dashboards(context: &Context, name: String, files: BTreeMap<String, String>) -> ConfigMap {
    let dashboards = &context.global.monitoring.dashboards;
    ConfigMap {
        metadata: ObjectMeta {
            annotations: non_empty(&*dashboards.annotations),
            ..labelled(context, name, &dashboards.labels)
        },
        data: Some(files),
        ..ConfigMap::default()
    }
}

/// Whether monitors are made.
#[must_use]
pub fn monitors(context: &Context) -> bool {
    context.global.monitoring.enabled
}

/// Whether rules are made.
#[must_use]
pub fn rules(context: &Context) -> bool {
    context.global.monitoring.enabled && context.global.monitoring.rules.enabled
}

/// Whether dashboards are made.
#[must_use]
pub fn has_dashboards(context: &Context) -> bool {
    context.global.monitoring.enabled && context.global.monitoring.dashboards.enabled
}

fn meta(context: &Context, name: String) -> ObjectMeta {
    labelled(context, name, &context.global.monitoring.labels)
}

/// The labels of `global.commonLabels` give way to these, by which the object is found.
fn labelled(context: &Context, name: String, own: &BTreeMap<String, String>) -> ObjectMeta {
    ObjectMeta {
        labels: Some(context.labels_with(own)),
        ..context.meta(name)
    }
}

fn selector(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector {
        match_labels: Some(labels),
        ..LabelSelector::default()
    }
}

fn with_interval(context: &Context, endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
    endpoints
        .into_iter()
        .map(|endpoint| Endpoint {
            interval: Some(context.global.monitoring.interval.to_string()),
            ..endpoint
        })
        .collect()
}
