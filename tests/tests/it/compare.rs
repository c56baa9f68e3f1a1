//! What the library and Helm made of a case, compared.

use std::borrow::Cow;

use serde_json::{Value, json};
use spira_chart_gen::diff::difference;
use spira_manifests::Object;
use xtask::oracle;

use crate::blame;
use crate::support::{Case, Outcome, Refusal, chart};

/// Stands for a generated credential, which differs from one rendering to the next.
pub const GENERATED: &str = "(generated)";

/// Library and Helm do not do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// What is wrong, the same for all cases that show the same fault.
    pub kind: String,
    /// What is wrong with this case.
    pub text: String,
}

/// What both sides did with a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    Refused,
}

/// Compares what the library and Helm made of one case: the same objects, or a refusal for the same reason.
pub fn compare(library: &Outcome, helm: &oracle::Answer) -> Result<Verdict, Disagreement> {
    match (library, helm) {
        (Err(Refusal::Defect(message)), _) => Err(Disagreement {
            kind: format!("the library's {}", outline(message)),
            text: message.clone(),
        }),
        (Ok(library), Ok(helm)) => {
            let library = library.iter().map(Object::as_json).collect();
            same_objects(library, helm.objects.iter().collect())
        }
        (Err(ours), Err(theirs)) => blame::same(ours, theirs).map(|()| Verdict::Refused),
        (Ok(_), Err(message)) => Err(Disagreement {
            kind: format!("only Helm refuses: {}", outline(message)),
            text: message.clone(),
        }),
        (Err(refusal), Ok(_)) => Err(Disagreement {
            kind: format!(
                "only the library refuses: {}",
                outline(&refusal.to_string())
            ),
            text: refusal.to_string(),
        }),
    }
}

/// The order of objects means nothing: Helm has one of its own, by kind.
fn same_objects(mut library: Vec<&Value>, mut helm: Vec<&Value>) -> Result<Verdict, Disagreement> {
    library.sort_by_cached_key(|object| title(object));
    helm.sort_by_cached_key(|object| title(object));
    let titles: Vec<_> = library.iter().map(|object| title(object)).collect();
    let theirs: Vec<_> = helm.iter().map(|object| title(object)).collect();
    if titles != theirs {
        return Err(Disagreement {
            kind: "other objects".into(),
            text: format!("library: {titles:?}\nHelm:    {theirs:?}"),
        });
    }
    for ((ours, theirs), title) in library.into_iter().zip(helm).zip(titles) {
        if let Some(found) = difference(ours, &masked(ours, theirs)) {
            let place: String = found
                .place
                .chars()
                .filter(|c| !c.is_ascii_digit())
                .collect();
            let kind = ours["kind"].as_str().unwrap_or_default();
            let (left, right) = around(&found.left.to_string(), &found.right.to_string());
            return Err(Disagreement {
                kind: format!("{kind}{place}"),
                text: format!(
                    "{title}: {}\nlibrary: {left}\nHelm:    {right}",
                    found.place
                ),
            });
        }
    }
    Ok(Verdict::Accepted)
}

/// Of two long texts the part where they begin to differ.
fn around(left: &str, right: &str) -> (String, String) {
    let same = left
        .chars()
        .zip(right.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let part = |text: &str| {
        text.chars()
            .skip(same.saturating_sub(60))
            .take(200)
            .collect()
    };
    (part(left), part(right))
}

/// Kind and name of an object, and to which component it belongs.
fn title(object: &Value) -> String {
    let text = |pointer| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("?")
    };
    format!(
        "{}/{} of {}",
        text("/kind"),
        text("/metadata/name"),
        text("/metadata/labels/app.kubernetes.io~1component")
    )
}

/// Helm's object with the credentials replaced that it generated, where the library says that it generates them and
/// Helm's have the form. One that stands within a text must be one that also stands by itself in the same Secret.
fn masked<'a>(ours: &Value, theirs: &'a Value) -> Cow<'a, Value> {
    let (Some(ours), true) = (
        ours["stringData"].as_object(),
        theirs["stringData"].is_object(),
    ) else {
        return Cow::Borrowed(theirs);
    };
    let mut object = theirs.clone();
    let theirs = object["stringData"].as_object_mut().expect("looked at");
    let mut known = Vec::new();
    let (alone, within): (Vec<_>, Vec<_>) = ours
        .iter()
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
        .filter(|(_, text)| text.contains(GENERATED))
        .partition(|(_, text)| *text == GENERATED);
    for (key, text) in alone.into_iter().chain(within) {
        let made = theirs.get(key).and_then(Value::as_str);
        let Some(made) = made.and_then(|made| generated(text, made)) else {
            continue;
        };
        if text == GENERATED {
            known.extend(made);
        } else if !made.iter().all(|one| known.contains(one)) {
            continue;
        }
        theirs.insert(key.clone(), json!(text));
    }
    Cow::Owned(object)
}

/// The credentials in a text that is `pattern` otherwise.
fn generated(pattern: &str, text: &str) -> Option<Vec<String>> {
    let mut pieces = pattern.split(GENERATED);
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut found = Vec::new();
    for piece in pieces {
        let (credential, after) = rest.split_at_checked(32)?;
        found.push(credential.to_owned());
        rest = after.strip_prefix(piece)?;
    }
    (rest.is_empty() && found.iter().all(|one| is_credential(one))).then_some(found)
}

/// Whether a text looks like what the chart generates: 32 letters and digits.
pub fn is_credential(text: &str) -> bool {
    text.len() == 32 && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// The end of a message, where the reason stands, without what is peculiar to one case.
fn outline(message: &str) -> String {
    let last = message.trim_end().lines().last().unwrap_or_default();
    let place = last.split(['"', '\'']).next().unwrap_or_default();
    let words = last.rsplit(':').next().unwrap_or_default();
    let text = format!("{} … {}", place.trim(), words.trim());
    text.chars()
        .filter(|c| !c.is_ascii_digit())
        .take(120)
        .collect()
}

/// Fails unless library and both versions of Helm agree on a case; returns the library's objects, or why it refuses.
pub fn agree(case: &Case) -> Result<Vec<Value>, String> {
    let library = case.outcome();
    for helm in xtask::helm::Helm::ALL {
        let mut oracle = oracle::Oracle::start(helm, &chart()).expect("oracle");
        let answer = oracle.render(&case.for_helm()).expect("answer");
        if let Err(found) = compare(&library, &answer) {
            panic!("{helm:?}: {}\n{case:#?}", found.text);
        }
    }
    let objects = library.map_err(|refusal| refusal.to_string())?;
    Ok(objects.into_iter().map(Object::into_json).collect())
}
