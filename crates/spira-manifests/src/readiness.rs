//! Whether a live object does what it is for, from what the cluster says of it.
//!
//! ```
//! use serde_json::json;
//! use spira_manifests::readiness::{self, Readiness};
//!
//! let live = json!({
//!     "kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 3},
//!     "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 1},
//! });
//! assert_eq!(readiness::of(&live), Readiness::Waiting("1 of 3 pods available".into()));
//! ```

use serde_json::Value;

/// What a cluster says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It does what it is for; so do objects of kinds of which Kubernetes says nothing.
    Ready,
    /// Not yet; the text says what is missing.
    Waiting(String),
    /// It never will; the text says why.
    Failed(String),
}

/// What a cluster says of an object, read as JSON. Looks at `Deployment`, `StatefulSet` and `Job`; an
/// object of any other kind is ready as soon as it is there, since each operator has words of its
/// own, and SPIRA's pods wait for what the operators make.
#[must_use]
pub fn of(live: &Value) -> Readiness {
    match live["kind"].as_str() {
        Some("Deployment") => deployment(live),
        Some("StatefulSet") => stateful_set(live),
        Some("Job") => job(live),
        _ => Readiness::Ready,
    }
}

/// A rollout that exceeds its deadline is not given up by Kubernetes, and neither is it here.
fn deployment(live: &Value) -> Readiness {
    let status = &live["status"];
    let wanted = wanted(live);
    let (all, updated) = (
        number(&status["replicas"]),
        number(&status["updatedReplicas"]),
    );
    let available = number(&status["availableReplicas"]);
    if !is_seen(live) {
        unseen()
    } else if updated < wanted {
        waiting(updated, wanted, "updated")
    } else if all > updated {
        Readiness::Waiting(format!("{} old pods still there", all - updated))
    } else if available < wanted {
        waiting(available, wanted, "available")
    } else {
        Readiness::Ready
    }
}

/// Pods below the partition of a rolling update stay as they are, and so do all with `OnDelete`.
fn stateful_set(live: &Value) -> Readiness {
    let (status, strategy) = (&live["status"], &live["spec"]["updateStrategy"]);
    let wanted = wanted(live);
    let to_update = if strategy["type"] == "OnDelete" {
        0
    } else {
        wanted.saturating_sub(number(&strategy["rollingUpdate"]["partition"]))
    };
    let (updated, ready) = (
        number(&status["updatedReplicas"]),
        number(&status["readyReplicas"]),
    );
    if !is_seen(live) {
        unseen()
    } else if updated < to_update {
        waiting(updated, to_update, "updated")
    } else if ready < wanted {
        waiting(ready, wanted, "ready")
    } else {
        Readiness::Ready
    }
}

fn job(live: &Value) -> Readiness {
    let conditions = live["status"]["conditions"].as_array();
    let condition = |name: &str| {
        let mut all = conditions.into_iter().flatten();
        all.find(|one| one["type"] == name && one["status"] == "True")
    };
    if let Some(failed) = condition("Failed") {
        let text = |key: &str| failed[key].as_str().unwrap_or_default().to_owned();
        Readiness::Failed(format!("{}: {}", text("reason"), text("message")))
    } else if condition("Complete").is_some() {
        Readiness::Ready
    } else if condition("Suspended").is_some() {
        Readiness::Waiting("suspended".to_owned())
    } else {
        let wanted = live["spec"]["completions"].as_u64().unwrap_or(1);
        waiting(number(&live["status"]["succeeded"]), wanted, "succeeded")
    }
}

/// Whether the status is about the object as it is now.
fn is_seen(live: &Value) -> bool {
    number(&live["status"]["observedGeneration"]) >= number(&live["metadata"]["generation"])
}

fn unseen() -> Readiness {
    Readiness::Waiting("its controller has not seen the change yet".to_owned())
}

fn waiting(are: u64, wanted: u64, what: &str) -> Readiness {
    Readiness::Waiting(format!("{are} of {wanted} pods {what}"))
}

/// The API server fills in a count of pods; what lacks one has not been there.
fn wanted(live: &Value) -> u64 {
    live["spec"]["replicas"].as_u64().unwrap_or(1)
}

/// A number of a status, where 0 is left out.
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

#[cfg(test)]
mod tests;
