//! The inference server: takes requests from NATS, reads the recordings, predicts, and publishes
//! the result (SPIRA contract B3).
//!
//! Every pod takes every request, so more pods mean fewer lost requests and not more throughput:
//! there is no autoscaler. Nothing listens on a port: there is no Service.
//!
//! It has no metrics either, and its program may not be changed. What stands in for them: whether
//! each pod listens, from NATS's `nats_connz_subscriptions`, by the pod's address; what was asked and
//! not answered, from redelivery's `spira_inferences_waiting` and `spira_inferences`; restarts and
//! readiness, from kube-state-metrics; CPU and memory, from the kubelet.

pub mod rules;

pub mod faults;

pub mod dashboard;

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        core::v1::{ConfigMap, Container, EnvVar, ServiceAccount},
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{
    Context, Object,
    kit::{
        Chaos, DecimalSeconds, Disruption, Own, Positive, Quantity, Replicas, Workload,
        env::config_map as from_config_map, monitoring, probes::Pace, security, workload_values,
    },
    program::{self, scripts_config_map},
    wiring::Traffic,
};

/// What it is.
pub const DESCRIPTION: &str = "SPIRA's inference server";
/// The version of the inference server.
pub const APP_VERSION: &str = "v0.1.6-beta16";

workload_values! {
    /// The values of `inference-server`.
    pub struct Values {
        /// Whether the inference server is installed.
        pub enabled: bool = true,
        /// How many pods run.
        pub replicas: Replicas = Replicas::try_from(3).expect("a number of pods"),
        /// Seconds between two looks for messages from NATS, as a quoted decimal.
        pub loop_interval: DecimalSeconds = "0.01".parse().expect("a constant decimal"),
        /// Seconds that a pod waits for MinIO, the model in MLflow and NATS before its init
        /// container fails and starts again.
        pub wait_timeout_seconds: Positive = Positive::try_from(300).expect("above 0"),
        /// How much temporary files may take: the model is downloaded there.
        pub tmp_size: Quantity = "2Gi".parse().expect("a constant quantity"),
        /// How many pods a voluntary disruption may take away at a time.
        pub pod_disruption_budget: Disruption = Disruption::default(),
        /// Faults of the pods.
        pub chaos: Chaos<faults::Partner> = Chaos::default(),
    }
    with Workload {
        // Without NATS the program can spin at full CPU (SPIRA contract B7): the limit bounds it.
        resources: security::resources(
            &[("cpu", "200m"), ("memory", "512Mi")],
            &[("cpu", "1"), ("memory", "2Gi")],
        ),
        ..Workload::new("uspcodelab/spira-model-server", None)
    };
}

/// The objects of the inference server.
#[must_use]
pub fn objects(context: &Context, values: &Values) -> Vec<Object> {
    let mut objects = Vec::new();
    if values.service_account.create {
        objects.push(Object::new(&service_account(context, values)));
    }
    objects.push(Object::new(&config_map(context, values)));
    objects.push(Object::new(&scripts_config_map(context)));
    objects.push(Object::new(&deployment(context, values)));
    if values.pod_disruption_budget.enabled {
        objects.push(Object::new(&pod_disruption_budget(context, values)));
    }
    objects.extend(context.network_policies(&context.fullname(), &traffic(values)));
    if monitoring::rules(context) {
        objects.push(Object::new(&rules::prometheus_rule(context)));
    }
    if monitoring::has_dashboards(context) {
        objects.push(Object::new(&dashboard::dashboard(context)));
    }
    objects.extend(values.chaos.schedules(context, &faults::pods(context)));
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

/// The configuration of the program.
#[must_use]
pub fn config_map(context: &Context, values: &Values) -> ConfigMap {
    ConfigMap {
        metadata: context.meta(config_name(context)),
        data: Some(data(context, values)),
        ..ConfigMap::default()
    }
}

/// The pods.
#[must_use]
pub fn deployment(context: &Context, values: &Values) -> Deployment {
    Deployment {
        metadata: context.meta(context.fullname()),
        spec: Some(DeploymentSpec {
            replicas: Some(values.replicas.get()),
            selector: context.selector(),
            // A request is lost unless some pod listens at that moment: a new one first.
            strategy: Some(DeploymentStrategy {
                rolling_update: Some(RollingUpdateDeployment {
                    max_surge: Some(IntOrString::Int(1)),
                    max_unavailable: Some(IntOrString::Int(0)),
                }),
                type_: Some("RollingUpdate".into()),
            }),
            template: values.workload().pod(
                context,
                &context.fullname(),
                Own {
                    annotations: BTreeMap::from([(
                        "checksum/config".to_owned(),
                        config_checksum(context, values),
                    )]),
                    container: container(context),
                    init_containers: vec![program::wait_container(
                        &["object-store", "model", "nats"],
                        values.wait_timeout_seconds,
                        &program::nats_login(context),
                        from_config_map(config_name(context)),
                    )],
                    volumes: program::volumes(context, &values.tmp_size),
                    // As process 1 the program would ignore SIGTERM and run until it is killed.
                    share_process_namespace: true,
                    ..Own::default()
                },
            ),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// The budget over the pods.
#[must_use]
pub fn pod_disruption_budget(context: &Context, values: &Values) -> PodDisruptionBudget {
    values
        .pod_disruption_budget
        .pod_disruption_budget(context, context.fullname())
}

fn traffic(values: &Values) -> Traffic<'static> {
    Traffic {
        faulty_names: values.chaos.dns.enabled,
        ..Traffic::default()
    }
}

fn container(context: &Context) -> Container {
    Container {
        name: "inference-server".into(),
        // The image's own command cannot be run.
        command: Some(vec!["python3".into(), "main.py".into()]),
        env: Some(environment(context)),
        env_from: Some(vec![from_config_map(config_name(context))]),
        // The connection to NATS is the last thing that a start brings. Ten minutes are for a
        // MinIO that makes it wait and for the download of a large model.
        startup_probe: Some(program::link_probe(&["connected"], pace(5, 120))),
        readiness_probe: Some(program::link_probe(&["connected"], pace(10, 3))),
        // Restarts a pod that is deaf while NATS is there, which never ends by itself. Half a
        // minute is far more than the 2 s between two of its own attempts to reconnect. An outage
        // of NATS alone restarts nothing.
        liveness_probe: Some(program::link_probe(&["alive"], pace(10, 3))),
        volume_mounts: Some(program::mounts()),
        ..Container::default()
    }
}

// The server needs neither MongoDB nor the key of the tokens, so it gets neither.
fn environment(context: &Context) -> Vec<EnvVar> {
    let store = context.object_store();
    let mut environment = store.spira_keys();
    environment.extend(store.aws_keys());
    environment.extend(program::nats_login(context));
    environment.extend(program::environment());
    environment
}

fn data(context: &Context, values: &Values) -> BTreeMap<String, String> {
    let global = context.global;
    let store = context.object_store();
    let model = context.model();
    BTreeMap::from(
        [
            ("nats_conn_url", context.nats().url()),
            ("loop_interval", values.loop_interval.to_string()),
            ("receiving_channel", model.topic),
            ("central_channel", global.central_channel.to_string()),
            ("minio_conn_url", store.host_port),
            ("bucket_name", store.audio_bucket),
            ("default_extension", global.file_extension.to_string()),
            ("mlflow_conn_url", context.mlflow().url),
            ("model_path", model.path),
            // MLflow's client reads the model from the store itself.
            ("MLFLOW_S3_ENDPOINT_URL", store.url),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    )
}

fn config_name(context: &Context) -> String {
    format!("{}-env", context.fullname())
}

fn config_checksum(context: &Context, values: &Values) -> String {
    let object = format!("ConfigMap/{}", config_name(context));
    context
        .intrinsics()
        .checksum(&object, &data(context, values))
}

fn pace(period: i32, failures: i32) -> Pace {
    Pace {
        period,
        timeout: 5,
        failures,
    }
}
