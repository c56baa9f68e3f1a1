//! What every component is built from. Nothing here knows a component of SPIRA.

mod image;
mod maps;
mod strings;

pub use image::{Image, PullPolicy};
pub use maps::{Annotations, Labels, NameOverrides};
pub use strings::*;

/// `None` for a value that is as empty as its type allows: an empty list or map, a Kubernetes
/// type with nothing set. What a user left empty does not appear in the manifest.
#[must_use]
pub fn non_empty<T: Default + PartialEq + Clone>(value: &T) -> Option<T> {
    (*value != T::default()).then(|| value.clone())
}
