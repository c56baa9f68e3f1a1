//! Adds a component of one's own beside SPIRA's: each night a `CronJob` writes the day's results into
//! a bucket.
//!
//! What it must know of SPIRA (names, labels, where credentials stand, whom network policies let in)
//! comes from the same [`Context`] that SPIRA's builders ask, so both agree whatever the values say.
//! The program that it runs is yours; here it is an image that does not exist.
//!
//! ```console
//! $ cargo run -p spira-examples --bin own_component
//! $ cargo run -p spira-examples --bin own_component -- my-values.yaml
//! ```

use std::{env, error::Error, fs};

use k8s_openapi::api::{
    batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec},
    core::v1::{Container, EnvVar, PodSpec, PodTemplateSpec},
    networking::v1::NetworkPolicy,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use spira_manifests::{
    Context, Object, Release, Values,
    kit::{
        Image, PullPolicy,
        env::{literal, secret},
        network, security,
    },
    order,
    wiring::MINIO_PORT,
};

/// The component's name: its objects start with it, and it is their label.
const NAME: &str = "results-export";
const MONGODB_PORT: i32 = 27017;

/// What of it is to be chosen.
struct Export {
    image: Image,
    schedule: String,
    bucket: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let values = match env::args_os().nth(1) {
        Some(file) => Values::from_yaml(&fs::read_to_string(file)?)?,
        None => Values::default(),
    };
    let export = Export {
        image: Image {
            registry: Some("registry.example.org".parse()?),
            repository: "voices/results-export".parse()?,
            tag: Some("1.4.0".parse()?),
            digest: None,
            pull_policy: PullPolicy::IfNotPresent,
        },
        schedule: "30 2 * * *".to_owned(),
        bucket: "results".to_owned(),
    };
    // Each run draws new credentials: good enough to look at, see `apply.rs` for more.
    let release = Release::new("spira", "voices");

    let mut objects = values.objects(&release);
    objects.extend(export.objects(&Context::new(&release, &values.global, NAME)));
    order::sort(&mut objects);
    for object in objects {
        print!("---\n{}", yaml_serde::to_string(object.as_json())?);
    }
    Ok(())
}

impl Export {
    fn objects(&self, context: &Context) -> Vec<Object> {
        let mut objects = vec![Object::new(&self.cron_job(context))];
        if context.global.network_policies.enabled {
            objects.extend(policies(context).iter().map(Object::new));
        }
        objects
    }

    fn cron_job(&self, context: &Context) -> CronJob {
        let template = PodTemplateSpec {
            metadata: Some(ObjectMeta {
                labels: Some(context.selector_labels()),
                ..ObjectMeta::default()
            }),
            spec: Some(self.pod(context)),
        };
        CronJob {
            metadata: context.meta(context.fullname()),
            spec: CronJobSpec {
                schedule: self.schedule.clone(),
                concurrency_policy: Some("Forbid".into()),
                job_template: JobTemplateSpec {
                    spec: Some(JobSpec {
                        template,
                        ..JobSpec::default()
                    }),
                    ..JobTemplateSpec::default()
                },
                ..CronJobSpec::default()
            },
            ..CronJob::default()
        }
    }

    fn pod(&self, context: &Context) -> PodSpec {
        PodSpec {
            automount_service_account_token: Some(false),
            restart_policy: Some("OnFailure".into()),
            image_pull_secrets: Some(context.image_pull_secrets()),
            security_context: Some(security::restricted_pod()),
            containers: vec![Container {
                name: "export".into(),
                image: Some(context.image(&self.image)),
                env: Some(self.environment(context)),
                security_context: Some(security::restricted_container()),
                resources: Some(security::resources(
                    &[("cpu", "100m"), ("memory", "128Mi")],
                    &[("cpu", "1"), ("memory", "256Mi")],
                )),
                ..Container::default()
            }],
            ..PodSpec::default()
        }
    }

    /// Wherever the values say that MongoDB and the object store are.
    fn environment(&self, context: &Context) -> Vec<EnvVar> {
        let (mongodb, store) = (context.mongodb(), context.object_store());
        let mut variables = vec![
            secret("MONGODB_URI", &mongodb.secret),
            literal("MONGODB_DATABASE", mongodb.database),
            literal(
                "MONGODB_COLLECTION",
                mongodb.collections.results.to_string(),
            ),
            literal("S3_URL", store.url.clone()),
            literal("S3_BUCKET", self.bucket.clone()),
        ];
        variables.extend(store.aws_keys());
        variables
    }
}

/// With SPIRA's policies on, its stores take nobody whom they do not know: a policy over each lets
/// these pods in, and one over these pods lets them out. Policies add up, so SPIRA's stay as they are.
fn policies(context: &Context) -> Vec<NetworkPolicy> {
    let (name, own) = (context.fullname(), context.selector_labels());
    let mut egress = context.global.network_policies.dns.clone();
    let mut policies = Vec::new();
    for (store, port) in [("mongodb", MONGODB_PORT), ("minio", MINIO_PORT)] {
        let pods = context.all_pods_of(store);
        egress.extend(network::to(
            vec![network::pods(pods.clone())],
            vec![network::tcp(port)],
        ));
        let rules = network::from(vec![network::pods(own.clone())], &[port]);
        policies.extend(network::ingress(
            context,
            format!("{name}-to-{store}"),
            pods,
            rules,
        ));
    }
    policies.push(network::policy(context, name, own, &Vec::new(), &egress));
    policies
}
