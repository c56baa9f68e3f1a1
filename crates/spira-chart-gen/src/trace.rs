//! Tracing: what a component's builders do, learned by running them on marked values.

mod fault;
mod fold;
mod grammar;
mod identity;
mod learn;
mod parts;
mod precedence;
mod recorder;
mod runs;
mod sample;
mod segments;
mod unite;

use std::collections::HashSet;

use serde_json::Value;

pub use grammar::{Grammar, Shape, StrShape};
pub use sample::{Choice, Kind, Samples, ordinals_path};

use crate::{
    Refusal, Subject,
    diff::{Difference, difference},
    eval::{Answer, Evaluation, Scope},
    tree::{Entry, Intrinsic, Node, Seg, Source},
};

/// A component, traced.
#[derive(Debug)]
pub struct Traced {
    /// The grammar of its values.
    pub grammar: Grammar,
    /// What is known of its values: the choices that conditions speak of, and more.
    pub samples: Samples,
    /// Its objects.
    pub objects: Vec<Entry>,
    /// How many times its builders ran.
    pub runs: usize,
    /// How many times a first tree was wrong and learned again.
    pub rounds: usize,
}

/// So many random assignments must agree with the tree on markers.
const CHECKS: usize = 200;
/// After so many rounds of learning a tree will not be found.
const MAX_ROUNDS: usize = 12;

/// Learns the template tree of a subject.
///
/// # Errors
/// Says what its values or builders do that tracing cannot follow.
pub fn trace(subject: &Subject) -> Result<Traced, Refusal> {
    let grammar = Grammar::read(&subject.schema)?;
    let literals: HashSet<i64> = crate::literals::numbers(&subject.source)
        .into_iter()
        .collect();
    let samples = Samples::new(&grammar, &literals)?;
    let mut learner = learn::Learner::new(runs::Runs::new(subject, &samples, &literals));
    for round in 0..MAX_ROUNDS {
        let Node::Seq(objects) = learner.learn()? else {
            return Err(learner.runs.refuse("the objects are no list".to_owned()));
        };
        let wrong = disagreements(&mut learner, &samples, &objects)?;
        if wrong.is_empty() {
            let runs = learner.runs.count();
            let objects = precedence::settle(subject, &samples, objects)?;
            return Ok(Traced {
                grammar,
                samples,
                objects,
                runs,
                rounds: round,
            });
        }
        if round + 1 == MAX_ROUNDS {
            let (assign, found) = &wrong[0];
            let choices = learner.runs.describe_assign(assign);
            return Err(learner.runs.refuse(format!(
                "no tree of choices explains {}: the builder gives {}, the tree {}, with {choices:?}",
                found.place, found.left, found.right
            )));
        }
        for (assign, _) in wrong {
            learner.learn_from(assign)?;
        }
    }
    Err(learner
        .runs
        .refuse("tracing did not come to an end".to_owned()))
}

type Wrong = (sample::Assign, Difference);

/// Random assignments on which tree and builder differ, a few at most.
fn disagreements(
    learner: &mut learn::Learner,
    samples: &Samples,
    objects: &[Entry],
) -> Result<Vec<Wrong>, Refusal> {
    const FEW: usize = 4;
    let mut wrong = Vec::new();
    for check in 0..CHECKS {
        let assign = learner.random([85, 50, 0][check % 3]);
        let document = learner.runs.document(&assign);
        let built = learner.runs.build(&document)?;
        let evaluation = Evaluation {
            objects,
            choices: &samples.choices,
            values: &document,
            answers: &MarkerAnswers(samples),
        };
        let tree = evaluation.objects().map_err(|why| {
            let fault = learner.runs.fault(&document, &built);
            let why = fault.describe(why.clone(), &|scalar| outside(samples, scalar, &why));
            learner.runs.refuse(why)
        })?;
        if let Some(found) = difference(&Value::Array(built), &Value::Array(tree)) {
            wrong.push((assign, found));
            if wrong.len() == FEW {
                break;
            }
        }
    }
    Ok(wrong)
}

/// Why the item of a list that an evaluation missed stands in a scalar, if it does.
fn outside(samples: &Samples, scalar: &Value, why: &str) -> Option<String> {
    let missed = why.split(' ').find(|word| word.starts_with('.'))?;
    let stands = match scalar {
        Value::String(text) => {
            let segs = segments::segments(samples, text).ok()?;
            let of = |seg: &Seg| matches!(seg, Seg::Int(path) | Seg::Str(Source::Value(path) | Source::Key(path)) if path == missed);
            segs.iter().any(of)
        }
        scalar => scalar
            .as_i64()
            .is_some_and(|number| samples.ints.get(&number).is_some_and(|path| path == missed)),
    };
    stands.then(|| why.replace(missed, missed.trim_start_matches('.')))
}

/// Answers intrinsics with their markers.
struct MarkerAnswers<'a>(&'a Samples);

impl Answer for MarkerAnswers<'_> {
    fn answer(&self, intrinsic: &Intrinsic, _: &Evaluation, _: &Scope) -> Result<String, String> {
        Ok(self.0.call(intrinsic.clone()))
    }

    fn ordinals(
        &self,
        path: &str,
        evaluation: &Evaluation,
        scope: &Scope,
    ) -> Result<Vec<String>, String> {
        let number = ordinals_path(path)
            .map(|number| evaluation.value(scope, number))
            .transpose()?;
        let number = number
            .and_then(Value::as_i64)
            .and_then(|number| i32::try_from(number).ok());
        number
            .and_then(|number| self.0.ordinals(number))
            .ok_or_else(|| format!("{path} is no list of ordinals"))
    }
}
