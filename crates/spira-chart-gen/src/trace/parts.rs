//! The output of all runs, each different part of it held once.
//!
//! Runs differ in little. Equal parts of two runs are made one part with one number as soon as they
//! are read, so that all that is worked out of a part is worked out once.

use std::{collections::BTreeSet, rc::Rc};

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::{
    sample::Samples,
    segments::{items_of, items_of_path, segments},
};
use crate::tree::Seg;

/// The list items that something speaks of: the list's path and the item's number.
pub type Items = Rc<[(String, u8)]>;

type Fallible<T> = Result<T, String>;

/// A part of an output. Two are equal if and only if their numbers are.
#[derive(Debug)]
pub struct Part {
    /// Its number.
    pub id: u32,
    /// What it is.
    pub content: Content,
    /// The list items that it speaks of.
    pub items: Items,
}

/// What a part of an output is.
#[derive(Debug)]
pub enum Content {
    /// Null, a boolean or a number.
    Scalar(Value),
    /// A text of one line.
    Text(String, Vec<Seg>),
    /// A text of several lines.
    Lines(Vec<Rc<Part>>),
    /// A sequence.
    Seq(Vec<Rc<Part>>),
    /// A mapping; its keys are texts.
    Map(Vec<(Rc<Part>, Rc<Part>)>),
}

impl Part {
    /// The text, if it is one of a single line.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text, _) => Some(text),
            _ => None,
        }
    }

    /// The field under a key, if it is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Content::Map(fields) = &self.content else {
            return None;
        };
        let mut fields = fields.iter();
        let field = fields.find(|(name, _)| name.text() == Some(key))?;
        Some(&*field.1)
    }

    /// Whether it is a mapping.
    #[must_use]
    pub fn is_map(&self) -> bool {
        matches!(self.content, Content::Map(_))
    }

    /// It as JSON again.
    #[must_use]
    pub fn json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Text(text, _) => Value::String(text.clone()),
            Content::Lines(lines) => {
                let lines: Vec<_> = lines.iter().filter_map(|line| line.text()).collect();
                Value::String(lines.join("\n"))
            }
            Content::Seq(items) => items.iter().map(|item| item.json()).collect(),
            Content::Map(fields) => {
                let fields = fields.iter();
                let fields = fields
                    .map(|(key, value)| (key.text().unwrap_or_default().to_owned(), value.json()));
                Value::Object(fields.collect())
            }
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        self.json().fmt(f)
    }
}

/// All parts so far, found again by what they are made of.
pub struct Parts<'a> {
    samples: &'a Samples,
    count: u32,
    scalars: FxHashMap<Value, Rc<Part>>,
    texts: FxHashMap<String, Rc<Part>>,
    seqs: FxHashMap<Vec<u32>, Rc<Part>>,
    maps: FxHashMap<Vec<u32>, Rc<Part>>,
}

impl<'a> Parts<'a> {
    /// No parts yet.
    #[must_use]
    pub fn new(samples: &'a Samples) -> Self {
        Self {
            samples,
            count: 0,
            scalars: FxHashMap::default(),
            texts: FxHashMap::default(),
            seqs: FxHashMap::default(),
            maps: FxHashMap::default(),
        }
    }

    /// The part that is this value.
    ///
    /// # Errors
    /// Says which text in it cannot come from the values by tracing's rules, and where it stands.
    pub fn part(&mut self, value: &Value) -> Fallible<Rc<Part>> {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => self.seq(items),
            Value::Object(fields) => self.map(fields),
            scalar => Ok(self.scalar(scalar)),
        }
    }

    fn scalar(&mut self, value: &Value) -> Rc<Part> {
        if let Some(known) = self.scalars.get(value) {
            return Rc::clone(known);
        }
        let mut items = BTreeSet::new();
        if let Some(path) = value
            .as_i64()
            .and_then(|number| self.samples.ints.get(&number))
        {
            items_of_path(path, &mut items);
        }
        let part = self.number(Content::Scalar(value.clone()), items);
        self.scalars.insert(value.clone(), Rc::clone(&part));
        part
    }

    fn text(&mut self, text: &str) -> Fallible<Rc<Part>> {
        if let Some(known) = self.texts.get(text) {
            return Ok(Rc::clone(known));
        }
        let part = if text.contains('\n') {
            let lines: Vec<_> = text
                .split('\n')
                .map(|line| self.text(line))
                .collect::<Fallible<_>>()?;
            let items = union(lines.iter());
            self.number(Content::Lines(lines), items)
        } else {
            let segs = segments(self.samples, text)?;
            let mut items = BTreeSet::new();
            segs.iter().for_each(|seg| items_of(seg, &mut items));
            self.number(Content::Text(text.to_owned(), segs), items)
        };
        self.texts.insert(text.to_owned(), Rc::clone(&part));
        Ok(part)
    }

    fn seq(&mut self, values: &[Value]) -> Fallible<Rc<Part>> {
        let mut parts = Vec::with_capacity(values.len());
        for value in values {
            parts.push(self.part(value)?);
        }
        let ids: Vec<u32> = parts.iter().map(|part| part.id).collect();
        if let Some(known) = self.seqs.get(&ids) {
            return Ok(Rc::clone(known));
        }
        let items = union(parts.iter());
        let part = self.number(Content::Seq(parts), items);
        self.seqs.insert(ids, Rc::clone(&part));
        Ok(part)
    }

    fn map(&mut self, values: &Map<String, Value>) -> Fallible<Rc<Part>> {
        let mut fields = Vec::with_capacity(values.len());
        let mut ids = Vec::with_capacity(values.len() * 2);
        for (key, value) in values {
            let name = self.text(key)?;
            if name.text().is_none() {
                return Err(format!("the key {key:?} has several lines"));
            }
            let value = self.part(value).map_err(|why| within(&name, &why))?;
            ids.extend([name.id, value.id]);
            fields.push((name, value));
        }
        if let Some(known) = self.maps.get(&ids) {
            return Ok(Rc::clone(known));
        }
        let items = union(fields.iter().flat_map(|(key, value)| [key, value]));
        let part = self.number(Content::Map(fields), items);
        self.maps.insert(ids, Rc::clone(&part));
        Ok(part)
    }

    fn number(&mut self, content: Content, items: BTreeSet<(String, u8)>) -> Rc<Part> {
        let id = self.count;
        self.count += 1;
        Rc::new(Part {
            id,
            content,
            items: items.into_iter().collect(),
        })
    }
}

fn within(key: &Part, why: &str) -> String {
    match &key.content {
        Content::Text(text, segs) if matches!(segs.as_slice(), [Seg::Lit(_)]) => {
            format!("{text}: {why}")
        }
        _ => why.to_owned(),
    }
}

fn union<'p>(parts: impl Iterator<Item = &'p Rc<Part>>) -> BTreeSet<(String, u8)> {
    parts.flat_map(|part| part.items.iter()).cloned().collect()
}
