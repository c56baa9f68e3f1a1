//! What speaks against installing is named by chart and library in the same words, all of it in one message.

use serde_json::{Value, json};
use spira_manifests::contradictions::{self, Contradiction, Is, Never, Said};
use spira_manifests::document;
use spira_manifests::monitored;
use spira_manifests::preflight::KNOWN_BY;
use spira_manifests::upgrade::STORES;
use xtask::helm::Helm;
use xtask::oracle::Oracle;

use crate::fit;
use crate::support::{Case, chart};

/// Values, values after them, and what the message about the change names; nothing where the change can be.
#[rustfmt::skip] // a row a line
const CHANGES: &[(&str, &str, &str)] = &[
    ("", "nats: {jetstream: {enabled: true}}", "nats.jetstream.enabled: spec.volumeClaimTemplates.data of the live StatefulSet spira-nats cannot come"),
    ("nats: {jetstream: {enabled: true}}", "", "nats.jetstream.enabled: spec.volumeClaimTemplates.data of the live StatefulSet spira-nats cannot go"),
    ("nats: {jetstream: {enabled: true}}", "nats: {jetstream: {enabled: true, size: 20Gi}}", "nats.jetstream.size: spec.volumeClaimTemplates.data.spec.resources.requests.storage of the live StatefulSet spira-nats is 10Gi and cannot become 20Gi"),
    ("nats: {jetstream: {enabled: true}}", "nats: {jetstream: {enabled: true, size: 10240Mi, memory: 32Mi}}", ""),
    ("nats: {jetstream: {enabled: true}}", "nats: {jetstream: {enabled: true, storageClass: fast}}", "nats.jetstream.storageClass: spec.volumeClaimTemplates.data.spec.storageClassName of the live StatefulSet spira-nats is unset and cannot become fast"),
    ("nats: {jetstream: {enabled: true}}", "{nats: {jetstream: {enabled: true}}, global: {storageClass: fast, upgradeCheck: false}}", ""),
    ("", "nats: {replicas: 5}", ""),
    ("", "nats: {enabled: false}", ""),
    ("", "mongodb: {data: {size: 20Gi}}", "mongodb.data.size, mongodb.logs.size: spec.statefulSet.spec.volumeClaimTemplates.data-volume.spec.resources.requests.storage of the live MongoDBCommunity spira-mongodb is 10Gi"),
    ("", "mongodb: {logs: {storageClass: fast}}", "mongodb.data.storageClass, mongodb.logs.storageClass: spec.statefulSet.spec.volumeClaimTemplates.logs-volume.spec.storageClassName of"),
    ("", "mongodb: {members: 5}", ""),
    ("mongodb: {version: 7.0.1}", "mongodb: {version: 6.0.5}", "mongodb.version: spec.version of the live MongoDBCommunity spira-mongodb is 7.0.1 and cannot become 6.0.5"),
    ("mongodb: {version: 9.0.1}", "mongodb: {version: 10.0.1}", ""),
    ("", "global: {connections: {mongodb: {database: other}}}", "global.connections.mongodb.database: spec.users.0.roles.0.db of the live MongoDBCommunity spira-mongodb is spira and cannot become other"),
    ("", "global: {fullnameOverrides: {mongodb: other}}", "mongodb: the live MongoDBCommunity spira-mongodb holds this release's data, and the MongoDBCommunity other would begin empty"),
    ("", "mongodb: {enabled: false}", ""),
    ("", "minio: {pools: [{name: pool-0, servers: 4, volumesPerServer: 2, size: 10Gi}]}", "minio.pools[].servers: spec.pools.pool-0.servers of the live Tenant spira-minio is 3 and cannot become 4"),
    ("", "minio: {pools: [{name: pool-0, servers: 3, volumesPerServer: 4, size: 10Gi}]}", "minio.pools[].volumesPerServer: spec.pools.pool-0.volumesPerServer of"),
    ("", "minio: {pools: [{name: pool-0, servers: 3, volumesPerServer: 2, size: 5Gi}]}", "minio.pools[].size: spec.pools.pool-0.volumeClaimTemplate.spec.resources.requests.storage of"),
    ("", "minio: {pools: [{name: pool-0, servers: 3, volumesPerServer: 2, size: 10Gi, storageClass: fast}]}", "minio.pools[].storageClass: spec.pools.pool-0.volumeClaimTemplate.spec.storageClassName of"),
    ("", "minio: {pools: [{name: pool-1, servers: 3, volumesPerServer: 2, size: 10Gi}]}", "minio.pools: spec.pools.pool-0 of the live Tenant spira-minio cannot go"),
    ("", "minio: {pools: [{name: pool-0, servers: 3, volumesPerServer: 2, size: 10Gi}, {name: pool-1, servers: 4, volumesPerServer: 2, size: 20Gi}]}", ""),
    ("", "postgresql: {size: 512Mi}", "postgresql.size: spec.volume.size of the live postgresql spira-postgresql is 1Gi and cannot become 512Mi"),
    ("", "postgresql: {size: 20Gi}", ""),
    ("", "postgresql: {storageClass: fast}", "postgresql.storageClass: spec.volume.storageClass of"),
    ("postgresql: {version: '16'}", "postgresql: {version: '15'}", "postgresql.version: spec.postgresql.version of"),
    ("", "global: {connections: {postgresql: {database: other}}}", "global.connections.postgresql.database: spec.databases.mlflow of the live postgresql spira-postgresql cannot go"),
    ("", "global: {connections: {postgresql: {operator: cloudnative-pg}}}", "postgresql: the live postgresql spira-postgresql holds this release's data, and the Cluster spira-postgresql would begin empty"),
    ("global: {connections: {postgresql: {operator: cloudnative-pg}}}", "{postgresql: {size: 512Mi}, global: {connections: {postgresql: {operator: cloudnative-pg}}}}", "postgresql.size: spec.storage.size of the live Cluster spira-postgresql is 1Gi and cannot become 512Mi"),
    ("global: {connections: {postgresql: {operator: cloudnative-pg}}}", "{postgresql: {storageClass: fast}, global: {connections: {postgresql: {operator: cloudnative-pg}}}}", "postgresql.storageClass: spec.storage.storageClass of"),
    ("global: {connections: {postgresql: {operator: cloudnative-pg}}}", "global: {connections: {postgresql: {operator: cloudnative-pg, owner: other, database: other}}}", "global.connections.postgresql.owner: spec.bootstrap.initdb.owner of"),
    ("experiment: {enabled: true, results: {persistent: true}}", "experiment: {enabled: true, results: {persistent: true, size: 512Mi}}", "experiment.results.size: spec.resources.requests.storage of"),
    ("experiment: {enabled: true, results: {persistent: true}}", "experiment: {enabled: true, results: {persistent: true, size: 2Gi}}", ""),
    ("experiment: {enabled: true, results: {persistent: true, storageClass: slow}}", "experiment: {enabled: true, results: {persistent: true}}", ""),
    ("experiment: {enabled: true, results: {persistent: true, storageClass: slow}}", "experiment: {enabled: true, results: {persistent: true, storageClass: fast}}", "experiment.results.storageClass: spec.storageClassName of"),
];

/// What the cluster has once these values are installed, its APIs served.
fn upgrade(before: &str, after: &str) -> Case {
    let served = || STORES.iter().map(spira_manifests::upgrade::Store::api);
    Case {
        objects: Case::new(before).library().expect("right values"),
        served: served().collect(),
        ..Case::new(after)
    }
}

/// The message, which is the same from both sides; empty where both accept the case.
pub fn message(oracle: &mut Oracle, case: &Case) -> String {
    let answer = oracle.render(&case.for_helm()).expect("answer");
    match (case.library(), answer) {
        (Ok(_), Ok(_)) => String::new(),
        (Err(ours), Err(theirs)) => {
            assert!(theirs.contains(&ours), "library: {ours}\nHelm: {theirs}");
            ours
        }
        (ours, theirs) => panic!(
            "{case:#?}\nlibrary: {:?}\nHelm: {:?}",
            ours.err(),
            theirs.err()
        ),
    }
}

#[test]
fn changes_that_cannot_be_are_refused_in_the_same_words() {
    for helm in Helm::ALL {
        let mut oracle = Oracle::start(helm, &chart()).expect("oracle");
        for (before, after, refused) in CHANGES {
            let said = message(&mut oracle, &upgrade(before, after));
            assert_eq!(
                said.is_empty(),
                refused.is_empty(),
                "{before} -> {after}: {said}"
            );
            assert!(said.contains(refused), "{before} -> {after}: {said}");
            // What does not change is never refused.
            assert_eq!(
                message(&mut oracle, &upgrade(before, before)),
                "",
                "{before}"
            );
        }
    }
}

/// Puts a value at a path, where other rules hold too: a host outside needs credentials.
fn put(document: &mut Value, path: &str, value: Value) {
    fit::put(document, path, value);
    let outside = path
        .strip_suffix(".host")
        .filter(|path| !path.ends_with("nats"));
    if let Some(connection) = outside {
        fit::put(
            document,
            &format!("{connection}.existingSecret"),
            json!("a"),
        );
    }
}

fn say(document: &mut Value, said: &Said) {
    let defaults = document::defaults();
    let default = |path: &str| {
        defaults
            .pointer(&format!("/{}", path.replace('.', "/")))
            .cloned()
    };
    let number = |path: &str| {
        default(path)
            .and_then(|value| value.as_i64())
            .expect("a number")
    };
    let value = match &said.is {
        Is::Just(value) => value.clone(),
        Is::Other(value) => json!(value.as_i64().expect("a number") + 1),
        Is::Text(_) if said.path.ends_with("url") => json!("http://a"),
        Is::Text(_) => json!("a"),
        Is::Above(bound) => json!(number(bound) + 1),
        Is::Same(other) => default(other).expect("it has a default"),
    };
    put(document, &said.path, value);
}

/// Values that say what may not be said together.
fn contradicting(contradiction: &Contradiction, never: &Never) -> Value {
    let mut document = json!({});
    for said in contradiction.when.iter().chain([&never.said]) {
        say(&mut document, said);
    }
    document
}

#[test]
fn every_contradiction_is_refused_in_the_same_words() {
    let mut oracles = Helm::ALL.map(|helm| Oracle::start(helm, &chart()).expect("oracle"));
    let all = contradictions::all();
    let pairs = all
        .iter()
        .flat_map(|one| one.never.iter().map(move |never| (one, never)));
    let mut count = 0;
    for (contradiction, never) in pairs {
        let document = contradicting(contradiction, never);
        let case = Case::new(document.to_string());
        for oracle in &mut oracles {
            let said = message(oracle, &case);
            let line = format!("- {}: ", never.said.path);
            assert!(
                said.lines()
                    .any(|l| l.starts_with(&line) && l.ends_with(&never.expected)),
                "{document}: {said}"
            );
        }
        count += 1;
    }
    println!(
        "{count} contradictions, each refused by Helm 3, Helm 4 and the library in the same words"
    );
    assert!(count > 100);
}

/// By which a Prometheus chooses pod monitors, and by which service monitors.
type Selectors = &'static [(&'static str, &'static str)];

/// Selectors of pod monitors and of service monitors of each Prometheus, values, and whether they are refused.
#[rustfmt::skip] // a row a line
const SELECTORS: &[(Selectors, &str, bool)] = &[
    (&[], "", false),
    (&[("{matchLabels: {release: kube-prom}}", "{}")], "", false),
    (&[("{matchLabels: {release: kube-prom}}", "null")], "", false),
    (&[("{matchLabels: {release: other}}", "{matchLabels: {team: a, release: other}}")], "", true),
    (&[("{matchLabels: {release: other}}", "null")], "global: {monitoring: {checkLabels: false}}", false),
    (&[("{matchLabels: {release: other}}", "null")], "global: {monitoring: {labels: {release: other}}}", false),
    (&[("{matchLabels: {release: other}}", "null")], "global: {monitoring: {enabled: false}}", false),
    (&[("{matchLabels: {release: other}}", "null"), ("{matchLabels: {release: kube-prom}}", "null")], "", false),
    (&[("null", "null")], "", true),
    (&[("{matchLabels: {team: ''}}", "null")], "", true),
    (&[("{matchLabels: {team: a, release: kube-prom}}", "null")], "global: {commonLabels: {team: a}}", false),
    (&[("{matchLabels: {app.kubernetes.io/managed-by: Helm}}", "null")], "", false),
    (&[("{matchExpressions: [{operator: In, key: release, values: [b, kube-prom]}]}", "null")], "", false),
    (&[("{matchExpressions: [{operator: In, key: release, values: [b]}]}", "null")], "", true),
    (&[("{matchExpressions: [{operator: NotIn, key: release, values: [b]}, {key: team, operator: NotIn, values: [a]}]}", "null")], "", false),
    (&[("{matchExpressions: [{operator: NotIn, key: release, values: [kube-prom]}]}", "null")], "", true),
    (&[("{matchExpressions: [{operator: Exists, key: release}, {key: team, operator: DoesNotExist}]}", "null")], "", false),
    (&[("{matchExpressions: [{operator: Exists, key: team}]}", "null")], "", true),
    (&[("{matchExpressions: [{operator: DoesNotExist, key: release}]}", "null")], "", true),
    (&[("{matchExpressions: [{operator: Resembles, key: team}]}", "null")], "", false),
];

#[test]
fn labels_that_no_prometheus_chooses_are_refused_in_the_same_words() {
    let prometheus = |(at, (pods, services)): (usize, &(&str, &str))| {
        let read = |text| yaml_serde::from_str::<Value>(text).expect("YAML");
        json!({
            "apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus",
            "metadata": {"name": format!("p{at}"), "namespace": "monitoring"},
            "spec": {"serviceMonitorSelector": read(services), "podMonitorSelector": read(pods)},
        })
    };
    for helm in Helm::ALL {
        let mut oracle = Oracle::start(helm, &chart()).expect("oracle");
        for (all, values, is_refused) in SELECTORS {
            let case = Case {
                objects: all.iter().enumerate().map(prometheus).collect(),
                served: vec![monitored::API.into()],
                set: vec!["global.monitoring.enabled=true".into()],
                ..Case::new(*values)
            };
            let case = if values.contains("enabled") {
                Case {
                    set: vec![],
                    ..case
                }
            } else {
                case
            };
            let said = message(&mut oracle, &case);
            assert_eq!(!said.is_empty(), *is_refused, "{all:?}, {values}: {said}");
            let named =
                said.contains("the podMonitorSelector of Prometheus monitoring/p0 asks for: ");
            assert_eq!(named, *is_refused, "{said}");
        }
    }
}

/// One message for all that is wrong, in a cluster that has nothing but an older release of ours.
#[test]
fn all_problems_are_named_at_once() {
    let values = "{global: {chaos: {enabled: true}, secrets: {generate: false}}, \
                   nats: {enabled: false, chaos: {dns: {enabled: true}}}, \
                   api-server: {collections: {users: people}, replicas: 5, autoscaling: {enabled: true, minReplicas: 9}}, \
                   minio: {pools: [{name: a, servers: 4, volumesPerServer: 1, size: 1Gi}]}}";
    let case = Case {
        served: vec![KNOWN_BY.into(), "minio.min.io/v2/Tenant".into()],
        ..upgrade("", values)
    };
    for helm in Helm::ALL {
        let mut oracle = Oracle::start(helm, &chart()).expect("oracle");
        insta::assert_snapshot!("all_problems", message(&mut oracle, &case));
    }
}
