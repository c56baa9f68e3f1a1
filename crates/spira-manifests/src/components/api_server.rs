//! The API server: HTTP for the site, users, models and inferences; it stores the recordings,
//! publishes requests on NATS and listens there for results (SPIRA contract B2, B4).

pub mod config;
pub mod dashboard;
pub mod exposure;
pub mod faults;
pub mod guard;
pub mod metrics;
mod overview;
pub mod rules;

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
        autoscaling::v2::HorizontalPodAutoscaler,
        core::v1::{ConfigMap, Container, ContainerPort, ServiceAccount, Volume},
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

pub use self::{
    config::{Jwt, config_map, jwt_secret},
    exposure::{
        HttpRouteValues, IngressValues, ServiceValues, gateway, http_route, ingress, service,
    },
    guard::{GuardValues, guard_config_map},
};
use crate::{
    Context, Object,
    kit::{
        Autoscaling, Chaos, DecimalSeconds, Disruption, Origin, Own, Positive, PullPolicy,
        Quantity, Replicas, Seconds, Workload,
        env::config_map as from_config_map,
        monitoring,
        probes::{self, Pace},
        security, workload_values,
    },
    program,
    wiring::API_PROGRAM_PORT as PORT,
};

/// What it is.
pub const DESCRIPTION: &str = "SPIRA's API server";
/// The version of the API server. Its image knows only the tag `latest` (SPIRA contract B1).
pub const APP_VERSION: &str = "v0.1.19";

workload_values! {
    /// The values of `api-server`.
    pub struct Values {
        /// Whether the API server is installed.
        pub enabled: bool = true,
        /// How many pods run.
        pub replicas: Replicas = Replicas::try_from(3).expect("a number of pods"),
        /// The origin of the web site that browsers may call the API from (the program's
        /// `CLIENT_URL`): one, or `*` for any.
        pub cors_origin: Origin = "*".parse().expect("a constant origin"),
        /// The tokens that users get when they log in.
        pub jwt: Jwt = Jwt::default(),
        /// Seconds between two looks for messages from NATS, as a quoted decimal.
        pub loop_interval: DecimalSeconds = "0.01".parse().expect("a constant decimal"),
        /// Seconds that a pod waits for MongoDB, MinIO and NATS before its init container fails
        /// and starts again.
        pub wait_timeout_seconds: Positive = Positive::try_from(300).expect("above 0"),
        /// Seconds that a pod goes on serving once it must stop, until no request reaches it any
        /// more. `terminationGracePeriodSeconds` must be greater by the 15 s that the guard gives
        /// requests which are under way.
        pub drain_seconds: Seconds = Seconds::try_from(10).expect("a span"),
        /// How much temporary files may take: recordings above 1 MiB pass through them.
        pub tmp_size: Quantity = "1Gi".parse().expect("a constant quantity"),
        /// The guard: `HAProxy` in front of the program, in its pod.
        pub guard: GuardValues = GuardValues::default(),
        /// The Service.
        pub service: ServiceValues = ServiceValues::default(),
        /// An Ingress, which lets the site reach the API from outside the cluster.
        pub ingress: IngressValues = IngressValues::default(),
        /// A route of the Gateway API, which does the same.
        pub http_route: HttpRouteValues = HttpRouteValues::default(),
        /// How many pods run, by load.
        pub autoscaling: Autoscaling = Autoscaling::default(),
        /// How many pods a voluntary disruption may take away at a time.
        pub pod_disruption_budget: Disruption = Disruption::default(),
        /// Faults of the pods.
        pub chaos: Chaos<faults::Partner> = Chaos::default(),
    }
    with {
        let mut workload = Workload::new("uspcodelab/spira-api", Some("latest"));
        // What `latest` names changes.
        workload.image.pull_policy = PullPolicy::Always;
        // Without NATS the program can spin at full CPU (SPIRA contract B7): the limit bounds it.
        workload.resources = security::resources(
            &[("cpu", "100m"), ("memory", "192Mi")],
            &[("cpu", "1"), ("memory", "512Mi")],
        );
        workload
    };
}

/// The objects of the API server.
#[must_use]
pub fn objects(context: &Context, values: &Values) -> Vec<Object> {
    let mut objects = Vec::new();
    if values.service_account.create {
        objects.push(Object::new(&service_account(context, values)));
    }
    objects.push(Object::new(&config_map(context, values)));
    objects.push(Object::new(&scripts_config_map(context)));
    if values.jwt.existing_secret.is_none() {
        objects.push(Object::new(&jwt_secret(context, values)));
    }
    if values.guard.enabled {
        objects.push(Object::new(&guard_config_map(context, values)));
    }
    objects.push(Object::new(&service(context, values)));
    objects.push(Object::new(&deployment(context, values)));
    if values.autoscaling.enabled {
        objects.push(Object::new(&horizontal_pod_autoscaler(context, values)));
    }
    if values.pod_disruption_budget.enabled {
        objects.push(Object::new(&pod_disruption_budget(context, values)));
    }
    objects
        .extend(context.network_policies(&context.fullname(), &exposure::traffic(context, values)));
    if monitoring::monitors(context) && values.guard.enabled {
        objects.push(Object::new(&metrics::pod_monitor(context)));
    }
    if values.ingress.enabled {
        objects.push(Object::new(&ingress(context, values)));
    }
    if values.http_route.enabled {
        objects.push(Object::new(&http_route(context, values)));
    }
    if values.http_route.enabled && values.http_route.gateway.create {
        objects.push(Object::new(&gateway(context, values)));
    }
    if monitoring::rules(context) {
        objects.push(Object::new(&rules::prometheus_rule(context, values)));
    }
    if monitoring::has_dashboards(context) {
        objects.push(Object::new(&dashboard::dashboards(context, values)));
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

/// The pods.
#[must_use]
pub fn deployment(context: &Context, values: &Values) -> Deployment {
    Deployment {
        metadata: context.meta(context.fullname()),
        spec: Some(DeploymentSpec {
            replicas: (!values.autoscaling.enabled).then_some(values.replicas.get()),
            selector: context.selector(),
            // Results reach only pods that listen at that moment: a new one first.
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
                    annotations: checksums(context, values),
                    container: container(context, values),
                    init_containers: vec![program::wait_container(
                        &["mongodb", "object-store", "nats"],
                        values.wait_timeout_seconds,
                        &config::connection_environment(context),
                        from_config_map(config::name(context)),
                    )],
                    more_containers: guard_container(context, values),
                    volumes: pod_volumes(context, values),
                    // As process 1 the program would ignore SIGTERM and serve until it is killed.
                    share_process_namespace: true,
                    ..Own::default()
                },
            ),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// The autoscaler of the pods.
#[must_use]
pub fn horizontal_pod_autoscaler(context: &Context, values: &Values) -> HorizontalPodAutoscaler {
    values
        .autoscaling
        .horizontal_pod_autoscaler(context, &context.fullname())
}

/// The budget over the pods.
#[must_use]
pub fn pod_disruption_budget(context: &Context, values: &Values) -> PodDisruptionBudget {
    values
        .pod_disruption_budget
        .pod_disruption_budget(context, context.fullname())
}

fn guard_container(context: &Context, values: &Values) -> Vec<Container> {
    let guard = values.guard.enabled;
    let container = guard.then(|| guard::container(context, values));
    container.into_iter().collect()
}

fn pod_volumes(context: &Context, values: &Values) -> Vec<Volume> {
    let mut volumes = program::volumes(context, &values.tmp_size);
    if values.guard.enabled {
        volumes.push(guard::volume(context));
    }
    volumes
}

/// The scripts that run beside the program.
#[must_use]
pub fn scripts_config_map(context: &Context) -> ConfigMap {
    program::scripts(
        context,
        &[
            ("drain.py", include_str!("../scripts/drain.py")),
            ("link.py", include_str!("../scripts/link.py")),
            ("wait.py", include_str!("../scripts/wait.py")),
        ],
    )
}

fn checksums(context: &Context, values: &Values) -> BTreeMap<String, String> {
    let mut checksums = BTreeMap::from([(
        "checksum/config".to_owned(),
        config::checksum(context, values),
    )]);
    if values.guard.enabled {
        checksums.insert(
            "checksum/guard".to_owned(),
            guard::checksum(context, values),
        );
    }
    // Of a given key only: a generated one differs between two renderings. Pods with different
    // keys would refuse each other's tokens, so all start anew.
    if let Some(key) = &values.jwt.key {
        checksums.insert("checksum/jwt".to_owned(), context.intrinsics().sha256(key));
    }
    checksums
}

fn container(context: &Context, values: &Values) -> Container {
    Container {
        name: "api-server".into(),
        // The image's own command cannot be run.
        command: Some(vec!["python3".into(), "main.py".into()]),
        env: Some(config::environment(context, values)),
        env_from: Some(vec![from_config_map(config::name(context))]),
        // Endpoints learn only by and by that the pod stops; until then it serves on. SIGTERM
        // comes after that and ends the program at once.
        // The guard's requests come to their end first.
        lifecycle: Some(probes::before_stop(vec![
            "python3".into(),
            program::script("drain.py"),
            values.drain_seconds.to_string(),
        ])),
        ports: Some(vec![ContainerPort {
            name: Some("http".into()),
            container_port: PORT,
            ..ContainerPort::default()
        }]),
        // A MinIO that is not ready answers "ask again in 60 s", and the program asks up to six
        // times before it listens: five minutes, and one more for the rest.
        startup_probe: Some(probes::http("http", "/docs", pace(5, 72))),
        // Of all paths only /docs needs no login and no database. A slow database stalls it: the
        // pod then gets no requests, and is not restarted.
        readiness_probe: Some(probes::http("http", "/docs", pace(5, 3))),
        // Restarts a pod whose HTTP thread died, or that is deaf while NATS is there; neither
        // ends by itself. Half a minute is far more than the 2 s between two of its own attempts
        // to reconnect. An outage of NATS alone restarts nothing.
        liveness_probe: Some(program::link_probe(&["alive", "8000"], pace(10, 3))),
        volume_mounts: Some(program::mounts()),
        ..Container::default()
    }
}

fn pace(period: i32, failures: i32) -> Pace {
    Pace {
        period,
        timeout: 5,
        failures,
    }
}
