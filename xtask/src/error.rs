//! What can go wrong, in words that say what to do about it.

use std::path::PathBuf;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the harness or of a command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory could not be read, written or locked.
    #[error("{}: {source}", path.display())]
    File {
        /// The file at fault.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A program could not be started.
    #[error("cannot start {program}: {source}{hint}")]
    Start {
        /// The program's name or path.
        program: String,
        /// What the operating system says.
        source: std::io::Error,
        /// What to install, or nothing.
        hint: &'static str,
    },
    /// A program ended with an exit code other than 0.
    #[error("{what} failed ({status}):\n{output}")]
    Failed {
        /// What was being done.
        what: String,
        /// How the program ended.
        status: std::process::ExitStatus,
        /// The end of its output.
        output: String,
    },
    /// `tools/go.mod` lacks a module that a tool is built from.
    #[error("tools/go.mod requires no module {module}")]
    NoModule {
        /// Path of the missing module.
        module: String,
    },
    /// A certificate could not be made.
    #[error("certificate {name}: {source}")]
    Certificate {
        /// Name of the certificate.
        name: &'static str,
        /// What the library says.
        source: rcgen::Error,
    },
    /// A component of the control plane ended by itself.
    #[error("{component} ended while {waiting_for} was awaited; the end of its log:\n{log}")]
    Ended {
        /// Name of the component.
        component: String,
        /// What the harness waited for.
        waiting_for: String,
        /// The last lines of its log.
        log: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {seconds} s\n{detail}")]
    Timeout {
        /// What was awaited.
        what: String,
        /// The bound.
        seconds: u64,
        /// What the last look showed, or the end of the logs.
        detail: String,
    },
    /// No run of free ports was found.
    #[error("no {0} free loopback ports in a row between {1} and {2}")]
    NoPorts(u16, u16, u16),
    /// The API server refused something, or could not be reached.
    #[error("{what}: {source}")]
    Api {
        /// What was asked of it.
        what: String,
        /// The answer.
        source: Box<kube::Error>,
    },
    /// A kubeconfig could not be read.
    #[error("{}: {source}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: kube::config::KubeconfigError,
    },
    /// An object that is not a Kubernetes object.
    #[error("object has no {field}: {object}")]
    NotAnObject {
        /// The field that it lacks.
        field: &'static str,
        /// The object, as JSON.
        object: String,
    },
    /// The oracle gave an answer that does not fit its protocol, or none.
    #[error("oracle for {}: {message}", chart.display())]
    Oracle {
        /// The chart it renders.
        chart: PathBuf,
        /// What went wrong.
        message: String,
    },
    /// The upgrader gave an answer that does not fit its protocol, or none.
    #[error("upgrader: {message}")]
    Upgrader {
        /// What went wrong.
        message: String,
    },
    /// A file that is no YAML.
    #[error("{}: {source}", path.display())]
    Yaml {
        /// The file at fault.
        path: PathBuf,
        /// What is wrong with it.
        source: yaml_serde::Error,
    },
    /// A file of an operator's module that is not as this version of the operator has it.
    #[error("{}: no {what}", path.display())]
    Manifest {
        /// The file at fault.
        path: PathBuf,
        /// What was looked for.
        what: String,
    },
    /// JSON that cannot be read or written.
    #[error("{what}: {source}")]
    Json {
        /// Whose JSON.
        what: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The user asked to stop (Ctrl-C or SIGTERM).
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Makes a closure that wraps an I/O error of `path`, for `map_err`.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// Makes a closure that wraps an answer of the API server, for `map_err`.
    pub(crate) fn api(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        move |source| Self::Api {
            what,
            source: Box::new(source),
        }
    }

    /// Exit code of the command: 130 after an interruption (as shells have it), else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}
