//! A difference in a person's words, on the smallest values that show it.

use std::cell::Cell;

use serde_json::{Value, json};
use spira_manifests::Release;

use super::{
    compare::Prover,
    shrink::{dotted, places, shrink},
};
use crate::Refusal;

impl Prover<'_> {
    /// Says on the smallest values where builders and tree differ.
    pub fn refusal(&self, document: &Value, release: &Release, cases: usize) -> Refusal {
        let Ok(Some(found)) = self.compare(document, release) else {
            return Refusal::Trace {
                component: self.subject.name.clone(),
                why: "the builders give now these objects, now others for the same values".into(),
            };
        };
        let kind = general(&found.field);
        let budget = Cell::new(4000_u32);
        let fails = |candidate: &Value| {
            // Shrinking a large document must end in bounded time, however slowly it shrinks.
            budget.set(budget.get().saturating_sub(1));
            budget.get() > 0
                && matches!(self.compare(candidate, release), Ok(Some(other)) if general(&other.field) == kind)
        };
        let smallest = shrink(document.clone(), &fails);
        let shown = self.compare(&smallest, release).ok().flatten();
        let shown = shown.unwrap_or(found);
        Refusal::Differs {
            component: self.subject.name.clone(),
            object: shown.object,
            field: shown.field,
            builder: shown.builder.to_string(),
            template: shown.template.to_string(),
            values: self.values(&smallest, release),
            cases,
        }
    }

    /// The values that make the difference, as `path: value`: those whose change makes it vanish.
    /// A flag can do so by hiding it; if there are only flags, those whose change shows in it too.
    fn values(&self, document: &Value, release: &Release) -> Vec<String> {
        let found = |document: &Value| self.compare(document, release).ok();
        let vanishes = |changed: &Value| matches!(found(changed), Some(None));
        let mut places = that_matter(document, &vanishes);
        let is_flag = |place: &String| document.pointer(place).is_some_and(Value::is_boolean);
        if places.iter().all(is_flag)
            && let Some(Some(here)) = found(document)
        {
            let shows = that_matter(document, &|changed| {
                found(changed).flatten().is_some_and(|there| {
                    there.field == here.field
                        && (there.builder != here.builder || there.template != here.template)
                })
            });
            places.extend(shows.into_iter().filter(|place| !is_flag(place)));
            places.sort();
            places.dedup();
        }
        let shown = places.iter().map(|place| {
            let value = document.pointer(place).unwrap_or(&Value::Null);
            format!("{}: {value}", dotted(place))
        });
        shown.collect()
    }
}

/// The places of values of which some change matters.
fn that_matter(document: &Value, matters: &dyn Fn(&Value) -> bool) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    // Parts before their containers: a container is only worth showing if none of its parts is.
    for place in places(document, "").into_iter().rev() {
        let inside = format!("{place}/");
        if shown.iter().any(|part| part.starts_with(&inside)) {
            continue;
        }
        let others = document.pointer(&place).map(others).unwrap_or_default();
        let any = others.into_iter().any(|other| {
            let mut changed = document.clone();
            if let Some(slot) = changed.pointer_mut(&place) {
                *slot = other;
            }
            matters(&changed)
        });
        if any {
            shown.push(place);
        }
    }
    shown.reverse();
    shown
}

/// Values unlike this one.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) if !items.is_empty() => vec![json!([])],
        Value::Object(fields) if !fields.is_empty() => vec![json!({})],
        Value::Bool(is) => vec![json!(!is)],
        Value::Number(_) => vec![json!(7), json!(7777), json!(30_001)],
        Value::String(_) => vec![json!("b"), json!("zq0000qz")],
        Value::Array(_) | Value::Object(_) | Value::Null => {
            vec![json!(["b"]), json!({"b": "b"}), json!("b"), json!(30_001)]
        }
    }
}

/// A difference's place without the numbers of list items.
fn general(field: &str) -> String {
    field.chars().filter(|c| !c.is_ascii_digit()).collect()
}
