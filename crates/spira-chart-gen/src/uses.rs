//! Which value reaches which field of which object.

use std::collections::BTreeSet;

use spira_manifests::Component;

use crate::{
    Refusal, Subject,
    trace::{Traced, trace},
    tree::{Cond, Entry, Intrinsic, Node, Scalar, Seg, Source},
};

/// A value that reaches a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The object, as `Kind/name`; `<fullname>` stands for the name that a component's objects
    /// start with, cut off where a value's path would be.
    pub object: String,
    /// The field, such as `spec.template.spec.containers[api-server].image`.
    pub field: String,
    /// The path of the value in the component's section, such as `image.tag`; paths that start
    /// with `global.` are common to all.
    pub value: String,
    /// Whether the value decides about the field being there, or is what stands in it.
    pub decides: bool,
}

/// Every use that a component makes of its values.
///
/// # Errors
/// If its builders do what tracing cannot follow.
pub fn of_component(component: &Component) -> Result<Vec<Use>, Refusal> {
    Ok(of(&trace(&Subject::component(component))?))
}

/// Every use that a traced component makes of its values.
#[must_use]
pub fn of(traced: &Traced) -> Vec<Use> {
    let mut walk = Walk {
        traced,
        object: String::new(),
        found: BTreeSet::new(),
    };
    for entry in &traced.objects {
        walk.object(entry);
    }
    walk.found.into_iter().collect()
}

struct Walk<'a> {
    traced: &'a Traced,
    object: String,
    found: BTreeSet<Use>,
}

impl Walk<'_> {
    fn object(&mut self, entry: &Entry) {
        let body = entry.node.sample();
        self.object = match crate::eval::identity(body) {
            Some((kind, name)) => format!("{kind}/{}", text(name)),
            None => "objects of the user's".to_owned(),
        };
        self.guard("", &entry.guard);
        self.node("", &entry.node);
    }

    fn add(&mut self, field: &str, path: &str, decides: bool) {
        self.found.insert(Use {
            object: self.object.clone(),
            field: field.to_owned(),
            value: dotted(path),
            decides,
        });
    }

    fn guard(&mut self, field: &str, cond: &Cond) {
        match cond {
            Cond::True | Cond::False => {}
            Cond::Is(choice, _) => {
                let traced = self.traced;
                self.add(field, traced.samples.choices[*choice].value_path(), true);
            }
            Cond::Not(inner) => self.guard(field, inner),
            Cond::And(all) | Cond::Or(all) => all.iter().for_each(|c| self.guard(field, c)),
        }
    }

    fn node(&mut self, field: &str, node: &Node) {
        match node {
            Node::Leaf(scalar) => self.scalar(field, scalar),
            Node::Text(lines) => self.entries(lines, |_| field.to_owned()),
            Node::Map(entries) => self.entries(entries, |entry| {
                let key = entry.key.as_ref().map(scalar_text).unwrap_or_default();
                let key = key.replace('.', r"\.");
                match field {
                    "" => key,
                    _ => format!("{field}.{key}"),
                }
            }),
            Node::Seq(items) => self.entries(items, |item| format!("{field}[{}]", name_of(item))),
            Node::Whole(path) => self.add(field, path, false),
            Node::Range(path, entries) => {
                self.add(field, path, false);
                self.entries(entries, |_| field.to_owned());
            }
            Node::If(cond, yes, no) => {
                self.guard(field, cond);
                self.node(field, yes);
                self.node(field, no);
            }
        }
    }

    fn entries(&mut self, entries: &[Entry], place: impl Fn(&Entry) -> String) {
        for entry in entries {
            let field = place(entry);
            self.guard(&field, &entry.guard);
            if let Some(key) = &entry.key {
                self.scalar(&field, key);
            }
            self.node(&field, &entry.node);
        }
    }

    fn scalar(&mut self, field: &str, scalar: &Scalar) {
        match scalar {
            Scalar::Int(path) => self.add(field, path, false),
            Scalar::Str(segs) => self.segs(field, segs),
            _ => {}
        }
    }

    fn segs(&mut self, field: &str, segs: &[Seg]) {
        for seg in segs {
            match seg {
                Seg::Lit(_) => {}
                Seg::Int(path) | Seg::Str(Source::Value(path) | Source::Key(path)) => {
                    self.add(field, path, false);
                }
                Seg::Str(Source::Call(call)) => self.call(field, call),
            }
        }
    }

    fn call(&mut self, field: &str, call: &Intrinsic) {
        match call {
            Intrinsic::Fullname(_) => self.add(field, ".global.fullnameOverrides", false),
            Intrinsic::Image { path, .. } => {
                self.add(field, ".global.imageRegistry", false);
                for part in ["registry", "repository", "tag", "digest"] {
                    self.add(field, &format!("{path}.{part}"), false);
                }
            }
            Intrinsic::Checksum(segs) | Intrinsic::Sha256(segs) | Intrinsic::ShortSha256(segs) => {
                self.segs(field, segs);
            }
            Intrinsic::Join { path, .. } => self.add(field, path, false),
            Intrinsic::Credential { secret, value, .. } => {
                self.segs(field, secret);
                let value = value.split_once('.').map_or("", |(_, path)| path);
                self.add(field, &format!(".{value}"), false);
            }
            _ => {}
        }
    }
}

/// `.a[0].b{0}` as people write it: `a[].b.<key>`.
fn dotted(path: &str) -> String {
    path.trim_start_matches('.')
        .replace("[0]", "[]")
        .replace("{0}", ".<key>")
}

fn scalar_text(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Str(segs) => text(segs),
        Scalar::Int(path) => format!("<{}>", dotted(path)),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Num(value) => value.to_string(),
        Scalar::Null => "null".to_owned(),
    }
}

/// A text in words: what is not literal in angle brackets, a component's name as it is.
pub(crate) fn text(segs: &[Seg]) -> String {
    let part = |seg: &Seg| match seg {
        Seg::Lit(text) => text.clone(),
        Seg::Int(path) | Seg::Str(Source::Value(path) | Source::Key(path)) => {
            format!("<{}>", dotted(path))
        }
        Seg::Str(Source::Call(call)) => match &**call {
            Intrinsic::Fullname(component) => component.clone(),
            Intrinsic::ReleaseName => "<release>".to_owned(),
            Intrinsic::Namespace => "<namespace>".to_owned(),
            _ => "<…>".to_owned(),
        },
    };
    segs.iter().map(part).collect()
}

/// What an item of a list is told by.
fn name_of(item: &Entry) -> String {
    let body = item.node.sample();
    for key in ["name", "mountPath", "key", "host"] {
        if let Some(Node::Leaf(scalar)) = body.get(key).map(|entry| &entry.node) {
            return scalar_text(scalar);
        }
    }
    match body {
        Node::Leaf(scalar) => scalar_text(scalar),
        _ => String::new(),
    }
}
