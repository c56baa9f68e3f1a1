//! Text of several lines, as a literal block.

use super::{
    wrap::fold_text,
    writer::{Names, Writer},
};
use crate::tree::{Cond, Entry, Node, Scalar, Seg};

impl Writer<'_> {
    /// `key: |` and the lines.
    pub(super) fn text(
        &self,
        key: &str,
        lines: &[Entry],
        indent: usize,
        names: &Names,
        out: &mut String,
    ) {
        let (lines, style) = block_style(lines);
        self.check_first(lines);
        out.push_str(&format!("{}{key}: {style}\n", " ".repeat(indent)));
        self.lines(lines, indent + 2, names, out);
    }

    /// `- |` and the lines.
    pub(super) fn text_item(
        &self,
        lines: &[Entry],
        indent: usize,
        names: &Names,
        out: &mut String,
    ) {
        let (lines, style) = block_style(lines);
        self.check_first(lines);
        out.push_str(&format!("{}- {style}\n", " ".repeat(indent)));
        self.lines(lines, indent + 2, names, out);
    }

    /// A block takes its indentation from its first line.
    fn check_first(&self, lines: &[Entry]) {
        let starts_bare = |entry: &Entry| match &entry.node {
            Node::Leaf(Scalar::Str(segs)) => match segs.first() {
                Some(Seg::Lit(text)) => {
                    entry.guard == Cond::True && !text.is_empty() && !text.starts_with(' ')
                }
                _ => true,
            },
            _ => false,
        };
        if !lines.first().is_some_and(starts_bare) {
            self.refuse("the first line of a text must always be there and not be indented, as YAML takes the block's indentation from it".to_owned());
        }
    }

    fn lines(&self, lines: &[Entry], indent: usize, names: &Names, out: &mut String) {
        let mut at = 0;
        while at < lines.len() {
            let guard = self.needed_guard(&lines[at]);
            let branches = self.branches(&lines[at..], &Cond::True, names);
            let branches = branches.filter(|one| *guard != Cond::True || one.count > 1);
            if *guard == Cond::True && branches.is_none() {
                // An action that trims would swallow the empty lines before it.
                let control_follows = lines.get(at + 1).is_none_or(|next| {
                    *self.needed_guard(next) != Cond::True || !matches!(next.node, Node::Leaf(_))
                });
                self.line(&lines[at], control_follows, indent, names, out);
                at += 1;
                continue;
            }
            if let Some(branches) = branches {
                self.write_branches(&branches, indent, names, out, &|lines, out| {
                    self.lines(lines, indent, names, out);
                });
                at += branches.count;
            }
        }
    }

    fn line(
        &self,
        entry: &Entry,
        control_follows: bool,
        indent: usize,
        names: &Names,
        out: &mut String,
    ) {
        let pad = " ".repeat(indent);
        match &entry.node {
            Node::Range(path, body) => {
                let (head, inner) = self.range_head(path, names);
                out.push_str(&format!("{pad}{head}\n"));
                self.lines(body, indent, &inner, out);
                out.push_str(&format!("{pad}{{{{- end }}}}\n"));
            }
            Node::If(..) => self.chain(&entry.node, indent, names, out, &|node, out| {
                let entry = Entry {
                    key: None,
                    guard: Cond::True,
                    node: node.clone(),
                };
                self.line(&entry, true, indent, names, out);
            }),
            Node::Leaf(Scalar::Str(segs)) => {
                if let Some(seg) = segs.iter().find(|seg| !self.fits_a_line(seg)) {
                    self.refuse(format!("a value that may hold line breaks is put into a line of text: {seg:?}; give it a type that excludes them"));
                }
                match segs.as_slice() {
                    [Seg::Lit(text)] if text.trim().is_empty() && control_follows => {
                        out.push_str(&format!("{pad}{{{{ \"\" }}}}\n"));
                    }
                    [Seg::Lit(text)] if text.is_empty() => out.push('\n'),
                    segs => {
                        let line = format!("{pad}{}", self.inline(segs, names));
                        out.push_str(&fold_text(&line, indent));
                        out.push('\n');
                    }
                }
            }
            _ => self.refuse("a line of text is no text".to_owned()),
        }
    }
}

/// How the block ends, and the lines without what the style says already.
fn block_style(lines: &[Entry]) -> (&[Entry], &'static str) {
    let is_empty = |entry: &Entry| {
        entry.guard == Cond::True
            && matches!(&entry.node, Node::Leaf(scalar) if scalar.literal() == Some(""))
    };
    match lines.split_last() {
        Some((last, rest)) if is_empty(last) && rest.last().is_some_and(is_empty) => (rest, "|+"),
        Some((last, rest)) if is_empty(last) => (rest, "|"),
        _ => (lines, "|-"),
    }
}
