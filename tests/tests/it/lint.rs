//! What Helm's linter and kubeconform say of the chart.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use xtask::helm::{self, Helm};
use xtask::tools::{self, Tool};

use crate::schemas;
use crate::support::{self, Case};

fn output(command: &mut Command) -> (bool, String) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

fn lint(helm: Helm, chart: &Path, values: Option<&Path>) -> (bool, String) {
    let home = tempfile::tempdir().expect("temporary directory");
    let mut command = helm::command(helm, None, home.path()).expect("helm");
    command.args(["lint", "--strict"]).arg(chart);
    if let Some(values) = values {
        command.arg("-f").arg(values);
    }
    output(&mut command)
}

#[test]
fn helm_lint_has_nothing_to_say() {
    for helm in Helm::ALL {
        for chart in support::charts() {
            let (passed, text) = lint(helm, &chart, None);
            assert!(passed, "{helm:?} {}:\n{text}", chart.display());
        }
        for values in support::examples() {
            let (passed, text) = lint(helm, &support::chart(), Some(&values));
            assert!(passed, "{helm:?} {}:\n{text}", values.display());
        }
    }
}

#[test]
fn helm_lint_looks_at_the_values() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let values = dir.path().join("values.yaml");
    fs::write(&values, "nats: {replicas: many}").expect("written");
    for helm in Helm::ALL {
        let (passed, text) = lint(helm, &support::chart(), Some(&values));
        assert!(!passed && text.contains("/replicas"), "{helm:?}: {text}");
    }
}

/// Checks manifests against the strict schemas of their kinds.
fn kubeconform(manifests: &str) -> (bool, String) {
    let objects = objects(manifests);
    let text = |object: &Value, field: &str| object[field].as_str().expect("checked").to_owned();
    let kinds: BTreeSet<_> = objects
        .iter()
        .map(|object| (text(object, "apiVersion"), text(object, "kind")))
        .collect();
    let tools = tools::ensure(&[Tool::Kubeconform]).expect("kubeconform");
    let mut file = tempfile::Builder::new()
        .suffix(".yaml")
        .tempfile()
        .expect("temporary file");
    file.write_all(manifests.as_bytes()).expect("written");
    let mut command = Command::new(tools.path(Tool::Kubeconform));
    command.args([
        "-strict",
        "-summary",
        "-schema-location",
        &schemas::write(&kinds),
    ]);
    let (passed, text) = output(command.arg(file.path()));
    // One that was skipped was not checked.
    assert!(!passed || text.contains("Skipped: 0"), "{text}");
    (passed, text)
}

fn objects(manifests: &str) -> Vec<Value> {
    use serde::Deserialize;
    yaml_serde::Deserializer::from_str(manifests)
        .map(|document| Value::deserialize(document).expect("YAML"))
        .filter(|object| !object.is_null())
        .collect()
}

#[test]
fn kubeconform_accepts_default_values_and_every_example() {
    let mut cases = vec![("default values".to_owned(), Case::new(""))];
    for path in support::examples() {
        let text = fs::read_to_string(&path).expect("readable");
        cases.push((path.display().to_string(), Case::new(text)));
    }
    for (name, case) in cases {
        let manifests = case
            .manifests()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (passed, text) = kubeconform(&manifests);
        assert!(passed, "{name}:\n{text}");
    }
}

/// The schemas are strict at every depth, those of custom resources too: else the test above could not fail.
#[test]
fn kubeconform_refuses_what_is_wrong() {
    let everything = fs::read_to_string(support::examples()[0].with_file_name("everything.yaml"));
    let objects = Case::new(everything.expect("readable"))
        .library()
        .expect("rendered");
    let spoilt = [
        (
            "Deployment",
            "/spec/template/spec/containers/0",
            "imagePullPolice",
            json!("Always"),
        ),
        (
            "Deployment",
            "/spec/template/spec/containers/0",
            "image",
            json!(5),
        ),
        ("Service", "/spec/ports/0", "port", json!("eighty")),
        ("ConfigMap", "", "dat", json!({})),
        ("HTTPRoute", "/spec", "hostname", json!("a.example.org")),
        (
            "HTTPRoute",
            "/spec/rules/0/backendRefs/0",
            "port",
            json!(70_000),
        ),
        ("Gateway", "/spec/listeners/0", "tsl", json!({})),
    ];
    for (kind, place, field, value) in spoilt {
        let mut object = objects
            .iter()
            .find(|object| object["kind"] == kind && object.pointer(place).is_some())
            .unwrap_or_else(|| panic!("no {kind} with {place}"))
            .clone();
        let whole = yaml_serde::to_string(&object).expect("YAML");
        assert!(kubeconform(&whole).0, "{kind}");
        object.pointer_mut(place).expect("found")[field] = value;
        let (passed, text) = kubeconform(&yaml_serde::to_string(&object).expect("YAML"));
        assert!(
            !passed && text.contains(field),
            "{kind}{place}.{field}: {text}"
        );
    }
}
