//! A pod with the command line client of NATS, for people.

use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentSpec},
    core::v1::{Container, EnvVar, ServiceAccount},
};

use crate::{
    Context, Object,
    kit::{
        Own, Replicas, Workload,
        env::{literal, secret},
        security, volumes, workload_values,
    },
    wiring::Traffic,
};

const PART: &str = "nats-box";

workload_values! {
    /// The values of `nats-box`, a pod with the command line client: `kubectl exec` into it, and
    /// `nats sub '>'` shows what passes.
    pub struct NatsBox {
        /// Whether it is installed.
        pub enabled: bool = false,
        /// How many pods run.
        pub replicas: Replicas = Replicas::try_from(1).expect("a number of pods"),
    }
    with Workload {
        resources: security::resources(
            &[("cpu", "10m"), ("memory", "32Mi")],
            &[("memory", "128Mi")],
        ),
        ..Workload::new("natsio/nats-box", Some("0.19.7"))
    };
}

pub(super) fn objects(context: &Context, values: &NatsBox) -> Vec<Object> {
    let mut objects = Vec::new();
    if values.service_account.create {
        objects.push(Object::new(&service_account(context, values)));
    }
    objects.push(Object::new(&nats_box_deployment(context, values)));
    let part = context.part(PART);
    objects.extend(part.network_policies(&name(&part), &Traffic::default()));
    objects.extend(values.workload().extra_objects());
    objects
}

/// The account that the pod runs under.
#[must_use]
pub fn service_account(context: &Context, values: &NatsBox) -> ServiceAccount {
    let context = context.part(PART);
    values
        .service_account
        .service_account(&context, &name(&context))
}

/// The pod with the command line client.
#[must_use]
pub fn nats_box_deployment(context: &Context, values: &NatsBox) -> Deployment {
    let context = context.part(PART);
    Deployment {
        metadata: context.meta(name(&context)),
        spec: Some(DeploymentSpec {
            replicas: Some(values.replicas.get()),
            selector: context.selector(),
            template: values.workload().pod(
                &context,
                &name(&context),
                Own {
                    container: container(&context),
                    volumes: vec![volumes::empty_dir("tmp", "16Mi")],
                    ..Own::default()
                },
            ),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn name(context: &Context) -> String {
    format!("{}-box", context.fullname())
}

fn container(context: &Context) -> Container {
    Container {
        name: PART.into(),
        // The shell is process 1 and would ignore SIGTERM without the trap.
        command: Some(vec![
            "sh".into(),
            "-c".into(),
            "trap 'exit 0' TERM; sleep infinity & wait".into(),
        ]),
        env: Some(environment(context)),
        volume_mounts: Some(vec![volumes::mount("tmp", "/tmp", false)]),
        ..Container::default()
    }
}

fn environment(context: &Context) -> Vec<EnvVar> {
    let nats = context.nats();
    let mut environment = vec![
        literal("HOME", "/tmp"),
        literal("XDG_CONFIG_HOME", "/tmp/config"),
        literal("NATS_URL", nats.url()),
    ];
    if let Some(login) = nats.login {
        environment.push(literal("NATS_USER", login.username));
        environment.push(secret("NATS_PASSWORD", &login.password));
    }
    environment
}
