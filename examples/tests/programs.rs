//! The programs run, and print what they say they do.

use std::{
    collections::BTreeMap,
    process::{Command, Output},
};

use serde_json::Value;

fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program)
        .args(args)
        .output()
        .expect("the program was built with this test")
}

fn stdout(output: &Output) -> &str {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::str::from_utf8(&output.stdout).expect("YAML is UTF-8")
}

/// The objects of a stream of YAML, by `Kind/name`.
fn objects(stream: &str) -> BTreeMap<String, Value> {
    let documents = stream.split("---\n").skip(1);
    let objects = documents.map(|document| {
        let object: Value = yaml_serde::from_str(document).expect("each document is YAML");
        let text = |value: &Value| value.as_str().expect("an object has it").to_owned();
        let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
        (format!("{}/{}", text(kind), text(name)), object)
    });
    objects.collect()
}

fn container_env(deployment: &Value, name: &str) -> Value {
    let pod = &deployment["spec"]["template"]["spec"];
    let variables = pod["containers"][0]["env"].as_array();
    let mut variables = variables.into_iter().flatten();
    let found = variables.find(|variable| variable["name"] == name);
    found.unwrap_or(&Value::Null).clone()
}

const MANIFESTS: &str = env!("CARGO_BIN_EXE_manifests");

#[test]
fn manifests_prints_all_of_spira() {
    let output = run(MANIFESTS, &[]);
    let objects = objects(stdout(&output));

    let inference = &objects["Deployment/spira-inference-server"];
    assert_eq!(inference["spec"]["replicas"], 5);
    let api = &objects["Deployment/spira-api-server"];
    assert_eq!(api["metadata"]["namespace"], "voices");
    let url = container_env(api, "M_CONN_URL");
    assert_eq!(url["valueFrom"]["secretKeyRef"]["name"], "managed-mongodb");
    assert!(objects.contains_key("StatefulSet/spira-nats"));
    assert!(!objects.contains_key("Deployment/spira-mlflow"));
    // The credentials stand in the user's Secrets, so the program makes none.
    assert!(!objects.keys().any(|object| object.starts_with("Secret/")));
}

#[test]
fn manifests_prints_the_same_text_each_time() {
    let [first, second] = [run(MANIFESTS, &[]), run(MANIFESTS, &[])];
    assert_eq!(stdout(&first), stdout(&second));
}

#[test]
fn manifests_takes_a_file_and_refuses_a_wrong_one() {
    let right = file("right.yaml", "nats: { replicas: 5 }\n");
    let output = run(MANIFESTS, &[&right]);
    assert_eq!(
        objects(stdout(&output))["StatefulSet/spira-nats"]["spec"]["replicas"],
        5
    );

    for (text, part) in [
        ("nats: { replica: 5 }\n", "nats.replica"),
        (
            "global: { secrets: { generate: false } }\n",
            "api-server.jwt.key",
        ),
    ] {
        let output = run(MANIFESTS, &[&file("wrong.yaml", text)]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn customised_changes_one_deployment_and_nothing_else() {
    let output = run(env!("CARGO_BIN_EXE_customised"), &[]);
    let objects = objects(stdout(&output));
    let with_options: Vec<&String> = objects
        .iter()
        .filter(|(_, object)| !object["spec"]["template"]["spec"]["dnsConfig"].is_null())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(with_options, ["Deployment/spira-api-server"]);
    let pod = &objects["Deployment/spira-api-server"]["spec"]["template"]["spec"];
    assert_eq!(pod["dnsConfig"]["options"][0]["name"], "ndots");
    assert_eq!(pod["dnsConfig"]["options"][0]["value"], "1");
    assert_eq!(pod["enableServiceLinks"], false);
}

#[test]
fn images_lists_each_image_once() {
    let program = env!("CARGO_BIN_EXE_images");
    let output = run(program, &[]);
    let images: Vec<&str> = stdout(&output).lines().collect();
    assert!(images.is_sorted_by(|a, b| a < b), "{images:?}");
    for repository in [
        "nats",
        "natsio/nats-box",
        "uspcodelab/spira-api",
        "uspcodelab/spira-model-server",
    ] {
        let count = images
            .iter()
            .filter(|image| image.split(':').next() == Some(repository));
        assert_eq!(count.count(), 1, "{repository} in {images:?}");
    }

    let output = run(program, &["registry.example.org:5000"]);
    let mirrored = images
        .iter()
        .map(|image| format!("registry.example.org:5000/{image}"));
    assert!(stdout(&output).lines().eq(mirrored));
}

/// A file of the tests' own, by its path.
fn file(name: &str, text: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("the folder is there");
    path.to_str().expect("the path is UTF-8").to_owned()
}

#[test]
fn own_component_knows_where_the_values_put_things() {
    let program = env!("CARGO_BIN_EXE_own_component");
    let output = run(program, &[]);
    let objects = objects(stdout(&output));
    assert!(objects.contains_key("Deployment/spira-api-server"));
    let cron_job = &objects["CronJob/spira-results-export"];
    assert_eq!(cron_job["metadata"]["namespace"], "voices");
    let labels = &cron_job["metadata"]["labels"];
    assert_eq!(labels["app.kubernetes.io/name"], "results-export");
    assert_eq!(labels["app.kubernetes.io/instance"], "spira");
    let template = &cron_job["spec"]["jobTemplate"];
    let secret_of = |job: &Value, name: &str| {
        let variable = container_env(job, name);
        variable["valueFrom"]["secretKeyRef"]["name"].clone()
    };
    assert_eq!(
        secret_of(template, "MONGODB_URI"),
        "spira-mongodb-connection"
    );
    assert!(
        !objects
            .keys()
            .any(|object| object.starts_with("NetworkPolicy/"))
    );

    let values = "global:
  fullnameOverrides: { results-export: nightly }
  networkPolicies: { enabled: true }
  connections: { mongodb: { existingSecret: managed-mongodb } }
";
    let output = run(program, &[&file("own-component.yaml", values)]);
    let objects = self::objects(stdout(&output));
    let template = &objects["CronJob/nightly"]["spec"]["jobTemplate"];
    assert_eq!(secret_of(template, "MONGODB_URI"), "managed-mongodb");

    // Each side of each connection is allowed, and it is the pods themselves that both sides name.
    let pods = &template["spec"]["template"]["metadata"]["labels"];
    let own = &objects["NetworkPolicy/nightly"]["spec"];
    assert_eq!(&own["podSelector"]["matchLabels"], pods);
    let stores = ["mongodb", "minio"];
    for (store, port) in stores.into_iter().zip([27017, 9000]) {
        let policy = &objects[&format!("NetworkPolicy/nightly-to-{store}")]["spec"];
        let selector = &policy["podSelector"];
        let taken_by = &objects[&format!("NetworkPolicy/spira-{store}")]["spec"]["podSelector"];
        assert_eq!(selector, taken_by);
        assert_eq!(
            &policy["ingress"][0]["from"][0]["podSelector"]["matchLabels"],
            pods
        );
        let mut out = own["egress"].as_array().into_iter().flatten();
        let rule = out.find(|rule| &rule["to"][0]["podSelector"] == selector);
        assert_eq!(rule.expect("they may leave")["ports"][0]["port"], port);
    }
}

#[test]
fn other_chart_is_a_chart_that_helm_renders() {
    let folder = tempfile::tempdir().expect("a folder");
    let chart = folder.path().join("whoami");
    let chart = chart.to_str().expect("the path is UTF-8");
    let program = env!("CARGO_BIN_EXE_other_chart");
    let output = run(program, &[chart]);
    let told = stdout(&output);
    for path in [
        "values.yaml",
        "templates/deployment.yaml",
        "templates/ingress.yaml",
    ] {
        assert!(told.lines().any(|line| line == path), "{told}");
    }
    let agreed = told
        .lines()
        .last()
        .and_then(|line| line.split(' ').rev().nth(1));
    let agreed: usize = agreed
        .and_then(|number| number.parse().ok())
        .expect("a number");
    assert!(agreed > 100, "{told}");

    for helm in xtask::helm::Helm::ALL {
        let helm = |args: &[&str]| {
            let mut helm = xtask::helm::command(helm, None, folder.path()).expect("Helm");
            helm.args(["template", "demo", chart, "-n", "voices"])
                .args(args)
                .output()
                .expect("Helm")
        };
        let output = helm(&[]);
        let objects = rendered(stdout(&output));
        let names: Vec<_> = objects.keys().collect();
        assert_eq!(names, ["Deployment/demo-whoami", "Service/demo-whoami"]);
        let set = "ingress.enabled=true,ingress.tlsSecret=cert,replicas=0,verbose=true,port=81";
        let output = helm(&["--set", set]);
        let objects = rendered(stdout(&output));
        let ingress = &objects["Ingress/demo-whoami"]["spec"];
        assert_eq!(ingress["rules"][0]["host"], "whoami.example.org");
        assert_eq!(ingress["tls"][0]["secretName"], "cert");
        let spec = &objects["Deployment/demo-whoami"]["spec"];
        assert_eq!(spec["replicas"], 0);
        let args = &spec["template"]["spec"]["containers"][0]["args"];
        assert_eq!(args, &serde_json::json!(["--port=81", "--verbose"]));

        let output = helm(&["--set", "port=0"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && error.contains("port"),
            "{error}"
        );
    }
}

/// The objects that Helm rendered, by `Kind/name`.
fn rendered(stream: &str) -> BTreeMap<String, Value> {
    // Helm says where each comes from.
    let lines = stream.lines().filter(|line| !line.starts_with("# Source:"));
    objects(&lines.map(|line| format!("{line}\n")).collect::<String>())
}

#[test]
fn apply_says_what_is_wrong_before_it_asks_a_cluster() {
    let program = env!("CARGO_BIN_EXE_apply");
    let wrong = file("apply-wrong.yaml", "nats: { replica: 5 }\n");
    let broken = file("apply-broken.yaml", "nats: [\n");
    let right = file("apply-right.yaml", "nats: { replicas: 5 }\n");
    let kubeconfig = file("apply-kubeconfig", NOBODY_LISTENS);
    for (args, code, part) in [
        (&["spira", "-f", &wrong][..], 3, "nats.replica"),
        (&["spira", "-f", &broken], 3, "apply-broken.yaml"),
        (
            &["spira", "-f", "no-such-file.yaml"],
            3,
            "no-such-file.yaml",
        ),
        (&[], 2, "<RELEASE>"),
        (&["spira", "--dry-run", "--wait"], 2, "--dry-run"),
        (
            &["spira", "--kubeconfig", "no-such-file"],
            1,
            "no-such-file",
        ),
        (
            &["spira", "--kubeconfig", &kubeconfig, "--context", "other"],
            1,
            "other",
        ),
        (
            &["spira", "--kubeconfig", &kubeconfig, "-f", &right],
            1,
            "127.0.0.1:1",
        ),
    ] {
        let output = run(program, args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
        assert!(
            error.contains(part) && output.stdout.is_empty(),
            "{args:?}: {error}"
        );
    }
}

/// Nothing can listen on port 1 of loopback but what the system itself starts.
const NOBODY_LISTENS: &str = "
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: me, user: {}}]
";
