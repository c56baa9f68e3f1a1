//! Which of two maps of the user's wins where both have a key.
//!
//! Samples never share a key, so the tree alone cannot tell. Where several maps go into one
//! mapping, the builder is asked once more with a key that two of them share.

use serde_json::{Value, json};

use super::{
    recorder::Recorder,
    sample::{Assign, Choice, Samples},
};
use crate::{
    Refusal, Subject,
    tree::{Entry, Node, Source},
};

const SHARED: &str = "zqsharedqz";

/// Puts the entries of such mappings in the order in which the builder lets them win: the last
/// entry wins.
///
/// # Errors
/// If the builder lets now one, now the other win.
pub fn settle(
    subject: &Subject,
    samples: &Samples,
    mut objects: Vec<Entry>,
) -> Result<Vec<Entry>, Refusal> {
    let judge = Judge { subject, samples };
    for object in &mut objects {
        judge.settle(&mut object.node)?;
    }
    Ok(objects)
}

struct Judge<'a> {
    subject: &'a Subject,
    samples: &'a Samples,
}

impl Judge<'_> {
    fn settle(&self, node: &mut Node) -> Result<(), Refusal> {
        match node {
            Node::Map(entries) => {
                self.sort(entries)?;
                entries
                    .iter_mut()
                    .try_for_each(|entry| self.settle(&mut entry.node))
            }
            Node::Text(entries) | Node::Seq(entries) | Node::Range(_, entries) => entries
                .iter_mut()
                .try_for_each(|entry| self.settle(&mut entry.node)),
            Node::If(_, then, other) => {
                self.settle(then)?;
                self.settle(other)
            }
            Node::Leaf(_) | Node::Whole(_) => Ok(()),
        }
    }

    /// Sorts the ranges among the entries by who wins; there are two or three at most.
    fn sort(&self, entries: &mut [Entry]) -> Result<(), Refusal> {
        let places: Vec<usize> = (0..entries.len())
            .filter(|&at| matches!(entries[at].node, Node::Range(..)))
            .collect();
        for last in (1..places.len()).rev() {
            for at in 0..last {
                let (first, second) = (places[at], places[at + 1]);
                let (Node::Range(a, _), Node::Range(b, _)) =
                    (&entries[first].node, &entries[second].node)
                else {
                    continue;
                };
                if self.wins(&a.clone(), &b.clone())? {
                    entries.swap(first, second);
                }
            }
        }
        Ok(())
    }

    /// Whether the entry of `a` survives where `b` has the same key.
    fn wins(&self, a: &str, b: &str) -> Result<bool, Refusal> {
        let refuse = |why: String| Refusal::Trace {
            component: self.subject.name.clone(),
            why,
        };
        let assign: Assign = self.samples.choices.iter().map(Choice::on).collect();
        let mut document = self.samples.document(&assign);
        for (path, value) in [(a, "first"), (b, "second")] {
            let map = document
                .pointer_mut(&path.replace('.', "/"))
                .and_then(Value::as_object_mut);
            map.ok_or_else(|| {
                refuse(format!(
                    "{path} goes into a mapping with others, but is no map of the values' own"
                ))
            })?
            .insert(SHARED.to_owned(), json!(value));
        }
        let objects =
            (self.subject.build)(&Recorder::new(self.samples), &document).map_err(refuse)?;
        let keys = [a, b].map(|path| self.samples.marker(Source::Key(format!("{path}{{0}}"))));
        let mut survivors = Vec::new();
        objects
            .iter()
            .for_each(|object| shared_values(object, &keys, &mut survivors));
        match survivors.as_slice() {
            [first, rest @ ..] if rest.iter().all(|other| other == first) => Ok(first == "first"),
            _ => Err(refuse(format!(
                "of the maps {a} and {b} now one, now the other wins; let one of them win everywhere"
            ))),
        }
    }
}

/// What the shared key holds in every mapping that both maps went into.
fn shared_values(value: &Value, keys: &[String; 2], found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if keys.iter().all(|key| fields.contains_key(key))
                && let Some(Value::String(survivor)) = fields.get(SHARED)
            {
                found.push(survivor.clone());
            }
            fields
                .values()
                .for_each(|field| shared_values(field, keys, found));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| shared_values(item, keys, found)),
        _ => {}
    }
}
