//! Many cases through the oracle, with no processor idle: while Helm renders some, those that it has answered are
//! compared, and the next ones drawn.

use std::num::NonZero;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;
use xtask::oracle::{Answer, Oracle};

use crate::documents::Cases;
use crate::support::{Case, Outcome};

/// Cases that are rendered at a time.
const BATCH: usize = 100;

/// A case with what the library makes of it.
pub struct Drawn {
    pub case: Case,
    /// Its values, as a document.
    pub document: Value,
    pub library: Outcome,
}

impl Drawn {
    /// Case number `at`.
    pub fn new(cases: &Cases, at: usize) -> Self {
        let (case, document) = cases.case(at);
        let library = case.outcome();
        Self {
            case,
            document,
            library,
        }
    }
}

/// Judges the first `count` cases, and hands over the judgements in the order of the cases.
pub fn judge_all<T: Send>(
    oracle: &mut Oracle,
    cases: &Cases,
    count: usize,
    judge: impl Fn(&Drawn, &Answer) -> T + Sync,
    mut take: impl FnMut(Drawn, T),
) {
    let draw = |from: usize| {
        let numbers = (from..count.min(from + BATCH)).collect();
        parallel(numbers, |at| Drawn::new(cases, at))
    };
    let judge = |(drawn, answer): (Drawn, Answer)| {
        let judgement = judge(&drawn, &answer);
        (drawn, judgement)
    };
    let mut answered = Vec::new();
    let mut asked = draw(0);
    let mut from = asked.len();
    while !asked.is_empty() || !answered.is_empty() {
        let questions: Vec<_> = asked.iter().map(|drawn| drawn.case.for_helm()).collect();
        let (answers, judged, next) = thread::scope(|scope| {
            let answers = scope.spawn(|| oracle.render_all(&questions).expect("answers"));
            let judged = parallel(answered, judge);
            let next = draw(from);
            (answers.join().expect("the oracle's reader"), judged, next)
        });
        from += next.len();
        answered = asked.into_iter().zip(answers).collect();
        asked = next;
        judged
            .into_iter()
            .for_each(|(drawn, judgement)| take(drawn, judgement));
    }
}

/// Does the work for all items, on all processors; the results are in the order of the items.
pub fn parallel<A: Send, B: Send>(items: Vec<A>, work: impl Fn(A) -> B + Sync) -> Vec<B> {
    let lanes = thread::available_parallelism().map_or(1, NonZero::get);
    let queue = Mutex::new(items.into_iter().enumerate());
    let lane = || {
        let mut done = Vec::new();
        loop {
            let next = queue.lock().expect("no one panics with it").next();
            let Some((at, item)) = next else { return done };
            done.push((at, work(item)));
        }
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        let done = lanes
            .into_iter()
            .flat_map(|lane| lane.join().expect("a panic of the test itself"));
        done.collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn results_are_in_the_order_of_the_items() {
    assert_eq!(
        parallel((0..1000).collect(), |n: u32| n * 2),
        (0..1000).map(|n| n * 2).collect::<Vec<_>>()
    );
}
