//! The proof: on thousands of values the template tree and the builders give the same objects.
//!
//! It is a test, not a proof in logic. Tracing cannot see what a builder computes from strings,
//! lengths or numbers; such a builder differs from its tree on some values, and this is the search
//! for them: every literal of the builders' source in every place that admits it, with most flags
//! on and with random flags, then random and boundary values. The rate at which planted bugs slip
//! through is measured by the test `planted_bugs`.

pub mod generate;
pub mod shrink;

use std::cell::Cell;

use serde_json::{Value, json};
use spira_manifests::Release;

use crate::{
    Refusal, Subject,
    diff::{Difference, difference},
    eval::{Evaluation, ReleaseAnswers},
    random::Rng,
    trace::Traced,
    tree::{Cond, Entry, Node, Scalar, Seg},
};
use generate::Generator;
use shrink::{dotted, places, shrink};

/// How hard to look.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How often every literal is tried in every place, each time with other flags.
    pub literal_rounds: usize,
    /// How many random documents are tried.
    pub random: usize,
    /// The seed of all that is random.
    pub seed: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            literal_rounds: 3,
            random: 400,
            seed: 1,
        }
    }
}

/// What a proof did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// How many documents both sides accepted and agreed on.
    pub cases: usize,
    /// How many drawn documents the types refused.
    pub refused: usize,
}

/// Releases whose names are hard: long ones, with dots, cut at a dash.
fn releases() -> Vec<Release> {
    let long = "a-very-long-release-name-that-helm-still-accepts-0123";
    [
        Release::new("spira", "spira"),
        Release::new("x", "default"),
        Release::new(long, "a-namespace"),
        Release::new("with.dots.and--dashes-at-the-cut-------------------z", "n"),
    ]
    .map(|release| release.with_generated(|secret, key| format!("{secret}/{key}")))
    .into()
}

/// Compares tree and builders.
///
/// # Errors
/// The first difference, on the smallest values that show it.
pub fn prove(subject: &Subject, traced: &Traced, effort: Effort) -> Result<Proof, Refusal> {
    let generator = Generator::new(&traced.grammar, &subject.source);
    let mut rng = Rng::new(effort.seed);
    let prover = Prover {
        subject,
        traced,
        objects: compact(&traced.objects),
        releases: releases(),
    };
    let mut proof = Proof::default();
    for round in 0..effort.literal_rounds {
        let on = [100, 70, 40][round % 3];
        // Another round starts elsewhere, so that literals meet in other pairs.
        let offset = usize::try_from(rng.below(1000)).unwrap_or(0);
        for at in 0..generator.literal_count() {
            let document = generator.literal(at + offset, &mut rng, on);
            prover.case(&document, at, &mut proof)?;
        }
    }
    for at in 0..effort.random {
        let document = generator.random(&mut rng, [85, 50, 85, 20][at % 4]);
        prover.case(&document, at, &mut proof)?;
    }
    Ok(proof)
}

struct Prover<'a> {
    subject: &'a Subject,
    traced: &'a Traced,
    objects: Vec<Entry>,
    releases: Vec<Release>,
}

/// A difference, with the object it is in.
struct Found {
    object: String,
    field: String,
    builder: Value,
    template: Value,
}

impl Prover<'_> {
    fn case(&self, document: &Value, at: usize, proof: &mut Proof) -> Result<(), Refusal> {
        let release = &self.releases[at % self.releases.len()];
        match self.compare(document, release) {
            Err(_) => proof.refused += 1,
            Ok(None) => proof.cases += 1,
            Ok(Some(found)) => {
                return Err(self.refusal(document, release, &found, proof.cases + 1));
            }
        }
        Ok(())
    }

    /// The first difference; an error where the types refuse the values.
    fn compare(&self, document: &Value, release: &Release) -> Result<Option<Found>, String> {
        let built = (self.subject.build)(release, document)?;
        let evaluation = Evaluation {
            objects: &self.objects,
            choices: &self.traced.samples.choices,
            values: document,
            answers: &ReleaseAnswers::new(release),
        };
        let tree = match evaluation.objects() {
            Ok(tree) => tree,
            Err(why) => {
                return Ok(Some(Found {
                    object: "the objects".to_owned(),
                    field: String::new(),
                    builder: json!(built.len()),
                    template: json!(why),
                }));
            }
        };
        let (built, tree) = (Value::Array(built), Value::Array(tree));
        Ok(difference(&built, &tree).map(|found| name_object(&found, &built, &tree)))
    }

    fn refusal(&self, document: &Value, release: &Release, found: &Found, cases: usize) -> Refusal {
        let kind = general(&found.field);
        let budget = Cell::new(4000_u32);
        let fails = |candidate: &Value| {
            // Shrinking a large document must end in bounded time, however slowly it shrinks.
            budget.set(budget.get().saturating_sub(1));
            budget.get() > 0
                && matches!(self.compare(candidate, release), Ok(Some(other)) if general(&other.field) == kind)
        };
        let smallest = shrink(document.clone(), &fails);
        let shown = match self.compare(&smallest, release) {
            Ok(Some(found)) => found,
            _ => Found {
                object: found.object.clone(),
                field: found.field.clone(),
                builder: found.builder.clone(),
                template: found.template.clone(),
            },
        };
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

fn title(object: &Value) -> String {
    format!(
        "{}/{}",
        object["kind"].as_str().unwrap_or("object"),
        object["metadata"]["name"].as_str().unwrap_or("?")
    )
}

/// A difference's place without the numbers of list items.
fn general(field: &str) -> String {
    field.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn name_object(found: &Difference, built: &Value, tree: &Value) -> Found {
    let (index, field) = found
        .place
        .trim_start_matches('[')
        .split_once(']')
        .unwrap_or(("0", ""));
    let index: usize = index.parse().unwrap_or(0);
    let object = built
        .get(index)
        .or(tree.get(index))
        .map_or_else(|| format!("object {index}"), title);
    Found {
        object,
        field: field.trim_start_matches('.').to_owned(),
        builder: found.left.clone(),
        template: found.right.clone(),
    }
}

/// The tree with neighbouring literal lines of text made one: it is evaluated thousands of times,
/// and scripts have hundreds of lines.
fn compact(entries: &[Entry]) -> Vec<Entry> {
    entries
        .iter()
        .map(|entry| Entry {
            node: compact_node(&entry.node),
            ..entry.clone()
        })
        .collect()
}

fn compact_node(node: &Node) -> Node {
    match node {
        Node::Text(lines) => {
            let mut joined: Vec<Entry> = Vec::new();
            for line in lines {
                match (
                    joined.last_mut().and_then(literal_line),
                    literal_line(&mut line.clone()),
                ) {
                    (Some(last), Some(next)) => {
                        last.push('\n');
                        last.push_str(next);
                    }
                    _ => joined.push(line.clone()),
                }
            }
            Node::Text(joined)
        }
        Node::Map(entries) => Node::Map(compact(entries)),
        Node::Seq(entries) => Node::Seq(compact(entries)),
        Node::Range(path, entries) => Node::Range(path.clone(), compact(entries)),
        Node::If(cond, then, other) => Node::If(
            cond.clone(),
            Box::new(compact_node(then)),
            Box::new(compact_node(other)),
        ),
        Node::Leaf(_) | Node::Whole(_) => node.clone(),
    }
}

fn literal_line(line: &mut Entry) -> Option<&mut String> {
    match (&line.guard, &mut line.node) {
        (Cond::True, Node::Leaf(Scalar::Str(segs))) => match segs.as_mut_slice() {
            [Seg::Lit(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}
