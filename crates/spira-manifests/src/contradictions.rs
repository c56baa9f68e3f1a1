//! What sections of the values may not say together.
//!
//! A subchart's schema sees its own section and `global`. What one section may not say beside
//! another's is therefore a [`Contradiction`], and [`all`] of them are one list. The library checks
//! it on the merged document ([`found`]); the chart carries the same list as a file, which a template
//! of the umbrella reads. A subchart that is installed alone knows nothing of the others, and checks
//! none of it.

use std::{collections::BTreeSet, sync::LazyLock};

use serde::Serialize;
use serde_json::Value;

use crate::{Component, components, document::Problem};

/// Values that contradict each other: where all of `when` holds, nothing of `never` may.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contradiction {
    /// What holds.
    pub when: Vec<Said>,
    /// What may then not hold.
    pub never: Vec<Never>,
}

/// What may not hold, and what would be right.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Never {
    /// What may not hold.
    #[serde(flatten)]
    pub said: Said,
    /// What would be right, to go after "is not".
    pub expected: String,
}

/// What a value of a section says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Said {
    /// Where it stands, such as `nats.enabled`.
    pub path: String,
    /// What it is.
    #[serde(flatten)]
    pub is: Is,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Is {
    /// This very flag, word or number.
    Just(Value),
    /// Anything but this.
    Other(Value),
    /// Any text, if true.
    Text(bool),
    /// A number above the one at this path.
    Above(String),
    /// The same as the value at this path.
    Same(String),
}

impl Said {
    fn new(path: impl Into<String>, is: Is) -> Self {
        let path = path.into();
        Self { path, is }
    }

    /// The value at `path` is `value`.
    pub fn just(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(path, Is::Just(value.into()))
    }

    /// The value at `path` is anything but `value`.
    pub fn other(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(path, Is::Other(value.into()))
    }

    /// The value at `path` is set, to any text.
    pub fn text(path: impl Into<String>) -> Self {
        Self::new(path, Is::Text(true))
    }

    /// The number at `path` is above that at `bound`.
    pub fn above(path: impl Into<String>, bound: impl Into<String>) -> Self {
        Self::new(path, Is::Above(bound.into()))
    }

    /// The value at `path` is set, and the same as that at `other`.
    pub fn same(path: impl Into<String>, other: impl Into<String>) -> Self {
        Self::new(path, Is::Same(other.into()))
    }

    /// This may not hold; what would be right is to go after "is not".
    fn never(self, expected: impl Into<String>) -> Never {
        let expected = expected.into();
        Never {
            said: self,
            expected,
        }
    }

    /// Whether it is said in a merged document.
    #[must_use]
    pub fn holds(&self, document: &Value) -> bool {
        let value = at(document, &self.path);
        match &self.is {
            Is::Just(one) => equal(value, one),
            Is::Other(one) => !value.is_null() && !equal(value, one),
            Is::Text(is) => value.is_string() == *is,
            Is::Above(bound) => match (value.as_f64(), at(document, bound).as_f64()) {
                (Some(number), Some(bound)) => number > bound,
                _ => false,
            },
            Is::Same(other) => !value.is_null() && equal(value, at(document, other)),
        }
    }
}

/// Whether two values are the same: of numbers, whether they are equal.
fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b).is_eq(),
        _ => a == b,
    }
}

/// The value at a path, null where there is none.
pub(crate) fn at<'d>(document: &'d Value, path: &str) -> &'d Value {
    path.split('.').fold(document, |here, key| &here[key])
}

impl Contradiction {
    /// What is wrong with a merged document.
    fn found(&self, document: &Value) -> Vec<Problem> {
        if !self.when.iter().all(|said| said.holds(document)) {
            return Vec::new();
        }
        let never = self.never.iter().filter(|one| one.said.holds(document));
        let problem = |Never { said, expected }: &Never| Problem {
            path: said.path.clone(),
            value: at(document, &said.path).to_string(),
            message: format!("is not {expected}"),
        };
        never.map(problem).collect()
    }
}

/// What sections of a merged document say that contradicts others.
#[must_use]
pub fn found(document: &Value) -> Vec<Problem> {
    static ALL: LazyLock<Vec<Contradiction>> = LazyLock::new(all);
    ALL.iter().flat_map(|one| one.found(document)).collect()
}

/// All contradictions that are refused. One more is a line here.
#[must_use]
pub fn all() -> Vec<Contradiction> {
    let components = components::all();
    let mut all: Vec<_> = OUTSIDE.iter().map(own_and_outside).collect();
    all.extend(OUTSIDE.iter().map(policies_and_outside));
    all.push(policies_and_mongodb());
    all.extend(ports_of_nats());
    all.extend(OWN_PORTS.iter().map(own_port));
    all.push(tests_of_the_database());
    all.push(experiment_without_chaos_mesh());
    for component in &components {
        all.extend(scaled_twice(component));
        all.extend(faults_of_nothing(component));
        all.extend(networks_to_nothing(component));
        all.extend(experiment_on_nothing(component));
    }
    all
}

/// Where a service outside the cluster is named, and the component that it takes the place of. A Secret
/// with a connection to MongoDB does not tell where it leads.
const OUTSIDE: [(&str, &str); 4] = [
    ("nats", "global.connections.nats.host"),
    ("minio", "global.connections.objectStore.host"),
    ("postgresql", "global.connections.postgresql.host"),
    ("mlflow", "global.connections.mlflow.url"),
];

/// A service outside beside the component that it takes the place of, which nobody would use.
fn own_and_outside((name, outside): &(&str, &str)) -> Contradiction {
    let enabled = Said::just(format!("{name}.enabled"), true);
    Contradiction {
        when: vec![Said::text(*outside)],
        never: vec![enabled.never(format!(
            "false, which it must be while {outside} names another"
        ))],
    }
}

/// Policies that deny what a connection outside needs.
fn policies_and_outside((_, outside): &(&str, &str)) -> Contradiction {
    let mut path = outside.split('.').skip(2);
    let connection = path.next().expect("a connection stands in a section");
    denied(connection, outside, Vec::new())
}

/// Likewise for `MongoDB`, whose Secret may lead to this release's own, where there is one.
fn policies_and_mongodb() -> Contradiction {
    let secret = "global.connections.mongodb.existingSecret";
    denied(
        "mongodb",
        secret,
        vec![Said::just("mongodb.enabled", false)],
    )
}

fn denied(connection: &str, outside: &str, more: Vec<Said>) -> Contradiction {
    let nobody = Said::just(
        format!("global.networkPolicies.outside.{connection}"),
        Value::Array(Vec::new()),
    );
    let policies = Said::just("global.networkPolicies.enabled", true);
    Contradiction {
        when: [vec![Said::text(outside), policies], more].concat(),
        never: vec![nobody.never(format!(
            "a rule that leads to what {outside} names, which policies would deny"
        ))],
    }
}

/// What the Services of this release's own listen on, which their operators decide.
const OWN_PORTS: [(&str, &str, i32); 2] = [
    ("minio", "global.connections.objectStore.port", 80),
    ("postgresql", "global.connections.postgresql.port", 5432),
];

/// Another port than the Service of this release's own has.
fn own_port((name, path, port): &(&str, &str, i32)) -> Contradiction {
    let other = Said::other(*path, *port);
    Contradiction {
        when: vec![Said::just(format!("{name}.enabled"), true)],
        never: vec![other.never(format!("{port}, the port of this release's {name}"))],
    }
}

/// What NATS listens on beside the port for clients: for other servers, for its monitoring, and the
/// exporter in its pod.
const PORTS_OF_NATS: [i32; 3] = [6222, 8222, 7777];

/// A port for clients of NATS that is taken.
fn ports_of_nats() -> Vec<Contradiction> {
    let port = "global.connections.nats.port";
    let taken = |number| Said::just(port, number).never("another port than NATS uses itself");
    vec![Contradiction {
        when: vec![Said::just("nats.enabled", true)],
        never: PORTS_OF_NATS.map(taken).into(),
    }]
}

/// Tests that would drop SPIRA's own database.
fn tests_of_the_database() -> Contradiction {
    let (own, tests) = (
        "global.connections.mongodb.database",
        "global.connections.mongodb.integrationTestDatabase",
    );
    Contradiction {
        when: Vec::new(),
        never: vec![Said::same(tests, own).never(format!(
            "another database than {own}, which the tests would drop"
        ))],
    }
}

/// Faults of a Chaos Mesh that is not used.
fn experiment_without_chaos_mesh() -> Contradiction {
    let faults = Said::just("experiment.faults", "chaos-mesh");
    Contradiction {
        when: vec![
            Said::just("experiment.enabled", true),
            Said::just("global.chaos.enabled", false),
        ],
        never: vec![faults.never(
            "delete-pods or none, one of which it must be while global.chaos.enabled is false",
        )],
    }
}

/// A number of pods beside an autoscaler, and an autoscaler without room.
fn scaled_twice(component: &Component) -> Option<Contradiction> {
    let name = component.name;
    let defaults = (component.defaults)();
    defaults.get("autoscaling")?;
    let replicas = &defaults["replicas"];
    let (least, most) = (
        format!("{name}.autoscaling.minReplicas"),
        format!("{name}.autoscaling.maxReplicas"),
    );
    let fixed = Said::other(format!("{name}.replicas"), replicas.clone()).never(format!(
        "{replicas}, the default, which it must be while {name}.autoscaling sets the number of pods: see {least}"
    ));
    let crossed = Said::above(&least, &most).never(format!("a number of at most {most}"));
    Some(Contradiction {
        when: vec![Said::just(format!("{name}.autoscaling.enabled"), true)],
        never: vec![fixed, crossed],
    })
}

/// Faults that were turned on in the section of a component that is not installed.
fn faults_of_nothing(component: &Component) -> Option<Contradiction> {
    let name = component.name;
    let defaults = (component.defaults)();
    let faults = defaults["chaos"].as_object()?;
    // What is on by default says nothing about what the user wants.
    let off = faults.iter().filter(|(_, fault)| fault["enabled"] == false);
    let never = off.map(|(fault, _)| {
        let on = Said::just(format!("{name}.chaos.{fault}.enabled"), true);
        on.never(format!(
            "false, which a fault of {name} must be while {name}.enabled is false"
        ))
    });
    Some(Contradiction {
        when: vec![
            Said::just("global.chaos.enabled", true),
            Said::just(format!("{name}.enabled"), false),
        ],
        never: never.collect(),
    })
}

/// A network to a component that is not installed.
fn networks_to_nothing(component: &Component) -> Vec<Contradiction> {
    let name = component.name;
    let others = partners(component)
        .into_iter()
        .filter(|partner| partner != name);
    let contradiction = |partner: String| {
        let towards = Said::just(format!("{name}.chaos.network.towards"), &*partner);
        Contradiction {
            when: vec![
                Said::just("global.chaos.enabled", true),
                Said::just(format!("{name}.enabled"), true),
                Said::just(format!("{name}.chaos.network.enabled"), true),
                Said::just(format!("{partner}.enabled"), false),
            ],
            never: vec![towards.never(format!(
                "a component that runs in this release: {partner}.enabled is false"
            ))],
        }
    };
    others.map(contradiction).collect()
}

/// A target of the experiment that is not installed, or that no Schedule hits.
fn experiment_on_nothing(component: &Component) -> Vec<Contradiction> {
    let name = component.name;
    if !is_target(&camel_case(name)) {
        return Vec::new();
    }
    let target = format!("experiment.targets.{}.enabled", camel_case(name));
    let refused = |when: Vec<Said>, why: &str| Contradiction {
        when: [vec![Said::just("experiment.enabled", true)], when].concat(),
        never: vec![
            Said::just(&*target, true).never(format!("false, which a target must be while {why}")),
        ],
    };
    let kill = format!("{name}.chaos.podKill.enabled");
    vec![
        refused(
            vec![Said::just(format!("{name}.enabled"), false)],
            &format!("{name}.enabled is false"),
        ),
        refused(
            vec![
                Said::just("experiment.faults", "chaos-mesh"),
                Said::just(kill.clone(), false),
            ],
            &format!("experiment.faults is chaos-mesh and {kill} is false"),
        ),
    ]
}

/// Whether the experiment knows a target of this name.
fn is_target(name: &str) -> bool {
    let experiment = components::named("experiment");
    experiment.is_some_and(|component| (component.defaults)()["targets"].get(name).is_some())
}

/// The name of a component as a field of its own: `api-server` as `apiServer`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (head, tail) = word.split_at(1);
        text + &head.to_uppercase() + tail
    })
}

/// The components that the network fault of a component can be towards.
fn partners(component: &Component) -> BTreeSet<String> {
    let schema = (component.schema)().to_value();
    let mut names = BTreeSet::new();
    for variant in schema["$defs"]["Partner"]["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
    {
        names.extend(variant["const"].as_str().map(str::to_owned));
    }
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Is, OUTSIDE, all, partners};
    use crate::{components, document};

    /// A rule about a path that is not there would never hold.
    #[test]
    fn every_path_is_a_value() {
        let mut known: BTreeSet<&str> = OUTSIDE.iter().map(|(_, path)| *path).collect();
        known.insert("global.connections.mongodb.existingSecret");
        known.insert("global.connections.mongodb.integrationTestDatabase");
        let defaults = document::defaults();
        for contradiction in all() {
            let never = contradiction.never.iter().map(|one| &one.said);
            for said in contradiction.when.iter().chain(never) {
                let other = match &said.is {
                    Is::Above(path) | Is::Same(path) => Some(path),
                    _ => None,
                };
                for path in other.into_iter().chain([&said.path]) {
                    let pointer = format!("/{}", path.replace('.', "/"));
                    // What is unset by default is not in the document.
                    let is_there = defaults.pointer(&pointer).is_some();
                    assert!(known.contains(&**path) || is_there, "{path}");
                }
            }
        }
    }

    #[test]
    fn every_target_of_the_experiment_is_spoken_of() {
        let experiment = components::named("experiment").expect("it is in the list");
        let targets = (experiment.defaults)()["targets"].clone();
        for target in targets.as_object().expect("targets have names").keys() {
            let path = format!("experiment.targets.{target}.enabled");
            let about = all()
                .into_iter()
                .filter(|one| one.never.iter().any(|never| never.said.path == path));
            assert_eq!(about.count(), 2, "{target}");
        }
    }

    #[test]
    fn every_component_with_faults_has_partners() {
        for component in components::all() {
            let has_faults = !(component.defaults)()["chaos"].is_null();
            assert_eq!(
                partners(&component).len() > 1,
                has_faults,
                "{}",
                component.name
            );
        }
    }
}
