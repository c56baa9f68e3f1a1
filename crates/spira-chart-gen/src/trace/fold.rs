//! One run's output, read symbolically: markers become sources, repeated elements become ranges,
//! values that went through whole become pass-throughs.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
};

use rustc_hash::FxHashMap;

use serde_json::{Map, Value};

use super::sample::Samples;
use crate::tree::{Scalar, Seg, Source};

/// A part of one run's output.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// A scalar.
    Leaf(Scalar),
    /// The lines of a text.
    Text(Vec<Slot>),
    /// A mapping.
    Map(Vec<Slot>),
    /// A sequence.
    Seq(Vec<Slot>),
    /// The value at a path, as it is.
    Whole(String),
    /// What repeats for each item of the list at a path.
    Range(String, Vec<Slot>),
}

impl Out {
    /// The slots of a container; none for anything else.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        match self {
            Self::Text(slots) | Self::Map(slots) | Self::Seq(slots) | Self::Range(_, slots) => {
                slots
            }
            _ => &[],
        }
    }
}

/// A part of a container, with an identity that other runs' parts can be matched by.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// What tells it from its siblings.
    pub id: String,
    /// Its key, in a mapping.
    pub key: Option<Scalar>,
    /// What it holds.
    pub out: Rc<Out>,
}

type Fallible<T> = Result<T, String>;

/// Splits a text at the markers in it.
///
/// # Errors
/// Says which marker was changed on its way from the values to the output.
pub fn segments(samples: &Samples, text: &str) -> Fallible<Vec<Seg>> {
    let mut segs = Vec::new();
    let mut rest = text;
    while let Some((place, length, source)) = samples.find_odd(rest) {
        plain_segments(samples, &rest[..place], &mut segs)?;
        segs.push(Seg::Str(source));
        rest = &rest[place + length..];
    }
    plain_segments(samples, rest, &mut segs)?;
    if segs.is_empty() {
        segs.push(Seg::Lit(String::new()));
    }
    Ok(segs)
}

fn plain_segments(samples: &Samples, text: &str, segs: &mut Vec<Seg>) -> Fallible<()> {
    let bytes = text.as_bytes();
    let mut literal = 0;
    let mut at = 0;
    while at < bytes.len() {
        let (end, seg) = if let Some(end) = marker_end(bytes, at) {
            let found = samples
                .source(&text[at..end])
                .ok_or_else(|| changed(samples, &text[at..end]))?;
            (end, Some(Seg::Str(found)))
        } else if bytes[at].is_ascii_digit() {
            let end = at
                + bytes[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
            let known = text[at..end]
                .parse()
                .ok()
                .and_then(|number: i64| samples.ints.get(&number));
            (end, known.map(|path| Seg::Int(path.clone())))
        } else {
            let width = text[at..].chars().next().map_or(1, char::len_utf8);
            (at + width, None)
        };
        if let Some(seg) = seg {
            push_literal(&text[literal..at], segs)?;
            segs.push(seg);
            literal = end;
        }
        at = end;
    }
    push_literal(&text[literal..], segs)
}

fn push_literal(text: &str, segs: &mut Vec<Seg>) -> Fallible<()> {
    if text.is_empty() {
        return Ok(());
    }
    // A marker is `zq`, four digits, `qz`: a part of one means that a value was cut.
    let lower = text.to_ascii_lowercase();
    let cut = lower
        .match_indices("zq")
        .any(|(at, _)| lower[at + 2..].starts_with(|c: char| c.is_ascii_digit()))
        || lower
            .match_indices("qz")
            .any(|(at, _)| lower[..at].ends_with(|c: char| c.is_ascii_digit()));
    if cut {
        return Err(format!(
            "a part of a string was cut out (what is left: {text:?}); only a whole string can be followed"
        ));
    }
    if let Some(Seg::Lit(last)) = segs.last_mut() {
        last.push_str(text);
    } else {
        segs.push(Seg::Lit(text.to_owned()));
    }
    Ok(())
}

fn marker_end(bytes: &[u8], at: usize) -> Option<usize> {
    let marker = bytes.get(at..at + 8)?;
    let shaped = marker[..2].eq_ignore_ascii_case(b"zq")
        && marker[2..6].iter().all(u8::is_ascii_digit)
        && marker[6..].eq_ignore_ascii_case(b"qz");
    shaped.then_some(at + 8)
}

fn changed(samples: &Samples, text: &str) -> String {
    match samples.source(&text.to_ascii_lowercase()) {
        Some(Source::Value(path) | Source::Key(path)) => {
            format!(
                "the string {path} is changed on its way (its letters' case, it seems); only a whole string can be followed"
            )
        }
        _ => format!(
            "a string is changed on its way to {text:?}; only a whole string can be followed"
        ),
    }
}

/// Reads outputs, and remembers those it has read.
pub struct Folder<'a> {
    samples: &'a Samples,
    literals: &'a HashSet<i64>,
    read: RefCell<FxHashMap<(u64, u64), Rc<Out>>>,
    items: RefCell<FxHashMap<u64, Items>>,
    texts: RefCell<FxHashMap<String, Text>>,
}

/// The list items that something speaks of: the list's path and the item's number.
type Items = Rc<Vec<(String, u8)>>;

/// A string, read once: its segments, and the list items that they speak of.
type Text = Rc<(Vec<Seg>, Items)>;

/// Runs differ in little: what is alike in two of them is told by its hash and read once.
fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// An element of a container that is being read.
struct Element<'v> {
    key: Option<Scalar>,
    value: std::borrow::Cow<'v, Value>,
    /// The list of which it holds exactly one item, and which.
    item: Option<(String, u8)>,
}

impl<'a> Folder<'a> {
    /// A folder; `literals` are the numbers that the builders' source names.
    #[must_use]
    pub fn new(samples: &'a Samples, literals: &'a HashSet<i64>) -> Self {
        Self {
            samples,
            literals,
            read: RefCell::default(),
            items: RefCell::default(),
            texts: RefCell::default(),
        }
    }

    /// Reads the objects of one run.
    ///
    /// # Errors
    /// Says what in them cannot come from the values by tracing's rules.
    pub fn objects(&self, objects: &[Value]) -> Fallible<Vec<Slot>> {
        let elements = objects
            .iter()
            .map(|object| (None, std::borrow::Cow::Borrowed(object)))
            .collect();
        self.slots(elements, &mut Vec::new(), true)
    }

    fn text(&self, text: &str) -> Fallible<Text> {
        if let Some(known) = self.texts.borrow().get(text) {
            return Ok(known.clone());
        }
        let segs = segments(self.samples, text)?;
        let mut items = BTreeSet::new();
        segs.iter().for_each(|seg| items_of(seg, &mut items));
        let read = Rc::new((segs, Rc::new(items.into_iter().collect())));
        self.texts
            .borrow_mut()
            .insert(text.to_owned(), Rc::clone(&read));
        Ok(read)
    }

    fn shared(&self, value: &Value, bound: &mut Vec<String>) -> Fallible<Rc<Out>> {
        let key = (hash(value), hash(bound));
        if let Some(out) = self.read.borrow().get(&key) {
            return Ok(out.clone());
        }
        let out = Rc::new(self.out(value, bound)?);
        self.read.borrow_mut().insert(key, out.clone());
        Ok(out)
    }

    fn out(&self, value: &Value, bound: &mut Vec<String>) -> Fallible<Out> {
        if let Some(path) = self.whole(value, false) {
            return Ok(Out::Whole(path));
        }
        Ok(match value {
            Value::Null => Out::Leaf(Scalar::Null),
            Value::Bool(is) => Out::Leaf(Scalar::Bool(*is)),
            Value::Number(number) => Out::Leaf(match number.as_i64() {
                Some(number) if self.samples.ints.contains_key(&number) => {
                    Scalar::Int(self.samples.ints[&number].clone())
                }
                Some(integer) => {
                    self.check_computed(integer)?;
                    Scalar::Num(number.clone())
                }
                None => Scalar::Num(number.clone()),
            }),
            Value::String(text) if text.contains('\n') => {
                let lines = text
                    .split('\n')
                    .map(|line| {
                        (
                            None,
                            std::borrow::Cow::Owned(Value::String(line.to_owned())),
                        )
                    })
                    .collect();
                let mut slots = self.slots(lines, bound, false)?;
                name_bare_lines(&mut slots);
                Out::Text(slots)
            }
            Value::String(text) => Out::Leaf(Scalar::Str(self.text(text)?.0.clone())),
            Value::Array(items) => Out::Seq(
                self.slots(
                    items
                        .iter()
                        .map(|item| (None, std::borrow::Cow::Borrowed(item)))
                        .collect(),
                    bound,
                    false,
                )?,
            ),
            Value::Object(fields) => Out::Map(self.fields(fields, bound)?),
        })
    }

    fn fields(&self, fields: &Map<String, Value>, bound: &mut Vec<String>) -> Fallible<Vec<Slot>> {
        let elements = fields
            .iter()
            .map(|(key, value)| {
                let key = self.text(key)?.0.clone();
                Ok((Some(Scalar::Str(key)), std::borrow::Cow::Borrowed(value)))
            })
            .collect::<Fallible<_>>()?;
        self.slots(elements, bound, false)
    }

    fn whole(&self, value: &Value, list: bool) -> Option<String> {
        if !value.is_object() {
            return None;
        }
        self.samples
            .wholes
            .iter()
            .find(|whole| whole.list == list && whole.json == *value)
            .map(|whole| whole.path.clone())
    }

    /// A number that is no sample but close to one has been computed from it.
    fn check_computed(&self, number: i64) -> Fallible<()> {
        if self.literals.contains(&number) {
            return Ok(());
        }
        let nearest = self
            .samples
            .ints
            .iter()
            .min_by_key(|(sentinel, _)| (*sentinel - number).abs());
        match nearest {
            Some((sentinel, path)) if (number - sentinel).abs() <= 2 || number >= 1_000_000_000 => {
                let by = number - sentinel;
                let sign = if by < 0 { '-' } else { '+' };
                Err(format!(
                    "a number is computed from {path}, it seems ({path} {sign} {}); numbers can only be passed on",
                    by.abs()
                ))
            }
            _ => Ok(()),
        }
    }

    /// Entries of a map, elements of a sequence or lines of a text: those that repeat for each
    /// item of a list are gathered into a range.
    fn slots<'v>(
        &self,
        parts: Vec<(Option<Scalar>, std::borrow::Cow<'v, Value>)>,
        bound: &mut Vec<String>,
        documents: bool,
    ) -> Fallible<Vec<Slot>> {
        let elements: Vec<Element<'v>> = parts
            .into_iter()
            .map(|(key, value)| {
                let item = self.single_item(key.as_ref(), &value, bound)?;
                Ok(Element { key, value, item })
            })
            .collect::<Fallible<_>>()?;
        self.group(&elements, bound, documents)
    }

    fn group(
        &self,
        elements: &[Element],
        bound: &mut Vec<String>,
        documents: bool,
    ) -> Fallible<Vec<Slot>> {
        let mut slots = Vec::new();
        let mut seen = HashMap::new();
        let mut done = vec![false; elements.len()];
        for at in 0..elements.len() {
            if done[at] {
                continue;
            }
            if let Some((list, members)) = range_at(elements, &done, at) {
                bound.push(list.clone());
                let probe = members
                    .iter()
                    .filter(|&&member| {
                        elements[member]
                            .item
                            .as_ref()
                            .is_some_and(|item| item.1 == 0)
                    })
                    .map(|&member| (elements[member].key.clone(), elements[member].value.clone()))
                    .collect();
                let body = self.slots(probe, bound, documents);
                bound.pop();
                members.iter().for_each(|&member| done[member] = true);
                slots.push(numbered(
                    format!("range {list}"),
                    None,
                    Rc::new(Out::Range(list, body?)),
                    &mut seen,
                ));
                continue;
            }
            done[at] = true;
            let Element { key, value, .. } = &elements[at];
            let out = match (key, self.whole(value, true)) {
                (None, Some(path)) => Rc::new(Out::Whole(path)),
                _ => self.shared(value, bound).map_err(|why| match key {
                    None if documents => format!("{}: {why}", title(value)),
                    key => within(key.as_ref(), &why),
                })?,
            };
            let id = match key {
                Some(key) => format!("{key:?}"),
                None if documents => self.object_identity(value, &out),
                None => identity(value, &out),
            };
            slots.push(numbered(id, key.clone(), out, &mut seen));
        }
        Ok(slots)
    }

    /// An object is told by its kind and what its name adds to the component's, or by the value
    /// that is its name.
    fn object_identity(&self, value: &Value, out: &Out) -> String {
        let name = value.pointer("/metadata/name").and_then(Value::as_str);
        let (Some(kind), Some(Ok(name))) = (
            value["kind"].as_str(),
            name.map(|name| segments(self.samples, name)),
        ) else {
            return identity(value, out);
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

    /// The outermost list that is not walked yet and of which this holds exactly one item.
    fn single_item(
        &self,
        key: Option<&Scalar>,
        value: &Value,
        bound: &[String],
    ) -> Fallible<Option<(String, u8)>> {
        let mut items = BTreeSet::new();
        match key {
            // An entry of a map repeats only by its key.
            Some(Scalar::Str(segs)) => segs.iter().for_each(|seg| items_of(seg, &mut items)),
            Some(_) => {}
            None => items.extend(self.items_in(value)?.iter().cloned()),
        }
        items.retain(|(list, _)| !bound.contains(list));
        let single = |list: &str| items.iter().filter(|(other, _)| other == list).count() == 1;
        let Some((list, item)) = items
            .iter()
            .filter(|(list, _)| single(list))
            .min_by_key(|(list, _)| list.len())
        else {
            return Ok(None);
        };
        let inside_unbound = self.samples.lists.iter().any(|outer| {
            list.len() > outer.len()
                && list.starts_with(outer.as_str())
                && !bound.contains(outer)
                && list[outer.len()..].starts_with(['[', '{'])
        });
        Ok((!inside_unbound).then(|| (list.clone(), *item)))
    }

    fn items_in(&self, value: &Value) -> Fallible<Items> {
        match value {
            Value::String(text) => return Ok(Rc::clone(&self.text(text)?.1)),
            Value::Null | Value::Bool(_) => return Ok(Items::default()),
            _ => {}
        }
        let key = hash(value);
        if let Some(known) = self.items.borrow().get(&key) {
            return Ok(known.clone());
        }
        let mut items = BTreeSet::new();
        match value {
            Value::Number(number) => {
                if let Some(path) = number
                    .as_i64()
                    .and_then(|number| self.samples.ints.get(&number))
                {
                    items_of_path(path, &mut items);
                }
            }
            Value::Array(values) => {
                for value in values {
                    items.extend(self.items_in(value)?.iter().cloned());
                }
            }
            Value::Object(fields) => {
                for (key, value) in fields {
                    items.extend(self.text(key)?.1.iter().cloned());
                    items.extend(self.items_in(value)?.iter().cloned());
                }
            }
            _ => {}
        }
        let items: Items = Rc::new(items.into_iter().collect());
        self.items.borrow_mut().insert(key, items.clone());
        Ok(items)
    }
}

/// The elements from `at` on that repeat for each item of one list, if there are any.
fn range_at(elements: &[Element], done: &[bool], at: usize) -> Option<(String, Vec<usize>)> {
    let (list, _) = elements[at].item.clone()?;
    let is_map = elements[at].key.is_some();
    let mut members: Vec<usize> = Vec::new();
    let mut latest = 0;
    for next in at..elements.len() {
        match &elements[next].item {
            Some((other, item)) if *other == list && !done[next] => {
                // Items start over: a second range over the same list.
                if !is_map && *item < latest {
                    break;
                }
                latest = *item;
                members.push(next);
            }
            _ if is_map => {}
            _ => break,
        }
    }
    let has = |item: u8| {
        members.iter().any(|&member| {
            elements[member]
                .item
                .as_ref()
                .is_some_and(|found| found.1 == item)
        })
    };
    (has(1) && has(2)).then_some((list, members))
}

fn items_of(seg: &Seg, items: &mut BTreeSet<(String, u8)>) {
    match seg {
        Seg::Str(Source::Value(path) | Source::Key(path)) | Seg::Int(path) => {
            items_of_path(path, items);
        }
        Seg::Str(Source::Call(call)) => match &**call {
            crate::tree::Intrinsic::Image { path, .. } => items_of_path(path, items),
            crate::tree::Intrinsic::Sha256(segs) | crate::tree::Intrinsic::Checksum(segs) => {
                segs.iter().for_each(|seg| items_of(seg, items));
            }
            crate::tree::Intrinsic::Credential { secret, key, .. } => secret
                .iter()
                .chain(key)
                .for_each(|seg| items_of(seg, items)),
            _ => {}
        },
        Seg::Lit(_) => {}
    }
}

fn items_of_path(path: &str, items: &mut BTreeSet<(String, u8)>) {
    for (item, marks) in [["[0]", "{0}"], ["[1]", "{1}"], ["[2]", "{2}"]]
        .iter()
        .enumerate()
    {
        for (at, _) in marks.iter().flat_map(|mark| path.match_indices(mark)) {
            items.insert((path[..at].to_owned(), u8::try_from(item).unwrap_or(0)));
        }
    }
}

fn numbered(
    id: String,
    key: Option<Scalar>,
    out: Rc<Out>,
    seen: &mut HashMap<String, usize>,
) -> Slot {
    let count = seen.entry(id.clone()).or_insert(0);
    *count += 1;
    let id = if *count > 1 {
        format!("{id} #{count}")
    } else {
        id
    };
    Slot { id, key, out }
}

fn within(key: Option<&Scalar>, why: &str) -> String {
    match key.and_then(Scalar::literal) {
        Some(key) => format!("{key}: {why}"),
        None => why.to_owned(),
    }
}

fn title(object: &Value) -> String {
    format!(
        "{}/{}",
        object["kind"].as_str().unwrap_or("object"),
        object["metadata"]["name"].as_str().unwrap_or("?")
    )
}

fn identity(value: &Value, out: &Out) -> String {
    if let Out::Whole(path) = out {
        return format!("*{path}");
    }
    let Value::Object(fields) = value else {
        return value.to_string();
    };
    if let (Some(kind), Some(name)) = (fields.get("kind"), value.pointer("/metadata/name")) {
        return format!("{kind} {name}");
    }
    if let Some(name) = value.pointer("/metadata/name") {
        return format!("metadata.name={name}");
    }
    [
        "name",
        "key",
        "mountPath",
        "containerPort",
        "port",
        "host",
        "topologyKey",
        "type",
    ]
    .iter()
    .find_map(|key| {
        let value = fields.get(*key).filter(|value| !value.is_object())?;
        // A type alone tells little: `type: Resource` goes with `resource.name`.
        let named = fields
            .values()
            .find_map(|field| field.get("name"))
            .filter(|_| *key == "type");
        Some(format!("{key}={value} {}", named.unwrap_or(&Value::Null)))
    })
    .unwrap_or_else(|| "map".to_owned())
}

/// A line without a word (`}`, `]`, an empty one) is told by the last line with a word at its
/// indentation, which opened its block; an empty one by the line before.
fn name_bare_lines(slots: &mut [Slot]) {
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
        let count = seen.entry(id.clone()).or_insert(0);
        *count += 1;
        slots[at].id = if *count > 1 {
            format!("{id} #{count}")
        } else {
            id
        };
    }
}

fn seg_text(seg: &Seg) -> String {
    match seg {
        Seg::Lit(text) => text.clone(),
        Seg::Str(source) => format!("<{source:?}>"),
        Seg::Int(path) => format!("<{path}>"),
    }
}
