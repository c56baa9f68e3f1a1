//! One object under two names: the user's, where one is given, and the component's own.
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
                .is_some()
        });
        match partner {
            Some(at) => {
                let both = unite(choices, &united[at], &entry)
                    .or_else(|| unite(choices, &entry, &united[at]));
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

/// What two guards have in common, if they differ only in one condition and its contrary.
fn shared_guard(a: &Cond, condition: &Cond, b: &Cond, contrary: &Cond) -> Option<Cond> {
    let parts = |cond: &Cond| {
        if let Cond::And(all) = cond {
            all.clone()
        } else {
            vec![cond.clone()]
        }
    };
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
        _ => Node::If(condition.clone(), Box::new(a.clone()), Box::new(b.clone())),
    }
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
