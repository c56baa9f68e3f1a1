//! Every number and flag of the values, and another value for each.

use serde_json::{Map, Value, json};
use spira_chart_gen::Subject;
use spira_chart_gen::trace::{Grammar, Shape};
use spira_manifests::document::coalesce;
use spira_manifests::{components, document};

/// A number or flag of the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Where it stands, such as `minio.pools.0.servers`.
    pub path: String,
    pub kind: Kind,
}

/// What a leaf may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Flag,
    /// A number within bounds, or one of a few.
    Number {
        min: i64,
        max: i64,
        among: Vec<i64>,
    },
}

impl Leaf {
    /// The section that it is in.
    pub fn section(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }

    /// What it may be instead of `now`, the nearest first.
    pub fn others(&self, now: &Value) -> Vec<Value> {
        match &self.kind {
            Kind::Flag => vec![json!(!now.as_bool().unwrap_or(false))],
            Kind::Number { min, max, among } if among.is_empty() => {
                let Some(now) = now.as_i64() else {
                    return vec![json!(min), json!(max)];
                };
                let near = [now + 1, now - 1, now + 2, now - 2];
                let within = near.into_iter().filter(|n| (min..=max).contains(&n));
                within.map(|number| json!(number)).collect()
            }
            Kind::Number { among, .. } => {
                let others = among.iter().filter(|number| now != *number);
                others.map(|number| json!(number)).collect()
            }
        }
    }
}

/// All leaves, by what the types say of the values; inside Kubernetes' own types, those of the defaults.
pub fn all() -> Vec<Leaf> {
    let defaults = document::defaults();
    let mut leaves = Vec::new();
    for (index, component) in components::all().iter().enumerate() {
        let schema = Subject::component(component).schema;
        let grammar = Grammar::read(&schema).expect("a component's values can be traced");
        let Shape::Struct(fields) = grammar.root else {
            panic!("the values of {} are no struct", component.name);
        };
        for (key, shape) in &fields {
            if key != "global" {
                let path = format!("{}.{key}", component.name);
                walk(shape, path, &defaults[component.name][key], &mut leaves);
            } else if index == 0 {
                walk(shape, key.clone(), &defaults[key], &mut leaves);
            }
        }
    }
    leaves
}

fn walk(shape: &Shape, path: String, now: &Value, leaves: &mut Vec<Leaf>) {
    match shape {
        Shape::Bool => leaves.push(flag(path)),
        Shape::Int { min, max, among } => leaves.push(Leaf {
            path,
            kind: Kind::Number {
                min: *min,
                max: *max,
                among: among.clone(),
            },
        }),
        Shape::Opt(inner) => walk(inner, path, now, leaves),
        Shape::Struct(fields) => {
            for (key, field) in fields {
                walk(field, format!("{path}.{key}"), &now[key], leaves);
            }
        }
        Shape::List { item, .. } => {
            for (index, now) in now.as_array().into_iter().flatten().enumerate() {
                walk(item, format!("{path}.{index}"), now, leaves);
            }
        }
        Shape::Whole { .. } => within(path, now, leaves),
        // The users' own keys are texts everywhere.
        Shape::Str(_) | Shape::Enum(_) | Shape::Map { .. } => {}
    }
}

/// What stands by default in a type of Kubernetes.
fn within(path: String, now: &Value, leaves: &mut Vec<Leaf>) {
    match now {
        Value::Bool(_) => leaves.push(flag(path)),
        Value::Number(_) => leaves.push(Leaf {
            path,
            kind: Kind::Number {
                min: 1,
                max: 65_535,
                among: Vec::new(),
            },
        }),
        Value::Object(fields) => {
            for (key, field) in fields {
                within(format!("{path}.{key}"), field, leaves);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                within(format!("{path}.{index}"), item, leaves);
            }
        }
        Value::Null | Value::String(_) => {}
    }
}

fn flag(path: String) -> Leaf {
    Leaf {
        path,
        kind: Kind::Flag,
    }
}

/// What stands at a path, with the defaults below the user's document.
pub fn at(user: &Map<String, Value>, path: &str) -> Value {
    let mut all = document::defaults();
    if let Some(all) = all.as_object_mut() {
        coalesce::overlay(all, user.clone());
    }
    all.pointer(&pointer(path)).cloned().unwrap_or_default()
}

/// Puts a value at a path of the user's document. Of a list that the user does not have, the default comes first:
/// Helm takes lists as a whole.
pub fn put(user: &mut Map<String, Value>, path: &str, value: Value) {
    let keys: Vec<&str> = path.split('.').collect();
    if let Some(index) = keys.iter().position(|key| key.parse::<usize>().is_ok()) {
        let list = keys[..index].join(".");
        let whole = at(user, &list);
        lay(user, &keys[..index], whole);
    }
    lay(user, &keys, value);
}

fn lay(user: &mut Map<String, Value>, keys: &[&str], value: Value) {
    let (last, parents) = keys.split_last().expect("a path has keys");
    let Some((first, parents)) = parents.split_first() else {
        user.insert((*last).to_owned(), value);
        return;
    };
    let mut here = user.entry((*first).to_owned()).or_insert_with(|| json!({}));
    for key in parents {
        here = step(here, key);
    }
    *step(here, last) = value;
}

fn step<'a>(here: &'a mut Value, key: &str) -> &'a mut Value {
    match key.parse::<usize>() {
        Ok(index) => &mut here[index],
        Err(_) => &mut here[key],
    }
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

#[test]
fn leaves_are_those_of_the_values() {
    let leaves = all();
    let of = |path: &str| leaves.iter().find(|leaf| leaf.path == path);
    let kind = |path: &str| of(path).unwrap_or_else(|| panic!("no {path}")).kind.clone();
    assert_eq!(kind("nats.jetstream.enabled"), Kind::Flag);
    assert_eq!(
        kind("api-server.podSecurityContext.runAsNonRoot"),
        Kind::Flag
    );
    let Kind::Number { among, .. } = kind("mongodb.members") else {
        panic!("a flag");
    };
    assert_eq!(among, [1, 3, 5, 7]);
    for path in [
        "minio.pools.0.servers",
        "experiment.seed",
        "global.monitoring.rules.postSeconds",
        "redelivery.podSecurityContext.fsGroup",
    ] {
        assert!(of(path).is_some(), "{path}");
    }
    assert!(leaves.len() > 300, "{}", leaves.len());
    let mut paths: Vec<_> = leaves.iter().map(|leaf| &leaf.path).collect();
    paths.dedup();
    assert_eq!(paths.len(), leaves.len());
}

#[test]
fn values_are_put_where_they_belong() {
    let mut user = Map::new();
    put(&mut user, "minio.pools.0.servers", json!(9));
    put(&mut user, "nats.replicas", json!(5));
    assert_eq!(at(&user, "minio.pools.0.servers"), json!(9));
    assert_eq!(at(&user, "minio.pools.0.volumesPerServer"), json!(2));
    assert_eq!(
        at(&user, "nats.podDisruptionBudget.maxUnavailable"),
        json!(1)
    );
    assert_eq!(user["nats"], json!({"replicas": 5}));
}
