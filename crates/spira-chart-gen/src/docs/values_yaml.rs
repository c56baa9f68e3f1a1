//! `values.yaml`, with a comment above each key.

use std::fmt::Write;

use serde_json::Value;

use super::Field;
use crate::yaml::{after_colon, scalar};

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
            let block = format!("{key}:{}", after_colon(&field.example, Some(0)));
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
            let _ = writeln!(text, "{margin}{key}:{}", after_colon(default, Some(indent)));
        }
    }
}

fn write_comment(text: &mut String, field: &Field, indent: usize) {
    let margin = " ".repeat(indent);
    let mut doc = field.doc.clone();
    if field.kind == "enum" {
        let _ = write!(doc, " O{}.", field.rule.trim_start_matches('o'));
    }
    for paragraph in doc.trim().split("\n\n") {
        let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        for line in textwrap::wrap(&paragraph, WIDTH - indent - 2) {
            let _ = writeln!(text, "{margin}# {line}");
        }
    }
}
