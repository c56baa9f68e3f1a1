//! What of a promise changed.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use semver::Version;
use serde_json::{Map, Value};

use super::{Promised, Record};

/// How much a change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nobody has to do anything.
    Compatible,
    /// Values that were right are wrong, or a live object cannot become the new one.
    Breaking,
}

/// A change between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How much it means.
    pub level: Level,
    /// The value or object.
    pub what: String,
    /// What became of it.
    pub how: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Compatible => "compatible",
            Level::Breaking => "breaking",
        };
        write!(f, "{level}: {} {}", self.what, self.how)
    }
}

impl Level {
    /// The smallest version after `last` that says so.
    #[must_use]
    pub fn after(self, last: &Version) -> Version {
        match (self, last.major) {
            (Self::Breaking, 0) => Version::new(0, last.minor + 1, 0),
            (Self::Breaking, major) => Version::new(major + 1, 0, 0),
            (Self::Compatible, 0) => Version::new(0, last.minor, last.patch + 1),
            (Self::Compatible, major) => Version::new(major, last.minor + 1, 0),
        }
    }
}

/// What changed, the breaking first.
#[must_use]
pub fn changes(old: &Record, new: &Record) -> Vec<Change> {
    let mut all = compared(&old.values, &new.values, "is gone", value);
    let gone = "is gone, or has another name";
    all.extend(compared(&old.objects, &new.objects, gone, object));
    all.sort_by_key(|change| std::cmp::Reverse(change.level));
    all
}

/// What came, what is `gone`, and what `differs` says of the others.
fn compared<V>(
    old: &BTreeMap<String, V>,
    new: &BTreeMap<String, V>,
    gone: &str,
    differs: fn(&str, &V, &V) -> Vec<Change>,
) -> Vec<Change> {
    let mut all = Vec::new();
    for key in keys(old, new) {
        match (old.get(key), new.get(key)) {
            (Some(_), None) => all.push(breaking(key, gone)),
            (None, Some(_)) => all.push(compatible(key, "is new")),
            (Some(old), Some(new)) => all.extend(differs(key, old, new)),
            (None, None) => {}
        }
    }
    all
}

fn keys<'a, V>(old: &'a BTreeMap<String, V>, new: &'a BTreeMap<String, V>) -> BTreeSet<&'a String> {
    old.keys().chain(new.keys()).collect()
}

fn breaking(what: &str, how: impl Into<String>) -> Change {
    change(Level::Breaking, what, how)
}

fn compatible(what: &str, how: impl Into<String>) -> Change {
    change(Level::Compatible, what, how)
}

fn change(level: Level, what: &str, how: impl Into<String>) -> Change {
    Change {
        level,
        what: what.to_owned(),
        how: how.into(),
    }
}

fn value(path: &str, old: &Promised, new: &Promised) -> Vec<Change> {
    if old.kind != new.kind {
        let how = format!("was {} and is {}", old.kind, new.kind);
        return vec![breaking(path, how)];
    }
    let mut all = bounds(path, &old.bounds, &new.bounds);
    if old.default != new.default {
        let how = format!("is {} by default, and was {}", new.default, old.default);
        all.push(compatible(path, how));
    }
    all
}

fn bounds(path: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<Change> {
    let words: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut all = Vec::new();
    for word in words {
        let (before, after) = (old.get(word), new.get(word));
        if before != after {
            let how = match (before, after) {
                (Some(before), Some(after)) => format!("has {word} {after}, which was {before}"),
                (None, Some(after)) => format!("has {word} {after}"),
                _ => format!("has no {word} any more"),
            };
            all.push(change(level(word, before, after), path, how));
        }
    }
    all
}

/// A bound that lets in all that the old one did breaks nothing. Of patterns nobody can tell.
fn level(word: &str, before: Option<&Value>, after: Option<&Value>) -> Level {
    let (before, after) = match (before, after) {
        (_, None) => return Level::Compatible,
        (None, _) => return Level::Breaking,
        (Some(before), Some(after)) => (before, after),
    };
    let order = before
        .as_f64()
        .and_then(|before| after.as_f64().map(|after| after.total_cmp(&before)));
    let is_wider = match word {
        "enum" => {
            let after: Vec<&Value> = after.as_array().into_iter().flatten().collect();
            let mut before = before.as_array().into_iter().flatten();
            before.all(|one| after.contains(&one))
        }
        "maximum" | "maxItems" | "maxLength" => order.is_some_and(Ordering::is_ge),
        "minimum" | "minItems" | "minLength" => order.is_some_and(Ordering::is_le),
        _ => false,
    };
    if is_wider {
        Level::Compatible
    } else {
        Level::Breaking
    }
}

fn object(
    title: &str,
    old: &BTreeMap<String, Value>,
    new: &BTreeMap<String, Value>,
) -> Vec<Change> {
    let changed = |place: &&String| old.get(*place) != new.get(*place);
    let text = |value: Option<&Value>| value.map_or("unset".to_owned(), Value::to_string);
    let line = |place: &String| {
        let (old, new) = (text(old.get(place)), text(new.get(place)));
        breaking(
            title,
            format!("has {place} {new}, which was {old} and cannot change"),
        )
    };
    keys(old, new)
        .into_iter()
        .filter(changed)
        .map(line)
        .collect()
}
