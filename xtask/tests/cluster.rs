//! The harness boots, serves Helm and kube-rs, and leaves nothing behind.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client};
use serde_json::json;
use xtask::cluster::{Cluster, Options};
use xtask::objects::{self, Applier, Mode};
use xtask::tools::Tool;

/// A stateful set with a volume, and a hook that passes or fails by its exit code.
const EXTRA: &str = r"
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: store
spec:
  serviceName: store
  selector:
    matchLabels: {app: store}
  template:
    metadata:
      labels: {app: store}
    spec:
      securityContext: {{- toYaml .Values.podSecurityContext | nindent 8 }}
      containers:
      - name: store
        image: example.invalid/store:1
        securityContext: {{- toYaml .Values.securityContext | nindent 10 }}
  volumeClaimTemplates:
  - metadata:
      name: data
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Mi}}
---
apiVersion: v1
kind: Pod
metadata:
  name: probe
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation
    {{- with .Values.exitCode }}
    xtask/exit-code: {{ . | quote }}
    {{- end }}
spec:
  restartPolicy: Never
  securityContext: {{- toYaml .Values.podSecurityContext | nindent 4 }}
  containers:
  - name: probe
    image: example.invalid/probe:1
    securityContext: {{- toYaml .Values.securityContext | nindent 6 }}
";

/// Values with which the starter chart's pods satisfy Pod Security `restricted`.
const RESTRICTED: &str = r"
podSecurityContext:
  runAsNonRoot: true
  runAsUser: 1000
  seccompProfile: {type: RuntimeDefault}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
";

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().expect("command starts");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if output.status.success() {
        Ok(text)
    } else {
        Err(text)
    }
}

/// Command lines of running processes that name a directory.
fn processes_of(dir: &Path) -> Vec<String> {
    let mark = dir.to_str().expect("UTF-8");
    fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(mark))
        .collect()
}

/// Addresses that processes of this machine listen on at the given ports, as /proc shows them.
fn listening(port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .flat_map(|file| {
            fs::read_to_string(file)
                .expect(file)
                .lines()
                .map(String::from)
                .collect::<Vec<_>>()
        })
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (local, state) = (fields.next()?.to_owned(), fields.nth(1)?.to_owned());
            (state == "0A" && local.ends_with(&suffix)).then_some(local)
        })
        .collect()
}

/// A pod that Pod Security forbids and a field that does not exist are refused; a dry run stores nothing.
async fn the_api_server_judges(client: &Client) {
    let mut applier = Applier::new(client.clone());
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"},
        "spec": {"containers": [{"name": "a", "image": "a"}]},
    });
    let error = applier
        .apply(&pod, Some("lab"), Mode::Persist)
        .await
        .expect_err("forbidden");
    assert!(
        error.to_string().contains("violates PodSecurity"),
        "{error}"
    );
    let mut map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "dat": {}});
    let error = applier
        .apply(&map, Some("lab"), Mode::DryRun)
        .await
        .expect_err("unknown field");
    assert!(
        error.to_string().contains("ConfigMap m") && error.to_string().contains(".dat"),
        "{error}"
    );
    map.as_object_mut().expect("object").remove("dat");
    applier
        .apply(&map, Some("lab"), Mode::DryRun)
        .await
        .expect("accepted");
    let maps = Api::<ConfigMap>::namespaced(client.clone(), "lab");
    assert!(
        maps.get_opt("m").await.expect("answer").is_none(),
        "a dry run stores nothing"
    );
}

#[tokio::test]
async fn a_chart_is_installed_tested_and_gone_with_the_cluster() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let chart = common::starter(dir.path());
    common::write(
        dir.path(),
        &[
            ("web/templates/extra.yaml", EXTRA),
            ("values.yaml", RESTRICTED),
        ],
    );
    // The starter chart's own test runs forever in a namespace that refuses it.
    fs::remove_dir_all(chart.join("templates/tests")).expect("templates/tests");

    let cluster = Cluster::start(Options::default()).await.expect("cluster");
    let client = cluster.client().expect("client");
    objects::create_restricted_namespace(&client, "lab")
        .await
        .expect("namespace");

    let values = dir.path().join("values.yaml");
    let helm4 = |args: &[&str]| {
        run(cluster
            .helm4()
            .expect("helm")
            .args(args)
            .args(["-n", "lab"]))
    };
    let install = [
        "install",
        "one",
        chart.to_str().expect("UTF-8"),
        "--wait",
        "--timeout",
        "60s",
        "-f",
    ];
    let mut install = install.to_vec();
    install.push(values.to_str().expect("UTF-8"));
    helm4(&install).expect("install");

    let workloads = objects::workloads(&client, "lab").await.expect("workloads");
    let names: Vec<_> = workloads
        .iter()
        .map(|w| (w.kind, w.name.as_str(), w.ready, w.wanted))
        .collect();
    assert_eq!(
        names,
        [
            ("Deployment", "one-web", 1, 1),
            ("StatefulSet", "store", 1, 1)
        ]
    );
    assert!(workloads.iter().all(|w| w.took.is_some()), "{workloads:?}");

    helm4(&["test", "one", "--timeout", "30s"]).expect("helm test passes");
    install[0] = "upgrade";
    helm4(&[&install[..], &["--set", "exitCode=3"]].concat()).expect("upgrade");
    let error = helm4(&["test", "one", "--timeout", "30s"]).expect_err("the hook fails");
    assert!(error.contains("probe"), "{error}");
    run(cluster.helm3().expect("helm").args(["list", "-n", "lab"]))
        .expect("Helm 3 reaches the cluster");

    the_api_server_judges(&client).await;
    let state = cluster.state_dir().to_owned();
    assert_eq!(
        processes_of(&state)
            .iter()
            .filter(|line| !line.starts_with("sh "))
            .count(),
        Tool::CONTROL_PLANE.len()
    );
    let port: u16 = cluster
        .server()
        .rsplit(':')
        .next()
        .expect("port")
        .parse()
        .expect("port");
    assert_eq!(
        listening(port),
        [format!("0100007F:{port:04X}")],
        "loopback only"
    );

    cluster.stop().await.expect("stop");
    assert_eq!(processes_of(&state), Vec::<String>::new());
    assert!(!state.exists());
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(listening(port), Vec::<String>::new());
}
