//! What every component is built from. Nothing here knows a component of SPIRA.

mod account;
mod availability;
pub mod env;
mod extra;
pub mod gateway;
mod image;
mod maps;
mod numbers;
pub mod probes;
pub mod security;
mod strings;
pub mod volumes;
mod workload;

pub use account::ServiceAccountValues;
pub use availability::{Autoscaling, Disruption};
pub use extra::{ExtraObject, InvalidObject};
pub use image::{Image, PullPolicy};
pub use maps::{Annotations, InvalidMap, Labels, NameOverrides, NodeSelector};
pub use numbers::*;
pub use strings::*;
pub use workload::{Own, Workload};
pub(crate) use workload::{knobs, struct_with_knobs, workload_values};

/// `None` for a value that is as empty as its type allows: an empty list or map, a Kubernetes
/// type with nothing set. What a user left empty does not appear in the manifest.
#[must_use]
pub fn non_empty<T: Default + PartialEq + Clone>(value: &T) -> Option<T> {
    (*value != T::default()).then(|| value.clone())
}
