//! `monitoring.coreos.com/v1`, the Prometheus operator's kinds: the fields that SPIRA sets (SPIRA
//! contract C7).

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::SecretKeySelector,
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};
use serde::Serialize;

use super::Way;

const WAYS: &[Way] = &[Way {
    from: "kube-prometheus-stack",
    command: "helm install kube-prom kube-prometheus-stack \\\n  \
              --repo https://prometheus-community.github.io/helm-charts \\\n  \
              --namespace monitoring --create-namespace",
}];

super::custom_resource!(PodMonitor: "monitoring.coreos.com" "v1", "PodMonitor" "podmonitors", WAYS);
super::custom_resource!(ServiceMonitor: "monitoring.coreos.com" "v1", "ServiceMonitor" "servicemonitors", WAYS);
super::custom_resource!(PrometheusRule: "monitoring.coreos.com" "v1", "PrometheusRule" "prometheusrules", WAYS);

/// Pods that Prometheus reads metrics from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodMonitor {
    /// Metadata. A Prometheus chooses monitors by their labels.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: PodMonitorSpec,
}

/// What is wanted of a `PodMonitor`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodMonitorSpec {
    /// Which pods.
    pub selector: LabelSelector,
    /// Where in them.
    pub pod_metrics_endpoints: Vec<Endpoint>,
}

/// Services whose endpoints Prometheus reads metrics from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceMonitor {
    /// Metadata. A Prometheus chooses monitors by their labels.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: ServiceMonitorSpec,
}

/// What is wanted of a `ServiceMonitor`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceMonitorSpec {
    /// Which Services.
    pub selector: LabelSelector,
    /// Where in them.
    pub endpoints: Vec<Endpoint>,
}

/// Where metrics are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// The name of the port: of the pod, or of the Service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// The number of the pod's port, where it has no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_number: Option<i32>,
    /// The path; absent, `/metrics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How often; absent, as often as that Prometheus reads by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// How Prometheus logs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// What becomes of the labels of a target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relabelings: Option<Vec<Relabeling>>,
    /// What becomes of the labels of a sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_relabelings: Option<Vec<Relabeling>>,
}

/// A login by HTTP's basic authentication.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BasicAuth {
    /// The user.
    pub username: SecretKeySelector,
    /// The password.
    pub password: SecretKeySelector,
}

/// A change of labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Relabeling {
    /// The labels whose values are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_labels: Option<Vec<String>>,
    /// The label that is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_label: Option<String>,
    /// What the values must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// What the label is set to; absent, what the first group matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    /// What is done; absent, `replace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

/// Alerts and series that Prometheus computes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrometheusRule {
    /// Metadata. A Prometheus chooses rules by their labels.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: PrometheusRuleSpec,
}

/// What is wanted of a `PrometheusRule`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PrometheusRuleSpec {
    /// Groups of rules, each computed as one.
    pub groups: Vec<RuleGroup>,
}

/// Rules that are computed as one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleGroup {
    /// The name, unique in the object.
    pub name: String,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// An alert, or a series that is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The name of the alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// The name of the series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The expression, in `PromQL`.
    pub expr: IntOrString,
    /// How long it must hold before the alert fires.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub for_: Option<String>,
    /// Labels of the alert or the series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// What people are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}
