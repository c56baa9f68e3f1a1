//! A traced component, written as Helm templates that a person could have written.

mod branches;
mod containers;
mod entries;
mod expr;
mod guards;
mod helpers;
mod lines;
mod maps;
mod needs;
mod order;
mod outline;
mod values;
mod wrap;
mod writer;

use std::collections::BTreeMap;

use crate::{
    Refusal,
    eval::identity,
    trace::Traced,
    tree::{Cond, Entry, Intrinsic, Node, Seg, Source},
};
pub use needs::Need;
use writer::{Names, Writer};

/// A file of the chart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Its path below the chart's folder, such as `templates/service.yaml`.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// What is written of a component.
#[derive(Clone, Debug)]
pub struct Templates {
    /// Its templates, with paths below the chart's folder.
    pub files: Vec<File>,
    /// The APIs that its objects need and not every cluster serves.
    pub needs: Vec<Need>,
    /// Which file holds which object.
    pub places: Vec<Place>,
}

/// Where an object is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its `kind`.
    pub kind: String,
    /// The path of the file below the chart's folder.
    pub path: String,
}

/// The longest line of a template.
pub const MAX_LINE: usize = 120;

/// Writes the templates of a component: one object a file, and the helpers that they include.
///
/// `source` is the text of its builders: the documentation of the function that builds an object
/// becomes the comment at the head of its file.
///
/// # Errors
/// Names what cannot be written as a template.
pub fn templates(component: &str, traced: &Traced, source: &str) -> Result<Templates, Refusal> {
    let outline = outline::Outline::of(component, traced);
    let writer = Writer::new(component, traced, &outline);
    let comments = helpers::comments(source);
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut places = Vec::new();
    for object in &traced.objects {
        let name = file_name(component, object);
        places.extend(place(object, &name));
        let text = object_text(&writer, object, &comments, &name);
        let file = files.entry(format!("templates/{name}.yaml")).or_default();
        if !file.is_empty() {
            file.push_str("---\n");
        }
        file.push_str(&text);
    }
    files.insert("templates/_helpers.tpl".to_owned(), helpers::text(&writer));
    let needs = needs::of(&writer, traced);
    if let Some(why) = writer.refused() {
        return Err(Refusal::Emit {
            component: component.to_owned(),
            why,
        });
    }
    let tidied = |(path, text): (String, String)| File {
        path,
        text: tidy(&text),
    };
    Ok(Templates {
        files: files.into_iter().map(tidied).collect(),
        needs,
        places,
    })
}

/// Where an object of one kind is written, in the file of this name.
fn place(object: &Entry, name: &str) -> Option<Place> {
    let (api_version, kind) = needs::kind(object.node.sample())?;
    Some(Place {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        path: format!("templates/{name}.yaml"),
    })
}

/// Helm 3 cuts off the last lines of a rendered object where they are empty, and they may be the
/// user's, at the end of a text. A comment is a last line that is never empty.
const END: &str = "# The end; Helm 3 would cut empty lines off a text that ends here.\n";

/// Whether the last that an object prints is a value of the user's, as it is.
fn ends_in_values(text: &str) -> bool {
    let printing = |line: &&str| !matches!(line.trim(), "{{- end }}" | "");
    let last = text.lines().rev().find(printing);
    last.is_some_and(|line| line.contains("toYaml"))
}

fn tidy(text: &str) -> String {
    let mut tidy = String::new();
    for line in text.lines() {
        tidy.push_str(line.trim_end());
        tidy.push('\n');
    }
    tidy
}

/// `service` for the Service called as the component, `service-headless` for the one called
/// `<fullname>-headless`.
fn file_name(component: &str, object: &Entry) -> String {
    let body = object.node.sample();
    let Some((kind, name)) = identity(body) else {
        return "extra-objects".to_owned();
    };
    let suffix: String = name
        .iter()
        .filter_map(|seg| match seg {
            Seg::Lit(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let own = name.iter().any(|seg| matches!(seg, Seg::Str(Source::Call(call)) if **call == Intrinsic::Fullname(component.to_owned())));
    let kind = kind.to_lowercase();
    let suffix = suffix.trim_matches('-');
    if own && !suffix.is_empty() {
        format!("{kind}-{suffix}")
    } else {
        kind
    }
}

fn object_text(
    writer: &Writer,
    object: &Entry,
    comments: &BTreeMap<Vec<String>, String>,
    file: &str,
) -> String {
    let comment = helpers::comment_for(comments, object, file);
    let scope = Names::outside();
    let inner = match &object.node {
        Node::Whole(path) => {
            let list = writer.path(path, &scope);
            let text =
                format!("{{{{- range {list} }}}}\n---\n{{{{ toYaml . }}}}\n{END}{{{{- end }}}}\n");
            return writer.guarded_unless_range(&object.guard, path, &text, &scope);
        }
        Node::Range(path, entries) => {
            let (head, inner_scope) = writer.range_head(path, &scope);
            let mut text = format!("{head}\n");
            for entry in entries {
                let body = writer.document(&entry.node, &inner_scope);
                text.push_str("---\n");
                text.push_str(&writer.guarded(&entry.guard, &body, &inner_scope));
            }
            text.push_str("{{- end }}\n");
            return writer.guarded_unless_range(&object.guard, path, &text, &scope);
        }
        node => writer.document_under(node, &object.guard, &scope),
    };
    let end = if ends_in_values(&inner) { END } else { "" };
    let text = format!("{comment}{inner}{end}");
    if object.guard == Cond::True {
        text
    } else {
        writer.guarded(&object.guard, &text, &scope)
    }
}
