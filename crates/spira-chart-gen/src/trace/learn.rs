//! Many runs, one template tree: a decision tree for each position of the output, first for
//! whether it is there, then for what it holds where it is.
//!
//! A tree is learned from runs around a *domain*: the partial assignments under which its
//! container is there. Around each of them all-on, all-off, every single change of both and a few
//! random assignments are asked. Where the label differs the domain is split on the choice that
//! settles most, and each part is learned by itself.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use rustc_hash::FxHashMap;

use super::{
    runs::{Label, Pos, ROOT, Runs},
    sample::{Assign, Choice, Kind},
};
use crate::{
    Refusal,
    random::Rng,
    tree::{Cond, Entry, Node, Scalar, Seg, Source, if_then_else, not},
};

/// A partial assignment.
pub type Cube = BTreeMap<usize, u8>;

/// Where something is there: any of these partial assignments, and the runs within them.
#[derive(Debug)]
struct Domain {
    cubes: Vec<Cube>,
    runs: Vec<usize>,
}

enum Decision {
    Leaf(u32, Vec<Cube>),
    Split(usize, Vec<(Vec<u8>, Decision)>),
}

#[derive(Clone, Copy, PartialEq)]
enum Question {
    Presence,
    Content,
}

/// More choices than this for one position make a template that nobody can read.
const MAX_DEPTH: usize = 12;

/// Learns trees from runs.
pub struct Learner<'a> {
    /// The runs so far.
    pub runs: Runs<'a>,
    /// Assignments that showed an earlier tree wrong.
    pub counterexamples: Vec<Assign>,
    explored: FxHashMap<(Cube, Pos), Rc<Vec<usize>>>,
    rng: Rng,
}

impl<'a> Learner<'a> {
    /// A learner over runs.
    #[must_use]
    pub fn new(runs: Runs<'a>) -> Self {
        Self {
            runs,
            counterexamples: Vec::new(),
            explored: FxHashMap::default(),
            rng: Rng::new(0x5eed),
        }
    }

    fn choices(&self) -> &'a [Choice] {
        &self.runs.samples.choices
    }

    /// An assignment in which each choice is on with this chance in percent.
    pub fn random(&mut self, on: u64) -> Assign {
        let mut assign = Assign::new();
        for choice in self.choices() {
            let any =
                u8::try_from(self.rng.below(u64::from(choice.arity()))).expect("arity fits u8");
            assign.push(if self.rng.below(100) < on {
                choice.on()
            } else {
                any
            });
        }
        assign
    }

    /// Runs all-on and all-off with every single change, and all-on with every two changes of
    /// which the second alone shows nothing: an else-branch's choices.
    fn survey(&mut self) -> Result<(), Refusal> {
        let all_on: Assign = self.choices().iter().map(Choice::on).collect();
        let all_off: Assign = self.choices().iter().map(Choice::off).collect();
        let mut hidden = Vec::new();
        for base in [&all_on, &all_off] {
            let before = self.runs.run(base)?;
            for (choice, variant) in self.flips(base) {
                let after = self.runs.flip(base, choice, variant)?;
                if *base == all_on && self.same(before, after) {
                    hidden.push((choice, variant));
                }
            }
        }
        for (first, variant) in self.flips(&all_on) {
            let mut base = all_on.clone();
            base[first] = variant;
            for &(choice, variant) in hidden.iter().filter(|(choice, _)| *choice != first) {
                self.runs.flip(&base, choice, variant)?;
            }
        }
        Ok(())
    }

    fn flips(&self, base: &Assign) -> Vec<(usize, u8)> {
        let choices = self.choices().iter().enumerate();
        choices
            .flat_map(|(at, choice)| {
                (0..choice.arity())
                    .filter(move |variant| *variant != base[at])
                    .map(move |variant| (at, variant))
            })
            .collect()
    }

    fn same(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.runs.get(a).objects, &self.runs.get(b).objects);
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Rc::ptr_eq(a, b))
    }

    /// Asks every single change of an assignment that showed the tree wrong.
    ///
    /// # Errors
    /// What the builder did that cannot be traced.
    pub fn learn_from(&mut self, assign: Assign) -> Result<(), Refusal> {
        for (choice, variant) in self.flips(&assign) {
            self.runs.flip(&assign, choice, variant)?;
        }
        self.counterexamples.push(assign);
        Ok(())
    }

    /// The tree that all runs so far agree with.
    ///
    /// # Errors
    /// Names a position that cannot be explained by few choices.
    pub fn learn(&mut self) -> Result<Node, Refusal> {
        if self.runs.count() == 0 {
            self.survey()?;
        }
        self.explored.clear();
        let domain = self.domain(vec![Cube::new()], ROOT)?;
        let entries = self.children(ROOT, &domain)?;
        Ok(Node::Seq(super::unite::objects(self.choices(), entries)))
    }

    fn domain(&mut self, cubes: Vec<Cube>, pos: Pos) -> Result<Rc<Domain>, Refusal> {
        let mut seen = BTreeSet::new();
        for cube in &cubes {
            seen.extend(self.around(cube, pos)?.iter().copied());
        }
        Ok(Rc::new(Domain {
            cubes,
            runs: seen.into_iter().collect(),
        }))
    }

    /// The runs around a partial assignment, as far as what is at and below a position goes.
    fn around(&mut self, cube: &Cube, pos: Pos) -> Result<Rc<Vec<usize>>, Refusal> {
        let key = (cube.clone(), pos);
        if let Some(known) = self.explored.get(&key) {
            return Ok(known.clone());
        }
        let fix = |mut assign: Assign| {
            cube.iter()
                .for_each(|(choice, variant)| assign[*choice] = *variant);
            assign
        };
        let relevant = self.runs.relevant(pos);
        let mut runs = Vec::new();
        for base in [
            fix(self.choices().iter().map(Choice::on).collect()),
            fix(self.choices().iter().map(Choice::off).collect()),
        ] {
            runs.push(self.runs.run(&base)?);
            for (choice, variant) in self.flips(&base) {
                if relevant.contains(&choice) && !cube.contains_key(&choice) {
                    runs.push(self.runs.flip(&base, choice, variant)?);
                }
            }
        }
        for on in [80, 50, 50, 0] {
            let random = self.random(on);
            runs.push(self.runs.run(&fix(random))?);
        }
        let holds = |assign: &Assign| {
            cube.iter()
                .all(|(choice, variant)| assign[*choice] == *variant)
        };
        for at in 0..self.counterexamples.len() {
            let assign = self.counterexamples[at].clone();
            if holds(&assign) {
                runs.push(self.runs.run(&assign)?);
                for (choice, variant) in self.flips(&assign) {
                    if relevant.contains(&choice) && !cube.contains_key(&choice) {
                        runs.push(self.runs.flip(&assign, choice, variant)?);
                    }
                }
            }
        }
        let runs = Rc::new(runs);
        self.explored.insert(key, runs.clone());
        Ok(runs)
    }

    fn ask(&self, question: Question, run: usize, pos: Pos) -> Option<u32> {
        match question {
            Question::Presence => self.runs.presence(run, pos),
            Question::Content => self.runs.content(run, pos),
        }
    }

    fn decide(
        &mut self,
        domain: &Rc<Domain>,
        pos: Pos,
        question: Question,
        depth: usize,
    ) -> Result<Option<Decision>, Refusal> {
        let answers: Vec<(usize, u32)> = domain
            .runs
            .iter()
            .filter_map(|&run| Some((run, self.ask(question, run, pos)?)))
            .collect();
        let Some(&(_, first)) = answers.first() else {
            return Ok(None);
        };
        if answers.iter().all(|(_, answer)| *answer == first) {
            return Ok(Some(Decision::Leaf(first, domain.cubes.clone())));
        }
        if depth > MAX_DEPTH {
            return Err(self.runs.refuse(format!(
                "more than {MAX_DEPTH} choices decide {}",
                self.runs.describe(pos)
            )));
        }
        let best = self.best_choice(domain, &answers, pos, question)?;
        // Which objects there are is decided by other choices than what one of them holds.
        let at = if question == Question::Presence && self.runs.is_object(pos) {
            ROOT
        } else {
            pos
        };
        let mut arms: Vec<(Vec<u8>, Decision)> = Vec::new();
        for variant in 0..self.choices()[best].arity() {
            let cubes: Vec<Cube> = domain
                .cubes
                .iter()
                .filter(|cube| cube.get(&best).is_none_or(|fixed| *fixed == variant))
                .map(|cube| {
                    cube.iter()
                        .map(|(c, v)| (*c, *v))
                        .chain([(best, variant)])
                        .collect()
                })
                .collect();
            if cubes.is_empty() {
                continue;
            }
            let part = self.domain(cubes, at)?;
            let Some(decision) = self.decide(&part, pos, question, depth + 1)? else {
                continue;
            };
            match arms.iter_mut().find(|(_, other)| equal(other, &decision)) {
                Some((variants, other)) => {
                    variants.push(variant);
                    join(other, decision);
                }
                None => arms.push((vec![variant], decision)),
            }
        }
        if arms.len() == 1 {
            return Ok(arms.pop().map(|(_, decision)| decision));
        }
        Ok(Some(Decision::Split(best, arms)))
    }

    /// The choice that leaves most variants settled, or else least to be asked, among those that
    /// alone make a difference.
    fn best_choice(
        &mut self,
        domain: &Domain,
        answers: &[(usize, u32)],
        pos: Pos,
        question: Question,
    ) -> Result<usize, Refusal> {
        let mut candidates = self.single_differences(answers);
        candidates.retain(|choice| Self::splits(domain, *choice));
        if candidates.is_empty() {
            candidates.extend(self.walk(answers, pos, question)?);
            candidates.retain(|choice| Self::splits(domain, *choice));
        }
        let score = |choice: usize| {
            let mut by_variant: BTreeMap<u8, BTreeSet<u32>> = BTreeMap::new();
            for (run, answer) in answers {
                by_variant
                    .entry(self.runs.get(*run).assign[choice])
                    .or_default()
                    .insert(*answer);
            }
            let settled = by_variant.values().filter(|answers| answers.len() == 1);
            let left: usize = by_variant.values().map(BTreeSet::len).sum();
            (
                settled.count() * 100 / by_variant.len().max(1),
                Reverse(left),
            )
        };
        candidates
            .iter()
            .copied()
            .max_by_key(|choice| (score(*choice), usize::MAX - choice))
            .ok_or_else(|| {
                self.runs
                    .refuse(format!("no choice explains {}", self.runs.describe(pos)))
            })
    }

    fn splits(domain: &Domain, choice: usize) -> bool {
        domain.cubes.iter().any(|cube| !cube.contains_key(&choice))
            || domain
                .cubes
                .iter()
                .map(|cube| cube[&choice])
                .collect::<BTreeSet<_>>()
                .len()
                > 1
    }

    fn single_differences(&self, answers: &[(usize, u32)]) -> BTreeSet<usize> {
        let by_assign: FxHashMap<&Assign, u32> = answers
            .iter()
            .map(|(run, answer)| (&self.runs.get(*run).assign, *answer))
            .collect();
        let mut found = BTreeSet::new();
        for (run, answer) in answers {
            let mut assign = self.runs.get(*run).assign.clone();
            for (choice, variant) in self.flips(&assign) {
                if found.contains(&choice) {
                    continue;
                }
                let before = std::mem::replace(&mut assign[choice], variant);
                if by_assign.get(&assign).is_some_and(|other| other != answer) {
                    found.insert(choice);
                }
                assign[choice] = before;
            }
        }
        found
    }

    /// Walks from one run to a differing one, change by change: some step makes the difference.
    fn walk(
        &mut self,
        answers: &[(usize, u32)],
        pos: Pos,
        question: Question,
    ) -> Result<Option<usize>, Refusal> {
        let (start, first) = answers[0];
        let targets: Vec<Assign> = answers
            .iter()
            .filter(|(_, answer)| *answer != first)
            .take(20)
            .map(|(run, _)| self.runs.get(*run).assign.clone())
            .collect();
        for target in targets {
            let mut at = self.runs.get(start).assign.clone();
            let mut last = first;
            for choice in 0..at.len() {
                if at[choice] == target[choice] {
                    continue;
                }
                let run = self.runs.flip(&at, choice, target[choice])?;
                at[choice] = target[choice];
                match self.ask(question, run, pos) {
                    Some(answer) if answer != last => return Ok(Some(choice)),
                    Some(answer) => last = answer,
                    None => {}
                }
            }
        }
        Ok(None)
    }

    fn condition(&self, decision: &Decision) -> Cond {
        match decision {
            Decision::Leaf(answer, _) => {
                if *answer == 1 {
                    Cond::True
                } else {
                    Cond::False
                }
            }
            Decision::Split(choice, arms) => {
                let mut arms: Vec<(Cond, Cond)> = arms
                    .iter()
                    .map(|(variants, arm)| {
                        (Cond::Is(*choice, variants.clone()), self.condition(arm))
                    })
                    .collect();
                let last = arms.pop().map_or(Cond::False, |(_, arm)| arm);
                let formula = arms
                    .into_iter()
                    .rev()
                    .fold(last, |rest, (is, arm)| if_then_else(is, arm, rest));
                self.normal(formula)
            }
        }
    }

    /// Turns the contrary of a choice into the choice of its other variants.
    fn normal(&self, cond: Cond) -> Cond {
        match cond {
            Cond::Not(inner) => match self.normal(*inner) {
                Cond::Is(choice, variants) => Cond::Is(
                    choice,
                    (0..self.choices()[choice].arity())
                        .filter(|variant| !variants.contains(variant))
                        .collect(),
                ),
                inner => not(inner),
            },
            Cond::And(all) => Cond::And(all.into_iter().map(|cond| self.normal(cond)).collect()),
            Cond::Or(any) => Cond::Or(any.into_iter().map(|cond| self.normal(cond)).collect()),
            cond => cond,
        }
    }

    fn node(&mut self, pos: Pos, domain: &Rc<Domain>) -> Result<Node, Refusal> {
        match self.decide(domain, pos, Question::Content, 0)? {
            Some(decision) => self.content(decision, pos, domain),
            None => Err(self
                .runs
                .refuse(format!("{} was never seen", self.runs.describe(pos)))),
        }
    }

    fn content(
        &mut self,
        decision: Decision,
        pos: Pos,
        domain: &Rc<Domain>,
    ) -> Result<Node, Refusal> {
        match decision {
            Decision::Split(choice, arms) => self.alternatives(choice, arms, pos, domain),
            Decision::Leaf(label, cubes) => {
                let same = cubes == domain.cubes;
                let domain = if same {
                    domain.clone()
                } else {
                    self.domain(cubes, pos)?
                };
                Ok(match self.runs.label(label).clone() {
                    Label::Leaf(scalar) => Node::Leaf(scalar),
                    Label::Whole(path) => Node::Whole(path),
                    Label::Text => Node::Text(self.children(pos, &domain)?),
                    Label::Map => Node::Map(self.children(pos, &domain)?),
                    Label::Seq => Node::Seq(self.children(pos, &domain)?),
                    Label::Range(path) => Node::Range(path, self.children(pos, &domain)?),
                })
            }
        }
    }

    fn alternatives(
        &mut self,
        choice: usize,
        arms: Vec<(Vec<u8>, Decision)>,
        pos: Pos,
        domain: &Rc<Domain>,
    ) -> Result<Node, Refusal> {
        let mut nodes = Vec::new();
        for (variants, decision) in arms {
            nodes.push((variants, self.content(decision, pos, domain)?));
        }
        let choices = self.choices();
        if let Kind::Enum(names) = &choices[choice].kind
            && nodes.len() == names.len()
        {
            let passed: Vec<Node> = nodes
                .iter()
                .map(|(variants, node)| {
                    put_back(
                        node,
                        &names[usize::from(variants[0])],
                        choices[choice].value_path(),
                    )
                })
                .collect();
            if passed.iter().all(|node| *node == passed[0]) {
                return Ok(passed[0].clone());
            }
        }
        if let Some(whole) = whole_or_empty(choices[choice].value_path(), &nodes) {
            return Ok(whole);
        }
        // The plainest reading first: a single variant, then set before unset; the rest is `else`.
        nodes.sort_by_key(|(variants, _)| {
            let is_else = !matches!(choices[choice].kind, Kind::Enum(_)) && variants.contains(&0);
            (variants.len() > 1, is_else, variants[0])
        });
        let (_, last) = nodes.pop().expect("a split has arms");
        Ok(nodes
            .into_iter()
            .rev()
            .fold(last, |rest, (variants, node)| {
                Node::If(Cond::Is(choice, variants), Box::new(node), Box::new(rest))
            }))
    }

    fn children(&mut self, pos: Pos, domain: &Rc<Domain>) -> Result<Vec<Entry>, Refusal> {
        let mut entries = Vec::new();
        for child in self.order(pos, domain) {
            let Some(decision) = self.decide(domain, child, Question::Presence, 0)? else {
                continue;
            };
            let guard = self.condition(&decision);
            if guard == Cond::False {
                continue;
            }
            let mut present = Vec::new();
            where_there(&decision, &mut present);
            let inner = if guard == Cond::True && pos != ROOT {
                domain.clone()
            } else {
                self.domain(present, child)?
            };
            let node = self.node(child, &inner)?;
            entries.push(Entry {
                key: self.runs.key(child),
                guard,
                node,
            });
        }
        Ok(entries)
    }

    /// The children of a position in one order that every run agrees with.
    fn order(&self, pos: Pos, domain: &Domain) -> Vec<Pos> {
        let mut runs = self.runs.distinct(&domain.runs, pos);
        let on = |run: &usize| {
            let assign = &self.runs.get(*run).assign;
            self.choices()
                .iter()
                .zip(assign)
                .filter(|(choice, variant)| choice.on() == **variant)
                .count()
        };
        runs.sort_by_cached_key(|run| std::cmp::Reverse(on(run)));
        let mut rest: Vec<Pos> = Vec::new();
        let mut before: FxHashMap<Pos, BTreeSet<Pos>> = FxHashMap::default();
        let mut sequences = BTreeSet::new();
        for run in runs {
            let children = self.runs.children(run, pos);
            if !sequences.insert(children.clone()) {
                continue;
            }
            for &child in &children {
                if let std::collections::hash_map::Entry::Vacant(e) = before.entry(child) {
                    e.insert(BTreeSet::new());
                    rest.push(child);
                }
            }
            for pair in children.windows(2) {
                before.entry(pair[1]).or_default().insert(pair[0]);
            }
        }
        let mut ordered: Vec<Pos> = Vec::new();
        while !rest.is_empty() {
            let next = rest
                .iter()
                .position(|child| {
                    before[child]
                        .iter()
                        .all(|earlier| ordered.contains(earlier))
                })
                .unwrap_or(0);
            ordered.push(rest.remove(next));
        }
        ordered
    }
}

fn where_there(decision: &Decision, present: &mut Vec<Cube>) {
    match decision {
        Decision::Leaf(1, cubes) => present.extend(cubes.iter().cloned()),
        Decision::Leaf(..) => {}
        Decision::Split(_, arms) => arms.iter().for_each(|(_, arm)| where_there(arm, present)),
    }
}

#[allow(
    clippy::many_single_char_names,
    reason = "two decisions of the same shape, side by side"
)]
fn equal(a: &Decision, b: &Decision) -> bool {
    match (a, b) {
        (Decision::Leaf(x, _), Decision::Leaf(y, _)) => x == y,
        (Decision::Split(c, x), Decision::Split(d, y)) => {
            c == d
                && x.len() == y.len()
                && x.iter()
                    .zip(y)
                    .all(|(p, q)| p.0 == q.0 && equal(&p.1, &q.1))
        }
        _ => false,
    }
}

fn join(a: &mut Decision, b: Decision) {
    match (a, b) {
        (Decision::Leaf(_, x), Decision::Leaf(_, y)) => x.extend(y),
        (Decision::Split(_, x), Decision::Split(_, y)) => {
            x.iter_mut().zip(y).for_each(|(p, q)| join(&mut p.1, q.1));
        }
        _ => {}
    }
}

/// A value passed on whole also where it is empty.
fn whole_or_empty(path: &str, arms: &[(Vec<u8>, Node)]) -> Option<Node> {
    let is_empty = |node: &Node| matches!(node, Node::Map(entries) if entries.is_empty());
    let is_whole = |node: &Node| matches!(node, Node::Whole(whole) if whole == path);
    let settled = arms.len() == 2
        && arms.iter().all(|(variants, node)| {
            if variants == &[1] {
                is_whole(node)
            } else {
                is_empty(node)
            }
        });
    settled.then(|| Node::Whole(path.to_owned()))
}

/// The node with the name of a variant replaced by the value that it is the name of.
fn put_back(node: &Node, name: &str, path: &str) -> Node {
    match node {
        Node::Leaf(Scalar::Str(segs)) => Node::Leaf(Scalar::Str(
            segs.iter()
                .flat_map(|seg| put_back_in(seg, name, path))
                .collect(),
        )),
        Node::If(cond, then, other) => Node::If(
            cond.clone(),
            Box::new(put_back(then, name, path)),
            Box::new(put_back(other, name, path)),
        ),
        node => node.clone(),
    }
}

fn put_back_in(seg: &Seg, name: &str, path: &str) -> Vec<Seg> {
    let Seg::Lit(text) = seg else {
        return vec![seg.clone()];
    };
    let mut segs = Vec::new();
    for (at, part) in text.split(name).enumerate() {
        if at > 0 {
            segs.push(Seg::Str(Source::Value(path.to_owned())));
        }
        if !part.is_empty() {
            segs.push(Seg::Lit(part.to_owned()));
        }
    }
    segs
}
