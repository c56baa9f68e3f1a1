//! The body of an object: mappings, sequences, guards.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    expr::{go_string, paren},
    order,
    outline::{Outline, without},
};
use crate::{
    trace::{Kind, Shape, StrShape, Traced},
    tree::{Cond, Entry, Intrinsic, Node, Scalar, Seg, Source, and, not},
};

/// The variables of the ranges around a place.
#[derive(Clone, Debug, Default)]
pub struct Names {
    items: Vec<Item>,
}

#[derive(Clone, Debug)]
struct Item {
    path: String,
    variable: String,
    key: String,
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
    refused: RefCell<Option<String>>,
    calls: RefCell<BTreeSet<String>>,
    context: RefCell<Vec<Cond>>,
    captured: RefCell<BTreeMap<String, String>>,
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
                Shape::List(item) => item,
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

    fn top(&self, node: &Node, names: &Names, out: &mut String) {
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

    /// Whether a guard only asks that the value at `path` is there.
    pub(super) fn says(&self, guard: &Cond, path: &str) -> bool {
        matches!(guard, Cond::Is(choice, variants) if *variants == [1] && self.traced.samples.choices[*choice].value_path() == path
            && self.traced.samples.choices[*choice].kind != Kind::Bool)
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
            if *guard == Cond::True {
                self.under(&entry.guard, || {
                    self.entry(entry, entries, indent, names, out)
                });
                at += 1;
                continue;
            }
            if self.with(entry, indent, names, out) {
                at += 1;
                continue;
            }
            at = self.guarded_run(&sorted, at, indent, names, out);
        }
    }

    /// A list of the user's in a sequence, or where it is empty something else.
    fn splice_or_else(
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
            next = self.run_under(sorted, at + 1, &guard, indent, names, out)
        });
        out.push_str(&format!("{pad}{{{{- end }}}}\n"));
        Some(next)
    }

    /// Neighbours that build on one guard share its `if`; those with the contrary its `else`.
    fn guarded_run(
        &self,
        sorted: &[&Entry],
        from: usize,
        indent: usize,
        names: &Names,
        out: &mut String,
    ) -> usize {
        let pad = " ".repeat(indent);
        let guard = &sorted[from].guard;
        if self.variants(sorted[from], indent, names, out) {
            return from + 1;
        }
        let mut at = from;
        out.push_str(&format!(
            "{pad}{}\n",
            action("if", &self.condition(guard, names), &pad)
        ));
        self.under(guard, || {
            at = self.run_under(sorted, at, guard, indent, names, out)
        });
        let contrary = self.condition(&self.contrary(guard), names);
        if at < sorted.len() && self.condition(&sorted[at].guard, names) == contrary {
            out.push_str(&format!("{pad}{{{{- else }}}}\n"));
            let other = sorted[at].guard.clone();
            self.under(&other, || {
                at = self.run_under(sorted, at, &other, indent, names, out)
            });
        }
        out.push_str(&format!("{pad}{{{{- end }}}}\n"));
        at
    }

    fn run_under(
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
    fn variants(&self, entry: &Entry, indent: usize, names: &Names, out: &mut String) -> bool {
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

    pub(super) fn contrary(&self, guard: &Cond) -> Cond {
        match guard {
            Cond::Is(choice, variants) => {
                let arity = self.traced.samples.choices[*choice].arity();
                Cond::Is(
                    *choice,
                    (0..arity)
                        .filter(|variant| !variants.contains(variant))
                        .collect(),
                )
            }
            guard => not(guard.clone()),
        }
    }

    fn under<T>(&self, guard: &Cond, write: impl FnOnce() -> T) -> T {
        self.context.borrow_mut().push(guard.clone());
        let done = write();
        self.context.borrow_mut().pop();
        done
    }

    /// What a range or a splice says by itself needs no guard.
    fn needed_guard<'e>(&self, entry: &'e Entry) -> &'e Cond {
        match walked(entry) {
            Some(path) if self.says(&entry.guard, path) => &Cond::True,
            _ => &entry.guard,
        }
    }

    /// An entry that only passes an optional value on is a `with`.
    fn with(&self, entry: &Entry, indent: usize, names: &Names, out: &mut String) -> bool {
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

    fn entry(
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

    fn range(
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

    /// `key: value`.
    fn value(&self, key: &str, node: &Node, indent: usize, names: &Names, out: &mut String) {
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
                        self.value(key, node, indent, names, out)
                    });
                }
            }
            Node::Map(entries) => self.mapping(key, entries, indent, names, out),
            Node::Seq(entries) => self.sequence(key, entries, indent, names, out),
            Node::Text(entries) => self.text(key, entries, indent, names, out),
            Node::Range(path, _) => {
                self.refuse(format!("a range over {path} stands outside a container"))
            }
        }
    }

    /// A scalar that would make its line too long is broken inside its action.
    fn folded(&self, scalar: &Scalar, key: &str, indent: usize, names: &Names) -> String {
        let text = self.scalar(scalar, names);
        if indent + key.len() + 2 + text.len() <= super::MAX_LINE {
            return text;
        }
        let Scalar::Str(segs) = scalar else {
            return text;
        };
        let pad = " ".repeat(indent + 2);
        match scalar.literal() {
            Some(long) => format!(">-\n{}", wrap(long, &pad)),
            None => {
                let line = format!(
                    "{}{{{{ {} | quote }}}}",
                    " ".repeat(indent + key.len() + 2),
                    self.expression(segs, names)
                );
                fold(&line, indent).trim_start().to_owned()
            }
        }
    }

    /// `default` and booleans say a choice of two in one expression.
    fn one_line_choice(
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
    fn fallback(&self, node: &Node, names: &Names) -> Option<String> {
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

    fn mapping(
        &self,
        key: &str,
        entries: &[Entry],
        indent: usize,
        names: &Names,
        out: &mut String,
    ) {
        let pad = " ".repeat(indent);
        if let Some(shared) = self
            .outline
            .data
            .iter()
            .find(|shared| shared.entries == entries)
        {
            out.push_str(&format!(
                "{pad}{key}:\n{pad}  {{{{- include \"{}\" {} | nindent {} }}}}\n",
                shared.name,
                names.root(),
                indent + 2
            ));
            return;
        }
        for shared in &self.outline.labels {
            // A map whose keys the included ones could meet again must be written out.
            if let Some(rest) = without(entries, &shared.entries)
                && !(walks_a_map(&rest) && walks_a_map(&shared.entries))
            {
                out.push_str(&format!(
                    "{pad}{key}:\n{pad}  {{{{- include \"{}\" {} | nindent {} }}}}\n",
                    shared.name,
                    names.root(),
                    indent + 2
                ));
                self.entries(&rest, indent + 2, names, out);
                return;
            }
        }
        self.container(key, entries, indent, names, out, "{}");
    }

    fn sequence(
        &self,
        key: &str,
        entries: &[Entry],
        indent: usize,
        names: &Names,
        out: &mut String,
    ) {
        let pad = " ".repeat(indent);
        match self
            .outline
            .lists
            .iter()
            .find(|shared| entries.starts_with(&shared.entries))
        {
            Some(shared) if names.items.is_empty() => {
                out.push_str(&format!(
                    "{pad}{key}:\n{pad}  {{{{- include \"{}\" . | nindent {} }}}}\n",
                    shared.name,
                    indent + 2
                ));
                self.entries(&entries[shared.entries.len()..], indent + 2, names, out);
            }
            _ => self.container(key, entries, indent, names, out, "[]"),
        }
    }

    /// Entries of a mapping, with the labels that they share included.
    pub(super) fn shared_body(&self, name: &str, entries: &[Entry], names: &Names) -> String {
        let mut out = String::new();
        for shared in self
            .outline
            .labels
            .iter()
            .filter(|shared| shared.name != name && shared.entries.len() < entries.len())
        {
            if let Some(rest) = without(entries, &shared.entries) {
                out.push_str(&format!(
                    "{{{{ include \"{}\" {} }}}}\n",
                    shared.name,
                    names.root()
                ));
                self.entries(&rest, 0, names, &mut out);
                return out;
            }
        }
        self.entries(entries, 0, names, &mut out);
        out
    }

    /// A container that can come out empty must say so: `key:` alone would be null.
    fn container(
        &self,
        key: &str,
        entries: &[Entry],
        indent: usize,
        names: &Names,
        out: &mut String,
        empty: &str,
    ) {
        let pad = " ".repeat(indent);
        if entries.is_empty() {
            out.push_str(&format!("{pad}{key}: {empty}\n"));
            return;
        }
        let is_sure = |entry: &Entry| {
            entry.guard == Cond::True
                && !matches!(entry.node, Node::Range(..))
                && !(entry.key.is_none() && matches!(entry.node, Node::Whole(_)))
        };
        let mut filled = Vec::new();
        let mut filtered = false;
        for entry in entries {
            match &entry.node {
                Node::Range(path, body) if !body.iter().any(is_sure) || path.starts_with('@') => {
                    filtered = true
                }
                _ => filled.push(entry.guard.clone()),
            }
        }
        let plain = |out: &mut String| {
            out.push_str(&format!("{pad}{key}:\n"));
            self.entries(entries, indent + 2, names, out);
        };
        if self.is_implied(&filled) {
            plain(out);
        } else if filtered {
            self.captured_container(key, entries, indent, names, out, empty);
        } else {
            let any = if filled.len() == 1 {
                filled.swap_remove(0)
            } else {
                Cond::Or(filled)
            };
            out.push_str(&format!(
                "{pad}{}\n",
                action("if", &self.condition(&any, names), &pad)
            ));
            plain(out);
            out.push_str(&format!(
                "{pad}{{{{- else }}}}\n{pad}{key}: {empty}\n{pad}{{{{- end }}}}\n"
            ));
        }
    }

    /// A list filtered item by item is rendered first, then looked at.
    fn captured_container(
        &self,
        key: &str,
        entries: &[Entry],
        indent: usize,
        names: &Names,
        out: &mut String,
        empty: &str,
    ) {
        if !names.items.is_empty() {
            self.refuse(format!(
                "the list {key} inside a range may come out empty; leave it out where it is"
            ));
        }
        let pad = " ".repeat(indent);
        let mut body = String::new();
        self.entries(entries, 0, names, &mut body);
        let count = self.captured.borrow().len();
        let name = format!(
            "{}.{key}{}",
            self.component,
            if count == 0 {
                String::new()
            } else {
                (count + 1).to_string()
            }
        );
        self.captured.borrow_mut().insert(name.clone(), body);
        out.push_str(&format!(
            "{pad}{key}:\n{pad}  {{{{- include {} . | trim | default {} | nindent {} }}}}\n",
            go_string(&name),
            go_string(empty),
            indent + 2
        ));
    }

    /// Whether the guards around this place imply that one of `any` holds.
    fn is_implied(&self, any: &[Cond]) -> bool {
        const MOST: usize = 14;
        let context = self.context.borrow();
        let mut asked = BTreeSet::new();
        any.iter().for_each(|cond| choices_of(cond, &mut asked));
        let relevant: Vec<&Cond> = context
            .iter()
            .filter(|cond| {
                let mut own = BTreeSet::new();
                choices_of(cond, &mut own);
                own.iter().any(|choice| asked.contains(choice))
            })
            .collect();
        relevant
            .iter()
            .for_each(|cond| choices_of(cond, &mut asked));
        let asked: Vec<usize> = asked.into_iter().collect();
        if asked.len() > MOST {
            return false;
        }
        let arity = |choice: usize| self.traced.samples.choices[choice].arity();
        let mut assign: BTreeMap<usize, u8> = asked.iter().map(|choice| (*choice, 0)).collect();
        loop {
            if relevant.iter().all(|cond| holds(cond, &assign))
                && !any.iter().any(|cond| holds(cond, &assign))
            {
                return false;
            }
            let next = asked
                .iter()
                .position(|choice| assign[choice] + 1 < arity(*choice));
            let Some(next) = next else { return true };
            asked[..next].iter().for_each(|choice| {
                assign.insert(*choice, 0);
            });
            *assign.entry(asked[next]).or_default() += 1;
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

    /// `- item`.
    fn item(&self, node: &Node, indent: usize, names: &Names, out: &mut String) {
        let pad = " ".repeat(indent);
        match node {
            Node::Leaf(scalar) => out.push_str(&format!(
                "{pad}- {}\n",
                self.folded(scalar, "", indent, names)
            )),
            Node::Whole(path) => {
                out.push_str(&format!("{pad}{{{{- with {} }}}}\n{pad}{{{{- toYaml . | nindent {indent} }}}}\n{pad}{{{{- end }}}}\n", self.path(path, names)));
            }
            Node::If(cond, then, other) => match self.one_line_choice(cond, then, other, names) {
                Some(one_line) => out.push_str(&format!("{pad}- {{{{ {one_line} }}}}\n")),
                None => self.chain(node, indent, names, out, &|node, out| {
                    self.item(node, indent, names, out)
                }),
            },
            Node::Map(entries) => self.item_mapping(entries, indent, names, out),
            Node::Text(entries) => self.text_item(entries, indent, names, out),
            _ => self.refuse("a list directly in a list cannot be written".to_owned()),
        }
    }

    /// The first entry that is always there carries the dash.
    fn item_mapping(&self, entries: &[Entry], indent: usize, names: &Names, out: &mut String) {
        let pad = " ".repeat(indent);
        if entries.is_empty() {
            out.push_str(&format!("{pad}- {{}}\n"));
            return;
        }
        let mut sorted = entries.to_vec();
        sorted.sort_by_cached_key(|entry| order::rank(entry.literal_key()));
        let sure = |leaf: bool| {
            sorted.iter().position(|entry| {
                entry.guard == Cond::True
                    && entry.key.is_some()
                    && (!leaf || matches!(entry.node, Node::Leaf(_)))
            })
        };
        let first = sure(true)
            .or_else(|| sure(false))
            .map(|at| sorted.remove(at));
        let mut head = String::new();
        if let Some(first) = first {
            self.entries(&[first], indent + 2, names, &mut head);
        }
        if head.is_empty() || head.trim_start().starts_with("{{-") {
            out.push_str(&format!("{pad}-\n{head}"));
        } else {
            out.push_str(&format!("{pad}- {}", &head[indent + 2..]));
        }
        self.entries(&sorted, indent + 2, names, out);
    }
}

/// The credential that a node is, if it is one.
fn credential(node: &Node) -> Option<(&[Seg], &[Seg], &str)> {
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

/// The path of the list or map that an entry walks or splices.
pub(super) fn walked(entry: &Entry) -> Option<&str> {
    match &entry.node {
        Node::Range(path, _) => Some(path),
        Node::Whole(path) if entry.key.is_none() => Some(path),
        _ => None,
    }
}

/// An action that opens a block, broken where its line would be too long.
fn action(word: &str, condition: &str, pad: &str) -> String {
    fold(&format!("{pad}{{{{- {word} {condition} }}}}"), pad.len())
        .trim_start()
        .to_owned()
}

/// A line whose action is too long is broken at its pipes, then at its arguments.
fn fold(line: &str, indent: usize) -> String {
    let (Some(open), Some(close)) = (line.rfind("{{"), line.rfind(" }}")) else {
        return line.to_owned();
    };
    if line.len() <= super::MAX_LINE {
        return line.to_owned();
    }
    let pad = " ".repeat(indent + 4);
    let mut folded = line[..open].to_owned();
    let mut width = open;
    for word in words(&line[open..close]) {
        // A pipe starts a line of its own, whatever comes before the first one stays together.
        if width > indent + 4 && (word == "|" || width + word.len() + 1 > super::MAX_LINE - 12) {
            folded.truncate(folded.trim_end().len());
            folded.push_str(&format!("\n{pad}"));
            width = pad.len();
        }
        folded.push_str(word);
        folded.push(' ');
        width += word.len() + 1;
    }
    folded.push_str(line[close..].trim_start());
    folded
}

/// The words of an action; what is in parentheses or quotes is one word, unless it is long.
fn words(action: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut depth, mut quote, mut start) = (0_u32, None, 0);
    let mut last = ' ';
    for (at, c) in action.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open && last != '\\' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ' ') if depth == 0 => {
                found.push(&action[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        last = c;
    }
    found.push(&action[start..]);
    found
        .into_iter()
        .filter(|word| !word.is_empty())
        .flat_map(open_up)
        .collect()
}

/// A long word in parentheses, as the words in it.
fn open_up(word: &str) -> Vec<&str> {
    const LONG: usize = 80;
    if word.len() <= LONG || !word.starts_with('(') {
        return vec![word];
    }
    let inner = words(&word[1..]);
    let step = if inner.first() == Some(&"dict") { 2 } else { 1 };
    // The parenthesis stays with its first word, and a key of a dict with its value.
    let mut parts = vec![&word[..=inner.first().map_or(0, |first| first.len())]];
    let mut at = parts[0].len() + 1;
    for group in inner[1..].chunks(step) {
        let length = group.iter().map(|word| word.len()).sum::<usize>() + group.len() - 1;
        parts.push(&word[at..at + length]);
        at += length + 1;
    }
    parts
}

/// A literal text in lines of a folded block.
fn wrap(text: &str, pad: &str) -> String {
    let mut lines = vec![pad.to_owned()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is a line from the start");
        if last.len() > pad.len() && last.len() + word.len() + 1 > super::MAX_LINE - 10 {
            lines.push(format!("{pad}{}", super::expr::literal(word)));
        } else {
            if last.len() > pad.len() {
                last.push(' ');
            }
            last.push_str(&super::expr::literal(word));
        }
    }
    lines.join("\n")
}

fn range_variables(path: &str, is_map: bool, names: &Names) -> (String, String) {
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
    let variable = (1..)
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

fn walks_a_map(entries: &[Entry]) -> bool {
    entries
        .iter()
        .any(|entry| matches!(entry.node, Node::Range(..)))
}

/// What is left of a guard where another one holds already; `None` if it does not build on it.
pub(super) fn beyond(guard: &Cond, held: &Cond) -> Option<Cond> {
    if guard == held {
        return Some(Cond::True);
    }
    let (Cond::And(all), held) = (
        guard,
        if let Cond::And(held) = held {
            held.clone()
        } else {
            vec![held.clone()]
        },
    ) else {
        return None;
    };
    if !held.iter().all(|one| all.contains(one)) {
        return None;
    }
    let mut rest: Vec<Cond> = all
        .iter()
        .filter(|one| !held.contains(one))
        .cloned()
        .collect();
    Some(if rest.len() == 1 {
        rest.swap_remove(0)
    } else {
        Cond::And(rest)
    })
}

/// Whether a range over a map writes its entries just as they are.
fn passes_map_on(path: &str, body: &[Entry]) -> bool {
    let entry = format!("{path}{{0}}");
    let [
        Entry {
            key: Some(Scalar::Str(key)),
            guard: Cond::True,
            node: Node::Leaf(Scalar::Str(value)),
        },
    ] = body
    else {
        return false;
    };
    matches!(key.as_slice(), [Seg::Str(Source::Key(key))] if *key == entry)
        && matches!(value.as_slice(), [Seg::Str(Source::Value(value))] if *value == entry)
}

/// The maps after this one in the same mapping, whose entries win where both have a key.
fn later_maps(path: &str, body: &[Entry], siblings: &[Entry]) -> Vec<String> {
    if !passes_map_on(path, body) {
        return Vec::new();
    }
    let mut later = siblings
        .iter()
        .skip_while(|entry| !matches!(&entry.node, Node::Range(other, _) if other == path))
        .skip(1);
    let mut found = Vec::new();
    for entry in &mut later {
        if let Node::Range(other, body) = &entry.node
            && passes_map_on(other, body)
        {
            found.push(other.clone());
        }
    }
    found
}

fn choices_of(cond: &Cond, found: &mut BTreeSet<usize>) {
    match cond {
        Cond::Is(choice, _) => {
            found.insert(*choice);
        }
        Cond::Not(inner) => choices_of(inner, found),
        Cond::And(conds) | Cond::Or(conds) => conds.iter().for_each(|cond| choices_of(cond, found)),
        Cond::True | Cond::False => {}
    }
}

fn holds(cond: &Cond, assign: &BTreeMap<usize, u8>) -> bool {
    match cond {
        Cond::True => true,
        Cond::False => false,
        Cond::Is(choice, variants) => variants.contains(&assign[choice]),
        Cond::Not(inner) => !holds(inner, assign),
        Cond::And(conds) => conds.iter().all(|cond| holds(cond, assign)),
        Cond::Or(conds) => conds.iter().any(|cond| holds(cond, assign)),
    }
}
