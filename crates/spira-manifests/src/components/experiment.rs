//! The experiment: is the claim true that SPIRA loses no acknowledged inference while its pods die?
//!
//! A program posts inferences, has pods die meanwhile, and says of each acknowledged inference what
//! became of it. It is the template of a `CronJob` that never starts by itself:
//! `kubectl create job --from=cronjob/<release>-experiment run-1` starts a run. It is the only part of
//! the chart whose pods hold a token of the Kubernetes API.

pub mod account;
mod config;
mod settings;
pub mod targets;

use k8s_openapi::{
    api::{
        batch::v1::{
            CronJob, CronJobSpec, JobSpec, JobTemplateSpec, PodFailurePolicy,
            PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule,
        },
        core::v1::{
            ConfigMap, Container, EnvVar, PersistentVolumeClaim, PersistentVolumeClaimVolumeSource,
            Pod, PodTemplateSpec, ServiceAccount, Volume,
        },
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

pub use self::{
    settings::{Faults, Results, Test},
    targets::{Target, Targets},
};
use crate::{
    Context, Object,
    kit::{
        Count, Cron, DaySeconds, Own, Percent, Positive, PullPolicy, Quantity, Rate, Rbac,
        RequestSeconds, Seed, Turn, Users, WeekSeconds, Workload,
        env::{config_map as from_config_map, field, literal, secret},
        kept, security, test_pod, volumes, workload_values,
    },
    program,
    wiring::Traffic,
};

/// What it is.
pub const DESCRIPTION: &str =
    "The experiment: whether acknowledged inferences are lost while pods die";
/// The version of the image it runs in, the API server's.
pub const APP_VERSION: &str = "v0.1.19";

/// Where a run writes.
const RESULTS: &str = "/results";
/// The schedule of a `CronJob` that is suspended: it must have one.
const NEVER: &str = "0 0 1 1 *";

workload_values! {
    /// The values of `experiment`.
    pub struct Values {
        /// Whether it is installed. Nothing runs before you start it.
        pub enabled: bool = false,
        /// When runs start by themselves; unset, never.
        pub schedule: Option<Cron> = None,
        /// A run as a test of Helm.
        pub test: Test = Test::default(),
        /// What is broken under load.
        pub faults: Faults = Faults::DeletePods,
        /// Seconds between two kills, for `faults: delete-pods`.
        pub interval_seconds: DaySeconds = DaySeconds::try_from(60).expect("in range"),
        /// Whose pods are hit and watched.
        pub targets: Targets = Targets::default(),
        /// How many users post at a time.
        pub users: Users = Users::try_from(4).expect("in range"),
        /// Inferences posted a second, by all users together.
        pub rate: Rate = "1".parse().expect("a constant rate"),
        /// Seconds of load without faults, in which all must be well before anything is broken.
        pub baseline_seconds: DaySeconds = DaySeconds::try_from(60).expect("in range"),
        /// Seconds of load with faults.
        pub duration_seconds: WeekSeconds = WeekSeconds::try_from(600).expect("in range"),
        /// Seconds that inferences may take, after the load, to be completed.
        pub quiescence_seconds: DaySeconds = DaySeconds::try_from(300).expect("in range"),
        /// Seconds that one request may take.
        pub request_timeout_seconds: RequestSeconds = RequestSeconds::try_from(30).expect("in range"),
        /// The share of failed posts in the last minute at which the run is given up, in percent; at
        /// 100 it never is.
        pub abort_percent: Percent = Percent::try_from(90).expect("in range"),
        /// Whether a run without faults of the same length comes first, to compare with.
        pub control: bool = true,
        /// What the choice of pods starts from; unset, random and said in the log.
        pub seed: Option<Seed> = None,
        /// Where log and report of a run stay.
        pub results: Results = Results::default(),
        /// Whether the rights that the program needs are given to its account.
        pub rbac: Rbac = Rbac::default(),
        /// Seconds after which a run counts as failed, whatever it does. A run bounds itself: it takes
        /// the baseline, the duration twice with `control`, and the quiescence after each.
        pub deadline_seconds: Positive = Positive::try_from(7200).expect("above 0"),
        /// How often a pod of a run may be lost before the run counts as failed. The next one goes on
        /// where the last one was if `results` stay. A verdict is never tried again.
        pub backoff_limit: Count = Count::try_from(2).expect("a count"),
        /// How much temporary files may take.
        pub tmp_size: Quantity = "64Mi".parse().expect("a constant quantity"),
    }
    with {
        let mut workload = Workload::new("uspcodelab/spira-api", Some("latest"));
        // What `latest` names changes.
        workload.image.pull_policy = PullPolicy::Always;
        workload.resources = security::resources(
            &[("cpu", "100m"), ("memory", "128Mi")],
            &[("cpu", "1"), ("memory", "512Mi")],
        );
        workload.service_account.automount_service_account_token = true;
        workload
    };
}

/// The objects of the experiment.
#[must_use]
pub fn objects(context: &Context, values: &Values) -> Vec<Object> {
    let mut objects = Vec::new();
    if values.service_account.create {
        objects.push(Object::new(&service_account(context, values)));
    }
    if values.rbac.create {
        objects.push(Object::new(&account::role(context, values)));
        objects.push(Object::new(&account::role_binding(context, values)));
    }
    objects.push(Object::new(&config_map(context, values)));
    objects.push(Object::new(&scripts_config_map(context)));
    if values.results.persistent && values.results.existing_claim.is_none() {
        objects.push(Object::new(&persistent_volume_claim(context, values)));
    }
    objects.push(Object::new(&cron_job(context, values)));
    if values.test.enabled {
        objects.push(Object::new(&test(context, values)));
    }
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

/// The configuration of the program.
#[must_use]
pub fn config_map(context: &Context, values: &Values) -> ConfigMap {
    ConfigMap {
        metadata: context.meta(config_name(context)),
        data: Some(config::data(context, values)),
        ..ConfigMap::default()
    }
}

/// The program.
#[must_use]
pub fn scripts_config_map(context: &Context) -> ConfigMap {
    program::scripts(context, SCRIPTS)
}

macro_rules! scripts {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../scripts/", $name)))),*]
    };
}

const SCRIPTS: &[(&str, &str)] = scripts![
    "experiment.py",
    "experiment_checker.py",
    "experiment_cluster.py",
    "experiment_faults.py",
    "experiment_generator.py",
    "experiment_http.py",
    "experiment_log.py",
    "experiment_report.py",
    "experiment_settings.py",
    "experiment_timeline.py",
    "experiment_verdict.py",
];

/// The volume in which results stay.
#[must_use]
pub fn persistent_volume_claim(context: &Context, values: &Values) -> PersistentVolumeClaim {
    let results = &values.results;
    let own = results.storage_class.as_deref();
    let class = own.or(context.global.storage_class.as_deref());
    let claim = volumes::claim("results", results.size.to_string(), class);
    PersistentVolumeClaim {
        metadata: kept(context.meta(claim_name(context)), results.keep),
        ..claim
    }
}

/// The template of every run.
#[must_use]
pub fn cron_job(context: &Context, values: &Values) -> CronJob {
    let schedule = values.schedule.as_ref();
    CronJob {
        metadata: context.meta(context.fullname()),
        spec: CronJobSpec {
            concurrency_policy: Some("Forbid".into()),
            job_template: JobTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(context.labels()),
                    ..ObjectMeta::default()
                }),
                spec: Some(job_spec(context, values)),
            },
            schedule: match schedule {
                Some(schedule) => schedule.to_string(),
                None => NEVER.to_owned(),
            },
            suspend: Some(schedule.is_none()),
            ..CronJobSpec::default()
        },
        ..CronJob::default()
    }
}

fn job_spec(context: &Context, values: &Values) -> JobSpec {
    // All pods of a Job have this label, so a second one finds what the first one wrote.
    let run = field("RUN", "metadata.labels['job-name']");
    JobSpec {
        active_deadline_seconds: Some(values.deadline_seconds.into()),
        backoff_limit: Some(values.backoff_limit.get()),
        pod_failure_policy: Some(PodFailurePolicy {
            rules: vec![verdicts_are_final()],
        }),
        template: template(context, values, run),
        ..JobSpec::default()
    }
}

/// The program ends with 1 where inferences were lost and with 2 where the run shows nothing: both are
/// answers, which no second pod shall try to better.
fn verdicts_are_final() -> PodFailurePolicyRule {
    PodFailurePolicyRule {
        action: "FailJob".into(),
        on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
            container_name: Some("experiment".into()),
            operator: "In".into(),
            values: vec![1, 2],
        }),
        ..PodFailurePolicyRule::default()
    }
}

/// A run as a test of Helm.
#[must_use]
pub fn test(context: &Context, values: &Values) -> Pod {
    let turn = Turn {
        weight: "10",
        deadline: values.deadline_seconds,
    };
    // Another one at each `helm test`.
    let run = field("RUN", "metadata.uid");
    let name = format!("{}-test", context.fullname());
    let template = template(context, values, run);
    test_pod(context, name, turn, &values.pod_labels, template)
}

fn template(context: &Context, values: &Values, run: EnvVar) -> PodTemplateSpec {
    let mut volumes = program::volumes(context, &values.tmp_size);
    volumes.push(results_volume(context, values));
    values.workload().pod(
        context,
        &context.fullname(),
        Own {
            container: container(context, run),
            volumes,
            restart_policy: Some("Never"),
            ..Own::default()
        },
    )
}

fn container(context: &Context, run: EnvVar) -> Container {
    let mut env = vec![
        run,
        literal("EXPERIMENT_DIRECTORY", format!("{RESULTS}/$(RUN)")),
        secret("SPIRA_PASSWORD", &context.user().password),
    ];
    env.extend(program::environment());
    let mut mounts = program::mounts();
    mounts.push(volumes::mount("results", RESULTS, false));
    Container {
        name: "experiment".into(),
        command: Some(vec!["python3".into(), program::script("experiment.py")]),
        env: Some(env),
        env_from: Some(vec![from_config_map(config_name(context))]),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

fn results_volume(context: &Context, values: &Values) -> Volume {
    let results = &values.results;
    let claim = match &results.existing_claim {
        Some(name) => Some(name.to_string()),
        None => results.persistent.then(|| claim_name(context)),
    };
    match claim {
        Some(claim_name) => Volume {
            name: "results".into(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name,
                ..PersistentVolumeClaimVolumeSource::default()
            }),
            ..Volume::default()
        },
        None => volumes::empty_dir("results", results.size.to_string()),
    }
}

fn config_name(context: &Context) -> String {
    format!("{}-env", context.fullname())
}

fn claim_name(context: &Context) -> String {
    format!("{}-results", context.fullname())
}
