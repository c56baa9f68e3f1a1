//! What can go wrong, and how far the program came.

use std::error::Error as StdError;

use spira_manifests::{document::ValuesError, refusal::Refused};

/// Why SPIRA was not installed, or is not known to be ready.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The values are wrong, or a file cannot be read.
    #[error(transparent)]
    Values(#[from] ValuesError),
    /// The library found what speaks against installing.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// A section that cannot be read, although it was checked: a defect of the library.
    #[error("values that were checked cannot be read: {0}")]
    Section(#[from] serde_json::Error),
    /// The kubeconfig cannot be read, or lacks what was asked for.
    #[error("no cluster to talk to: {0}")]
    Config(Box<dyn StdError + Send + Sync>),
    /// The namespace is not there.
    #[error("there is no namespace {0}; make it with: kubectl create namespace {0}")]
    NoNamespace(String),
    /// The API server would not take these objects: a line for each.
    #[error(
        "the API server would not take all objects, so none was applied:\n\n{}{}",
        .0.join("\n"), advice(.0)
    )]
    NotTaken(Vec<String>),
    /// A request failed.
    #[error("{what}: {}", said(source))]
    Request {
        /// What was asked for.
        what: String,
        /// The answer.
        source: Box<kube::Error>,
    },
    /// A live Secret holds what is no text.
    #[error("{key} of the live Secret {secret} is no UTF-8")]
    NoText {
        /// The Secret.
        secret: String,
        /// The key in it.
        key: String,
    },
    /// All was applied, and this is not ready: a line for each object.
    #[error("applied, but not ready after {seconds} s:\n\n{}", lines.join("\n"))]
    NotReady {
        /// How long it was awaited.
        seconds: u64,
        /// The objects, and what each waits for.
        lines: Vec<String>,
    },
    /// Standard output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl Error {
    /// A request that failed, by what was asked for.
    pub(super) fn request(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        move |source| Self::Request {
            what,
            source: Box::new(source),
        }
    }

    /// The program's exit code: 3 where nothing was changed because something speaks against it, 4
    /// where all was applied and is not ready, else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Values(_) | Self::Refused(_) | Self::NoNamespace(_) | Self::NotTaken(_) => 3,
            Self::NotReady { .. } => 4,
            _ => 1,
        }
    }
}

/// What to do where others set fields to something else: Helm, for one, if it installed the release.
fn advice(lines: &[String]) -> &'static str {
    if lines.iter().any(|line| line.contains(" conflict")) {
        "\n\nWith --force-conflicts such fields are taken over."
    } else {
        ""
    }
}

/// An error in the API server's words where it answered, else the whole chain of causes.
pub(super) fn said(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        return status.message.clone();
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text += &format!(": {more}");
        }
        cause = error.source();
    }
    text
}
