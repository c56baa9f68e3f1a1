//! What `helm test` runs, and the experiment: nothing else of the release takes their pods for its own, they end, and
//! they find what they look for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use regex::Regex;
use serde_json::{Value, json};
use xtask::project;

use crate::support::{Case, find};

/// Everything that a test or an experiment can be.
const ALL: &str = "\
global:
  chaos: {enabled: true, paused: true}
  connections: {mongodb: {integrationTestDatabase: tests}}
nats: {natsBox: {enabled: true}}
redelivery: {chaos: {podKill: {enabled: true}}}
postgresql: {metrics: {enabled: true}}
experiment:
  enabled: true
  faults: chaos-mesh
  test: {enabled: true}
  targets: {redelivery: {enabled: true}}
  results: {persistent: true}
";

fn all() -> Vec<Value> {
    Case::new(ALL).library().expect("rendered")
}

/// Metadata and specification of the pods that `helm test` runs, and of the experiment's runs.
fn guests(objects: &[Value]) -> Vec<(String, Value, Value)> {
    let mut guests = Vec::new();
    for object in objects {
        let name = object["metadata"]["name"].as_str().expect("a name");
        let parts = match object["kind"].as_str().expect("a kind") {
            "Pod" => (&object["metadata"], &object["spec"]),
            "CronJob" => {
                let template = &object["spec"]["jobTemplate"]["spec"]["template"];
                (&template["metadata"], &template["spec"])
            }
            _ => continue,
        };
        guests.push((name.to_owned(), parts.0.clone(), parts.1.clone()));
    }
    guests
}

fn texts(value: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

/// The labels by which an object finds pods.
fn selectors(object: &Value) -> Vec<BTreeMap<String, String>> {
    let spec = &object["spec"];
    [
        // A Service's.
        &spec["selector"],
        // Those of workloads, budgets and monitors.
        &spec["selector"]["matchLabels"],
        // Those of faults.
        &spec["podChaos"]["selector"]["labelSelectors"],
    ]
    .into_iter()
    .map(texts)
    .filter(|labels| !labels.is_empty())
    .collect()
}

/// Which object finds which guest.
fn taken(objects: &[Value]) -> Vec<String> {
    let mut taken = Vec::new();
    for (guest, metadata, _) in guests(objects) {
        let labels = texts(&metadata["labels"]);
        for object in objects {
            let selects = |selector: &BTreeMap<String, String>| {
                selector.iter().all(|(k, v)| labels.get(k) == Some(v))
            };
            if selectors(object).iter().any(selects) {
                taken.push(format!(
                    "{} {} finds {guest}",
                    object["kind"], object["metadata"]["name"]
                ));
            }
        }
    }
    taken
}

#[test]
fn nothing_takes_a_tests_pod_for_its_own() {
    let mut objects = all();
    let names: Vec<_> = guests(&objects).into_iter().map(|guest| guest.0).collect();
    assert_eq!(
        names,
        [
            "spira-checks-stores",
            "spira-checks-smoke",
            "spira-checks-api-server",
            "spira-checks-inference",
            "spira-experiment",
            "spira-experiment-test",
        ]
    );
    assert_eq!(taken(&objects), Vec::<String>::new());
    // A pod that looks as one of the API server's is found by its Service, budget, Deployment and Schedule.
    let labels =
        find(&objects, "Deployment", "spira-api-server")["spec"]["template"]["metadata"]["labels"]
            .clone();
    let spoilt = objects
        .iter_mut()
        .find(|object| object["kind"] == "Pod")
        .expect("one");
    spoilt["metadata"]["labels"] = labels;
    let taken = taken(&objects);
    for kind in ["Service", "PodDisruptionBudget", "Deployment", "Schedule"] {
        assert!(
            taken.iter().any(|text| text.contains(kind)),
            "{kind}: {taken:?}"
        );
    }
}

#[test]
fn tests_end_and_are_hooks_in_their_order() {
    let objects = all();
    let mut weights = BTreeMap::new();
    for object in objects.iter().filter(|object| object["kind"] == "Pod") {
        let (name, spec) = (&object["metadata"]["name"], &object["spec"]);
        let annotations = texts(&object["metadata"]["annotations"]);
        assert_eq!(annotations["helm.sh/hook"], "test", "{name}");
        assert_eq!(
            annotations["helm.sh/hook-delete-policy"],
            "before-hook-creation"
        );
        assert_eq!(spec["restartPolicy"], "Never", "{name}");
        assert!(
            spec["activeDeadlineSeconds"]
                .as_i64()
                .is_some_and(|n| n > 0),
            "{name}"
        );
        let weight: i32 = annotations["helm.sh/hook-weight"]
            .parse()
            .expect("a number");
        weights.insert(weight, name.as_str().expect("a name").to_owned());
    }
    let order: Vec<_> = weights.into_values().collect();
    assert_eq!(
        order,
        [
            "spira-checks-stores",
            "spira-checks-smoke",
            "spira-checks-api-server",
            "spira-checks-inference",
            "spira-experiment-test",
        ]
    );
    let job = &find(&objects, "CronJob", "spira-experiment")["spec"]["jobTemplate"]["spec"];
    assert_eq!(job["template"]["spec"]["restartPolicy"], "Never");
    assert!(job["activeDeadlineSeconds"].is_i64());
}

/// Only the experiment's pods hold a token of Kubernetes' API.
#[test]
fn no_other_pod_has_a_token() {
    let objects = all();
    let mut with = BTreeSet::new();
    for object in &objects {
        for pointer in [
            "/spec",
            "/spec/template/spec",
            "/spec/jobTemplate/spec/template/spec",
        ] {
            let pod = object.pointer(pointer).unwrap_or(&Value::Null);
            if pod["containers"].is_array() && pod["automountServiceAccountToken"] != json!(false) {
                with.insert(
                    object["metadata"]["name"]
                        .as_str()
                        .expect("a name")
                        .to_owned(),
                );
            }
        }
    }
    assert_eq!(
        with,
        BTreeSet::from(["spira-experiment", "spira-experiment-test"].map(String::from))
    );
}

/// The experiment looks for pods by labels that the pods have, all of them and no others.
#[test]
fn targets_are_the_components_pods() {
    let objects = all();
    let config = find(&objects, "ConfigMap", "spira-experiment-env");
    let text = config["data"]["EXPERIMENT_TARGETS"].as_str().expect("text");
    let targets: Vec<Value> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    let schedules = config["data"]["EXPERIMENT_SCHEDULES"]
        .as_str()
        .expect("text");
    let schedules: BTreeSet<_> = schedules
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let mut found = BTreeSet::new();
    for target in &targets {
        let component = target["component"].as_str().expect("a component");
        let labels: BTreeMap<String, String> = target["labels"]
            .as_str()
            .expect("labels")
            .split(',')
            .map(|label| label.split_once('=').expect("name and value"))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        // What kills the component finds it by the same labels.
        let name = format!("spira-{component}-kill");
        let schedule = find(&objects, "Schedule", &name);
        assert_eq!(
            texts(&schedule["spec"]["podChaos"]["selector"]["labelSelectors"]),
            labels,
            "{component}"
        );
        assert!(schedules.contains(name.as_str()), "{name}: {schedules:?}");
        for object in &objects {
            for pod in pods_of(object) {
                let matches = labels.iter().all(|(k, v)| pod.get(k) == Some(v));
                let is_own = pod
                    .get("app.kubernetes.io/component")
                    .is_some_and(|own| own == component);
                assert_eq!(
                    matches, is_own,
                    "{component}: {} {pod:?}",
                    object["metadata"]["name"]
                );
                if matches {
                    found.insert(component.to_owned());
                }
            }
        }
    }
    assert_eq!(schedules.len(), 8);
    assert_eq!(targets.len(), 8);
    // The operator makes PostgreSQL's pods, and takes no labels of ours.
    assert_eq!(found.len(), 7, "{found:?}");
    let metrics = find(&objects, "Service", "spira-postgresql-metrics");
    let postgresql = targets
        .iter()
        .find(|target| target["component"] == "postgresql")
        .expect("a target");
    for (key, value) in texts(&metrics["spec"]["selector"]) {
        assert!(
            postgresql["labels"]
                .as_str()
                .is_some_and(|l| l.contains(&format!("{key}={value}")))
        );
    }
}

/// The labels of the pods that an object makes.
fn pods_of(object: &Value) -> Vec<BTreeMap<String, String>> {
    let places = match object["kind"].as_str().expect("a kind") {
        "Deployment" | "StatefulSet" | "Job" => "/spec/template/metadata/labels",
        "MongoDBCommunity" => "/spec/statefulSet/spec/template/metadata/labels",
        "Tenant" => "/spec/poolsMetadata/labels",
        _ => return Vec::new(),
    };
    object.pointer(places).map(texts).into_iter().collect()
}

/// The program may look at all that it looks at.
#[test]
fn the_role_has_what_the_program_asks_for() {
    let path = project::root().join("crates/spira-manifests/src/scripts/experiment_cluster.py");
    let text = fs::read_to_string(path).expect("readable");
    let (_, kinds) = text.split_once("\nKINDS = (").expect("the kinds of faults");
    let (kinds, _) = kinds.split_once(')').expect("a tuple");
    let name = Regex::new(r#""(\w+)""#).expect("a constant pattern");
    let mut asked: BTreeSet<_> = name
        .captures_iter(kinds)
        .map(|found| found[1].to_owned())
        .collect();
    asked.insert("schedules".into());
    let objects = all();
    let role = find(&objects, "Role", "spira-experiment");
    let rules = role["rules"].as_array().expect("rules");
    let looks = rules
        .iter()
        .find(|rule| {
            rule["apiGroups"] == json!(["chaos-mesh.org"])
                && rule["verbs"] == json!(["get", "list"])
        })
        .expect("a rule");
    let given: BTreeSet<String> =
        serde_json::from_value(looks["resources"].clone()).expect("texts");
    assert_eq!(given, asked);
}

/// The program takes what its container gets, and says so of a setting that it cannot take.
#[test]
fn the_program_takes_its_settings() {
    for (values, problem) in [
        (ALL, None),
        ("experiment: {enabled: true, seed: 7}", None),
        (
            "experiment: {enabled: true, faults: none, control: false}",
            None,
        ),
        (
            "experiment: {enabled: true, rate: '1000', durationSeconds: 604800}",
            Some("EXPERIMENT_RATE is '1000'"),
        ),
    ] {
        let objects = Case::new(values).library().expect("rendered");
        let data = texts(&find(&objects, "ConfigMap", "spira-experiment-env")["data"]);
        let dir = tempfile::tempdir().expect("a directory");
        for file in ["ca.crt", "token"] {
            fs::write(dir.path().join(file), "").expect("written");
        }
        let scripts = project::root().join("crates/spira-manifests/src/scripts");
        let program = format!(
            "import os, sys; sys.path.insert(0, {scripts:?}); from experiment_settings import read; s = read(os.environ); \
             print(len(s.targets), len(s.schedules), s.faults)"
        );
        let output = std::process::Command::new("python3")
            .args(["-B", "-c", &program])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SPIRA_PASSWORD", "secret")
            .env("EXPERIMENT_DIRECTORY", "/results/run-1")
            .env("KUBERNETES_SERVICE_HOST", "10.0.0.1")
            .env("EXPERIMENT_SERVICE_ACCOUNT_DIRECTORY", dir.path())
            .envs(&data)
            .output()
            .expect("python3 starts");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        match problem {
            None => assert!(output.status.success(), "{values}: {said}"),
            Some(words) => assert!(
                !output.status.success() && said.contains(words),
                "{values}: {said}"
            ),
        }
        if values == ALL {
            assert_eq!(said.trim(), "8 8 chaos-mesh");
        }
    }
}

#[test]
fn results_stay_where_they_are_told_to() {
    let volume = |values: &str| {
        let objects = Case::new(values).library().expect("rendered");
        let has_claim = objects.iter().any(|o| o["kind"] == "PersistentVolumeClaim");
        let job = &find(&objects, "CronJob", "spira-experiment")["spec"]["jobTemplate"]["spec"];
        let volumes = job["template"]["spec"]["volumes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        (
            volumes
                .into_iter()
                .find(|v| v["name"] == "results")
                .expect("one"),
            has_claim,
        )
    };
    let (volume_, has_claim) = volume("experiment: {enabled: true}");
    assert!(volume_["emptyDir"].is_object() && !has_claim);
    let (volume_, has_claim) = volume("experiment: {enabled: true, results: {persistent: true}}");
    assert!(
        volume_["persistentVolumeClaim"]["claimName"] == "spira-experiment-results" && has_claim
    );
    let (volume_, has_claim) =
        volume("experiment: {enabled: true, results: {persistent: true, existingClaim: mine}}");
    assert!(volume_["persistentVolumeClaim"]["claimName"] == "mine" && !has_claim);
}

/// A schedule of the user's own lets runs start by themselves.
#[test]
fn a_run_starts_by_itself_only_where_it_is_told_when() {
    let spec = |values: &str| {
        let objects = Case::new(values).library().expect("rendered");
        find(&objects, "CronJob", "spira-experiment")["spec"].clone()
    };
    assert_eq!(spec("experiment: {enabled: true}")["suspend"], true);
    let spec = spec("experiment: {enabled: true, schedule: '0 3 * * 0'}");
    assert_eq!(
        (&spec["suspend"], &spec["schedule"]),
        (&json!(false), &json!("0 3 * * 0"))
    );
}

/// Whoever may drop a database is told so by a value, and only that database.
#[test]
fn integration_tests_have_a_database_of_their_own() {
    let roles = |values: &str| {
        let objects = Case::new(values).library().expect("rendered");
        find(&objects, "MongoDBCommunity", "spira-mongodb")["spec"]["users"][0]["roles"].clone()
    };
    assert_eq!(roles(""), json!([{"name": "readWrite", "db": "spira"}]));
    assert_eq!(
        roles(ALL),
        json!([
            {"name": "readWrite", "db": "spira"},
            {"name": "readWrite", "db": "tests"},
            {"name": "dbAdmin", "db": "tests"},
        ])
    );
}
