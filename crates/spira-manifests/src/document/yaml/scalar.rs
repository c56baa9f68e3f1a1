//! What a word without quotes means to Helm's reader (YAML 1.1, as go-yaml 2 has it).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::document::number;

/// A key of a map.
pub(super) enum Key {
    /// Text; booleans and numbers become text.
    Text(String),
    /// `<<`.
    Merge,
}

enum Word {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text,
}

/// The value of a word without quotes and tag; `None` for infinity and not-a-number.
pub(super) fn plain(text: &str) -> Option<Value> {
    match word(text) {
        Word::Null => Some(Value::Null),
        Word::Bool(value) => Some(Value::Bool(value)),
        #[expect(clippy::cast_precision_loss, reason = "so does Helm")]
        Word::Int(value) => number::of_float(value as f64),
        Word::Float(value) => number::of_float(value),
        Word::Text => Some(Value::String(text.to_owned())),
    }
}

/// A key without quotes and tag; `None` for `null`.
pub(super) fn key(text: &str) -> Option<Key> {
    Some(match word(text) {
        Word::Null => return None,
        Word::Bool(value) => Key::Text(value.to_string()),
        Word::Int(value) => Key::Text(value.to_string()),
        #[expect(clippy::cast_possible_truncation, reason = "so does Helm")]
        Word::Float(value) => Key::Text((value as f32).to_string()),
        Word::Text if text == "<<" => Key::Merge,
        Word::Text => Key::Text(text.to_owned()),
    })
}

/// The value of a word with a tag of YAML's own such as `!!str`.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Value, String> {
    let wrong = || format!("cannot read {text:?} as !!{tag}");
    let value = match (tag, word(text)) {
        ("str" | "timestamp", _) => Value::String(text.to_owned()),
        ("null", Word::Null) => Value::Null,
        ("bool", Word::Bool(value)) => Value::Bool(value),
        ("int", Word::Int(_)) | ("float", Word::Int(_) | Word::Float(_)) => {
            plain(text).ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    Ok(value)
}

fn word(text: &str) -> Word {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Word::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Word::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Word::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Word::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Word::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Word::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return Word::Text;
    }
    // An underscore may stand between digits, but not in a number that starts with a dot.
    let digits = if text.starts_with('.') {
        text.to_owned()
    } else {
        text.replace('_', "")
    };
    integer(&digits)
        .map(Word::Int)
        .or_else(|| float(&digits).map(Word::Float))
        .unwrap_or(Word::Text)
}

/// Whole numbers from -2^63 to 2^64 - 1 in Go's notation: `0x`, `0b`, `0o`, or octal for a leading
/// zero.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = [("0x", 16), ("0b", 2), ("0o", 8)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((radix, lower.strip_prefix(prefix)?)))
        .unwrap_or(match lower.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => (8, octal),
            _ => (10, &lower),
        });
    if !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let value = if negative { -magnitude } else { magnitude };
    let signed = text.starts_with(['+', '-']);
    let fits = value >= i128::from(i64::MIN) && (!signed || value <= i128::from(i64::MAX));
    fits.then_some(value)
}

fn float(text: &str) -> Option<f64> {
    static RULE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
            .expect("the pattern is a constant that a test compiles")
    });
    let value: f64 = RULE.is_match(text).then(|| text.parse().ok())??;
    // Go refuses a number that is too great for a float, and the word stays text.
    value.is_finite().then_some(value)
}
