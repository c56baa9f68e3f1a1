//! Mappings and sequences, shared or written out, and what to write where they are empty.

use super::{
    expr::go_string,
    order,
    outline::without,
    wrap::action,
    writer::{Names, Writer},
};
use crate::tree::{Cond, Entry, Node};

impl Writer<'_> {
    pub(super) fn mapping(
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

    pub(super) fn sequence(
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
            // As in a mapping: the included map must not meet the others' keys again.
            if let Some(rest) = without(entries, &shared.entries)
                && !(walks_a_map(&rest) && walks_a_map(&shared.entries))
            {
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
    pub(super) fn container(
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
                    filtered = true;
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
    pub(super) fn captured_container(
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

    /// `- item`.
    pub(super) fn item(&self, node: &Node, indent: usize, names: &Names, out: &mut String) {
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
                    self.item(node, indent, names, out);
                }),
            },
            Node::Map(entries) => self.item_mapping(entries, indent, names, out),
            Node::Text(entries) => self.text_item(entries, indent, names, out),
            _ => self.refuse("a list directly in a list cannot be written".to_owned()),
        }
    }

    /// The first entry that is always there carries the dash.
    pub(super) fn item_mapping(
        &self,
        entries: &[Entry],
        indent: usize,
        names: &Names,
        out: &mut String,
    ) {
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

pub(super) fn walks_a_map(entries: &[Entry]) -> bool {
    entries
        .iter()
        .any(|entry| matches!(entry.node, Node::Range(..)))
}
