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
        Endpoint, PodMonitor, PodMonitorSpec, PrometheusRule, PrometheusRuleSpec, Relabeling,
        RuleGroup, ServiceMonitor, ServiceMonitorSpec,
    },
};

/// A monitor of the pods with these labels, in the release's namespace.
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
            pod_metrics_endpoints: endpoints,
        },
    }
}

/// A monitor of what is behind the Services with these labels, in the release's namespace.
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
            endpoints,
        },
    }
}

/// Metrics on a named port, read at `global.monitoring.interval`.
///
/// Their series carry `namespace` and `pod`, as the Prometheus operator labels every target, and
/// [`job`] instead of its own `job`, which would be that of a Service or hold the monitor's name.
#[must_use]
pub fn endpoint(context: &Context, port: &str) -> Endpoint {
    Endpoint {
        port: Some(port.into()),
        interval: Some(context.global.monitoring.interval.to_string()),
        relabelings: Some(vec![Relabeling {
            target_label: Some("job".into()),
            replacement: Some(job(context)),
            ..Relabeling::default()
        }]),
        ..Endpoint::default()
    }
}

/// The same metrics, of which only those are kept whose names match.
#[must_use]
pub fn keeping(endpoint: Endpoint, names: &str) -> Endpoint {
    choosing(endpoint, "keep", names)
}

/// The same metrics, without those whose names match.
#[must_use]
pub fn dropping(endpoint: Endpoint, names: &str) -> Endpoint {
    choosing(endpoint, "drop", names)
}

/// What every series of a component has as its `job`: the component's full name, which holds that
/// of the release.
#[must_use]
pub fn job(context: &Context) -> String {
    context.fullname()
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

/// Whether a component has metrics: with monitors, or because its own values say so.
#[must_use]
pub fn metrics(context: &Context, own: bool) -> bool {
    context.global.monitoring.enabled || own
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

fn choosing(endpoint: Endpoint, action: &str, names: &str) -> Endpoint {
    let mut changes = endpoint.metric_relabelings.unwrap_or_default();
    changes.push(Relabeling {
        source_labels: Some(vec!["__name__".into()]),
        regex: Some(names.into()),
        action: Some(action.into()),
        ..Relabeling::default()
    });
    Endpoint {
        metric_relabelings: Some(changes),
        ..endpoint
    }
}
