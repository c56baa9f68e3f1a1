//! `key: value`, and choices that one expression can say.

use super::{
    expr::paren,
    wrap::{action, fold, wrap},
    writer::{Names, Writer},
};
use crate::{
    trace::Kind,
    tree::{Cond, Intrinsic, Node, Scalar, Seg, Source, not},
};

impl Writer<'_> {
    /// `key: value`.
    pub(super) fn value(
        &self,
        key: &str,
        node: &Node,
        indent: usize,
        names: &Names,
        out: &mut String,
    ) {
        let pad = " ".repeat(indent);
        match node {
            Node::Leaf(scalar) => out.push_str(&format!(
                "{pad}{key}: {}\n",
                self.folded(scalar, key, indent, names)
            )),
            Node::Whole(path) => {
                out.push_str(&format!(
                    "{pad}{key}:\n{pad}  {{{{- toYaml {} | nindent {} }}}}\n",
                    self.path(path, names),
                    indent + 2
                ));
            }
            Node::If(cond, then, other) => {
                if let Some(one_line) = self.one_line_choice(cond, then, other, names) {
                    out.push_str(&format!(
                        "{}\n",
                        fold(&format!("{pad}{key}: {{{{ {one_line} }}}}"), indent)
                    ));
                } else {
                    self.chain(node, indent, names, out, &|node, out| {
                        self.value(key, node, indent, names, out);
                    });
                }
            }
            Node::Map(entries) => self.mapping(key, entries, indent, names, out),
            Node::Seq(entries) => self.sequence(key, entries, indent, names, out),
            Node::Text(entries) => self.text(key, entries, indent, names, out),
            Node::Range(path, _) => {
                self.refuse(format!("a range over {path} stands outside a container"));
            }
        }
    }

    /// A scalar that would make its line too long is broken inside its action.
    pub(super) fn folded(
        &self,
        scalar: &Scalar,
        key: &str,
        indent: usize,
        names: &Names,
    ) -> String {
        let text = self.scalar(scalar, names);
        if indent + key.len() + 2 + text.len() <= super::MAX_LINE {
            return text;
        }
        let Scalar::Str(segs) = scalar else {
            return text;
        };
        let pad = " ".repeat(indent + 2);
        if let Some(long) = scalar.literal() {
            format!(">-\n{}", wrap(long, &pad))
        } else {
            let line = format!(
                "{}{{{{ {} | quote }}}}",
                " ".repeat(indent + key.len() + 2),
                self.expression(segs, names)
            );
            fold(&line, indent).trim_start().to_owned()
        }
    }

    /// `default` and booleans say a choice of two in one expression.
    pub(super) fn one_line_choice(
        &self,
        cond: &Cond,
        then: &Node,
        other: &Node,
        names: &Names,
    ) -> Option<String> {
        let Cond::Is(choice, variants) = cond else {
            return None;
        };
        let choice = &self.traced.samples.choices[*choice];
        match (then, other) {
            (Node::Leaf(Scalar::Bool(a)), Node::Leaf(Scalar::Bool(b)))
                if a != b && choice.kind == Kind::Bool =>
            {
                let path = self.path(choice.value_path(), names);
                let straight = (variants == &[1]) == *a;
                Some(if straight {
                    path
                } else {
                    format!("not {path}")
                })
            }
            (Node::Leaf(Scalar::Str(set)), other)
                if choice.kind == Kind::Set
                    && variants == &[1]
                    && self.is_truthy_when_set(choice.value_path()) =>
            {
                let passes = matches!(set.as_slice(), [Seg::Str(Source::Value(path))] if path == choice.value_path());
                if let (true, Some((secret, key, value))) = (passes, credential(other)) {
                    let call = Intrinsic::Credential {
                        secret: secret.to_vec(),
                        key: key.to_vec(),
                        value: value.to_owned(),
                    };
                    self.note(&call);
                    return Some(format!(
                        "{} | quote",
                        self.credential(Some(choice.value_path()), secret, key, value, names)
                    ));
                }
                let fallback = passes.then(|| self.fallback(other, names)).flatten()?;
                Some(format!(
                    "{} | {fallback} | quote",
                    self.path(choice.value_path(), names)
                ))
            }
            _ => None,
        }
    }

    /// `default x`, for what an unset value falls back to.
    pub(super) fn fallback(&self, node: &Node, names: &Names) -> Option<String> {
        match node {
            Node::Leaf(Scalar::Str(segs)) => {
                Some(format!("default {}", paren(&self.expression(segs, names))))
            }
            Node::If(Cond::Is(choice, variants), then, other) => {
                let choice = &self.traced.samples.choices[*choice];
                let Node::Leaf(Scalar::Str(segs)) = &**then else {
                    return None;
                };
                let [Seg::Str(Source::Value(path))] = segs.as_slice() else {
                    return None;
                };
                let passes = choice.kind == Kind::Set
                    && variants == &[1]
                    && path == choice.value_path()
                    && self.is_truthy_when_set(path);
                let rest = passes.then(|| self.fallback(other, names)).flatten()?;
                Some(format!("default {} | {rest}", self.path(path, names)))
            }
            _ => None,
        }
    }

    /// `if`, `else if`, `else`.
    pub(super) fn chain(
        &self,
        node: &Node,
        indent: usize,
        names: &Names,
        out: &mut String,
        write: &dyn Fn(&Node, &mut String),
    ) {
        let pad = " ".repeat(indent);
        let mut word = "if";
        let mut rest = node;
        let mut passed = 0;
        while let Node::If(cond, then, other) = rest {
            out.push_str(&format!(
                "{pad}{}\n",
                action(word, &self.condition(cond, names), &pad)
            ));
            self.under(cond, || write(then, out));
            self.context.borrow_mut().push(not(cond.clone()));
            passed += 1;
            word = "else if";
            rest = other;
        }
        out.push_str(&format!("{pad}{{{{- else }}}}\n"));
        write(rest, out);
        out.push_str(&format!("{pad}{{{{- end }}}}\n"));
        let mut context = self.context.borrow_mut();
        let length = context.len() - passed;
        context.truncate(length);
    }
}

/// The credential that a node is, if it is one.
pub(super) fn credential(node: &Node) -> Option<(&[Seg], &[Seg], &str)> {
    let Node::Leaf(Scalar::Str(segs)) = node else {
        return None;
    };
    match segs.as_slice() {
        [Seg::Str(Source::Call(call))] => match &**call {
            Intrinsic::Credential { secret, key, value } => Some((secret, key, value)),
            _ => None,
        },
        _ => None,
    }
}
