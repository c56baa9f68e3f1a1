//! One object under two names: the user's, where one is given, and the component's own; or one by
//! each variant of an enum.
//!
//! Runs are matched by names, so such an object is learned as two objects of which always one is
//! there. A person would write it once.

use super::sample::{Choice, Kind};
use crate::{
    eval::identity,
    tree::{Cond, Entry, Node, Scalar, Seg, Source},
};

/// Writes such objects once.
#[must_use]
pub fn objects(choices: &[Choice], entries: Vec<Entry>) -> Vec<Entry> {
    let mut united: Vec<Entry> = Vec::new();
    for entry in entries {
        let partner = united.iter().position(|other| {
            unite(choices, other, &entry)
                .or_else(|| unite(choices, &entry, other))
                .or_else(|| unite_variants(choices, other, &entry))
                .is_some()
        });
        match partner {
            Some(at) => {
                let both = unite(choices, &united[at], &entry)
                    .or_else(|| unite(choices, &entry, &united[at]))
                    .or_else(|| unite_variants(choices, &united[at], &entry));
                united[at] = both.unwrap_or(entry);
            }
            None => united.push(entry),
        }
    }
    united
}

/// One entry for `named`, which has a value for its name, and `own`, which is there otherwise.
fn unite(choices: &[Choice], named: &Entry, own: &Entry) -> Option<Entry> {
    let (kind, name) = identity(&named.node)?;
    let [Seg::Str(Source::Value(path))] = name else {
        return None;
    };
    if identity(&own.node)?.0 != kind {
        return None;
    }
    let choice = choices
        .iter()
        .position(|choice| choice.kind == Kind::Set && choice.path == *path)?;
    let is_set = Cond::Is(choice, vec![1]);
    let guard = shared_guard(
        &named.guard,
        &is_set,
        &own.guard,
        &Cond::Is(choice, vec![0]),
    )?;
    Some(Entry {
        key: None,
        guard,
        node: either(&is_set, &named.node, &own.node),
    })
}

/// One entry for two objects of a kind whose names are by the two variants of a choice.
fn unite_variants(choices: &[Choice], a: &Entry, b: &Entry) -> Option<Entry> {
    if identity(&a.node)?.0 != identity(&b.node)?.0 {
        return None;
    }
    let contrary_of = |part: &Cond| match part {
        Cond::Is(choice, variants) if choices[*choice].arity() == 2 && variants.len() == 1 => {
            Some(Cond::Is(*choice, vec![1 - variants[0]]))
        }
        _ => None,
    };
    let others = parts(&b.guard);
    let (condition, contrary) = parts(&a.guard).into_iter().find_map(|part| {
        let contrary = contrary_of(&part).filter(|contrary| others.contains(contrary))?;
        Some((part, contrary))
    })?;
    let guard = shared_guard(&a.guard, &condition, &b.guard, &contrary)?;
    let node = either(&condition, &a.node, &b.node);
    matches!(node, Node::Map(_)).then_some(Entry {
        key: None,
        guard,
        node,
    })
}

fn parts(cond: &Cond) -> Vec<Cond> {
    if let Cond::And(all) = cond {
        all.clone()
    } else {
        vec![cond.clone()]
    }
}

/// What two guards have in common, if they differ only in one condition and its contrary.
fn shared_guard(a: &Cond, condition: &Cond, b: &Cond, contrary: &Cond) -> Option<Cond> {
    let without = |cond: &Cond, one: &Cond| {
        let all = parts(cond);
        all.contains(one).then(|| {
            all.into_iter()
                .filter(|other| other != one)
                .collect::<Vec<_>>()
        })
    };
    let mut rest = without(a, condition)?;
    if rest != without(b, contrary)? {
        return None;
    }
    Some(match rest.len() {
        0 => Cond::True,
        1 => rest.swap_remove(0),
        _ => Cond::And(rest),
    })
}

/// `a` where the condition holds, else `b`; what both have in common stands once.
fn either(condition: &Cond, a: &Node, b: &Node) -> Node {
    match (a, b) {
        _ if a == b => a.clone(),
        (Node::Map(x), Node::Map(y)) if same_layout(x, y) => Node::Map(
            x.iter()
                .zip(y)
                .map(|(p, q)| Entry {
                    node: either(condition, &p.node, &q.node),
                    ..p.clone()
                })
                .collect(),
        ),
        (Node::Seq(x), Node::Seq(y)) if same_items(x, y) => Node::Seq(
            x.iter()
                .zip(y)
                .map(|(p, q)| Entry {
                    node: either(condition, &p.node, &q.node),
                    ..p.clone()
                })
                .collect(),
        ),
        _ => Node::If(condition.clone(), Box::new(a.clone()), Box::new(b.clone())),
    }
}

/// Whether two lists are item for item mappings of one layout.
fn same_items(a: &[Entry], b: &[Entry]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(p, q)| match (&p.node, &q.node) {
            (Node::Map(x), Node::Map(y)) => p.guard == q.guard && same_layout(x, y),
            _ => false,
        })
}

fn same_layout(a: &[Entry], b: &[Entry]) -> bool {
    let key = |entry: &Entry| {
        entry
            .key
            .as_ref()
            .and_then(Scalar::literal)
            .map(str::to_owned)
    };
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(p, q)| key(p).is_some() && key(p) == key(q) && p.guard == q.guard)
}
