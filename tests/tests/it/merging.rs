//! What decides beside the values themselves: names near the limit, `global` of subcharts, null, `--set`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use spira_manifests::components;
use xtask::helm::Helm;
use xtask::oracle::{self, Oracle};

use crate::compare::{agree, compare};
use crate::support::{Case, chart, find};

fn everything() -> String {
    let path = xtask::project::root().join("examples/values/everything.yaml");
    std::fs::read_to_string(path).expect("readable")
}

/// 53 characters are the most that Helm takes: names are cut, never at a dash, and stay apart.
#[test]
fn names_of_long_releases_are_cut() {
    let releases = [
        "a-very-long-release-name-that-helm-still-accepts-0123",
        "with.dots.and--dashes-at-the-cut-------------------zz",
        "a-------------------------------------------------b-c",
        "0123456789012345678901234567890123456789012345678-abc",
        "1.2",
    ];
    for release in releases {
        assert!(release.len() <= 53);
        let case = Case {
            release: release.into(),
            ..Case::new(everything())
        };
        let objects = agree(&case).unwrap_or_else(|error| panic!("{release}: {error}"));
        let mut names = BTreeSet::new();
        for object in &objects {
            let (kind, name) = (
                &object["kind"],
                object["metadata"]["name"].as_str().expect("name"),
            );
            assert!(
                names.insert((kind.to_string(), name)),
                "{kind} {name} twice"
            );
            let most = match kind.as_str() {
                // Pods of a StatefulSet carry its name and a hash of 11 characters as a label.
                Some("StatefulSet") => 52,
                // Nothing is called after a policy, so it may be long enough to say what it allows.
                Some("NetworkPolicy") => 253,
                _ => 63,
            };
            assert!(
                name.len() <= most,
                "{kind} {name} has {} characters",
                name.len()
            );
            assert!(
                !name.contains("--") || release.contains("--"),
                "{kind} {name}"
            );
            let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            assert!(
                name.starts_with(label) && name.ends_with(label),
                "{kind} {name}"
            );
            assert!(
                name.chars().all(|c| label(c) || c == '-'),
                "{kind} {name} is no DNS label"
            );
        }
    }
}

#[test]
fn names_that_are_given_go_before_the_release_s() {
    let longest = "n".repeat(52);
    let case = Case::new(format!(
        "global: {{fullnameOverrides: {{nats: {longest}}}}}"
    ));
    let objects = agree(&case).expect("rendered");
    find(&objects, "StatefulSet", &longest);
    find(&objects, "Service", &format!("{longest}-headless"));
    // Who talks to NATS follows.
    let config = find(&objects, "ConfigMap", "spira-api-server-env");
    assert_eq!(
        config["data"]["nats_conn_url"],
        format!("nats://{longest}:4222")
    );
}

#[test]
fn global_reaches_every_subchart_and_goes_before_a_section_s_own() {
    let image = |values: &str, kind: &str, name: &str| {
        let objects = agree(&Case::new(values)).expect("rendered");
        let pod = &find(&objects, kind, name)["spec"]["template"]["spec"];
        pod["containers"][0]["image"]
            .as_str()
            .expect("text")
            .to_owned()
    };
    let nats = |values: &str| image(values, "StatefulSet", "spira-nats");
    let api = |values: &str| image(values, "Deployment", "spira-api-server");
    assert!(nats("global: {imageRegistry: a.example}").starts_with("a.example/"));
    assert!(api("global: {imageRegistry: a.example}").starts_with("a.example/"));
    let own = "nats: {global: {imageRegistry: b.example}}";
    assert!(nats(own).starts_with("b.example/") && !api(own).contains("b.example"));
    let both = format!("global: {{imageRegistry: a.example}}\n{own}");
    assert!(nats(&both).starts_with("a.example/"));
    let closest = "global: {imageRegistry: a.example}\nnats: {image: {registry: c.example}}";
    assert!(nats(closest).starts_with("c.example/"));
}

#[test]
fn disabled_components_leave_nothing_and_are_not_looked_at() {
    let off = "nats: {enabled: false, replicas: many}\napi-server: {enabled: false}";
    let objects = agree(&Case::new(off)).expect("Helm does not look into what is off");
    let parts: BTreeSet<_> = objects
        .iter()
        .filter_map(|o| o["metadata"]["labels"]["app.kubernetes.io/name"].as_str())
        .collect();
    let others = components::all()
        .into_iter()
        .map(|component| component.name);
    // The experiment is off by itself.
    let others: BTreeSet<_> = others
        .filter(|name| !["nats", "api-server", "experiment"].contains(name))
        .collect();
    assert_eq!(parts, others);
    // Each one by itself can be switched off, and all of them.
    let mut none = String::new();
    for component in components::all() {
        let off = format!("{}: {{enabled: false}}\n", component.name);
        let objects = agree(&Case::new(&*off)).expect("nothing else is needed");
        let own = |o: &Value| o["metadata"]["labels"]["app.kubernetes.io/name"] == component.name;
        assert!(!objects.iter().any(own), "{off}");
        none.push_str(&off);
    }
    assert_eq!(agree(&Case::new(none)), Ok(Vec::new()));
}

#[test]
fn null_removes_a_default_and_nothing_else() {
    let container = |values: &str| {
        let objects = agree(&Case::new(values)).unwrap_or_else(|error| panic!("{values}: {error}"));
        let server = find(&objects, "Deployment", "spira-inference-server");
        server["spec"]["template"]["spec"]["containers"][0].clone()
    };
    let default = container("");
    assert_eq!(
        default["resources"]["limits"],
        json!({"cpu": "1", "memory": "2Gi"})
    );
    let no_cpu = container("inference-server: {resources: {limits: {cpu: null}}}");
    assert_eq!(no_cpu["resources"]["limits"], json!({"memory": "2Gi"}));
    let no_limits = container("inference-server: {resources: {limits: null}}");
    assert_eq!(
        no_limits["resources"]
            .as_object()
            .expect("map")
            .keys()
            .collect::<Vec<_>>(),
        ["requests"]
    );
    // An empty map removes nothing: Helm merges it over the default.
    assert_eq!(
        container("inference-server: {resources: {limits: {}}}"),
        default
    );
    // Null where there is no default is as good as nothing.
    assert_eq!(
        container("inference-server: {image: {digest: null}}"),
        default
    );
    for values in [
        "inference-server: null",
        "global: null",
        "global: {connections: null}",
        "global: {connections: {nats: null}}",
        "global: {imageRegistry: null, commonLabels: null}",
        "inference-server: {global: null}",
        "inference-server: {global: {model: {name: null}}}",
        "inference-server: {podSecurityContext: {runAsUser: null, seccompProfile: null}}",
        "inference-server: {podSecurityContext: null}",
        "inference-server: {enabled: null}",
        "unknown: null",
    ] {
        // Agreement is the point: `agree` fails where one side accepts, or renders something else.
        let _ = agree(&Case::new(values));
    }
}

#[test]
fn set_means_what_helm_makes_of_it() {
    let cases: &[(&str, &[&str])] = &[
        ("", &["nats.replicas=5"]),
        ("nats: {replicas: 5}", &["nats.replicas=7"]),
        ("", &["nats.replicas=1", "nats.replicas=2"]),
        ("", &["api-server.image.tag=1.10"]),
        ("", &["api-server.image.tag=110"]),
        ("", &["nats.enabled=false,api-server.enabled=false"]),
        ("", &["nats.enabled=no"]),
        (
            "",
            &["api-server.ingress.enabled=true,api-server.ingress.hosts={a.example,b.example}"],
        ),
        ("", &["api-server.ingress.hosts[1]=b.example"]),
        (
            "",
            &["api-server.tolerations[0].key=a,api-server.tolerations[0].operator=Exists"],
        ),
        ("", &["nats.podLabels.example\\.org/team=a"]),
        ("", &["nats.podAnnotations.a=b\\,c=d"]),
        ("", &["inference-server.resources.limits=null"]),
        (
            "inference-server: {resources: {limits: {cpu: '7'}}}",
            &["inference-server.resources.limits.cpu=null"],
        ),
        ("", &["nats.replicas=null"]),
        ("", &["nats.replicas="]),
        ("", &["nats.replicas"]),
        ("", &["nats.replicas=0x10"]),
        ("", &["nats.replicas=007"]),
        ("", &["global.connections.nats.port=9007199254740993"]),
        ("", &["unknown.a=1"]),
        (
            "nats: {extraEnv: [{name: A, value: a}, {name: B, value: b}]}",
            &["nats.extraEnv[1].value=c"],
        ),
        (
            "nats: {extraEnv: [{name: A, value: a}]}",
            &["nats.extraEnv[2].name=c"],
        ),
        (
            "nats: {extraEnv: [{name: A, value: a}]}",
            &["nats.extraEnv={}"],
        ),
    ];
    let mut accepted = 0;
    for (values, set) in cases {
        let set = set.iter().map(ToString::to_string).collect();
        accepted += usize::from(
            agree(&Case {
                set,
                ..Case::new(*values)
            })
            .is_ok(),
        );
    }
    assert!(
        accepted > cases.len() / 3 && accepted < cases.len(),
        "{accepted} of {}",
        cases.len()
    );
}

/// A subchart is a chart of its own: without the umbrella it gives the same objects.
#[test]
fn subcharts_install_by_themselves() {
    for helm in Helm::ALL {
        for component in spira_manifests::components::all() {
            let subchart = chart().join("charts").join(component.name);
            let mut oracle = Oracle::start(helm, &subchart).expect("oracle");
            let question = oracle::Case {
                values_yaml: Vec::new(),
                ..Case::new("").for_helm()
            };
            let answer = oracle.render(&question).expect("answer");
            // Helm looks at `enabled` in the umbrella only.
            let on = Case::new(format!("{}: {{enabled: true}}", component.name));
            let library = on.outcome().map(|mut objects| {
                let label = "app.kubernetes.io/name";
                objects.retain(|o| o.as_json()["metadata"]["labels"][label] == component.name);
                objects
            });
            compare(&library, &answer)
                .unwrap_or_else(|found| panic!("{helm:?} {}: {}", component.name, found.text));
            assert!(answer.is_ok(), "{answer:?}");
        }
    }
}
