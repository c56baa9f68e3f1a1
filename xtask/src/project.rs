//! Where the checkout and its build output are.

use std::path::{Path, PathBuf};

/// Root of the checkout.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is a directory of the workspace")
}

/// Build output of the workspace: `CARGO_TARGET_DIR` if that is set, else `target`.
///
/// All that this crate writes is below it, so that `cargo clean` removes it.
#[must_use]
pub fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => root().join("target"),
    }
}
