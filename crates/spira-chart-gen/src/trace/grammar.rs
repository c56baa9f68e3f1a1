//! The grammar of `Values`: a JSON Schema read as the few shapes that can be traced.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::Refusal;

/// What a place in the values can hold.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A string.
    Str(StrShape),
    /// An integer within bounds.
    Int {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
        /// The only values that are allowed; empty, all within the bounds are.
        among: Vec<i64>,
    },
    /// A boolean.
    Bool,
    /// One of these strings.
    Enum(Vec<String>),
    /// Something or nothing.
    Opt(Box<Shape>),
    /// A struct.
    Struct(Vec<(String, Shape)>),
    /// A list.
    List {
        /// The shape of its items.
        item: Box<Shape>,
        /// Whether it may be empty.
        may_be_empty: bool,
    },
    /// A map with the user's own keys.
    Map {
        /// The shape of its keys.
        key: StrShape,
        /// The shape of its values.
        value: Box<Shape>,
    },
    /// A Kubernetes type, or a list of one, or a free object: passed through untouched.
    Whole {
        /// Its schema.
        schema: Value,
        /// Whether it is a list of them.
        list: bool,
    },
}

/// What is known of a string.
#[derive(Clone, Debug, Default)]
pub struct StrShape {
    /// The least length.
    pub min: usize,
    /// The greatest length.
    pub max: Option<usize>,
    /// Patterns that it must match.
    pub patterns: Vec<String>,
    /// Patterns that it must not match.
    pub not_patterns: Vec<String>,
    /// How to make distinct valid samples: `????` stands for digits.
    pub sample: String,
}

impl StrShape {
    /// Whether the string may be this text.
    #[must_use]
    pub fn admits(&self, text: &str) -> bool {
        let length = text.chars().count();
        let matches = |rule: &String| Regex::new(rule).is_ok_and(|rule| rule.is_match(text));
        length >= self.min
            && self.max.is_none_or(|max| length <= max)
            && self.patterns.iter().all(matches)
            && !self.not_patterns.iter().any(matches)
    }

    /// Whether no value of it can break out of a double-quoted YAML scalar or of a line of text.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.is_one_line() && !self.admits_any(['"', '\\', '{', '}', '\t'])
    }

    /// Whether no value of it can break out of a line of text.
    #[must_use]
    pub fn is_one_line(&self) -> bool {
        let controls = (0..32_u8).map(char::from).filter(|c| *c != '\t');
        !self.admits_any(controls.chain(['\u{7f}', '\u{85}', '\u{2028}', '\u{2029}', '\u{feff}']))
    }

    /// Tried, not deduced: whether a character can stand alone, in front, behind, or within.
    fn admits_any(&self, characters: impl IntoIterator<Item = char>) -> bool {
        let sample = self.sample.replace("????", "0000");
        let middle = sample.len() / 2;
        characters.into_iter().any(|c| {
            let texts = [
                format!("{c}"),
                format!("{c}{sample}"),
                format!("{sample}{c}"),
                format!("{}{c}{}", &sample[..middle], &sample[middle..]),
            ];
            texts.iter().any(|text| self.admits(text))
        })
    }
}

/// A whole grammar: the root shape and the definitions that its schemas refer to.
#[derive(Clone, Debug)]
pub struct Grammar {
    /// The shape of the values document.
    pub root: Shape,
    /// The definitions of the schema.
    pub defs: Map<String, Value>,
    /// The documentation of each value, by path.
    pub docs: BTreeMap<String, String>,
}

impl Grammar {
    /// Reads a schema.
    ///
    /// # Errors
    /// Names the first field whose type cannot be traced.
    pub fn read(schema: &Value) -> Result<Self, Refusal> {
        let defs = schema
            .get("$defs")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let mut reader = Reader {
            defs: &defs,
            docs: BTreeMap::new(),
        };
        let root = reader.shape(schema, "")?;
        let docs = reader.docs;
        Ok(Self { root, defs, docs })
    }
}

struct Reader<'a> {
    defs: &'a Map<String, Value>,
    docs: BTreeMap<String, String>,
}

fn refuse<T>(path: &str, why: &str) -> Result<T, Refusal> {
    Err(Refusal::Grammar {
        path: path.to_owned(),
        why: why.to_owned(),
    })
}

impl Reader<'_> {
    fn resolve<'s>(&'s self, schema: &'s Value) -> (&'s str, &'s Value) {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let name = reference.trim_start_matches("#/$defs/");
                (name, self.defs.get(name).unwrap_or(&Value::Null))
            }
            None => ("", schema),
        }
    }

    fn shape(&mut self, schema: &Value, path: &str) -> Result<Shape, Refusal> {
        if let Some(doc) = schema.get("description").and_then(Value::as_str) {
            self.docs.insert(path.to_owned(), doc.to_owned());
        }
        if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
            let some: Vec<&Value> = any.iter().filter(|one| one["type"] != "null").collect();
            if some.len() == 1 && any.len() == 2 {
                return self.option(some[0], path);
            }
            return refuse(
                path,
                "an untagged enum (`anyOf`) cannot be traced; use a unit enum or an Option",
            );
        }
        let (name, resolved) = self.resolve(schema);
        if name.starts_with("io.k8s") {
            return Ok(Shape::Whole {
                schema: schema.clone(),
                list: false,
            });
        }
        let resolved = resolved.clone();
        if let Some(variants) = unit_variants(&resolved) {
            return Ok(Shape::Enum(variants));
        }
        if resolved.get("oneOf").is_some() {
            return refuse(
                path,
                "an enum with data (`oneOf`) cannot be traced; use a unit enum or an Option",
            );
        }
        if let Some(Value::Array(types)) = resolved.get("type") {
            let Some(one) = types.iter().find(|one| **one != json!("null")) else {
                return refuse(path, "a value that is always null");
            };
            let mut inner = resolved.clone();
            inner["type"] = one.clone();
            // A nullable enum lists null among its variants.
            if let Some(variants) = inner.get_mut("enum").and_then(Value::as_array_mut) {
                variants.retain(|variant| !variant.is_null());
            }
            return self.option(&inner, path);
        }
        match resolved.get("type").and_then(Value::as_str) {
            Some("string") => Ok(Shape::Str(str_shape(&resolved))),
            Some("integer") => Ok(int_shape(&resolved)),
            Some("boolean") => Ok(Shape::Bool),
            Some("array") => self.array(&resolved, path),
            Some("object") => self.object(&resolved, path),
            None => Ok(Shape::Whole {
                schema: json!(true),
                list: false,
            }),
            Some(other) => refuse(path, &format!("the type {other} cannot be traced")),
        }
    }

    fn option(&mut self, inner: &Value, path: &str) -> Result<Shape, Refusal> {
        match self.shape(inner, path)? {
            Shape::List { .. } | Shape::Map { .. } => refuse(
                path,
                "an Option of a list or map cannot be traced; empty is absent, so drop the Option",
            ),
            Shape::Whole { .. } => refuse(
                path,
                "an Option of a Kubernetes type cannot be traced; empty is absent, so drop the Option",
            ),
            shape => Ok(Shape::Opt(Box::new(shape))),
        }
    }

    fn array(&mut self, schema: &Value, path: &str) -> Result<Shape, Refusal> {
        let items = schema.get("items").cloned().unwrap_or(json!(true));
        match self.shape(&items, &format!("{path}[0]"))? {
            Shape::Whole {
                schema,
                list: false,
            } => Ok(Shape::Whole { schema, list: true }),
            Shape::Whole { .. } | Shape::List { .. } | Shape::Map { .. } | Shape::Opt(_) => refuse(
                path,
                "a list of lists, maps or Options cannot be traced; use a list of structs",
            ),
            item => Ok(Shape::List {
                item: Box::new(item),
                may_be_empty: schema["minItems"].as_u64().is_none_or(|least| least == 0),
            }),
        }
    }

    fn object(&mut self, schema: &Value, path: &str) -> Result<Shape, Refusal> {
        // An object with some fields fixed and the rest free is the user's own.
        if schema.get("properties").is_some()
            && schema.get("additionalProperties") == Some(&json!(true))
        {
            return Ok(Shape::Whole {
                schema: schema.clone(),
                list: false,
            });
        }
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let fields = properties
                .iter()
                .map(|(key, field)| Ok((key.clone(), self.shape(field, &format!("{path}.{key}"))?)))
                .collect::<Result<_, Refusal>>()?;
            return Ok(Shape::Struct(fields));
        }
        let (key, values) = match schema.get("patternProperties").and_then(Value::as_object) {
            Some(patterns) => match keyed(patterns) {
                Some((key, values)) => (key, Some(values)),
                None => return refuse(path, "a map needs one pattern of keys that are allowed"),
            },
            None => (str_shape(&Value::Null), schema.get("additionalProperties")),
        };
        match values {
            Some(values) if values.is_object() => {
                match self.shape(values, &format!("{path}{{0}}"))? {
                    Shape::Whole { .. } => Ok(Shape::Whole {
                        schema: schema.clone(),
                        list: false,
                    }),
                    Shape::List { .. } | Shape::Map { .. } | Shape::Opt(_) => refuse(
                        path,
                        "a map of lists, maps or Options cannot be traced; use a map of strings or structs",
                    ),
                    value => Ok(Shape::Map {
                        key,
                        value: Box::new(value),
                    }),
                }
            }
            _ => Ok(Shape::Whole {
                schema: json!({"type": "object", "additionalProperties": true}),
                list: false,
            }),
        }
    }
}

/// The keys and values of a map whose keys have a pattern; a pattern with `false` forbids keys.
fn keyed(patterns: &Map<String, Value>) -> Option<(StrShape, &Value)> {
    let (forbidden, allowed): (Vec<_>, Vec<_>) = patterns
        .iter()
        .partition(|(_, value)| **value == Value::Bool(false));
    let [(pattern, values)] = allowed[..] else {
        return None;
    };
    let key = StrShape {
        patterns: vec![pattern.clone()],
        not_patterns: forbidden.into_iter().map(|(key, _)| key.clone()).collect(),
        ..str_shape(&Value::Null)
    };
    Some((key, values))
}

/// The names of a unit enum, with or without documented variants.
fn unit_variants(schema: &Value) -> Option<Vec<String>> {
    if let Some(names) = schema.get("enum").and_then(Value::as_array) {
        // A nullable one is an Option, which the caller unwraps first.
        return names
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect();
    }
    if let Some(name) = schema.get("const").and_then(Value::as_str) {
        return Some(vec![name.to_owned()]);
    }
    let parts: Option<Vec<Vec<String>>> = schema
        .get("oneOf")?
        .as_array()?
        .iter()
        .map(unit_variants)
        .collect();
    Some(parts?.concat())
}

fn str_shape(schema: &Value) -> StrShape {
    let strings = |value: &Value| value.as_str().map(str::to_owned);
    StrShape {
        min: schema["minLength"]
            .as_u64()
            .map_or(0, |n| usize::try_from(n).unwrap_or(usize::MAX)),
        max: schema["maxLength"]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok()),
        patterns: strings(&schema["pattern"]).into_iter().collect(),
        not_patterns: strings(&schema["not"]["pattern"]).into_iter().collect(),
        sample: schema["x-sample"].as_str().unwrap_or("zq????qz").to_owned(),
    }
}

/// The largest integer that a float holds exactly, as Helm reads numbers as floats.
const MAX_EXACT: i64 = (1 << 53) - 1;

fn int_shape(schema: &Value) -> Shape {
    let (mut min, mut max) = match schema["format"].as_str() {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Some("uint32") => (0, i64::from(u32::MAX)),
        Some("uint16") => (0, i64::from(u16::MAX)),
        Some("int16") => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Some("uint8") => (0, i64::from(u8::MAX)),
        _ => (-MAX_EXACT, MAX_EXACT),
    };
    if let Some(bound) = schema["minimum"].as_i64() {
        min = bound;
    }
    if let Some(bound) = schema["maximum"].as_i64() {
        max = bound;
    }
    let among = schema["enum"].as_array();
    Shape::Int {
        min,
        max,
        among: among.map_or_else(Vec::new, |all| {
            all.iter().filter_map(Value::as_i64).collect()
        }),
    }
}
