//! `helm test` in a real cluster, runs of the experiment as Jobs, and what their account may do.
//!
//! Containers do not run here: a test passes unless its pod is told to fail.

use std::collections::BTreeSet;
use std::process::Stdio;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::{Api, Client, Resource};
use xtask::cluster::{Cluster, EXIT_CODE_ANNOTATION};
use xtask::helm::Helm;
use xtask::objects::{self, Applier, Mode};

use crate::cluster::PATIENCE;
use crate::support::{Case, chart};

const ALL: &str = "experiment.enabled=true,experiment.test.enabled=true,\
                   global.connections.mongodb.integrationTestDatabase=tests";

/// Tests of Helm pass, show their logs, and fail.
pub async fn release_is_tested(cluster: &Cluster, client: &Client, helm: Helm) {
    let namespace = format!("tested-{}", helm.major());
    objects::create_restricted_namespace(client, &namespace)
        .await
        .expect("namespace");
    let run = |arguments: &[&str]| {
        let mut command = cluster.helm(helm).expect("helm");
        command
            .args(arguments)
            .args(["-n", &namespace])
            .stdin(Stdio::null());
        let output = tokio::task::block_in_place(|| command.output()).expect("helm starts");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), text)
    };
    let chart = chart();
    let chart = chart.to_str().expect("UTF-8");
    let wait = ["--wait", "--timeout", "90s"];
    let (passed, text) = run(&[&["install", "spira", chart, "--set", ALL], &wait[..]].concat());
    assert!(passed, "{helm:?}: {text}");
    let pods = Api::<Pod>::namespaced(client.clone(), &namespace);
    let selector = ListParams::default().labels("app.kubernetes.io/component=checks");
    let before = pods.list(&selector).await.expect("listed").items;
    assert!(
        before.is_empty(),
        "an installation runs no test: {before:?}"
    );

    let helm_test = ["test", "spira", "--timeout", "60s"];
    let (passed, text) = run(&helm_test);
    assert!(passed, "{helm:?}: {text}");
    assert_eq!(text.matches("Succeeded").count(), 5, "{helm:?}: {text}");
    let (passed, text) = run(&[&helm_test[..], &["--logs"]].concat());
    assert!(passed, "{helm:?}: {text}");
    for name in ["spira-checks-smoke", "spira-experiment-test"] {
        assert!(
            text.contains(&format!("POD LOGS: {name}")),
            "{helm:?}: {text}"
        );
    }

    // The first test that fails is the last that runs.
    let fails = format!("checks.podAnnotations.{EXIT_CODE_ANNOTATION}=3");
    let upgrade = [
        "upgrade",
        "spira",
        chart,
        "--set",
        ALL,
        "--set-string",
        &fails,
    ];
    let (passed, text) = run(&[&upgrade[..], &wait[..]].concat());
    assert!(passed, "{helm:?}: {text}");
    let (passed, text) = run(&helm_test);
    assert!(
        !passed && text.contains("spira-checks-stores"),
        "{helm:?}: {text}"
    );
    assert!(!text.contains("Succeeded"), "{helm:?}: {text}");
    let (passed, text) =
        run(&[&helm_test[..], &["--filter", "name=spira-experiment-test"]].concat());
    assert!(passed, "{helm:?}: {text}");
    let (passed, text) = run(&["uninstall", "spira"]);
    assert!(passed, "{helm:?}: {text}");
}

/// The experiment's objects, as the library renders them.
async fn experiment(client: &Client, namespace: &str, values: &str) {
    objects::create_restricted_namespace(client, namespace)
        .await
        .expect("namespace");
    let case = Case {
        namespace: namespace.to_owned(),
        ..Case::new(values)
    };
    let mut applier = Applier::new(client.clone());
    for object in case.library().expect("rendered") {
        let labels = &object["metadata"]["labels"];
        if labels["app.kubernetes.io/name"] == "experiment" {
            let stored = applier.apply(&object, Some(namespace), Mode::Persist).await;
            stored.unwrap_or_else(|error| panic!("{namespace}: {error}"));
        }
    }
}

/// What `kubectl create job --from=cronjob/…` makes, whose pods end with this code.
async fn start(client: &Client, namespace: &str, name: &str, code: &str) -> Api<Job> {
    let jobs = Api::<Job>::namespaced(client.clone(), namespace);
    let cron = Api::<CronJob>::namespaced(client.clone(), namespace)
        .get("spira-experiment")
        .await
        .expect("it is there");
    let template = cron.spec.job_template.clone();
    let mut spec = template.spec.expect("a Job");
    if code != "0" {
        let metadata = spec.template.metadata.get_or_insert_default();
        let annotations = metadata.annotations.get_or_insert_default();
        annotations.insert(EXIT_CODE_ANNOTATION.into(), code.into());
    }
    let job = Job {
        metadata: ObjectMeta {
            name: Some(name.into()),
            labels: template.metadata.and_then(|metadata| metadata.labels),
            owner_references: cron.controller_owner_ref(&()).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        ..Job::default()
    };
    jobs.create(&PostParams::default(), &job)
        .await
        .expect("created");
    jobs
}

/// A run is a Job that somebody starts. A verdict ends it, a pod that is lost does not.
pub async fn runs_are_jobs(client: &Client) {
    let namespace = "runs";
    experiment(client, namespace, "experiment: {enabled: true}").await;
    let pods = Api::<Pod>::namespaced(client.clone(), namespace);
    let of = |job: &str| ListParams::default().labels(&format!("job-name={job}"));
    let count = async |job: &str| pods.list(&of(job)).await.expect("listed").items.len();

    let jobs = start(client, namespace, "run-1", "0").await;
    objects::wait_for("a run that passes", PATIENCE, || async {
        let job = jobs.get("run-1").await.expect("it is there");
        let status = job.status.unwrap_or_default();
        Ok((status.succeeded == Some(1)).then_some(()))
    })
    .await
    .expect("passed");

    for (name, code) in [("run-2", "1"), ("run-3", "2")] {
        start(client, namespace, name, code).await;
        objects::wait_for("a run that fails", PATIENCE, || async {
            let job = jobs.get(name).await.expect("it is there");
            let conditions = job
                .status
                .and_then(|status| status.conditions)
                .unwrap_or_default();
            let failed = |c: &&k8s_openapi::api::batch::v1::JobCondition| {
                c.type_ == "Failed" && c.status == "True"
            };
            let reason = conditions.iter().find(failed).map(|c| c.reason.clone());
            Ok(reason
                .flatten()
                .filter(|reason| reason == "PodFailurePolicy"))
        })
        .await
        .expect("failed");
        assert_eq!(count(name).await, 1, "no verdict is tried again");
    }

    start(client, namespace, "run-4", "137").await;
    objects::wait_for("another pod for one that was killed", PATIENCE, || async {
        Ok((count("run-4").await == 2).then_some(()))
    })
    .await
    .expect("another one");

    // Nothing started by itself, and all goes with the template.
    let crons = Api::<CronJob>::namespaced(client.clone(), namespace);
    let cron = crons.get("spira-experiment").await.expect("it is there");
    let last = cron.status.and_then(|status| status.last_schedule_time);
    assert!(last.is_none(), "{last:?}");
    let delete = DeleteParams::background();
    crons
        .delete(&cron.metadata.name.expect("a name"), &delete)
        .await
        .expect("deleted");
    objects::wait_for("an end of the Jobs", PATIENCE, || async {
        let left = jobs
            .list(&ListParams::default())
            .await
            .expect("listed")
            .items;
        Ok(left.is_empty().then_some(()))
    })
    .await
    .expect("gone");
}

const VERBS: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// Group and resource of what an account might be allowed.
const RESOURCES: [(&str, &str); 24] = [
    ("", "configmaps"),
    ("", "events"),
    ("", "pods"),
    ("", "pods/eviction"),
    ("", "pods/exec"),
    ("", "pods/log"),
    ("", "secrets"),
    ("", "serviceaccounts/token"),
    ("", "services"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
    ("chaos-mesh.org", "dnschaos"),
    ("chaos-mesh.org", "httpchaos"),
    ("chaos-mesh.org", "iochaos"),
    ("chaos-mesh.org", "networkchaos"),
    ("chaos-mesh.org", "podchaos"),
    ("chaos-mesh.org", "schedule"),
    ("chaos-mesh.org", "schedules"),
    ("chaos-mesh.org", "stresschaos"),
    ("chaos-mesh.org", "timechaos"),
    ("chaos-mesh.org", "workflows"),
    ("rbac.authorization.k8s.io", "rolebindings"),
];

/// The API server itself says what the account may do: what the program needs, and nothing else.
pub async fn rights_are_as_few_as_can_be(client: &Client) {
    for (faults, more) in [
        ("delete-pods", &["delete pods"][..]),
        ("none", &[]),
        (
            "chaos-mesh",
            &["patch schedules", "create schedule", "update schedule"],
        ),
    ] {
        let namespace = format!("rights-{faults}");
        let values = format!(
            "{{global: {{chaos: {{enabled: true, paused: true}}}}, experiment: {{enabled: true, faults: {faults}}}}}"
        );
        experiment(client, &namespace, &values).await;
        let looks = [
            "pods",
            "schedules",
            "podchaos",
            "networkchaos",
            "iochaos",
            "stresschaos",
            "dnschaos",
            "timechaos",
            "httpchaos",
        ];
        let expected: BTreeSet<String> = looks
            .iter()
            .flat_map(|resource| ["get", "list"].map(|verb| format!("{verb} {resource}")))
            .chain(more.iter().map(|&right| right.to_owned()))
            .collect();
        // Kubernetes takes a moment to know of a new binding.
        let answer = objects::wait_for("the account's rights", PATIENCE, || async {
            let allowed = allowed(client, &namespace, &namespace).await;
            Ok((allowed == expected).then_some(()))
        });
        if let Err(error) = answer.await {
            panic!(
                "{error}: {faults}: {:?}",
                allowed(client, &namespace, &namespace).await
            );
        }
        assert_eq!(
            allowed(client, &namespace, "default").await,
            BTreeSet::new(),
            "{faults}"
        );
    }
}

/// What the experiment's account of a namespace may do in another one.
async fn allowed(client: &Client, of: &str, namespace: &str) -> BTreeSet<String> {
    let reviews = Api::<SubjectAccessReview>::all(client.clone());
    let mut allowed = BTreeSet::new();
    for (group, resource) in RESOURCES {
        for verb in VERBS {
            let (plain, sub) = resource.split_once('/').unwrap_or((resource, ""));
            let review = SubjectAccessReview {
                spec: SubjectAccessReviewSpec {
                    user: Some(format!("system:serviceaccount:{of}:spira-experiment")),
                    groups: Some(vec![
                        "system:serviceaccounts".into(),
                        format!("system:serviceaccounts:{of}"),
                        "system:authenticated".into(),
                    ]),
                    resource_attributes: Some(ResourceAttributes {
                        namespace: Some(namespace.into()),
                        verb: Some(verb.into()),
                        group: Some(group.into()),
                        resource: Some(plain.into()),
                        subresource: (!sub.is_empty()).then(|| sub.to_owned()),
                        ..ResourceAttributes::default()
                    }),
                    ..SubjectAccessReviewSpec::default()
                },
                ..SubjectAccessReview::default()
            };
            let answer = reviews.create(&PostParams::default(), &review).await;
            let status = answer.expect("judged").status.unwrap_or_default();
            if status.allowed {
                allowed.insert(format!("{verb} {resource}"));
            }
        }
    }
    allowed
}
