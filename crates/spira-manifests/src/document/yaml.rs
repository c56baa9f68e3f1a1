//! Values files, read as Helm reads them.
//!
//! Helm's reader follows YAML 1.1: `yes`, `on`, `y` and their like are booleans, `0755` is octal,
//! `1_000` a number, `<<` merges, later keys win over earlier ones of the same name, keys become
//! text, and every number is a 64-bit float. Quoted, all of these are text.

mod scalar;

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Value};

use self::scalar::{Key, plain, tagged};
use super::coalesce::overlay;

/// How deep a document may nest, and how many values it may hold with its aliases expanded.
const MAX_DEPTH: usize = 200;
const MAX_VALUES: usize = 1_000_000;
const TOO_DEEP: &str = "values nest more than 200 deep";

/// Why a text is not a document of values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct YamlError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// Reads a text of one or more documents, later ones over earlier ones.
///
/// # Errors
/// If the text is not YAML, or a document is not a map.
pub fn parse(text: &str) -> Result<Map<String, Value>, YamlError> {
    check_characters(text)?;
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        values: 0,
        place: (1, 1),
    };
    let mut merged = Map::new();
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(merged),
            Event::DocumentStart(_) => {
                let event = reader.next()?;
                match reader.node(event, 0)? {
                    Value::Object(map) => overlay(&mut merged, map),
                    Value::Null => {}
                    _ => return Err(reader.error("values must be a map such as `nats: {}`")),
                }
                reader.anchors.clear();
            }
            _ => {}
        }
    }
}

/// Refuses the characters that Helm's reader refuses anywhere in a file.
fn check_characters(text: &str) -> Result<(), YamlError> {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    for (number, line) in text.split('\n').enumerate() {
        if let Some((column, c)) = line.chars().enumerate().find(|(_, c)| !allowed(*c)) {
            let message = format!(
                "the control character {c:?} is not allowed in YAML; write it as an escape in double quotes"
            );
            return Err(YamlError {
                line: number + 1,
                column: column + 1,
                message,
            });
        }
    }
    Ok(())
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    values: usize,
    place: (usize, usize),
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, YamlError> {
        match self.events.next_event() {
            Some(Ok((event, span))) => {
                self.place = place(&span);
                Ok(event)
            }
            Some(Err(error)) => Err(YamlError {
                line: error.marker().line(),
                column: error.marker().col() + 1,
                message: match error.info() {
                    // The parser has a bound of its own for lists and maps in brackets.
                    "recursion limit exceeded" => TOO_DEEP.to_owned(),
                    other => other.to_owned(),
                },
            }),
            None => Ok(Event::StreamEnd),
        }
    }

    fn error(&self, message: impl Into<String>) -> YamlError {
        YamlError {
            line: self.place.0,
            column: self.place.1,
            message: message.into(),
        }
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Value, YamlError> {
        if depth > MAX_DEPTH {
            return Err(self.error(TOO_DEEP));
        }
        self.count(1)?;
        match event {
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                let value = value.ok_or_else(|| self.error("an alias within its own anchor"))?;
                self.count(size(&value))?;
                Ok(value)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref())?;
                Ok(self.anchored(anchor, value))
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        event => items.push(self.node(event, depth + 1)?),
                    }
                }
                Ok(self.anchored(anchor, Value::Array(items)))
            }
            Event::MappingStart(anchor, _) => {
                let map = self.mapping(depth)?;
                Ok(self.anchored(anchor, Value::Object(map)))
            }
            _ => Err(self.error("the document ends early")),
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Map<String, Value>, YamlError> {
        let mut map = Map::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => return Ok(map),
                Event::Scalar(text, ScalarStyle::Plain, _, None) => {
                    scalar::key(&text).ok_or_else(|| self.error("null cannot be a key"))?
                }
                Event::Scalar(text, _, anchor, _) => {
                    self.anchored(anchor, Value::String(text.to_string()));
                    Key::Text(text.to_string())
                }
                _ => return Err(self.error("a key must be text")),
            };
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            match key {
                Key::Text(key) => {
                    map.insert(key, value);
                }
                Key::Merge => self.merge(&mut map, value)?,
            }
        }
    }

    /// `<<`: lays a map, or a list of maps the first of which wins, over what came before.
    fn merge(&self, map: &mut Map<String, Value>, value: Value) -> Result<(), YamlError> {
        let sources = match value {
            Value::Array(items) => items,
            single => vec![single],
        };
        for source in sources.into_iter().rev() {
            let Value::Object(source) = source else {
                return Err(self.error("`<<` takes a map or a list of maps"));
            };
            map.extend(source);
        }
        Ok(())
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
    ) -> Result<Value, YamlError> {
        match tag.filter(|tag| tag.is_yaml_core_schema()) {
            Some(tag) => tagged(&tag.suffix, text).map_err(|message| self.error(message)),
            None if style == ScalarStyle::Plain && tag.is_none() => {
                plain(text).ok_or_else(|| self.error(format!("{text} is no number for JSON")))
            }
            None => Ok(Value::String(text.to_owned())),
        }
    }

    fn anchored(&mut self, anchor: usize, value: Value) -> Value {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        value
    }

    fn count(&mut self, more: usize) -> Result<(), YamlError> {
        self.values += more;
        if self.values > MAX_VALUES {
            return Err(self.error(format!("more than {MAX_VALUES} values")));
        }
        Ok(())
    }
}

fn place(span: &Span) -> (usize, usize) {
    (span.start.line(), span.start.col() + 1)
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests;
