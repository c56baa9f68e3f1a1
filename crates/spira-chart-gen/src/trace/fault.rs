//! What tracing refuses, in a person's words: the object and the field, and the values that stand
//! there.

use serde_json::{Map, Value, json};

use super::{recorder::Recorder, sample::Samples, segments::segments};
use crate::{
    Subject, diff,
    prove::shrink::{dotted, places},
    tree::Seg,
    uses,
};

/// A run whose output cannot be followed.
pub struct Fault<'a> {
    /// Whose run it is.
    pub subject: &'a Subject,
    /// What is known of the values.
    pub samples: &'a Samples,
    /// The values.
    pub document: &'a Value,
    /// The output.
    pub built: &'a [Value],
}

impl Fault<'_> {
    /// Finds the part of the output of which `wrong` has something to say, and says it with the
    /// part's place and the values that reach it; if there is none, says `why`.
    #[must_use]
    pub fn describe(&self, why: String, wrong: &dyn Fn(&Value) -> Option<String>) -> String {
        let found = self.built.iter().enumerate().find_map(|(at, object)| {
            let found = first(object, String::new(), wrong)?;
            Some((at, object, found))
        });
        let Some((at, object, (field, why))) = found else {
            return why;
        };
        let place = format!("{}, field {}", self.title(object), dotted(&field));
        let values = self.values_at(&format!("/{at}{field}"));
        if values.is_empty() || values.iter().any(|value| why.contains(value)) {
            return format!("{place}: {why}");
        }
        format!("{place}, made of {}: {why}", values.join(", "))
    }

    /// The object's kind and name, without markers.
    fn title(&self, object: &Value) -> String {
        let title = diff::title(object);
        let read = segments(self.samples, &title);
        read.map_or(title, |segs: Vec<Seg>| uses::text(&segs))
    }

    /// The values whose change changes the output at a place.
    fn values_at(&self, place: &str) -> Vec<String> {
        let before = Value::Array(self.built.to_vec());
        let mut values: Vec<String> = Vec::new();
        for path in places(self.document, "") {
            let Some(other) = self.document.pointer(&path).and_then(other) else {
                continue;
            };
            let mut changed = self.document.clone();
            if let Some(slot) = changed.pointer_mut(&path) {
                *slot = other;
            }
            let built = (self.subject.build)(&Recorder::new(self.samples), &changed);
            let after = built.map(Value::Array).ok();
            if after.is_some_and(|after| after.pointer(place) != before.pointer(place)) {
                values.push(dotted(&path));
            }
        }
        values
    }
}

/// A text or number unlike this one that its type is likely to take too.
fn other(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) => number.as_i64().map(|number| json!(number - 3)),
        Value::String(text) => Some(json!(
            text.replace(|c: char| c.is_ascii_digit() && c != '9', "9")
        )),
        _ => None,
    }
}

/// The first scalar or key in a value, with its place, of which `wrong` has something to say.
fn first(
    value: &Value,
    place: String,
    wrong: &dyn Fn(&Value) -> Option<String>,
) -> Option<(String, String)> {
    match value {
        Value::Object(fields) => in_fields(fields, &place, wrong),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, item)| first(item, format!("{place}/{at}"), wrong)),
        scalar => wrong(scalar).map(|why| (place, why)),
    }
}

fn in_fields(
    fields: &Map<String, Value>,
    place: &str,
    wrong: &dyn Fn(&Value) -> Option<String>,
) -> Option<(String, String)> {
    fields.iter().find_map(|(key, field)| {
        let step = key.replace('~', "~0").replace('/', "~1");
        match wrong(&json!(key)) {
            Some(why) => Some((place.to_owned(), why)),
            None => first(field, format!("{place}/{step}"), wrong),
        }
    })
}
