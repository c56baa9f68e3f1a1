//! Sample documents: values whose every scalar is a marker that can be found again in the output.
//!
//! What a document can differ in beside its scalars is a list of *choices*; an [`Assign`] fixes
//! them all. A list is sampled with three items: a *probe*, whose inner choices vary, and two
//! *witnesses*, which show that items repeat.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
};

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::{Map, Value, json};

use super::grammar::{Grammar, Shape, StrShape};
use crate::{
    Refusal,
    tree::{Intrinsic, Source},
};

/// What a choice is between.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// False or true.
    Bool,
    /// Unset or set.
    Set,
    /// Empty or not.
    NonEmpty,
    /// These names.
    Enum(Vec<String>),
}

/// One thing that a sample document can differ in.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Where; ends in `~` for what an Option holds, beside whether it is set.
    pub path: String,
    /// Between what.
    pub kind: Kind,
}

impl Choice {
    /// How many variants there are.
    ///
    /// # Panics
    /// Never: no enum of the values has more than 255 variants.
    #[must_use]
    pub fn arity(&self) -> u8 {
        match &self.kind {
            Kind::Enum(names) => {
                u8::try_from(names.len()).expect("no enum of the values has more than 255 variants")
            }
            _ => 2,
        }
    }

    /// The path of the value.
    #[must_use]
    pub fn value_path(&self) -> &str {
        self.path.trim_end_matches('~')
    }

    /// The variant that makes most of the output appear.
    #[must_use]
    pub fn on(&self) -> u8 {
        u8::from(!matches!(self.kind, Kind::Enum(_)))
    }

    /// The variant that is farthest from [`on`](Self::on).
    #[must_use]
    pub fn off(&self) -> u8 {
        match self.kind {
            Kind::Enum(_) => self.arity() - 1,
            _ => 0,
        }
    }
}

/// A variant for every choice.
pub type Assign = Vec<u8>;

/// A value that is passed through whole, as the samples hold it.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Where it is.
    pub path: String,
    /// What the samples hold there (for a list: each of its one item).
    pub json: Value,
    /// Whether it is a list.
    pub list: bool,
}

/// What tracing knows of the values: choices, markers, lists.
#[derive(Debug)]
pub struct Samples {
    /// All choices.
    pub choices: Vec<Choice>,
    /// The sentinels: which path an integer stands for.
    pub ints: BTreeMap<i64, String>,
    /// Every value that is passed through whole.
    pub wholes: Vec<Whole>,
    /// The paths of all lists and maps that can be walked.
    pub lists: Vec<String>,
    /// The shapes of all strings, by path; of map keys by the path of their values and `#key`.
    pub strings: BTreeMap<String, StrShape>,
    choice_at: HashMap<String, usize>,
    int_at: HashMap<String, i64>,
    markers: RefCell<Markers>,
    literals: HashSet<i64>,
    /// Finds the samples that do not look like a plain marker.
    odd: Option<AhoCorasick>,
    odd_sources: Vec<Source>,
    plan: Plan,
}

/// How to make a document, with all that does not depend on the choices worked out.
#[derive(Debug)]
enum Plan {
    Constant(Value),
    Bool(Option<usize>),
    Enum(Option<usize>, Vec<String>),
    Opt(Option<usize>, Box<Plan>),
    Struct(Vec<(String, Plan)>),
    /// The second plan where the choice says empty.
    Filled(Option<usize>, Box<Plan>, Value),
    List(Vec<Plan>),
}

#[derive(Debug, Default)]
struct Markers {
    texts: Vec<(String, Source)>,
    by_source: HashMap<Source, usize>,
    by_text: HashMap<String, usize>,
    /// Samples that do not look like a plain marker.
    odd: Vec<usize>,
}

impl Markers {
    fn of(&mut self, source: Source, sample: &str) -> String {
        if let Some(&at) = self.by_source.get(&source) {
            return self.texts[at].0.clone();
        }
        let at = self.texts.len();
        let text = sample.replace("????", &format!("{at:04}"));
        if sample != PLAIN_SAMPLE {
            self.odd.push(at);
        }
        self.by_text.insert(text.clone(), at);
        self.by_source.insert(source.clone(), at);
        self.texts.push((text.clone(), source));
        text
    }
}

/// The sample of a string whose rule admits it.
pub const PLAIN_SAMPLE: &str = "zq????qz";

impl Samples {
    /// Reads off a grammar what there is to sample; `literals` are the numbers that the builders
    /// name themselves, which no sample may be.
    ///
    /// # Errors
    /// Names an integer whose bounds leave no room for sentinels.
    pub fn new(grammar: &Grammar, literals: &HashSet<i64>) -> Result<Self, Refusal> {
        let mut samples = Self {
            choices: Vec::new(),
            ints: BTreeMap::new(),
            wholes: Vec::new(),
            lists: Vec::new(),
            strings: BTreeMap::new(),
            choice_at: HashMap::new(),
            int_at: HashMap::new(),
            markers: RefCell::default(),
            literals: literals.clone(),
            odd: None,
            odd_sources: Vec::new(),
            plan: Plan::Constant(Value::Null),
        };
        samples.register(&grammar.root, "", grammar)?;
        samples.plan = samples.plan(&grammar.root, "");
        let (texts, sources): (Vec<String>, Vec<Source>) = {
            let markers = samples.markers.borrow();
            markers
                .odd
                .iter()
                .map(|&at| markers.texts[at].clone())
                .unzip()
        };
        // Few patterns, searched for in every string of every run.
        samples.odd = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&texts)
            .ok()
            .filter(|_| !texts.is_empty());
        samples.odd_sources = sources;
        Ok(samples)
    }

    /// The document for an assignment.
    #[must_use]
    pub fn document(&self, assign: &Assign) -> Value {
        carry_out(&self.plan, assign)
    }

    /// The assignment with every choice that its document does not show, for what stands around
    /// it is switched off, at a value of its own: equal ones have equal documents.
    #[must_use]
    pub fn that_count(&self, assign: &Assign) -> Assign {
        let mut shown = vec![HIDDEN; assign.len()];
        show(&self.plan, assign, &mut shown);
        shown
    }

    /// The marker of a source.
    pub fn marker(&self, source: Source) -> String {
        self.markers.borrow_mut().of(source, PLAIN_SAMPLE)
    }

    /// The marker of an intrinsic.
    pub fn call(&self, intrinsic: Intrinsic) -> String {
        self.marker(Source::Call(Box::new(intrinsic)))
    }

    /// What the marker `text` stands for.
    #[must_use]
    pub fn source(&self, text: &str) -> Option<Source> {
        let markers = self.markers.borrow();
        markers
            .by_text
            .get(text)
            .map(|&at| markers.texts[at].1.clone())
    }

    /// The first odd marker in a text: its place, its length and what it stands for.
    #[must_use]
    pub fn find_odd(&self, text: &str) -> Option<(usize, usize, Source)> {
        let found = self.odd.as_ref()?.find(text)?;
        Some((
            found.start(),
            found.len(),
            self.odd_sources[found.pattern().as_usize()].clone(),
        ))
    }

    /// The values of the virtual list of a StatefulSet's ordinals.
    pub fn ordinals(&self, replicas: i32) -> Option<Vec<String>> {
        let path = self.ints.get(&i64::from(replicas))?;
        Some(
            (0..3)
                .map(|at| self.marker(Source::Value(format!("{}[{at}]", ordinals_of(path)))))
                .collect(),
        )
    }

    fn register(&mut self, shape: &Shape, path: &str, grammar: &Grammar) -> Result<(), Refusal> {
        match shape {
            Shape::Str(string) => {
                self.register_string(Source::Value(path.to_owned()), path, string);
            }
            Shape::Int { min, max, among } => self.register_int(path, *min, *max, among)?,
            Shape::Bool => self.register_choice(path, Kind::Bool),
            Shape::Enum(names) => self.register_choice(path, Kind::Enum(names.clone())),
            Shape::Opt(inner) => {
                self.register_choice(path, Kind::Set);
                match &**inner {
                    Shape::Bool => self.register_choice(&format!("{path}~"), Kind::Bool),
                    Shape::Enum(names) => {
                        self.register_choice(&format!("{path}~"), Kind::Enum(names.clone()));
                    }
                    inner => self.register(inner, path, grammar)?,
                }
            }
            Shape::Struct(fields) => {
                for (key, field) in fields {
                    self.register(field, &format!("{path}.{key}"), grammar)?;
                }
            }
            Shape::List { item, may_be_empty } => {
                self.lists.push(path.to_owned());
                if *may_be_empty {
                    self.register_choice(path, Kind::NonEmpty);
                }
                for at in 0..3 {
                    self.register(item, &format!("{path}[{at}]"), grammar)?;
                }
            }
            Shape::Map { key, value } => {
                self.lists.push(path.to_owned());
                self.register_choice(path, Kind::NonEmpty);
                for at in 0..3 {
                    let entry = format!("{path}{{{at}}}");
                    self.register_string(Source::Key(entry.clone()), &format!("{entry}#key"), key);
                    self.register(value, &entry, grammar)?;
                }
                let json = carry_out(
                    &self.plan(shape, path),
                    &self.choices.iter().map(Choice::on).collect(),
                );
                if matches!(**value, Shape::Str(_)) {
                    self.wholes.push(Whole {
                        path: path.to_owned(),
                        json,
                        list: false,
                    });
                }
            }
            Shape::Whole { schema, list } => {
                self.register_choice(path, Kind::NonEmpty);
                let marker = self.marker(Source::Value(format!("*{path}")));
                let json = minimal(schema, grammar, &marker);
                self.wholes.push(Whole {
                    path: path.to_owned(),
                    json,
                    list: *list,
                });
            }
        }
        Ok(())
    }

    fn register_string(&mut self, source: Source, path: &str, shape: &StrShape) {
        self.markers.borrow_mut().of(source, &shape.sample);
        self.strings.insert(path.to_owned(), shape.clone());
    }

    /// Witnesses make no choices: they are always on.
    fn register_choice(&mut self, path: &str, kind: Kind) {
        if !is_witness(path) {
            self.choice_at.insert(path.to_owned(), self.choices.len());
            self.choices.push(Choice {
                path: path.to_owned(),
                kind,
            });
        }
    }

    fn register_int(
        &mut self,
        path: &str,
        min: i64,
        max: i64,
        among: &[i64],
    ) -> Result<(), Refusal> {
        let at = i64::try_from(self.ints.len()).expect("fewer integers than i64 holds");
        let free =
            |number: &i64| !self.ints.contains_key(number) && !self.literals.contains(number);
        let sentinel = if !among.is_empty() {
            among.iter().copied().rev().find(free)
        } else if max > 2_000_000_000 && min < 1_000_000_000 {
            Some(1_170_000_017 + at * 7919)
        } else if max >= 65_535 && min <= 20_011 {
            Some(20_011 + at * 97)
        } else {
            // In a narrow range any number will do that the builders do not name themselves, at
            // best one whose neighbours are free too, so that one more or less is seen.
            let lonely = |number: &i64| (number - 2..=number + 2).all(|near| free(&near));
            let room = || (min.max(max - 500)..max).rev();
            room().find(lonely).or_else(|| room().find(free))
        };
        let Some(sentinel) = sentinel.filter(|sentinel| (min..=max).contains(sentinel)) else {
            return Err(Refusal::Grammar {
                path: path.to_owned(),
                why: format!("the bounds {min} to {max} leave no room for a sample"),
            });
        };
        self.ints.insert(sentinel, path.to_owned());
        self.int_at.insert(path.to_owned(), sentinel);
        Ok(())
    }

    fn plan(&self, shape: &Shape, path: &str) -> Plan {
        let choice = self.choice_at.get(path).copied();
        match shape {
            Shape::Str(_) => Plan::Constant(json!(self.marker(Source::Value(path.to_owned())))),
            Shape::Int { .. } => Plan::Constant(json!(self.int_at[path])),
            Shape::Bool => Plan::Bool(choice),
            Shape::Enum(names) => Plan::Enum(choice, names.clone()),
            Shape::Opt(inner) => {
                let held = self.choice_at.get(&format!("{path}~")).copied();
                let inner = match &**inner {
                    Shape::Bool => Plan::Bool(held),
                    Shape::Enum(names) => Plan::Enum(held, names.clone()),
                    inner => self.plan(inner, path),
                };
                Plan::Opt(choice, Box::new(inner))
            }
            Shape::Struct(fields) => Plan::Struct(
                fields
                    .iter()
                    .map(|(key, field)| (key.clone(), self.plan(field, &format!("{path}.{key}"))))
                    .collect(),
            ),
            Shape::List { item, .. } => {
                let items = (0..3)
                    .map(|at| self.plan(item, &format!("{path}[{at}]")))
                    .collect();
                Plan::Filled(choice, Box::new(Plan::List(items)), json!([]))
            }
            Shape::Map { value, .. } => {
                let entry = |at: usize| {
                    let entry = format!("{path}{{{at}}}");
                    (
                        self.marker(Source::Key(entry.clone())),
                        self.plan(value, &entry),
                    )
                };
                Plan::Filled(
                    choice,
                    Box::new(Plan::Struct((0..3).map(entry).collect())),
                    json!({}),
                )
            }
            Shape::Whole { list, .. } => {
                let json = self
                    .wholes
                    .iter()
                    .find(|whole| whole.path == path)
                    .map_or(Value::Null, |whole| whole.json.clone());
                let (full, empty) = if *list {
                    (json!([json]), json!([]))
                } else {
                    (json, json!({}))
                };
                Plan::Filled(choice, Box::new(Plan::Constant(full)), empty)
            }
        }
    }
}

/// What was chosen; witnesses, which have no choices, are on.
fn chosen(choice: Option<usize>, assign: &Assign) -> u8 {
    choice.and_then(|at| assign.get(at)).copied().unwrap_or(1)
}

fn carry_out(plan: &Plan, assign: &Assign) -> Value {
    match plan {
        Plan::Constant(value) => value.clone(),
        Plan::Bool(choice) => json!(chosen(*choice, assign) == 1),
        Plan::Enum(choice, names) => json!(
            names[choice
                .and_then(|at| assign.get(at))
                .map_or(0, |&variant| usize::from(variant))]
        ),
        Plan::Opt(choice, _) if chosen(*choice, assign) == 0 => Value::Null,
        Plan::Opt(_, inner) => carry_out(inner, assign),
        Plan::Struct(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, field)| (key.clone(), carry_out(field, assign)))
                .collect(),
        ),
        Plan::List(items) => items.iter().map(|item| carry_out(item, assign)).collect(),
        Plan::Filled(choice, _, empty) if chosen(*choice, assign) == 0 => empty.clone(),
        Plan::Filled(_, full, _) => carry_out(full, assign),
    }
}

/// No variant of any choice.
const HIDDEN: u8 = u8::MAX;

/// Copies the variants of all choices that [`carry_out`] looks at.
fn show(plan: &Plan, assign: &Assign, shown: &mut Assign) {
    let mut look = |choice: Option<usize>| {
        if let Some(at) = choice {
            shown[at] = assign[at];
        }
        chosen(choice, assign)
    };
    match plan {
        Plan::Constant(_) => {}
        Plan::Bool(choice) | Plan::Enum(choice, _) => {
            look(*choice);
        }
        Plan::Opt(choice, inner) | Plan::Filled(choice, inner, _) => {
            if look(*choice) != 0 {
                show(inner, assign, shown);
            }
        }
        Plan::Struct(fields) => fields
            .iter()
            .for_each(|(_, field)| show(field, assign, shown)),
        Plan::List(items) => items.iter().for_each(|item| show(item, assign, shown)),
    }
}

/// The path of the virtual list of ordinals below the number at `path`.
#[must_use]
pub fn ordinals_of(path: &str) -> String {
    format!("@ordinals({path})")
}

/// The number that the virtual list of ordinals at `path` counts up to, if it is one.
#[must_use]
pub fn ordinals_path(path: &str) -> Option<&str> {
    path.strip_prefix("@ordinals(")?.strip_suffix(')')
}

fn is_witness(path: &str) -> bool {
    ["[1]", "[2]", "{1}", "{2}"]
        .iter()
        .any(|item| path.contains(item))
}

/// The smallest instance of a Kubernetes type that holds the marker.
fn minimal(schema: &Value, grammar: &Grammar, marker: &str) -> Value {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => grammar
            .defs
            .get(reference.trim_start_matches("#/$defs/"))
            .unwrap_or(&Value::Null),
        None => schema,
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return json!({ marker: marker });
    };
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut object = Map::new();
    for (key, property) in properties
        .iter()
        .filter(|(key, _)| required.contains(&key.as_str()))
    {
        let value = if has_type(property, "string") {
            json!(marker)
        } else if has_type(property, "array") {
            json!([])
        } else if has_type(property, "integer") {
            json!(1)
        } else if property.get("properties").is_some() {
            minimal(property, grammar, marker)
        } else {
            json!({})
        };
        object.insert(key.clone(), value);
    }
    if object.values().any(|value| value == &json!(marker)) {
        return Value::Object(object);
    }
    if let Some((key, _)) = properties
        .iter()
        .find(|(key, p)| is_free_string(p) && !object.contains_key(*key))
    {
        object.insert(key.clone(), json!(marker));
    } else if let Some((key, _)) = properties.iter().find(|(_, p)| {
        p["additionalProperties"].is_object() && !p["additionalProperties"]["$ref"].is_string()
    }) {
        object.insert(key.clone(), json!({ marker: marker }));
    } else {
        insert_nested(&mut object, properties, grammar, marker);
    }
    Value::Object(object)
}

/// Puts the marker into the first field that is an object itself.
fn insert_nested(
    object: &mut Map<String, Value>,
    properties: &Map<String, Value>,
    grammar: &Grammar,
    marker: &str,
) {
    for (key, property) in properties {
        let inner = property["anyOf"]
            .as_array()
            .and_then(|any| any.iter().find(|one| one.get("$ref").is_some()))
            .unwrap_or(property);
        if let Some(items) = property
            .get("items")
            .filter(|items| items.get("$ref").is_some())
        {
            object.insert(key.clone(), json!([minimal(items, grammar, marker)]));
            return;
        }
        if inner.get("$ref").is_some() {
            object.insert(key.clone(), minimal(inner, grammar, marker));
            return;
        }
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    schema["type"] == name
        || schema["type"]
            .as_array()
            .is_some_and(|types| types.contains(&json!(name)))
}

fn is_free_string(schema: &Value) -> bool {
    has_type(schema, "string")
        && schema.get("enum").is_none()
        && schema.get("format").is_none()
        && schema.get("pattern").is_none()
}
