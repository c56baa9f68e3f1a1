//! The real operators act on custom resources, and bring into being what others refer to, under the names that they
//! compute.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::ListParams;
use kube::core::DynamicObject;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use xtask::cluster::{Cluster, Options};
use xtask::definitions;
use xtask::objects::{self, Applier, Mode};
use xtask::operators::{self, Operators};

use crate::custom::{self, spoil, spoilt, validate_cr};
use crate::faults::faults_hit_their_pods;
use crate::references::{Live, Reference, References, references};
use crate::support::Case;

/// How long the operators may take for all that they make.
const PATIENCE: Duration = Duration::from_mins(3);

#[tokio::test(flavor = "multi_thread")]
async fn real_operators_make_what_pods_refer_to() {
    let options = Options {
        stages: operators::STAGES.into(),
        ..Options::default()
    };
    let cluster = Cluster::start(options).await.expect("cluster");
    let client = cluster.client().expect("client");
    definitions::install(&client).await.expect("definitions");
    the_api_server_agrees_with_our_validation(&client).await;

    let mut operators = Operators::start(&cluster).await.expect("operators");
    for (name, values, in_charge) in [
        ("defaults", "", 3),
        // A release of another name, fewer of everything, metrics, and names and users of one's own.
        ("changed", CHANGED, 3),
        ("external", "", 0),
    ] {
        let namespace = format!("operators-{name}");
        let values = match name {
            "external" => fs::read_to_string(example("external")).expect("readable"),
            _ => values.to_owned(),
        };
        let release = if name == "changed" {
            "voice.lab"
        } else {
            "spira"
        };
        let case = Case {
            release: release.into(),
            namespace: namespace.clone(),
            ..Case::new(values)
        };
        let objects = case.library().expect("rendered");
        let count = objects.iter().filter(|o| custom::is_custom(o)).count();
        assert_eq!(count, in_charge, "{name}");
        // Pods of Spilo, as its operator makes them, satisfy no stricter level.
        objects::create_namespace(&client, &namespace, "baseline")
            .await
            .expect("namespace");
        apply_all(&client, &namespace, &given(&case)).await;
        apply_all(&client, &namespace, &objects).await;
        brought_into_being(&client, &mut operators, &namespace, &objects).await;
        if name == "defaults" {
            what_is_not_there_is_missed(&client, &namespace, &objects).await;
            the_names_are_those_of_the_contract(&client, &namespace).await;
            faults_hit_their_pods(&client, &namespace).await;
            a_changed_resource_settles_again(&client, &mut operators, &namespace, &objects).await;
        }
    }
    drop(operators);
    cluster.stop().await.expect("stop");
}

const CHANGED: &str = "\
global:
  fullnameOverrides: {mlflow: registry}
  commonLabels: {example.org/team: voice}
  connections:
    nats: {auth: {enabled: true}}
    mongodb: {database: voices}
    postgresql: {database: runs, owner: runner}
mongodb: {members: 1, username: voice, metrics: {enabled: true}}
postgresql: {instances: 1, version: '15', metrics: {enabled: true}}
minio: {pools: [{name: a, servers: 4, volumesPerServer: 1, size: 1Gi}]}
nats: {replicas: 1}
mlflow: {replicas: 1}
";

/// What an operator of SPIRA makes before an installation with these values: the Secrets that they name.
fn given(case: &Case) -> Vec<Value> {
    let objects = case.library().expect("rendered");
    let made: Vec<_> = objects.iter().filter(|o| o["kind"] == "Secret").collect();
    let mut secrets: BTreeMap<String, Value> = BTreeMap::new();
    for reference in references(&objects, &case.namespace).keys() {
        let Reference::Secret(name, key) = reference else {
            continue;
        };
        // Names that the values do not say are for the release or for an operator to make.
        if !case.values.contains(name.as_str())
            || made.iter().any(|o| o["metadata"]["name"] == **name)
        {
            continue;
        }
        let secret = secrets.entry(name.clone()).or_insert_with(
            || json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {}}),
        );
        if let Some(key) = key {
            secret["stringData"][key] = json!("given");
        }
    }
    secrets.into_values().collect()
}

fn example(name: &str) -> PathBuf {
    xtask::project::root().join(format!("examples/values/{name}.yaml"))
}

/// Applies objects in their order.
pub async fn apply_all(client: &Client, namespace: &str, objects: &[Value]) {
    let mut applier = Applier::new(client.clone());
    for object in objects {
        let stored = applier.apply(object, Some(namespace), Mode::Persist).await;
        stored.unwrap_or_else(|error| panic!("{namespace}: {error}"));
    }
}

/// Waits until the operators are done with the custom resources of a namespace, and until all that the rendered objects
/// and the live pods refer to is there. The namespace holds `rendered`, by whatever way they came.
pub async fn brought_into_being(
    client: &Client,
    operators: &mut Operators,
    namespace: &str,
    rendered: &[Value],
) -> Live {
    let clock = Instant::now();
    let settled = operators.settle(client, namespace, PATIENCE).await;
    let resources = settled.unwrap_or_else(|error| panic!("{error}"));
    let expected = rendered.iter().filter(|object| {
        ["MongoDBCommunity", "postgresql"]
            .map(Value::from)
            .contains(&object["kind"])
    });
    assert_eq!(resources.len(), expected.count(), "{resources:?}");
    let answer = objects::wait_for("all that is referred to", PATIENCE, || async {
        let (live, missing) = look(client, namespace, rendered).await;
        Ok(missing.is_empty().then_some(live))
    });
    let Ok(live) = answer.await else {
        let (_, missing) = look(client, namespace, rendered).await;
        panic!("{namespace}: {missing:#?}\n{}", operators.logs(20));
    };
    println!(
        "{namespace}: {} resources settled, nothing missing after {:.1} s",
        resources.len(),
        clock.elapsed().as_secs_f64()
    );
    live
}

/// What is live, and what is missing of what rendered objects and live pods refer to.
async fn look(client: &Client, namespace: &str, rendered: &[Value]) -> (Live, Vec<String>) {
    let mut live = Live::collect(client, namespace).await.expect("collected");
    live.add_tenants(rendered);
    let mut all: References = references(&pods(client, namespace).await, namespace);
    all.extend(references(rendered, namespace));
    let missing = live.missing(&all);
    (live, missing)
}

/// Names that are nearly right are not taken for right.
async fn what_is_not_there_is_missed(client: &Client, namespace: &str, objects: &[Value]) {
    for (right, wrong, missed) in [
        (
            "connectionString.standard",
            "connectionString",
            "key connectionString of",
        ),
        (
            "mlflow.spira-postgresql.",
            "mlflow_spira-postgresql.",
            "Secret mlflow_spira-postgresql",
        ),
        (
            "http://minio:80",
            "http://minio:443",
            "port 443 of Service minio",
        ),
        (
            "\"PGHOST\",\"value\":\"spira-postgresql\"",
            "\"PGHOST\",\"value\":\"spira-pg\"",
            "port 5432 of Service spira-pg",
        ),
    ] {
        let text = Value::from(objects.to_vec()).to_string();
        assert!(text.contains(right), "{right}");
        let faulty: Vec<Value> =
            serde_json::from_str(&text.replace(right, wrong)).expect("still JSON");
        let (_, missing) = look(client, namespace, &faulty).await;
        assert!(
            !missing.is_empty() && missing.iter().all(|one| one.contains(missed)),
            "{wrong}: {missing:?}"
        );
    }
}

/// The live pods.
pub async fn pods(client: &Client, namespace: &str) -> Vec<Value> {
    let api = Api::<Pod>::namespaced(client.clone(), namespace);
    let pods = api.list(&ListParams::default()).await.expect("pods").items;
    let json = |pod: &Pod| {
        let mut value = serde_json::to_value(pod).expect("a pod is JSON");
        value["kind"] = json!("Pod");
        value
    };
    pods.iter().map(json).collect()
}

/// Names, labels, ports and keys of SPIRA contract C2 and C3.
async fn the_names_are_those_of_the_contract(client: &Client, namespace: &str) {
    let sets = Api::<StatefulSet>::namespaced(client.clone(), namespace);
    let sets = sets.list(&ListParams::default()).await.expect("listed");
    let names: Vec<_> = sets.iter().map(ResourceExt::name_any).collect();
    assert_eq!(
        names,
        [
            "spira-mongodb",
            "spira-mongodb-arb",
            "spira-nats",
            "spira-postgresql"
        ]
    );

    let services = Api::<Service>::namespaced(client.clone(), namespace);
    for (name, port, headless) in [
        ("spira-postgresql", 5432, false),
        ("spira-postgresql-repl", 5432, false),
        ("spira-mongodb-svc", 27017, true),
    ] {
        let service = services
            .get(name)
            .await
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let spec = service.spec.expect("a Service has a spec");
        let ports: Vec<_> = spec.ports.iter().flatten().map(|p| p.port).collect();
        assert!(ports.contains(&port), "{name}: {ports:?}");
        assert_eq!(
            spec.cluster_ip.as_deref() == Some("None"),
            headless,
            "{name}"
        );
    }

    let live = Live::collect(client, namespace).await.expect("collected");
    for (secret, keys) in [
        (
            "mlflow.spira-postgresql.credentials.postgresql.acid.zalan.do",
            ["username", "password"].as_slice(),
        ),
        (
            "spira-mongodb-connection",
            &[
                "connectionString.standard",
                "connectionString.standardSrv",
                "username",
                "password",
            ],
        ),
    ] {
        let found = live.secrets.get(secret);
        let found = found.unwrap_or_else(|| panic!("no {secret} in {:?}", live.secrets.keys()));
        assert!(
            keys.iter().all(|key| found.contains(*key)),
            "{secret}: {found:?}"
        );
    }

    let pods = Api::<Pod>::namespaced(client.clone(), namespace);
    for (labels, count) in [
        ("app=spira-mongodb-svc", 3),
        ("application=spilo,cluster-name=spira-postgresql", 3),
        ("cluster-name=spira-postgresql,spilo-role=master", 1),
        ("cluster-name=spira-postgresql,spilo-role=replica", 2),
    ] {
        let params = ListParams::default().labels(labels);
        let found = pods.list(&params).await.expect("listed").items.len();
        assert_eq!(found, count, "{labels}");
    }
}

/// The stand-ins for agents keep up with a change: an upgrade of a release ends too.
async fn a_changed_resource_settles_again(
    client: &Client,
    operators: &mut Operators,
    namespace: &str,
    objects: &[Value],
) {
    let mut changed: Vec<_> = objects.to_vec();
    changed.retain(|object| object["kind"] == "MongoDBCommunity");
    changed[0]["spec"]["users"][0]["roles"][0]["name"] = json!("dbOwner");
    apply_all(client, namespace, &changed).await;
    // The operator must have seen the change before its answer counts.
    let seen = |object: &DynamicObject| {
        let annotation = "mongodb.com/v1.lastSuccessfulConfiguration";
        let last = object.annotations().get(annotation);
        last.is_some_and(|last| last.contains("dbOwner"))
    };
    let gvk =
        kube::core::GroupVersionKind::gvk("mongodbcommunity.mongodb.com", "v1", "MongoDBCommunity");
    let kind = kube::discovery::ApiResource::from_gvk_with_plural(&gvk, "mongodbcommunity");
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &kind);
    let done = objects::wait_for("the change's end", PATIENCE, || async {
        let object = api.get("spira-mongodb").await.expect("there");
        Ok(seen(&object).then_some(()))
    });
    if let Err(error) = done.await {
        panic!("{error}\n{}", operators.logs(20));
    }
    let settled = operators.settle(client, namespace, PATIENCE).await;
    settled.unwrap_or_else(|error| panic!("{error}"));
}

/// What our validation says of a resource is what a real API server says.
async fn the_api_server_agrees_with_our_validation(client: &Client) {
    let mut applier = Applier::new(client.clone());
    for (good, spoilt) in spoilt() {
        let mut cases = vec![("as it is", good.clone())];
        cases.extend(
            spoilt
                .into_iter()
                .map(|(place, by)| (place, spoil(&good, place, &by))),
        );
        for (place, case) in cases {
            // Without a name there is nothing to ask for.
            if case["metadata"]["name"].is_null() {
                continue;
            }
            let answer = applier.apply(&case, Some("default"), Mode::DryRun).await;
            let ours = validate_cr(&case);
            assert_eq!(
                answer.is_ok(),
                ours.is_ok(),
                "{} {place}: {answer:?}, ours {ours:?}",
                case["kind"]
            );
        }
    }
}
