//! The chart against the library, Helm, Kubernetes' schemas and a real API server.
//!
//! What the tests need of `tools/` is built on first use.

mod cluster;
mod compare;
mod credentials;
mod custom;
mod dashboards;
mod documents;
mod equality;
mod faults;
mod freshness;
mod helm_test;
mod hooks;
mod life;
mod lint;
mod merging;
mod metrics;
mod monitoring;
mod mutate;
mod network;
mod operators;
mod parity;
mod preflight;
mod processes;
mod promql;
mod references;
mod refusals;
mod rules;
mod schemas;
mod shrink;
mod size;
mod snapshots;
mod support;
