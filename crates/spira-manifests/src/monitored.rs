//! Whether a Prometheus of the cluster chooses what this release would have it read.
//!
//! A Prometheus chooses monitors by labels, and says nothing of those that it does not choose: metrics,
//! alerts and dashboards are then there and empty. Where the cluster has such a Prometheus, and none
//! chooses `global.monitoring.labels`, [`refusals`] says by what each does. Where it has none that is
//! known, nothing is refused.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Release, global::Global};

/// The kind of a Prometheus, as Helm's capabilities name it.
pub const API: &str = "monitoring.coreos.com/v1/Prometheus";

/// How the part of a message about this begins.
pub const HEAD: &str = "no Prometheus of the cluster chooses monitors with these labels:";

/// How it ends.
pub const TAIL: &str = "With global.monitoring.checkLabels=false they are not compared.";

/// By which of its fields a Prometheus chooses monitors.
pub const SELECTORS: [&str; 2] = ["podMonitorSelector", "serviceMonitorSelector"];

/// Labels that every object has, whatever the values: what asks for those is taken to find them.
const STANDARD: [&str; 2] = ["app.kubernetes.io/", "helm.sh/"];

/// A line for each selector of each Prometheus, if not one of them chooses the release's monitors.
///
/// # Panics
/// Never: labels are JSON.
#[must_use]
pub fn refusals(global: &Global, release: &Release) -> Vec<String> {
    let monitoring = &global.monitoring;
    if !(monitoring.enabled && monitoring.check_labels && release.served().contains(API)) {
        return Vec::new();
    }
    let mut labels: BTreeMap<_, _> = global.common_labels.iter().collect();
    labels.extend(monitoring.labels.iter());
    let labels: BTreeMap<&str, &str> = labels.into_iter().map(|(k, v)| (&**k, &**v)).collect();
    let ours = serde_json::to_string(&monitoring.labels).expect("labels are JSON");
    let mut lines = Vec::new();
    let all = release.live_objects().iter();
    for prometheus in all.filter(|object| is_prometheus(object)) {
        for field in SELECTORS {
            let selector = &prometheus["spec"][field];
            if chooses(selector, &labels) {
                return Vec::new();
            }
            let text = |key: &str| prometheus["metadata"][key].as_str().unwrap_or_default();
            let (namespace, name) = (text("namespace"), text("name"));
            lines.push(format!(
                "global.monitoring.labels: {ours} is not what the {field} of Prometheus {namespace}/{name} asks for: {selector}"
            ));
        }
    }
    lines
}

fn is_prometheus(object: &Value) -> bool {
    object["apiVersion"] == "monitoring.coreos.com/v1" && object["kind"] == "Prometheus"
}

/// Whether a selector chooses what has these labels; one that is not there chooses nothing.
fn chooses(selector: &Value, labels: &BTreeMap<&str, &str>) -> bool {
    let Some(selector) = selector.as_object() else {
        return false;
    };
    let exact = selector.get("matchLabels").and_then(Value::as_object);
    let mut exact = exact.into_iter().flatten();
    let rules = selector.get("matchExpressions").and_then(Value::as_array);
    let mut rules = rules.into_iter().flatten();
    exact.all(|(key, value)| is_standard(key) || labels.get(&**key).copied() == value.as_str())
        && rules.all(|rule| holds(rule, labels))
}

fn is_standard(key: &str) -> bool {
    STANDARD.iter().any(|prefix| key.starts_with(prefix))
}

fn holds(rule: &Value, labels: &BTreeMap<&str, &str>) -> bool {
    let key = rule["key"].as_str().unwrap_or_default();
    let label = labels.get(key);
    let values = rule["values"].as_array();
    let is_listed = label.is_some_and(|label| values.is_some_and(|v| v.iter().any(|v| v == label)));
    is_standard(key)
        || match rule["operator"].as_str() {
            Some("In") => is_listed,
            Some("NotIn") => !is_listed,
            Some("Exists") => label.is_some(),
            Some("DoesNotExist") => label.is_none(),
            // One that is not known yet speaks against nothing.
            _ => true,
        }
}
