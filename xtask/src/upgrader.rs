//! Helm's own actions on a cluster, for many releases: the client of `tools/upgrader`.
//!
//! ```no_run
//! use xtask::upgrader::{Action, Request, Upgrader};
//!
//! # async fn example(cluster: &xtask::cluster::Cluster) -> xtask::Result<()> {
//! let mut upgrader = Upgrader::start(cluster.kubeconfig())?;
//! let install = Request::new(Action::Install, "spira", "voices").with_chart("charts/spira");
//! let answer = upgrader.ask(&install)?;
//! assert!(answer.is_ok(), "refused: {answer:?}");
//! # Ok(())
//! # }
//! ```

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::helm::Helm;
use crate::tools::{self, Tool};
use crate::{Error, Result};

/// What is done to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// `helm install`.
    Install,
    /// `helm upgrade --reset-values`.
    Upgrade,
    /// `helm rollback`.
    Rollback,
    /// `helm uninstall`.
    Uninstall,
}

/// One action, as the command line would be asked for it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Major version of Helm, 4 by default.
    helm: u8,
    /// What is done.
    pub action: Action,
    /// The chart's directory or archive, for [`Action::Install`] and [`Action::Upgrade`].
    chart: PathBuf,
    /// The name of the release.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// The values, as of one `-f`.
    pub values: Map<String, Value>,
    /// The revision to roll back to; 0, the default, is the last but one.
    pub revision: u32,
    /// Whether Helm checks the values against the chart's schemas. Off by default: it compiles them anew each time.
    pub schema: bool,
    /// Helm 4's `--server-side`; empty by default, which leaves it to Helm.
    pub server_side: &'static str,
    /// `--history-max`, 2 by default: Helm reads all revisions at each upgrade.
    pub max_history: u32,
}

impl Request {
    /// An action of Helm 4 without chart or values.
    #[must_use]
    pub fn new(action: Action, release: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self {
            helm: Helm::V4.major(),
            action,
            chart: PathBuf::new(),
            release: release.into(),
            namespace: namespace.into(),
            values: Map::new(),
            revision: 0,
            schema: false,
            server_side: "",
            max_history: 2,
        }
    }

    /// The same by another version of Helm.
    #[must_use]
    pub fn by(mut self, helm: Helm) -> Self {
        self.helm = helm.major();
        self
    }

    /// The same with a chart.
    #[must_use]
    pub fn with_chart(mut self, chart: impl Into<PathBuf>) -> Self {
        self.chart = chart.into();
        self
    }

    /// The same with values.
    #[must_use]
    pub fn with_values(mut self, values: Map<String, Value>) -> Self {
        self.values = values;
        self
    }
}

/// What an action leaves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// The release's revision now; 0 after [`Action::Uninstall`].
    pub revision: u32,
    /// The objects of the release's manifest.
    pub objects: Vec<Value>,
    /// Its hooks.
    pub hooks: Vec<Value>,
    milliseconds: u64,
    error: Option<String>,
}

impl Outcome {
    /// How long the action took.
    #[must_use]
    pub fn took(&self) -> Duration {
        Duration::from_millis(self.milliseconds)
    }
}

/// Helm's answer: what the action leaves, or its error.
pub type Answer = std::result::Result<Outcome, String>;

/// A running upgrader for one cluster. What the cluster serves is asked at the first action in a namespace.
#[derive(Debug)]
pub struct Upgrader {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Upgrader {
    /// Starts the program, which is built on first use.
    ///
    /// # Errors
    /// If it cannot be built or started. That the cluster cannot be reached is told by the first answer.
    pub fn start(kubeconfig: &Path) -> Result<Self> {
        let tools = tools::ensure(&[Tool::Upgrader])?;
        let mut child = Command::new(tools.path(Tool::Upgrader))
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| Error::Start {
                program: Tool::Upgrader.name().into(),
                source,
                hint: "",
            })?;
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("standard output is piped"));
        Ok(Self {
            child,
            requests,
            answers,
        })
    }

    /// Does one action and waits for its end. It blocks.
    ///
    /// # Errors
    /// If the program has ended. That Helm refuses or fails is an answer.
    pub fn ask(&mut self, request: &Request) -> Result<Answer> {
        let failed = |message: String| Error::Upgrader { message };
        let mut line = serde_json::to_string(request).map_err(|error| failed(error.to_string()))?;
        line.push('\n');
        let pipe = self
            .requests
            .as_mut()
            .expect("the pipe is only closed on drop");
        pipe.write_all(line.as_bytes())
            .and_then(|()| pipe.flush())
            .map_err(|error| failed(error.to_string()))?;
        let mut text = String::new();
        let length = self
            .answers
            .read_line(&mut text)
            .map_err(|error| failed(error.to_string()))?;
        if length == 0 {
            return Err(failed(
                "it has ended; the reason is on standard error".into(),
            ));
        }
        let outcome: Outcome =
            serde_json::from_str(&text).map_err(|error| failed(format!("{error} in {text}")))?;
        Ok(match outcome.error {
            Some(error) => Err(error),
            None => Ok(outcome),
        })
    }
}

impl Drop for Upgrader {
    fn drop(&mut self) {
        // It ends when its input does.
        drop(self.requests.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
