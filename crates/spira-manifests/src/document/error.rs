//! What can be wrong with values.

use std::{fmt, io, path::PathBuf};

use super::{coalesce::NotATable, strvals::SetError, yaml::YamlError};

/// Why values were refused.
#[derive(Debug, thiserror::Error)]
pub enum ValuesError {
    /// A values file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A values file is not YAML.
    #[error("{}:{source}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: YamlError,
    },
    /// A text for `--set` cannot be understood.
    #[error("--set {text:?}: {source}")]
    Set {
        /// The text.
        text: String,
        /// Why.
        source: SetError,
    },
    /// A component's section is not a map.
    #[error(transparent)]
    Merge(#[from] NotATable),
    /// Values that are unknown or wrong, all of them; and such as contradict each other.
    #[error("{}", list(.0, .1))]
    Invalid(Vec<Problem>, Vec<Problem>),
    /// Values that the schema admits and the types do not: the two disagree, which is a defect.
    #[error("{path}: {source}")]
    Unread {
        /// The path of the section.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// One thing that is wrong with values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The path of the value as `--set` spells it, such as `api-server.service.port`.
    pub path: String,
    /// The value at fault, shortened.
    pub value: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            value,
            message,
        } = self;
        if path.is_empty() {
            return write!(f, "{message}");
        }
        if value.is_empty() {
            return write!(f, "{path}: {message}");
        }
        write!(f, "{path}: {value} {message}")
    }
}

fn list(wrong: &[Problem], contradictions: &[Problem]) -> String {
    let problems = wrong.iter().chain(contradictions);
    let lines: Vec<_> = problems.map(|p| format!("  {p}")).collect();
    let noun = if lines.len() == 1 { "value" } else { "values" };
    format!("{} wrong {noun}:\n{}", lines.len(), lines.join("\n"))
}
