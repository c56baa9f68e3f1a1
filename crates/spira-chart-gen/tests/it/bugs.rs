//! Builders that do what tracing cannot follow: each must be refused, by tracing or by the proof.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spira_chart_gen::{
    Refusal,
    prove::{Effort, prove},
    trace::trace,
};

use crate::support::subject;

/// Values with some of everything; behind two flags, as values often are.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Values {
    outer: bool,
    inner: Option<Inner>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Inner {
    n: i32,
    name: String,
    other: String,
    a: bool,
    b: bool,
    list: Vec<String>,
    items: Vec<Item>,
    tag: Option<String>,
    whole: ResourceRequirements,
    port: u16,
    #[schemars(range(min = 0, max = 999))]
    pods: i32,
    #[schemars(range(min = 0, max = 999))]
    spare: i32,
    m: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Item {
    name: String,
    on: bool,
}

type Bug = (&'static str, fn(&Inner) -> Value);

/// How often 20 seeds may miss a bug: never, but for the one that must guess a map's key.
const BUGS: &[Bug] = &[
    ("adds 1 to a number", |v| json!(v.n.wrapping_add(1))),
    ("adds 1 to a number of few", |v| {
        json!([v.pods + 1, v.spare])
    }),
    ("doubles a number of few", |v| json!(v.pods * 2)),
    ("upper-cases a string", |v| json!(v.name.to_uppercase())),
    ("compares a length", |v| json!(v.list.len() > 1)),
    ("compares a number with a constant", |v| {
        json!(if v.port == 8443 { "https" } else { "http" })
    }),
    ("an object only above one", |v| {
        if v.n > 1 {
            json!({"there": true})
        } else {
            json!({})
        }
    }),
    ("looks up one key of a map", |v| {
        json!(v.m.contains_key("debug"))
    }),
    ("takes the first of a list", |v| {
        json!(
            v.items
                .first()
                .map(|item| item.name.clone())
                .unwrap_or_default()
        )
    }),
    ("sorts a list", |v| {
        let mut list = v.list.clone();
        list.sort();
        json!(list)
    }),
    ("drops repeated items", |v| {
        let mut list = v.list.clone();
        list.dedup();
        json!(list)
    }),
    ("cuts a string", |v| {
        json!(v.name.chars().take(63).collect::<String>())
    }),
    ("cuts a string short", |v| {
        json!(v.name.chars().take(5).collect::<String>())
    }),
    ("trims a string", |v| json!(v.name.trim())),
    ("compares a string with a constant", |v| {
        json!(if v.name == "latest" {
            "Always"
        } else {
            "IfNotPresent"
        })
    }),
    ("compares two strings", |v| json!(v.name == v.other)),
    ("looks at a string's start", |v| {
        json!(if v.name.starts_with("sha256:") {
            "@"
        } else {
            ":"
        })
    }),
    ("asks whether a string is empty", |v| {
        if v.name.is_empty() {
            json!({})
        } else {
            json!(v.name)
        }
    }),
    ("asks whether any item is on", |v| {
        json!(v.items.iter().any(|item| item.on))
    }),
    ("looks into a Kubernetes type", |v| {
        json!([v.whole.limits.is_some(), v.whole])
    }),
];

fn buggy(bug: Bug) -> spira_chart_gen::Subject {
    subject(
        "buggy",
        include_str!("bugs.rs"),
        move |_, values: &Values| {
            let spec = match &values.inner {
                Some(inner) if values.outer => bug.1(inner),
                _ => json!("off"),
            };
            vec![json!({"kind": "Planted", "metadata": {"name": "bug"}, "spec": {"field": spec}})]
        },
    )
}

/// What the generator says of a bug: the refusal, or nothing where it slips through.
fn verdict(bug: Bug, seed: u64) -> Option<Refusal> {
    let subject = buggy(bug);
    match trace(&subject) {
        Err(refusal) => Some(refusal),
        Ok(traced) => prove(
            &subject,
            &traced,
            Effort {
                seed,
                ..Effort::default()
            },
        )
        .err(),
    }
}

/// A refusal says in which object and field it is, and by which value.
fn assert_names(message: &str, value: &str) {
    assert!(
        message.starts_with("buggy: Planted/bug, field spec.field"),
        "{message}"
    );
    assert!(message.contains(value), "{message} does not name {value}");
}

/// The refusal of a bug, by its name in the table.
fn refusal(name: &str) -> String {
    let bug = BUGS
        .iter()
        .find(|bug| bug.0 == name)
        .expect("it is planted");
    verdict(*bug, 1).expect("it is refused").to_string()
}

#[test]
fn a_number_plus_1_is_refused() {
    let message = refusal("adds 1 to a number");
    assert_names(&message, "inner.n + 1");
    assert!(message.contains("can only be passed on"), "{message}");
}

/// Samples of numbers that are all small stand apart too.
#[test]
fn a_number_of_few_plus_1_is_refused() {
    assert_names(&refusal("adds 1 to a number of few"), "inner.pods + 1");
}

#[test]
fn a_changed_case_is_refused() {
    let message = refusal("upper-cases a string");
    assert_names(&message, "inner.name");
    assert!(message.contains("case"), "{message}");
}

#[test]
fn a_compared_length_is_refused() {
    assert_names(&refusal("compares a length"), "inner.list");
}

#[test]
fn a_number_compared_with_a_constant_is_refused() {
    let message = refusal("compares a number with a constant");
    assert_names(&message, "inner.port: 8443");
}

#[test]
fn one_key_of_a_map_is_refused() {
    let message = refusal("looks up one key of a map");
    assert_names(&message, "inner.m: {\"debug\":");
}

#[test]
fn the_first_of_a_list_is_refused() {
    let message = refusal("takes the first of a list");
    assert_names(&message, "inner.items[0].name");
    assert!(message.contains("outside the range"), "{message}");
}

#[test]
fn a_sorted_list_is_refused() {
    assert_names(&refusal("sorts a list"), "inner.list[");
}

#[test]
fn a_cut_string_is_refused() {
    assert_names(&refusal("cuts a string"), "inner.name: \"");
    let message = refusal("cuts a string short");
    assert_names(&message, "inner.name");
    assert!(message.contains("cut"), "{message}");
}

/// Where no change of a single value makes the difference vanish, those that show in it are named.
#[test]
fn a_doubled_number_is_refused() {
    assert_names(&refusal("doubles a number of few"), "inner.pods: ");
}

/// The table of how often 20 seeds miss each bug.
#[test]
fn planted_bugs() {
    let mut table = String::from("bug                                 missed of 20   refusal\n");
    let mut slipped = Vec::new();
    for bug in BUGS {
        let verdicts: Vec<Option<Refusal>> = (1..=20).map(|seed| verdict(*bug, seed)).collect();
        let missed = verdicts.iter().filter(|verdict| verdict.is_none()).count();
        let messages: Vec<String> = verdicts
            .into_iter()
            .flatten()
            .map(|refusal| refusal.to_string())
            .collect();
        for message in &messages {
            assert_names(message, "inner.");
        }
        let example = messages.into_iter().min_by_key(String::len);
        table.push_str(&format!(
            "{:36}{missed:>12}   {}\n",
            bug.0,
            example.unwrap_or_default()
        ));
        if missed > 0 {
            slipped.push(bug.0);
        }
    }
    println!("{table}");
    assert!(slipped.is_empty(), "slipped through: {slipped:?}\n{table}");
}
