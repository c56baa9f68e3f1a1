//! A real API server takes what random values make, as server-side apply brings it.
//!
//! Schemas do not say all that a server asks: that a label's value is one, that a port has its name once, that a
//! limit is no less than its request. `SPIRA_LIVE_CASES` sets the number of cases, `SPIRA_SEED` the seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use kube::Client;
use serde_json::{Value, json};
use xtask::cluster::{Cluster, Options};
use xtask::definitions;
use xtask::objects::{self, Applier, Mode};

use crate::cluster::install_gateway_api;
use crate::documents::{Grammars, NAMESPACES};
use crate::equality::setting;
use crate::pipeline::parallel;
use crate::support::Case;

/// Cases that both sides accept, if nothing else is said.
const CASES: usize = 250;
/// Cases that are drawn at a time: about half of them are accepted.
const DRAWN: usize = 100;
/// Requests at a time.
const LANES: usize = 8;
/// Kinds of refusal that are told.
const SHOWN: usize = 50;

/// Applies what some hundred accepted cases make; nothing is stored, but all of it goes through defaulting, validation
/// and admission.
pub async fn random_values_are_accepted(client: &Client) {
    let (seed, count) = (setting("SPIRA_SEED", 4), setting("SPIRA_LIVE_CASES", CASES));
    for namespace in NAMESPACES {
        objects::create_namespace(client, namespace, "privileged")
            .await
            .expect("namespace");
    }
    let cases = tokio::task::spawn_blocking(move || accepted(seed, count))
        .await
        .expect("drawn");
    let clock = Instant::now();
    let cases = Arc::new(cases);
    let lanes = (0..LANES).map(|lane| {
        let (client, cases) = (client.clone(), Arc::clone(&cases));
        tokio::spawn(async move { apply(client, cases.iter().skip(lane).step_by(LANES)).await })
    });
    let (mut applied, mut refused) = (0, BTreeMap::new());
    for lane in lanes.collect::<Vec<_>>() {
        let (took, not) = lane.await.expect("a lane");
        applied += took;
        for (reason, case) in not {
            refused.entry(reason).or_insert((case, 0)).1 += 1;
        }
    }
    println!(
        "live: {count} cases (seed {seed}), {applied} objects taken in {:.1} s, {} kinds of refusal",
        clock.elapsed().as_secs_f64(),
        refused.len(),
    );
    let told: Vec<_> = refused
        .iter()
        .take(SHOWN)
        .map(|(reason, (case, times))| {
            format!("{times} × {reason}\n{}\n{}", case.release, case.values)
        })
        .collect();
    assert!(
        told.is_empty(),
        "seed {seed}: the API server refuses\n{}",
        told.join("\n\n")
    );
}

/// A case, and the objects that the library makes of it.
type Accepted = (Case, Vec<Value>);

/// The first cases that the library accepts. Helm does so too: `equality` shows it.
fn accepted(seed: u64, count: usize) -> Vec<Accepted> {
    let grammars = Grammars::new();
    // Other ones than those of `equality`.
    let cases = grammars.cases(seed + 7_000_000);
    let mut found = Vec::new();
    for from in (0..).step_by(DRAWN) {
        let drawn = parallel((from..from + DRAWN).collect(), |at| {
            let case = cases.for_a_server(at);
            let objects = case.library().ok()?;
            (!objects.is_empty()).then_some((case, objects))
        });
        found.extend(drawn.into_iter().flatten());
        if found.len() >= count {
            found.truncate(count);
            return found;
        }
        // Else a generator whose values are all refused would never end.
        assert!(
            found.len() * 10 > from,
            "{} of {from} accepted",
            found.len()
        );
    }
    unreachable!("there is always another case")
}

/// How many objects the server takes, and why it does not take the others.
async fn apply(
    client: Client,
    cases: impl Iterator<Item = &Accepted>,
) -> (usize, Vec<(String, Case)>) {
    let mut applier = Applier::new(client);
    let (mut taken, mut refused) = (0, Vec::new());
    for (case, objects) in cases {
        for object in objects {
            if object["kind"] == "Pod" {
                bring_needs(&mut applier, object, &case.namespace).await;
            }
            match applier
                .apply(object, Some(&case.namespace), Mode::DryRun)
                .await
            {
                Ok(_) => taken += 1,
                Err(error) => refused.push((reason(object, &error.to_string()), case.clone())),
            }
        }
    }
    (taken, refused)
}

/// Nothing of a dry run is there when its pods ask for it, and a pod's account has to be: it alone is stored.
async fn bring_needs(applier: &mut Applier, pod: &Value, namespace: &str) {
    if let Some(name) = pod["spec"]["serviceAccountName"].as_str() {
        let account = json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name},
        });
        let stored = applier
            .apply(&account, Some(namespace), Mode::Persist)
            .await;
        stored.unwrap_or_else(|error| panic!("account of {}: {error}", pod["metadata"]["name"]));
    }
}

/// The same for all objects that are refused for one reason: names and numbers differ.
fn reason(object: &Value, error: &str) -> String {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let text = error.split(" (Status {").next().unwrap_or(error);
    let text = text.replace(name, "NAME");
    let text: String = text
        .chars()
        .filter(|c| !c.is_ascii_digit())
        .take(600)
        .collect();
    format!("{} {text}", object["kind"].as_str().unwrap_or_default())
}

/// The same by itself, for a great number of cases: `SPIRA_LIVE_CASES=5000 cargo test … fuzz_live -- --ignored`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "cluster::real_cluster_takes_the_chart does it too; this boots a cluster for it alone"]
async fn random_values_are_accepted_by_a_server() {
    let cluster = Cluster::start(Options::default()).await.expect("cluster");
    let client = cluster.client().expect("client");
    install_gateway_api(&client).await;
    definitions::install(&client).await.expect("definitions");
    random_values_are_accepted(&client).await;
    cluster.stop().await.expect("stop");
}
