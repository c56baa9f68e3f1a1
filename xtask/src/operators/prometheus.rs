//! Prometheus's operator.

use super::{Launcher, isolated, port};
use crate::cluster::Cluster;
use crate::process::Process;
use crate::tools::{self, Tool};
use crate::{Error, Result};

/// The running operator. Dropping it ends it.
#[derive(Debug)]
pub struct PrometheusOperator(Process);

impl PrometheusOperator {
    /// Builds what is missing of it and starts it for these namespaces. Its definitions must be installed
    /// ([`crate::definitions::install`]).
    ///
    /// # Errors
    /// If it cannot be built.
    pub async fn start(cluster: &Cluster, namespaces: &[&str]) -> Result<Self> {
        let wanted = [Tool::Sandbox, Tool::PrometheusOperator];
        let tools = tokio::task::spawn_blocking(move || tools::ensure(&wanted))
            .await
            .expect("tools::ensure does not panic")?;
        let launcher = Launcher {
            cluster,
            tools: &tools,
            isolated: isolated(&tools)?,
        };
        let pki = cluster.state_dir().join("pki");
        let file = |name: &str| pki.join(name).display().to_string();
        // It knows no kubeconfig.
        let arguments = [
            format!("--apiserver=https://127.0.0.1:{}", port(cluster.server())),
            format!("--ca-file={}", file("ca.crt")),
            format!("--cert-file={}", file("admin.crt")),
            format!("--key-file={}", file("admin.key")),
            format!("--namespaces={}", namespaces.join(",")),
            format!(
                "--web.listen-address=127.0.0.1:{}",
                crate::cluster::free_ports(1)?[0]
            ),
        ];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        launcher
            .start(Tool::PrometheusOperator, &arguments, &[])
            .map(Self)
    }

    /// Fails if it has ended.
    ///
    /// # Errors
    /// [`Error::Ended`] with the end of its log.
    pub fn check(&mut self, waiting_for: &str) -> Result<()> {
        if self.0.ended().is_none() {
            return Ok(());
        }
        Err(Error::Ended {
            component: self.0.name().into(),
            waiting_for: waiting_for.into(),
            log: self.0.log_tail(20),
        })
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        self.0.log_tail(lines)
    }
}
