//! Typed builders for every Kubernetes object of SPIRA.
