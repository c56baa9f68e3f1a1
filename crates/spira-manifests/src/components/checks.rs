//! Checks: what `helm test` runs to see whether the release works.
//!
//! They are pods and not Jobs, since `helm test --logs` finds the logs of pods only, and their
//! labels are their own: no Service, budget or monitor selects them.

pub mod integration;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, Pod, ServiceAccount};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::integration::IntegrationTests;
use crate::{
    Context, Object,
    kit::{
        Own, Positive, PullPolicy, Quantity, RequestSeconds, Turn, Workload,
        env::{config_map as from_config_map, secret},
        non_empty, security, test_pod, workload_values,
    },
    program,
    wiring::Traffic,
};

/// What it is.
pub const DESCRIPTION: &str = "Tests of the release, which `helm test` runs";
/// The version of the image they run in, the API server's.
pub const APP_VERSION: &str = "v0.1.19";

workload_values! {
    /// The values of `checks`.
    pub struct Values {
        /// Whether there are tests. They run when `helm test` is called, never at an installation.
        pub enabled: bool = true,
        /// Whether every store answers.
        pub stores: Stores = Stores::default(),
        /// Whether SPIRA does what it is for.
        pub smoke: Smoke = Smoke::default(),
        /// The reference's own integration tests, which `global.connections.mongodb.integrationTestDatabase`
        /// turns on.
        pub integration_tests: IntegrationTests = IntegrationTests::default(),
        /// How much temporary files may take.
        pub tmp_size: Quantity = "64Mi".parse().expect("a constant quantity"),
    }
    with {
        let mut workload = Workload::new("uspcodelab/spira-api", Some("latest"));
        // What `latest` names changes.
        workload.image.pull_policy = PullPolicy::Always;
        workload.resources = security::resources(
            &[("cpu", "50m"), ("memory", "64Mi")],
            &[("cpu", "1"), ("memory", "256Mi")],
        );
        workload
    };
}

/// A test that MongoDB, the object store, NATS and MLflow answer to the credentials that pods get,
/// and that the registry has the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stores {
    /// Whether `helm test` runs it.
    pub enabled: bool,
    /// Seconds that the stores may take to answer.
    pub timeout_seconds: Positive,
    /// Seconds after which the test counts as failed, the start of its pod included.
    pub deadline_seconds: Positive,
}

impl Default for Stores {
    fn default() -> Self {
        Self {
            enabled: true,
            timeout_seconds: Positive::try_from(60).expect("above 0"),
            deadline_seconds: Positive::try_from(300).expect("above 0"),
        }
    }
}

/// A test that goes once through SPIRA as a user does: it logs in, lists models and hospitals, posts an
/// inference with recordings, waits until it is completed and reads the result. Each run leaves one
/// inference behind, in the hospital `smoke-test`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Smoke {
    /// Whether `helm test` runs it.
    pub enabled: bool,
    /// Seconds from the post of the inference until its result must be there.
    pub timeout_seconds: Positive,
    /// Seconds that one request may take.
    pub request_timeout_seconds: RequestSeconds,
    /// Seconds after which the test counts as failed, the start of its pod included.
    pub deadline_seconds: Positive,
}

impl Default for Smoke {
    fn default() -> Self {
        Self {
            enabled: true,
            timeout_seconds: Positive::try_from(120).expect("above 0"),
            request_timeout_seconds: RequestSeconds::try_from(30).expect("in range"),
            deadline_seconds: Positive::try_from(600).expect("above 0"),
        }
    }
}

/// The objects of the checks.
#[must_use]
pub fn objects(context: &Context, values: &Values) -> Vec<Object> {
    let mut objects = Vec::new();
    if values.service_account.create {
        objects.push(Object::new(&service_account(context, values)));
    }
    objects.push(Object::new(&config_map(context, values)));
    objects.push(Object::new(&scripts_config_map(context)));
    if values.stores.enabled {
        objects.push(Object::new(&stores_pod(context, values)));
    }
    if values.smoke.enabled {
        objects.push(Object::new(&smoke_pod(context, values)));
    }
    objects.extend(integration::objects(context, values));
    objects.extend(context.network_policies(&context.fullname(), &Traffic::default()));
    objects.extend(values.workload().extra_objects());
    objects
}

/// The account that the pods run under.
#[must_use]
pub fn service_account(context: &Context, values: &Values) -> ServiceAccount {
    values
        .service_account
        .service_account(context, &context.fullname())
}

/// Where the tests find SPIRA.
#[must_use]
pub fn config_map(context: &Context, values: &Values) -> ConfigMap {
    ConfigMap {
        metadata: context.meta(config_name(context)),
        data: Some(data(context, values)),
        ..ConfigMap::default()
    }
}

/// The scripts of the tests.
#[must_use]
pub fn scripts_config_map(context: &Context) -> ConfigMap {
    program::scripts(
        context,
        &[
            ("smoke.py", include_str!("../scripts/smoke.py")),
            ("wait.py", include_str!("../scripts/wait.py")),
        ],
    )
}

/// The test of the stores.
#[must_use]
pub fn stores_pod(context: &Context, values: &Values) -> Pod {
    let turn = Turn {
        weight: "1",
        deadline: values.stores.deadline_seconds,
    };
    let mut env = vec![secret("M_CONN_URL", &context.mongodb().secret)];
    env.extend(program::nats_login(context));
    let names = ["mongodb", "object-store", "nats", "mlflow", "model"];
    let waiting = program::wait_container(
        &names,
        values.stores.timeout_seconds,
        &env,
        from_config_map(config_name(context)),
    );
    let mut container = Container {
        name: "stores".into(),
        ..waiting
    };
    container
        .env
        .get_or_insert_default()
        .extend(program::environment());
    pod(context, values, "stores", turn, container)
}

/// The test of SPIRA as a whole.
#[must_use]
pub fn smoke_pod(context: &Context, values: &Values) -> Pod {
    let turn = Turn {
        weight: "2",
        deadline: values.smoke.deadline_seconds,
    };
    let container = Container {
        name: "smoke".into(),
        command: Some(vec!["python3".into(), program::script("smoke.py")]),
        env: non_empty(&smoke_environment(context)),
        env_from: Some(vec![from_config_map(config_name(context))]),
        volume_mounts: Some(program::mounts()),
        ..Container::default()
    };
    pod(context, values, "smoke", turn, container)
}

fn smoke_environment(context: &Context) -> Vec<EnvVar> {
    let mut env = vec![secret("SPIRA_PASSWORD", &context.user().password)];
    env.extend(program::environment());
    env
}

fn pod(context: &Context, values: &Values, name: &str, turn: Turn, container: Container) -> Pod {
    let template = values.workload().pod(
        context,
        &context.fullname(),
        Own {
            container,
            volumes: program::volumes(context, &values.tmp_size),
            ..Own::default()
        },
    );
    let name = format!("{}-{name}", context.fullname());
    test_pod(context, name, turn, &values.pod_labels, template)
}

fn data(context: &Context, values: &Values) -> BTreeMap<String, String> {
    let (store, model) = (context.object_store(), context.model());
    [
        ("nats_conn_url", context.nats().url()),
        ("minio_conn_url", store.host_port),
        ("mlflow_conn_url", context.mlflow().url),
        ("model_path", model.path),
        ("SPIRA_API_BASE_URL", context.api_server().url),
        ("SPIRA_USER", context.user().username),
        ("SPIRA_MODEL", model.name),
        (
            "SMOKE_TIMEOUT_SECONDS",
            values.smoke.timeout_seconds.to_string(),
        ),
        (
            "SMOKE_REQUEST_SECONDS",
            values.smoke.request_timeout_seconds.to_string(),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn config_name(context: &Context) -> String {
    format!("{}-env", context.fullname())
}
