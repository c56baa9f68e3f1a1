//! The scripts are Python that the oldest of the images understands.

use std::process::Command;

use xtask::python::{self, Environment};

use super::scene;
use crate::support;

/// Fails with the place of what is not Python 3.8.
const PARSE: &str = "
import ast, sys
for path in sys.argv[1:]:
    with open(path, encoding='utf-8') as file:
        ast.parse(file.read(), path, feature_version=(3, 8))
";

#[test]
fn every_script_is_python_3_8() {
    let scripts = support::files(&scene::scripts());
    assert!(scripts.len() >= 5, "{scripts:?}");
    let parse = |paths: &[std::path::PathBuf]| {
        let python = python::ensure(Environment::Api).unwrap_or_else(|error| panic!("{error}"));
        Command::new(python.program("python3"))
            .args(["-c", PARSE])
            .args(paths)
            .output()
            .expect("python")
    };
    let output = parse(&scripts);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");

    // What came with 3.10 is refused, so that the look means something.
    let dir = tempfile::tempdir().expect("temporary directory");
    let newer = dir.path().join("newer.py");
    std::fs::write(&newer, "match 1:\n    case 1:\n        pass\n").expect("written");
    assert!(!parse(&[newer]).status.success());
}
