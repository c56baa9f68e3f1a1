//! The reference's own integration tests, in its test images.
//!
//! They drop the database that they are given, before and after each test, and empty and remove the
//! bucket `test-bucket`. So they get a database of their own, and there are none without it.

use k8s_openapi::api::core::v1::{Container, EnvVar, Pod};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Values;
use crate::{
    Context, Object,
    kit::{
        Image, Own, Positive, PullPolicy, Turn,
        env::{literal, secret},
        non_empty, test_pod, volumes,
    },
    program::{self, HASH_SCHEME},
};

/// The reference's own integration tests: of the API server's adapters to MongoDB, NATS and the object
/// store, and of the inference server's to NATS and the object store. Beside the database they touch the
/// bucket `test-bucket`, which they empty and remove, and the NATS subjects `fake_topic` and
/// `fake_topic_2`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntegrationTests {
    /// The image with the API server's tests.
    pub api_server_image: Image,
    /// The image with the inference server's tests.
    pub inference_server_image: Image,
    /// Seconds after which a test counts as failed, the start of its pod included.
    pub deadline_seconds: Positive,
}

impl Default for IntegrationTests {
    fn default() -> Self {
        Self {
            api_server_image: image("uspcodelab/spira-api-test", "v0.1.9"),
            inference_server_image: image("uspcodelab/spira-model-server-test", "v0.1.4"),
            deadline_seconds: Positive::try_from(900).expect("above 0"),
        }
    }
}

fn image(repository: &str, tag: &str) -> Image {
    let valid = "a component's default is a constant that its tests read";
    Image {
        registry: None,
        repository: repository.parse().expect(valid),
        tag: Some(tag.parse().expect(valid)),
        digest: None,
        pull_policy: PullPolicy::IfNotPresent,
    }
}

pub(super) fn objects(context: &Context, values: &Values) -> Vec<Object> {
    match context.mongodb().integration_test_database {
        Some(database) => vec![
            Object::new(&api_server_tests_pod(context, values, database)),
            Object::new(&inference_server_tests_pod(context, values)),
        ],
        None => Vec::new(),
    }
}

/// The API server's tests, against a database that they drop.
#[must_use]
pub fn api_server_tests_pod(context: &Context, values: &Values, database: String) -> Pod {
    let mut env = vec![
        secret("M_CONN_URL", &context.mongodb().secret),
        literal("DATABASE_NAME", database),
    ];
    env.extend(
        [
            ("user_collection_name", "users"),
            ("inference_collection_name", "inferences"),
            ("model_collection_name", "models"),
            ("result_collection_name", "results"),
            ("key", "for-tests-only"),
            ("algorithm", "HS256"),
            ("expire_time", "30"),
            ("context_scheme", HASH_SCHEME),
            ("deprecated", "auto"),
            ("CLIENT_URL", "*"),
            // The tests look for their recordings under this extension.
            ("file_extension", ".wav"),
        ]
        .map(|(name, value)| literal(name, value)),
    );
    env.extend(connections(context));
    let image = &values.integration_tests.api_server_image;
    pod(context, values, "api-server", "3", image, &env)
}

/// The inference server's tests.
#[must_use]
pub fn inference_server_tests_pod(context: &Context, values: &Values) -> Pod {
    let mut env = vec![
        literal("receiving_channel", "integration_tests"),
        literal("default_extension", ".wav"),
        // Read, and never asked.
        literal("mlflow_conn_url", context.mlflow().url),
        literal("model_path", context.model().path),
    ];
    env.extend(connections(context));
    let image = &values.integration_tests.inference_server_image;
    pod(context, values, "inference", "4", image, &env)
}

fn connections(context: &Context) -> Vec<EnvVar> {
    let store = context.object_store();
    let mut env = match context.nats().login {
        Some(_) => program::nats_login(context),
        None => vec![literal("nats_conn_url", context.nats().url())],
    };
    env.extend(store.spira_keys());
    env.extend([
        literal("minio_conn_url", store.host_port),
        literal("bucket_name", "test-bucket"),
        literal("loop_interval", "0.01"),
        literal("central_channel", "integration_tests"),
        literal("PYTHONPATH", "."),
    ]);
    env.extend(program::environment());
    env
}

fn pod(
    context: &Context,
    values: &Values,
    name: &str,
    weight: &'static str,
    image: &Image,
    env: &[EnvVar],
) -> Pod {
    let mut workload = values.workload();
    workload.image = image.clone();
    let template = workload.pod(
        context,
        &context.fullname(),
        Own {
            container: Container {
                name: "pytest".into(),
                // The image's file system cannot be written, so pytest keeps nothing of a run.
                command: Some(
                    "python3 -m pytest -p no:cacheprovider tests/integration_tests"
                        .split(' ')
                        .map(str::to_owned)
                        .collect(),
                ),
                env: non_empty(&env.to_vec()),
                volume_mounts: Some(vec![volumes::mount("tmp", "/tmp", false)]),
                ..Container::default()
            },
            volumes: vec![volumes::empty_dir("tmp", values.tmp_size.to_string())],
            ..Own::default()
        },
    );
    let turn = Turn {
        weight,
        deadline: values.integration_tests.deadline_seconds,
    };
    let name = format!("{}-{name}", context.fullname());
    test_pod(context, name, turn, &values.pod_labels, template)
}
