//! The pages that say what to do, and whether what they name is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use regex::Regex;
use serde_json::Value;
use spira_manifests::{Values, components};
use xtask::project;

use super::{ALL, names};
use crate::support::{Case, files};

/// What operators make (SPIRA contract C1 to C3), as kubectl names it.
const MADE: [&str; 7] = [
    "secret/spira-mongodb-connection",
    "service/spira-mongodb-svc",
    "statefulset/spira-mongodb",
    "statefulset/spira-minio-pool-0",
    "statefulset/spira-postgresql",
    "service/spira-minio-hl",
    "service/minio",
];
const CONTAINERS: [&str; 4] = ["mongod", "mongodb-agent", "minio", "postgres"];

fn folder() -> PathBuf {
    project::root().join("docs/runbooks")
}

/// The pages by the names of their alerts.
fn pages() -> Vec<(String, String)> {
    let page = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.strip_suffix(".md")?.to_owned();
        let text = fs::read_to_string(&path).expect("readable");
        (name != "README").then_some((name, text))
    };
    files(&folder()).into_iter().filter_map(page).collect()
}

/// What a release has, as pages may name it.
struct There {
    objects: BTreeSet<String>,
    containers: BTreeSet<String>,
    components: BTreeSet<String>,
    alerts: BTreeSet<String>,
    values: Value,
}

impl There {
    fn collect() -> Self {
        let mut there = Self {
            objects: MADE.map(str::to_owned).into(),
            containers: CONTAINERS.map(str::to_owned).into(),
            components: components::all()
                .iter()
                .map(|c| c.name.to_owned())
                .collect(),
            alerts: names(),
            values: serde_json::to_value(Values::default()).expect("values are JSON"),
        };
        for operator in ["zalando", "cloudnative-pg"] {
            let case = Case {
                set: vec![format!("global.connections.postgresql.operator={operator}")],
                ..Case::new(ALL)
            };
            for object in case.library().expect("rendered") {
                let text = |at: &Value| at.as_str().expect("a text").to_owned();
                let kind = text(&object["kind"]).to_lowercase();
                there
                    .objects
                    .insert(format!("{kind}/{}", text(&object["metadata"]["name"])));
                for list in ["containers", "initContainers"] {
                    let pod = &object["spec"]["template"]["spec"][list];
                    let names = pod.as_array().into_iter().flatten();
                    there
                        .containers
                        .extend(names.map(|container| text(&container["name"])));
                }
            }
        }
        there
    }

    /// What a page names and is not there.
    fn missing(&self, page: &str) -> Vec<String> {
        let find = |pattern: &str| -> Vec<String> {
            let pattern = Regex::new(pattern).expect("a constant pattern");
            let found = pattern.captures_iter(page);
            found.map(|found| found[1].to_owned()).collect()
        };
        let mut missing = Vec::new();
        let mut expect = |is_there: bool, what: String| {
            if !is_there {
                missing.push(what);
            }
        };
        for object in find(r"\b([a-z]+/spira-[a-z0-9-]+)") {
            expect(self.objects.contains(&object), object);
        }
        for pod in find(r"(?:exec|logs|reinit spira-postgresql) (spira-[a-z0-9-]+)-[0-9]+\b") {
            expect(self.objects.contains(&format!("statefulset/{pod}")), pod);
        }
        for container in find(r"--container ([a-z-]+)") {
            expect(self.containers.contains(&container), container);
        }
        for component in find(r"app\.kubernetes\.io/name=([a-z-]+)") {
            expect(self.components.contains(&component), component);
        }
        for alert in find(r"\b(Spira[A-Z]\w+)") {
            expect(self.alerts.contains(&alert), alert);
        }
        for path in find(r"[`<]([a-z][a-z-]*(?:\.[A-Za-z]+)+)[`>]") {
            let mut keys = path.split('.');
            let section = keys.next().expect("a first key");
            if section == "global" || self.components.contains(section) {
                let mut at = self.values.get(section);
                for key in keys {
                    at = at.and_then(|value| value.get(key));
                }
                expect(at.is_some(), path);
            }
        }
        missing
    }
}

#[test]
fn every_alert_has_its_page_and_every_page_its_alert() {
    let pages: BTreeSet<String> = pages().into_iter().map(|(name, _)| name).collect();
    assert_eq!(pages, names());
    let list = fs::read_to_string(folder().join("README.md")).expect("readable");
    for name in pages {
        assert!(
            list.contains(&format!("| [{name}]({name}.md) |")),
            "README.md: {name}"
        );
    }
}

#[test]
fn pages_have_one_form_and_name_what_is_there() {
    let there = There::collect();
    for (name, text) in pages() {
        let mut rest = text.as_str();
        let head = format!("# {name}\n");
        for part in [
            head.as_str(),
            "**Meaning.** ",
            "**Impact.** ",
            "## Look\n\n```console\n$ ",
            "## Do\n\n- ",
        ] {
            let (_, after) = rest
                .split_once(part)
                .unwrap_or_else(|| panic!("{name}: no {part:?}"));
            rest = after;
        }
        assert_eq!(there.missing(&text), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_is_not_there_is_missed() {
    let there = There::collect();
    for (text, missing) in [
        ("deployment/spira-api", "deployment/spira-api"),
        ("kubectl exec spira-mongo-0 --", "spira-mongo"),
        ("--container nginx", "nginx"),
        ("app.kubernetes.io/name=mysql", "mysql"),
        ("see SpiraNatsSlow", "SpiraNatsSlow"),
        ("`nats.replica`", "nats.replica"),
        (
            "`global.monitoring.rules.latency`",
            "global.monitoring.rules.latency",
        ),
    ] {
        assert_eq!(there.missing(text), [missing], "{text}");
    }
}
