//! Maps of the user's that go into a mapping with others.

use crate::tree::{Cond, Entry, Node, Scalar, Seg, Source};

/// Whether a range over a map writes its entries just as they are.
pub(super) fn passes_map_on(path: &str, body: &[Entry]) -> bool {
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
pub(super) fn later_maps(path: &str, body: &[Entry], siblings: &[Entry]) -> Vec<String> {
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
