//! In which order objects are installed.
//!
//! Kubernetes takes objects in any order, and a pod that refers to what is not there waits. In the
//! order of [`KINDS`], which is Helm's, nothing has to wait: accounts, Secrets and configuration are
//! there before the pods that mount them. Kinds that are not in the list, custom resources among
//! them, come last, by their names.
//!
//! ```
//! use spira_manifests::{Release, Values, order};
//!
//! let mut objects = Values::default().objects(&Release::new("spira", "voices"));
//! order::sort(&mut objects);
//! let at = |kind: &str| objects.iter().position(|object| object.kind() == kind);
//! assert!(at("Secret") < at("Deployment") && at("Deployment") < at("Tenant"));
//! ```

use crate::Object;

/// The kinds, first installed first: the `InstallOrder` of Helm 4, of which Helm 3 has all but the last two.
pub const KINDS: &[&str] = &[
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// Sorts objects in the order in which they are installed. Those of one kind keep their order.
pub fn sort(objects: &mut [Object]) {
    objects.sort_by(|a, b| rank(a.kind()).cmp(&rank(b.kind())));
}

/// The place of a kind among [`KINDS`], and its name where it is none of them.
fn rank(kind: &str) -> (usize, &str) {
    match KINDS.iter().position(|known| *known == kind) {
        Some(place) => (place, ""),
        None => (KINDS.len(), kind),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sorted(objects: &[(&str, &str)]) -> Vec<String> {
        let object = |(kind, name): &(&str, &str)| {
            let json = json!({"kind": kind, "metadata": {"name": name}});
            Object::raw(json.as_object().expect("an object").clone())
        };
        let mut objects: Vec<_> = objects.iter().map(object).collect();
        sort(&mut objects);
        let title = |object: &Object| format!("{}/{}", object.kind(), object.name());
        objects.iter().map(title).collect()
    }

    #[test]
    fn known_kinds_first_and_one_kind_as_it_was() {
        let mixed = [
            ("Tenant", "t"),
            ("Deployment", "b"),
            ("MongoDBCommunity", "m"),
            ("Deployment", "a"),
            ("", "nothing"),
            ("Secret", "s"),
        ];
        let expected = [
            "Secret/s",
            "Deployment/b",
            "Deployment/a",
            "/nothing",
            "MongoDBCommunity/m",
            "Tenant/t",
        ];
        assert_eq!(sorted(&mixed), expected);
    }
}
