//! The real operator of Prometheus takes our monitors and rules, and none that are not for it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use xtask::cluster::{Cluster, Options};
use xtask::debian::{self, Program};
use xtask::operators::PrometheusOperator;
use xtask::{definitions, objects};

use crate::operators::apply_all;
use crate::support::Case;

/// Where the releases are, and where kube-prometheus-stack is.
const NAMESPACE: &str = "voices";
const STACK: &str = "monitoring";
/// How long the operator may take for what it makes.
const PATIENCE: Duration = Duration::from_mins(3);
/// The API of all that is about Prometheus.
const API: &str = "monitoring.coreos.com/v1";

/// A Prometheus that chooses as kube-prometheus-stack's does, in a release called `kube-prom`.
fn prometheus() -> Value {
    let ours = json!({"matchLabels": {"release": "kube-prom"}});
    json!({
        "apiVersion": API, "kind": "Prometheus",
        "metadata": {"name": "kube-prom"},
        "spec": {
            // Promtool's own version, whose configurations it knows.
            "version": "v2.42.0",
            "podMonitorSelector": ours, "podMonitorNamespaceSelector": {},
            "serviceMonitorSelector": ours, "serviceMonitorNamespaceSelector": {},
            "ruleSelector": ours, "ruleNamespaceSelector": {},
        },
    })
}

/// Two releases in one namespace, of which the second has CloudNativePG.
fn releases() -> Vec<Value> {
    let monitored = "global: {monitoring: {enabled: true}}";
    let other = "global: {monitoring: {enabled: true}, connections: {postgresql: {operator: cloudnative-pg}}}";
    let mut all = Vec::new();
    for (release, values) in [("spira", monitored), ("voice.lab", other)] {
        let case = Case {
            release: release.into(),
            namespace: NAMESPACE.into(),
            ..Case::new(values)
        };
        all.extend(case.library().expect("rendered"));
    }
    all.retain(|o| o["apiVersion"] == API || is_login(o));
    all
}

/// The user that Prometheus logs in to MongoDB's metrics as; without it the monitor would be left out.
fn is_login(object: &Value) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    object["kind"] == "Secret" && name.ends_with("-mongodb-metrics")
}

/// The jobs that the monitors among these objects stand for, as the operator calls them.
fn jobs(objects: &[Value]) -> BTreeSet<String> {
    let mut jobs = BTreeSet::new();
    for object in objects {
        let (kind, field) = match object["kind"].as_str() {
            Some("PodMonitor") => ("podMonitor", "podMetricsEndpoints"),
            Some("ServiceMonitor") => ("serviceMonitor", "endpoints"),
            _ => continue,
        };
        let name = object["metadata"]["name"].as_str().expect("a name");
        let endpoints = object["spec"][field].as_array().expect("endpoints");
        jobs.extend((0..endpoints.len()).map(|i| format!("{kind}/{NAMESPACE}/{name}/{i}")));
    }
    jobs
}

fn planted(objects: &[Value], kind: &str, release: &str) -> Value {
    let of_kind = |object: &&Value| object["kind"] == kind;
    let mut object = objects.iter().find(of_kind).expect(kind).clone();
    object["metadata"]["name"] = json!(format!("planted-{release}"));
    object["metadata"]["labels"]["release"] = json!(release);
    object
}

fn rule(name: &str, release: &str) -> Value {
    let rule = json!({"alert": "Planted", "expr": "up == 0"});
    json!({
        "apiVersion": API, "kind": "PrometheusRule",
        "metadata": {"name": name, "labels": {"release": release}},
        "spec": {"groups": [{"name": "planted", "rules": [rule]}]},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_of_prometheus_takes_our_monitors_and_rules_and_no_others() {
    let cluster = Cluster::start(Options::default()).await.expect("cluster");
    let client = cluster.client().expect("client");
    definitions::install(&client).await.expect("definitions");
    for namespace in [NAMESPACE, STACK] {
        objects::create_restricted_namespace(&client, namespace)
            .await
            .expect("namespace");
    }
    let mut operator = PrometheusOperator::start(&cluster, &[NAMESPACE, STACK])
        .await
        .expect("operator");
    let mut ours = releases();
    let monitors = jobs(&ours);
    // MinIO has two paths.
    assert_eq!(monitors.len(), 2 * 8, "{monitors:?}");
    ours.push(rule("planted-kube-prom", "kube-prom"));
    let others = [
        planted(&ours, "PodMonitor", "other"),
        planted(&ours, "ServiceMonitor", "other"),
        rule("planted-other", "other"),
    ];
    apply_all(&client, NAMESPACE, &others).await;
    apply_all(&client, NAMESPACE, &ours).await;
    apply_all(&client, STACK, &[prometheus()]).await;

    let mut last = BTreeSet::new();
    let waited = objects::wait_for("all monitors in the configuration", PATIENCE, || async {
        Ok(configuration(&client).await)
    })
    .await;
    let mut text = waited.unwrap_or_else(|error| panic!("{error}\n{}", operator.log_tail(30)));
    for _ in 0..100 {
        operator.check("the configuration").expect("it runs");
        last = scraped(&text);
        if last == monitors {
            break;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        text = configuration(&client).await.expect("it stays");
    }
    assert_eq!(last, monitors, "{}", operator.log_tail(30));
    every_job_is_of_one_release(&text);
    series_carry_their_component(&text);
    promtool_takes_it(&text);
    the_rules_are_ours(&client, &ours).await;
    drop(operator);
    cluster.stop().await.expect("stop");
}

/// The configuration that the operator has made, once it has.
async fn configuration(client: &Client) -> Option<String> {
    let secrets = Api::<Secret>::namespaced(client.clone(), STACK);
    let secret = secrets
        .get_opt("prometheus-kube-prom")
        .await
        .expect("asked");
    let packed = secret?.data?.remove("prometheus.yaml.gz")?.0;
    let mut unpack = Command::new("gzip")
        .arg("-dc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip");
    let mut input = unpack.stdin.take().expect("a pipe");
    let write = std::thread::spawn(move || input.write_all(&packed));
    let output = unpack.wait_with_output().expect("gzip ends");
    write.join().expect("no panic").expect("written");
    Some(String::from_utf8(output.stdout).expect("text"))
}

fn scrape_configs(text: &str) -> Vec<Value> {
    let all: Value = yaml_serde::from_str(text).expect("YAML");
    all["scrape_configs"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

fn scraped(text: &str) -> BTreeSet<String> {
    let configs = scrape_configs(text);
    let name = |config: &Value| config["job_name"].as_str().expect("a name").to_owned();
    configs.iter().map(name).collect()
}

/// What a job keeps of all pods or Services names a release, whole.
fn every_job_is_of_one_release(text: &str) {
    for config in scrape_configs(text) {
        let kept = keeps(&config);
        let of = |release: &str| {
            let name = release.replace('.', "-");
            kept.iter().any(|regex| {
                regex.split('|').any(|value| {
                    value == format!("({release});true")
                        || value == format!("({name}-mongodb-svc);true")
                })
            })
        };
        let found = [of("spira"), of("voice.lab")];
        assert!(found[0] != found[1], "{}: {kept:?}", config["job_name"]);
    }
}

fn keeps(config: &Value) -> Vec<String> {
    let rules = config["relabel_configs"].as_array().expect("rules");
    let kept = rules.iter().filter(|rule| rule["action"] == "keep");
    kept.filter_map(|rule| rule["regex"].as_str().map(String::from))
        .collect()
}

/// The labels that rules and dashboards rely on.
fn series_carry_their_component(text: &str) {
    for config in scrape_configs(text) {
        let rules = config["relabel_configs"].as_array().expect("rules");
        let targets: Vec<_> = rules
            .iter()
            .filter_map(|r| r["target_label"].as_str())
            .collect();
        for label in ["namespace", "pod", "job"] {
            assert!(
                targets.contains(&label),
                "{}: no {label}",
                config["job_name"]
            );
        }
        let last = rules.iter().rfind(|rule| rule["target_label"] == "job");
        let job = last
            .and_then(|rule| rule["replacement"].as_str())
            .unwrap_or_default();
        let name = config["job_name"].as_str().expect("a name");
        assert!(name.contains(&format!("/{job}/")), "{name}: {job}");
    }
}

/// Debian builds Promtool without Kubernetes' discovery: where targets are found is taken out, and all else is checked.
fn promtool_takes_it(text: &str) {
    let mut configuration: Value = yaml_serde::from_str(text).expect("YAML");
    let configs = configuration["scrape_configs"]
        .as_array_mut()
        .expect("jobs");
    for config in configs {
        let found = config
            .as_object_mut()
            .expect("a job")
            .remove("kubernetes_sd_configs");
        assert!(found.is_some(), "{config}");
    }
    let dir = tempfile::tempdir().expect("temporary directory");
    let check = |configuration: &Value| {
        let file = dir.path().join("prometheus.yaml");
        // JSON is YAML.
        fs::write(&file, configuration.to_string()).expect("written");
        let mut promtool =
            debian::command(Program::Promtool).unwrap_or_else(|error| panic!("{error}"));
        promtool.args(["check", "config"]).arg(file);
        let output = promtool.output().expect("run");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), said)
    };
    let (well, said) = check(&configuration);
    assert!(well, "{said}");
    configuration["scrape_configs"][0]["scrape_interval"] = json!("often");
    let (well, said) = check(&configuration);
    assert!(!well && said.contains("often"), "{said}");
}

/// The files of rules are those of our objects.
async fn the_rules_are_ours(client: &Client, ours: &[Value]) {
    let rules = ours.iter().filter(|o| o["kind"] == "PrometheusRule");
    let names: BTreeSet<String> = rules
        .map(|rule| {
            rule["metadata"]["name"]
                .as_str()
                .expect("a name")
                .to_owned()
        })
        .collect();
    let found = objects::wait_for("the rules", PATIENCE, || async {
        let maps = Api::<ConfigMap>::namespaced(client.clone(), STACK)
            .list(&kube::api::ListParams::default())
            .await
            .expect("listed");
        let files = maps.items.into_iter().filter(|map| {
            map.name_any()
                .starts_with("prometheus-kube-prom-rulefiles-")
        });
        let files: BTreeSet<String> = files
            .flat_map(|map| map.data.unwrap_or_default().into_keys())
            .map(|file| rule_of(&file))
            .collect();
        Ok((files.len() >= names.len()).then_some(files))
    })
    .await
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(found, names);
}

/// `voices-spira-nats-<uid>.yaml` is of `spira-nats`.
fn rule_of(file: &str) -> String {
    let name = file.strip_prefix(&format!("{NAMESPACE}-")).expect(file);
    let name = name.strip_suffix(".yaml").expect(file);
    name[..name.len() - "-00000000-0000-0000-0000-000000000000".len()].to_owned()
}
