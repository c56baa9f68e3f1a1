//! The programs of the control plane and their flags.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::pki::Pki;
use crate::Result;
use crate::process::Process;
use crate::tools::{Tool, Tools};

/// Loopback ports of the components.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) api: u16,
    pub(super) etcd: u16,
    pub(super) peer: u16,
    pub(super) kwok: u16,
    pub(super) controllers: u16,
    pub(super) scheduler: u16,
}

impl Ports {
    pub(super) fn find() -> Result<Self> {
        let ports = super::ports::free(6)?;
        Ok(Self {
            api: ports[0],
            etcd: ports[1],
            peer: ports[2],
            kwok: ports[3],
            controllers: ports[4],
            scheduler: ports[5],
        })
    }
}

/// Starts components with their files below `state`.
pub(super) struct Launcher<'a> {
    pub(super) tools: &'a Tools,
    pub(super) state: &'a Path,
    pub(super) pki: &'a Pki,
    pub(super) ports: Ports,
}

/// Joins a flag and the path that is its value.
fn flag(name: &str, path: impl AsRef<Path>) -> OsString {
    let mut flag = OsString::from(format!("--{name}="));
    flag.push(path.as_ref());
    flag
}

impl Launcher<'_> {
    fn start(&self, tool: Tool, flags: Vec<OsString>) -> Result<Process> {
        let log = self.state.join("log").join(format!("{tool}.log"));
        Process::start(
            tool.name(),
            Command::new(self.tools.path(tool)).args(flags),
            &log,
        )
    }

    pub(super) fn etcd(&self) -> Result<Process> {
        let client = format!("http://127.0.0.1:{}", self.ports.etcd);
        let peer = format!("http://127.0.0.1:{}", self.ports.peer);
        let mut flags = vec![flag("data-dir", self.state.join("etcd"))];
        flags.extend(
            [
                "--name=spira".to_owned(),
                // The data does not outlive the process: nothing is lost by not waiting for the disk.
                "--unsafe-no-fsync".into(),
                "--log-level=warn".into(),
                format!("--listen-client-urls={client}"),
                format!("--advertise-client-urls={client}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=spira={peer}"),
            ]
            .map(OsString::from),
        );
        self.start(Tool::Etcd, flags)
    }

    pub(super) fn api_server(&self) -> Result<Process> {
        let file = |name: &str, file: &str| flag(name, self.pki.path(file));
        let mut flags = vec![
            file("tls-cert-file", "apiserver.crt"),
            file("tls-private-key-file", "apiserver.key"),
            file("client-ca-file", "ca.crt"),
            file("service-account-key-file", "sa.pub"),
            file("service-account-signing-key-file", "sa.key"),
            file("requestheader-client-ca-file", "ca.crt"),
            file("proxy-client-cert-file", "front-proxy.crt"),
            file("proxy-client-key-file", "front-proxy.key"),
        ];
        flags.extend(
            [
                format!("--etcd-servers=http://127.0.0.1:{}", self.ports.etcd),
                format!("--secure-port={}", self.ports.api),
                "--bind-address=127.0.0.1".into(),
                "--advertise-address=127.0.0.1".into(),
                // A loopback address is not valid in Endpoints; nothing here needs those of `kubernetes`.
                "--endpoint-reconciler-type=none".into(),
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local".into(),
                "--requestheader-allowed-names=front-proxy-client".into(),
                "--requestheader-username-headers=X-Remote-User".into(),
                "--requestheader-group-headers=X-Remote-Group".into(),
                "--requestheader-extra-headers-prefix=X-Remote-Extra-".into(),
                "--kubelet-preferred-address-types=InternalIP".into(),
                "--service-cluster-ip-range=10.96.0.0/16".into(),
                "--authorization-mode=Node,RBAC".into(),
                "--allow-privileged=true".into(),
                "--profiling=false".into(),
                "--shutdown-delay-duration=0s".into(),
            ]
            .map(OsString::from),
        );
        self.start(Tool::KubeApiserver, flags)
    }

    pub(super) fn controllers(&self) -> Result<Process> {
        let mut flags = vec![
            flag(
                "kubeconfig",
                self.state.join("kube-controller-manager.kubeconfig"),
            ),
            flag("service-account-private-key-file", self.pki.path("sa.key")),
            flag("root-ca-file", self.pki.path("ca.crt")),
            flag("cluster-signing-cert-file", self.pki.path("ca.crt")),
            flag("cluster-signing-key-file", self.pki.path("ca.key")),
        ];
        flags.extend(
            [
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={}", self.ports.controllers),
                "--leader-elect=false".into(),
                "--use-service-account-credentials=true".into(),
                "--authentication-skip-lookup=true".into(),
                "--authorization-always-allow-paths=*".into(),
                // Longer than any test: pods of a node that was NotReady for a moment would stay unready forever,
                // because KWOK does not set them back.
                "--node-monitor-grace-period=10m".into(),
                // Provisions the volumes of the StorageClass `standard`.
                "--enable-hostpath-provisioner=true".into(),
                "--profiling=false".into(),
            ]
            .map(OsString::from),
        );
        self.start(Tool::KubeControllerManager, flags)
    }

    pub(super) fn scheduler(&self) -> Result<Process> {
        let mut flags = vec![flag(
            "kubeconfig",
            self.state.join("kube-scheduler.kubeconfig"),
        )];
        flags.extend(
            [
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={}", self.ports.scheduler),
                "--leader-elect=false".into(),
                "--authentication-skip-lookup=true".into(),
                "--authorization-always-allow-paths=*".into(),
                "--profiling=false".into(),
            ]
            .map(OsString::from),
        );
        self.start(Tool::KubeScheduler, flags)
    }

    pub(super) fn kwok(&self, kubeconfig: &Path) -> Result<Process> {
        let mut flags = vec![
            flag("config", self.state.join("kwok.yaml")),
            flag("kubeconfig", kubeconfig),
            flag("tls-cert-file", self.pki.path("apiserver.crt")),
            flag("tls-private-key-file", self.pki.path("apiserver.key")),
        ];
        flags.extend(
            [
                "--manage-all-nodes=true".to_owned(),
                // Without leases the nodes turn NotReady after less than a minute.
                "--node-lease-duration-seconds=40".into(),
                "--node-ip=127.0.0.1".into(),
                format!("--node-port={}", self.ports.kwok),
                // With the node port alone it listens on all addresses.
                format!("--server-address=127.0.0.1:{}", self.ports.kwok),
                "--cidr=10.244.0.1/16".into(),
            ]
            .map(OsString::from),
        );
        self.start(Tool::Kwok, flags)
    }
}
