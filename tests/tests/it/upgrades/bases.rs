//! Releases to change one value of: as small as they can be, so that an upgrade is fast, and with all that the value needs to
//! reach an object.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use spira_manifests::document::coalesce;
use spira_manifests::{components, document};

use super::leaves::{self, Kind, Leaf};
use super::read;
use crate::support::{Case, Live};

/// A release to start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Base {
    pub name: String,
    pub values: Map<String, Value>,
}

/// What a section needs beside its flags, to be whole with all of them on.
const WHOLE: &[(&str, &str)] = &[
    (
        "nats",
        "{global: {connections: {nats: {auth: {enabled: true}}}}}",
    ),
    (
        "api-server",
        "{api-server: {
            ingress: {hosts: [api.example.org], tls: {secretName: api-tls}},
            httpRoute: {gateway: {className: example, tls: {secretName: api-tls}}},
            autoscaling: {targetMemoryUtilizationPercentage: 70}}}",
    ),
    (
        "checks",
        "{global: {connections: {mongodb: {integrationTestDatabase: tests}}}}",
    ),
];

/// Flags that stay as they are while all others are on, since with them on another value would reach nothing.
const STAY: &[&str] = &["api-server.autoscaling.enabled", "experiment.targets"];

/// The releases that a leaf may be changed in, the best first.
pub fn of(leaf: &Leaf, leaves: &[Leaf]) -> Vec<Base> {
    match leaf.section() {
        "global" if leaf.path.starts_with("global.networkPolicies.") => vec![with_policies()],
        "global" => vec![everything(), with_postgresql_outside()],
        "experiment" => experiment(leaf),
        section => {
            let whole = whole(section, leaves);
            let with = |name: &str, text: &str| {
                let mut base = whole.clone();
                base.name = format!("{section}, {name}");
                lay(&mut base, text);
                base
            };
            // Monitoring includes a component's metrics.
            let mut all = vec![
                whole.clone(),
                with(
                    "with dashboards",
                    "global: {monitoring: {dashboards: {enabled: true}}}",
                ),
                with("unmonitored", "global: {monitoring: {enabled: false}}"),
            ];
            if section == "api-server" {
                all.push(with(
                    "scaled by load",
                    "api-server: {autoscaling: {enabled: true}}",
                ));
            }
            // Without a component there are no faults of it.
            all.push(alone(section));
            all
        }
    }
}

/// One component and nothing else, with monitoring and faults.
pub fn alone(section: &str) -> Base {
    only(section.to_owned(), &[section])
}

fn only(name: String, sections: &[&str]) -> Base {
    // Dashboards are much text that is the same with nearly all values.
    let mut text = "global: {monitoring: {enabled: true, dashboards: {enabled: false}}, chaos: {enabled: true}}\n"
        .to_owned();
    for component in components::all() {
        let is_on = sections.contains(&component.name);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {{enabled: {is_on}}}", component.name);
    }
    Base {
        name,
        values: read(&text),
    }
}

/// One component with all of its flags on.
fn whole(section: &str, leaves: &[Leaf]) -> Base {
    let mut base = alone(section);
    base.name = format!("{section}, whole");
    for leaf in leaves {
        let is_own = leaf.section() == section && leaf.kind == Kind::Flag;
        // What stands in a type of Kubernetes means more than on and off.
        let is_ours = !leaf.path.to_lowercase().contains("securitycontext");
        let stays = STAY.iter().any(|path| leaf.path.starts_with(path));
        if is_own && is_ours && !stays {
            leaves::put(&mut base.values, &leaf.path, json!(true));
        }
    }
    if let Some(partner) = partner(section) {
        lay(&mut base, &format!("{partner}: {{enabled: true}}"));
        let faults = format!(
            "{section}: {{chaos: {{network: {{towards: {partner}, action: loss}}, stress: {{action: cpu-and-memory}}}}}}"
        );
        lay(&mut base, &faults);
    }
    for (_, more) in WHOLE.iter().filter(|(of, _)| *of == section) {
        lay(&mut base, more);
    }
    base
}

/// A component that the network of a component can be cut to: itself, if it talks to itself.
fn partner(section: &str) -> Option<String> {
    let component = components::named(section)?;
    let schema = (component.schema)().to_value();
    let variants = schema["$defs"]["Partner"]["oneOf"].as_array()?.clone();
    let names: Vec<_> = variants
        .iter()
        .filter_map(|one| one["const"].as_str())
        .collect();
    let first = names.first().map(ToString::to_string);
    if names.contains(&section) {
        return Some(section.to_owned());
    }
    first
}

/// The experiment and the component that a leaf is about, if it is about one.
fn experiment(leaf: &Leaf) -> Vec<Base> {
    let targets = document::defaults()["experiment"]["targets"].clone();
    let about = leaf.path.strip_prefix("experiment.targets.");
    let about = about.and_then(|rest| rest.split('.').next());
    let mut base = match about {
        None => only("experiment".to_owned(), &["experiment"]),
        Some(target) => {
            let component = components::all()
                .into_iter()
                .find(|component| component.name.replace('-', "") == target.to_lowercase())
                .unwrap_or_else(|| panic!("{target} is no component"));
            only(
                format!("experiment on {target}"),
                &["experiment", component.name],
            )
        }
    };
    lay(
        &mut base,
        "experiment: {results: {persistent: true}, test: {enabled: true}}",
    );
    for target in targets.as_object().expect("targets have names").keys() {
        let is_on = about == Some(target);
        lay(
            &mut base,
            &format!("experiment: {{targets: {{{target}: {{enabled: {is_on}}}}}}}"),
        );
    }
    vec![base]
}

/// The whole release, with all that goes by `global`.
pub fn everything() -> Base {
    Base {
        name: "everything".to_owned(),
        values: read(
            "global:
               monitoring: {enabled: true, dashboards: {enabled: false}}
               chaos: {enabled: true}
               connections: {nats: {auth: {enabled: true}}}",
        ),
    }
}

/// Components of which each policy is: of one that asks Kubernetes, and of one that clients outside reach.
fn with_policies() -> Base {
    let mut base = only("policies".to_owned(), &["minio", "api-server"]);
    lay(&mut base, "global: {networkPolicies: {enabled: true}}");
    base
}

/// A port that only another PostgreSQL may have.
fn with_postgresql_outside() -> Base {
    Base {
        name: "PostgreSQL outside".to_owned(),
        values: read(
            "postgresql: {enabled: false}\n\
             global: {connections: {postgresql: {host: db.example.org, existingSecret: db}}}\n\
             nats: {enabled: false}\nminio: {enabled: false}\nmongodb: {enabled: false}",
        ),
    }
}

fn lay(base: &mut Base, text: &str) {
    coalesce::overlay(&mut base.values, read(text));
}

/// The objects that values give beside some live credentials; the library's message if it refuses them.
pub fn rendered(values: &Map<String, Value>, live: &[Live]) -> Result<Vec<Value>, String> {
    let case = Case {
        live: live.to_vec(),
        ..Case::new(Value::Object(values.clone()).to_string())
    };
    case.library()
}

/// The credentials of a release.
pub fn credentials(objects: &[Value]) -> Vec<Live> {
    let mut live = Vec::new();
    for secret in objects.iter().filter(|object| object["kind"] == "Secret") {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for (key, value) in secret["stringData"].as_object().into_iter().flatten() {
            live.push(Live {
                secret: text(&secret["metadata"]["name"]),
                key: key.clone(),
                value: text(value),
            });
        }
    }
    live
}
