//! `values.yaml`, with a comment above each key.

use std::fmt::Write;

use serde_json::Value;
use spira_manifests::document::yaml;

use super::Field;

/// Where comments are wrapped.
const WIDTH: usize = 100;

/// Writes fields as a values file: the documentation above each key, options that are not set as
/// comments with an example, a blank line between top-level keys.
#[must_use]
pub fn values_yaml(fields: &[Field]) -> String {
    let mut text = String::new();
    for (position, field) in fields.iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        write_field(&mut text, field, 0);
    }
    text
}

fn write_field(text: &mut String, field: &Field, indent: usize) {
    write_comment(text, field, indent);
    let margin = " ".repeat(indent);
    let key = scalar(&Value::String(field.key.clone()));
    match &field.default {
        None => {
            let block = format!("{key}:{}", block(&field.example, 0));
            for line in block.lines() {
                let _ = writeln!(text, "{margin}# {line}");
            }
        }
        Some(_) if !field.fields.is_empty() => {
            let _ = writeln!(text, "{margin}{key}:");
            // A struct of options alone is a map with nothing in it.
            if field.fields.iter().all(|inner| inner.default.is_none()) {
                text.truncate(text.len() - 1);
                text.push_str(" {}\n");
            }
            for inner in &field.fields {
                write_field(text, inner, indent + 2);
            }
        }
        Some(default) => {
            let _ = writeln!(text, "{margin}{key}:{}", block(default, indent));
        }
    }
}

fn write_comment(text: &mut String, field: &Field, indent: usize) {
    let margin = " ".repeat(indent);
    let mut doc = field.doc.clone();
    if field.kind == "enum" {
        doc.push_str(&format!(
            " {}{}.",
            field.rule[..1].to_uppercase(),
            &field.rule[1..]
        ));
    }
    for paragraph in doc.trim().split("\n\n") {
        let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        for line in textwrap::wrap(&paragraph, WIDTH - indent - 2) {
            let _ = writeln!(text, "{margin}# {line}");
        }
    }
}

/// What stands behind a key's colon: a scalar on the same line, or a block below it.
fn block(value: &Value, indent: usize) -> String {
    let margin = " ".repeat(indent + 2);
    match value {
        Value::Object(map) if !map.is_empty() => map
            .iter()
            .map(|(key, value)| {
                let key = scalar(&Value::String(key.clone()));
                format!("\n{margin}{key}:{}", block(value, indent + 2))
            })
            .collect(),
        Value::Array(items) if !items.is_empty() => items
            .iter()
            .map(|item| match item {
                Value::Object(map) if !map.is_empty() => {
                    let block = block(item, indent + 2);
                    format!("\n{margin}- {}", block.trim_start())
                }
                other => format!("\n{margin}- {}", scalar(other)),
            })
            .collect(),
        other => format!(" {}", scalar(other)),
    }
}

/// A scalar on one line, in quotes unless Helm reads the bare word as the same text.
fn scalar(value: &Value) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    let bare = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/_.-".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || "/._".contains(c));
    let read = yaml::parse(&format!("key: {text}"));
    if bare && read.is_ok_and(|map| map["key"] == *value) {
        text.clone()
    } else {
        value.to_string()
    }
}
