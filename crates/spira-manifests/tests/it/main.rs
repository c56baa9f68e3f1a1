//! Tests of the library from outside: objects, values, and the scripts that run in SPIRA's images.

mod agreement;
mod refusals;
mod scripts;
mod snapshots;
