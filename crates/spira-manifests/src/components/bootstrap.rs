//! What SPIRA needs before anybody uses it: indexes, the first user, hospitals, the model's
//! document, buckets, and a version of the model.
//!
//! SPIRA's own bootstrap runs at each start of a pod, doubles what is there and ignores the
//! password (SPIRA contract B8). This one is a Job with scripts that may run again, and twice at
//! once, inside SPIRA's own images. It is no hook of Helm: inference servers become ready only
//! once the model is there, so `helm install --wait` would wait for ever for what a hook would do
//! after it.

pub mod rules;

use std::collections::BTreeMap;

use k8s_openapi::api::{
    batch::v1::{Job, JobSpec},
    core::v1::{
        ConfigMap, Container, EnvVar, PodTemplateSpec, ResourceRequirements, Secret, ServiceAccount,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Context, Object,
    connections::PASSWORD,
    kit::{
        Email, HospitalName, Image, Own, Password, Positive, PullPolicy, Quantity, Workload,
        env::{config_map as from_config_map, secret},
        monitoring, non_empty, security, workload_values,
    },
    program::{self, HASH_SCHEME},
    wiring::Traffic,
};

/// What it is.
pub const DESCRIPTION: &str =
    "The first user, the hospitals, indexes, buckets and a first version of the model";
/// The version of the API server, in whose image the data is made.
pub const APP_VERSION: &str = "v0.1.19";

const DATA: &str = "bootstrap_data.py";
const MODEL: &str = "bootstrap_model.py";

workload_values! {
    /// The values of `bootstrap`.
    pub struct Values {
        /// Whether a Job makes at each install and upgrade what SPIRA needs and what is not there.
        pub enabled: bool = true,
        /// The password of the first user, `global.user.username`; unset, the live Secret's, else
        /// a generated one. The user gets it at each upgrade, whatever it was before.
        pub password: Option<Password> = None,
        /// The first user's e-mail address.
        pub email: Email = "spira@example.org".parse().expect("a constant address"),
        /// The hospitals that users choose from. One that is there already stays, also when it
        /// is taken off this list.
        pub hospitals: Vec<HospitalName> = Vec::new(),
        /// A first version of the model.
        pub stub_model: StubModel = StubModel::default(),
        /// Seconds that each script waits for the services it needs before it fails and is
        /// started again.
        pub wait_timeout_seconds: Positive = Positive::try_from(600).expect("above 0"),
        /// How often the scripts may fail in all before the Job is given up. Each upgrade starts
        /// another one.
        pub backoff_limit: Positive = Positive::try_from(10).expect("above 0"),
        /// How much temporary files may take.
        pub tmp_size: Quantity = "1Gi".parse().expect("a constant quantity"),
    }
    with {
        let mut workload = Workload::new("uspcodelab/spira-api", Some("latest"));
        // What `latest` names changes.
        workload.image.pull_policy = PullPolicy::Always;
        workload.resources = security::resources(
            &[("cpu", "50m"), ("memory", "128Mi")],
            &[("cpu", "1"), ("memory", "256Mi")],
        );
        workload
    };
}

/// A first version of the model, which has inference servers start before the real one is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StubModel {
    /// Whether a stub is registered, and promoted to `global.model.version`, where the registry
    /// has no such version. Its diagnosis says that it is none.
    pub enabled: bool,
    /// The image that it is made in: the one of `inference-server`, which must be able to load it.
    pub image: Image,
    /// CPU and memory that the container is given and may use.
    pub resources: ResourceRequirements,
}

impl Default for StubModel {
    fn default() -> Self {
        let valid = "a component's default is a constant that its tests read";
        Self {
            enabled: true,
            image: Image {
                registry: None,
                repository: "uspcodelab/spira-model-server".parse().expect(valid),
                tag: Some("v0.1.6-beta16".parse().expect(valid)),
                digest: None,
                pull_policy: PullPolicy::IfNotPresent,
            },
            resources: security::resources(
                &[("cpu", "100m"), ("memory", "512Mi")],
                &[("cpu", "1"), ("memory", "1Gi")],
            ),
        }
    }
}

/// The objects of the bootstrap.
#[must_use]
pub fn objects(context: &Context, values: &Values) -> Vec<Object> {
    let mut objects = Vec::new();
    if values.service_account.create {
        objects.push(Object::new(&service_account(context, values)));
    }
    if context.global.user.existing_secret.is_none() {
        objects.push(Object::new(&user_secret(context, values)));
    }
    objects.push(Object::new(&config_map(context, values)));
    objects.push(Object::new(&scripts_config_map(context)));
    objects.push(Object::new(&job(context, values)));
    objects.extend(context.network_policies(&context.fullname(), &Traffic::default()));
    if monitoring::rules(context) {
        objects.push(Object::new(&rules::prometheus_rule(context)));
    }
    objects.extend(values.workload().extra_objects());
    objects
}

/// The account that the pod runs under.
#[must_use]
pub fn service_account(context: &Context, values: &Values) -> ServiceAccount {
    values
        .service_account
        .service_account(context, &context.fullname())
}

/// The first user's password.
#[must_use]
pub fn user_secret(context: &Context, values: &Values) -> Secret {
    let name = context.user_secret_name();
    let password = context.intrinsics().credential(
        &name,
        PASSWORD,
        values.password.as_deref(),
        context.global.secrets.generate,
        "bootstrap.password",
    );
    Secret {
        metadata: context.secret_meta(name),
        string_data: Some(BTreeMap::from([(PASSWORD.to_owned(), password)])),
        type_: Some("Opaque".into()),
        ..Secret::default()
    }
}

/// The configuration of the scripts.
#[must_use]
pub fn config_map(context: &Context, values: &Values) -> ConfigMap {
    ConfigMap {
        metadata: context.meta(config_name(context)),
        data: Some(data(context, values)),
        ..ConfigMap::default()
    }
}

/// The scripts.
#[must_use]
pub fn scripts_config_map(context: &Context) -> ConfigMap {
    program::scripts(
        context,
        &[
            (DATA, include_str!("../scripts/bootstrap_data.py")),
            (MODEL, include_str!("../scripts/bootstrap_model.py")),
        ],
    )
}

/// The Job, which has another name at each install and upgrade.
#[must_use]
pub fn job(context: &Context, values: &Values) -> Job {
    let template = template(context, values);
    let suffix = context.intrinsics().job_suffix(&template);
    Job {
        metadata: context.meta(format!("{}-{suffix}", context.fullname())),
        spec: Some(JobSpec {
            backoff_limit: Some(values.backoff_limit.get()),
            template,
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

fn template(context: &Context, values: &Values) -> PodTemplateSpec {
    let object = format!("ConfigMap/{}", config_name(context));
    let checksum = context
        .intrinsics()
        .checksum(&object, &data(context, values));
    let chart = context.intrinsics().chart_label("bootstrap");
    values.workload().pod(
        context,
        &context.fullname(),
        Own {
            // Another configuration, or the scripts of another chart, are another Job.
            annotations: BTreeMap::from([
                ("checksum/config".to_owned(), checksum),
                ("helm.sh/chart".to_owned(), chart),
            ]),
            container: data_container(context, values),
            more_containers: values
                .stub_model
                .enabled
                .then(|| model_container(context, values))
                .into_iter()
                .collect(),
            volumes: program::volumes(context, &values.tmp_size),
            restart_policy: Some("OnFailure"),
            ..Own::default()
        },
    )
}

fn data_container(context: &Context, values: &Values) -> Container {
    let user = context.user();
    let mut env = vec![
        secret("M_CONN_URL", &context.mongodb().secret),
        secret("BOOTSTRAP_MONGO_PASSWORD", &user.password),
    ];
    env.extend(context.object_store().spira_keys());
    env.extend(program::environment());
    container("data", DATA, context, values, env)
}

fn model_container(context: &Context, values: &Values) -> Container {
    let model = &values.stub_model;
    let mut env = context.object_store().aws_keys();
    env.extend(program::environment());
    Container {
        image: Some(context.image(&model.image)),
        image_pull_policy: Some(model.image.pull_policy.as_str().into()),
        resources: non_empty(&model.resources),
        ..container("model", MODEL, context, values, env)
    }
}

fn container(
    name: &str,
    script: &str,
    context: &Context,
    values: &Values,
    env: Vec<EnvVar>,
) -> Container {
    Container {
        name: name.into(),
        command: Some(vec![
            "python3".to_owned(),
            program::script(script),
            values.wait_timeout_seconds.to_string(),
        ]),
        env: Some(env),
        env_from: Some(vec![from_config_map(config_name(context))]),
        volume_mounts: Some(program::mounts()),
        ..Container::default()
    }
}

fn data(context: &Context, values: &Values) -> BTreeMap<String, String> {
    let store = context.object_store();
    let model = context.model();
    [
        ("context_scheme", HASH_SCHEME.to_owned()),
        ("BOOTSTRAP_MONGO_USER", context.user().username),
        ("BOOTSTRAP_EMAIL", values.email.to_string()),
        ("BOOTSTRAP_HOSPITALS", hospitals(context, values)),
        ("BOOTSTRAP_MODEL_NAME", model.name),
        ("BOOTSTRAP_MODEL_CHANNEL", model.topic),
        ("minio_conn_url", store.host_port),
        ("bucket_name", store.audio_bucket),
        ("MLFLOW_BUCKET_NAME", store.model_bucket),
        ("MLFLOW_S3_ENDPOINT_URL", store.url),
        ("mlflow_conn_url", context.mlflow().url),
        ("model_path", model.path),
    ]
    .into_iter()
    .chain(context.mongodb().settings())
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// The names as a list in JSON: none of them has a character that would need an escape.
fn hospitals(context: &Context, values: &Values) -> String {
    if values.hospitals.is_empty() {
        return "[]".to_owned();
    }
    let names: Vec<String> = values.hospitals.iter().map(ToString::to_string).collect();
    format!("[\"{}\"]", context.intrinsics().join(&names, "\", \""))
}

fn config_name(context: &Context) -> String {
    format!("{}-env", context.fullname())
}
