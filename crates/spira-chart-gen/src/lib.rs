//! Turns builders of Kubernetes objects, which are plain Rust, into a Helm chart, and proves that
//! both agree before anything is written.
//!
//! The builders are not parsed. They are *run*, on values whose texts and numbers are markers, with
//! flags and options in many combinations; from where the markers come out a tree is learned of what
//! stands where under which conditions ([`trace`]). The tree is evaluated on thousands of documents and
//! compared with the builders ([`prove`]), and only then written down as templates that a person could
//! have written ([`emit`]).
//!
//! The program `spira-chart-gen` ([`cli`]) does so with `spira-manifests` and writes `charts/spira`.
//!
//! # Other software
//!
//! Nothing in this is particular to SPIRA. A [`Subject`] is a type of values, whose texts and numbers
//! are the checked types of `spira_manifests::kit`, and a function that builds objects from them:
//!
//! ```
//! use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//! use spira_chart_gen::{Subject, compile::{self, Options}, prove::Effort};
//! use spira_manifests::{Intrinsics, Object, kit::{HostName, Port}};
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(rename_all = "camelCase", deny_unknown_fields)]
//! struct Values {
//!     host: HostName,
//!     port: Port,
//!     verbose: bool,
//! }
//!
//! fn config_map(release: &dyn Intrinsics, values: &Values) -> ConfigMap {
//!     let mut data = vec![("url".to_owned(), format!("http://{}:{}", values.host, values.port))];
//!     if values.verbose {
//!         data.push(("level".to_owned(), "debug".to_owned()));
//!     }
//!     ConfigMap {
//!         metadata: ObjectMeta {
//!             name: Some(format!("{}-settings", release.release_name())),
//!             ..ObjectMeta::default()
//!         },
//!         data: Some(data.into_iter().collect()),
//!         ..ConfigMap::default()
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In a program the source is `include_str!` of the file with the builders: the proof tries its literals.
//! let subject = Subject::new("settings", "", |release, values| {
//!     vec![Object::new(&config_map(release, values))]
//! });
//! let compiled = compile::subject(&subject, &Options { effort: Some(Effort::default()) })?;
//! let file = compiled.templates.files.iter().find(|file| file.path == "templates/configmap.yaml");
//! let text = &file.expect("a file an object").text;
//! assert!(text.contains("{{- if .Values.verbose }}"), "{text}");
//! # Ok(())
//! # }
//! ```
//!
//! Of the operations that a builder may ask for ([`spira_manifests::Intrinsics`]), `fullname`, `image`
//! and `credential` read values where SPIRA has them: `global.fullnameOverrides`,
//! `global.imageRegistry`, `global.secrets.generate`. Values of other software have such a `global`, or
//! do without these three.
//!
//! A builder that computes with a value instead of passing it on cannot become a template. It is a
//! [`Refusal`], which says what it does:
//!
//! ```
//! # use k8s_openapi::{api::apps::v1::{Deployment, DeploymentSpec}, apimachinery::pkg::apis::meta::v1::ObjectMeta};
//! # use spira_chart_gen::{Subject, compile::{self, Options}};
//! # use spira_manifests::{Object, kit::Replicas};
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Values {
//!     replicas: Replicas,
//! }
//!
//! let subject = Subject::new("wrong", "", |_, values: &Values| {
//!     let deployment = Deployment {
//!         metadata: ObjectMeta { name: Some("wrong".to_owned()), ..ObjectMeta::default() },
//!         spec: Some(DeploymentSpec {
//!             replicas: Some(values.replicas.get() + 1),
//!             ..DeploymentSpec::default()
//!         }),
//!         ..Deployment::default()
//!     };
//!     vec![Object::new(&deployment)]
//! });
//! let refusal = compile::subject(&subject, &Options::default()).unwrap_err();
//! assert!(refusal.to_string().contains("only be passed on"), "{refusal}");
//! ```
//!
//! # Where to go next
//!
//! - `examples/src/bin/other_chart.rs` of the repository writes a whole chart: templates, `values.yaml`
//!   with the documentation of each value, and a schema.
//! - "What a builder may do" in `CONTRIBUTING.md` lists what can be traced, and ADR 0001 says why it is
//!   done so.
//! - [`compile`] is the way through in one function; [`trace`], [`prove`] and [`emit`] are its steps.
//! - [`explain`], [`uses`] and [`graph`] say which value reaches which field.

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
