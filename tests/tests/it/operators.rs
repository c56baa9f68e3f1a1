//! The real operators act on custom resources, and bring into being what others refer to.

use std::time::Duration;

use serde_json::{Value, json};
use xtask::cluster::{Cluster, Options};
use xtask::definitions;
use xtask::objects::{self, Applier, Mode};
use xtask::operators::{self, Operators};

/// How long the operators may take for all that they make.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn operators_bring_databases_into_being() {
    let options = Options {
        stages: operators::STAGES.into(),
        ..Options::default()
    };
    let cluster = Cluster::start(options).await.expect("cluster");
    let client = cluster.client().expect("client");
    definitions::install(&client).await.expect("definitions");
    let mut operators = Operators::start(&cluster).await.expect("operators");
    objects::create_namespace(&client, "samples", "privileged")
        .await
        .expect("namespace");
    let mut applier = Applier::new(client.clone());
    for object in samples() {
        applier
            .apply(&object, Some("samples"), Mode::Persist)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
    }
    let t = std::time::Instant::now();
    let found = operators.settle(&client, "samples", PATIENCE).await;
    println!("{found:?} {:?}", t.elapsed());
    println!("{:?}", objects::workloads(&client, "samples").await);
    if std::env::var_os("SLEEP").is_some() {
        println!("{}", cluster.kubeconfig().display());
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    cluster.stop().await.expect("stop");
}

/// The smallest resources that say what the chart says.
fn samples() -> Vec<Value> {
    vec![
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mongodb-spira"},
            "stringData": {"password": "not-a-secret"},
        }),
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "mongodb-database"},
        }),
        json!({
            "apiVersion": "mongodbcommunity.mongodb.com/v1", "kind": "MongoDBCommunity",
            "metadata": {"name": "store"},
            "spec": {
                "members": 3, "type": "ReplicaSet", "version": "6.0.5",
                "security": {"authentication": {"modes": ["SCRAM"]}},
                "users": [{
                    "name": "spira", "db": "admin",
                    "passwordSecretRef": {"name": "mongodb-spira"},
                    "roles": [{"name": "readWrite", "db": "spira"}],
                    "scramCredentialsSecretName": "store-spira",
                }],
            },
        }),
        json!({
            "apiVersion": "acid.zalan.do/v1", "kind": "postgresql",
            "metadata": {"name": "sql"},
            "spec": {
                "teamId": "spira", "numberOfInstances": 3, "volume": {"size": "1Gi"},
                "postgresql": {"version": "17"},
                "patroni": {"synchronous_mode": true},
                "users": {"mlflow_owner": []},
                "databases": {"metadata": "mlflow_owner"},
            },
        }),
    ]
}
