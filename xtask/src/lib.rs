//! The harness of the project.
//!
//! - [`tools`]: the programs that tests need, built on first use.
//! - [`cluster`]: a real control plane on loopback; [`objects`]: what tests do in it.
//! - [`definitions`]: the custom resource definitions of the operators; [`operators`]: the operators themselves.
//! - [`servers`]: what SPIRA needs beside Kubernetes, as processes on loopback; [`python`]: what its images hold.
//! - [`publish`]: the chart as a package, and in a registry; [`changelog`]: what it changes.
//! - [`cli`]: `cargo xtask …`; [`mod@bench`]: its measurements.
//! - [`helm`]: commands of Helm 3 and 4; [`oracle`]: their engines, for many cases a second; [`upgrader`]:
//!   their actions on a cluster, for many upgrades.

// Each `expect` of this crate says why it cannot fail, so no caller has to know of it.
#![allow(clippy::missing_panics_doc)]

pub mod bench;
pub mod changelog;
pub mod cli;
pub mod cluster;
pub mod debian;
pub mod definitions;
mod error;
pub mod helm;
pub mod objects;
pub mod operators;
pub mod oracle;
pub mod process;
mod progress;
pub mod project;
pub mod publish;
pub mod python;
pub mod servers;
mod table;
pub mod tools;
mod trial;
pub mod upgrader;

pub use error::{Error, Result};
