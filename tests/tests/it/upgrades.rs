//! A live release can be changed: in every number and flag of its values, to every example and back, from one version of the
//! chart and of Helm to the next.
//!
//! Helm's own code acts on a real API server, with the operators' own definitions. Operators do not run here, and what only
//! they would refuse is not seen. Where only Helm and the API server matter there are no controllers either: most of what a
//! cluster does is about pods. `SPIRA_UPGRADES=nats,older` runs only what has one of the words in its name.

mod bases;
mod cells;
mod changes;
mod jobs;
mod leaves;
mod names;
mod release;
mod remains;
mod state;
mod tables;

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use spira_manifests::document::yaml;
use xtask::cluster::{Cluster, Options};
use xtask::{definitions, project};

use self::release::Report;
use crate::cluster::install_gateway_api;

#[tokio::test(flavor = "multi_thread")]
async fn releases_can_be_changed() {
    run(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_live_among_controllers() {
    run(true).await;
}

async fn run(are_controlled: bool) {
    let clock = Instant::now();
    let leaves = leaves::all();
    let jobs = jobs::all(&leaves, are_controlled);
    println!(
        "{} numbers and flags; {} jobs planned in {:.1} s",
        leaves.len(),
        jobs.len(),
        clock.elapsed().as_secs_f64()
    );
    if jobs.is_empty() {
        assert!(
            std::env::var_os("SPIRA_UPGRADES").is_some(),
            "there is something to do"
        );
        return;
    }
    let options = Options {
        controllers: are_controlled,
        ..Options::default()
    };
    let cluster = Cluster::start(options).await.expect("cluster");
    let client = cluster.client().expect("client");
    install_gateway_api(&client).await;
    definitions::install(&client).await.expect("definitions");
    println!("a cluster after {:.1} s", clock.elapsed().as_secs_f64());
    let report = jobs::work(&cluster, jobs, are_controlled).await;
    tell(&report, clock.elapsed());
    cluster.stop().await.expect("stop");
    assert!(
        report.immutable.is_empty(),
        "fields that cannot be changed:\n{}",
        report.immutable.join("\n")
    );
    assert!(
        report.faults.is_empty(),
        "{} faults:\n{}",
        report.faults.len(),
        report.faults.join("\n")
    );
}

fn tell(report: &Report, took: Duration) {
    for (kind, (jobs, actions, took)) in &report.kinds {
        println!(
            "{kind}: {jobs} jobs, {actions} actions of Helm, {:.1} s",
            took.as_secs_f64()
        );
    }
    println!(
        "{} values changed objects, {} none, {} were refused; {} actions of Helm ({:.1} s), {} looks ({:.1} s), {} at a time: \
         {:.1} s",
        report.reached,
        report.silent,
        report.refused,
        report.actions,
        report.acting.as_secs_f64(),
        report.looks,
        report.looking.as_secs_f64(),
        jobs::WORKERS,
        took.as_secs_f64()
    );
}

/// The documentation, whose tables and examples are what is tested.
fn page() -> String {
    fs::read_to_string(project::root().join("docs/upgrading.md")).expect("docs/upgrading.md")
}

/// Values of a constant text.
fn read(text: &str) -> Map<String, Value> {
    yaml::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}
