//! Values to try: random ones, boundary ones, and every literal of the builders' source in every
//! place that takes it.

use std::collections::HashMap;

use regex::Regex;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};

use crate::{
    literals,
    random::Rng,
    trace::{Grammar, Shape, StrShape},
};

/// Words that YAML, Go templates or shells could take for something else.
const NASTY: &[&str] = &[
    "",
    "a",
    "true",
    "0",
    "00",
    "1e3",
    "null",
    "~",
    "y",
    "No",
    "a: b",
    "- x",
    "#c",
    " lead",
    "trail ",
    "{{ .Values.x }}",
    "\"q\"",
    "it's",
    "b\\n",
    "é☃",
    "%s",
    "%!d",
    "latest",
    "x,y",
    "/p/q",
    "0x10",
    "1_000",
    "0o7",
    "@",
    "*a",
    "&a",
    "!t",
    "a\nb",
    "a\n",
    "\t",
    "|",
    ">",
    "Zeta",
    "alpha",
    "1.0",
    ".5",
    "2026-01-01",
    "=",
    "<<",
    "<&>",
    "\u{7f}",
    "\u{2028}",
];

/// Makes values documents for a grammar.
pub struct Generator<'a> {
    grammar: &'a Grammar,
    strings: Vec<String>,
    numbers: Vec<i64>,
    /// The texts that each rule of strings admits, sorted.
    valid: Vec<Vec<String>>,
    /// Where in [`valid`](Self::valid) the texts of each string of the grammar are: by its address,
    /// since it is asked for each string of each document.
    valid_at: FxHashMap<usize, usize>,
}

/// How one document is drawn.
struct Draw<'r> {
    rng: &'r mut Rng,
    /// Flags, Options and lists are on with this chance in percent; 50 draws them evenly.
    on: u64,
    /// Texts already used in this document, so that two paths come to hold the same.
    pool: Vec<String>,
    /// Walk through the literals instead of drawing: how far the walk is.
    literal: Option<usize>,
}

impl<'a> Generator<'a> {
    /// A generator for values of this grammar, read by builders with this source.
    #[must_use]
    pub fn new(grammar: &'a Grammar, source: &str) -> Self {
        let mut numbers: Vec<i64> = literals::numbers(source)
            .into_iter()
            .filter(|n| *n > 1)
            .flat_map(|n| [n - 1, n, n + 1])
            .collect();
        numbers.extend([0, 1]);
        numbers.sort_unstable();
        numbers.dedup();
        let mut generator = Self {
            grammar,
            strings: literals::strings(source),
            numbers,
            valid: Vec::new(),
            valid_at: FxHashMap::default(),
        };
        generator.collect_valid(&grammar.root, &mut HashMap::new());
        generator
    }

    /// How many documents [`literal`](Self::literal) needs to try every literal in every place.
    #[must_use]
    pub fn literal_count(&self) -> usize {
        self.valid
            .iter()
            .map(Vec::len)
            .max()
            .unwrap_or(0)
            .max(self.numbers.len())
    }

    /// A random document; each flag is on with a chance of `on` percent.
    pub fn random(&self, rng: &mut Rng, on: u64) -> Value {
        self.draw(
            &self.grammar.root,
            1,
            &mut Draw {
                rng,
                on,
                pool: Vec::new(),
                literal: None,
            },
        )
    }

    /// Document `at` of those that together try every literal in every place.
    pub fn literal(&self, at: usize, rng: &mut Rng, on: u64) -> Value {
        self.draw(
            &self.grammar.root,
            1,
            &mut Draw {
                rng,
                on,
                pool: Vec::new(),
                literal: Some(at),
            },
        )
    }

    fn collect_valid(&mut self, shape: &'a Shape, known: &mut HashMap<String, usize>) {
        match shape {
            Shape::Str(string) => self.collect_valid_string(string, known),
            Shape::Opt(inner) | Shape::List { item: inner, .. } => self.collect_valid(inner, known),
            Shape::Struct(fields) => fields
                .iter()
                .for_each(|(_, field)| self.collect_valid(field, known)),
            Shape::Map { key, value } => {
                self.collect_valid_string(key, known);
                self.collect_valid(value, known);
            }
            _ => {}
        }
    }

    fn collect_valid_string(&mut self, shape: &'a StrShape, known: &mut HashMap<String, usize>) {
        let at = *known.entry(format!("{shape:?}")).or_insert_with(|| {
            self.valid.push(valid(shape, &self.strings));
            self.valid.len() - 1
        });
        self.valid_at.insert(address(shape), at);
    }

    fn draw(&self, shape: &Shape, path: u64, draw: &mut Draw) -> Value {
        match shape {
            Shape::Str(string) => json!(self.string(string, path, draw)),
            Shape::Int { min, max, among } if among.is_empty() => {
                json!(self.integer(*min, *max, path, draw))
            }
            Shape::Int { among, .. } => json!(draw.rng.pick(among)),
            Shape::Bool => json!(on(draw)),
            Shape::Enum(names) => json!(draw.rng.pick(names)),
            Shape::Opt(inner) => {
                if on(draw) {
                    self.draw(inner, path, draw)
                } else {
                    Value::Null
                }
            }
            Shape::Struct(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, field)| {
                        (
                            key.clone(),
                            self.draw(field, step(path, key.as_bytes()), draw),
                        )
                    })
                    .collect(),
            ),
            Shape::List { item, may_be_empty } => (0..count(draw).max(u64::from(!may_be_empty)))
                .map(|at| self.draw(item, step(path, &at.to_le_bytes()), draw))
                .collect(),
            Shape::Map { key, value } => Value::Object(
                (0..count(draw))
                    .map(|at| {
                        let path = step(path, &at.to_le_bytes());
                        (
                            self.string(key, path + 1, draw),
                            self.draw(value, path, draw),
                        )
                    })
                    .collect(),
            ),
            Shape::Whole { schema, list: true } => (0..count(draw))
                .map(|_| self.whole(schema, draw.rng, 0, ""))
                .collect(),
            Shape::Whole {
                schema,
                list: false,
            } => {
                if on(draw) {
                    self.whole(schema, draw.rng, 0, "")
                } else {
                    json!({})
                }
            }
        }
    }

    fn string(&self, shape: &StrShape, path: u64, draw: &mut Draw) -> String {
        let valid = &self.valid[self.valid_at[&address(shape)]];
        let fallback = || shape.sample.replace("????", "0000");
        if let Some(at) = draw.literal {
            return valid
                .get(turn(at, path, valid.len()))
                .cloned()
                .unwrap_or_else(fallback);
        }
        if draw.rng.one_in(4) && !draw.pool.is_empty() {
            let shared = draw.rng.pick(&draw.pool).clone();
            if valid.binary_search(&shared).is_ok() {
                return shared;
            }
        }
        if valid.is_empty() {
            return fallback();
        }
        let text = draw.rng.pick(valid).clone();
        draw.pool.push(text.clone());
        text
    }

    fn integer(&self, min: i64, max: i64, path: u64, draw: &mut Draw) -> i64 {
        if let Some(at) = draw.literal {
            return self.numbers[turn(at, path, self.numbers.len())].clamp(min, max);
        }
        match draw.rng.below(6) {
            0 => 0.clamp(min, max),
            1 => 1.clamp(min, max),
            2 => min,
            3 => max,
            4 => (*draw.rng.pick(&self.numbers)).clamp(min, max),
            _ => {
                let span = max.saturating_sub(min);
                min + i64::try_from(draw.rng.below(span.unsigned_abs())).unwrap_or(0)
            }
        }
    }

    /// An instance of a Kubernetes type.
    fn whole(&self, schema: &Value, rng: &mut Rng, depth: usize, name: &str) -> Value {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.trim_start_matches("#/$defs/");
            return self.whole(
                self.grammar.defs.get(name).unwrap_or(&Value::Null),
                rng,
                depth,
                name,
            );
        }
        if name.ends_with("Quantity") {
            return json!(*rng.pick(&["100m", "1Gi", "2", "0.5"]));
        }
        if name.ends_with("IntOrString") {
            return if rng.one_in(2) {
                json!(8080)
            } else {
                json!("http")
            };
        }
        if let Some(names) = schema.get("enum").and_then(Value::as_array) {
            return rng.pick(names).clone();
        }
        if let Some(any) = schema
            .get("anyOf")
            .or(schema.get("oneOf"))
            .and_then(Value::as_array)
            && let Some(one) = any.iter().find(|one| one["type"] != "null")
        {
            return self.whole(one, rng, depth, "");
        }
        match type_of(schema) {
            "string" if schema.get("format").is_some() => json!("2026-01-01T00:00:00Z"),
            "string" if schema.get("minLength").is_some() => json!(*rng.pick(&["v", "true", "0"])),
            "string" => json!(*rng.pick(&["v", "true", "a: b", "0", "{{ x }}", "1e3", ""])),
            "boolean" => json!(rng.one_in(2)),
            "integer" => json!(rng.below(1000)),
            "number" => json!(1.5),
            "array" => (0..if depth > 4 { 0 } else { rng.below(3) })
                .map(|_| self.whole(&schema["items"], rng, depth + 1, ""))
                .collect(),
            _ if schema["properties"].is_object() => self.fields(schema, rng, depth),
            "object" if schema["additionalProperties"].is_object() => (0..rng.below(3))
                .map(|at| {
                    (
                        format!("k{at}"),
                        self.whole(&schema["additionalProperties"], rng, depth + 1, ""),
                    )
                })
                .collect::<Map<_, _>>()
                .into(),
            _ => free(rng),
        }
    }

    fn fields(&self, schema: &Value, rng: &mut Rng, depth: usize) -> Value {
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        let properties = schema["properties"].as_object().into_iter().flatten();
        let mut fields = Map::new();
        for (key, property) in properties {
            if required.iter().any(|name| name == key.as_str()) || (depth < 4 && rng.one_in(4)) {
                fields.insert(key.clone(), self.whole(property, rng, depth + 1, ""));
            }
        }
        Value::Object(fields)
    }
}

/// The literal whose turn it is at a path: a walk of as many documents as there are literals visits
/// each of them at each path, and two paths walk at a distance, so that they differ.
fn turn(at: usize, path: u64, count: usize) -> usize {
    let start = usize::try_from(path % 10_007).unwrap_or(0);
    (at + start) % count.max(1)
}

/// A number for the path one step further on (FNV-1a).
fn step(path: u64, bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(path ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(name) => name,
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or(""),
        _ => "",
    }
}

/// An object of any shape.
fn free(rng: &mut Rng) -> Value {
    let mut fields = Map::new();
    for at in 0..rng.below(3) {
        let value = match rng.below(5) {
            0 => json!("on"),
            1 => json!(0),
            2 => json!(false),
            3 => json!({"a": [1, "2"], "b": {}}),
            _ => json!("{{ y }}"),
        };
        fields.insert(format!("k{at}"), value);
    }
    Value::Object(fields)
}

fn on(draw: &mut Draw) -> bool {
    draw.rng.below(100) < draw.on
}

fn count(draw: &mut Draw) -> u64 {
    if on(draw) { 1 + draw.rng.below(3) } else { 0 }
}

fn address(shape: &StrShape) -> usize {
    std::ptr::from_ref(shape).addr()
}

/// The texts to try that a string may be: literals of the builders' source, words that are hard,
/// samples, and long ones.
fn valid(shape: &StrShape, strings: &[String]) -> Vec<String> {
    let rules: Vec<Regex> = shape
        .patterns
        .iter()
        .filter_map(|rule| Regex::new(rule).ok())
        .collect();
    let bans: Vec<Regex> = shape
        .not_patterns
        .iter()
        .filter_map(|rule| Regex::new(rule).ok())
        .collect();
    let admits = |text: &String| {
        let length = text.chars().count();
        length >= shape.min
            && shape.max.is_none_or(|max| length <= max)
            && rules.iter().all(|rule| rule.is_match(text))
            && !bans.iter().any(|ban| ban.is_match(text))
    };
    let mut texts: Vec<String> = strings
        .iter()
        .cloned()
        .chain(NASTY.iter().map(ToString::to_string))
        .collect();
    texts.extend((0..6).map(|at| {
        shape
            .sample
            .replace("????", &format!("{:04}", at * 1237 + 11))
    }));
    texts.extend(long_texts(shape));
    texts.retain(admits);
    texts.sort();
    texts.dedup();
    texts
}

/// Texts of the greatest length, where a cut would show.
fn long_texts(shape: &StrShape) -> Vec<String> {
    // Where a text may be longer than this, a greater one would only take longer.
    let max = shape.max.unwrap_or(300).min(4096);
    let lengths = [max, max.saturating_sub(1), 64, 63, 53, 52];
    lengths
        .into_iter()
        .filter(|length| *length <= max)
        .flat_map(|length| ["a".repeat(length), "long-".repeat(length / 5)])
        .collect()
}
