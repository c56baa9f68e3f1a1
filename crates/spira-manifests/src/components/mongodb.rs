//! MongoDB: users, hospitals, models, inferences and results, run by an operator of MongoDB's.
//!
//! Two operators act on the same kind: the Community operator, at its end of life, and its
//! successor, the MongoDB controllers for Kubernetes. They differ in the account that the pods run
//! under (SPIRA contract C2).

pub mod account;
pub mod dashboard;
pub mod faults;
pub mod members;
pub mod metrics;
pub mod rules;

use std::collections::BTreeMap;

use k8s_openapi::api::{
    core::v1::{
        Affinity, PodSecurityContext, ResourceRequirements, Secret, SecurityContext, Toleration,
        TopologySpreadConstraint,
    },
    policy::v1::PodDisruptionBudget,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::account::{Operator, role, role_binding, service_account};
use crate::{
    Context, Object,
    connections::PASSWORD,
    cr::mongodb::{
        Authentication, MongoDBCommunity, MongoDBCommunitySpec, Prometheus, Role,
        SecretKeyReference, Security, User,
    },
    kit::{
        Annotations, DataKey, Disruption, ExtraObject, FeatureVersion, Labels, Login, Members,
        MongodbVersion, NodeSelector, ObjectName, Port, Rbac, StorageSize, StoreChaos, UrlPassword,
        kept, monitoring, security,
    },
    wiring::Traffic,
};

/// What it is.
pub const DESCRIPTION: &str =
    "MongoDB, the database of users, models and inferences, as a MongoDBCommunity of its operator";
/// The version of MongoDB.
pub const APP_VERSION: &str = "6.0.5";

/// The database that knows the users, where they log in.
const LOGIN_DATABASE: &str = "admin";
/// The keys of Prometheus's user in its Secret.
const USERNAME: &str = "username";

/// The values of `mongodb`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Values {
    /// Whether MongoDB is installed; where it is not, `global.connections.mongodb.existingSecret`
    /// names the Secret with the connection string of another.
    pub enabled: bool,
    /// The operator that the cluster has: it must watch this namespace.
    pub operator: Operator,
    /// Whether the account of the pods is made. Its name is the operator's: turn it off where the
    /// operator's own chart, or another release in the namespace, has made it. The Community operator's
    /// chart does so in the operator's namespace, that of the controllers for Kubernetes in every
    /// namespace it is told to watch.
    pub create_service_account: bool,
    /// Whether the rights that the operator's agent needs are given to that account.
    pub rbac: Rbac,
    /// How many members hold data. A majority must be there to write, so with 3 one may be away.
    pub members: Members,
    /// The version of MongoDB. Go up one major version at a time.
    pub version: MongodbVersion,
    /// The version whose features are used; unset, that of `version`. Hold it back during an
    /// upgrade to keep the way back open.
    pub feature_compatibility_version: Option<FeatureVersion>,
    /// The user that SPIRA logs in as, who may read and write its database and nothing else.
    pub username: Login,
    /// That user's password; unset, the live Secret's, else a generated one.
    pub password: Option<UrlPassword>,
    /// The Secret with that user's password; unset, this release makes one. The password must be of
    /// characters that a URL holds as they are.
    pub existing_secret: Option<ObjectName>,
    /// The key of the password in that Secret.
    pub existing_secret_key: DataKey,
    /// Whether the replica set, with the account of its pods, stays when the release is uninstalled;
    /// its volumes stay anyway.
    pub keep: bool,
    /// The volume of each member's data.
    pub data: VolumeValues,
    /// The volume of each member's logs.
    pub logs: VolumeValues,
    /// Metrics for Prometheus.
    pub metrics: MetricsValues,
    /// CPU and memory that the database is given and may use. The operator's agent starts it.
    pub resources: ResourceRequirements,
    /// CPU and memory that the operator's agent is given and may use.
    pub agent_resources: ResourceRequirements,
    /// Labels that a node must have to run the members.
    pub node_selector: NodeSelector,
    /// Taints of nodes that the members bear.
    pub tolerations: Vec<Toleration>,
    /// Rules on which nodes, and beside which pods, the members run.
    pub affinity: Affinity,
    /// How the members spread over the cluster; empty, over nodes, as far as there is room. Give
    /// one at most: the operator puts several into a random order at each look, which restarts the
    /// members again and again.
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// The priority class of the pods.
    pub priority_class_name: Option<ObjectName>,
    /// More labels on the pods.
    pub pod_labels: Labels,
    /// More annotations on the pods.
    pub pod_annotations: Annotations,
    /// The security context of the pods; the default fits the Pod Security Standard `restricted`.
    pub pod_security_context: PodSecurityContext,
    /// The security context of the containers; the default fits the Pod Security Standard
    /// `restricted`.
    pub security_context: SecurityContext,
    /// How many members a voluntary disruption may take away at a time.
    pub pod_disruption_budget: Disruption,
    /// More objects to install, as they are; each has an `apiVersion`, a `kind` and a
    /// `metadata.name`.
    pub extra_objects: Vec<ExtraObject>,
    /// Faults of the pods.
    pub chaos: StoreChaos<faults::Partner>,
}

/// A volume of each member. Kubernetes refuses any later change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeValues {
    /// Its size.
    pub size: StorageSize,
    /// Its storage class; unset, `global.storageClass`.
    pub storage_class: Option<ObjectName>,
}

/// Metrics for Prometheus, which always logs in to read them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricsValues {
    /// Whether members have an endpoint for metrics, also without `global.monitoring.enabled`, which
    /// includes it.
    pub enabled: bool,
    /// Its port.
    pub port: Port,
    /// The user that Prometheus logs in as.
    pub username: Login,
    /// That user's password; unset, the live Secret's, else a generated one.
    pub password: Option<UrlPassword>,
    /// The Secret with that user and the password, under the keys `username` and `password`; unset,
    /// this release makes one. `username` above must say the same.
    pub existing_secret: Option<ObjectName>,
}

impl Default for Values {
    fn default() -> Self {
        let valid = "a component's default is a constant that its tests read";
        let volume = |size: &str| VolumeValues {
            size: size.parse().expect(valid),
            storage_class: None,
        };
        Self {
            enabled: true,
            operator: Operator::Community,
            create_service_account: true,
            rbac: Rbac::default(),
            members: Members::try_from(3).expect(valid),
            version: APP_VERSION.parse().expect(valid),
            feature_compatibility_version: None,
            username: "spira".parse().expect(valid),
            password: None,
            existing_secret: None,
            existing_secret_key: PASSWORD.parse().expect(valid),
            keep: true,
            data: volume("10Gi"),
            logs: volume("2Gi"),
            metrics: MetricsValues {
                enabled: false,
                port: Port::try_from(9216).expect(valid),
                username: "prometheus".parse().expect(valid),
                password: None,
                existing_secret: None,
            },
            resources: security::resources(
                &[("cpu", "250m"), ("memory", "512Mi")],
                &[("memory", "1Gi")],
            ),
            agent_resources: security::resources(
                &[("cpu", "100m"), ("memory", "256Mi")],
                &[("memory", "512Mi")],
            ),
            node_selector: NodeSelector::default(),
            tolerations: Vec::new(),
            affinity: Affinity::default(),
            topology_spread_constraints: Vec::new(),
            priority_class_name: None,
            pod_labels: Labels::default(),
            pod_annotations: Annotations::default(),
            pod_security_context: members::restricted_pod(),
            security_context: security::restricted_container(),
            pod_disruption_budget: Disruption::default(),
            extra_objects: Vec::new(),
            chaos: StoreChaos::default(),
        }
    }
}

/// The objects of MongoDB.
#[must_use]
pub fn objects(context: &Context, values: &Values) -> Vec<Object> {
    let mut objects = Vec::new();
    if values.create_service_account {
        objects.push(Object::new(&service_account(context, values)));
    }
    if values.rbac.create {
        objects.push(Object::new(&role(context, values)));
        objects.push(Object::new(&role_binding(context, values)));
    }
    if values.existing_secret.is_none() {
        objects.push(Object::new(&password_secret(context, values)));
    }
    if values.metrics.existing_secret.is_none()
        && monitoring::metrics(context, values.metrics.enabled)
    {
        objects.push(Object::new(&metrics_secret(context, values)));
    }
    objects.push(Object::new(&replica_set(context, values)));
    if values.pod_disruption_budget.enabled {
        objects.push(Object::new(&pod_disruption_budget(context, values)));
    }
    objects.extend(context.network_policies(&context.fullname(), &traffic(context, values)));
    if monitoring::monitors(context) {
        objects.push(Object::new(&metrics::service_monitor(context, values)));
    }
    if monitoring::rules(context) {
        objects.push(Object::new(&rules::prometheus_rule(context)));
    }
    if monitoring::has_dashboards(context) {
        objects.push(Object::new(&dashboard::dashboard(context)));
    }
    objects.extend(values.chaos.schedules(context, &faults::pods(context)));
    objects.extend(values.extra_objects.iter().map(ExtraObject::to_object));
    objects
}

/// The password of SPIRA's user.
#[must_use]
pub fn password_secret(context: &Context, values: &Values) -> Secret {
    let name = password_name(context);
    let password = context.intrinsics().credential(
        &name,
        PASSWORD,
        values.password.as_deref(),
        context.global.secrets.generate,
        "mongodb.password",
    );
    Secret {
        metadata: context.secret_meta(name),
        string_data: Some(BTreeMap::from([(PASSWORD.to_owned(), password)])),
        type_: Some("Opaque".into()),
        ..Secret::default()
    }
}

/// User and password that Prometheus logs in with, for the operator and for Prometheus.
#[must_use]
pub fn metrics_secret(context: &Context, values: &Values) -> Secret {
    let name = metrics_name(context);
    let password = context.intrinsics().credential(
        &name,
        PASSWORD,
        values.metrics.password.as_deref(),
        context.global.secrets.generate,
        "mongodb.metrics.password",
    );
    Secret {
        metadata: context.secret_meta(name),
        string_data: Some(BTreeMap::from([
            (USERNAME.to_owned(), values.metrics.username.to_string()),
            (PASSWORD.to_owned(), password),
        ])),
        type_: Some("Opaque".into()),
        ..Secret::default()
    }
}

/// The members, as the operator is asked for them.
#[must_use]
pub fn replica_set(context: &Context, values: &Values) -> MongoDBCommunity {
    let feature_version = values.feature_compatibility_version.as_deref();
    MongoDBCommunity {
        metadata: kept(context.meta(context.fullname()), values.keep),
        spec: MongoDBCommunitySpec {
            members: values.members.get(),
            type_: "ReplicaSet".into(),
            version: values.version.to_string(),
            feature_compatibility_version: feature_version.map(str::to_owned),
            security: Security {
                authentication: Authentication {
                    modes: vec!["SCRAM".into()],
                },
            },
            users: vec![user(context, values)],
            prometheus: monitoring::metrics(context, values.metrics.enabled)
                .then(|| prometheus(context, values)),
            stateful_set: Some(members::stateful_set(context, values)),
        },
    }
}

fn user(context: &Context, values: &Values) -> User {
    User {
        name: values.username.to_string(),
        db: LOGIN_DATABASE.into(),
        password_secret_ref: match &values.existing_secret {
            Some(name) => password_of(name.to_string(), &values.existing_secret_key),
            None => password_of(password_name(context), PASSWORD),
        },
        roles: roles(context),
        scram_credentials_secret_name: context.fullname(),
        connection_string_secret_name: Some(context.mongodb_secret_name()),
    }
}

/// SPIRA needs no more than to read and write. Its integration tests drop their database, too.
fn roles(context: &Context) -> Vec<Role> {
    let role = |name: &str, db: &str| Role {
        name: name.into(),
        db: db.into(),
    };
    let connection = context.mongodb();
    let mut roles = vec![role("readWrite", &connection.database)];
    if let Some(database) = &connection.integration_test_database {
        roles.push(role("readWrite", database));
        roles.push(role("dbAdmin", database));
    }
    roles
}

fn prometheus(context: &Context, values: &Values) -> Prometheus {
    Prometheus {
        username: values.metrics.username.to_string(),
        password_secret_ref: password_of(metrics_secret_name(context, values), PASSWORD),
        port: Some(values.metrics.port.get().into()),
    }
}

fn password_of(secret: String, key: &str) -> SecretKeyReference {
    SecretKeyReference {
        name: secret,
        key: Some(key.into()),
    }
}

/// The budget over the members.
#[must_use]
pub fn pod_disruption_budget(context: &Context, values: &Values) -> PodDisruptionBudget {
    values
        .pod_disruption_budget
        .pod_disruption_budget(context, context.fullname())
}

fn traffic(context: &Context, values: &Values) -> Traffic<'static> {
    Traffic {
        metrics: monitoring::metrics(context, values.metrics.enabled)
            .then(|| values.metrics.port.get().into()),
        faulty_names: values.chaos.dns.enabled,
        ..Traffic::default()
    }
}

fn password_name(context: &Context) -> String {
    format!("{}-password", context.fullname())
}

/// The Secret that Prometheus logs in with: the user's or ours.
fn metrics_secret_name(context: &Context, values: &Values) -> String {
    match &values.metrics.existing_secret {
        Some(name) => name.to_string(),
        None => metrics_name(context),
    }
}

fn metrics_name(context: &Context) -> String {
    format!("{}-metrics", context.fullname())
}
