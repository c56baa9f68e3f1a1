//! The whole experiment: its load against a stand-in of the API over real stores, its faults and its watch over pods at a
//! real API server of Kubernetes, with a service account that has the rights it needs and no more.
//!
//! KWOK's pods stand for SPIRA's, and the test plays Chaos Mesh's part: it kills pods while Schedules are not paused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::core::DynamicObject;
use kube::discovery::ApiResource;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use xtask::cluster::{Cluster, Options};
use xtask::objects::{self, Applier, Mode};
use xtask::project;

use super::experiment::{Experiment, ends, proxy};
use super::scene::{Outcome, PATIENCE, Run};
use super::spira::Spira;
use crate::cluster::ready;

/// What makes a Schedule rest.
const PAUSE: &str = "experiment.chaos-mesh.org/pause";
const COMPONENTS: [(&str, i32); 2] = [("api-server", 3), ("nats", 2)];

/// A namespace with pods and an account.
struct Namespace {
    name: String,
    client: Client,
    server: String,
    account: PathBuf,
}

impl Namespace {
    async fn create(cluster: &Cluster, client: &Client, name: &str, rules: Value) -> Self {
        let mut applier = Applier::new(client.clone());
        objects::create_restricted_namespace(client, name)
            .await
            .expect("a namespace");
        let mut all = vec![
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "experiment"}}),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                "metadata": {"name": "experiment"}, "rules": rules,
            }),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": {"name": "experiment"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "experiment"},
                "subjects": [{"kind": "ServiceAccount", "name": "experiment", "namespace": name}],
            }),
        ];
        all.extend(COMPONENTS.map(|(component, pods)| deployment(component, pods)));
        for object in &all {
            applier
                .apply(object, Some(name), Mode::Persist)
                .await
                .unwrap_or_else(|error| panic!("{error}"));
        }
        let account = cluster.state_dir().join(format!("account-{name}"));
        fs::create_dir(&account).expect("a directory");
        fs::copy(
            cluster.state_dir().join("pki/ca.crt"),
            account.join("ca.crt"),
        )
        .expect("the cluster's certificate");
        let api: Api<ServiceAccount> = Api::namespaced(client.clone(), name);
        let request = api
            .create_token_request(
                "experiment",
                &PostParams::default(),
                &TokenRequest::default(),
            )
            .await
            .expect("a token");
        let token = request
            .status
            .and_then(|status| status.token)
            .expect("a token");
        fs::write(account.join("token"), token).expect("written");
        ready(client, name).await;
        Self {
            name: name.into(),
            client: client.clone(),
            server: cluster.server().into(),
            account,
        }
    }

    /// An experiment on these pods; its load goes to this port.
    fn experiment(&self, port: u16, faults: &str) -> Experiment {
        // A line for each, as the chart writes them.
        let targets = COMPONENTS.map(|(component, pods)| {
            let labels = format!("app={component},part=spira");
            json!({"component": component, "labels": labels, "pods": pods}).to_string()
        });
        let account = self.account.to_str().expect("UTF-8");
        // Each namespace has a seed, and so keys of its own.
        let seed = self
            .name
            .bytes()
            .fold(0, |sum, byte| sum * 7 % 9973 + u32::from(byte));
        Experiment::new(port).with(&[
            ("EXPERIMENT_FAULTS", faults),
            ("EXPERIMENT_NAMESPACE", &self.name),
            ("EXPERIMENT_TARGETS", &targets.join("\n")),
            ("EXPERIMENT_SCHEDULES", "api-server-kill\nnats-kill"),
            ("EXPERIMENT_KUBERNETES_URL", &self.server),
            ("EXPERIMENT_SERVICE_ACCOUNT_DIRECTORY", account),
            ("EXPERIMENT_INTERVAL_SECONDS", "3"),
            ("EXPERIMENT_DURATION_SECONDS", "7"),
            ("EXPERIMENT_SEED", &seed.to_string()),
        ])
    }

    async fn apply(&self, object: &Value) {
        let mut applier = Applier::new(self.client.clone());
        applier
            .apply(object, Some(&self.name), Mode::Persist)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
    }

    async fn with_schedules(self, paused: bool) -> Self {
        for (component, _) in COMPONENTS {
            self.apply(&schedule(component, paused)).await;
        }
        self
    }

    fn schedules(&self) -> Api<DynamicObject> {
        let kind = ApiResource {
            group: "chaos-mesh.org".into(),
            version: "v1alpha1".into(),
            api_version: "chaos-mesh.org/v1alpha1".into(),
            kind: "Schedule".into(),
            plural: "schedules".into(),
        };
        Api::namespaced_with(self.client.clone(), &self.name, &kind)
    }

    /// Names of the Schedules that make faults now.
    async fn running(&self) -> Vec<String> {
        let list = self.schedules().list(&ListParams::default()).await;
        list.expect("Schedules")
            .into_iter()
            .filter(|schedule| {
                schedule.annotations().get(PAUSE).map(String::as_str) != Some("true")
            })
            .map(|schedule| schedule.name_any())
            .collect()
    }

    /// Kills one pod of a component at once, as Chaos Mesh does.
    async fn kill(&self, component: &str) {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.name);
        let list = pods
            .list(&ListParams::default().labels(&format!("app={component}")))
            .await
            .expect("pods");
        let name = list.items.first().expect("one").name_any();
        let now = DeleteParams::default().grace_period(0);
        pods.delete(&name, &now).await.expect("deleted");
    }
}

/// The rights that `EXPERIMENT_FAULTS` needs.
fn rules(pods: &[&str], schedules: &[&str]) -> Value {
    let kinds = [
        "podchaos",
        "networkchaos",
        "iochaos",
        "stresschaos",
        "dnschaos",
        "timechaos",
        "httpchaos",
    ];
    json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": pods},
        {"apiGroups": ["chaos-mesh.org"], "resources": kinds, "verbs": ["list"]},
        {"apiGroups": ["chaos-mesh.org"], "resources": ["schedules"], "verbs": schedules},
    ])
}

fn deleting() -> Value {
    rules(&["list", "delete"], &["list"])
}

fn scheduling() -> Value {
    rules(&["list"], &["list", "get", "patch"])
}

fn deployment(component: &str, pods: i32) -> Value {
    let labels = json!({"app": component, "part": "spira"});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": component},
        "spec": {
            "replicas": pods,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [{
                        "name": "program", "image": "example.org/program:1",
                        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                    }],
                },
            },
        },
    })
}

fn schedule(component: &str, paused: bool) -> Value {
    json!({
        "apiVersion": "chaos-mesh.org/v1alpha1", "kind": "Schedule",
        "metadata": {
            "name": format!("{component}-kill"),
            "annotations": {PAUSE: if paused { "true" } else { "false" }},
        },
        "spec": {
            "schedule": "*/1 * * * *", "concurrencyPolicy": "Forbid", "historyLimit": 1000, "type": "PodChaos",
            "podChaos": {
                "action": "pod-kill", "mode": "one",
                "selector": {"labelSelectors": {"app": component}},
            },
        },
    })
}

/// A fault that somebody else makes.
fn pod_failure() -> Value {
    json!({
        "apiVersion": "chaos-mesh.org/v1alpha1", "kind": "PodChaos", "metadata": {"name": "other"},
        "spec": {
            "action": "pod-failure", "mode": "one", "duration": "1h",
            "selector": {"labelSelectors": {"app": "nats"}},
        },
    })
}

/// Chaos Mesh's definitions, from where `SPIRA_CRDS` says; stubs that take any field where they are not.
async fn install_chaos_mesh(client: &Client) {
    let dir = std::env::var_os("SPIRA_CRDS").map_or_else(
        || project::root().join("../shared/crds"),
        |dir| Path::new(&dir).to_owned(),
    );
    let mut applier = Applier::new(client.clone());
    for (plural, kind) in [("schedules", "Schedule"), ("podchaos", "PodChaos")] {
        let file = dir.join(format!("chaos-mesh.org_{plural}.yaml"));
        let definition: Value = match fs::read_to_string(&file) {
            Ok(text) => yaml_serde::from_str(&text).expect("YAML"),
            Err(_) => stub(plural, kind),
        };
        applier
            .apply(&definition, None, Mode::Persist)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
    }
    objects::wait_for("Schedules", PATIENCE, || async {
        let served = client
            .list_api_group_resources("chaos-mesh.org/v1alpha1")
            .await;
        let count = served.map_or(0, |list| {
            list.resources
                .iter()
                .filter(|kind| !kind.name.contains('/'))
                .count()
        });
        Ok((count >= 2).then_some(()))
    })
    .await
    .expect("served");
}

fn stub(plural: &str, kind: &str) -> Value {
    let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.chaos-mesh.org")},
        "spec": {
            "group": "chaos-mesh.org", "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": any}}],
        },
    })
}

async fn finish(run: Run) -> Outcome {
    tokio::task::spawn_blocking(|| run.finish())
        .await
        .expect("it does not panic")
}

/// Waits until an experiment has begun its faults.
async fn breaks(experiment: &Experiment) {
    let start = Instant::now();
    while !experiment
        .events("phase")
        .iter()
        .any(|event| event["phase"] == "faults")
    {
        assert!(start.elapsed() < PATIENCE, "no fault is made");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The service account's own rights suffice to kill each target, and each kill is seen.
async fn pods_are_deleted(namespace: &Namespace, port: u16) {
    let experiment = namespace
        .experiment(port, "delete-pods")
        .with(&[("EXPERIMENT_CONTROL", "true")]);
    let outcome = finish(experiment.start(&[])).await;
    let summary = ends(
        &outcome,
        0,
        "pass",
        &["steady without faults: control", "faults hit nats"],
    );
    println!("{}", outcome.text);
    let report = experiment.report();
    // At 0, 3 and 6 s of 7: what was asked for is what was hit.
    let asked: Vec<Value> = experiment
        .events("fault")
        .iter()
        .map(|fault| fault["uid"].clone())
        .filter(Value::is_string)
        .collect();
    let recoveries = report["recoveries"].as_array().expect("a list");
    assert!(asked.len() >= 4, "{report}");
    assert_eq!(asked.len(), recoveries.len(), "{report}");
    for fault in recoveries {
        assert!(asked.contains(&fault["uid"]), "{fault}");
    }
    assert_eq!(summary["ack_and_not_completed_inferences"], 0);
    let svg = fs::read_to_string(experiment.file("timeline.svg")).expect("a timeline");
    assert!(
        svg.contains("api-server") && svg.contains("seconds since the start"),
        "{svg}"
    );
    if let Some(directory) = std::env::var_os("SPIRA_EXPERIMENT_KEEP") {
        for file in ["timeline.svg", "report.json", "report.xml", "log.jsonl"] {
            fs::copy(experiment.file(file), Path::new(&directory).join(file)).expect("copied");
        }
    }
}

/// Schedules run as long as faults are wanted, and rest again after.
async fn schedules_are_let_run(namespace: &Namespace, port: u16) {
    let experiment = namespace.experiment(port, "chaos-mesh");
    let mut run = experiment.start(&[]);
    let mut killed: BTreeMap<String, u32> = BTreeMap::new();
    while !run.has_ended() {
        for name in namespace.running().await {
            let component = name.trim_end_matches("-kill").to_owned();
            namespace.kill(&component).await;
            *killed.entry(component).or_default() += 1;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let outcome = finish(run).await;
    let summary = ends(&outcome, 0, "pass", &["faults hit api-server"]);
    assert_eq!(killed.len(), 2, "{killed:?}");
    assert!(
        summary["hits"]["nats"].as_u64() >= Some(1),
        "{}",
        outcome.text
    );
    assert!(namespace.running().await.is_empty());
}

/// A Schedule that makes no fault shows nothing, and an end from outside lets none run on.
async fn without_a_hit_nothing_is_shown(namespace: &Namespace, port: u16) {
    let experiment = namespace.experiment(port, "chaos-mesh");
    let run = experiment.start(&[]);
    breaks(&experiment).await;
    // One of the two is hit.
    namespace.kill("nats").await;
    let outcome = finish(run).await;
    let words = ["faults hit api-server: all its pods kept their UIDs"];
    let summary = ends(&outcome, 2, "invalid", &words);
    assert_eq!(summary["hits"], json!({"nats": 1}), "{}", outcome.text);
    assert!(namespace.running().await.is_empty());

    let experiment = namespace.experiment(port, "chaos-mesh").with(&[
        ("EXPERIMENT_DURATION_SECONDS", "60"),
        ("EXPERIMENT_SEED", "5"),
    ]);
    let run = experiment.start(&[]);
    breaks(&experiment).await;
    let start = Instant::now();
    while namespace.running().await.len() < 2 {
        assert!(
            start.elapsed() < PATIENCE,
            "Schedules do not run: {}",
            run.text()
        );
    }
    run.terminate();
    ends(
        &finish(run).await,
        2,
        "invalid",
        &["interrupted by SIGTERM"],
    );
    assert!(namespace.running().await.is_empty());
    // Started again, it checks what was posted.
    ends(
        &finish(experiment.start(&[])).await,
        2,
        "invalid",
        &["every post is accounted for"],
    );
    assert_eq!(
        experiment.report()["ack_and_not_completed_inferences"],
        0,
        "{}",
        experiment.report()
    );
}

/// Killed in the midst of faults, the next start pauses the Schedules.
async fn a_killed_run_lets_no_fault_run_on(namespace: &Namespace, port: u16) {
    let experiment = namespace
        .experiment(port, "chaos-mesh")
        .with(&[("EXPERIMENT_DURATION_SECONDS", "60")]);
    let run = experiment.start(&[]);
    breaks(&experiment).await;
    let start = Instant::now();
    while namespace.running().await.len() < 2 {
        assert!(
            start.elapsed() < PATIENCE,
            "Schedules do not run: {}",
            run.text()
        );
    }
    run.kill();
    assert_eq!(namespace.running().await.len(), 2);
    let outcome = finish(experiment.start(&[])).await;
    ends(&outcome, 2, "invalid", &["was cut short in phase 'faults'"]);
    assert!(namespace.running().await.is_empty(), "{}", outcome.text);
}

/// What must not be so before is named, and nothing is posted.
async fn disturbed_is_invalid(namespace: &Namespace, port: u16) {
    let refused = async |experiment: &Experiment, words: &[&str]| {
        let outcome = finish(experiment.start(&[])).await;
        ends(&outcome, 2, "invalid", words);
        assert!(experiment.events("invoke").is_empty(), "{}", outcome.text);
    };
    let lacking =
        json!([{"component": "nats", "labels": "app=nats,part=spira", "pods": 3}]).to_string();
    let experiment = namespace.experiment(port, "delete-pods").with(&[
        ("EXPERIMENT_TARGETS", &lacking),
        ("EXPERIMENT_BASELINE_SECONDS", "1"),
    ]);
    refused(
        &experiment,
        &[
            "targets are not ready: nats: 2 of 2 pods are ready, and 3 must be",
            "experiment.targets.nats.pods",
        ],
    )
    .await;
    namespace.apply(&schedule("nats", false)).await;
    let words = ["chaos is active before: Schedule nats-kill is not paused"];
    refused(&namespace.experiment(port, "delete-pods"), &words).await;
    namespace.apply(&schedule("nats", true)).await;
    namespace.apply(&pod_failure()).await;
    refused(
        &namespace.experiment(port, "delete-pods"),
        &["PodChaos other is active"],
    )
    .await;
}

/// A right less, and Kubernetes' own words for it.
async fn a_right_less_is_named(namespace: &Namespace, port: u16) {
    let outcome = finish(namespace.experiment(port, "delete-pods").start(&[])).await;
    let words = [
        "a right is missing",
        r#"cannot delete resource "pods""#,
        "system:serviceaccount",
    ];
    ends(&outcome, 2, "invalid", &words);
    let outcome = finish(namespace.experiment(port, "chaos-mesh").start(&[])).await;
    ends(
        &outcome,
        2,
        "invalid",
        &["cannot get resource \"schedules\""],
    );
}

/// What dies in earnest is lost, and the run says so.
async fn a_loss_fails(namespace: &Namespace) {
    let stores = tokio::task::spawn_blocking(Spira::start)
        .await
        .expect("it does not panic");
    let api = stores.api();
    let (port, _proxy) = proxy(&stores, api.port, &json!({}));
    let inference = stores.inference("0.01");
    let experiment = namespace
        .experiment(port, "delete-pods")
        .with(&[("EXPERIMENT_QUIESCENCE_SECONDS", "8")]);
    let run = experiment.start(&[]);
    breaks(&experiment).await;
    tokio::task::block_in_place(|| inference.kill());
    let outcome = finish(run).await;
    let summary = ends(&outcome, 1, "fail", &["acknowledged and not completed"]);
    let lost = summary["ack_and_not_completed_inferences"].as_u64();
    assert!(lost >= Some(3), "{}", outcome.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_experiment_breaks_what_it_says_and_tells_what_became_of_it() {
    let (cluster, stores) = tokio::join!(
        Cluster::start(Options::default()),
        tokio::task::spawn_blocking(Spira::start)
    );
    let (cluster, stores) = (cluster.expect("a cluster"), stores.expect("stores"));
    let client = cluster.client().expect("a client");
    let api = stores.api();
    let _inference = stores.inference("0.01");
    let (port, _proxy) = proxy(&stores, api.port, &json!({}));
    let create =
        async |name: &str, rules: Value| Namespace::create(&cluster, &client, name, rules).await;
    // Chaos Mesh is not installed yet.
    let [deleted, lost] = ["deleted", "lost"].map(|name| create(name, deleting()));
    let (deleted, lost) = tokio::join!(deleted, lost);
    tokio::join!(pods_are_deleted(&deleted, port), a_loss_fails(&lost));
    install_chaos_mesh(&client).await;
    let [run, unhit, killed] = ["run", "unhit", "killed"].map(|name| create(name, scheduling()));
    let disturbed = create("disturbed", deleting());
    let less = create("less", rules(&["list"], &["list"]));
    let (run, unhit, killed, disturbed, less) = tokio::join!(run, unhit, killed, disturbed, less);
    let (run, unhit, killed, less) = tokio::join!(
        run.with_schedules(true),
        unhit.with_schedules(true),
        killed.with_schedules(true),
        less.with_schedules(true)
    );
    tokio::join!(
        schedules_are_let_run(&run, port),
        without_a_hit_nothing_is_shown(&unhit, port),
        a_killed_run_lets_no_fault_run_on(&killed, port),
        disturbed_is_invalid(&disturbed, port),
        a_right_less_is_named(&less, port),
    );
    cluster.stop().await.expect("stopped");
}
