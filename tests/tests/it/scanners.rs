//! kube-score and Checkov have nothing to say of the examples but what tests/exceptions.yaml lists, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use xtask::project;
use xtask::python::{self, Environment};
use xtask::tools::{self, Tool};

use crate::support::{Case, examples};

/// Something that a scanner says of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    example: String,
    check: String,
    component: String,
    object: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    check: String,
    #[serde(default)]
    of: Vec<String>,
    #[serde(default)]
    examples: Vec<String>,
    reason: String,
}

impl Exception {
    fn is_about(&self, finding: &Finding) -> bool {
        let holds = |list: &[String], one: &String| list.is_empty() || list.contains(one);
        self.check == finding.check
            && holds(&self.of, &finding.component)
            && holds(&self.examples, &finding.example)
    }
}

/// The examples, rendered, each in a file of its name, and the component of each object.
struct Examples {
    dir: tempfile::TempDir,
    components: BTreeMap<(String, String), String>,
    files: Vec<PathBuf>,
}

impl Examples {
    fn render() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        let mut cases = vec![("defaults".to_owned(), Case::new(""))];
        for path in examples() {
            let name = path
                .file_stem()
                .and_then(|name| name.to_str())
                .expect("UTF-8");
            cases.push((
                name.to_owned(),
                Case::new(fs::read_to_string(&path).expect("readable")),
            ));
        }
        let (mut components, mut files) = (BTreeMap::new(), Vec::new());
        for (name, case) in cases {
            for object in case.library().expect("right values") {
                let text = |pointer| {
                    object
                        .pointer(pointer)
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                };
                let title = format!("{}/{}", text("/kind"), text("/metadata/name"));
                let component = text("/metadata/labels/app.kubernetes.io~1name").to_owned();
                components.insert((name.clone(), title), component);
            }
            let file = dir.path().join(format!("{name}.yaml"));
            fs::write(&file, case.manifests().expect("right values")).expect("written");
            files.push(file);
        }
        Self {
            dir,
            components,
            files,
        }
    }

    /// A finding, if it is about an object of ours: what users add in an example is theirs.
    fn finding(&self, file: &str, check: &str, kind: &str, name: &str) -> Option<Finding> {
        let example = Path::new(file).file_stem()?.to_str()?.to_owned();
        // Checkov speaks of the pods that a workload makes by the workload's name.
        let of = |(of, title): &&(String, String)| {
            let (found, own) = title.split_once('/').expect("a kind and a name");
            *of == example && own == name && (found == kind || kind == "Pod")
        };
        let (_, component) = self.components.iter().find(|(key, _)| of(key))?;
        (!component.is_empty()).then(|| Finding {
            example,
            check: check.to_owned(),
            component: component.clone(),
            object: format!("{kind}/{name}"),
        })
    }
}

fn output(command: &mut Command) -> Value {
    let output = command.output().expect("the scanner starts");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!(
            "{error}: {text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// What kube-score thinks below its best grade, and how many checks it made.
fn kube_score(examples: &Examples) -> (BTreeSet<Finding>, usize) {
    let tools = tools::ensure(&[Tool::KubeScore]).expect("kube-score");
    let (mut findings, mut count) = (BTreeSet::new(), 0);
    for file in &examples.files {
        let mut command = Command::new(tools.path(Tool::KubeScore));
        command
            .args(["score", "--kubernetes-version", "v1.36", "-o", "json"])
            .arg(file);
        for object in array(&output(&mut command)) {
            let meta = &object["object_meta"];
            let (kind, name) = (&object["type_meta"]["kind"], &meta["name"]);
            let (kind, name) = (
                kind.as_str().expect("a kind"),
                name.as_str().expect("a name"),
            );
            for check in array(&object["checks"]) {
                if check["skipped"] == true {
                    continue;
                }
                count += 1;
                let is_best = check["grade"].as_i64() == Some(10);
                let id = check["check"]["id"].as_str().expect("an id");
                // What it says of users' containers in the example is about users.
                if !is_best && !only_of_users(check) {
                    let file = file.to_str().expect("UTF-8");
                    findings.extend(examples.finding(file, id, kind, name));
                }
            }
        }
    }
    (findings, count)
}

/// Containers that `everything.yaml` adds to those of the chart.
const USERS: [&str; 2] = ["sidecar", "prepare"];

fn only_of_users(check: &Value) -> bool {
    let comments = array(&check["comments"]);
    let is_users = |comment: &Value| USERS.iter().any(|name| comment["path"] == *name);
    !comments.is_empty() && comments.iter().all(is_users)
}

/// What Checkov says failed, and how many checks it made.
fn checkov(examples: &Examples) -> (BTreeSet<Finding>, usize) {
    let python = python::ensure(Environment::Checkov).expect("Checkov");
    let mut command = Command::new(python.program("checkov"));
    command.args([
        "--framework",
        "kubernetes",
        "--compact",
        "--quiet",
        "--skip-download",
        "-o",
        "json",
    ]);
    for file in &examples.files {
        command.arg("-f").arg(file);
    }
    // Without a home of its own it would write into the user's.
    let report = output(command.env("HOME", examples.dir.path()));
    let summary = |name: &str| report["summary"][name].as_u64().expect("a number");
    assert_eq!(summary("parsing_errors"), 0);
    let mut findings = BTreeSet::new();
    for failed in array(&report["results"]["failed_checks"]) {
        let text = |name: &str| failed[name].as_str().expect("a text");
        let mut parts = text("resource").splitn(3, '.');
        let (kind, _, name) = (parts.next(), parts.next(), parts.next());
        let name = name.unwrap_or_default();
        let name = name
            .split_once(".app.kubernetes.io")
            .map_or(name, |(name, _)| name);
        let found = examples.finding(
            text("file_path"),
            text("check_id"),
            kind.unwrap_or_default(),
            name,
        );
        findings.extend(found.filter(|found| !is_spoilt_by_users(found)));
    }
    let count = summary("passed") + summary("failed");
    (findings, usize::try_from(count).expect("small"))
}

/// Checkov does not tell of which container it speaks. Those that users add in `everything.yaml` have no probes, resources
/// or context of their own; what the chart's have is seen in the other examples.
fn is_spoilt_by_users(finding: &Finding) -> bool {
    let about_containers = [
        "CKV_K8S_8",
        "CKV_K8S_9",
        "CKV_K8S_10",
        "CKV_K8S_12",
        "CKV_K8S_13",
        "CKV_K8S_22",
        "CKV_K8S_38",
    ];
    let has_users = ["api-server", "inference-server", "nats"].contains(&&*finding.component);
    finding.example == "everything" && has_users && about_containers.contains(&&*finding.check)
}

#[test]
fn scanners_find_nothing_but_what_is_excepted() {
    let path = project::root().join("tests/exceptions.yaml");
    let text = fs::read_to_string(&path).expect("tests/exceptions.yaml");
    let exceptions: Vec<Exception> = yaml_serde::from_str(&text).expect("exceptions");
    let examples = Examples::render();
    let scanners = [
        ("kube-score", kube_score(&examples)),
        ("Checkov", checkov(&examples)),
    ];
    let mut all = BTreeSet::new();
    for (name, (findings, count)) in scanners {
        println!(
            "{name}: {count} checks of {} values, {} findings, all of them excepted",
            examples.files.len(),
            findings.len()
        );
        // One that finds nothing at all has not looked.
        assert!(count > 500 && !findings.is_empty(), "{name}: {count}");
        all.extend(findings);
    }
    let unexcepted: Vec<_> = all
        .iter()
        .filter(|found| !exceptions.iter().any(|e| e.is_about(found)))
        .collect();
    assert!(unexcepted.is_empty(), "{unexcepted:#?}");
    for exception in &exceptions {
        assert!(!exception.reason.is_empty(), "{exception:?}");
        assert!(
            all.iter().any(|found| exception.is_about(found)),
            "nothing of this is said any more: {exception:?}"
        );
    }
}
