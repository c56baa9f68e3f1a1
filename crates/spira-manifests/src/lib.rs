//! Typed builders for every Kubernetes object of SPIRA.
//!
//! SPIRA tells respiratory insufficiency from recorded speech. This crate holds one module a
//! component (`components`), each a set of plain functions from typed `Values` to plain
//! `k8s-openapi` objects. Nothing here knows Helm: `spira-chart-gen` traces these functions
//! into the chart `charts/spira` and proves that chart and functions agree.
//!
//! SPIRA's objects for a release called `spira` in the namespace `voices`, with five inference
//! servers and a MongoDB that somebody else runs:
//!
//! ```
//! use spira_manifests::{Release, Values};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut values = Values::default();
//! values.inference_server.replicas = 5.try_into()?;
//! values.global.connections.mongodb.existing_secret = Some("managed-mongodb".parse()?);
//!
//! let release = Release::new("spira", "voices");
//! for object in values.objects(&release) {
//!     println!("---\n{}", yaml_serde::to_string(object.as_json())?);
//! }
//! # let objects = values.objects(&release);
//! # let servers = objects.iter().find(|o| o.name() == "spira-inference-server" && o.kind() == "Deployment");
//! # assert_eq!(servers.expect("there is a Deployment").as_json()["spec"]["replicas"], 5);
//! # Ok(())
//! # }
//! ```
//!
//! One object of one component, to change or to put beside objects of one's own:
//!
//! ```
//! use spira_manifests::{Context, Global, Release, components::nats};
//!
//! let release = Release::new("spira", "voices");
//! let global = Global::default();
//! let context = Context::new(&release, &global, "nats");
//! let servers = nats::stateful_set(&context, &nats::Values::default());
//! assert_eq!(servers.metadata.name.as_deref(), Some("spira-nats"));
//! ```

pub mod components;
pub mod connections;
pub mod context;
pub mod contradictions;
pub mod cr;
pub mod document;
pub mod global;
pub mod intrinsics;
pub mod kit;
pub mod monitored;
pub mod object;
pub mod order;
mod pods;
pub mod preflight;
pub mod program;
pub mod readiness;
pub mod refusal;
pub mod release;
pub mod renamed;
pub mod schema;
pub mod upgrade;
pub mod wiring;

pub use components::{Component, Values};
pub use context::Context;
pub use global::Global;
pub use intrinsics::Intrinsics;
pub use object::Object;
pub use release::Release;
