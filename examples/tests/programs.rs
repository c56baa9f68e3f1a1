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
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("the folder is there");
        path.to_str().expect("the path is UTF-8").to_owned()
    };

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
