//! A component, or other software, from builders to the text of its templates.

use spira_manifests::Component;

use crate::{
    Refusal, Subject,
    emit::{self, Templates},
    prove::{Effort, prove},
    trace::trace,
    uses::{self, Use},
};

/// How a component is compiled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How hard the proof looks for differences; `None` skips it, for what writes no chart.
    pub effort: Option<Effort>,
}

/// A component's templates, and what is known of them.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What is written of it, with paths below the subchart's folder.
    pub templates: Templates,
    /// Which value reaches which field.
    pub uses: Vec<Use>,
    /// How many documents the proof compared.
    pub cases: usize,
}

/// Traces a component of SPIRA, proves the outcome and writes its templates.
///
/// # Errors
/// As [`subject`].
pub fn component(component: &Component, options: &Options) -> Result<Compiled, Refusal> {
    subject(&Subject::component(component), options)
}

/// Traces builders, proves the outcome and writes the templates.
///
/// # Errors
/// If the builders do what tracing cannot follow, or the proof finds a difference.
pub fn subject(subject: &Subject, options: &Options) -> Result<Compiled, Refusal> {
    let traced = trace(subject)?;
    let cases = match options.effort {
        Some(effort) => prove(subject, &traced, effort)?.cases,
        None => 0,
    };
    Ok(Compiled {
        templates: emit::templates(&subject.name, &traced, &subject.source)?,
        uses: uses::of(&traced),
        cases,
    })
}
