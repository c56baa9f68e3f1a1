//! `mongodbcommunity.mongodb.com/v1`, the kind of MongoDB's operators for the Community Edition
//! (read: the Community operator 0.13.0 and the MongoDB controllers for Kubernetes 1.10.1, which
//! both act on it; every field below is in both).

use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, PodTemplateSpec},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::Serialize;

use super::Way;

/// A replica set of MongoDB.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MongoDBCommunity {
    /// Metadata. The name is that of the `StatefulSet`, whose pods are reached through the headless
    /// Service `<name>-svc`; it is also the name of the replica set.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: MongoDBCommunitySpec,
}

// Both watch the namespace that they run in, unless they are told otherwise.
const WAYS: &[Way] = &[
    Way {
        from: "the Community operator (mongodb.operator: community), at its end of life",
        command: "helm install community-operator community-operator \\\n  \
                  --repo https://mongodb.github.io/helm-charts \\\n  \
                  --namespace mongodb --create-namespace --set operator.watchNamespace='*'",
    },
    Way {
        from: "its successor, the MongoDB controllers for Kubernetes (mongodb.operator: kubernetes)",
        command: "helm install mongodb-kubernetes mongodb-kubernetes \\\n  \
                  --repo https://mongodb.github.io/helm-charts \\\n  \
                  --namespace mongodb --create-namespace --set operator.watchNamespace='*'",
    },
];

super::custom_resource!(
    MongoDBCommunity: "mongodbcommunity.mongodb.com" "v1", "MongoDBCommunity" "mongodbcommunity",
    WAYS
);

/// What is wanted of a replica set.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MongoDBCommunitySpec {
    /// How many members hold data.
    pub members: i32,
    /// What it is: `ReplicaSet`, there is no other.
    #[serde(rename = "type")]
    pub type_: String,
    /// The version, `x.y.z`, without a suffix: the operator makes the image's tag of it.
    pub version: String,
    /// The version whose features are used, `x.y`; absent, that of `version`. Holding it back
    /// keeps the way back to an older version open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_compatibility_version: Option<String>,
    /// How members and clients show who they are.
    pub security: Security,
    /// The users of the databases.
    pub users: Vec<User>,
    /// The endpoint for Prometheus; absent, there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prometheus: Option<Prometheus>,
    /// What of the `StatefulSet` differs from what the operator makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stateful_set: Option<StatefulSetOverride>,
}

/// How members and clients show who they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Security {
    /// How clients log in.
    pub authentication: Authentication,
}

/// How clients log in.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Authentication {
    /// The mechanisms: `SCRAM` or `SCRAM-SHA-256`, which are the same, `SCRAM-SHA-1`, or `X509`.
    pub modes: Vec<String>,
}

/// A user of the databases.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The name to log in with.
    pub name: String,
    /// The database that knows the user, where clients log in.
    pub db: String,
    /// Where the password stands; it must be there first.
    pub password_secret_ref: SecretKeyReference,
    /// What the user may do.
    pub roles: Vec<Role>,
    /// The start of the name of a Secret of the operator's own, unique to the user:
    /// `<this>-scram-credentials`.
    pub scram_credentials_secret_name: String,
    /// The Secret that the operator puts the connection string into, under
    /// `connectionString.standard`; absent, `<resource>-<db>-<user>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_string_secret_name: Option<String>,
}

/// What a user may do in a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Role {
    /// The role, such as `readWrite`.
    pub name: String,
    /// The database.
    pub db: String,
}

/// A key of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SecretKeyReference {
    /// The Secret.
    pub name: String,
    /// The key; absent, `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The endpoint for Prometheus; it always wants user and password.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prometheus {
    /// The user.
    pub username: String,
    /// Where the password stands; it must be there first.
    pub password_secret_ref: SecretKeyReference,
    /// The port; absent, 9216.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
}

/// What of the `StatefulSet` differs from what the operator makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StatefulSetOverride {
    /// Its specification: what is set here goes over the operator's own, lists by the names of
    /// their items.
    pub spec: StatefulSetSpecOverride,
}

/// A part of a `StatefulSet`'s specification: `StatefulSetSpec` itself would always write a
/// selector, which is the operator's business.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatefulSetSpecOverride {
    /// The pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplateSpec>,
    /// The volumes: `data-volume` (10G unless set) and `logs-volume` (2G unless set).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_claim_templates: Option<Vec<PersistentVolumeClaim>>,
}
