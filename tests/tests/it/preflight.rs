//! What a cluster lacks is named by the chart in the words of the library, and installing is refused before anything
//! is made.

use std::fs;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::ListParams;
use kube::{Api, Client};
use spira_manifests::cr::APIS;
use spira_manifests::preflight::{HEAD, KNOWN_BY, TAIL};
use xtask::cluster::Cluster;
use xtask::helm::Helm;
use xtask::objects;
use xtask::oracle::Oracle;

use crate::support::{Case, chart, examples};
use crate::validate;

const ROUTE: &str =
    "api-server: {httpRoute: {enabled: true, gateway: {create: true, className: a}}}";

/// Values, and the APIs that they need.
#[rustfmt::skip] // a row a line
const NEEDS: &[(&str, &[&str])] = &[
    ("", &["MongoDBCommunity", "Tenant", "postgresql"]),
    ("mongodb: {enabled: false}", &["Tenant", "postgresql"]),
    ("minio: {enabled: false}", &["MongoDBCommunity", "postgresql"]),
    ("postgresql: {enabled: false}", &["MongoDBCommunity", "Tenant"]),
    ("global: {connections: {postgresql: {operator: cloudnative-pg}}}", &["MongoDBCommunity", "Tenant", "Cluster"]),
    ("global: {preflight: false}", &[]),
    // Users see to what they bring themselves.
    ("nats: {extraObjects: [{apiVersion: example.org/v1, kind: Thing, metadata: {name: a}}]}", &["MongoDBCommunity", "Tenant", "postgresql"]),
    ("api-server: {httpRoute: {enabled: true, parentRefs: [{name: a}]}}", &["MongoDBCommunity", "Tenant", "postgresql", "HTTPRoute"]),
    (ROUTE, &["MongoDBCommunity", "Tenant", "postgresql", "HTTPRoute", "Gateway"]),
];

/// All that a cluster may serve, but for one kind.
fn all_but(kind: &str) -> Vec<String> {
    let apis = APIS.iter().filter(|api| api.kind != kind);
    let apis = apis.map(ToString::to_string);
    std::iter::once(KNOWN_BY.to_owned()).chain(apis).collect()
}

/// The message about these kinds, which is the same from both sides; `None` if both accept the case.
fn message(oracle: &mut Oracle, case: &Case) -> Option<String> {
    let said = validate::message(oracle, case);
    if said.is_empty() {
        return None;
    }
    assert!(said.starts_with(HEAD) && said.ends_with(TAIL), "{said}");
    Some(said)
}

fn kinds(message: &str) -> Vec<&str> {
    let entries = message.lines().filter_map(|line| line.strip_prefix("- "));
    let apis = entries.filter_map(|entry| entry.split_once(" (needed by "));
    apis.filter_map(|(api, _)| api.rsplit('/').next()).collect()
}

#[test]
fn chart_and_library_miss_the_same_apis() {
    for helm in Helm::ALL {
        let mut oracle = Oracle::start(helm, &chart()).expect("oracle");
        for (values, needed) in NEEDS {
            let case = |served| Case {
                served,
                ..Case::new(*values)
            };
            let bare = message(&mut oracle, &case(vec![KNOWN_BY.into()])).unwrap_or_default();
            assert_eq!(kinds(&bare), *needed, "{values}");
            assert_eq!(message(&mut oracle, &case(all_but(""))), None, "{values}");
            for api in APIS {
                let one = message(&mut oracle, &case(all_but(api.kind))).unwrap_or_default();
                let expected: Vec<_> = needed.iter().filter(|kind| **kind == api.kind).collect();
                assert_eq!(kinds(&one).iter().collect::<Vec<_>>(), expected, "{values}");
            }
            // Groups are all that Helm knows without a cluster.
            let groups = APIS.iter().take(1).map(|api| api.version.to_owned());
            assert_eq!(message(&mut oracle, &case(groups.collect())), None);
        }
    }
}

#[test]
fn examples_say_what_they_need() {
    let mut oracle = Oracle::start(Helm::V4, &chart()).expect("oracle");
    for path in examples() {
        let case = Case {
            served: vec![KNOWN_BY.into()],
            ..Case::new(fs::read_to_string(&path).expect("readable"))
        };
        let needed = message(&mut oracle, &case);
        let outside = path.ends_with("external.yaml");
        assert_eq!(needed.is_none(), outside, "{}: {needed:?}", path.display());
    }
}

/// In a cluster that serves none of the APIs.
pub async fn bare_cluster_is_refused(cluster: &Cluster, client: &Client) {
    let namespace = "preflight";
    objects::create_restricted_namespace(client, namespace)
        .await
        .expect("namespace");
    let chart = chart();
    let chart = chart.to_str().expect("UTF-8");
    for helm in Helm::ALL {
        let run = |args: &[&str]| {
            let mut command = cluster.helm(helm).expect("helm");
            command.args(args).args(["-n", namespace]);
            command.output().expect("helm runs")
        };
        let output = run(&["install", "spira", chart]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{helm:?}");
        assert_eq!(
            kinds(&error),
            ["MongoDBCommunity", "Tenant", "postgresql"],
            "{helm:?}: {error}"
        );
        assert!(error.contains("helm install minio-operator"), "{error}");
        // What the cluster serves is nothing that `helm template` asks for.
        let output = run(&["template", "spira", chart]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{helm:?}: {error}");
    }
    let list = ListParams::default().labels("app.kubernetes.io/instance=spira");
    let secrets = Api::<Secret>::namespaced(client.clone(), namespace);
    let maps = Api::<ConfigMap>::namespaced(client.clone(), namespace);
    assert!(secrets.list(&list).await.expect("listed").items.is_empty());
    assert!(maps.list(&list).await.expect("listed").items.is_empty());
}
