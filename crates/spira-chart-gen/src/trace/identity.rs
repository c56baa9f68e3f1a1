//! What tells a part of a container from its siblings, so that it is found again in other runs.

use std::{collections::HashMap, rc::Rc};

use super::{
    fold::{Out, Slot},
    parts::{Content, Part},
    segments::seg_text,
};
use crate::tree::{Scalar, Seg, Source};

/// The fields that tell items of lists apart, Kubernetes' and the operators', the best first.
const TELLING: [&str; 9] = [
    "name",
    "alert",
    "key",
    "mountPath",
    "containerPort",
    "port",
    "host",
    "topologyKey",
    "type",
];

/// An object is told by its kind and what its name adds to the component's, or by the value that is
/// its name.
pub fn of_object(object: &Part, out: &Out) -> String {
    let name = object
        .get("metadata")
        .and_then(|metadata| metadata.get("name"));
    let (Some(kind), Some(Content::Text(_, name))) = (
        object.get("kind").and_then(Part::text),
        name.map(|name| &name.content),
    ) else {
        return of(object, out);
    };
    if let [Seg::Str(source @ Source::Value(_))] = name.as_slice() {
        return format!("{kind} {source:?}");
    }
    let suffix: String = name
        .iter()
        .map(|seg| if let Seg::Lit(text) = seg { text } else { "" })
        .collect();
    format!("{kind} {suffix}")
}

/// An item of a sequence is told by what tells it in Kubernetes.
pub fn of(item: &Part, out: &Out) -> String {
    if let Out::Whole(path) = out {
        return format!("*{path}");
    }
    let Content::Map(fields) = &item.content else {
        return item.to_string();
    };
    let metadata_name = item
        .get("metadata")
        .and_then(|metadata| metadata.get("name"));
    if let (Some(kind), Some(name)) = (item.get("kind"), metadata_name) {
        return format!("{kind} {name}");
    }
    if let Some(name) = metadata_name {
        return format!("metadata.name={name}");
    }
    let telling = |key: &&str| {
        let value = item.get(key).filter(|value| !value.is_map())?;
        // A type alone tells little: `type: Resource` goes with `resource.name`.
        let named = fields
            .iter()
            .find_map(|(_, field)| field.get("name"))
            .filter(|_| *key == "type");
        let named = named.map_or_else(|| "null".to_owned(), ToString::to_string);
        Some(format!("{key}={value} {named}"))
    };
    TELLING
        .iter()
        .find_map(telling)
        .unwrap_or_else(|| "map".to_owned())
}

/// A slot whose identity, if a sibling has it already, is numbered.
pub fn numbered(
    id: String,
    key: Option<Scalar>,
    out: Rc<Out>,
    seen: &mut HashMap<String, usize>,
) -> Slot {
    Slot {
        id: count(id, seen),
        key,
        out,
    }
}

fn count(id: String, seen: &mut HashMap<String, usize>) -> String {
    if let Some(count) = seen.get_mut(&id) {
        *count += 1;
        return format!("{id} #{count}");
    }
    seen.insert(id.clone(), 1);
    id
}

/// A line without a word (`}`, `]`, an empty one) is told by the last line with a word at its
/// indentation, which opened its block; an empty one by the line before.
pub fn name_bare_lines(slots: &mut [Slot]) {
    let texts: Vec<Option<String>> = slots
        .iter()
        .map(|slot| match &*slot.out {
            Out::Leaf(Scalar::Str(segs)) => Some(segs.iter().map(seg_text).collect()),
            _ => None,
        })
        .collect();
    let indent = |text: &str| text.len() - text.trim_start().len();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for at in 0..slots.len() {
        let Some(text) = &texts[at] else { continue };
        let mut id = format!("{text:?}");
        if !text.chars().any(char::is_alphanumeric) {
            let opener = texts[..at].iter().rev().flatten().find(|earlier| {
                if text.is_empty() {
                    !earlier.is_empty()
                } else {
                    earlier.chars().any(char::is_alphanumeric) && indent(earlier) == indent(text)
                }
            });
            id = format!("{text:?} of {opener:?}");
            if text.is_empty() && at + 1 == slots.len() {
                "end".clone_into(&mut id);
            }
        }
        slots[at].id = count(id, &mut seen);
    }
}
