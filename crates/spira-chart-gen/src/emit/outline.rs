//! What a component's templates share: label maps and hashed data become named templates.

use crate::{
    eval::{identity, job_template},
    trace::Traced,
    tree::{Cond, Entry, Intrinsic, Node, Scalar, Seg, Source},
};

/// A named template that holds entries of mappings.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Its name, such as `nats.labels`.
    pub name: String,
    /// What it is, for the comment above it.
    pub about: String,
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// What a component's templates share.
#[derive(Debug, Default)]
pub struct Outline {
    /// Label maps, larger ones first.
    pub labels: Vec<Shared>,
    /// The data of objects whose checksum is asked for.
    pub data: Vec<Shared>,
    /// What lists in several places start with.
    pub lists: Vec<Shared>,
}

impl Outline {
    /// Finds what is worth sharing.
    #[must_use]
    pub fn of(component: &str, traced: &Traced) -> Self {
        let mut maps = Vec::new();
        traced
            .objects
            .iter()
            .for_each(|object| label_maps(&object.node, None, &mut maps));
        Self {
            labels: shared_labels(component, &maps),
            data: shared_data(component, traced),
            lists: shared_lists(component, traced),
        }
    }

    /// The shared pod template of the Job.
    #[must_use]
    pub fn job_template(&self, traced: &Traced) -> Option<&Shared> {
        let entries = job_entries(traced)?;
        self.data.iter().find(|shared| shared.entries == entries)
    }

    /// The shared data that the checksum of an object hashes.
    #[must_use]
    pub fn data_of(&self, object: &[Seg], traced: &Traced) -> Option<&Shared> {
        let entries = data_entries(traced, object)?.to_vec();
        self.data.iter().find(|shared| shared.entries == entries)
    }
}

type LabelMap = (String, Vec<Entry>);

fn label_maps(node: &Node, key: Option<&str>, found: &mut Vec<LabelMap>) {
    match node {
        Node::Map(entries) => {
            if let Some(key) =
                key.filter(|key| matches!(*key, "labels" | "matchLabels" | "selector"))
                && entries.iter().all(|entry| is_label(&entry.node))
                && entries.len() > 1
            {
                found.push((key.to_owned(), entries.clone()));
            }
            entries
                .iter()
                .for_each(|entry| label_maps(&entry.node, entry.literal_key(), found));
        }
        Node::Seq(entries) => entries
            .iter()
            .for_each(|entry| label_maps(&entry.node, None, found)),
        Node::If(_, then, other) => {
            label_maps(then, key, found);
            label_maps(other, key, found);
        }
        _ => {}
    }
}

fn is_label(node: &Node) -> bool {
    match node {
        Node::Leaf(Scalar::Str(_)) => true,
        Node::Range(_, body) => body.iter().all(|entry| is_label(&entry.node)),
        _ => false,
    }
}

fn shared_labels(component: &str, maps: &[LabelMap]) -> Vec<Shared> {
    let mut kinds: Vec<(usize, &LabelMap)> = Vec::new();
    for map in maps {
        match kinds.iter_mut().find(|(_, known)| known.1 == map.1) {
            Some((count, known)) => {
                *count += 1;
                // A map that selects is what the labels build on, wherever it is found first.
                if known.0 == "labels" && map.0 != "labels" {
                    *known = map;
                }
            }
            None => kinds.push((1, map)),
        }
    }
    let mut shared: Vec<Shared> = Vec::new();
    // A selector is worth a name also where it only occurs within larger maps.
    let occurs = |count: usize, key: &str, entries: &[Entry]| match key {
        "labels" => count,
        _ => maps
            .iter()
            .filter(|(_, other)| without(other, entries).is_some())
            .count(),
    };
    for (_, (key, entries)) in kinds
        .into_iter()
        .filter(|(count, (key, entries))| occurs(*count, key, entries) > 1)
    {
        let (base, about) = match key.as_str() {
            "labels" => ("labels", "The labels of every object"),
            _ => (
                "selectorLabels",
                "The labels that select the pods, which never change over a release's life",
            ),
        };
        let part = part_of(component, entries)
            .map(|part| format!(".{part}"))
            .unwrap_or_default();
        let about = if part.is_empty() {
            format!("{about}.")
        } else {
            format!("{about}: those of {}.", &part[1..])
        };
        let stem = format!("{component}{part}.{base}");
        let same = shared
            .iter()
            .filter(|other| other.name.trim_end_matches(char::is_numeric) == stem)
            .count();
        let number = if same == 0 {
            String::new()
        } else {
            (same + 1).to_string()
        };
        shared.push(Shared {
            name: format!("{stem}{number}"),
            about,
            entries: entries.clone(),
        });
    }
    shared.sort_by_key(|one| std::cmp::Reverse(one.entries.len()));
    shared
}

/// The part of a component that labels speak of, if it is not the component itself.
fn part_of(component: &str, labels: &[Entry]) -> Option<String> {
    let label = labels
        .iter()
        .find(|entry| entry.literal_key() == Some("app.kubernetes.io/component"))?;
    let Node::Leaf(value) = &label.node else {
        return None;
    };
    let value = value.literal().filter(|value| *value != component)?;
    Some(
        value
            .strip_prefix(component)
            .unwrap_or(value)
            .trim_matches('-')
            .to_owned(),
    )
}

fn shared_data(component: &str, traced: &Traced) -> Vec<Shared> {
    let mut asked = Vec::new();
    traced
        .objects
        .iter()
        .for_each(|object| checksums(&object.node, &mut asked));
    let mut shared: Vec<Shared> = job_entries(traced)
        .map(|entries| Shared {
            name: format!("{component}.podTemplate"),
            about: "The pod of the Job, apart so that its checksum can be taken.".to_owned(),
            entries: entries.to_vec(),
        })
        .into_iter()
        .collect();
    for object in asked {
        let Some(entries) = data_entries(traced, &object) else {
            continue;
        };
        if shared.iter().any(|known| known.entries == entries) {
            continue;
        }
        let suffix: String = object
            .iter()
            .skip(1)
            .filter_map(|seg| {
                if let Seg::Lit(text) = seg {
                    Some(text.as_str())
                } else {
                    None
                }
            })
            .collect();
        let suffix = suffix.trim_matches('-');
        let name = if suffix.is_empty() {
            format!("{component}.data")
        } else {
            format!("{component}.{}Data", camel(suffix))
        };
        let about = "The data of the object, apart so that its checksum can be taken.".to_owned();
        shared.push(Shared {
            name,
            about,
            entries: entries.to_vec(),
        });
    }
    shared
}

/// The environments that several containers start with, where they are long.
fn shared_lists(component: &str, traced: &Traced) -> Vec<Shared> {
    const LONG: usize = 3;
    let mut environments = Vec::new();
    traced
        .objects
        .iter()
        .for_each(|object| lists_under("env", &object.node, &mut environments));
    let mut shared: Vec<Shared> = Vec::new();
    for (at, one) in environments.iter().enumerate() {
        for other in &environments[at + 1..] {
            let common = one
                .iter()
                .zip(other.iter())
                .take_while(|(a, b)| a == b && !matches!(a.node, Node::Whole(_)))
                .count();
            let known = shared.iter().any(|known| one.starts_with(&known.entries));
            if common >= LONG && !known {
                let number = if shared.is_empty() {
                    String::new()
                } else {
                    (shared.len() + 1).to_string()
                };
                shared.push(Shared {
                    name: format!("{component}.env{number}"),
                    about: "The environment that several containers have in common.".to_owned(),
                    entries: one[..common].to_vec(),
                });
            }
        }
    }
    shared
}

fn lists_under(key: &str, node: &Node, found: &mut Vec<Vec<Entry>>) {
    match node {
        // Inside a range its variables are needed.
        Node::Range(..) => {}
        Node::If(_, then, other) => {
            lists_under(key, then, found);
            lists_under(key, other, found);
        }
        node => {
            for entry in node.entries() {
                if let (Some(literal), Node::Seq(items)) = (entry.literal_key(), &entry.node)
                    && literal == key
                {
                    found.push(items.clone());
                }
                lists_under(key, &entry.node, found);
            }
        }
    }
}

fn camel(text: &str) -> String {
    let mut words = text.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |camel, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        camel + &head.to_uppercase() + tail
    })
}

/// The pod template of the component's Job, where it has one whose name follows from it.
fn job_entries(traced: &Traced) -> Option<&[Entry]> {
    let job = traced.objects.iter().find(|entry| {
        identity(&entry.node).is_some_and(|(kind, name)| {
            kind == "Job" && name.contains(&Seg::Str(Source::Call(Box::new(Intrinsic::JobSuffix))))
        })
    })?;
    job_template(&job.node).map(Node::entries)
}

/// The data of the object told by `Kind/name`, where it has some.
fn data_entries<'t>(traced: &'t Traced, object: &[Seg]) -> Option<&'t [Entry]> {
    let node = traced
        .objects
        .iter()
        .map(|entry| &entry.node)
        .find(|node| {
            identity(node).is_some_and(|(kind, name)| {
                let mut segs = vec![Seg::Lit(format!("{kind}/"))];
                segs.extend(name.iter().cloned());
                segs == object
            })
        })?;
    let data = ["data", "stringData"]
        .iter()
        .find_map(|key| node.get(key))?;
    matches!(data.node, Node::Map(_)).then(|| data.node.entries())
}

fn checksums(node: &Node, found: &mut Vec<Vec<Seg>>) {
    match node {
        Node::Leaf(Scalar::Str(segs)) => {
            for seg in segs {
                if let Seg::Str(Source::Call(call)) = seg
                    && let Intrinsic::Checksum(object) = &**call
                {
                    found.push(object.clone());
                }
            }
        }
        Node::If(_, then, other) => {
            checksums(then, found);
            checksums(other, found);
        }
        node => node
            .entries()
            .iter()
            .for_each(|entry| checksums(&entry.node, found)),
    }
}

/// The entries of `all` that are not among `shared`, if all of `shared` is among `all`.
#[must_use]
pub fn without(all: &[Entry], shared: &[Entry]) -> Option<Vec<Entry>> {
    let covered = shared.iter().all(|entry| all.contains(entry))
        && shared
            .iter()
            .all(|entry| entry.guard == Cond::True || matches!(entry.node, Node::Range(..)));
    covered.then(|| {
        all.iter()
            .filter(|entry| !shared.contains(entry))
            .cloned()
            .collect()
    })
}
