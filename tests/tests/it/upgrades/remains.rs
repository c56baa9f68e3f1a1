//! What stays when a release is uninstalled is what the documentation says, and its command takes all of it away.

use std::collections::BTreeSet;

use kube::api::{DeleteParams, ListParams, PropagationPolicy};
use kube::core::DynamicObject;
use kube::discovery::{ApiResource, Discovery, Scope, verbs};
use kube::{Api, Client, ResourceExt};
use xtask::helm::{self, Helm};
use xtask::objects;

use super::release::{Release, Worker};
use super::{page, read};
use crate::cluster::{PATIENCE, ready};
use crate::support::chart;

/// A release with all that can leave something.
const ALL: &str = "\
global: {connections: {nats: {auth: {enabled: true}}}, monitoring: {enabled: true}, chaos: {enabled: true}}
nats: {jetstream: {enabled: true, size: 1Gi}}
experiment: {enabled: true, results: {persistent: true, size: 1Gi}}
";
/// What every namespace has, and what ends by itself.
const ALWAYS: [&str; 2] = ["ConfigMap/kube-root-ca.crt", "ServiceAccount/default"];
const FLEETING: [&str; 2] = ["Event", "Lease"];

pub async fn remains(worker: &mut Worker, helm: Helm) {
    let namespace = format!("remains-{}", helm.major());
    let client = worker.client.clone();
    let kubeconfig = worker.kubeconfig.clone();
    let mut release = Release::new(worker, "spira", &namespace, &chart()).await;
    release.helm = helm;
    if let Err(error) = release.install(&read(ALL)).await {
        release.fault(error);
    }
    ready(&client, &namespace).await;
    let home = tempfile::tempdir().expect("temporary directory");
    let mut command = helm::command(helm, Some(&kubeconfig), home.path()).expect("helm");
    command.args(["test", "spira", "-n", &namespace]);
    let output = tokio::task::block_in_place(|| command.output()).expect("helm starts");
    if !output.status.success() {
        release.fault(String::from_utf8_lossy(&output.stderr));
    }
    if let Err(error) = release.uninstall() {
        release.fault(error);
    }
    let documented = documented();
    let kinds = kinds(&client).await;
    if let Err(left) = settles(&client, &namespace, &kinds, &documented).await {
        let more: Vec<_> = left.difference(&documented).collect();
        let fewer: Vec<_> = documented.difference(&left).collect();
        release.fault(format!(
            "stays, and is not documented: {more:?}; is documented, and does not stay: {fewer:?}"
        ));
    }
    purge(&client, &namespace, &kinds).await;
    if let Err(left) = settles(&client, &namespace, &kinds, &BTreeSet::new()).await {
        release.fault(format!("stays after the documented command: {left:?}"));
    }
}

/// The table of the documentation, of a release called `spira`.
fn documented() -> BTreeSet<String> {
    let text = page();
    let (_, rest) = text.split_once("<!-- stays -->").expect("a table");
    let (table, _) = rest.split_once("<!-- /stays -->").expect("its end");
    let cells = table.lines().filter_map(|line| line.split('|').nth(1));
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

/// The kinds of the documentation's command.
fn purged() -> Vec<String> {
    let text = page();
    let line = text.lines().find(|line| {
        line.contains(" delete ") && line.contains("--selector app.kubernetes.io/instance=")
    });
    let words = line.expect("a command").split_whitespace();
    let kinds = words.skip_while(|word| *word != "delete").nth(1);
    kinds
        .expect("kinds to delete")
        .split(',')
        .map(str::to_owned)
        .collect()
}

/// All kinds of namespaced objects that can be listed, each in one version.
async fn kinds(client: &Client) -> Vec<ApiResource> {
    let discovery = Discovery::new(client.clone())
        .run()
        .await
        .expect("discovery");
    let mut kinds = Vec::new();
    for group in discovery.groups() {
        for (resource, capabilities) in group.recommended_resources() {
            let is_listed = capabilities.supports_operation(verbs::LIST);
            let is_fleeting = FLEETING.contains(&&*resource.kind);
            if capabilities.scope == Scope::Namespaced && is_listed && !is_fleeting {
                kinds.push(resource);
            }
        }
    }
    kinds
}

/// Waits until what is there is what is expected; else says what is there.
async fn settles(
    client: &Client,
    namespace: &str,
    kinds: &[ApiResource],
    expected: &BTreeSet<String>,
) -> Result<(), BTreeSet<String>> {
    let settled = objects::wait_for("what stays", PATIENCE, || async {
        Ok((there(client, namespace, kinds).await == *expected).then_some(()))
    });
    if settled.await.is_ok() {
        return Ok(());
    }
    Err(there(client, namespace, kinds).await)
}

async fn there(client: &Client, namespace: &str, kinds: &[ApiResource]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for kind in kinds {
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, kind);
        let list = api.list(&ListParams::default()).await.expect("listed");
        all.extend(
            list.items
                .iter()
                .map(|object| format!("{}/{}", kind.kind, object.name_any())),
        );
    }
    for always in ALWAYS {
        all.remove(always);
    }
    all
}

/// What `kubectl delete KINDS --selector` does.
async fn purge(client: &Client, namespace: &str, kinds: &[ApiResource]) {
    for name in purged() {
        let kind = kinds
            .iter()
            .find(|kind| kind.kind.to_lowercase() == name)
            .unwrap_or_else(|| panic!("no kind {name}"));
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, kind);
        let delete = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            ..DeleteParams::default()
        };
        let ours = ListParams::default().labels("app.kubernetes.io/instance=spira");
        api.delete_collection(&delete, &ours)
            .await
            .expect("deleted");
    }
}
