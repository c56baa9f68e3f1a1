//! What is wrong with a document, in a person's words.

use std::borrow::Cow;

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind as Kind};
use serde_json::{Map, Value};

use super::error::Problem;
use crate::kit::BROKEN_PREFIX;

/// Everything that `schema` refuses in `document`, which stands at `prefix`.
pub(super) fn problems(
    schema: &Value,
    validator: &Validator,
    document: &Value,
    prefix: &str,
) -> Vec<Problem> {
    let mut found = Vec::new();
    for error in validator.iter_errors(document) {
        let place = Place {
            schema,
            prefix,
            document,
        };
        place.describe(&error, &mut found);
    }
    // A text may break its length and its pattern; what would be right is said once.
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|problem: &Problem| seen.insert((problem.path.clone(), problem.message.clone())));
    found
}

struct Place<'a> {
    schema: &'a Value,
    prefix: &'a str,
    document: &'a Value,
}

impl Place<'_> {
    fn describe(&self, error: &ValidationError, found: &mut Vec<Problem>) {
        let at = tokens(error.instance_path().as_str());
        let rule = self.rule(error.schema_path().as_str());
        match error.kind() {
            Kind::AdditionalProperties { unexpected } => {
                for key in unexpected {
                    let mut at = at.clone();
                    at.push(key.clone());
                    let message = match rule.get("x-expected-key").and_then(Value::as_str) {
                        Some(expected) => {
                            at.pop();
                            let key = cut(key, LONGEST_KEY);
                            format!("has the key {key:?}, which is not {expected}")
                        }
                        None => unknown_key(key, rule),
                    };
                    found.push(self.problem(&at, false, message));
                }
            }
            // Only the keys of a map are forbidden in this way; the map is what a person looks for.
            Kind::FalseSchema => {
                let mut at = at;
                let key = at.pop().unwrap_or_default();
                let message = format!(
                    "has the key {:?}, {}",
                    cut(&key, LONGEST_KEY),
                    self.why_not(error)
                );
                found.push(self.problem(&at, false, message));
            }
            Kind::Required { property } => {
                let mut at = at;
                at.push(property.as_str().unwrap_or_default().to_owned());
                let message = rule.get("x-expected").and_then(Value::as_str);
                let message =
                    message.unwrap_or("is required: null or leaving it out cannot unset it");
                found.push(self.problem(&at, false, message.to_owned()));
            }
            Kind::AnyOf { context } => self.branches(context, rule, &at, found),
            kind => {
                found.push(self.problem(&at, true, message(kind, rule)));
            }
        }
    }

    /// Why a pattern forbids a key of a map.
    fn why_not(&self, error: &ValidationError) -> String {
        let pattern = tokens(error.schema_path().as_str()).pop();
        let map = self.rule(
            error
                .schema_path()
                .as_str()
                .rsplit_once('/')
                .map_or("", |(up, _)| up),
        );
        match map.get("x-expected-key").and_then(Value::as_str) {
            Some(expected) if pattern.as_deref() == Some(BROKEN_PREFIX) => {
                format!("which is not {expected}")
            }
            _ => "which this chart sets itself".to_owned(),
        }
    }

    /// Of a choice (a value or null, a number or a text) the branch that fits best: null is right
    /// for every option, so what else is wrong counts.
    fn branches(
        &self,
        context: &[Vec<ValidationError<'static>>],
        rule: &Map<String, Value>,
        at: &[String],
        found: &mut Vec<Problem>,
    ) {
        if let Some(expected) = rule.get("x-expected").and_then(Value::as_str) {
            found.push(self.problem(at, true, format!("is not {expected}")));
            return;
        }
        let is_type = |e: &ValidationError| matches!(e.kind(), Kind::Type { .. });
        let own_type = |errors: &&Vec<ValidationError<'static>>| {
            errors
                .iter()
                .any(|e| is_type(e) && tokens(e.instance_path().as_str()) == at)
        };
        let best = context
            .iter()
            .find(|errors| !own_type(errors))
            .or_else(|| context.first());
        for error in best.into_iter().flatten() {
            self.describe(error, found);
        }
    }

    /// The schema whose keyword `path` names.
    fn rule(&self, path: &str) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        let mut steps = tokens(path);
        steps.pop();
        let mut here = self.schema;
        for step in steps {
            let next = if step == "$ref" {
                here["$ref"]
                    .as_str()
                    .and_then(|r| self.schema.pointer(r.strip_prefix('#')?))
            } else {
                match here {
                    Value::Array(items) => step.parse().ok().and_then(|i: usize| items.get(i)),
                    other => other.get(&step),
                }
            };
            match next {
                Some(next) => here = next,
                None => return &NONE,
            }
        }
        here.as_object().unwrap_or(&NONE)
    }

    fn problem(&self, at: &[String], with_value: bool, message: String) -> Problem {
        let value = with_value.then(|| {
            let mut value = self.document;
            for step in at {
                value = match value {
                    Value::Array(items) => step
                        .parse()
                        .ok()
                        .and_then(|i: usize| items.get(i))
                        .unwrap_or(&Value::Null),
                    other => &other[step],
                };
            }
            shorten(value)
        });
        Problem {
            path: self.path(at),
            value: value.unwrap_or_default(),
            message,
        }
    }

    /// The path as `--set` spells it.
    fn path(&self, at: &[String]) -> String {
        let mut path = self.prefix.to_owned();
        let mut here = self.document;
        for step in at {
            if let Value::Array(items) = here {
                path.extend(["[", step, "]"]);
                here = step
                    .parse()
                    .ok()
                    .and_then(|i: usize| items.get(i))
                    .unwrap_or(&Value::Null);
                continue;
            }
            if !path.is_empty() {
                path.push('.');
            }
            for c in cut(step, LONGEST_KEY).chars() {
                if r"\.[,=".contains(c) {
                    path.push('\\');
                }
                path.push(c);
            }
            here = &here[step];
        }
        path
    }
}

fn tokens(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .skip(1)
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}

fn unknown_key(key: &str, rule: &Map<String, Value>) -> String {
    let known = rule.get("properties").and_then(Value::as_object);
    let names: Vec<_> = known.into_iter().flat_map(Map::keys).collect();
    let key = &*cut(key, LONGEST_KEY);
    if let Some(name) = nearest(key, names.iter().map(|name| name.as_str())) {
        return format!("unknown key `{key}`, did you mean `{name}`?");
    }
    let all: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("unknown key `{key}`, known are {}", all.join(", "))
}

/// The candidate that `word` may be a misspelling of.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let score = |name: &str| strsim::jaro_winkler(&word.to_lowercase(), &name.to_lowercase());
    candidates
        .map(|name| (score(name), name))
        .filter(|(score, _)| *score > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn message(kind: &Kind, rule: &Map<String, Value>) -> String {
    let range = || match (rule.get("minimum"), rule.get("maximum")) {
        (Some(least), Some(most)) => format!("a whole number from {least} to {most}"),
        (Some(least), None) => format!("a whole number of at least {least}"),
        (None, Some(most)) => format!("a whole number of at most {most}"),
        (None, None) => "a whole number".to_owned(),
    };
    if let Some(options) = rule.get("enum").and_then(Value::as_array) {
        let names: Vec<_> = options.iter().map(Value::to_string).collect();
        return format!("is not one of {}", names.join(", "));
    }
    if let Some(expected) = rule.get("x-expected").and_then(Value::as_str) {
        return format!("is not {expected}");
    }
    match kind {
        Kind::Minimum { .. } | Kind::Maximum { .. } => format!("is not {}", range()),
        Kind::Type { .. } => match types(rule).as_slice() {
            ["integer"] => format!("is not {}", range()),
            ["string"] => "is not text; put quotes around it".to_owned(),
            ["boolean"] => "is not true or false".to_owned(),
            ["array"] => "is not a list".to_owned(),
            ["object"] => "is not a map".to_owned(),
            other => format!("is not {}", other.join(" or ")),
        },
        Kind::Pattern { pattern } => format!("does not match {pattern}"),
        Kind::MinLength { limit } => format!("is shorter than {limit} characters"),
        Kind::MaxLength { limit } => format!("is longer than {limit} characters"),
        Kind::MinItems { limit } => format!("has fewer than {limit} items"),
        Kind::MaxItems { limit } => format!("has more than {limit} items"),
        other => format!("breaks the rule `{}`", other.keyword()),
    }
}

/// The types that a rule admits, beside null, which unsets an option.
fn types(rule: &Map<String, Value>) -> Vec<&str> {
    let one = rule.get("type").and_then(Value::as_str);
    let many = rule.get("type").and_then(Value::as_array);
    one.into_iter()
        .chain(many.into_iter().flatten().filter_map(Value::as_str))
        .filter(|name| *name != "null")
        .collect()
}

/// The value as JSON, as much of it as a line of a message has room for.
pub(super) fn shorten(value: &Value) -> String {
    cut(&value.to_string(), 80).into_owned()
}

/// As long as a key that anyone would write.
const LONGEST_KEY: usize = 320;

/// The text, or its start where it is longer than `most` characters.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.chars().count() <= most {
        return Cow::Borrowed(text);
    }
    let start: String = text.chars().take(most - 3).collect();
    Cow::Owned(start + "...")
}
