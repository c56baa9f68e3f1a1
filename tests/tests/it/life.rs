//! Helm leads a release through its life in a real cluster.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::process::Stdio;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret, Service, ServiceAccount};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use xtask::cluster::Cluster;
use xtask::helm::Helm;
use xtask::objects::{self, Workload};

use crate::cluster::{LONGEST, PATIENCE, ready};
use crate::compare::is_credential;
use crate::support::chart;

struct Life<'a> {
    cluster: &'a Cluster,
    client: &'a Client,
    helm: Helm,
    namespace: String,
}

/// Install, upgrade, roll back, uninstall, and install again over what the first release left.
pub async fn release_lives(cluster: &Cluster, client: &Client, helm: Helm) {
    let namespace = format!("helm-{}", helm.major());
    objects::create_restricted_namespace(client, &namespace)
        .await
        .expect("namespace");
    let life = Life {
        cluster,
        client,
        helm,
        namespace,
    };
    let chart = chart();
    let chart = chart.to_str().expect("UTF-8");
    let auth = ["--set", "global.connections.nats.auth.enabled=true"];
    let wait = ["--wait", "--timeout", "90s"];

    life.run(&[&["install", "spira", chart], &auth[..], &wait[..]].concat());
    let workloads = ready(client, &life.namespace).await;
    assert_eq!(wanted(&workloads, "spira-inference-server"), 3);
    let credentials = life.credentials().await;
    assert_eq!(
        credentials.keys().collect::<Vec<_>>(),
        [
            "spira-api-server-jwt",
            "spira-bootstrap-user",
            "spira-minio-credentials",
            "spira-mongodb-password",
            "spira-nats-auth"
        ]
    );
    assert!(
        credentials.values().all(|value| is_credential(value)),
        "{credentials:?}"
    );

    let first_job = life.only_job().await;

    // The upgrade changes the template of the Job, which Kubernetes lets nobody do.
    let more = [
        "--set",
        "inference-server.replicas=5,bootstrap.terminationGracePeriodSeconds=5",
    ];
    life.run(
        &[
            &["upgrade", "spira", chart],
            &auth[..],
            &more[..],
            &wait[..],
        ]
        .concat(),
    );
    let workloads = ready(client, &life.namespace).await;
    assert_eq!(wanted(&workloads, "spira-inference-server"), 5);
    assert_eq!(
        life.credentials().await,
        credentials,
        "an upgrade keeps them"
    );
    assert_ne!(life.only_job().await, first_job, "an upgrade runs it anew");

    life.run(&[&["rollback", "spira", "1"], &wait[..]].concat());
    let workloads = ready(client, &life.namespace).await;
    assert_eq!(wanted(&workloads, "spira-inference-server"), 3);
    assert_eq!(
        life.credentials().await,
        credentials,
        "a rollback keeps them"
    );
    assert_eq!(life.only_job().await, first_job, "the first one again");

    life.run(&[&["uninstall", "spira"], &wait[..]].concat());
    let secrets = credentials.keys().map(|name| format!("Secret/{name}"));
    // Of the MongoDBCommunity, which stays.
    let account = "ServiceAccount/mongodb-database".to_owned();
    let kept: Vec<_> = secrets.chain([account]).collect();
    // Helm waits for its own objects, not for their pods.
    let only_kept = objects::wait_for("an end of all but what is kept", PATIENCE, || async {
        Ok((life.everything().await == kept).then_some(()))
    });
    if let Err(error) = only_kept.await {
        panic!(
            "{error}: {:?} are left, not {kept:?}",
            life.everything().await
        );
    }
    assert_eq!(
        life.credentials().await,
        credentials,
        "only Secrets with generated credentials stay"
    );

    life.run(&[&["install", "spira", chart], &auth[..], &wait[..]].concat());
    assert_eq!(
        life.credentials().await,
        credentials,
        "a new release finds what the old one left"
    );
    life.run(&[&["uninstall", "spira"], &wait[..]].concat());
    life.has_a_long_name(chart, &wait).await;
}

fn wanted(workloads: &[Workload], name: &str) -> i32 {
    let found = workloads.iter().find(|workload| workload.name == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {workloads:?}"))
        .wanted
}

impl Life<'_> {
    /// A release with a name as long as Helm takes.
    async fn has_a_long_name(&self, chart: &str, wait: &[&str]) {
        let install = [
            "install",
            LONGEST,
            chart,
            "--set",
            // The account that the last release left is that one's.
            "nats.natsBox.enabled=true,mongodb.createServiceAccount=false",
        ];
        self.run(&[&install[..], wait].concat());
        let workloads = ready(self.client, &self.namespace).await;
        assert_eq!(workloads.len(), 6, "{workloads:?}");
        self.run(&[&["uninstall", LONGEST], wait].concat());
    }

    /// The name of the one Job that there is, once Helm's deletions are done.
    async fn only_job(&self) -> String {
        let jobs = objects::wait_for("one Job", PATIENCE, || async {
            let jobs = self.list::<Job>().await;
            Ok((jobs.len() == 1).then_some(jobs))
        });
        jobs.await.expect("one is left")[0].name_any()
    }

    fn run(&self, arguments: &[&str]) {
        let mut command = self.cluster.helm(self.helm).expect("helm");
        command
            .args(arguments)
            .args(["-n", &self.namespace])
            .stdin(Stdio::null());
        let output = tokio::task::block_in_place(|| command.output()).expect("helm starts");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(
            output.status.success(),
            "{:?} {arguments:?}:\n{text}",
            self.helm
        );
    }

    /// The generated credentials, by Secret.
    async fn credentials(&self) -> BTreeMap<String, String> {
        let secrets = self.list::<Secret>().await;
        let one = |secret: Secret| {
            let data = secret.data.clone().unwrap_or_default();
            let value = data
                .into_values()
                .next()
                .expect("a Secret of the chart has a key");
            (secret.name_any(), String::from_utf8(value.0).expect("text"))
        };
        secrets.into_iter().map(one).collect()
    }

    /// What there is of the release, by kind and name.
    async fn everything(&self) -> Vec<String> {
        let mut names = Vec::new();
        names.extend(self.names::<ConfigMap>().await);
        names.extend(self.names::<Deployment>().await);
        names.extend(self.names::<Job>().await);
        names.extend(self.names::<Pod>().await);
        names.extend(self.names::<PodDisruptionBudget>().await);
        names.extend(self.names::<Secret>().await);
        names.extend(self.names::<Service>().await);
        names.extend(self.names::<ServiceAccount>().await);
        names.extend(self.names::<StatefulSet>().await);
        names
    }

    async fn names<K: Listed>(&self) -> Vec<String> {
        let all = self.list::<K>().await;
        all.iter()
            .map(|object| format!("{}/{}", K::kind(&()), object.name_any()))
            .collect()
    }

    async fn list<K: Listed>(&self) -> Vec<K> {
        let api = Api::<K>::namespaced(self.client.clone(), &self.namespace);
        let selector = ListParams::default().labels("app.kubernetes.io/part-of=spira");
        let selector = if K::kind(&()) == "Pod" {
            ListParams::default().labels("app.kubernetes.io/instance=spira")
        } else {
            selector
        };
        api.list(&selector).await.expect("listed").items
    }
}

/// A kind of objects in a namespace.
trait Listed:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned
{
}

impl<K> Listed for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
{
}
