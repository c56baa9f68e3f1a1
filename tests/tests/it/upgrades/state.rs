//! What there is of a release in a cluster, and what may not be there.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::{ApiResource, Scope, pinned_kind};
use kube::{Api, Client};
use serde_json::{Value, json};
use xtask::upgrader::Outcome;

/// `Kind/name` of an object in a namespace.
pub type Id = String;

/// A kind, as objects name it.
pub type Kind = (String, String);

/// Which release, and where.
#[derive(Clone, Debug)]
pub struct Place {
    pub release: String,
    pub namespace: String,
}

/// A namespace at a moment: the objects that belong to a release.
pub type State = BTreeMap<Id, Value>;

/// Looks at namespaces, and keeps what it learns of kinds.
pub struct Observer {
    client: Client,
    kinds: BTreeMap<Kind, (ApiResource, Scope)>,
}

impl Observer {
    pub fn new(client: Client) -> Self {
        Self {
            client,
            kinds: BTreeMap::new(),
        }
    }

    /// The objects of some kinds that belong to a release: Helm says so in an annotation, the chart in a label.
    pub async fn look(&mut self, place: &Place, kinds: &BTreeSet<Kind>) -> State {
        let mut state = State::new();
        for kind in kinds {
            for object in self.list(&place.namespace, kind).await {
                if belongs(&object, &place.release) {
                    state.insert(id(&object), object);
                }
            }
        }
        state
    }

    /// All objects of a kind in a namespace.
    pub async fn list(&mut self, namespace: &str, kind: &Kind) -> Vec<Value> {
        let (resource, scope) = self.resource(kind).await;
        assert!(scope == Scope::Namespaced, "{kind:?} is in no namespace");
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), namespace, &resource);
        let list = api.list(&kube::api::ListParams::default()).await;
        let list = list.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        list.items
            .into_iter()
            .map(|mut object| {
                // Lists leave out what is the same for all of their items.
                object.types = Some(kube::core::TypeMeta {
                    api_version: resource.api_version.clone(),
                    kind: resource.kind.clone(),
                });
                serde_json::to_value(object).expect("an object is JSON")
            })
            .collect()
    }

    async fn resource(&mut self, kind: &Kind) -> (ApiResource, Scope) {
        if let Some(known) = self.kinds.get(kind) {
            return known.clone();
        }
        let (group, version) = kind.0.split_once('/').unwrap_or(("", &kind.0));
        let gvk = GroupVersionKind::gvk(group, version, &kind.1);
        let (resource, capabilities) = pinned_kind(&self.client, &gvk)
            .await
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let found = (resource, capabilities.scope);
        self.kinds.insert(kind.clone(), found.clone());
        found
    }
}

/// The kinds of some objects.
pub fn kinds(objects: &[Value]) -> BTreeSet<Kind> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    objects
        .iter()
        .map(|object| (text(&object["apiVersion"]), text(&object["kind"])))
        .collect()
}

pub fn id(object: &Value) -> Id {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{}/{}",
        text(&object["kind"]),
        text(&object["metadata"]["name"])
    )
}

fn belongs(object: &Value, release: &str) -> bool {
    let metadata = &object["metadata"];
    let annotated = metadata["annotations"]["meta.helm.sh/release-name"] == release;
    // What controllers make copies labels. A StatefulSet's claims have no owner: `remains` is about them.
    let is_claim = object["kind"] == "PersistentVolumeClaim" && !annotated;
    let is_made = metadata["ownerReferences"].is_array() || is_claim;
    // Helm's own Secrets are its memory.
    let is_memory = object["type"] == "helm.sh/release.v1";
    let labelled = metadata["labels"]["app.kubernetes.io/instance"] == release;
    !is_made && !is_memory && (annotated || labelled)
}

fn is_kept(object: &Value) -> bool {
    object["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
}

/// What is wrong with a release after an action: what the manifest has and the cluster lacks, what the cluster has and neither
/// the manifest nor the policy to keep it accounts for, and credentials that are others than before.
pub fn faults(before: &State, after: &State, outcome: &Outcome) -> Vec<String> {
    let manifest: BTreeSet<Id> = outcome.objects.iter().map(id).collect();
    let mut faults = Vec::new();
    for lacking in manifest.iter().filter(|id| !after.contains_key(*id)) {
        faults.push(format!("{lacking} is not there"));
    }
    for (id, object) in after {
        if !manifest.contains(id) && !is_kept(object) {
            faults.push(format!("{id} is an orphan"));
        }
    }
    for (id, old) in before
        .iter()
        .filter(|(_, object)| object["kind"] == "Secret")
    {
        match after.get(id) {
            Some(new) if new["data"] != old["data"] => faults.push(format!("{id} has other data")),
            None if is_kept(old) => faults.push(format!("{id} is gone")),
            _ => {}
        }
    }
    faults
}

/// Kinds whose objects controllers write to at any time: of these all is compared but what controllers write.
const CONTROLLED: [&str; 5] = [
    "CronJob",
    "Deployment",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "StatefulSet",
];

/// Kinds of which the API server completes an object when it is written for the second time, without anybody's change.
const COMPLETED: [&str; 2] = ["Gateway", "PersistentVolumeClaim"];

/// What another action with the same values has written, which should be nothing: by `resourceVersion`, or where controllers
/// write to an object by all that they do not. A Job runs at each upgrade, under another name: one may take the place of one.
pub fn written(before: &State, after: &State, are_controlled: bool) -> Vec<String> {
    let jobs = |state: &State| state.keys().filter(|id| id.starts_with("Job/")).count();
    let mut written = Vec::new();
    if jobs(before) != jobs(after) {
        written.push(format!("{} Jobs, then {}", jobs(before), jobs(after)));
    }
    let ids: BTreeSet<&Id> = before.keys().chain(after.keys()).collect();
    for id in ids.into_iter().filter(|id| !id.starts_with("Job/")) {
        let (Some(old), Some(new)) = (before.get(id), after.get(id)) else {
            written.push(format!("{id} was made or removed"));
            continue;
        };
        let is = |kinds: &[&str]| kinds.iter().any(|kind| new["kind"] == *kind);
        let is_controlled = is(&COMPLETED) || are_controlled && is(&CONTROLLED);
        let is_same = if are_controlled && is_scaled(id, after) {
            unscaled(old) == unscaled(new)
        } else if is_controlled {
            essence(old) == essence(new)
        } else {
            old["metadata"]["resourceVersion"] == new["metadata"]["resourceVersion"]
        };
        if !is_same {
            written.push(format!("{id} was written: {}", difference(old, new)));
        }
    }
    written
}

/// Whether an autoscaler sets the number of a Deployment's pods, at any time.
fn is_scaled(id: &Id, state: &State) -> bool {
    let name = id.strip_prefix("Deployment/");
    name.is_some_and(|name| state.contains_key(&format!("HorizontalPodAutoscaler/{name}")))
}

/// What of such a Deployment is Helm's.
fn unscaled(object: &Value) -> Value {
    let mut essence = essence(object);
    essence["spec"]["replicas"] = json!(null);
    // Who owns the number, and since when, goes from Helm to the autoscaler meanwhile.
    essence["metadata"]["managedFields"] = json!(null);
    essence
}

/// An object without what controllers write: Helm's part of it, with the time at which Helm last changed anything.
pub fn essence(object: &Value) -> Value {
    let mut essence = object.clone();
    let metadata = &mut essence["metadata"];
    if let Some(fields) = metadata["managedFields"].as_array_mut() {
        fields.retain(|field| field["manager"] == "helm");
    }
    if let Some(annotations) = metadata["annotations"].as_object_mut() {
        annotations.retain(|key, _| {
            !key.starts_with("deployment.kubernetes.io/")
                && !key.contains("volume.kubernetes.io/")
                && !key.starts_with("pv.kubernetes.io/")
        });
    }
    for key in ["resourceVersion", "generation"] {
        metadata[key] = json!(null);
    }
    essence["status"] = json!(null);
    // Set by the binder of volumes.
    if object["kind"] == "PersistentVolumeClaim" {
        essence["spec"]["volumeName"] = json!(null);
    }
    essence
}

fn difference(old: &Value, new: &Value) -> String {
    let plain = |object: &Value| {
        let mut plain = object.clone();
        plain["metadata"]["resourceVersion"] = json!(null);
        plain
    };
    let found = spira_chart_gen::diff::difference(&essence(old), &essence(new))
        .or_else(|| spira_chart_gen::diff::difference(&plain(old), &plain(new)));
    found.map_or_else(
        || "resourceVersion".to_owned(),
        |found| format!("{} was {} and is {}", found.place, found.left, found.right),
    )
}
