//! NATS: a cluster of servers that carries requests to the inference servers and results back.
//!
//! SPIRA uses core NATS only: nothing is stored or acknowledged, so what makes a loss rare is that
//! servers stop gently (lame-duck mode) and come back fast (SPIRA contract B5).

pub mod config;
pub mod dashboard;
pub mod faults;
pub mod metrics;
pub mod nats_box;
pub mod rules;
pub mod services;

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{StatefulSet, StatefulSetSpec},
        core::v1::{
            Container, ContainerPort, EnvVar, PersistentVolumeClaim, PersistentVolumeClaimSpec,
            Secret, ServiceAccount, VolumeMount, VolumeResourceRequirements,
        },
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    config::config_map,
    metrics::MetricsValues,
    nats_box::{NatsBox, nats_box_deployment},
    services::{headless_service, service},
};
use crate::{
    Context, Object,
    connections::PASSWORD,
    kit::{
        Chaos, Disruption, ObjectName, Own, Replicas, Seconds, StorageSize, UrlPassword, Workload,
        env::{field, literal, secret},
        monitoring,
        probes::{self, Pace},
        security, volumes, workload_values,
    },
    wiring::{NATS_CLUSTER_PORT as CLUSTER_PORT, Traffic},
};

/// What it is.
pub const DESCRIPTION: &str =
    "NATS, the message broker between SPIRA's API servers and inference servers";
/// The version of NATS.
pub const APP_VERSION: &str = "2.15.2";

/// The port of the monitoring endpoint, which probes ask.
const MONITOR_PORT: u16 = 8222;

workload_values! {
    /// The values of `nats`.
    pub struct Values {
        /// Whether NATS is installed; where it is not, `global.connections.nats.host` names another.
        pub enabled: bool = true,
        /// How many pods run.
        pub replicas: Replicas = Replicas::try_from(3).expect("a number of pods"),
        /// The password of clients, used where `global.connections.nats.auth` is enabled
        /// and names no Secret; unset, the live Secret's, else a generated one.
        pub password: Option<UrlPassword> = None,
        /// Storage of messages. SPIRA does not use it.
        pub jetstream: Jetstream = Jetstream::default(),
        /// Metrics for Prometheus.
        pub metrics: MetricsValues = MetricsValues::default(),
        /// How many servers a voluntary disruption may take away at a time.
        pub pod_disruption_budget: Disruption = Disruption::default(),
        /// Faults of the pods.
        pub chaos: Chaos<faults::Partner> = Chaos::default(),
        /// A pod with the command line client, for people.
        pub nats_box: NatsBox = NatsBox::default(),
    }
    with Workload {
        resources: security::resources(
            &[("cpu", "50m"), ("memory", "64Mi")],
            &[("memory", "256Mi")],
        ),
        // The servers need 30 s in lame-duck mode and up to 10 s before it.
        termination_grace_period_seconds: Seconds::try_from(60).expect("60 s is a span"),
        ..Workload::new("nats", None)
    };
}

/// Storage of messages (`JetStream`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jetstream {
    /// Whether it is on. Kubernetes refuses to change it later: the StatefulSet must go first.
    pub enabled: bool,
    /// How much memory streams may take on each server; the memory limit must leave room for it.
    pub memory: StorageSize,
    /// The size of each server's volume, and how much of it streams may take.
    pub size: StorageSize,
    /// The storage class of the volumes; unset, `global.storageClass`.
    pub storage_class: Option<ObjectName>,
}

impl Default for Jetstream {
    fn default() -> Self {
        let size = |text: &str| text.parse().expect("a constant size");
        Self {
            enabled: false,
            memory: size("64Mi"),
            size: size("10Gi"),
            storage_class: None,
        }
    }
}

/// The objects of NATS.
#[must_use]
pub fn objects(context: &Context, values: &Values) -> Vec<Object> {
    let mut objects = Vec::new();
    let auth = &context.global.connections.nats.auth;
    if values.service_account.create {
        objects.push(Object::new(&service_account(context, values)));
    }
    objects.push(Object::new(&config_map(context, values)));
    if auth.enabled && auth.existing_secret.is_none() {
        objects.push(Object::new(&auth_secret(context, values)));
    }
    objects.push(Object::new(&headless_service(context)));
    objects.push(Object::new(&service(context)));
    objects.push(Object::new(&stateful_set(context, values)));
    if values.pod_disruption_budget.enabled {
        objects.push(Object::new(&pod_disruption_budget(context, values)));
    }
    objects.extend(context.network_policies(&context.fullname(), &traffic(context, values)));
    if monitoring::monitors(context) {
        objects.push(Object::new(&metrics::pod_monitor(context)));
    }
    if monitoring::rules(context) {
        objects.push(Object::new(&rules::prometheus_rule(context, values)));
    }
    if monitoring::has_dashboards(context) {
        objects.push(Object::new(&dashboard::dashboard(context)));
    }
    objects.extend(values.chaos.schedules(context, &faults::pods(context)));
    objects.extend(values.workload().extra_objects());
    if values.nats_box.enabled {
        objects.extend(nats_box::objects(context, &values.nats_box));
    }
    objects
}

/// The account that the servers run under.
#[must_use]
pub fn service_account(context: &Context, values: &Values) -> ServiceAccount {
    values
        .service_account
        .service_account(context, &context.fullname())
}

/// The password of clients.
#[must_use]
pub fn auth_secret(context: &Context, values: &Values) -> Secret {
    let name = context.nats_secret_name();
    Secret {
        metadata: context.secret_meta(name.clone()),
        string_data: Some(BTreeMap::from([(
            PASSWORD.to_owned(),
            context.intrinsics().credential(
                &name,
                PASSWORD,
                values.password.as_deref(),
                context.global.secrets.generate,
                "nats.password",
            ),
        )])),
        type_: Some("Opaque".into()),
        ..Secret::default()
    }
}

/// The servers.
#[must_use]
pub fn stateful_set(context: &Context, values: &Values) -> StatefulSet {
    StatefulSet {
        metadata: context.meta(context.fullname()),
        spec: Some(StatefulSetSpec {
            // All at once: the servers of a cluster need no order, and none is ready alone.
            pod_management_policy: Some("Parallel".into()),
            replicas: Some(values.replicas.get()),
            selector: context.selector(),
            service_name: Some(services::headless_name(context)),
            template: values.workload().pod(
                context,
                &context.fullname(),
                Own {
                    annotations: checksums(context, values),
                    container: container(context, values),
                    more_containers: exporter(context, values),
                    volumes: vec![volumes::config_map("config", config::name(context))],
                    ..Own::default()
                },
            ),
            volume_claim_templates: values
                .jetstream
                .enabled
                .then(|| vec![data_volume_claim(context, values)]),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    }
}

/// The budget over the servers.
#[must_use]
pub fn pod_disruption_budget(context: &Context, values: &Values) -> PodDisruptionBudget {
    values
        .pod_disruption_budget
        .pod_disruption_budget(context, context.fullname())
}

fn traffic(context: &Context, values: &Values) -> Traffic<'static> {
    Traffic {
        metrics: monitoring::metrics(context, values.metrics.enabled).then_some(metrics::PORT),
        faulty_names: values.chaos.dns.enabled,
        ..Traffic::default()
    }
}

fn checksums(context: &Context, values: &Values) -> BTreeMap<String, String> {
    let mut checksums = BTreeMap::from([(
        "checksum/config".to_owned(),
        config::checksum(context, values),
    )]);
    // Of a given password only: a generated one differs between two renderings.
    if let Some(password) = &values.password {
        checksums.insert(
            "checksum/password".to_owned(),
            context.intrinsics().sha256(password),
        );
    }
    checksums
}

fn exporter(context: &Context, values: &Values) -> Vec<Container> {
    let wanted = monitoring::metrics(context, values.metrics.enabled);
    let container = wanted.then(|| metrics::container(context, &values.metrics));
    container.into_iter().collect()
}

fn container(context: &Context, values: &Values) -> Container {
    Container {
        name: "nats".into(),
        args: Some(vec!["--config".into(), "/etc/nats/nats.conf".into()]),
        env: Some(environment(context)),
        // The server is process 1 of its container. In lame-duck mode it closes connections a
        // few at a time, ignores the SIGTERM that follows, and exits by itself.
        lifecycle: Some(probes::before_stop(vec![
            "nats-server".into(),
            "--signal".into(),
            "ldm=1".into(),
        ])),
        ports: Some(vec![
            container_port("nats", context.nats().port),
            container_port("cluster", CLUSTER_PORT),
            container_port("monitor", MONITOR_PORT),
        ]),
        // No delay before the first try: a server that was killed is back within seconds. Five
        // minutes are for the recovery of large streams.
        startup_probe: Some(probes::http("monitor", "/healthz", pace(2, 150))),
        readiness_probe: Some(probes::http(
            "monitor",
            "/healthz?js-server-only=true",
            pace(5, 3),
        )),
        liveness_probe: Some(probes::http(
            "monitor",
            "/healthz?js-enabled-only=true",
            pace(10, 3),
        )),
        volume_mounts: Some(mounts(values)),
        ..Container::default()
    }
}

// NATS reads the value of a variable as it reads the file, so a name or password that looks like
// a number would not stay text: hence the quotes.
fn environment(context: &Context) -> Vec<EnvVar> {
    let mut environment = vec![
        field("POD_NAME", "metadata.name"),
        literal("SERVER_NAME", r#""$(POD_NAME)""#),
    ];
    if let Some(login) = context.nats().login {
        environment.push(secret("PASSWORD", &login.password));
        environment.push(literal("CLIENT_PASSWORD", r#""$(PASSWORD)""#));
    }
    environment
}

fn mounts(values: &Values) -> Vec<VolumeMount> {
    let mut mounts = vec![volumes::mount("config", "/etc/nats", true)];
    if values.jetstream.enabled {
        mounts.push(volumes::mount("data", config::STORE, false));
    }
    mounts
}

fn data_volume_claim(context: &Context, values: &Values) -> PersistentVolumeClaim {
    let own = values.jetstream.storage_class.as_deref();
    PersistentVolumeClaim {
        // Kubernetes refuses any later change here, so there are no labels that could change.
        metadata: ObjectMeta {
            name: Some("data".into()),
            labels: Some(context.selector_labels()),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".into()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([(
                    "storage".to_owned(),
                    Quantity(values.jetstream.size.to_string()),
                )])),
                ..VolumeResourceRequirements::default()
            }),
            storage_class_name: own
                .or(context.global.storage_class.as_deref())
                .map(str::to_owned),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}

fn pace(period: i32, failures: i32) -> Pace {
    Pace {
        period,
        timeout: 5,
        failures,
    }
}

fn container_port(name: &str, number: u16) -> ContainerPort {
    ContainerPort {
        name: Some(name.into()),
        container_port: number.into(),
        ..ContainerPort::default()
    }
}
