//! Pods are as restricted as can be, accounts may do what they need and no more, and docs/security.md says who reads which
//! credential: from the objects, so that it cannot be wrong.
//!
//! `SPIRA_UPDATE=1` writes the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use xtask::project;

use crate::references::{Reference, references};
use crate::support::{Case, examples};

/// Whatever has to do with a credential or a right is on.
const ALL: &str = "{global: {monitoring: {enabled: true}, connections: {nats: {auth: {enabled: true}}, \
                    mongodb: {integrationTestDatabase: tests}}}, experiment: {enabled: true, test: {enabled: true}}, \
                    nats: {natsBox: {enabled: true}}}";

/// Stands for a credential that is given.
const MARK: &str = "zq0000qz00000000zq0000qz00000000";

/// Cases with names: the defaults, every example, and all that has to do with security.
fn cases() -> Vec<(String, Vec<Value>)> {
    let mut cases = vec![
        ("defaults".to_owned(), String::new()),
        ("all".to_owned(), ALL.to_owned()),
    ];
    for path in examples() {
        let text = fs::read_to_string(&path).expect("readable");
        cases.push((path.display().to_string(), text));
    }
    let rendered = |(name, text): (String, String)| {
        let objects = Case::new(text).library().expect("right values");
        (name, objects)
    };
    cases.into_iter().map(rendered).collect()
}

/// The pod that an object is or makes.
fn pod(object: &Value) -> Option<&Value> {
    let spec = match object["kind"].as_str()? {
        "Pod" => &object["spec"],
        "Deployment" | "StatefulSet" | "Job" => &object["spec"]["template"]["spec"],
        "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        _ => return None,
    };
    Some(spec)
}

fn title(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{} {}",
        text(&object["kind"]),
        text(&object["metadata"]["name"])
    )
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The containers that the chart itself puts into a pod; users' own are theirs.
fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let users = ["sidecar", "prepare"];
    items(&pod["initContainers"])
        .chain(items(&pod["containers"]))
        .filter(move |one| !users.iter().any(|name| one["name"] == *name))
}

#[test]
fn every_pod_is_as_restricted_as_can_be() {
    let mut count = 0;
    for (case, objects) in cases() {
        for object in &objects {
            let Some(pod) = pod(object) else { continue };
            let title = format!("{case}: {}", title(object));
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{title}");
            assert_eq!(
                pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault",
                "{title}"
            );
            assert_eq!(pod["enableServiceLinks"], false, "{title}");
            assert!(
                pod["terminationGracePeriodSeconds"]
                    .as_i64()
                    .is_some_and(|s| s > 0),
                "{title}"
            );
            for container in containers(pod) {
                let title = format!("{title}, {}", container["name"]);
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false, "{title}");
                assert_eq!(context["readOnlyRootFilesystem"], true, "{title}");
                assert_eq!(context["capabilities"]["drop"][0], "ALL", "{title}");
                let resources = &container["resources"];
                for (which, what) in [
                    ("requests", "cpu"),
                    ("requests", "memory"),
                    ("limits", "memory"),
                ] {
                    assert!(
                        resources[which][what].is_string(),
                        "{title}: {which}.{what}"
                    );
                }
                count += 1;
            }
        }
    }
    assert!(count > 100, "{count}");
}

/// What has replicas is spread over nodes and does not go all at once; pods of operators, which have budgets of their
/// own, are left to them.
#[test]
fn replicas_are_spread_and_do_not_go_together() {
    let objects = Case::new(ALL).library().expect("right values");
    let budgets: Vec<_> = objects
        .iter()
        .filter(|o| o["kind"] == "PodDisruptionBudget")
        .collect();
    let mut count = 0;
    for object in &objects {
        if !matches!(object["kind"].as_str(), Some("Deployment" | "StatefulSet")) {
            continue;
        }
        if object["spec"]["replicas"].as_i64() == Some(1) {
            continue;
        }
        let title = title(object);
        let labels = &object["spec"]["template"]["metadata"]["labels"];
        let pod = &object["spec"]["template"]["spec"];
        assert!(
            items(&pod["topologySpreadConstraints"]).count() > 0,
            "{title}"
        );
        let over = budgets.iter().filter(|budget| {
            let wanted = budget["spec"]["selector"]["matchLabels"]
                .as_object()
                .expect("labels");
            wanted.iter().all(|(key, value)| labels[key] == *value)
        });
        assert_eq!(over.count(), 1, "{title}");
        count += 1;
    }
    assert!(count >= 5, "{count}");
}

/// Rights of an account: what it may do, on what.
fn rights(objects: &[Value]) -> BTreeMap<String, BTreeSet<String>> {
    let mut rights: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let of = |kind: &'static str| objects.iter().filter(move |o| o["kind"] == kind);
    assert_eq!(
        of("ClusterRole").count() + of("ClusterRoleBinding").count(),
        0
    );
    for binding in of("RoleBinding") {
        let role = of("Role").find(|role| role["metadata"]["name"] == binding["roleRef"]["name"]);
        let rules = &role.expect("a role of ours")["rules"];
        for account in items(&binding["subjects"]) {
            let account = account["name"].as_str().expect("a name").to_owned();
            rights
                .entry(account)
                .or_default()
                .extend(items(rules).map(right));
        }
    }
    rights
}

fn right(rule: &Value) -> String {
    let list = |field: &str| {
        let items = items(&rule[field])
            .filter_map(Value::as_str)
            .filter(|text| !text.is_empty());
        items.collect::<Vec<_>>().join(", ")
    };
    let group = Some(list("apiGroups")).filter(|group| !group.is_empty());
    let group = group
        .map(|group| format!(" of {group}"))
        .unwrap_or_default();
    let names = Some(list("resourceNames")).filter(|names| !names.is_empty());
    let names = names
        .map(|names| format!(" called {names}"))
        .unwrap_or_default();
    format!("{} {}{group}{names}", list("verbs"), list("resources"))
}

#[test]
fn no_account_reads_secrets_that_it_does_not_need() {
    for (case, objects) in cases() {
        let rules = objects
            .iter()
            .filter(|o| o["kind"] == "Role")
            .flat_map(|role| items(&role["rules"]));
        for rule in rules {
            let all = |field: &str| items(&rule[field]).any(|item| item == "*");
            assert!(
                !all("apiGroups") && !all("resources") && !all("verbs"),
                "{case}: {rule}"
            );
            let secrets = items(&rule["resources"]).any(|resource| resource == "secrets");
            assert!(
                !secrets || items(&rule["resourceNames"]).count() == 1,
                "{case}: {rule}"
            );
        }
    }
}

fn rights_table() -> String {
    let objects = Case::new(ALL).library().expect("right values");
    let mut text = "| account | may |\n|---|---|\n".to_owned();
    for (account, rights) in rights(&objects) {
        let rights: Vec<_> = rights.into_iter().collect();
        text += &format!("| `{account}` | {} |\n", rights.join("; "));
    }
    text
}

/// Every credential that a Secret of this release holds, and what reads it.
fn credentials_table() -> String {
    let objects = Case::new(ALL).library().expect("right values");
    let mut readers: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for object in &objects {
        for reference in references(std::slice::from_ref(object), "voices").into_keys() {
            if let Reference::Secret(name, Some(key)) = reference {
                readers
                    .entry((name, key))
                    .or_default()
                    .insert(title(object));
            }
        }
    }
    let givers = givers();
    let mut text = "| Secret | key | given by | read by |\n|---|---|---|---|\n".to_owned();
    for ((secret, key), readers) in readers {
        let mut by = givers.iter().filter(|(_, objects)| {
            objects
                .iter()
                .any(|object| is_marked(object, &secret, &key))
        });
        let value = by.next().map(|(path, _)| path).map_or_else(
            || "made by the operator".to_owned(),
            |value| format!("`{value}`"),
        );
        let readers: Vec<_> = readers.into_iter().map(|reader| shorten(&reader)).collect();
        text += &format!(
            "| `{secret}` | `{key}` | {value} | {} |\n",
            readers.join(", ")
        );
    }
    text
}

/// A Job is called otherwise after each change of its template.
fn shorten(title: &str) -> String {
    match title
        .strip_prefix("Job ")
        .and_then(|name| name.rsplit_once('-'))
    {
        Some((name, _)) => format!("Job {name}"),
        None => title.to_owned(),
    }
}

/// Every value that gives a credential, and the objects in which it stands for it.
fn givers() -> Vec<(&'static str, Vec<Value>)> {
    let paths = [
        "api-server.jwt.key",
        "bootstrap.password",
        "nats.password",
        "minio.accessKey",
        "minio.secretKey",
        "mongodb.password",
        "mongodb.metrics.password",
        "mongodb.metrics.username",
    ];
    let given = |path: &'static str| {
        let case = Case {
            set: vec![format!("{path}={MARK}")],
            ..Case::new(ALL)
        };
        let objects = case.library();
        (
            path,
            objects.unwrap_or_else(|error| panic!("{path}: {error}")),
        )
    };
    paths.map(given).into()
}

/// Whether a Secret holds the mark under a key.
fn is_marked(object: &Value, secret: &str, key: &str) -> bool {
    let text = object["stringData"][key].as_str();
    object["metadata"]["name"] == secret && text.is_some_and(|text| text.contains(MARK))
}

#[test]
fn the_page_shows_the_tables() {
    let path = project::root().join("docs/security.md");
    let mut page = fs::read_to_string(&path).expect("docs/security.md");
    let found = page.clone();
    for (name, table) in [
        ("credentials", credentials_table()),
        ("rights", rights_table()),
    ] {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
        let (before, rest) = page
            .split_once(&start)
            .expect("the page marks where a table starts");
        let (_, after) = rest.split_once(&end).expect("and where it ends");
        page = format!("{before}{start}\n{table}\n{end}{after}");
    }
    if std::env::var_os("SPIRA_UPDATE").is_some() {
        fs::write(&path, &page).expect("written");
        return;
    }
    assert!(
        page == found,
        "docs/security.md is stale: SPIRA_UPDATE=1 cargo test -p spira-tests -- security"
    );
}
