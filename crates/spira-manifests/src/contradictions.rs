//! What sections of the values may not say together.
//!
//! A subchart's schema sees its own section and `global`. What one section may not say beside
//! another's is therefore a rule of the umbrella's schema: [`rules`] writes each [`Contradiction`] as
//! `if` and `then`, and both Helm and [`crate::document`] check them, on the merged values. A subchart
//! that is installed alone knows nothing of the others, and checks none of it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{Component, components};

/// Values that contradict each other: where all of `when` holds, nothing of `never` may.
#[derive(Clone, Debug, PartialEq)]
pub struct Contradiction {
    /// What holds.
    pub when: Vec<Said>,
    /// What may then not hold, each with what would be right, to go after "is not".
    pub never: Vec<(Said, String)>,
}

/// What a value of a section says.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Where it stands, such as `nats.enabled`.
    pub path: String,
    /// What it is.
    pub is: Is,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Is {
    /// This very flag, text or number.
    Just(Value),
    /// Any text.
    Text,
}

impl Said {
    /// The value at `path` is `value`.
    pub fn just(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self {
            path: path.into(),
            is: Is::Just(value.into()),
        }
    }

    /// The value at `path` is set, to any text.
    pub fn text(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            is: Is::Text,
        }
    }

    fn rule(&self) -> Value {
        match &self.is {
            Is::Just(value) => json!({ "const": value }),
            Is::Text => json!({ "type": "string" }),
        }
    }

    /// The schema of documents in which it is said.
    fn holds(&self) -> Value {
        self.path.rsplit('.').fold(
            self.rule(),
            |inner, key| json!({ "required": [key], "properties": { key: inner } }),
        )
    }
}

/// All contradictions that are refused. One more is a line here.
#[must_use]
pub fn all() -> Vec<Contradiction> {
    let components = components::all();
    let mut all: Vec<_> = components.iter().filter_map(faults_of_nothing).collect();
    for component in &components {
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

/// Faults that were turned on in the section of a component that is not installed.
fn faults_of_nothing(component: &Component) -> Option<Contradiction> {
    let name = component.name;
    let defaults = (component.defaults)();
    let faults = defaults["chaos"].as_object()?;
    // What is on by default says nothing about what the user wants.
    let off = faults.iter().filter(|(_, fault)| fault["enabled"] == false);
    let never = off.map(|(fault, _)| {
        (
            Said::just(format!("{name}.chaos.{fault}.enabled"), true),
            format!("false, which a fault of {name} must be while {name}.enabled is false"),
        )
    });
    Some(Contradiction {
        when: vec![
            Said::just("global.chaos.enabled", true),
            Said::just(format!("{name}.enabled"), false),
        ],
        never: never.collect(),
    })
}

/// A network to a component that is not installed, or that nobody uses.
fn networks_to_nothing(component: &Component) -> Vec<Contradiction> {
    let name = component.name;
    let mut all = Vec::new();
    for partner in partners(component)
        .iter()
        .filter(|partner| *partner != name)
    {
        let off = Said::just(format!("{partner}.enabled"), false);
        let outside = OUTSIDE.iter().filter(|(component, _)| component == partner);
        let outside = outside.map(|(_, path)| (Said::text(*path), format!("{path} names another")));
        let reasons = [(off, format!("{partner}.enabled is false"))];
        for (reason, why) in reasons.into_iter().chain(outside) {
            all.push(Contradiction {
                when: vec![
                    Said::just("global.chaos.enabled", true),
                    Said::just(format!("{name}.enabled"), true),
                    Said::just(format!("{name}.chaos.network.enabled"), true),
                    reason,
                ],
                never: vec![(
                    Said::just(format!("{name}.chaos.network.towards"), partner.as_str()),
                    format!("a component that runs in this release and is used: {why}"),
                )],
            });
        }
    }
    all
}

/// A target of the experiment that is not installed, or that no Schedule hits.
fn experiment_on_nothing(component: &Component) -> Vec<Contradiction> {
    let name = component.name;
    let target = format!("experiment.targets.{}", camel_case(name));
    let refused = |when: Vec<Said>, why: &str| {
        let never = Said::just(format!("{target}.enabled"), true);
        let installed = Said::just("experiment.enabled", true);
        Contradiction {
            when: [vec![installed], when].concat(),
            never: vec![(never, format!("false, which a target must be while {why}"))],
        }
    };
    if !is_target(&camel_case(name)) {
        return Vec::new();
    }
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

/// The contradictions as rules of a JSON Schema.
#[must_use]
pub fn rules() -> Vec<Value> {
    all().iter().map(Contradiction::rule).collect()
}

impl Contradiction {
    fn rule(&self) -> Value {
        let holds: Vec<_> = self.when.iter().map(Said::holds).collect();
        let mut then = json!({});
        for (said, expected) in &self.never {
            let mut rule = json!({ "not": said.rule() });
            rule["x-expected"] = json!(expected);
            put(&mut then, &said.path, rule);
        }
        json!({ "if": { "allOf": holds }, "then": then })
    }
}

/// Puts a rule for the value at `path` into a schema.
fn put(schema: &mut Value, path: &str, rule: Value) {
    let mut here = schema;
    for key in path.split('.') {
        let object = here.as_object_mut().expect("rules are put beside rules");
        let properties = object
            .entry("properties")
            .or_insert_with(|| json!(Map::new()));
        here = &mut properties[key];
        if here.is_null() {
            *here = json!({});
        }
    }
    *here = rule;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{OUTSIDE, all, partners};
    use crate::{components, document};

    /// A rule about a path that is not there would never hold.
    #[test]
    fn every_path_is_a_value() {
        let known: BTreeSet<&str> = OUTSIDE.iter().map(|(_, path)| *path).collect();
        let defaults = document::defaults();
        for contradiction in all() {
            let never = contradiction.never.iter().map(|(said, _)| said);
            for said in contradiction.when.iter().chain(never) {
                let pointer = format!("/{}", said.path.replace('.', "/"));
                // What is unset by default is not in the document.
                assert!(
                    known.contains(&*said.path) || defaults.pointer(&pointer).is_some(),
                    "{}",
                    said.path
                );
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
                .filter(|one| one.never.iter().any(|(said, _)| said.path == path));
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
