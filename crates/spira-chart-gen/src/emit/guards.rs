//! Guards: what they say, what another one already says, what they imply.

use std::collections::{BTreeMap, BTreeSet};

use super::writer::Writer;
use crate::{
    trace::Kind,
    tree::{Cond, Entry, Node, not},
};

impl Writer<'_> {
    /// Whether a guard only asks that the value at `path` is there.
    pub(super) fn says(&self, guard: &Cond, path: &str) -> bool {
        matches!(guard, Cond::Is(choice, variants) if *variants == [1] && self.traced.samples.choices[*choice].value_path() == path
            && self.traced.samples.choices[*choice].kind != Kind::Bool)
    }

    pub(super) fn contrary(&self, guard: &Cond) -> Cond {
        match guard {
            Cond::Is(choice, variants) => {
                let arity = self.traced.samples.choices[*choice].arity();
                Cond::Is(
                    *choice,
                    (0..arity)
                        .filter(|variant| !variants.contains(variant))
                        .collect(),
                )
            }
            guard => not(guard.clone()),
        }
    }

    pub(super) fn under<T>(&self, guard: &Cond, write: impl FnOnce() -> T) -> T {
        self.context.borrow_mut().push(guard.clone());
        let done = write();
        self.context.borrow_mut().pop();
        done
    }

    /// What a range or a splice says by itself needs no guard.
    pub(super) fn needed_guard<'e>(&self, entry: &'e Entry) -> &'e Cond {
        match walked(entry) {
            Some(path) if self.says(&entry.guard, path) => &Cond::True,
            _ => &entry.guard,
        }
    }

    /// Whether the guards around this place imply that one of `any` holds.
    pub(super) fn is_implied(&self, any: &[Cond]) -> bool {
        const MOST: usize = 14;
        let context = self.context.borrow();
        let mut asked = BTreeSet::new();
        any.iter().for_each(|cond| choices_of(cond, &mut asked));
        let relevant: Vec<&Cond> = context
            .iter()
            .filter(|cond| {
                let mut own = BTreeSet::new();
                choices_of(cond, &mut own);
                own.iter().any(|choice| asked.contains(choice))
            })
            .collect();
        relevant
            .iter()
            .for_each(|cond| choices_of(cond, &mut asked));
        let asked: Vec<usize> = asked.into_iter().collect();
        if asked.len() > MOST {
            return false;
        }
        let arity = |choice: usize| self.traced.samples.choices[choice].arity();
        let mut assign: BTreeMap<usize, u8> = asked.iter().map(|choice| (*choice, 0)).collect();
        loop {
            if relevant.iter().all(|cond| holds(cond, &assign))
                && !any.iter().any(|cond| holds(cond, &assign))
            {
                return false;
            }
            let next = asked
                .iter()
                .position(|choice| assign[choice] + 1 < arity(*choice));
            let Some(next) = next else { return true };
            asked[..next].iter().for_each(|choice| {
                assign.insert(*choice, 0);
            });
            *assign.entry(asked[next]).or_default() += 1;
        }
    }
}

/// The path of the list or map that an entry walks or splices.
pub(super) fn walked(entry: &Entry) -> Option<&str> {
    match &entry.node {
        Node::Range(path, _) => Some(path),
        Node::Whole(path) if entry.key.is_none() => Some(path),
        _ => None,
    }
}

/// What is left of a guard where another one holds already; `None` if it does not build on it.
pub(super) fn beyond(guard: &Cond, held: &Cond) -> Option<Cond> {
    if guard == held {
        return Some(Cond::True);
    }
    let (Cond::And(all), held) = (
        guard,
        if let Cond::And(held) = held {
            held.clone()
        } else {
            vec![held.clone()]
        },
    ) else {
        return None;
    };
    if !held.iter().all(|one| all.contains(one)) {
        return None;
    }
    let mut rest: Vec<Cond> = all
        .iter()
        .filter(|one| !held.contains(one))
        .cloned()
        .collect();
    Some(if rest.len() == 1 {
        rest.swap_remove(0)
    } else {
        Cond::And(rest)
    })
}

pub(super) fn choices_of(cond: &Cond, found: &mut BTreeSet<usize>) {
    match cond {
        Cond::Is(choice, _) => {
            found.insert(*choice);
        }
        Cond::Not(inner) => choices_of(inner, found),
        Cond::And(conds) | Cond::Or(conds) => conds.iter().for_each(|cond| choices_of(cond, found)),
        Cond::True | Cond::False => {}
    }
}

pub(super) fn holds(cond: &Cond, assign: &BTreeMap<usize, u8>) -> bool {
    match cond {
        Cond::True => true,
        Cond::False => false,
        Cond::Is(choice, variants) => variants.contains(&assign[choice]),
        Cond::Not(inner) => !holds(inner, assign),
        Cond::And(conds) => conds.iter().all(|cond| holds(cond, assign)),
        Cond::Or(conds) => conds.iter().any(|cond| holds(cond, assign)),
    }
}
