//! The harness of the project: builds the tools that its tests need ([`tools`]).

mod error;
mod progress;
pub mod project;
pub mod tools;

pub use error::{Error, Result};
