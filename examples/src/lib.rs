//! Programs that use `spira-manifests` as a library are in `src/bin`.
//!
//! The Rust in the repository's README files is tested with this package.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../crates/spira-manifests/README.md")]
struct ManifestsReadme;
