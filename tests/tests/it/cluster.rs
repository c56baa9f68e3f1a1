//! A real API server takes what the chart makes, in a namespace that enforces Pod Security `restricted`, and Helm leads
//! a release through its life. A program without Helm does as much.
//!
//! Containers do not run here: what is shown is admission, scheduling, controllers and Helm's waiting, not SPIRA.

use std::fs;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::DeleteParams;
use kube::{Api, Client};
use xtask::cluster::{Cluster, Options};
use xtask::definitions;
use xtask::helm::Helm;
use xtask::objects::{self, Applier, Mode, Workload};

use crate::apply::{apply_installs_without_helm, apply_is_refused_by_a_bare_cluster};
use crate::fuzz_live::random_values_are_accepted;
use crate::helm_test::{release_is_tested, rights_are_as_few_as_can_be, runs_are_jobs};
use crate::life::release_lives;
use crate::preflight::bare_cluster_is_refused;
use crate::publishing::installs_from_a_registry;
use crate::schemas::gateway_definitions;
use crate::support::{self, Case};

/// How long anything may take to happen.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// As long as Helm takes names.
pub const LONGEST: &str = "with.dots.and--dashes-at-the-cut-------------------zz";

#[tokio::test(flavor = "multi_thread")]
async fn real_cluster_takes_the_chart() {
    let cluster = Cluster::start(Options::default()).await.expect("cluster");
    let client = cluster.client().expect("client");
    bare_cluster_is_refused(&cluster, &client).await;
    apply_is_refused_by_a_bare_cluster(&cluster, &client).await;
    install_gateway_api(&client).await;
    definitions::install(&client).await.expect("definitions");
    every_example_is_accepted(&client).await;
    apply_installs_without_helm(&cluster, &client).await;
    random_values_are_accepted(&client).await;
    for helm in Helm::ALL {
        release_lives(&cluster, &client, helm).await;
        release_is_tested(&cluster, &client, helm).await;
    }
    installs_from_a_registry(&cluster, &client).await;
    runs_are_jobs(&client).await;
    rights_are_as_few_as_can_be(&client).await;
    cluster.stop().await.expect("stop");
}

pub async fn install_gateway_api(client: &Client) {
    let mut applier = Applier::new(client.clone());
    for definition in gateway_definitions() {
        applier
            .apply(&definition, None, Mode::Persist)
            .await
            .expect("definition");
    }
    objects::wait_for("the Gateway API", PATIENCE, || async {
        let served = client
            .list_api_group_resources("gateway.networking.k8s.io/v1")
            .await;
        let names: Vec<_> = served
            .into_iter()
            .flat_map(|list| list.resources)
            .map(|r| r.kind)
            .collect();
        Ok(["HTTPRoute", "Gateway"]
            .iter()
            .all(|kind| names.iter().any(|n| n == kind))
            .then_some(()))
    })
    .await
    .expect("served");
}

async fn every_example_is_accepted(client: &Client) {
    let mut cases = vec![("default-values".to_owned(), Case::new(""))];
    for path in support::examples() {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("UTF-8")
            .to_owned();
        let case = Case::new(fs::read_to_string(&path).expect("readable"));
        // What a fault is called must leave room for what Chaos Mesh appends.
        if ["everything", "chaos"].contains(&&*name) {
            cases.push((
                format!("{name}-long-names"),
                Case {
                    release: LONGEST.into(),
                    ..case.clone()
                },
            ));
        }
        cases.push((name, case));
    }
    for (name, case) in cases {
        let namespace = format!("case-{name}");
        objects::create_restricted_namespace(client, &namespace)
            .await
            .expect("namespace");
        let case = Case {
            namespace: namespace.clone(),
            ..case
        };
        let mut applier = Applier::new(client.clone());
        for object in case
            .library()
            .unwrap_or_else(|error| panic!("{namespace}: {error}"))
        {
            let stored = applier
                .apply(&object, Some(&namespace), Mode::Persist)
                .await;
            stored.unwrap_or_else(|error| panic!("{namespace}: {error}"));
        }
        // Pod Security judges pods, not what makes them: only pods show that it lets them in.
        let workloads = ready(client, &namespace).await;
        assert!(workloads.len() >= 2, "{namespace}: {workloads:?}");
        let namespaces = Api::<Namespace>::all(client.clone());
        namespaces
            .delete(&namespace, &DeleteParams::default())
            .await
            .expect("deleted");
    }
}

/// Waits until all pods of all workloads are ready.
pub async fn ready(client: &Client, namespace: &str) -> Vec<Workload> {
    let what = format!("all pods of {namespace} ready");
    let answer = objects::wait_for(&what, PATIENCE, || async {
        let workloads = objects::workloads(client, namespace).await?;
        Ok(workloads
            .iter()
            .all(|w| w.ready == w.wanted)
            .then_some(workloads))
    })
    .await;
    match answer {
        Ok(workloads) => workloads,
        Err(error) => panic!("{error}: {:?}", objects::workloads(client, namespace).await),
    }
}
