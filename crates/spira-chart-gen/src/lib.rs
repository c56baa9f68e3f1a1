//! Renders the objects of `spira-manifests` into the Helm chart `charts/spira`, and proves that
//! chart and library agree.

pub mod diff;
pub mod emit;
pub mod eval;
pub mod literals;
pub mod prove;
pub mod random;
pub mod subject;
pub mod trace;
pub mod tree;

pub use subject::{Refusal, Subject};
