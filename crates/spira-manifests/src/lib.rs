//! Typed builders for every Kubernetes object of SPIRA.
//!
//! SPIRA tells respiratory insufficiency from recorded speech. This crate holds one module a
//! component ([`components`]), each a set of plain functions from typed [`Values`] to plain
//! `k8s-openapi` objects. Building cannot fail and does no I/O: what can be wrong is refused when
//! values are read. Nothing here knows Helm; `spira-chart-gen` traces these functions into the chart
//! `charts/spira` and proves that chart and functions agree.
//!
//! # Render
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
//! Values may also come as text, as [`Values::from_yaml`] reads it, or as Helm's `-f` and `--set`,
//! which [`document::load`] merges as Helm does. Both list all that is wrong, each with its path.
//!
//! # Change an object before use
//!
//! A builder is a function from a [`Context`] and a component's values to a typed object, so what no
//! value offers is changed in typed code:
//!
//! ```
//! use spira_manifests::{Context, Object, Release, Values, components::nats};
//!
//! let values = Values::default();
//! let release = Release::new("spira", "voices");
//! let context = Context::new(&release, &values.global, "nats");
//!
//! let mut servers = nats::stateful_set(&context, &values.nats);
//! let spec = servers.spec.as_mut().expect("a StatefulSet has a spec");
//! spec.min_ready_seconds = Some(10);
//! let changed = Object::new(&servers);
//!
//! let mut objects = values.objects(&release);
//! let same = |object: &&mut Object| (object.kind(), object.name()) == (changed.kind(), changed.name());
//! let place = objects.iter_mut().find(same).expect("NATS is enabled");
//! *place = changed;
//! # let found = objects.iter().find(|o| o.kind() == "StatefulSet").expect("it is there");
//! # assert_eq!(found.as_json()["spec"]["minReadySeconds"], 10);
//! ```
//!
//! Objects of one's own go beside SPIRA's in the same way: a [`Context`] for the name of one's own
//! component gives names and labels, and how to reach what SPIRA runs ([`connections`]).
//!
//! # Install
//!
//! [`Release`] holds what Helm knows only when it installs: tell it which credentials the live Secrets
//! hold, what the cluster serves and which objects it has. [`refusal::check`] then says all that speaks
//! against installing; [`order::sort`] gives the order in which to apply the objects; those with a
//! [`hook`](Object::hook) are left out; and [`readiness::of`] tells from a live object whether it is
//! ready.
//!
//! ```
//! use spira_manifests::{Object, Release, document, order, refusal};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let loaded = document::load(&document::Sources {
//!     set: vec!["nats.replicas=5".to_owned()],
//!     ..document::Sources::default()
//! })?;
//! let release = Release::new("spira", "voices")
//!     .with_live_secret("spira-minio-credentials", "accessKey", "in-use")
//!     .with_served(["v1/Pod", "v1/Secret", "apps/v1/Deployment"]);
//! let mut objects = loaded.objects(&release)?;
//! objects.retain(|object| object.hook().is_none());
//! order::sort(&mut objects);
//!
//! // This cluster has no operators.
//! let refused = refusal::check(&loaded, &release, &objects.iter().collect::<Vec<_>>()).unwrap_err();
//! assert!(refused.to_string().contains("minio.min.io/v2/Tenant (needed by minio)"));
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go next
//!
//! | to | look at |
//! |---|---|
//! | see what may be set | [`Values`], and each component's own, such as [`components::nats::Values`] |
//! | see what crosses components | [`Global`], [`connections`], [`wiring`] |
//! | build objects of one's own from the same parts | [`kit`] |
//! | know why a cluster cannot take the objects | [`preflight`], [`upgrade`], [`monitored`] |
//! | read whole programs | `examples/src/bin` of the repository: print, change, add a component, apply with kube-rs |
//! | make a chart of builders | the crate `spira-chart-gen` |
//!
//! # Versions
//!
//! The types are those of Kubernetes 1.36, which `k8s-openapi` chooses by a feature for all crates of a
//! program; they are part of this crate's interface, and so is the version of `k8s-openapi`.
//!
//! It needs Rust 1.88: edition 2024 and the dependencies of `spira-chart-gen` ask for no less, and
//! nothing here for more. Another one is a new minor version.

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
