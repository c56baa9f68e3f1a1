//! One run's output, read symbolically: markers become sources, repeated elements become ranges,
//! values that went through whole become pass-throughs.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    rc::Rc,
};

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::{
    identity::{self, name_bare_lines, numbered},
    parts::{Content, Part, Parts},
    sample::Samples,
    segments::segments,
};
use crate::{diff, tree::Scalar};

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

/// A list, and which of its items.
type Item = (String, u8);

/// Reads outputs, and remembers the parts that it has read.
pub struct Folder<'a> {
    samples: &'a Samples,
    literals: &'a HashSet<i64>,
    parts: Parts<'a>,
    /// The values that are passed through whole, and whether they are items of a list.
    wholes: FxHashMap<(u32, bool), String>,
    /// What parts were read as, by the ranges around them.
    read: FxHashMap<(u32, u32), Rc<Out>>,
    single: FxHashMap<(u32, u32), Option<Item>>,
    names: FxHashMap<u32, String>,
    ranges: FxHashMap<Vec<String>, u32>,
}

/// An element of a container that is being read.
#[derive(Clone)]
struct Element {
    key: Option<Rc<Part>>,
    part: Rc<Part>,
    /// The list of which it holds exactly one item, and which.
    item: Option<Item>,
}

impl Element {
    fn key(&self) -> Option<Scalar> {
        match &self.key.as_ref()?.content {
            Content::Text(_, segs) => Some(Scalar::Str(segs.clone())),
            _ => None,
        }
    }

    fn is_item(&self, item: u8) -> bool {
        self.item.as_ref().is_some_and(|found| found.1 == item)
    }
}

impl<'a> Folder<'a> {
    /// A folder; `literals` are the numbers that the builders' source names.
    #[must_use]
    pub fn new(samples: &'a Samples, literals: &'a HashSet<i64>) -> Self {
        let mut parts = Parts::new(samples);
        let mut wholes = FxHashMap::default();
        for whole in &samples.wholes {
            // One that cannot be read would not be read in an output either.
            if let Ok(part) = parts.part(&whole.json) {
                let path = || whole.path.clone();
                wholes.entry((part.id, whole.list)).or_insert_with(path);
            }
        }
        Self {
            samples,
            literals,
            parts,
            wholes,
            read: FxHashMap::default(),
            single: FxHashMap::default(),
            names: FxHashMap::default(),
            ranges: FxHashMap::default(),
        }
    }

    /// Reads the objects of one run.
    ///
    /// # Errors
    /// Says what in them cannot come from the values by tracing's rules.
    pub fn objects(&mut self, objects: &[Value]) -> Fallible<Vec<Slot>> {
        let mut parts = Vec::with_capacity(objects.len());
        for object in objects {
            let part = self.parts.part(object);
            parts.push((
                None,
                part.map_err(|why| format!("{}: {why}", diff::title(object)))?,
            ));
        }
        self.slots(parts, &mut Vec::new(), true)
    }

    /// A number for the ranges around a part.
    fn ranges(&mut self, bound: &[String]) -> u32 {
        if let Some(&known) = self.ranges.get(bound) {
            return known;
        }
        let id = u32::try_from(self.ranges.len()).expect("a chart has fewer ranges than u32 holds");
        self.ranges.insert(bound.to_vec(), id);
        id
    }

    fn shared(&mut self, part: &Part, bound: &mut Vec<String>) -> Fallible<Rc<Out>> {
        let key = (part.id, self.ranges(bound));
        if let Some(out) = self.read.get(&key) {
            return Ok(Rc::clone(out));
        }
        let out = Rc::new(self.out(part, bound)?);
        self.read.insert(key, Rc::clone(&out));
        Ok(out)
    }

    fn out(&mut self, part: &Part, bound: &mut Vec<String>) -> Fallible<Out> {
        if let Some(path) = self.whole(part, false) {
            return Ok(Out::Whole(path));
        }
        let listed = |parts: &[Rc<Part>]| parts.iter().map(|part| (None, part.clone())).collect();
        Ok(match &part.content {
            Content::Scalar(value) => Out::Leaf(self.scalar(value)?),
            Content::Text(_, segs) => Out::Leaf(Scalar::Str(segs.clone())),
            Content::Lines(lines) => {
                let mut slots = self.slots(listed(lines), bound, false)?;
                name_bare_lines(&mut slots);
                Out::Text(slots)
            }
            Content::Seq(items) => Out::Seq(self.slots(listed(items), bound, false)?),
            Content::Map(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(key, value)| (Some(key.clone()), value.clone()));
                Out::Map(self.slots(fields.collect(), bound, false)?)
            }
        })
    }

    fn scalar(&self, value: &Value) -> Fallible<Scalar> {
        Ok(match value {
            Value::Bool(is) => Scalar::Bool(*is),
            Value::Number(number) => match number.as_i64() {
                Some(integer) if self.samples.ints.contains_key(&integer) => {
                    Scalar::Int(self.samples.ints[&integer].clone())
                }
                Some(integer) => {
                    self.check_computed(integer)?;
                    Scalar::Num(number.clone())
                }
                None => Scalar::Num(number.clone()),
            },
            _ => Scalar::Null,
        })
    }

    fn whole(&self, part: &Part, list: bool) -> Option<String> {
        if !part.is_map() {
            return None;
        }
        self.wholes.get(&(part.id, list)).cloned()
    }

    /// What a scalar of an output cannot be, if it cannot.
    #[must_use]
    pub fn wrong(&self, scalar: &Value) -> Option<String> {
        match scalar {
            Value::String(text) => segments(self.samples, text).err(),
            scalar => self.scalar(scalar).err(),
        }
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
                let path = path.trim_start_matches('.');
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
    fn slots(
        &mut self,
        parts: Vec<(Option<Rc<Part>>, Rc<Part>)>,
        bound: &mut Vec<String>,
        documents: bool,
    ) -> Fallible<Vec<Slot>> {
        let elements: Vec<Element> = parts
            .into_iter()
            .map(|(key, part)| {
                // An entry of a map repeats only by its key.
                let item = self.single_item(key.as_ref().unwrap_or(&part), bound);
                Element { key, part, item }
            })
            .collect();
        let mut slots = Vec::with_capacity(elements.len());
        let mut seen = HashMap::new();
        let mut done = vec![false; elements.len()];
        for at in 0..elements.len() {
            if done[at] {
                continue;
            }
            let slot = if let Some((list, members)) = range_at(&elements, &done, at) {
                members.iter().for_each(|&member| done[member] = true);
                let probe = members
                    .iter()
                    .map(|&member| &elements[member])
                    .filter(|element| element.is_item(0))
                    .map(|element| (element.key.clone(), element.part.clone()))
                    .collect();
                bound.push(list.clone());
                let body = self.slots(probe, bound, documents);
                bound.pop();
                let id = format!("range {list}");
                numbered(id, None, Rc::new(Out::Range(list, body?)), &mut seen)
            } else {
                let (id, out) = self.element(&elements[at], bound, documents)?;
                numbered(id, elements[at].key(), out, &mut seen)
            };
            slots.push(slot);
        }
        Ok(slots)
    }

    /// What one element is, and what tells it from its siblings.
    fn element(
        &mut self,
        element: &Element,
        bound: &mut Vec<String>,
        documents: bool,
    ) -> Fallible<(String, Rc<Out>)> {
        let part = &*element.part;
        if let Some(key) = element.key() {
            let out = self.shared(part, bound).map_err(|why| within(&key, &why))?;
            return Ok((format!("{key:?}"), out));
        }
        let out = match self.whole(part, true) {
            Some(path) => Rc::new(Out::Whole(path)),
            None => self.shared(part, bound).map_err(|why| {
                if documents {
                    format!("{}: {why}", diff::title(&part.json()))
                } else {
                    why
                }
            })?,
        };
        if !documents {
            return Ok((identity::of(part, &out), out));
        }
        let name = self.names.entry(part.id);
        let name = name.or_insert_with(|| identity::of_object(part, &out));
        Ok((name.clone(), out))
    }

    /// The outermost list that is not walked yet and of which this holds exactly one item.
    fn single_item(&mut self, part: &Part, bound: &[String]) -> Option<Item> {
        if part.items.is_empty() {
            return None;
        }
        let key = (part.id, self.ranges(bound));
        if let Some(known) = self.single.get(&key) {
            return known.clone();
        }
        let item = self.find_single_item(part, bound);
        self.single.insert(key, item.clone());
        item
    }

    fn find_single_item(&self, part: &Part, bound: &[String]) -> Option<Item> {
        let items: BTreeSet<&Item> = part
            .items
            .iter()
            .filter(|(list, _)| !bound.contains(list))
            .collect();
        let single = |list: &str| items.iter().filter(|(other, _)| other == list).count() == 1;
        let (list, item) = items
            .iter()
            .filter(|(list, _)| single(list))
            .min_by_key(|(list, _)| list.len())?;
        let inside_unbound = self.samples.lists.iter().any(|outer| {
            list.len() > outer.len()
                && list.starts_with(outer.as_str())
                && !bound.contains(outer)
                && list[outer.len()..].starts_with(['[', '{'])
        });
        (!inside_unbound).then(|| (list.clone(), *item))
    }
}

/// The elements from `at` on that repeat for each item of one list, if there are any.
fn range_at(elements: &[Element], done: &[bool], at: usize) -> Option<(String, Vec<usize>)> {
    let (list, _) = elements[at].item.as_ref()?;
    let is_map = elements[at].key.is_some();
    let mut members: Vec<usize> = Vec::new();
    let mut latest = 0;
    for next in at..elements.len() {
        match &elements[next].item {
            Some((other, item)) if other == list && !done[next] => {
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
    let has = |item: u8| members.iter().any(|&member| elements[member].is_item(item));
    (has(1) && has(2)).then(|| (list.clone(), members))
}

fn within(key: &Scalar, why: &str) -> String {
    match key.literal() {
        Some(key) => format!("{key}: {why}"),
        None => why.to_owned(),
    }
}
