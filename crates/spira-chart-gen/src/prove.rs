//! The proof: on thousands of values the template tree and the builders give the same objects.
//!
//! It is a test, not a proof in logic. Tracing cannot see what a builder computes from strings,
//! lengths or numbers; such a builder differs from its tree on some values, and this is the search
//! for them: every literal of the builders' source in every place that admits it, with most flags
//! on and with random flags, then random and boundary values. The rate at which planted bugs slip
//! through is measured by the test `planted_bugs`.

mod compact;
mod compare;
pub mod generate;
mod refusal;
pub mod shrink;

use std::{
    num::NonZero,
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread::{self, ScopedJoinHandle},
};

use serde_json::Value;
use spira_manifests::Release;

use crate::{Refusal, Subject, random::Rng, trace::Traced};
use compact::compact;
use compare::Prover;
use generate::Generator;

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
    let search = Search {
        cases: Cases::new(Generator::new(&traced.grammar, &subject.source), effort),
        prover: Prover {
            subject,
            choices: &traced.samples.choices,
            objects: compact(&traced.objects),
        },
        next: AtomicUsize::new(0),
        first: AtomicUsize::new(usize::MAX),
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let proofs: Vec<Proof> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| search.search()))
            .collect();
        let join = |thread: ScopedJoinHandle<_>| {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    });
    match search.first.load(Relaxed) {
        usize::MAX => Ok(Proof {
            cases: proofs.iter().map(|proof| proof.cases).sum(),
            refused: proofs.iter().map(|proof| proof.refused).sum(),
        }),
        first => Err(search.refusal(first)),
    }
}

/// The documents of a proof, each by its number: whichever thread asks for it gets the same.
struct Cases<'a> {
    generator: Generator<'a>,
    effort: Effort,
    /// Where each round of literals starts, so that they meet in other pairs.
    offsets: Vec<usize>,
}

impl<'a> Cases<'a> {
    fn new(generator: Generator<'a>, effort: Effort) -> Self {
        let mut rng = Rng::new(effort.seed);
        let offset = |_| usize::try_from(rng.below(1000)).unwrap_or(0);
        Self {
            generator,
            effort,
            offsets: (0..effort.literal_rounds).map(offset).collect(),
        }
    }

    fn count(&self) -> usize {
        self.effort.literal_rounds * self.generator.literal_count() + self.effort.random
    }

    fn document(&self, case: usize) -> Value {
        let mut rng = Rng::new(self.effort.seed).nth(case as u64);
        let (round, at) = (
            case / self.generator.literal_count(),
            case % self.generator.literal_count(),
        );
        match self.offsets.get(round) {
            Some(offset) => {
                let on = [100, 70, 40][round % 3];
                self.generator.literal(at + offset, &mut rng, on)
            }
            None => self.generator.random(&mut rng, [85, 50, 85, 20][case % 4]),
        }
    }
}

/// A search that several threads share.
struct Search<'a> {
    cases: Cases<'a>,
    prover: Prover<'a>,
    next: AtomicUsize,
    /// The first case with a difference. Cases are handed out in order, so all before it are tried.
    first: AtomicUsize,
}

impl Search<'_> {
    fn search(&self) -> Proof {
        // A release remembers what it generated, and is not shared.
        let releases = releases();
        let mut proof = Proof::default();
        loop {
            let case = self.next.fetch_add(1, Relaxed);
            if case >= self.cases.count() || case > self.first.load(Relaxed) {
                return proof;
            }
            let document = self.cases.document(case);
            let release = &releases[case % releases.len()];
            match self.prover.compare(&document, release) {
                Err(_) => proof.refused += 1,
                Ok(None) => proof.cases += 1,
                Ok(Some(_)) => {
                    self.first.fetch_min(case, Relaxed);
                }
            }
        }
    }

    fn refusal(&self, case: usize) -> Refusal {
        let releases = releases();
        let release = &releases[case % releases.len()];
        self.prover
            .refusal(&self.cases.document(case), release, case + 1)
    }
}
