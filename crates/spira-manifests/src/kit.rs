//! What every component is built from. Nothing here knows a component of SPIRA.

mod account;
pub mod alerts;
mod availability;
pub mod chaos;
pub mod env;
mod extra;
pub mod grafana;
mod image;
mod maps;
mod members;
pub mod monitoring;
pub mod network;
mod numbers;
pub mod probes;
pub mod security;
mod strings;
mod test_hook;
pub mod volumes;
mod workload;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub use account::{Rbac, ServiceAccountValues};
pub use availability::{Autoscaling, Disruption};
pub use chaos::{Chaos, PrimaryChaos, StoreChaos};
pub use extra::{ExtraObject, InvalidObject};
pub use image::{Image, PullPolicy};
pub(crate) use maps::BROKEN_PREFIX;
pub use maps::{Annotations, InvalidMap, Labels, NameOverrides, NodeSelector};
pub use members::Members;
pub use numbers::*;
pub use strings::*;
pub use test_hook::{Turn, test_pod};
pub use workload::{Own, Workload};
pub(crate) use workload::{knobs, struct_with_knobs, workload_values};

/// `None` for a value that is as empty as its type allows: an empty list or map, a Kubernetes
/// type with nothing set. What a user left empty does not appear in the manifest.
#[must_use]
pub fn non_empty<T: Default + PartialEq + Clone>(value: &T) -> Option<T> {
    (*value != T::default()).then(|| value.clone())
}

/// Metadata of an object that holds data or what data depends on: with `keep` it stays when the
/// release is uninstalled.
#[must_use]
pub fn kept(metadata: ObjectMeta, keep: bool) -> ObjectMeta {
    let mut annotations = metadata.annotations.unwrap_or_default();
    if keep {
        annotations.insert("helm.sh/resource-policy".into(), "keep".into());
    }
    ObjectMeta {
        annotations: non_empty(&annotations),
        ..metadata
    }
}
