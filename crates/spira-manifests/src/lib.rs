//! Typed builders for every Kubernetes object of SPIRA.
//!
//! SPIRA tells respiratory insufficiency from recorded speech. This crate holds one module a
//! component (`components`), each a set of plain functions from typed `Values` to plain
//! `k8s-openapi` objects. Nothing here knows Helm: `spira-chart-gen` traces these functions
//! into the chart `charts/spira` and proves that chart and functions agree.

pub mod components;
pub mod connections;
pub mod context;
pub mod global;
pub mod intrinsics;
pub mod kit;
pub mod object;
pub mod program;
pub mod release;

pub use components::{Component, Values};
pub use context::Context;
pub use global::Global;
pub use intrinsics::Intrinsics;
pub use object::Object;
pub use release::Release;
