//! A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and nodes that KWOK
//! stands in for.
//!
//! ```no_run
//! use xtask::cluster::{Cluster, Options};
//!
//! # async fn example() -> xtask::Result<()> {
//! let cluster = Cluster::start(Options::default()).await?;
//! let client = cluster.client()?;
//! xtask::objects::create_restricted_namespace(&client, "spira").await?;
//! let status = cluster.helm4()?.args(["install", "spira", "charts/spira", "-n", "spira", "--wait"]).status();
//! # Ok(())
//! # }
//! ```
//!
//! Scheduling, admission, Pod Security, RBAC, quotas, controllers and dynamic volumes are Kubernetes' own. Containers do
//! not run: KWOK reports a pod ready whatever its probes, images or environment are, and one that may end (restart
//! policy Never or `OnFailure`) as succeeded, unless it is annotated with [`EXIT_CODE_ANNOTATION`].
//!
//! Several clusters may run at a time. All listen on 127.0.0.1 only. A dropped [`Cluster`] is gone, and so it is when its
//! process ends in any way.

mod bootstrap;
mod components;
mod pki;
mod ports;
mod stages;
mod state;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kube::Client;

use self::components::{Launcher, Ports};
use self::pki::Pki;
pub(crate) use self::ports::free as free_ports;
pub use self::stages::EXIT_CODE_ANNOTATION;
use self::state::State;
use crate::helm::{self, Helm};
use crate::objects;
use crate::process::Process;
use crate::tools::{self, Tool, Tools};
use crate::{Error, Result};

/// Bound of each step of the start. A step takes some seconds on an idle machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// What etcd and the other components log when somebody was faster in taking a port.
const PORT_TAKEN: &str = "address already in use";

/// How a cluster is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Prefix of the nodes' names. `spira` by default.
    pub name: String,
    /// Number of nodes, each with 8 CPUs, 16 GiB and room for 110 pods. 3 by default.
    pub nodes: u8,
    /// More KWOK stages, as YAML documents. None by default.
    pub stages: String,
    /// Whether controllers, scheduler and nodes are there, as they are by default. Without them the API server admits and
    /// stores objects, and nobody acts on them: most of what a cluster does is about pods.
    pub controllers: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "spira".into(),
            nodes: 3,
            stages: String::new(),
            controllers: true,
        }
    }
}

/// A running control plane.
#[derive(Debug)]
pub struct Cluster {
    // The fields are dropped in this order: first those that talk to the API server, so that it ends last but etcd, and
    // the files only when nobody writes to them.
    processes: Vec<Process>,
    config: kube::Config,
    kubeconfig: PathBuf,
    server: String,
    state: State,
    started: Vec<(&'static str, Duration)>,
}

impl Cluster {
    /// Builds what is missing of the tools, boots a cluster, and waits until its nodes are ready.
    ///
    /// # Errors
    /// If a tool cannot be built, or the cluster does not come up; the message then holds the end of the log of the
    /// component at fault.
    pub async fn start(options: Options) -> Result<Self> {
        let tools = tokio::task::spawn_blocking(|| tools::ensure(&Tool::CONTROL_PLANE))
            .await
            .expect("tools::ensure does not panic")?;
        let mut attempts = 3;
        loop {
            attempts -= 1;
            match Self::boot(&options, &tools).await {
                // Another process took one of the ports between our look and the component's start.
                Err(Error::Ended { log, .. }) if attempts > 0 && log.contains(PORT_TAKEN) => {}
                result => return result,
            }
        }
    }

    async fn boot(options: &Options, tools: &Tools) -> Result<Self> {
        let clock = Instant::now();
        let state = State::create(&options.name)?;
        let pki = Pki::create(&state.path().join("pki"))?;
        let ports = Ports::find()?;
        let server = format!("https://127.0.0.1:{}", ports.api);
        for user in ["admin", "kube-controller-manager", "kube-scheduler"] {
            state.write_kubeconfig(user, &server, &pki)?;
        }
        let kubeconfig = state.kubeconfig("admin");
        let mut cluster = Self {
            config: objects::config(&kubeconfig).await?,
            processes: Vec::new(),
            kubeconfig,
            server,
            state,
            started: Vec::new(),
        };
        let state = cluster.state.path().to_owned();
        let launcher = Launcher {
            tools,
            state: &state,
            pki: &pki,
            ports,
        };
        // The newest component is the first of the list, so that the list is dropped in the order of taking down.
        cluster.processes.insert(0, launcher.etcd()?);
        cluster.processes.insert(0, launcher.api_server()?);
        let client = cluster.client()?;
        cluster
            .until("a ready API server", || bootstrap::is_ready(&client))
            .await?;
        cluster.started.push(("API server", clock.elapsed()));
        if !options.controllers {
            return Ok(cluster);
        }
        cluster.write_kwok_files(options, tools)?;
        cluster.processes.insert(0, launcher.controllers()?);
        cluster.processes.insert(0, launcher.scheduler()?);
        cluster
            .processes
            .insert(0, launcher.kwok(&cluster.kubeconfig)?);
        bootstrap::create_nodes(&client, &options.name, options.nodes).await?;
        bootstrap::create_storage_class(&client).await?;
        cluster
            .until("ready nodes", || {
                bootstrap::nodes_ready(&client, options.nodes)
            })
            .await?;
        cluster
            .until("the default service account", || {
                bootstrap::has_service_account(&client)
            })
            .await?;
        cluster.started.push(("nodes", clock.elapsed()));
        Ok(cluster)
    }

    fn write_kwok_files(&self, options: &Options, tools: &Tools) -> Result<()> {
        let write = |file: &str, text: &str| {
            let path = self.state.path().join(file);
            fs::write(&path, text).map_err(Error::file(&path))?;
            Ok::<_, Error>(path)
        };
        // KWOK reads the format that container runtimes write.
        let line =
            "2026-01-01T00:00:00.000000000Z stdout F no container runs here: KWOK only says so\n";
        let pod_log = write("pod.log", line)?;
        write(
            "kwok.yaml",
            &stages::configuration(&tools.stages(), &pod_log, &options.stages)?,
        )?;
        Ok(())
    }

    /// Asks until the answer is yes; fails as soon as a component has ended.
    async fn until<F>(&mut self, what: &str, ask: impl Fn() -> F) -> Result<()>
    where
        F: Future<Output = Result<bool>>,
    {
        let start = Instant::now();
        loop {
            // Errors are expected while the API server comes up; the last one is told if time runs out.
            let answer = ask().await;
            if matches!(answer, Ok(true)) {
                return Ok(());
            }
            if let Some(component) = self
                .processes
                .iter_mut()
                .find_map(|p| p.ended().map(|_| &*p))
            {
                return Err(Error::Ended {
                    component: component.name().into(),
                    waiting_for: what.into(),
                    log: component.log_tail(20),
                });
            }
            if start.elapsed() > PATIENCE {
                let last = answer
                    .err()
                    .map_or_else(|| "not yet".into(), |error| error.to_string());
                let logs = self
                    .processes
                    .iter()
                    .map(|p| format!("--- {}:\n{}\n", p.name(), p.log_tail(5)));
                return Err(Error::Timeout {
                    what: what.into(),
                    seconds: PATIENCE.as_secs(),
                    detail: format!("last answer: {last}\n{}", logs.collect::<String>()),
                });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A client with all rights, bound to the runtime it is called in.
    ///
    /// # Errors
    /// If the certificates cannot be used, which [`Self::start`] would have met first.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn client(&self) -> Result<Client> {
        Client::try_from(self.config.clone()).map_err(Error::api("client"))
    }

    /// A kubeconfig file with all rights.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// URL of the API server.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Directory with all files of the cluster; it is removed with the cluster.
    #[must_use]
    pub fn state_dir(&self) -> &Path {
        self.state.path()
    }

    /// How long after the start of the boot each milestone was reached.
    #[must_use]
    pub fn milestones(&self) -> &[(&'static str, Duration)] {
        &self.started
    }

    /// The last lines of a component's log, or nothing for one that is not part of the cluster.
    #[must_use]
    pub fn log(&self, component: Tool, lines: usize) -> Option<String> {
        let process = self
            .processes
            .iter()
            .find(|p| p.name() == component.name())?;
        Some(process.log_tail(lines))
    }

    /// A command of Helm 4 for this cluster, without arguments; built on first use.
    ///
    /// # Errors
    /// If Helm cannot be built.
    pub fn helm4(&self) -> Result<Command> {
        self.helm(Helm::V4)
    }

    /// A command of Helm 3 for this cluster, without arguments; built on first use.
    ///
    /// # Errors
    /// If Helm cannot be built.
    pub fn helm3(&self) -> Result<Command> {
        self.helm(Helm::V3)
    }

    /// A command of either version of Helm for this cluster.
    ///
    /// # Errors
    /// If Helm cannot be built.
    pub fn helm(&self, version: Helm) -> Result<Command> {
        helm::command(version, Some(&self.kubeconfig), self.state.path())
    }

    /// Takes the cluster down. Dropping it does the same, but for the empty folders that Kubernetes' host-path
    /// provisioner makes for volumes in `/tmp/hostpath_pv`: only this removes them.
    ///
    /// # Errors
    /// If the volumes cannot be listed; the cluster is down nevertheless.
    pub async fn stop(self) -> Result<()> {
        let volumes = bootstrap::host_path_volumes(&self.client()?).await;
        drop(self);
        for path in volumes? {
            // It may be gone already, or have been kept by somebody's file.
            let _ = fs::remove_dir(path);
        }
        // Only if it is empty.
        let _ = fs::remove_dir(bootstrap::HOST_PATH_VOLUMES);
        Ok(())
    }
}
