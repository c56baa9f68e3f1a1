//! Neighbours that exclude each other: one `if`, `else if`, `else` instead of a guard for each.

use super::{
    guards::beyond,
    wrap::action,
    writer::{Names, Writer},
};
use crate::{
    trace::Kind,
    tree::{Cond, Entry, Node},
};

/// Neighbours that are there on one side of a condition.
pub(super) struct Branches {
    /// The condition.
    cond: Cond,
    /// What is there if it holds, with what is left of each guard.
    then: Vec<Entry>,
    /// What is there if not.
    other: Vec<Entry>,
    /// How many neighbours they are.
    pub(super) count: usize,
}

/// Writes entries at the place where the branches stand.
type Write<'w> = &'w dyn Fn(&[Entry], &mut String);

impl Writer<'_> {
    /// The neighbours from the first on that are on one side of its condition. `held` is what the
    /// branches around them say already.
    pub(super) fn branches<'e>(
        &self,
        entries: impl IntoIterator<Item = &'e Entry>,
        held: &Cond,
        names: &Names,
    ) -> Option<Branches> {
        let mut entries = entries.into_iter().peekable();
        let first = *entries.peek()?;
        let cond = match (&first.guard, &first.node) {
            (Cond::True, Node::If(cond, then, other)) => {
                if self.one_line_choice(cond, then, other, names).is_some() {
                    return None;
                }
                cond.clone()
            }
            (Cond::True, _) => return None,
            (guard, _) => guard.clone(),
        };
        let contrary = self.contrary_within(&cond, held);
        let mut branches = Branches {
            cond,
            then: Vec::new(),
            other: Vec::new(),
            count: 0,
        };
        for entry in entries {
            let with = |guard: Cond, node: &Node| Entry {
                key: entry.key.clone(),
                guard,
                node: node.clone(),
            };
            if let (Cond::True, Node::If(cond, then, other)) = (&entry.guard, &entry.node) {
                let (then, other) = if *cond == branches.cond {
                    (then, other)
                } else if *cond == contrary {
                    (other, then)
                } else {
                    break;
                };
                if self.one_line_choice(cond, then, other, names).is_some() {
                    break;
                }
                branches.then.push(with(Cond::True, then));
                branches.other.push(with(Cond::True, other));
            } else if let Some(rest) = self.left_of(&entry.guard, &branches.cond, names) {
                branches.then.push(with(rest, &entry.node));
            } else if let Some(rest) = self.left_of(&entry.guard, &contrary, names) {
                branches.other.push(with(rest, &entry.node));
            } else {
                break;
            }
            branches.count += 1;
        }
        Some(self.positive_first(branches, contrary, names))
    }

    /// `if not a … else …` the other way round, where that does not cost an `else if`.
    fn positive_first(&self, branches: Branches, contrary: Cond, names: &Names) -> Branches {
        let Cond::Is(choice, variants) = &branches.cond else {
            return branches;
        };
        let is_enum = matches!(self.traced.samples.choices[*choice].kind, Kind::Enum(_));
        let ladder = self
            .branches(&branches.other, &contrary, names)
            .is_some_and(|inner| inner.count == branches.other.len());
        if is_enum || *variants != [0] || branches.other.is_empty() || ladder {
            return branches;
        }
        Branches {
            cond: contrary,
            then: branches.other,
            other: branches.then,
            count: branches.count,
        }
    }

    /// Writes branches: `if`, then `else if` as long as all that is left is on the sides of
    /// another condition, then `else`.
    pub(super) fn write_branches(
        &self,
        branches: &Branches,
        indent: usize,
        names: &Names,
        out: &mut String,
        write: Write,
    ) {
        self.write_branch("if", branches, &Cond::True, indent, names, out, write);
        out.push_str(&format!("{}{{{{- end }}}}\n", " ".repeat(indent)));
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "a step of write_branches, which has them all"
    )]
    fn write_branch(
        &self,
        word: &str,
        branches: &Branches,
        held: &Cond,
        indent: usize,
        names: &Names,
        out: &mut String,
        write: Write,
    ) {
        let pad = " ".repeat(indent);
        let cond = &branches.cond;
        let opening = action(word, &self.condition(cond, names), &pad);
        out.push_str(&format!("{pad}{opening}\n"));
        self.under(cond, || write(&branches.then, out));
        let other = &branches.other;
        if other.is_empty() {
            return;
        }
        let contrary = self.contrary_within(cond, held);
        self.under(&contrary, || {
            // What needs no guard of its own, as a range does not, is no branch.
            let guarded = *self.needed_guard(&other[0]) == other[0].guard;
            match self.branches(other, &contrary, names) {
                Some(inner) if guarded && inner.count == other.len() => {
                    self.write_branch("else if", &inner, &contrary, indent, names, out, write);
                }
                _ => {
                    out.push_str(&format!("{pad}{{{{- else }}}}\n"));
                    write(other, out);
                }
            }
        });
    }

    /// The contrary of a condition where another one holds: of an enum's variants those that are
    /// left.
    fn contrary_within(&self, cond: &Cond, held: &Cond) -> Cond {
        match (self.contrary(cond), held) {
            (Cond::Is(choice, variants), Cond::Is(other, left)) if choice == *other => Cond::Is(
                choice,
                variants
                    .into_iter()
                    .filter(|variant| left.contains(variant))
                    .collect(),
            ),
            (contrary, _) => contrary,
        }
    }

    /// What is left of a guard where a condition holds; `None` if it does not build on it.
    fn left_of(&self, guard: &Cond, held: &Cond, names: &Names) -> Option<Cond> {
        if let (Cond::Is(choice, variants), Cond::Is(other, left)) = (guard, held)
            && choice == other
            && variants != left
        {
            let within = variants.iter().all(|variant| left.contains(variant));
            return within.then(|| guard.clone());
        }
        beyond(guard, held).or_else(|| {
            (self.condition(guard, names) == self.condition(held, names)).then_some(Cond::True)
        })
    }
}
