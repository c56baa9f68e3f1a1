//! MLflow: the registry that the inference servers load their model from (SPIRA contract B6, C5).
//!
//! Runs and versions are in `PostgreSQL`, models in the object store, which clients read and write
//! themselves. The pods are all alike; the first one that starts brings the tables to what this
//! version wants, under a lock of the database.

pub mod dashboard;
pub mod faults;
pub mod metrics;
pub mod rules;

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        core::v1::{
            ConfigMap, Container, ContainerPort, EnvVar, Service, ServiceAccount, ServicePort,
            ServiceSpec,
        },
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Context, Object,
    connections::MLFLOW_PORT,
    kit::{
        Annotations, Chaos, Disruption, HostPattern, Own, Positive, Quantity, Replicas, Workload,
        env::literal,
        monitoring, non_empty,
        probes::{self, Pace},
        security, workload_values,
    },
    program,
    wiring::Traffic,
};

/// What it is.
pub const DESCRIPTION: &str = "MLflow, the registry of SPIRA's models";
/// The version of MLflow: its server was tested with the client 2.3.0 of SPIRA's image.
pub const APP_VERSION: &str = "3.15.1";

/// The script that makes or upgrades the tables.
const MIGRATE: &str = "mlflow_migrate.py";
/// Seconds that a pod goes on serving once it must stop, until no request reaches it any more.
const DRAIN: &str = "5";

workload_values! {
    /// The values of `mlflow`.
    pub struct Values {
        /// Whether MLflow is installed; where it is not, `global.connections.mlflow.url` names
        /// another one.
        pub enabled: bool = true,
        /// How many pods run.
        pub replicas: Replicas = Replicas::try_from(3).expect("a number of pods"),
        /// How many processes serve in each pod; each takes some 190 MiB of memory.
        pub workers: Positive = Positive::try_from(2).expect("above 0"),
        /// Hosts under which MLflow answers, `*` standing for any text, beside the names of its
        /// Service and `localhost`: the one of your Ingress, say. It refuses all else, so that web
        /// pages of others cannot reach it. The default are private addresses, under which
        /// Prometheus asks pods; Helm does not merge lists, so repeat those that you need.
        pub allowed_hosts: Vec<HostPattern> = private_addresses(),
        /// Seconds that a pod waits for PostgreSQL before its init container fails and starts
        /// again.
        pub wait_timeout_seconds: Positive = Positive::try_from(300).expect("above 0"),
        /// How much temporary files may take.
        pub tmp_size: Quantity = "1Gi".parse().expect("a constant quantity"),
        /// The Service.
        pub service: ServiceValues = ServiceValues::default(),
        /// Metrics for Prometheus.
        pub metrics: Metrics = Metrics::default(),
        /// How many pods a voluntary disruption may take away at a time.
        pub pod_disruption_budget: Disruption = Disruption::default(),
        /// Faults of the pods.
        pub chaos: Chaos<faults::Partner> = Chaos::default(),
    }
    with Workload {
        resources: security::resources(
            &[("cpu", "100m"), ("memory", "768Mi")],
            &[("cpu", "1"), ("memory", "2Gi")],
        ),
        ..Workload::new("burakince/mlflow", None)
    };
}

/// The Service of MLflow, on port 5000, which every URL of the release names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceValues {
    /// Annotations of the Service.
    pub annotations: Annotations,
}

/// Metrics for Prometheus.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metrics {
    /// Whether the server has the path `/metrics`, also without `global.monitoring.enabled`, which
    /// includes it. The image must have the package
    /// `prometheus-flask-exporter`.
    pub enabled: bool,
}

/// The objects of MLflow.
#[must_use]
pub fn objects(context: &Context, values: &Values) -> Vec<Object> {
    let mut objects = Vec::new();
    if values.service_account.create {
        objects.push(Object::new(&service_account(context, values)));
    }
    objects.push(Object::new(&scripts_config_map(context)));
    objects.push(Object::new(&service(context, values)));
    objects.push(Object::new(&deployment(context, values)));
    if values.pod_disruption_budget.enabled {
        objects.push(Object::new(&pod_disruption_budget(context, values)));
    }
    objects.extend(context.network_policies(&context.fullname(), &traffic(context, values)));
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

/// The script that makes or upgrades the tables.
#[must_use]
pub fn scripts_config_map(context: &Context) -> ConfigMap {
    program::scripts(
        context,
        &[(MIGRATE, include_str!("../scripts/mlflow_migrate.py"))],
    )
}

/// The Service that every URL names.
#[must_use]
pub fn service(context: &Context, values: &Values) -> Service {
    let mut metadata = context.meta(context.fullname());
    metadata.annotations = non_empty(&*values.service.annotations);
    Service {
        metadata,
        spec: Some(ServiceSpec {
            selector: Some(context.selector_labels()),
            ports: Some(vec![ServicePort {
                name: Some("http".into()),
                port: MLFLOW_PORT,
                target_port: Some(IntOrString::String("http".into())),
                ..ServicePort::default()
            }]),
            type_: Some("ClusterIP".into()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
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
                    annotations: BTreeMap::new(),
                    container: server(context, values),
                    init_containers: vec![migration(context, values)],
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

fn traffic(context: &Context, values: &Values) -> Traffic<'static> {
    Traffic {
        metrics: monitoring::metrics(context, values.metrics.enabled).then_some(MLFLOW_PORT),
        faulty_names: values.chaos.dns.enabled,
        ..Traffic::default()
    }
}

fn server(context: &Context, values: &Values) -> Container {
    Container {
        name: "mlflow".into(),
        command: Some(command(context, values)),
        env: Some(environment(context, values)),
        // Endpoints learn only by and by that the pod stops; until then it serves on.
        lifecycle: Some(probes::before_stop(vec!["sleep".into(), DRAIN.into()])),
        ports: Some(vec![ContainerPort {
            name: Some("http".into()),
            container_port: MLFLOW_PORT,
            ..ContainerPort::default()
        }]),
        // /health answers whoever asks, and asks no database: a pod is not restarted because
        // PostgreSQL is away.
        startup_probe: Some(probes::http("http", "/health", pace(5, 36))),
        readiness_probe: Some(probes::http("http", "/health", pace(10, 3))),
        liveness_probe: Some(probes::http("http", "/health", pace(20, 6))),
        volume_mounts: Some(program::mounts()),
        ..Container::default()
    }
}

fn command(context: &Context, values: &Values) -> Vec<String> {
    let mut command = vec![
        "mlflow".to_owned(),
        "server".to_owned(),
        "--host=0.0.0.0".to_owned(),
        format!("--port={MLFLOW_PORT}"),
        format!("--workers={}", values.workers),
        // All else about the database is in libpq's own variables, the password among them.
        "--backend-store-uri=postgresql://".to_owned(),
        format!("--default-artifact-root={}", artifact_root(context)),
        // Clients reach the object store themselves, as the one in SPIRA's image must.
        "--no-serve-artifacts".to_owned(),
    ];
    if monitoring::metrics(context, values.metrics.enabled) {
        command.push(metrics::option());
    }
    command
}

/// The container that makes or upgrades the tables, one pod at a time.
fn migration(context: &Context, values: &Values) -> Container {
    let mut env = context.postgresql().environment();
    // The experiment that each server would make at its start, and two of three at once in vain.
    env.push(literal(
        "MLFLOW_DEFAULT_ARTIFACT_ROOT",
        artifact_root(context),
    ));
    env.extend(program::environment());
    Container {
        name: "migrate".into(),
        command: Some(vec![
            "python3".to_owned(),
            program::script(MIGRATE),
            values.wait_timeout_seconds.to_string(),
        ]),
        env: Some(env),
        volume_mounts: Some(program::mounts()),
        ..Container::default()
    }
}

fn environment(context: &Context, values: &Values) -> Vec<EnvVar> {
    let store = context.object_store();
    let mut environment = context.postgresql().environment();
    environment.extend(store.aws_keys());
    environment.push(literal("MLFLOW_S3_ENDPOINT_URL", store.url));
    environment.push(literal(
        "MLFLOW_SERVER_ALLOWED_HOSTS",
        allowed_hosts(context, values),
    ));
    // It would run eight more processes of 188 MiB for jobs that SPIRA has none of.
    environment.push(literal("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false"));
    // It would report its use to its makers.
    environment.push(literal("MLFLOW_DISABLE_TELEMETRY", "true"));
    environment.extend(program::environment());
    environment
}

/// Where models go that are logged without a word on where.
fn artifact_root(context: &Context) -> String {
    format!("s3://{}/", context.object_store().model_bucket)
}

/// Private addresses, as MLflow admits them where no hosts are given: Prometheus asks for the
/// pod's. A page of others cannot make a browser send an address of its choice as the host.
fn private_addresses() -> Vec<HostPattern> {
    let of_172 = (16..32).map(|second| format!("172.{second}.*"));
    ["10.*".to_owned(), "192.168.*".to_owned()]
        .into_iter()
        .chain(of_172)
        .map(|pattern| pattern.parse().expect("a constant pattern"))
        .collect()
}

/// Hosts must match in full, and clients send the port along, since it is not 80.
fn allowed_hosts(context: &Context, values: &Values) -> String {
    let name = context.fullname();
    let namespace = context.intrinsics().namespace();
    let own = format!("{name}:*,{name}.{namespace}:*,{name}.{namespace}.svc*,localhost:*");
    if values.allowed_hosts.is_empty() {
        return own;
    }
    let hosts: Vec<String> = values
        .allowed_hosts
        .iter()
        .map(ToString::to_string)
        .collect();
    format!("{own},{}", context.intrinsics().join(&hosts, ","))
}

fn pace(period: i32, failures: i32) -> Pace {
    Pace {
        period,
        timeout: 5,
        failures,
    }
}
