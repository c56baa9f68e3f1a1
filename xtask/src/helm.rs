//! Commands of Helm whose caches and configuration stay below a given directory.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::tools::{self, Tool};

/// A version of Helm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Helm {
    /// Helm 3.
    V3,
    /// Helm 4.
    V4,
}

impl Helm {
    /// Both, the current one first.
    pub const ALL: [Self; 2] = [Self::V4, Self::V3];

    /// The tool that it is built as.
    #[must_use]
    pub fn tool(self) -> Tool {
        match self {
            Self::V3 => Tool::Helm3,
            Self::V4 => Tool::Helm4,
        }
    }

    /// Its major version.
    #[must_use]
    pub fn major(self) -> u8 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }
}

/// A command of Helm without arguments, built on first use.
///
/// Helm's files go below `home`; its settings in the environment (`HELM_*`) are dropped. Without `kubeconfig` it sees
/// no cluster.
///
/// # Errors
/// If Helm cannot be built.
pub fn command(helm: Helm, kubeconfig: Option<&Path>, home: &Path) -> Result<Command> {
    let tools = tools::ensure(&[helm.tool()])?;
    let home = home.join(helm.tool().name());
    let mut command = Command::new(tools.path(helm.tool()));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HELM_") {
            command.env_remove(name);
        }
    }
    command
        .env("HELM_CACHE_HOME", home.join("cache"))
        .env("HELM_CONFIG_HOME", home.join("config"))
        .env("HELM_DATA_HOME", home.join("data"))
        // The discovery cache would otherwise be in the home directory.
        .env("KUBECACHEDIR", home.join("kube"))
        .env("KUBECONFIG", kubeconfig.unwrap_or(Path::new("/dev/null")));
    Ok(command)
}
