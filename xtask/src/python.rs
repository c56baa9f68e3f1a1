//! Python environments for the tests, each with the packages that a file of `tools/python` pins, made on first use.
//!
//! ```no_run
//! use xtask::python::{self, Environment};
//!
//! let python = python::ensure(Environment::Api)?;
//! let status = std::process::Command::new(python.program("python3")).args(["-c", "import pymongo"]).status();
//! # Ok::<(), xtask::Error>(())
//! ```
//!
//! They are in `target/tools/python/NAME-HASH`, where `HASH` covers the file. Packages come from `PyPI` or whatever pip is
//! told to ask; pip's cache is not used, so nothing is written elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::process::Process;
use crate::progress::Progress;
use crate::{Error, Result, project, tools};

/// The version that the pinned packages are for: the newest one with which those of SPIRA's images can be installed.
const VERSION: &str = "3.11";
/// Where it may be on the PATH.
const PROGRAMS: [&str; 3] = ["python3.11", "python3", "python"];
const NO_PYTHON: &str = "\nPython 3.11 runs what stands for SPIRA's images in the tests: install it, with its module venv, and have \
     `python3.11` on the PATH";
/// Raise it when the way of building changes, so that old environments are not taken for new.
const RECIPE: &str = "1: venv, pip install --no-deps";
/// Is in an environment that is whole.
const COMPLETE: &str = "complete";

/// A set of pinned packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// As in the image of SPIRA's API server: drivers of MongoDB and the object store, passlib.
    Api,
    /// As in the image of SPIRA's inference server: MLflow's client 2.3.0.
    Inference,
    /// As in MLflow's image: its server; and PostgreSQL.
    Mlflow,
    /// Checkov, which looks for what is unsafe in manifests.
    Checkov,
}

impl Environment {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Api, Self::Inference, Self::Mlflow, Self::Checkov];

    /// Name of the file in `tools/python`, without its extension.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Inference => "inference",
            Self::Mlflow => "mlflow",
            Self::Checkov => "checkov",
        }
    }
}

/// An environment that is there. Made by [`ensure`].
#[derive(Clone, Debug)]
pub struct Python {
    dir: PathBuf,
}

impl Python {
    /// Path of a program of the environment, such as `python3`.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join("bin").join(name)
    }

    /// Directory of an installed package.
    #[must_use]
    pub fn package(&self, name: &str) -> PathBuf {
        let lib = self.dir.join("lib").join(format!("python{VERSION}"));
        lib.join("site-packages").join(name)
    }

    fn is_complete(&self) -> bool {
        self.dir.join(COMPLETE).is_file()
    }
}

/// Makes an environment that is not there yet and says so on standard error.
///
/// Processes that ask at the same time make it once: the others wait.
///
/// # Errors
/// If there is no Python 3.11 with its module venv, or a package cannot be had; the message holds pip's output.
pub fn ensure(environment: Environment) -> Result<Python> {
    let name = environment.name();
    let file = project::root().join(format!("tools/python/{name}.txt"));
    let home = project::target_dir().join("tools");
    let hash = hash(&fs::read(&file).map_err(Error::file(&file))?);
    let python = Python {
        dir: home.join("python").join(format!("{name}-{hash}")),
    };
    if python.is_complete() {
        return Ok(python);
    }
    let _lock = tools::lock(&home)?;
    if !python.is_complete() {
        build(name, &file, &python.dir)?;
    }
    Ok(python)
}

fn build(name: &str, requirements: &Path, dir: &Path) -> Result<()> {
    // What a build left that was cut off. The programs in an environment name its path, so it cannot be built elsewhere.
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(Error::file(dir))?;
    }
    fs::create_dir_all(dir).map_err(Error::file(dir))?;
    let interpreter = interpreter()?;
    let progress = Progress::start(format!(
        "installing the Python packages of tools/python/{name}.txt (first use, a minute; kept in {})",
        dir.display()
    ));
    let log = dir.with_extension("log");
    run(
        &format!("{interpreter} -m venv"),
        Command::new(&interpreter).args(["-m", "venv"]).arg(dir),
        &log,
    )?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--no-cache-dir",
        "--disable-pip-version-check",
        // The file names all that is needed, and nothing else comes in.
        "--no-deps",
        "--requirement",
    ];
    run(
        &format!("pip install of {}", requirements.display()),
        Command::new(dir.join("bin/python3"))
            .args(pip)
            .arg(requirements),
        &log,
    )?;
    let complete = dir.join(COMPLETE);
    fs::write(&complete, "").map_err(Error::file(&complete))?;
    progress.done();
    Ok(())
}

/// The first Python of the right version on the PATH.
fn interpreter() -> Result<String> {
    let is_right = |program: &&str| {
        let output = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .output();
        output.is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout).starts_with(&format!("Python {VERSION}."))
        })
    };
    let found = PROGRAMS.iter().find(|program| is_right(program));
    found.map(ToString::to_string).ok_or_else(|| Error::Start {
        program: PROGRAMS[0].into(),
        source: std::io::ErrorKind::NotFound.into(),
        hint: NO_PYTHON,
    })
}

/// Runs a program as a process that ends with ours.
fn run(what: &str, command: &Command, log: &Path) -> Result<()> {
    fs::write(log, "").map_err(Error::file(log))?;
    let mut process = Process::start(what, command, log)?;
    let status = loop {
        match process.ended() {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        what: what.into(),
        status,
        output: process.log_tail(20),
    })
}

fn hash(requirements: &[u8]) -> String {
    let mut sha = Sha256::new();
    sha.update(RECIPE);
    sha.update(requirements);
    let hex = |byte: &u8| format!("{byte:02x}");
    sha.finalize().iter().take(8).map(hex).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned_and_named_once() {
        for environment in Environment::ALL {
            let name = environment.name();
            let path = project::root().join(format!("tools/python/{name}.txt"));
            let text = fs::read_to_string(&path).expect("readable");
            let mut names = Vec::new();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let (package, version) = line.split_once("==").expect(line);
                assert!(!version.is_empty() && !version.contains('*'), "{line}");
                names.push(package.to_lowercase().replace('_', "-"));
            }
            let count = names.len();
            assert!(count > 0, "{name}");
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count, "{name}");
        }
    }

    #[test]
    fn another_file_is_another_environment() {
        assert_ne!(hash(b"a==1"), hash(b"a==2"));
        assert_eq!(hash(b"a==1").len(), 16);
    }
}
