//! The chart against the library, Helm, Kubernetes' schemas and a real API server.
//!
//! What the tests need of `tools/` is built on first use.

mod apply;
mod blame;
mod cluster;
mod compare;
mod credentials;
mod custom;
mod dashboards;
mod documents;
mod equality;
mod faults;
mod fit;
mod freshness;
mod fuzz_live;
mod helm_test;
mod hooks;
mod hostile;
mod life;
mod lint;
mod merging;
mod metrics;
mod monitoring;
mod mutate;
mod network;
mod operators;
mod parity;
mod pipeline;
mod preflight;
mod processes;
mod promql;
mod references;
mod refusals;
mod rules;
mod scanners;
mod schemas;
mod security;
mod shrink;
mod size;
mod snapshots;
mod specimens;
mod support;
mod upgrades;
mod valid;
mod validate;
