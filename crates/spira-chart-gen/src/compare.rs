//! The objects of two documents of values, compared field by field.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;
use spira_manifests::{Object, Release, document::Loaded};

use crate::{
    diff::{self, Difference},
    render::{self, RenderError},
};

/// What becomes of an object when other values are installed.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It comes.
    New,
    /// It goes.
    Gone,
    /// These fields of it change.
    Changed(Vec<Difference>),
}

/// An object that is not the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Differs {
    /// The component that makes it.
    pub component: String,
    /// Its kind and name.
    pub title: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// The longest value that is shown whole.
const LONGEST: usize = 100;

/// Every object that differs, in the order of components and then by kind and name. Credentials that
/// would be generated are the same on both sides.
///
/// # Errors
/// If the objects of one side cannot be made.
pub fn objects(old: &Loaded, new: &Loaded) -> Result<Vec<Differs>, RenderError> {
    let (old, new) = (rendered(old)?, rendered(new)?);
    let mut all = Vec::new();
    for (key, object) in &old {
        let fate = match new.get(key) {
            None => Fate::Gone,
            Some(now) => Fate::Changed(diff::differences(object, now)),
        };
        all.push(differs(key, fate));
    }
    let come = new.keys().filter(|key| !old.contains_key(*key));
    all.extend(come.map(|key| differs(key, Fate::New)));
    all.retain(|one| one.fate != Fate::Changed(Vec::new()));
    all.sort_by(|a, b| (&a.component, &a.title).cmp(&(&b.component, &b.title)));
    Ok(all)
}

/// A component, and kind and name of an object of it.
type Key = (String, String);

fn rendered(loaded: &Loaded) -> Result<BTreeMap<Key, Value>, RenderError> {
    let release = Release::new("release-name", "default").with_generated(|_, _| "generated".into());
    let objects = render::objects(loaded, &release)?;
    let entry = |(component, object): (&str, Object)| {
        let title = diff::title(object.as_json());
        ((component.to_owned(), title), object.as_json().clone())
    };
    Ok(objects.into_iter().map(entry).collect())
}

fn differs((component, title): &Key, fate: Fate) -> Differs {
    Differs {
        component: component.clone(),
        title: title.clone(),
        fate,
    }
}

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            component, title, ..
        } = self;
        match &self.fate {
            Fate::New => writeln!(f, "+ {title} ({component})"),
            Fate::Gone => writeln!(f, "- {title} ({component})"),
            Fate::Changed(fields) => {
                writeln!(f, "~ {title} ({component})")?;
                for Difference { place, left, right } in fields {
                    writeln!(f, "    {place}: {} → {}", short(left), short(right))?;
                }
                Ok(())
            }
        }
    }
}

/// A value as JSON, cut where it is long.
fn short(value: &Value) -> String {
    if value == "<absent>" {
        return "<absent>".to_owned();
    }
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
