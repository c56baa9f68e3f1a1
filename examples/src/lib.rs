//! Programs that use `spira-manifests` as a library are in `src/bin`. What is too long for one file,
//! or is run by tests of other packages, is here.
//!
//! The Rust in the repository's README files is tested with this package.

pub mod apply;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../crates/spira-manifests/README.md")]
struct ManifestsReadme;
