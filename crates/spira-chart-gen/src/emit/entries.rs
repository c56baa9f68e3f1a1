//! Entries of a container: guards, splices, ranges.

use super::{
    expr::paren,
    guards::beyond,
    maps::{later_maps, passes_map_on},
    order,
    wrap::action,
    writer::{Item, Names, Writer, range_variables},
};
use crate::{
    trace::{Kind, Shape},
    tree::{Cond, Entry, Node, Scalar, Seg, Source, and},
};

impl Writer<'_> {
    /// A whole object.
    pub(super) fn document(&self, node: &Node, names: &Names) -> String {
        let mut out = String::new();
        self.top(node, names, &mut out);
        out
    }

    /// A whole object that is there under a guard.
    pub(super) fn document_under(&self, node: &Node, guard: &Cond, names: &Names) -> String {
        self.context.borrow_mut().push(guard.clone());
        let text = self.document(node, names);
        self.context.borrow_mut().pop();
        text
    }

    pub(super) fn top(&self, node: &Node, names: &Names, out: &mut String) {
        match node {
            Node::Map(entries) | Node::Seq(entries) => self.entries(entries, 0, names, out),
            Node::If(cond, then, other) => {
                out.push_str(&format!("{{{{- if {} }}}}\n", self.condition(cond, names)));
                self.top(then, names, out);
                out.push_str("{{- else }}\n");
                self.top(other, names, out);
                out.push_str("{{- end }}\n");
            }
            _ => self.refuse("an object is neither a mapping nor one of the values".to_owned()),
        }
    }

    /// Text that is there under a guard.
    pub(super) fn guarded(&self, guard: &Cond, text: &str, names: &Names) -> String {
        if *guard == Cond::True {
            text.to_owned()
        } else {
            format!(
                "{}
{text}{{{{- end }}}}
",
                action("if", &self.condition(guard, names), "")
            )
        }
    }

    /// Text under a guard, unless the guard only says what the range over `path` says itself.
    pub(super) fn guarded_unless_range(
        &self,
        guard: &Cond,
        path: &str,
        text: &str,
        names: &Names,
    ) -> String {
        let parts = if let Cond::And(all) = guard {
            all.clone()
        } else {
            vec![guard.clone()]
        };
        let needed = parts.into_iter().filter(|part| !self.says(part, path));
        let needed = needed.fold(Cond::True, and);
        self.guarded(&needed, text, names)
    }

    /// The line that opens a range, and the names inside it.
    pub(super) fn range_head(&self, path: &str, names: &Names) -> (String, Names) {
        let is_map = matches!(self.shape(path), Some(Shape::Map { .. }));
        let (variable, key) = range_variables(path, is_map, names);
        let list = self.path(path, names);
        let head = if is_map {
            format!("{{{{- range {key}, {variable} := {list} }}}}")
        } else {
            format!("{{{{- range {variable} := {list} }}}}")
        };
        let mut inner = names.clone();
        let item = if is_map {
            format!("{path}{{0}}")
        } else {
            format!("{path}[0]")
        };
        inner.items.push(Item {
            path: item,
            variable,
            key,
        });
        (head, inner)
    }

    /// Entries of a mapping or a sequence at an indentation.
    pub(super) fn entries(
        &self,
        entries: &[Entry],
        indent: usize,
        names: &Names,
        out: &mut String,
    ) {
        let mut sorted: Vec<&Entry> = entries.iter().collect();
        if entries.iter().all(|entry| entry.key.is_some()) {
            sorted.sort_by_cached_key(|entry| order::rank(entry.literal_key()));
        }
        let mut at = 0;
        while at < sorted.len() {
            let entry = sorted[at];
            let guard = self.needed_guard(entry);
            if let Some(next) = self.splice_or_else(&sorted, at, indent, names, out) {
                at = next;
                continue;
            }
            let branches = self.branches(sorted[at..].iter().copied(), &Cond::True, names);
            let branches = branches.filter(|one| *guard != Cond::True || one.count > 1);
            if *guard == Cond::True && branches.is_none() {
                self.under(&entry.guard, || {
                    self.entry(entry, entries, indent, names, out);
                });
                at += 1;
                continue;
            }
            if self.with(entry, indent, names, out) || self.variants(entry, indent, names, out) {
                at += 1;
                continue;
            }
            if let Some(branches) = branches {
                self.write_branches(&branches, indent, names, out, &|entries, out| {
                    self.entries(entries, indent, names, out);
                });
                at += branches.count;
            }
        }
    }

    /// A list of the user's in a sequence, or where it is empty something else.
    pub(super) fn splice_or_else(
        &self,
        sorted: &[&Entry],
        at: usize,
        indent: usize,
        names: &Names,
        out: &mut String,
    ) -> Option<usize> {
        let (entry, other) = (sorted[at], sorted.get(at + 1)?);
        let Node::Whole(path) = &entry.node else {
            return None;
        };
        let spliced = entry.key.is_none() && self.says(&entry.guard, path);
        if !spliced || other.guard != self.contrary(&entry.guard) {
            return None;
        }
        let pad = " ".repeat(indent);
        out.push_str(&format!("{pad}{{{{- with {} }}}}\n{pad}{{{{- toYaml . | nindent {indent} }}}}\n{pad}{{{{- else }}}}\n", self.path(path, names)));
        let guard = other.guard.clone();
        let mut next = at + 1;
        self.under(&guard, || {
            next = self.run_under(sorted, at + 1, &guard, indent, names, out);
        });
        out.push_str(&format!("{pad}{{{{- end }}}}\n"));
        Some(next)
    }

    pub(super) fn run_under(
        &self,
        sorted: &[&Entry],
        from: usize,
        held: &Cond,
        indent: usize,
        names: &Names,
        out: &mut String,
    ) -> usize {
        let inner: Vec<Entry> = sorted[from..]
            .iter()
            .map_while(|entry| {
                Some(Entry {
                    guard: beyond(&entry.guard, held)?,
                    ..(*entry).clone()
                })
            })
            .collect();
        self.entries(&inner, indent, names, out);
        from + inner.len()
    }

    /// A value for some variants of an enum, another one for each: one chain of `if eq`.
    pub(super) fn variants(
        &self,
        entry: &Entry,
        indent: usize,
        names: &Names,
        out: &mut String,
    ) -> bool {
        let (Some(key), Cond::Is(choice, variants)) = (&entry.key, &entry.guard) else {
            return false;
        };
        let mut arms: Vec<(Cond, &Node)> = Vec::new();
        let mut rest = variants.clone();
        let mut node = &entry.node;
        while let Node::If(Cond::Is(asked, these), then, other) = node
            && asked == choice
        {
            arms.push((Cond::Is(*choice, these.clone()), then));
            rest.retain(|variant| !these.contains(variant));
            node = other;
        }
        if arms.is_empty()
            || rest.is_empty()
            || !matches!(self.traced.samples.choices[*choice].kind, Kind::Enum(_))
        {
            return false;
        }
        arms.push((Cond::Is(*choice, rest), node));
        let pad = " ".repeat(indent);
        let key = self.scalar(key, names);
        for (at, (cond, node)) in arms.iter().enumerate() {
            let word = if at == 0 { "if" } else { "else if" };
            out.push_str(&format!(
                "{pad}{}\n",
                action(word, &self.condition(cond, names), &pad)
            ));
            self.under(cond, || self.value(&key, node, indent, names, out));
        }
        out.push_str(&format!("{pad}{{{{- end }}}}\n"));
        true
    }

    /// An entry that only passes an optional value on is a `with`.
    pub(super) fn with(
        &self,
        entry: &Entry,
        indent: usize,
        names: &Names,
        out: &mut String,
    ) -> bool {
        let (Some(key), Cond::Is(choice, variants)) = (&entry.key, &entry.guard) else {
            return false;
        };
        let choice = &self.traced.samples.choices[*choice];
        if variants != &[1] || choice.kind == Kind::Bool {
            return false;
        }
        let path = choice.value_path();
        let pad = " ".repeat(indent);
        let key = self.scalar(key, names);
        let value = match &entry.node {
            Node::Whole(whole) if whole == path => {
                format!("\n{pad}  {{{{- toYaml . | nindent {} }}}}", indent + 2)
            }
            Node::Seq(items) if matches!(items.as_slice(), [Entry { node: Node::Whole(whole), .. }] if whole == path) =>
            {
                format!("\n{pad}  {{{{- toYaml . | nindent {} }}}}", indent + 2)
            }
            Node::Leaf(Scalar::Str(segs)) if self.is_truthy_when_set(path) => match segs.as_slice()
            {
                [Seg::Str(Source::Value(value))] if value == path => " {{ . | quote }}".to_owned(),
                _ => return false,
            },
            Node::Leaf(Scalar::Int(value)) if value == path && self.is_truthy_when_set(path) => {
                " {{ . | int64 }}".to_owned()
            }
            _ => return false,
        };
        out.push_str(&format!(
            "{pad}{{{{- with {} }}}}\n{pad}{key}:{value}\n{pad}{{{{- end }}}}\n",
            self.path(path, names)
        ));
        true
    }

    pub(super) fn entry(
        &self,
        entry: &Entry,
        siblings: &[Entry],
        indent: usize,
        names: &Names,
        out: &mut String,
    ) {
        match (&entry.node, &entry.key) {
            (Node::Range(path, body), _) => self.range(path, body, siblings, indent, names, out),
            (node, None) => self.item(node, indent, names, out),
            (node, Some(key)) => self.value(&self.scalar(key, names), node, indent, names, out),
        }
    }

    pub(super) fn range(
        &self,
        path: &str,
        body: &[Entry],
        siblings: &[Entry],
        indent: usize,
        names: &Names,
        out: &mut String,
    ) {
        let pad = " ".repeat(indent);
        let winners = later_maps(path, body, siblings);
        if winners.is_empty() && passes_map_on(path, body) {
            out.push_str(&format!("{pad}{{{{- with {} }}}}\n{pad}{{{{- toYaml . | nindent {indent} }}}}\n{pad}{{{{- end }}}}\n", self.path(path, names)));
            return;
        }
        let (head, inner) = self.range_head(path, names);
        out.push_str(&format!("{pad}{head}\n"));
        let key = inner.key(&format!("{path}{{0}}")).unwrap_or_default();
        let taken: Vec<String> = winners
            .iter()
            .map(|winner| format!("(hasKey {} {key})", paren(&self.path(winner, &inner))))
            .collect();
        match taken.as_slice() {
            [] => {}
            [one] => out.push_str(&format!("{pad}{{{{- if not {one} }}}}\n")),
            several => out.push_str(&format!(
                "{pad}{{{{- if not (or {}) }}}}\n",
                several.join(" ")
            )),
        }
        self.entries(body, indent, &inner, out);
        if !taken.is_empty() {
            out.push_str(&format!("{pad}{{{{- end }}}}\n"));
        }
        out.push_str(&format!("{pad}{{{{- end }}}}\n"));
    }
}
