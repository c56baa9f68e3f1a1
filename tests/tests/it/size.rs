//! What Helm stores of a release stays far below what a Secret may hold.
//!
//! Helm keeps the chart, its values and the manifests in one Secret, of which Kubernetes takes 1 MiB.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use serde_json::{Value, json};
use spira_manifests::{components, cr, document};
use xtask::cluster::{Cluster, Options};
use xtask::definitions;
use xtask::helm::Helm;
use xtask::objects::{self, Applier, Mode};

use crate::cluster::PATIENCE;
use crate::support::chart;

/// What a release may take at most, with everything on.
const WHOLE: usize = 400 * 1024;
/// What dashboards, monitors and rules may take of it.
const MONITORING: usize = 150 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn release_stays_small() {
    let cluster = Cluster::start(Options::default()).await.expect("cluster");
    let client = cluster.client().expect("client");
    definitions::install(&client).await.expect("definitions");
    let mut applier = Applier::new(client.clone());
    for api in cr::APIS {
        // Those that are there already are better.
        if is_served(&client, api).await {
            continue;
        }
        applier
            .apply(&stub(api), None, Mode::Persist)
            .await
            .expect("definition");
        objects::wait_for(&api.to_string(), PATIENCE, || async {
            Ok(is_served(&client, api).await.then_some(()))
        })
        .await
        .expect("served");
    }
    let without = tempfile::tempdir().expect("temporary directory");
    let removed = copy(&chart(), without.path(), &is_monitoring);
    assert!(removed >= 8, "{removed} templates are about monitoring");
    for helm in Helm::ALL {
        let on = everything(true);
        let all = installed(&cluster, &client, helm, &chart(), &on).await;
        let rest = installed(&cluster, &client, helm, without.path(), &everything(false)).await;
        println!(
            "Helm {}: a release with everything on takes {all} bytes, {} of them for monitoring",
            helm.major(),
            all - rest
        );
        fits(all, rest).unwrap_or_else(|fault| panic!("{helm:?}: {fault}"));
    }
    cluster.stop().await.expect("stop");
}

#[test]
fn a_budget_that_is_exceeded_is_found() {
    assert_eq!(fits(WHOLE, WHOLE - MONITORING), Ok(()));
    assert!(fits(WHOLE + 1, WHOLE).is_err());
    assert!(fits(WHOLE, WHOLE - MONITORING - 1).is_err());
    assert!(
        fits(1000, 1000).is_err(),
        "monitoring that takes nothing was not there"
    );
}

fn fits(all: usize, rest: usize) -> Result<(), String> {
    if all > WHOLE {
        return Err(format!(
            "the release takes {all} bytes, not {WHOLE} at most"
        ));
    }
    match all.saturating_sub(rest) {
        0 => Err("monitoring takes nothing".to_owned()),
        added if added > MONITORING => Err(format!(
            "monitoring takes {added} bytes, not {MONITORING} at most"
        )),
        _ => Ok(()),
    }
}

/// Values that switch every component on, all faults, and monitoring or not.
fn everything(monitoring: bool) -> Vec<String> {
    let defaults = document::defaults();
    let mut set: Vec<_> = components::all()
        .iter()
        .filter(|component| defaults[component.name].get("enabled").is_some())
        .map(|component| format!("{}.enabled=true", component.name))
        .collect();
    set.push("global.chaos.enabled=true".to_owned());
    set.push(format!("global.monitoring.enabled={monitoring}"));
    set
}

/// How many bytes of a Secret a release takes. It is removed again.
async fn installed(
    cluster: &Cluster,
    client: &Client,
    helm: Helm,
    chart: &Path,
    set: &[String],
) -> usize {
    let chart = chart.to_str().expect("UTF-8");
    run(
        cluster,
        helm,
        &["install", "spira", chart, "--set", &set.join(",")],
    );
    let secrets = Api::<Secret>::namespaced(client.clone(), "default");
    let secret = secrets
        .get("sh.helm.release.v1.spira.v1")
        .await
        .expect("the release");
    let size = secret
        .data
        .into_iter()
        .flatten()
        .map(|(_, value)| value.0.len())
        .sum();
    run(cluster, helm, &["uninstall", "spira"]);
    size
}

fn run(cluster: &Cluster, helm: Helm, arguments: &[&str]) {
    let mut command = cluster.helm(helm).expect("helm");
    command
        .args(arguments)
        .args(["-n", "default"])
        .stdin(Stdio::null());
    let output = tokio::task::block_in_place(|| command.output()).expect("helm starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{helm:?} {arguments:?}:\n{text}");
}

/// An error is a no: the whole group may not be there yet.
async fn is_served(client: &Client, api: &cr::Api) -> bool {
    let served = client.list_api_group_resources(api.version).await;
    served.is_ok_and(|list| {
        list.resources
            .iter()
            .any(|resource| resource.kind == api.kind)
    })
}

/// A definition that takes any field: what is stored of a release does not depend on it.
fn stub(api: &cr::Api) -> Value {
    let (group, version) = api
        .version
        .split_once('/')
        .expect("a kind that is not Kubernetes' has a group");
    let kind = api.kind.to_lowercase();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{kind}s.{group}"),
            // Kubernetes' own groups ask for it.
            "annotations": {"api-approved.kubernetes.io": "unapproved, of a test"},
        },
        "spec": {
            "group": group,
            "names": {"kind": api.kind, "plural": format!("{kind}s"), "singular": kind},
            "scope": "Namespaced",
            "versions": [{
                "name": version, "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    })
}

fn is_monitoring(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    name.contains("dashboard")
        || ["podmonitor", "servicemonitor", "prometheusrule"]
            .iter()
            .any(|kind| name.starts_with(kind))
}

/// Copies a folder without some files, and says how many it left out.
fn copy(from: &Path, to: &Path, is_left_out: &dyn Fn(&Path) -> bool) -> usize {
    fs::create_dir_all(to).expect("created");
    let mut left_out = 0;
    for path in crate::support::files(from) {
        let target = to.join(path.file_name().expect("a file of a folder has a name"));
        if path.is_dir() {
            left_out += copy(&path, &target, is_left_out);
        } else if is_left_out(&path) {
            left_out += 1;
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
    left_out
}
