//! `--set` and `--set-string`, with Helm's rules.
//!
//! `a.b=c,d[0]=e,f={x,y}`: dots go down, `[n]` into a list, commas part settings, braces make a
//! list, a backslash takes the next character as it is. Without `--set-string`, `true`, `false`
//! (in any case), `null` and whole numbers without a leading zero are no text.

use std::{iter::Peekable, str::Chars};

use serde_json::{Map, Value};

/// The greatest index into a list.
const MAX_INDEX: usize = 65_536;
/// How deep a key may go.
const MAX_DEPTH: usize = 30;
/// How many indices may follow each other: as deep as values nest anywhere. Helm has no such bound.
const MAX_INDICES: usize = 200;

/// Why a text for `--set` was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// A key without `=`.
    #[error("key {0:?} has no value, write `{0}=…`")]
    NoValue(String),
    /// A list that is not closed.
    #[error("a list must end with '}}'")]
    OpenList,
    /// An index that is no whole number from 0 to 65,536.
    #[error("{0:?} is not an index from 0 to {MAX_INDEX}")]
    Index(String),
    /// Something between `]` and the next `.`, `[` or `=`.
    #[error("{0:?} after an index: expected '.', '[' or '='")]
    AfterIndex(String),
    /// A key that goes too deep.
    #[error("a key goes at most {MAX_DEPTH} levels down")]
    TooDeep,
    /// Too many indices in a row, such as `a[0][0][0]`.
    #[error("a key takes at most {MAX_INDICES} indices in a row")]
    TooManyIndices,
    /// A key goes below a value that is not a map or list.
    #[error("{key:?} is {found}, not a {wanted}")]
    Mismatch {
        /// The key.
        key: String,
        /// What it holds.
        found: String,
        /// What it would have to hold.
        wanted: &'static str,
    },
}

/// What a then found: more text, or the end of it. Helm keeps what was set before the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    More,
    End,
}

/// Sets in `document` what `text` says; `typed` is `--set`, else `--set-string`.
///
/// # Errors
/// If the text cannot be understood, or goes below a value that is not a map or list.
pub fn set(document: &mut Map<String, Value>, text: &str, typed: bool) -> Result<(), SetError> {
    let mut parser = Parser {
        rest: text.chars().peekable(),
        typed,
    };
    while parser.key(document, 0)? == Step::More {}
    Ok(())
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    typed: bool,
}

impl Parser<'_> {
    fn key(&mut self, map: &mut Map<String, Value>, depth: usize) -> Result<Step, SetError> {
        let (key, stop) = self.until("=[,.");
        match stop {
            None if key.is_empty() => Ok(Step::End),
            None | Some(',') => Err(SetError::NoValue(key)),
            Some('[') => {
                let index = self.index()?;
                let mut list = match map.get(&key) {
                    None => Vec::new(),
                    Some(Value::Array(items)) => items.clone(),
                    Some(other) => return Err(mismatch(&key, other, "list")),
                };
                let then = self.item(&mut list, index, (depth, 1))?;
                insert(map, key, Value::Array(list));
                Ok(then)
            }
            Some('.') => {
                if depth == MAX_DEPTH {
                    return Err(SetError::TooDeep);
                }
                let mut inner = match map.get(&key) {
                    None => Map::new(),
                    Some(Value::Object(inner)) => inner.clone(),
                    Some(other) => return Err(mismatch(&key, other, "map")),
                };
                let then = self.key(&mut inner, depth + 1)?;
                if !inner.is_empty() {
                    insert(map, key, Value::Object(inner));
                } else if then == Step::More {
                    return Err(SetError::NoValue(key));
                }
                Ok(then)
            }
            Some(_) => {
                let (value, then) = self.value()?;
                insert(map, key, value);
                Ok(then)
            }
        }
    }

    fn index(&mut self) -> Result<usize, SetError> {
        let (text, stop) = self.until("]");
        let digits = text.strip_prefix('+').unwrap_or(&text);
        match (stop, digits.parse::<usize>()) {
            (Some(_), Ok(index)) if index <= MAX_INDEX => Ok(index),
            _ => Err(SetError::Index(text)),
        }
    }

    fn item(
        &mut self,
        list: &mut Vec<Value>,
        index: usize,
        (depth, indices): (usize, usize),
    ) -> Result<Step, SetError> {
        if indices > MAX_INDICES {
            return Err(SetError::TooManyIndices);
        }
        let (junk, stop) = self.until("[.=");
        if !junk.is_empty() {
            return Err(SetError::AfterIndex(junk));
        }
        match stop {
            None => Ok(Step::End),
            Some('[') => {
                let next = self.index()?;
                let mut inner = match list.get(index) {
                    None | Some(Value::Null) => Vec::new(),
                    Some(Value::Array(items)) => items.clone(),
                    Some(other) => return Err(mismatch(&format!("[{index}]"), other, "list")),
                };
                let then = self.item(&mut inner, next, (depth, indices + 1))?;
                // At the end of the text Helm forgets the inner list.
                if then == Step::More {
                    put(list, index, Value::Array(inner));
                }
                Ok(then)
            }
            Some('.') => {
                let mut inner = match list.get(index) {
                    Some(Value::Object(inner)) => inner.clone(),
                    _ => Map::new(),
                };
                let then = self.key(&mut inner, depth)?;
                if then == Step::More || index < list.len() {
                    put(list, index, Value::Object(inner));
                }
                Ok(then)
            }
            Some(_) => {
                let (value, _) = self.value()?;
                put(list, index, value);
                Ok(Step::More)
            }
        }
    }

    /// What stands after `=`.
    fn value(&mut self) -> Result<(Value, Step), SetError> {
        match self.rest.peek() {
            None => Ok((Value::String(String::new()), Step::End)),
            Some('{') => {
                self.rest.next();
                Ok((self.list()?, Step::More))
            }
            Some(_) => {
                let (text, _) = self.until(",");
                Ok((self.scalar(text), Step::More))
            }
        }
    }

    fn list(&mut self) -> Result<Value, SetError> {
        let mut items = Vec::new();
        loop {
            let (text, stop) = self.until(",}");
            match stop {
                None => return Err(SetError::OpenList),
                Some('}') => {
                    items.push(self.scalar(text));
                    self.rest.next_if_eq(&',');
                    return Ok(Value::Array(items));
                }
                Some(_) => items.push(self.scalar(text)),
            }
        }
    }

    fn until(&mut self, stops: &str) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(next) = self.rest.next() {
            if stops.contains(next) {
                return (text, Some(next));
            }
            if next == '\\' {
                text.extend(self.rest.next());
            } else {
                text.push(next);
            }
        }
        (text, None)
    }

    fn scalar(&self, text: String) -> Value {
        if !self.typed {
            return Value::String(text);
        }
        match text.to_ascii_lowercase().as_str() {
            "true" => return Value::Bool(true),
            "false" => return Value::Bool(false),
            "null" => return Value::Null,
            "0" => return Value::from(0),
            _ => {}
        }
        match text.parse::<i64>() {
            Ok(number) if !text.starts_with('0') => Value::from(number),
            _ => Value::String(text),
        }
    }
}

fn insert(map: &mut Map<String, Value>, key: String, value: Value) {
    if !key.is_empty() {
        map.insert(key, value);
    }
}

fn put(list: &mut Vec<Value>, index: usize, value: Value) {
    if list.len() <= index {
        list.resize(index + 1, Value::Null);
    }
    list[index] = value;
}

fn mismatch(key: &str, found: &Value, wanted: &'static str) -> SetError {
    SetError::Mismatch {
        key: key.to_owned(),
        found: found.to_string(),
        wanted,
    }
}

#[cfg(test)]
mod tests;
