//! Renders the objects of `spira-manifests` into the Helm chart `charts/spira`, and proves that
//! chart and library agree.

pub mod chart;
pub mod cli;
pub mod compare;
pub mod compile;
pub mod diff;
pub mod docs;
pub mod emit;
pub mod eval;
pub mod explain;
pub mod graph;
pub mod literals;
pub mod output;
pub mod promise;
pub mod prove;
pub mod random;
pub mod render;
pub mod schema;
pub mod subject;
pub mod trace;
pub mod tree;
pub mod uses;
pub mod yaml;

pub use subject::{Refusal, Subject};
