//! Each state that a rollout goes through, as an API server tells it.

use serde_json::{Value, json};

use super::{Readiness, of};

fn waiting(text: &str) -> Readiness {
    Readiness::Waiting(text.to_owned())
}

fn workload(kind: &str, spec: &Value, status: &Value) -> Readiness {
    of(&json!({"kind": kind, "metadata": {"generation": 2}, "spec": spec, "status": status}))
}

#[test]
fn a_deployment_is_ready_when_all_its_pods_are_new_and_available() {
    let of = |status: Value| workload("Deployment", &json!({"replicas": 3}), &status);
    let unseen = "its controller has not seen the change yet";
    assert_eq!(of(json!({})), waiting(unseen));
    // All that is said of the generation before, which was ready.
    let before = json!({
        "observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3,
    });
    assert_eq!(of(before), waiting(unseen));
    let begun = json!({
        "observedGeneration": 2, "replicas": 4, "updatedReplicas": 1, "availableReplicas": 3,
    });
    assert_eq!(of(begun), waiting("1 of 3 pods updated"));
    let surge = json!({
        "observedGeneration": 2, "replicas": 4, "updatedReplicas": 3, "availableReplicas": 4,
    });
    assert_eq!(of(surge), waiting("1 old pods still there"));
    let late = json!({
        "observedGeneration": 2, "replicas": 3, "updatedReplicas": 3,
        "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
    });
    assert_eq!(of(late), waiting("0 of 3 pods available"));
    let done = json!({
        "observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3,
    });
    assert_eq!(of(done), Readiness::Ready);
}

#[test]
fn a_deployment_of_no_pods_is_ready() {
    let status = json!({"observedGeneration": 2});
    let spec = json!({"replicas": 0});
    assert_eq!(workload("Deployment", &spec, &status), Readiness::Ready);
    let spec = json!({});
    assert_eq!(
        workload("Deployment", &spec, &status),
        waiting("0 of 1 pods updated")
    );
}

#[test]
fn a_stateful_set_updates_what_its_strategy_says() {
    let old =
        json!({"observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "updatedReplicas": 1});
    let of = |strategy: Value| {
        let spec = json!({"replicas": 3, "updateStrategy": strategy});
        workload("StatefulSet", &spec, &old)
    };
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}});
    assert_eq!(of(rolling), waiting("1 of 3 pods updated"));
    let parted = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
    assert_eq!(of(parted), Readiness::Ready);
    assert_eq!(of(json!({"type": "OnDelete"})), Readiness::Ready);
    let starting = json!({"observedGeneration": 2, "readyReplicas": 1, "updatedReplicas": 3});
    let spec = json!({"replicas": 3});
    assert_eq!(
        workload("StatefulSet", &spec, &starting),
        waiting("1 of 3 pods ready")
    );
}

#[test]
fn a_job_ends_well_or_not() {
    let of = |status: Value| workload("Job", &json!({"completions": 1}), &status);
    let condition = |name: &str| {
        let condition = json!({
            "type": name, "status": "True", "reason": "BackoffLimitExceeded", "message": "too often",
        });
        json!({"conditions": [condition]})
    };
    assert_eq!(of(json!({})), waiting("0 of 1 pods succeeded"));
    assert_eq!(
        of(condition("SuccessCriteriaMet")),
        waiting("0 of 1 pods succeeded")
    );
    assert_eq!(of(condition("Suspended")), waiting("suspended"));
    assert_eq!(of(condition("Complete")), Readiness::Ready);
    let failed = Readiness::Failed("BackoffLimitExceeded: too often".to_owned());
    assert_eq!(of(condition("Failed")), failed);
    let not = json!({"conditions": [{"type": "Failed", "status": "False"}]});
    assert_eq!(of(not), waiting("0 of 1 pods succeeded"));
}

#[test]
fn other_kinds_are_ready_when_they_are_there() {
    assert_eq!(of(&json!({"kind": "Service"})), Readiness::Ready);
    assert_eq!(of(&json!({})), Readiness::Ready);
}
