//! MinIO: the object store of the recordings and of the models, run by the MinIO operator.
//!
//! Its makers no longer maintain MinIO: the last image is of September 2025, and later fixes came
//! as source only. Any store that speaks S3 over plain HTTP can take its place
//! (`global.connections.objectStore`).

pub mod dashboard;
pub mod faults;
pub mod metrics;
pub mod pools;
pub mod rules;

use std::collections::BTreeMap;

use k8s_openapi::api::{
    core::v1::{LocalObjectReference, PodSecurityContext, Secret, SecurityContext},
    policy::v1::PodDisruptionBudget,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::pools::Pool;
use self::pools::{at_least_one, pool};
use crate::{
    Context, Object,
    connections::{ACCESS_KEY, SECRET_KEY},
    cr::{
        ObjectLabels,
        minio::{Bucket, ServiceMetadata, Tenant, TenantSpec},
    },
    kit::{
        AccessKey, Annotations, BucketName, Disruption, ExtraObject, Image, Labels, ObjectName,
        ObjectStoreSecret, PullPolicy, StoreChaos, kept, monitoring, non_empty, security,
    },
    wiring::{MINIO_PORT, Traffic},
};

/// What it is.
pub const DESCRIPTION: &str =
    "MinIO, the object store of recordings and models, as a Tenant of the MinIO operator";
/// The version of MinIO: the last of which there is an image.
pub const APP_VERSION: &str = "RELEASE.2025-09-07T16-13-09Z";

/// What the tag of that version named when it was last seen, for all platforms together.
const DIGEST: &str = "sha256:14cea493d9a34af32f524e538b8346cf79f3321eff8e708c1e2960462bd8936e";
/// The key of the Secret that the operator reads the root user from (SPIRA contract C1).
const CONFIG: &str = "config.env";

/// The user that the image and the operator expect, who owns the volumes too (SPIRA contract C1).
const USER: i64 = 1000;

/// The values of `minio`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Values {
    /// Whether MinIO is installed; where it is not, `global.connections.objectStore` names another
    /// object store. A namespace holds one at most: its Service is always called `minio`.
    pub enabled: bool,
    /// The image of the servers. Docker Hub no longer has it. When you set `tag`, set `digest` too,
    /// or unset it with `null`.
    pub image: Image,
    /// The Secret with credentials for the image's registry. The operator takes one only, so
    /// `global.imagePullSecrets` does not reach MinIO.
    pub image_pull_secret: Option<ObjectName>,
    /// The access key, which is the root user's name, used where `global.connections.objectStore`
    /// names no Secret; unset, the live Secret's, else a generated one. A change restarts all
    /// servers.
    pub access_key: Option<AccessKey>,
    /// The secret key, which is the root user's password, used and found likewise.
    pub secret_key: Option<ObjectStoreSecret>,
    /// The pools of servers. To grow, add a pool. Neither `servers` nor `volumesPerServer` of a pool
    /// that is there can be changed, and a pool can be removed only once it was decommissioned
    /// (`mc admin decommission`): the operator refuses all else.
    #[serde(deserialize_with = "at_least_one")]
    #[schemars(length(min = 1))]
    pub pools: Vec<Pool>,
    /// In which order servers start and stop.
    pub pod_management_policy: PodManagementPolicy,
    /// More buckets, beside those of `global.connections.objectStore`, which are always made.
    pub extra_buckets: Vec<BucketName>,
    /// Whether the Tenant stays when the release is uninstalled; its volumes stay anyway.
    pub keep: bool,
    /// Metrics for Prometheus.
    pub metrics: Metrics,
    /// More labels on the pods.
    pub pod_labels: Labels,
    /// More annotations on the pods.
    pub pod_annotations: Annotations,
    /// The priority class of the pods.
    pub priority_class_name: Option<ObjectName>,
    /// The security context of the pods; the default fits the Pod Security Standard `restricted`.
    pub pod_security_context: PodSecurityContext,
    /// The security context of the containers; the default fits the Pod Security Standard
    /// `restricted`. The operator's sidecar needs a root file system that can be written.
    pub security_context: SecurityContext,
    /// How many servers a voluntary disruption may take away at a time. With one of three servers
    /// away objects can be read and written, with two neither.
    pub pod_disruption_budget: Disruption,
    /// More objects to install, as they are; each has an `apiVersion`, a `kind` and a
    /// `metadata.name`.
    pub extra_objects: Vec<ExtraObject>,
    /// Faults of the pods.
    pub chaos: StoreChaos<faults::Partner>,
}

/// In which order pods start and stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PodManagementPolicy {
    /// All at once: no server is ready before the others are there.
    Parallel,
    /// One after another.
    OrderedReady,
}

/// Metrics for Prometheus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metrics {
    /// Whether metrics can be read without a token, also without `global.monitoring.enabled`, which
    /// includes it.
    pub public: bool,
}

impl Default for Values {
    fn default() -> Self {
        let valid = "a component's default is a constant that its tests read";
        Self {
            enabled: true,
            image: Image {
                registry: Some("quay.io".parse().expect(valid)),
                repository: "minio/minio".parse().expect(valid),
                tag: None,
                digest: Some(DIGEST.parse().expect(valid)),
                pull_policy: PullPolicy::IfNotPresent,
            },
            image_pull_secret: None,
            access_key: None,
            secret_key: None,
            pools: vec![Pool::default()],
            pod_management_policy: PodManagementPolicy::Parallel,
            extra_buckets: Vec::new(),
            keep: true,
            metrics: Metrics { public: false },
            pod_labels: Labels::default(),
            pod_annotations: Annotations::default(),
            priority_class_name: None,
            pod_security_context: PodSecurityContext {
                run_as_user: Some(USER),
                run_as_group: Some(USER),
                fs_group: Some(USER),
                ..security::restricted_pod()
            },
            security_context: SecurityContext {
                read_only_root_filesystem: None,
                ..security::restricted_container()
            },
            pod_disruption_budget: Disruption::default(),
            extra_objects: Vec::new(),
            chaos: StoreChaos::default(),
        }
    }
}

/// The objects of MinIO.
#[must_use]
pub fn objects(context: &Context, values: &Values) -> Vec<Object> {
    let mut objects = Vec::new();
    let connection = &context.global.connections.object_store;
    if connection.existing_secret.is_none() {
        objects.push(Object::new(&credentials_secret(context, values)));
    }
    objects.push(Object::new(&tenant(context, values)));
    if values.pod_disruption_budget.enabled {
        objects.push(Object::new(&pod_disruption_budget(context, values)));
    }
    objects.extend(context.network_policies(&context.fullname(), &traffic(context, values)));
    if monitoring::monitors(context) {
        objects.push(Object::new(&metrics::service_monitor(context)));
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

/// The keys of the object store, as programs read them and as the operator does.
#[must_use]
pub fn credentials_secret(context: &Context, values: &Values) -> Secret {
    let name = context.object_store_secret_name();
    let credential = |key: &str, given: Option<&str>, path: &str| {
        let generate = context.global.secrets.generate;
        context
            .intrinsics()
            .credential(&name, key, given, generate, path)
    };
    let access_key = credential(ACCESS_KEY, values.access_key.as_deref(), "minio.accessKey");
    let secret_key = credential(SECRET_KEY, values.secret_key.as_deref(), "minio.secretKey");
    let config = [
        "# The root user of MinIO, for its operator.".to_owned(),
        format!("export MINIO_ROOT_USER=\"{access_key}\""),
        format!("export MINIO_ROOT_PASSWORD=\"{secret_key}\""),
        String::new(),
    ];
    Secret {
        metadata: context.secret_meta(name),
        string_data: Some(BTreeMap::from([
            (ACCESS_KEY.to_owned(), access_key),
            (SECRET_KEY.to_owned(), secret_key),
            (CONFIG.to_owned(), config.join("\n")),
        ])),
        type_: Some("Opaque".into()),
        ..Secret::default()
    }
}

/// The servers, as the operator is asked for them.
#[must_use]
pub fn tenant(context: &Context, values: &Values) -> Tenant {
    let store = context.object_store();
    Tenant {
        metadata: kept(context.meta(context.fullname()), values.keep),
        spec: TenantSpec {
            image: Some(context.image(&values.image)),
            image_pull_policy: Some(values.image.pull_policy.as_str().into()),
            image_pull_secret: values
                .image_pull_secret
                .as_deref()
                .map(|name| LocalObjectReference { name: name.into() }),
            configuration: LocalObjectReference {
                name: store.access_key.name,
            },
            env: monitoring::metrics(context, values.metrics.public).then(metrics::public),
            pools: values
                .pools
                .iter()
                .map(|item| pool(context, values, item))
                .collect(),
            pools_metadata: Some(ObjectLabels {
                labels: Some(context.pod_labels(&values.pod_labels)),
                annotations: non_empty(&*values.pod_annotations),
            }),
            buckets: Some(buckets(
                &store.audio_bucket,
                &store.model_bucket,
                &values.extra_buckets,
            )),
            // SPIRA's programs speak no TLS to the object store (SPIRA contract B2).
            request_auto_cert: Some(false),
            service_metadata: Some(ServiceMetadata {
                minio_service_labels: Some(context.pod_labels(&Labels::default())),
            }),
            pod_management_policy: Some(
                match values.pod_management_policy {
                    PodManagementPolicy::Parallel => "Parallel",
                    PodManagementPolicy::OrderedReady => "OrderedReady",
                }
                .into(),
            ),
            priority_class_name: values.priority_class_name.as_deref().map(str::to_owned),
        },
    }
}

fn traffic(context: &Context, values: &Values) -> Traffic<'static> {
    Traffic {
        metrics: monitoring::metrics(context, values.metrics.public).then_some(MINIO_PORT),
        faulty_names: values.chaos.dns.enabled,
        ..Traffic::default()
    }
}

fn buckets(audio: &str, models: &str, extra: &[BucketName]) -> Vec<Bucket> {
    let bucket = |name: &str| Bucket { name: name.into() };
    let mut buckets = vec![bucket(audio), bucket(models)];
    buckets.extend(extra.iter().map(|name| bucket(name)));
    buckets
}

/// The budget over the servers.
#[must_use]
pub fn pod_disruption_budget(context: &Context, values: &Values) -> PodDisruptionBudget {
    values
        .pod_disruption_budget
        .pod_disruption_budget(context, context.fullname())
}
