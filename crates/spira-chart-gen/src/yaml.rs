//! YAML as every reader reads it, those of YAML 1.1 among them: kubectl and Helm take a bare `yes`
//! for a boolean, so what is bare here is only what their reader takes for the same text.

use std::fmt::Write;

use serde_json::Value;
use spira_manifests::document::yaml;

/// A document: the entries of a map in block style, anything else on its own.
#[must_use]
pub fn document(value: &Value) -> String {
    let text = after_colon(value, None);
    format!("{}\n", text.trim_start())
}

/// What stands behind a key's colon, or behind a dash: a scalar on the same line, or a block below
/// it, indented by two more than `indent`; `None` is the outside of the document.
#[must_use]
pub fn after_colon(value: &Value, indent: Option<usize>) -> String {
    let inner = indent.map_or(0, |indent| indent + 2);
    let margin = " ".repeat(inner);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let mut block = String::new();
            for (key, value) in map {
                let key = scalar(&Value::String(key.clone()));
                let value = after_colon(value, Some(inner));
                let _ = write!(block, "\n{margin}{key}:{value}");
            }
            block
        }
        Value::Array(items) if !items.is_empty() => {
            let mut block = String::new();
            for item in items {
                let item = after_colon(item, Some(inner));
                let _ = write!(block, "\n{margin}- {}", item.trim_start());
            }
            block
        }
        Value::String(text) => match literal(text, inner) {
            Some(block) => format!(" {block}"),
            None => format!(" {}", scalar(value)),
        },
        other => format!(" {}", scalar(other)),
    }
}

/// A text of several lines as a literal block, where one can hold it.
fn literal(text: &str, indent: usize) -> Option<String> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let fits = body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && body.chars().all(|c| c == '\n' || printable(c))
        && body.lines().all(|line| !line.ends_with(' '));
    if !fits {
        return None;
    }
    let mut block = String::from(if text.ends_with('\n') { "|" } else { "|-" });
    for line in body.split('\n') {
        block.push('\n');
        if !line.is_empty() {
            let _ = write!(block, "{:indent$}{line}", "");
        }
    }
    Some(block)
}

/// Whether a character may stand in YAML as it is; tabs are left out, for they are hard to see.
fn printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// A scalar on one line, in quotes unless a reader takes the bare word for the same text.
#[must_use]
pub fn scalar(value: &Value) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    let may_stand = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    let bare = text.chars().all(may_stand)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || "/._".contains(c));
    let read = yaml::parse(&format!("key: {text}"));
    if bare && read.is_ok_and(|map| map["key"] == *value) {
        return text.clone();
    }
    let quoted = value.to_string();
    let mut escaped = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        if printable(c) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use spira_manifests::document::yaml::parse;

    use super::document;

    #[test]
    fn blocks_read_as_written_by_hand() {
        let value = json!({
            "a": { "b": [1, { "c": "x", "d": [] }, ["y"]] }, "e": {},
            "text": "one\n\n  two\n", "open": "one\ntwo", "yes": "yes", "t": "2020-01-01",
        });
        let expected = r#"a:
  b:
    - 1
    - c: x
      d: []
    - - "y"
e: {}
open: |-
  one
  two
t: 2020-01-01
text: |
  one

    two
"yes": "yes"
"#;
        assert_eq!(document(&value), expected);
        assert_eq!(parse(expected).map(Value::Object), Ok(value));
    }

    #[test]
    fn every_text_reads_back() {
        let words = [
            "yes",
            "y",
            "n",
            "OFF",
            "0755",
            "1_000",
            "0x1F",
            "~",
            "null",
            "1e3",
            ".5",
            "<<",
            "",
            "a: b",
            "0b1",
            "0o7",
            "-",
            "- a",
            "#",
            "a #b",
            "\t",
            "a\tb\nc",
            " lead\nx",
            "trail \nx",
            "\n",
            "\n\n",
            "x\n\n",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{1f600}\nx",
            "\0",
            "\"",
            "\\",
            "'",
            "%a",
            "@a",
            "{}",
            "[]",
            "!a",
            "&a",
            "*a",
            "|",
            ">",
            "---",
            "---\nx",
            "...\nx",
            "a\r\nb",
            "é",
        ];
        for word in words {
            let value = json!({ "key": word, "list": [word, [word]], word: { "in": word } });
            let text = document(&value);
            assert_eq!(
                parse(&text).map(Value::Object),
                Ok(value),
                "{word:?}\n{text}"
            );
        }
    }
}
