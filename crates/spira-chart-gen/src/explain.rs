//! What a value is and does, and which values set a field.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    rc::Rc,
};

use spira_manifests::{Component, components, document::nearest};

use crate::{
    Refusal,
    chart::{component_fields, global_field},
    docs::{self, Field},
    uses::{self, Use},
};

/// Why nothing was explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// There is no such value, object or field.
    #[error("there is no {what} {path:?}{}", suggestion(.nearest))]
    Unknown {
        /// `value`, `object` or `field`.
        what: &'static str,
        /// What was asked for.
        path: String,
        /// What may have been meant.
        nearest: Vec<String>,
    },
    /// A component cannot be compiled.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

fn suggestion(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    format!("; did you mean {}?", nearest.join(" or "))
}

/// Explains values and fields, and remembers what it has traced for that.
pub struct Explainer<'a> {
    tell: &'a dyn Fn(&str),
    traced: RefCell<BTreeMap<&'static str, Rc<[Use]>>>,
}

impl<'a> Explainer<'a> {
    /// One that calls `tell` with the name of each component that it traces.
    pub fn new(tell: &'a dyn Fn(&str)) -> Self {
        Self {
            tell,
            traced: RefCell::default(),
        }
    }

    fn uses(&self, component: &Component) -> Result<Rc<[Use]>, Refusal> {
        if let Some(known) = self.traced.borrow().get(component.name) {
            return Ok(known.clone());
        }
        (self.tell)(component.name);
        let uses: Rc<[Use]> = uses::of_component(component)?.into();
        self.traced
            .borrow_mut()
            .insert(component.name, uses.clone());
        Ok(uses)
    }

    /// Explains a value such as `api-server.replicas`, or a field such as
    /// `Deployment/api-server:spec.replicas`.
    ///
    /// # Errors
    /// If there is no such thing, with what comes nearest.
    pub fn explain(&self, path: &str) -> Result<String, ExplainError> {
        match path.split_once(':') {
            Some((object, field)) if object.contains('/') => self.field(object, field),
            _ => self.value(path),
        }
    }

    fn value(&self, path: &str) -> Result<String, ExplainError> {
        let plain = without_indices(path);
        let (section, inner) = plain.split_once('.').unwrap_or((&plain, ""));
        let all = components::all();
        let (fields, concerned): (Vec<Field>, Vec<Component>) = if section == "global" {
            (vec![global_field()], all)
        } else if let Some(component) = all.iter().find(|component| component.name == section) {
            (component_fields(component), vec![*component])
        } else {
            let names = all.iter().map(|component| component.name).chain(["global"]);
            return Err(unknown(
                "value",
                path,
                nearest(section, names).map(str::to_owned),
            ));
        };
        let wanted = if section == "global" {
            plain.as_str()
        } else {
            inner
        };
        if wanted.is_empty() {
            return Ok(overview(section, &fields));
        }
        let field = find(&fields, wanted).ok_or_else(|| {
            let mut paths = Vec::new();
            docs::each(&fields, &mut |field| paths.push(field.path.clone()));
            let near = near_paths(wanted, &paths).into_iter().map(|near| {
                if section == "global" {
                    near
                } else {
                    format!("{section}.{near}")
                }
            });
            unknown("value", path, near)
        })?;
        let mut text = describe(path, field);
        for component in concerned {
            let uses = self.uses(&component)?;
            let reached = reached(&uses, wanted);
            if !reached.is_empty() {
                let _ = writeln!(text, "\nreaches, in {}:", component.name);
                text.push_str(&reached.concat());
            }
        }
        Ok(text)
    }

    fn field(&self, object: &str, field: &str) -> Result<String, ExplainError> {
        let mut objects = BTreeSet::new();
        let mut fields = Vec::new();
        let mut text = String::new();
        for component in components::all() {
            let uses = self.uses(&component)?;
            for used in uses.iter() {
                objects.insert(used.object.clone());
                if used.object != object {
                    continue;
                }
                fields.push(used.field.clone());
                let hit = used.field == field
                    || within(&used.field, field)
                    || within(field, &used.field)
                    || used.field.is_empty();
                if hit {
                    let prefix = if used.value.starts_with("global.") {
                        String::new()
                    } else {
                        format!("{}.", component.name)
                    };
                    let how = match (used.decides, used.field.as_str()) {
                        (true, "") => "decides whether the object is there".to_owned(),
                        (true, at) => format!("decides about {at}"),
                        (false, at) => format!("stands in {at}"),
                    };
                    let _ = writeln!(text, "  {prefix}{:<48} {how}", used.value);
                }
            }
        }
        if fields.is_empty() {
            let near = nearest(object, objects.iter().map(String::as_str)).map(str::to_owned);
            return Err(unknown("object", object, near));
        }
        if text.is_empty() {
            return Err(unknown(
                "field set by a value",
                field,
                near_paths(field, &fields),
            ));
        }
        Ok(format!("{object}: {field} is set by\n{text}"))
    }
}

fn unknown(
    what: &'static str,
    path: &str,
    nearest: impl IntoIterator<Item = String>,
) -> ExplainError {
    ExplainError::Unknown {
        what,
        path: path.to_owned(),
        nearest: nearest.into_iter().collect(),
    }
}

/// `a[0].b` as fields are documented: `a.b`, for the items of a list share one documentation.
fn without_indices(path: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text
}

/// The field at a path, or the one whose value the path goes into.
fn find<'a>(fields: &'a [Field], path: &str) -> Option<&'a Field> {
    let mut best: Option<&Field> = None;
    docs::each(fields, &mut |field| {
        let leaf = field.fields.is_empty()
            && !matches!(
                field.kind.as_str(),
                "boolean" | "integer" | "string" | "enum"
            );
        let into = leaf && path.starts_with(&format!("{}.", field.path));
        let longer = best.is_none_or(|best| best.path.len() < field.path.len());
        if (field.path == path || into) && longer {
            best = Some(field);
        }
    });
    best
}

fn describe(path: &str, field: &Field) -> String {
    let mut text = format!("{path}\n");
    for paragraph in field.doc.split("\n\n") {
        let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        for line in textwrap::wrap(&paragraph, 96) {
            let _ = writeln!(text, "  {line}");
        }
    }
    let _ = writeln!(text, "\ntype:    {}", field.kind);
    if !field.rule.is_empty() {
        let _ = writeln!(text, "rule:    {}", field.rule);
    }
    match &field.default {
        Some(value) => {
            let _ = writeln!(text, "default: {value}");
        }
        None => text.push_str("default: not set\n"),
    }
    if !field.fields.is_empty() {
        text.push_str("holds:   ");
        let keys: Vec<_> = field
            .fields
            .iter()
            .map(|inner| inner.key.as_str())
            .collect();
        let _ = writeln!(text, "{}", keys.join(", "));
    }
    text
}

fn overview(section: &str, fields: &[Field]) -> String {
    let mut text = format!("{section}\n");
    for field in fields {
        let first = field.doc.split(". ").next().unwrap_or_default();
        let first = first.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "  {:<32} {:<18} {first}", field.key, field.kind);
    }
    text
}

/// The objects and fields that a value, or what is in it, reaches.
fn reached(uses: &[Use], path: &str) -> Vec<String> {
    let lines: BTreeSet<_> = uses
        .iter()
        .filter(|used| {
            let value = used.value.replace("[]", "").replace(".<key>", "");
            value == path || within(&value, path) || within(path, &value)
        })
        .map(|used| {
            let how = if used.decides {
                " (decides whether it is there, or what it is)"
            } else {
                ""
            };
            let field = if used.field.is_empty() {
                "the whole object"
            } else {
                &used.field
            };
            format!("  {}: {field}{how}\n", used.object)
        })
        .collect();
    lines.into_iter().collect()
}

fn within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// A few paths that look like `path` or end in the same key.
fn near_paths(path: &str, paths: &[String]) -> Vec<String> {
    let mut all: BTreeSet<_> = paths
        .iter()
        .map(String::as_str)
        .filter(|p| !p.is_empty())
        .collect();
    let last = path.rsplit('.').next().unwrap_or(path);
    let mut near: Vec<String> = Vec::new();
    for candidate in all.clone() {
        if candidate.rsplit('.').next() == Some(last) {
            near.push(candidate.to_owned());
            all.remove(candidate);
        }
    }
    near.extend(nearest(path, all.into_iter()).map(str::to_owned));
    near.truncate(3);
    near
}

#[cfg(test)]
mod tests;
