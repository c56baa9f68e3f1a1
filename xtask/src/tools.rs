//! Programs that the tests and commands need, built on first use from the modules that `tools/` pins.
//!
//! ```no_run
//! use xtask::tools::{self, Tool};
//!
//! let tools = tools::ensure(&[Tool::Helm4])?;
//! let status = std::process::Command::new(tools.path(Tool::Helm4)).arg("version").status();
//! # Ok::<(), xtask::Error>(())
//! ```
//!
//! Binaries are kept in `target/tools/HASH/bin`, where `HASH` covers all that they are built from; the compiler's cache
//! is in `target/tools` too. Nothing is written outside the target directory but Go's module cache.

mod build;
mod recipe;

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::progress::note;
use crate::{Error, Result, project};

/// A program built from `tools/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Tool {
    /// Kubernetes' API server.
    KubeApiserver,
    /// Kubernetes' controllers.
    KubeControllerManager,
    /// Kubernetes' scheduler.
    KubeScheduler,
    /// The API server's store.
    Etcd,
    /// Stands in for kubelets: moves pods and nodes through their life without running anything.
    Kwok,
    /// Helm 4, the current client.
    Helm4,
    /// Helm 3.
    Helm3,
    /// Checks manifests against the schemas of Kubernetes.
    Kubeconform,
    /// Checks manifests against good practice.
    KubeScore,
    /// Renders a chart for many cases with the engines of both Helms (`tools/oracle`).
    Oracle,
    /// Leads releases through their life with the actions of both Helms (`tools/upgrader`).
    Upgrader,
    /// Zalando's operator for PostgreSQL.
    PostgresOperator,
    /// MongoDB's community operator.
    MongodbOperator,
    /// Prometheus's operator.
    PrometheusOperator,
    /// Runs a program in a network of its own (`tools/sandbox`).
    Sandbox,
    /// NATS.
    NatsServer,
    /// `FerretDB`, which stands in for MongoDB (`tools/servers/ferretdb`).
    Ferretdb,
    /// MinIO's server.
    Minio,
    /// Says what is wrong with dashboards of Grafana (`tools/grafana`).
    GrafanaFormat,
    /// Says what is wrong with workflows of GitHub.
    Actionlint,
    /// A registry of images and charts that lives in memory.
    Registry,
}

impl Tool {
    /// All of them, in the order in which they are best built.
    pub const ALL: [Self; 21] = [
        Self::Helm4,
        Self::Helm3,
        Self::Oracle,
        Self::Upgrader,
        Self::Kubeconform,
        Self::KubeScore,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::Etcd,
        Self::Kwok,
        Self::Sandbox,
        Self::MongodbOperator,
        Self::PostgresOperator,
        Self::PrometheusOperator,
        Self::NatsServer,
        Self::Ferretdb,
        Self::Minio,
        Self::GrafanaFormat,
        Self::Actionlint,
        Self::Registry,
    ];

    /// Those that the operators need to run.
    pub const OPERATORS: [Self; 3] = [Self::Sandbox, Self::MongodbOperator, Self::PostgresOperator];

    /// Those that [`crate::servers`] runs.
    pub const SERVERS: [Self; 3] = [Self::NatsServer, Self::Ferretdb, Self::Minio];

    /// Those that a control plane consists of.
    pub const CONTROL_PLANE: [Self; 5] = [
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::Etcd,
        Self::Kwok,
    ];

    /// Name of the binary.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::Etcd => "etcd",
            Self::Kwok => "kwok",
            Self::Helm4 => "helm4",
            Self::Helm3 => "helm3",
            Self::Kubeconform => "kubeconform",
            Self::KubeScore => "kube-score",
            Self::Oracle => "oracle",
            Self::Upgrader => "upgrader",
            Self::PostgresOperator => "postgres-operator",
            Self::MongodbOperator => "mongodb-operator",
            Self::PrometheusOperator => "prometheus-operator",
            Self::Sandbox => "sandbox",
            Self::NatsServer => "nats-server",
            Self::Ferretdb => "ferretdb",
            Self::Minio => "minio",
            Self::GrafanaFormat => "grafana-format",
            Self::Actionlint => "actionlint",
            Self::Registry => "registry",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the built tools are. Made by [`ensure`].
#[derive(Clone, Debug)]
pub struct Tools {
    places: recipe::Places,
}

impl Tools {
    /// Path of a binary. It exists if the tool was among those asked of [`ensure`].
    #[must_use]
    pub fn path(&self, tool: Tool) -> PathBuf {
        self.places.of(tool).join("bin").join(tool.name())
    }

    /// Directory with KWOK's own Stage files, which KWOK 0.8 needs to be given. It exists if [`Tool::Kwok`] was among
    /// the tools asked of [`ensure`].
    #[must_use]
    pub fn stages(&self) -> PathBuf {
        self.places.of(Tool::Kwok).join("stages")
    }

    fn has(&self, tool: Tool) -> bool {
        self.path(tool).is_file() && (tool != Tool::Kwok || self.stages().is_dir())
    }
}

/// Builds those of `wanted` that are not there yet and says so on standard error.
///
/// Only what is asked for is built. Processes that ask at the same time build once: the others wait.
///
/// # Errors
/// If Go is missing or a build fails; the message holds the compiler's output.
pub fn ensure(wanted: &[Tool]) -> Result<Tools> {
    let source = project::root().join("tools");
    let home = project::target_dir().join("tools");
    let tools = Tools {
        places: recipe::places(&source, &home)?,
    };
    if wanted.iter().all(|tool| tools.has(*tool)) {
        return Ok(tools);
    }
    let _lock = lock(&home)?;
    let missing: Vec<Tool> = Tool::ALL
        .into_iter()
        .filter(|tool| wanted.contains(tool) && !tools.has(*tool))
        .collect();
    let builder = build::Builder::new(&source, &home);
    for tool in missing {
        builder.build(tool, &tools.places.of(tool))?;
    }
    Ok(tools)
}

/// Directory of a Go module that a module below `tools/` requires; downloaded if need be, and checked against its go.sum.
///
/// `requirer` is the directory of the module that requires it, relative to `tools/`.
///
/// # Errors
/// If Go is missing, or the module is neither there nor can be downloaded, or is not what go.sum says.
pub fn module_dir(requirer: &str, module: &str) -> Result<PathBuf> {
    let source = project::root().join("tools");
    let home = project::target_dir().join("tools");
    build::Builder::new(&source, &home).module_dir(&source.join(requirer), module)
}

/// Takes the lock of the tools directory, which ends with the process at the latest.
pub(crate) fn lock(home: &Path) -> Result<File> {
    fs::create_dir_all(home).map_err(Error::file(home))?;
    let path = home.join("lock");
    let file = File::create(&path).map_err(Error::file(&path))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => note("waiting for another process that builds the tools"),
        Err(TryLockError::Error(source)) => return Err(Error::File { path, source }),
    }
    file.lock().map_err(Error::file(&path))?;
    Ok(file)
}
