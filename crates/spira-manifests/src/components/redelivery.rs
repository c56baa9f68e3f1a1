//! Redelivery: publishes again what SPIRA has acknowledged and not completed.
//!
//! NATS keeps nothing, so a request or a result that meets a pod which just died is gone: with one
//! pod of each and NATS killed five times, 27 of 393 acknowledged inferences were never completed
//! (SPIRA contract B5). SPIRA's programs cannot be changed, so a program of ours looks in MongoDB
//! for what was left over. All that its messages set going is idempotent.

pub mod dashboard;
pub mod faults;
pub mod metrics;
pub mod rules;

use std::collections::BTreeMap;

use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentSpec},
    core::v1::{ConfigMap, Container, ContainerPort, EnvVar, ServiceAccount},
    policy::v1::PodDisruptionBudget,
};

use crate::{
    Context, Object,
    kit::{
        Chaos, Disruption, Own, Positive, PullPolicy, Quantity, Replicas, Workload,
        chaos::PodKill,
        env::{config_map as from_config_map, secret},
        monitoring,
        probes::{self, Pace},
        security, workload_values,
    },
    program,
    wiring::Traffic,
};

/// What it is.
pub const DESCRIPTION: &str =
    "Redelivery: no acknowledged inference is lost, whatever pods die meanwhile";
/// The version of the image it runs in, the API server's.
pub const APP_VERSION: &str = "v0.1.19";

/// The port of its metrics.
const PORT: i32 = 9464;
/// Its name.
const PORT_NAME: &str = "metrics";

workload_values! {
    /// The values of `redelivery`.
    pub struct Values {
        /// Whether it is installed. Without it acknowledged inferences are lost when pods of NATS,
        /// the inference server or the API server die.
        pub enabled: bool = true,
        /// How many pods run. Two share the work; what one has tried the other does not try too.
        pub replicas: Replicas = Replicas::try_from(2).expect("a number of pods"),
        /// Seconds after which an inference that is not complete counts as left over. While much
        /// waits the age grows by a quarter of a second for each that does, since what is only late
        /// must not be done twice.
        pub age_seconds: Positive = Positive::try_from(30).expect("above 0"),
        /// Seconds between two looks.
        pub interval_seconds: Positive = Positive::try_from(5).expect("above 0"),
        /// Seconds between the first and the second try of one inference; each further pause is
        /// twice as long, up to an hour.
        pub backoff_seconds: Positive = Positive::try_from(30).expect("above 0"),
        /// How often one inference is tried. Only tries that somebody listened to count: 30 of them
        /// take a day. After that it counts as given up, which the metrics show.
        pub max_attempts: Positive = Positive::try_from(30).expect("above 0"),
        /// How many inferences are published again and not complete at a time, by all pods together.
        /// An inference server does about four a second.
        pub max_in_flight: Positive = Positive::try_from(20).expect("above 0"),
        /// Seconds that a pod waits for MongoDB, the object store and NATS before its init container
        /// fails and starts again.
        pub wait_timeout_seconds: Positive = Positive::try_from(300).expect("above 0"),
        /// How much temporary files may take.
        pub tmp_size: Quantity = "64Mi".parse().expect("a constant quantity"),
        /// How many pods a voluntary disruption may take away at a time.
        pub pod_disruption_budget: Disruption = Disruption::default(),
        /// Faults of the pods. The reference has no redelivery, so its pods are killed only where
        /// `podKill` is turned on.
        pub chaos: Chaos<faults::Partner> = Chaos {
            pod_kill: PodKill { enabled: false, schedule: None },
            ..Chaos::default()
        },
    }
    with {
        let mut workload = Workload::new("uspcodelab/spira-api", Some("latest"));
        // What `latest` names changes.
        workload.image.pull_policy = PullPolicy::Always;
        workload.resources = security::resources(
            &[("cpu", "20m"), ("memory", "64Mi")],
            &[("memory", "256Mi")],
        );
        workload
    };
}

/// The objects of redelivery.
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
    if monitoring::monitors(context) {
        objects.push(Object::new(&metrics::pod_monitor(context)));
    }
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

/// The program, and what waits for its services.
#[must_use]
pub fn scripts_config_map(context: &Context) -> ConfigMap {
    program::scripts(context, SCRIPTS)
}

const SCRIPTS: &[(&str, &str)] = &[
    ("exposition.py", include_str!("../scripts/exposition.py")),
    ("redeliver.py", include_str!("../scripts/redeliver.py")),
    ("wait.py", include_str!("../scripts/wait.py")),
];

/// The pods.
#[must_use]
pub fn deployment(context: &Context, values: &Values) -> Deployment {
    Deployment {
        metadata: context.meta(context.fullname()),
        spec: Some(DeploymentSpec {
            replicas: Some(values.replicas.get()),
            selector: context.selector(),
            template: values.workload().pod(
                context,
                &context.fullname(),
                Own {
                    annotations: BTreeMap::from([
                        (
                            "checksum/config".to_owned(),
                            config_checksum(context, values),
                        ),
                        // Python reads its program once.
                        (
                            "checksum/scripts".to_owned(),
                            program::checksum(context, SCRIPTS),
                        ),
                    ]),
                    container: container(context),
                    init_containers: vec![program::wait_container(
                        &["mongodb", "object-store", "nats"],
                        values.wait_timeout_seconds,
                        &connection_environment(context),
                        from_config_map(config_name(context)),
                    )],
                    volumes: program::volumes(context, &values.tmp_size),
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
        metrics: Some(PORT),
        faulty_names: values.chaos.dns.enabled,
        ..Traffic::default()
    }
}

fn container(context: &Context) -> Container {
    Container {
        name: "redelivery".into(),
        command: Some(vec!["python3".into(), program::script("redeliver.py")]),
        env: Some(environment(context)),
        env_from: Some(vec![from_config_map(config_name(context))]),
        ports: Some(vec![ContainerPort {
            name: Some(PORT_NAME.into()),
            container_port: PORT,
            ..ContainerPort::default()
        }]),
        startup_probe: Some(probes::http(PORT_NAME, "/healthz", pace(2, 30))),
        // No other pod sends it anything, so whether it is ready matters to nobody: it has started.
        // A round that does not end, however long the services make it wait, never will.
        liveness_probe: Some(probes::http(PORT_NAME, "/healthz", pace(10, 3))),
        volume_mounts: Some(program::mounts()),
        ..Container::default()
    }
}

fn connection_environment(context: &Context) -> Vec<EnvVar> {
    let mut environment = vec![secret("M_CONN_URL", &context.mongodb().secret)];
    environment.extend(program::nats_login(context));
    environment
}

fn environment(context: &Context) -> Vec<EnvVar> {
    let mut environment = connection_environment(context);
    environment.extend(context.object_store().spira_keys());
    environment.extend(program::environment());
    environment
}

fn data(context: &Context, values: &Values) -> BTreeMap<String, String> {
    let store = context.object_store();
    [
        ("nats_conn_url", context.nats().url()),
        ("minio_conn_url", store.host_port),
        ("bucket_name", store.audio_bucket),
        ("file_extension", context.global.file_extension.to_string()),
        ("REDELIVERY_AGE_SECONDS", values.age_seconds.to_string()),
        (
            "REDELIVERY_INTERVAL_SECONDS",
            values.interval_seconds.to_string(),
        ),
        (
            "REDELIVERY_BACKOFF_SECONDS",
            values.backoff_seconds.to_string(),
        ),
        ("REDELIVERY_MAX_ATTEMPTS", values.max_attempts.to_string()),
        ("REDELIVERY_MAX_IN_FLIGHT", values.max_in_flight.to_string()),
        ("REDELIVERY_PORT", PORT.to_string()),
    ]
    .into_iter()
    .chain(context.mongodb().settings())
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
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
