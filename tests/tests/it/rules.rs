//! The alerts, as Prometheus's own checker sees them, and their pages in `docs/runbooks`.
//!
//! `rules/<component>.yaml` says when each alert fires, with what it says then, and when it does not; `rules/every.yaml`
//! says it of those that several components have.

mod cases;
mod promtool;
mod runbooks;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{Case, examples};

/// With everything that has an alert.
const ALL: &str = "
global: {monitoring: {enabled: true}}
nats: {jetstream: {enabled: true}}
api-server: {ingress: {enabled: true, tls: {enabled: true, secretName: spira-tls}}}
";
/// One of each, PostgreSQL by the other operator.
const ONE: &str = "
global: {monitoring: {enabled: true}, connections: {postgresql: {operator: cloudnative-pg}}}
nats: {replicas: 1}
mongodb: {members: 1}
minio: {pools: [{name: one, servers: 1, volumesPerServer: 1, size: 1Gi}]}
postgresql: {instances: 1, synchronous: false}
mlflow: {replicas: 1}
api-server: {replicas: 1, guard: {enabled: false}}
inference-server: {replicas: 1}
redelivery: {replicas: 1}
";

/// The `PrometheusRule` of each component, by the component's name.
fn rules_of(case: &Case) -> BTreeMap<String, Value> {
    let objects = case.library().unwrap_or_else(|error| panic!("{error}"));
    objects
        .into_iter()
        .filter(|object| object["kind"] == "PrometheusRule")
        .map(|object| {
            let component = object["metadata"]["labels"]["app.kubernetes.io/name"].as_str();
            (component.expect("a component").to_owned(), object)
        })
        .collect()
}

/// The alerts of an object.
fn alerts_of(object: &Value) -> Vec<&Value> {
    let groups = object["spec"]["groups"].as_array().expect("groups");
    let rules = groups.iter().map(|group| group["rules"].as_array());
    rules.flat_map(|rules| rules.expect("rules")).collect()
}

fn name_of(alert: &Value) -> &str {
    alert["alert"].as_str().expect("only alerts")
}

/// The names of all alerts that there may be.
fn names() -> BTreeSet<String> {
    let rules = rules_of(&Case::new(ALL));
    let alerts = rules.values().flat_map(alerts_of);
    alerts.map(|alert| name_of(alert).to_owned()).collect()
}

/// What is rendered for a user: the defaults and examples with monitoring, and the smallest.
fn value_sets() -> Vec<(String, Case)> {
    let mut sets = vec![
        ("all".to_owned(), Case::new(ALL)),
        ("one".to_owned(), Case::new(ONE)),
        (
            "other names".to_owned(),
            Case {
                release: "voz.2".into(),
                namespace: "hospital-x".into(),
                ..Case::new(ALL)
            },
        ),
    ];
    for path in examples() {
        let text = std::fs::read_to_string(&path).expect("readable");
        let case = Case {
            set: vec!["global.monitoring.enabled=true".into()],
            ..Case::new(text)
        };
        sets.push((path.display().to_string(), case));
    }
    sets
}

#[test]
fn there_are_rules_only_where_they_are_wanted() {
    let of = |values: &str| rules_of(&Case::new(values)).len();
    assert_eq!(of(""), 0);
    assert_eq!(
        of("global: {monitoring: {enabled: true, rules: {enabled: false}}}"),
        0
    );
    assert_eq!(of("global: {monitoring: {enabled: true}}"), 9);
    assert_eq!(
        of("global: {monitoring: {enabled: true}}\nredelivery: {enabled: false}"),
        8
    );
}

#[test]
fn every_alert_says_how_much_it_matters_whose_it_is_and_what_to_do() {
    for (set, case) in value_sets() {
        for (component, object) in rules_of(&case) {
            let mut seen = BTreeSet::new();
            for alert in alerts_of(&object) {
                let name = name_of(alert);
                let place = format!("{set}: {component}: {name}");
                assert!(seen.insert(name), "{place}: twice");
                let severity = alert["labels"]["severity"].as_str().expect("a severity");
                assert!(["critical", "warning"].contains(&severity), "{place}");
                assert_eq!(
                    alert["labels"]["namespace"],
                    case.namespace.as_str(),
                    "{place}"
                );
                assert_eq!(alert["labels"]["release"], case.release.as_str(), "{place}");
                assert_eq!(alert["labels"]["component"], component.as_str(), "{place}");
                let page = alert["annotations"]["runbook_url"]
                    .as_str()
                    .expect("a page");
                assert!(
                    page.ends_with(&format!("/docs/runbooks/{name}.md")),
                    "{place}: {page}"
                );
                for text in ["summary", "description"] {
                    let text = alert["annotations"][text].as_str().expect("a text");
                    assert!(text.len() > 20 && text.ends_with('.'), "{place}: {text}");
                }
            }
        }
    }
}

#[test]
fn the_rules_of_a_release_are_small() {
    let rules = rules_of(&Case::new(ALL));
    let text: String = rules
        .values()
        .map(|object| yaml_serde::to_string(object).expect("YAML"))
        .collect();
    let alerts: usize = rules.values().map(|object| alerts_of(object).len()).sum();
    println!(
        "{alerts} alerts, {} different, {} bytes",
        names().len(),
        text.len()
    );
    assert!(text.len() < 60 << 10, "{} bytes", text.len());
}
