//! What writing a component's templates needs to know and to remember.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::outline::Outline;
use crate::{
    trace::{Shape, StrShape, Traced},
    tree::{Cond, Intrinsic},
};

/// The variables of the ranges around a place.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub(super) items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) path: String,
    pub(super) variable: String,
    pub(super) key: String,
}

impl Names {
    /// Outside all ranges.
    #[must_use]
    pub fn outside() -> Self {
        Self::default()
    }

    /// The context that templates are included with.
    #[must_use]
    pub fn root_prefix(&self) -> &'static str {
        if self.items.is_empty() { "" } else { "$" }
    }

    /// The context as an argument.
    #[must_use]
    pub fn root(&self) -> &'static str {
        if self.items.is_empty() { "." } else { "$" }
    }

    /// The variable of the item that a path goes through, and the rest of the path.
    #[must_use]
    pub fn item<'p>(&self, path: &'p str) -> Option<(String, &'p str)> {
        let item = self
            .items
            .iter()
            .rev()
            .find(|item| path.starts_with(&item.path))?;
        Some((item.variable.clone(), &path[item.path.len()..]))
    }

    /// The variable of the key of a map's entry.
    #[must_use]
    pub fn key(&self, path: &str) -> Option<String> {
        self.items
            .iter()
            .rev()
            .find(|item| item.path == path)
            .map(|item| item.key.clone())
    }
}

/// Writes templates.
pub struct Writer<'a> {
    /// The component.
    pub component: &'a str,
    /// What was traced of it.
    pub traced: &'a Traced,
    /// What its templates share.
    pub outline: &'a Outline,
    pub(super) refused: RefCell<Option<String>>,
    pub(super) calls: RefCell<BTreeSet<String>>,
    pub(super) context: RefCell<Vec<Cond>>,
    pub(super) captured: RefCell<BTreeMap<String, String>>,
}

impl<'a> Writer<'a> {
    /// A writer for a component.
    #[must_use]
    pub fn new(component: &'a str, traced: &'a Traced, outline: &'a Outline) -> Self {
        Self {
            component,
            traced,
            outline,
            refused: RefCell::default(),
            calls: RefCell::default(),
            context: RefCell::default(),
            captured: RefCell::default(),
        }
    }

    /// Why the component cannot be written, if it cannot.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        self.refused.borrow().clone()
    }

    pub(super) fn refuse(&self, why: String) {
        self.refused.borrow_mut().get_or_insert(why);
    }

    /// Notes that a helper template is needed.
    pub(super) fn note(&self, call: &Intrinsic) {
        let helper = match call {
            Intrinsic::Image { .. } => "image".to_owned(),
            Intrinsic::Credential { .. } => "credential".to_owned(),
            Intrinsic::ChartLabel(_) => "chart".to_owned(),
            Intrinsic::Fullname(component) => format!("fullname {component}"),
            _ => return,
        };
        self.calls.borrow_mut().insert(helper);
    }

    /// The helpers that were needed.
    #[must_use]
    pub fn helpers(&self) -> BTreeSet<String> {
        self.calls.borrow().clone()
    }

    /// Parts that had to be captured in named templates, by name.
    #[must_use]
    pub fn captured(&self) -> BTreeMap<String, String> {
        self.captured.borrow().clone()
    }

    /// The shape of the value at a path.
    pub(super) fn shape(&self, path: &str) -> Option<&Shape> {
        let mut shape = &self.traced.grammar.root;
        for step in path.split(['.', '[', '{']).skip(1) {
            let inner = if let Shape::Opt(inner) = shape {
                inner
            } else {
                shape
            };
            shape = match inner {
                Shape::Struct(fields) => &fields.iter().find(|(key, _)| key == step)?.1,
                Shape::List { item, .. } => item,
                Shape::Map { value, .. } => value,
                _ => return None,
            };
        }
        Some(shape)
    }

    /// The shape of the string at a path; of a map's key at the entry's path and `#key`.
    pub(super) fn string_shape(&self, path: &str) -> Option<&StrShape> {
        self.traced.samples.strings.get(path)
    }
}

pub(super) fn range_variables(path: &str, is_map: bool, names: &Names) -> (String, String) {
    if path.starts_with('@') {
        return ("$ordinal".to_owned(), String::new());
    }
    if is_map {
        let depth = names.items.len();
        let number = if depth == 0 {
            String::new()
        } else {
            (depth + 1).to_string()
        };
        return (format!("$value{number}"), format!("$key{number}"));
    }
    let last = path.rsplit(['.', '}', ']']).next().unwrap_or_default();
    let singular = last
        .strip_suffix('s')
        .filter(|word| word.len() > 1 && !word.ends_with('s'));
    let base = singular.unwrap_or("item");
    let taken = |name: &str| names.items.iter().any(|item| item.variable == name);
    let variable = (1..100)
        .map(|n| {
            if n == 1 {
                format!("${base}")
            } else {
                format!("${base}{n}")
            }
        })
        .find(|name| !taken(name))
        .unwrap_or_default();
    (variable, String::new())
}
