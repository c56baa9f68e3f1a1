//! Metrics, alerts and dashboards, as far as all components have them in common.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kit::{Annotations, Duration, HttpUrl, Labels, Positive};

/// Where this project's pages are.
const RUNBOOKS: &str = "https://github.com/spirabr/spira-kubernetes/blob/main/docs/runbooks";

/// Metrics, alerts and dashboards, for Prometheus and Grafana as kube-prometheus-stack runs them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Monitoring {
    /// Whether every component has metrics, and Prometheus is told where. The cluster must have the
    /// Prometheus operator, as kube-prometheus-stack brings it.
    pub enabled: bool,
    /// Labels of monitors and rules, by which a Prometheus chooses them. That of
    /// kube-prometheus-stack asks for `release` and the name of its own release.
    pub labels: Labels,
    /// Whether an installation is refused where the cluster has a Prometheus and none chooses these
    /// labels. Who installs must then be allowed to list Prometheuses in all namespaces.
    pub check_labels: bool,
    /// How often metrics are read.
    pub interval: Duration,
    /// Alerts.
    pub rules: Rules,
    /// Dashboards.
    pub dashboards: Dashboards,
}

/// Alerts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    /// Whether there are any while `global.monitoring.enabled`.
    pub enabled: bool,
    /// Where the pages are that say what to do: each alert's is `<runbookUrl>/<alert>.md`. Dashboards
    /// link to them too.
    pub runbook_url: HttpUrl,
    /// Seconds that an acknowledged inference may wait for its result. Redelivery needs some of
    /// them: `redelivery.ageSeconds` at least.
    pub oldest_waiting_seconds: Positive,
    /// Seconds that posting an inference may take on average.
    pub post_seconds: Positive,
    /// The share of the API's requests that may fail, and of those that may be turned away, in
    /// percent.
    pub error_percent: Positive,
}

/// Dashboards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dashboards {
    /// Whether there are any while `global.monitoring.enabled`.
    pub enabled: bool,
    /// Labels of their `ConfigMap`s, by which Grafana finds them.
    pub labels: Labels,
    /// Annotations of their `ConfigMap`s. `grafana_folder` names the folder in Grafana where its
    /// sidecar is told to look for that (`sidecar.dashboards.folderAnnotation`).
    pub annotations: Annotations,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            enabled: false,
            labels: labels("release", "kube-prom"),
            check_labels: true,
            interval: "30s".parse().expect("a constant span"),
            rules: Rules::default(),
            dashboards: Dashboards {
                enabled: true,
                labels: labels("grafana_dashboard", "1"),
                annotations: one("grafana_folder", "SPIRA")
                    .try_into()
                    .expect("a constant annotation"),
            },
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        let positive = |number| Positive::try_from(number).expect("a constant above 0");
        Self {
            enabled: true,
            runbook_url: RUNBOOKS.parse().expect("a constant URL"),
            oldest_waiting_seconds: positive(600),
            post_seconds: positive(10),
            error_percent: positive(5),
        }
    }
}

fn labels(key: &str, value: &str) -> Labels {
    one(key, value).try_into().expect("a constant label")
}

fn one(key: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(key.to_owned(), value.to_owned())])
}
