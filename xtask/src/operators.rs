//! The real operators of PostgreSQL (Zalando), MongoDB and Prometheus, run outside the cluster against a [`Cluster`].
//!
//! ```no_run
//! use xtask::cluster::{Cluster, Options};
//! use xtask::operators::{self, Operators};
//!
//! # async fn example() -> xtask::Result<()> {
//! let options = Options { stages: operators::STAGES.into(), ..Options::default() };
//! let cluster = Cluster::start(options).await?;
//! xtask::definitions::install(&cluster.client()?).await?;
//! let operators = Operators::start(&cluster).await?;
//! # Ok(())
//! # }
//! ```
//!
//! They are built from the modules that their makers publish, are configured as those modules say, act on every
//! namespace, and have all rights: their own RBAC is not what is shown here. What the agents in database pods would write
//! into the API is written by [`STAGES`] (Patroni's role label) and by a task of this process (the version that a MongoDB
//! agent has reached), since no container runs.
//!
//! An operator believes itself in the cluster's network: Zalando's calls Patroni by the pods' addresses, and both listen
//! on all addresses. So each runs in a network of its own (`tools/sandbox`) from which it reaches the API server and
//! nothing else. That needs no root, but a system that lets users make namespaces. Where it does not, a line says so, and
//! the operators listen on all addresses of the machine, while their calls to pods go to a proxy that does not exist.
//!
//! MinIO's operator is not here: no registry has it.

mod agent;
mod configuration;
mod prometheus;

pub use self::prometheus::PrometheusOperator;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kube::api::ListParams;
use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::ApiResource;
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::process::Process;
use crate::progress::note;
use crate::tools::{self, Tool, Tools};
use crate::{Error, Result, objects};

/// Stages for [`crate::cluster::Options`] that stand in for what runs in the pods of databases.
pub const STAGES: &str = include_str!("operators/stages.yaml");

/// Namespace of what configures the operators.
const NAMESPACE: &str = "operators";
/// Nobody listens there.
const NO_PROXY_HERE: &str = "http://127.0.0.1:9";

/// The running operators. Dropping it ends them.
#[derive(Debug)]
pub struct Operators {
    processes: Vec<Process>,
    agent: tokio::task::JoinHandle<()>,
    isolated: bool,
}

impl Operators {
    /// Builds what is missing of the operators and starts them. Their definitions must be installed
    /// ([`crate::definitions::install`]).
    ///
    /// # Errors
    /// If an operator cannot be built, or its configuration is refused.
    pub async fn start(cluster: &Cluster) -> Result<Self> {
        let tools = tokio::task::spawn_blocking(|| tools::ensure(&Tool::OPERATORS))
            .await
            .expect("tools::ensure does not panic")?;
        let client = cluster.client()?;
        let isolated = isolated(&tools)?;
        let launcher = Launcher {
            cluster,
            tools: &tools,
            isolated,
        };
        objects::create_namespace(&client, NAMESPACE, "restricted").await?;
        let zalando = configuration::zalando(&client, NAMESPACE, isolated).await?;
        let mongodb = configuration::mongodb()?;
        let kubeconfig = cluster.kubeconfig().display().to_string();
        let arguments = [
            "-outofcluster",
            "-kubeconfig",
            &kubeconfig,
            // No database runs, and there is no API of teams.
            "-nodatabaseaccess",
            "-noteamsapi",
            "-kubeqps=100",
            "-kubeburst=200",
        ];
        let environment = [("KUBECONFIG".to_owned(), kubeconfig.clone())];
        let processes = vec![
            launcher.start(Tool::PostgresOperator, &arguments, &zalando)?,
            launcher.start(
                Tool::MongodbOperator,
                &[],
                &[&mongodb[..], &environment].concat(),
            )?,
        ];
        Ok(Self {
            processes,
            agent: tokio::spawn(agent::run(client)),
            isolated,
        })
    }

    /// Whether they are in networks of their own.
    #[must_use]
    pub fn isolated(&self) -> bool {
        self.isolated
    }

    /// Fails if an operator has ended.
    ///
    /// # Errors
    /// [`Error::Ended`] with the end of its log.
    pub fn check(&mut self, waiting_for: &str) -> Result<()> {
        for process in &mut self.processes {
            if process.ended().is_some() {
                return Err(Error::Ended {
                    component: process.name().into(),
                    waiting_for: waiting_for.into(),
                    log: process.log_tail(20),
                });
            }
        }
        Ok(())
    }

    /// The last lines of the operators' logs.
    #[must_use]
    pub fn logs(&self, lines: usize) -> String {
        let log = |p: &Process| format!("--- {}:\n{}\n", p.name(), p.log_tail(lines));
        self.processes.iter().map(log).collect()
    }

    /// Waits until the operators say of each of their resources in a namespace that it is running; the last answer.
    ///
    /// # Errors
    /// If an operator has ended, or time runs out; the message then holds what each resource lacks.
    pub async fn settle(
        &mut self,
        client: &Client,
        namespace: &str,
        patience: Duration,
    ) -> Result<Vec<Resource>> {
        let what = format!("running databases in {namespace}");
        let start = std::time::Instant::now();
        loop {
            let found = resources(client, namespace).await?;
            if found.iter().all(Resource::is_running) {
                return Ok(found);
            }
            self.check(&what)?;
            if start.elapsed() > patience {
                return Err(Error::Timeout {
                    what,
                    seconds: patience.as_secs(),
                    detail: format!("{found:?}\n{}", self.logs(15)),
                });
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

impl Drop for Operators {
    fn drop(&mut self) {
        self.agent.abort();
    }
}

/// A custom resource that an operator acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `MongoDBCommunity` or `postgresql`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What its operator says of it, or nothing as long as it has not said anything.
    pub phase: Option<String>,
}

impl Resource {
    /// Whether its operator is done with it.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.phase.as_deref() == Some("Running")
    }
}

/// Kinds that the operators act on: group, version, kind, plural, and where the phase stands.
const KINDS: [(&str, &str, &str, &str, &str); 2] = [
    (
        "mongodbcommunity.mongodb.com",
        "v1",
        "MongoDBCommunity",
        "mongodbcommunity",
        "/status/phase",
    ),
    (
        "acid.zalan.do",
        "v1",
        "postgresql",
        "postgresqls",
        "/status/PostgresClusterStatus",
    ),
];

/// The custom resources of a namespace that the operators act on.
///
/// # Errors
/// If the API server cannot be asked, or does not know the kinds.
pub async fn resources(client: &Client, namespace: &str) -> Result<Vec<Resource>> {
    let mut found = Vec::new();
    for (group, version, kind, plural, phase) in KINDS {
        let gvk = GroupVersionKind::gvk(group, version, kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, plural);
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        let list = api
            .list(&ListParams::default())
            .await
            .map_err(Error::api(format!("{plural} of {namespace}")))?;
        found.extend(list.items.into_iter().map(|object| {
            Resource {
                kind,
                name: object.name_any(),
                phase: object
                    .data
                    .pointer(phase)
                    .and_then(Value::as_str)
                    .map(String::from),
            }
        }));
    }
    Ok(found)
}

/// Whether programs can be given networks of their own here; says so if not.
fn isolated(tools: &Tools) -> Result<bool> {
    let sandbox = tools.path(Tool::Sandbox);
    let output = Command::new(&sandbox)
        .arg("-check")
        .stdin(Stdio::null())
        .output()
        .map_err(Error::file(&sandbox))?;
    if !output.status.success() {
        note(&format!(
            "{}; so the operators listen on all addresses of this machine while they run (8080 and another port)",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    Ok(output.status.success())
}

struct Launcher<'a> {
    cluster: &'a Cluster,
    tools: &'a Tools,
    isolated: bool,
}

impl Launcher<'_> {
    fn start(
        &self,
        tool: Tool,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> Result<Process> {
        let program = self.tools.path(tool);
        let mut command = if self.isolated {
            let mut command = Command::new(self.tools.path(Tool::Sandbox));
            command.args(["-reach", &port(self.cluster.server()).to_string(), "--"]);
            command.arg(&program);
            command
        } else {
            let mut command = Command::new(&program);
            // Go's clients ask it for every address but those of loopback.
            command.env("HTTP_PROXY", NO_PROXY_HERE);
            command.env("HTTPS_PROXY", NO_PROXY_HERE);
            command.env_remove("NO_PROXY");
            command
        };
        command.args(arguments);
        for (name, value) in environment {
            command.env(name, value);
        }
        let log = self.log(tool);
        Process::start(tool.name(), &command, &log)
    }

    fn log(&self, tool: Tool) -> std::path::PathBuf {
        let dir: &Path = self.cluster.state_dir();
        dir.join("log").join(format!("{tool}.log"))
    }
}

/// Port of the API server's URL.
fn port(server: &str) -> u16 {
    let port = server.rsplit(':').next().and_then(|port| port.parse().ok());
    port.expect("a cluster's URL ends with its port")
}
