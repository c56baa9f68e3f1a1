//! The tree, smaller.

use crate::tree::{Cond, Entry, Node, Scalar, Seg};

/// The tree with neighbouring literal lines of text made one: it is evaluated thousands of times,
/// and scripts have hundreds of lines.
pub fn compact(entries: &[Entry]) -> Vec<Entry> {
    entries
        .iter()
        .map(|entry| Entry {
            node: compact_node(&entry.node),
            ..entry.clone()
        })
        .collect()
}

fn compact_node(node: &Node) -> Node {
    match node {
        Node::Text(lines) => {
            let mut joined: Vec<Entry> = Vec::new();
            for line in lines {
                match (
                    joined.last_mut().and_then(literal_line),
                    literal_line(&mut line.clone()),
                ) {
                    (Some(last), Some(next)) => {
                        last.push('\n');
                        last.push_str(next);
                    }
                    _ => joined.push(line.clone()),
                }
            }
            Node::Text(joined)
        }
        Node::Map(entries) => Node::Map(compact(entries)),
        Node::Seq(entries) => Node::Seq(compact(entries)),
        Node::Range(path, entries) => Node::Range(path.clone(), compact(entries)),
        Node::If(cond, then, other) => Node::If(
            cond.clone(),
            Box::new(compact_node(then)),
            Box::new(compact_node(other)),
        ),
        Node::Leaf(_) | Node::Whole(_) => node.clone(),
    }
}

fn literal_line(line: &mut Entry) -> Option<&mut String> {
    match (&line.guard, &mut line.node) {
        (Cond::True, Node::Leaf(Scalar::Str(segs))) => match segs.as_mut_slice() {
            [Seg::Lit(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}
