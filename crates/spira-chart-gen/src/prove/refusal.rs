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
            values: self.that_matter(&smallest, release),
            cases,
        }
    }

    /// The values whose change makes the difference vanish, as `path: value` lines.
    fn that_matter(&self, document: &Value, release: &Release) -> Vec<String> {
        let mut shown: Vec<String> = Vec::new();
        let mut all = places(document, "");
        // Parts before their containers: a container is only worth showing if none of its parts is.
        all.reverse();
        let other = |value: &Value| match value {
            Value::Array(items) if !items.is_empty() => vec![json!([])],
            Value::Object(fields) if !fields.is_empty() => vec![json!({})],
            Value::Bool(is) => vec![json!(!is)],
            Value::Number(_) => vec![json!(7), json!(7777), json!(30_001)],
            Value::String(_) => vec![json!("b"), json!("zq0000qz")],
            Value::Array(_) | Value::Object(_) | Value::Null => {
                vec![json!(["b"]), json!({"b": "b"}), json!("b"), json!(30_001)]
            }
        };
        for place in all {
            let Some(value) = document.pointer(&place) else {
                continue;
            };
            if shown
                .iter()
                .any(|part| part.starts_with(&format!("{place}/")))
            {
                continue;
            }
            let matters = other(value).into_iter().any(|other| {
                let mut changed = document.clone();
                if let Some(slot) = changed.pointer_mut(&place) {
                    *slot = other;
                }
                matches!(self.compare(&changed, release), Ok(None))
            });
            if matters {
                shown.push(place);
            }
        }
        shown.reverse();
        shown
            .iter()
            .map(|place| {
                format!(
                    "{}: {}",
                    dotted(place),
                    document.pointer(place).unwrap_or(&Value::Null)
                )
            })
            .collect()
    }
}

/// A difference's place without the numbers of list items.
fn general(field: &str) -> String {
    field.chars().filter(|c| !c.is_ascii_digit()).collect()
}
