//! Charts of the tests' own.

use std::fs;
use std::path::{Path, PathBuf};

use xtask::helm::{self, Helm};

/// Writes files below a directory.
pub(crate) fn write(dir: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("files are below the directory"))
            .expect("directory");
        fs::write(path, text).expect("file");
    }
}

/// Helm's starter chart, named `web`.
pub(crate) fn starter(dir: &Path) -> PathBuf {
    let mut create = helm::command(Helm::V4, None, dir).expect("helm");
    let output = create
        .args(["create", "web"])
        .current_dir(dir)
        .output()
        .expect("helm create");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    dir.join("web")
}
