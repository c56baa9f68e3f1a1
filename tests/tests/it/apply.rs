//! `examples/src/bin/apply.rs` installs SPIRA without Helm: on a real API server, as a user would run it.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Parser;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, Client, Discovery, ResourceExt};
use serde_json::json;
use spira_examples::apply::{Apply, Error};
use spira_manifests::order;
use xtask::cluster::{Cluster, Options};
use xtask::helm::Helm;
use xtask::{definitions, objects, tools};

use crate::cluster::{PATIENCE, install_gateway_api, ready};

const NAMESPACE: &str = "applied";

/// What is no part of a release.
const HOOKS: [&str; 2] = [
    "left out   Pod/spira-checks-stores (Helm's test hook)",
    "left out   Pod/spira-checks-smoke (Helm's test hook)",
];

struct Program<'a> {
    cluster: &'a Cluster,
}

impl Program<'_> {
    /// The lines that it prints.
    async fn run(&self, args: &[&str]) -> Result<Vec<String>, Error> {
        let kubeconfig = self.cluster.kubeconfig().to_str().expect("UTF-8");
        let common = [
            "apply",
            "spira",
            "--kubeconfig",
            kubeconfig,
            "-n",
            NAMESPACE,
        ];
        let apply = Apply::try_parse_from(common.iter().chain(args)).expect("arguments");
        let mut out = Vec::new();
        apply.run(&mut out).await?;
        let text = String::from_utf8(out).expect("UTF-8");
        Ok(text.lines().map(str::to_owned).collect())
    }

    async fn done(&self, args: &[&str]) -> Vec<String> {
        let lines = self.run(args).await;
        lines.unwrap_or_else(|error| panic!("{args:?}: {error}"))
    }

    /// The exit code and the message of a run that is to fail.
    async fn refused(&self, args: &[&str]) -> (u8, String) {
        let error = self.run(args).await.expect_err("it is to fail");
        (error.exit_code(), error.to_string())
    }
}

/// Lines that do not say `word`; that it is said at all is asserted.
fn others<'a>(lines: &'a [String], word: &str) -> Vec<&'a str> {
    let (said, others): (Vec<_>, Vec<_>) = lines
        .iter()
        .map(String::as_str)
        .partition(|line| line.starts_with(word));
    assert!(said.len() > 1, "{word}: {lines:?}");
    others
}

/// Where the kind that a line names stands in the order of installing.
fn place(line: &str) -> usize {
    let kind = line.split(['/', ' ']).rev().nth(1);
    let place = order::KINDS.iter().position(|known| Some(*known) == kind);
    place.unwrap_or(order::KINDS.len())
}

/// Without what the operators bring, nothing is made.
pub async fn apply_is_refused_by_a_bare_cluster(cluster: &Cluster, client: &Client) {
    let program = Program { cluster };
    let (code, message) = program.refused(&[]).await;
    assert_eq!(code, 3, "{message}");
    assert!(
        message.contains("kubectl create namespace applied"),
        "{message}"
    );

    make_namespace(client).await;
    let (code, message) = program.refused(&[]).await;
    assert_eq!(code, 3, "{message}");
    for needed in [
        "minio.min.io/v2/Tenant (needed by minio)",
        "needed by mongodb",
    ] {
        assert!(message.contains(needed), "{message}");
    }
    assert_eq!(all(client).await, BTreeMap::new());
}

/// Installs, changes, and is refused.
pub async fn apply_installs_without_helm(cluster: &Cluster, client: &Client) {
    let program = Program { cluster };
    make_namespace(client).await;

    let planned = program.done(&["--dry-run"]).await;
    assert_eq!(others(&planned, "created"), HOOKS);
    let places = planned[..planned.len() - HOOKS.len()]
        .iter()
        .map(|line| place(line));
    assert!(places.is_sorted(), "{planned:?}");
    assert_eq!(
        all(client).await,
        BTreeMap::new(),
        "a dry run stores nothing"
    );

    let lines = program.done(&["--wait", "--timeout", "90"]).await;
    assert!(lines.starts_with(&planned), "{lines:?}");
    every_workload_was_awaited(client, &lines).await;
    ready(client, NAMESPACE).await;
    let credentials = credentials(client).await;
    assert!(credentials.len() >= 3, "{credentials:?}");

    again_changes_nothing(&program, client).await;
    assert_eq!(self::credentials(client).await, credentials);

    a_value_changes_one_object(&program, client).await;
    what_cannot_change_is_refused(&program, client).await;
    what_others_set_is_kept(&program, client).await;
    what_does_not_get_ready_is_told(&program).await;
    assert_eq!(self::credentials(client).await, credentials);

    let namespaces = Api::<Namespace>::all(client.clone());
    let deleted = namespaces.delete(NAMESPACE, &DeleteParams::default()).await;
    deleted.expect("deleted");
}

async fn make_namespace(client: &Client) {
    let made = objects::create_restricted_namespace(client, NAMESPACE).await;
    made.expect("namespace");
}

/// Whatever was not seen ready in the lines is what the test missed.
async fn every_workload_was_awaited(client: &Client, lines: &[String]) {
    let workloads = objects::workloads(client, NAMESPACE).await.expect("listed");
    assert!(workloads.len() > 4, "{workloads:?}");
    for workload in workloads {
        let line = format!("ready      {}/{}", workload.kind, workload.name);
        assert!(lines.contains(&line), "{line} is not in {lines:?}");
    }
    let job = |line: &&String| line.starts_with("ready      Job/");
    assert_eq!(lines.iter().filter(job).count(), 1, "{lines:?}");
}

async fn again_changes_nothing(program: &Program<'_>, client: &Client) {
    let before = settled(client).await;
    assert!(before.len() > 30, "{before:?}");
    let lines = program.done(&[]).await;
    assert_eq!(others(&lines, "unchanged"), HOOKS);
    assert_eq!(all(client).await, before, "versions of all objects");
}

async fn a_value_changes_one_object(program: &Program<'_>, client: &Client) {
    let five = ["--set", "inference-server.replicas=5"];
    let wait = ["--wait", "--timeout", "90"];
    let mut expected = vec!["changed    Deployment/spira-inference-server"];
    expected.extend(HOOKS);

    let before = all(client).await;
    let planned = program.done(&[&five[..], &["--dry-run"]].concat()).await;
    assert_eq!(others(&planned, "unchanged"), expected);
    assert_eq!(all(client).await, before, "a dry run stores nothing");

    let lines = program.done(&[&five[..], &wait[..]].concat()).await;
    assert!(lines.starts_with(&planned), "{lines:?}");
    let awaited = &lines[planned.len()..];
    assert!(
        awaited.iter().all(|line| line.starts_with("ready")),
        "{lines:?}"
    );
    assert_eq!(replicas(client).await, Some(5));
}

async fn what_cannot_change_is_refused(program: &Program<'_>, client: &Client) {
    let before = settled(client).await;
    let unserved = "nats.extraObjects[0].apiVersion=example.org/v1,nats.extraObjects[0].kind=Thing,\
                    nats.extraObjects[0].metadata.name=a";
    for (set, part) in [
        ("nats.jetstream.enabled=true", "nats.jetstream.enabled: "),
        (unserved, "Thing/a: example.org/v1 is not served"),
        ("nats.replica=1", "did you mean `replicas`?"),
    ] {
        let (code, message) = program.refused(&["--set", set]).await;
        assert_eq!(code, 3, "{message}");
        assert!(message.contains(part), "{message}");
        assert_eq!(all(client).await, before, "{set}");
    }
}

async fn what_others_set_is_kept(program: &Program<'_>, client: &Client) {
    let deployments = Api::<Deployment>::namespaced(client.clone(), NAMESPACE);
    let seven = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "spira-inference-server"}, "spec": {"replicas": 7},
    });
    let params = PatchParams::apply("somebody").force();
    let patch = Patch::Apply(&seven);
    let patched = deployments
        .patch("spira-inference-server", &params, &patch)
        .await;
    patched.expect("patched");

    let (code, message) = program.refused(&[]).await;
    assert_eq!(code, 3, "{message}");
    for part in [
        "Deployment/spira-inference-server: ",
        "\"somebody\"",
        ".spec.replicas",
        "With --force-conflicts ",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(replicas(client).await, Some(7));
    program.done(&["--force-conflicts"]).await;
    assert_eq!(replicas(client).await, Some(3));
}

async fn what_does_not_get_ready_is_told(program: &Program<'_>) {
    // More than a node has.
    let set = "inference-server.resources.requests.cpu=100000m,inference-server.resources.limits.cpu=100000m";
    let args = ["--set", set, "--wait", "--timeout", "2"];
    let (code, message) = program.refused(&args).await;
    assert_eq!(code, 4, "{message}");
    assert!(
        message.contains("- Deployment/spira-inference-server: "),
        "{message}"
    );
    assert_eq!(message.matches("\n- ").count(), 1, "{message}");
}

async fn replicas(client: &Client) -> Option<i32> {
    let deployments = Api::<Deployment>::namespaced(client.clone(), NAMESPACE);
    let deployment = deployments.get("spira-inference-server").await;
    deployment
        .expect("there")
        .spec
        .and_then(|spec| spec.replicas)
}

async fn credentials(client: &Client) -> BTreeMap<String, String> {
    let secrets = Api::<Secret>::namespaced(client.clone(), NAMESPACE);
    let secrets = secrets.list(&ListParams::default()).await.expect("listed");
    let data = |secret: Secret| (secret.name_any(), format!("{:?}", secret.data));
    secrets.items.into_iter().map(data).collect()
}

/// The versions of all objects once nobody changes them any more.
async fn settled(client: &Client) -> BTreeMap<String, Option<String>> {
    let settled = objects::wait_for("an end of all changes", PATIENCE, || async {
        let before = all(client).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok((all(client).await == before).then_some(before))
    });
    settled.await.expect("settled")
}

/// Every object of the namespace that this program applied, of whatever kind, and its version.
async fn all(client: &Client) -> BTreeMap<String, Option<String>> {
    let discovery = Discovery::new(client.clone()).run_aggregated().await;
    let mut all = BTreeMap::new();
    for group in discovery.expect("discovery").groups() {
        for (kind, capabilities) in group.recommended_resources() {
            if !capabilities.supports_operation(kube::discovery::verbs::LIST)
                || capabilities.scope != kube::discovery::Scope::Namespaced
            {
                continue;
            }
            let api = Api::<DynamicObject>::namespaced_with(client.clone(), NAMESPACE, &kind);
            let list = api.list(&ListParams::default()).await.expect("listed");
            for object in list.items.into_iter().filter(is_ours) {
                let name = format!("{}/{}", kind.kind, object.name_any());
                all.insert(name, object.resource_version());
            }
        }
    }
    all
}

fn is_ours(object: &DynamicObject) -> bool {
    let managers = object.managed_fields();
    managers
        .iter()
        .any(|entry| entry.manager.as_deref() == Some("spira-apply"))
}

#[test]
fn install_order_is_helms() {
    for helm in Helm::ALL {
        let module = format!("helm.sh/helm/v{}", helm.major());
        let dir = tools::module_dir("", &module).expect("module");
        let file = ["pkg/release/v1/util", "pkg/releaseutil"]
            .map(|folder| dir.join(folder).join("kind_sorter.go"))
            .into_iter()
            .find(|file| file.is_file())
            .expect("the sorter");
        let text = std::fs::read_to_string(file).expect("readable");
        let (_, list) = text.split_once("var InstallOrder").expect("the list");
        let (list, _) = list.split_once("\n}").expect("its end");
        let kinds: Vec<_> = list.split('"').skip(1).step_by(2).collect();
        // Helm 3 has no place for webhooks.
        let known = &order::KINDS[..kinds.len()];
        assert_eq!(kinds, known, "{module}");
        assert!(helm == Helm::V3 || kinds.len() == order::KINDS.len());
    }
}

/// The same by itself.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "cluster::real_cluster_takes_the_chart does it too; this boots a cluster for it alone"]
async fn apply_installs_by_itself() {
    let cluster = Cluster::start(Options::default()).await.expect("cluster");
    let client = cluster.client().expect("client");
    apply_is_refused_by_a_bare_cluster(&cluster, &client).await;
    install_gateway_api(&client).await;
    definitions::install(&client).await.expect("definitions");
    apply_installs_without_helm(&cluster, &client).await;
    cluster.stop().await.expect("stop");
}
