//! The table of who speaks to whom in the documentation is what the policies allow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use xtask::project;

use super::Scene;
use super::policy::Port;

/// What changes the graph: the values, and what the table says of connections that come and of those that go with them.
const SWITCHES: [(&[&str], &str, &str); 8] = [
    (
        &["global.connections.postgresql.operator=cloudnative-pg"],
        "with CloudNativePG",
        "with Zalando's operator",
    ),
    (
        &["api-server.guard.enabled=false"],
        "without the guard",
        "with the guard",
    ),
    (&["global.monitoring.enabled=true"], "with metrics", ""),
    (
        &["api-server.ingress.enabled=true"],
        "with an Ingress or route",
        "",
    ),
    (
        &["api-server.service.type=LoadBalancer"],
        "with a `NodePort` or `LoadBalancer`",
        "",
    ),
    (&["nats.natsBox.enabled=true"], "if it is installed", ""),
    (&["experiment.enabled=true"], "if it is installed", ""),
    (
        &[
            "global.chaos.enabled=true",
            "nats.chaos.dns.enabled=true",
            "mongodb.chaos.dns.enabled=true",
            "minio.chaos.dns.enabled=true",
            "postgresql.chaos.dns.enabled=true",
            "mlflow.chaos.dns.enabled=true",
            "api-server.chaos.dns.enabled=true",
            "inference-server.chaos.dns.enabled=true",
            "redelivery.chaos.dns.enabled=true",
        ],
        "while names fail (`chaos.dns`)",
        "",
    ),
];

/// Between which lines of the page the table stands.
const PAGE: &str = "docs/network.md";
const BEGIN: &str = "<!-- edges: begin -->\n";
const END: &str = "<!-- edges: end -->\n";

type Edge = (String, String, Port);

/// What the policies of a release allow, by name. Whoever speaks for everybody is called so.
fn edges(scene: &Scene) -> BTreeSet<Edge> {
    let members = &scene.world.members;
    let ours: BTreeSet<&str> = members
        .iter()
        .filter(|m| m.is_ours)
        .map(|m| &*m.name)
        .collect();
    let mut by_target: BTreeMap<(&str, Port), BTreeSet<&str>> = BTreeMap::new();
    for asked in scene.questions().filter(|asked| scene.allows(*asked)) {
        let (from, to, port) = asked;
        let to = by_target.entry((&members[to].name, port)).or_default();
        to.insert(&members[from].name);
    }
    let mut edges = BTreeSet::new();
    for ((to, port), mut from) in by_target {
        if from.contains("the internet") {
            from.retain(|name| ours.contains(name));
            from.insert("everybody outside of the release");
        }
        if from == ours {
            from = ["every pod"].into();
        }
        edges.extend(
            from.into_iter()
                .map(|from| (from.to_owned(), to.to_owned(), port)),
        );
    }
    edges
}

/// Each connection, and when there is one.
fn conditions() -> BTreeMap<Edge, &'static str> {
    let base = edges(&Scene::new("default values", "", &[]));
    let mut all: BTreeMap<Edge, &str> = base.iter().map(|edge| (edge.clone(), "always")).collect();
    for (set, with, without) in SWITCHES {
        let there = edges(&Scene::new(with, "", set));
        for edge in there.difference(&base) {
            all.entry(edge.clone()).or_insert(with);
        }
        for gone in base.difference(&there) {
            assert_ne!(without, "", "{gone:?} goes {with}");
            all.insert(gone.clone(), without);
        }
    }
    all
}

/// The table, a line for each port and condition of a target.
fn table() -> String {
    let mut lines: BTreeMap<(String, &str, String), BTreeSet<Port>> = BTreeMap::new();
    let mut from: BTreeMap<(String, &str, Port), BTreeSet<String>> = BTreeMap::new();
    for ((client, server, port), when) in conditions() {
        from.entry((server, when, port)).or_default().insert(client);
    }
    for ((server, when, port), clients) in from {
        let clients: Vec<String> = clients.into_iter().collect();
        let line = lines.entry((server, when, clients.join(", "))).or_default();
        line.insert(port);
    }
    let mut text = "| who is spoken to | on port | by | when |\n|---|---|---|---|\n".to_owned();
    for ((server, when, clients), ports) in lines {
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        text += &format!("| {server} | {} | {clients} | {when} |\n", ports.join(", "));
    }
    text
}

/// `INSTA_UPDATE=always` writes it, as it does snapshots.
#[test]
fn snapshots_of_the_documented_edges() {
    let path = project::root().join(PAGE);
    let page = fs::read_to_string(&path).expect("readable");
    let (before, rest) = page.split_once(BEGIN).expect("the table's beginning");
    let (documented, after) = rest.split_once(END).expect("the table's end");
    let table = table();
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let page = [before, BEGIN, &table, END, after].concat();
        fs::write(&path, page).expect("written");
    } else {
        assert_eq!(
            documented, table,
            "{PAGE} is stale: INSTA_UPDATE=always writes it"
        );
    }
}
