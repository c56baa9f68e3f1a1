//! Takes out of drawn values what only goes together: else most documents would be refused, and show nothing.

use serde_json::{Value, json};
use spira_manifests::document::{self, ValuesError};

/// Removes what a schema refuses because something else is, or is not, beside it.
pub fn mend(document: &mut Value) {
    let sections = document.as_object_mut().into_iter().flatten();
    for (name, section) in sections {
        let global = if name == "global" {
            Some(&mut *section)
        } else {
            section.get_mut("global")
        };
        if let Some(connections) = global.and_then(|global| global.get_mut("connections")) {
            remove(connections, "postgresql", &["host", "existingSecret"]);
            remove(connections, "nats", &["host"]);
            if connections["objectStore"]["existingSecret"].is_null() {
                remove(connections, "objectStore", &["host"]);
            }
        }
        let pools = section.get_mut("pools").and_then(Value::as_array_mut);
        for pool in pools.into_iter().flatten() {
            if matches!(pool["servers"].as_i64(), Some(2 | 3)) {
                pool["volumesPerServer"] = json!(2);
            }
        }
    }
}

/// Turns off faults and targets that other values leave nothing to hit, or no time to end in.
pub fn fit_faults(document: &mut Value) {
    let Value::Object(fields) = &*document else {
        return;
    };
    let Err(ValuesError::Invalid(problems)) = document::from_document(fields.clone()) else {
        return;
    };
    for path in problems.into_iter().map(|problem| problem.path) {
        let (parent, field) = path.rsplit_once('.').unwrap_or_default();
        let off = match field {
            "duration" => ("schedule", json!("@every 999h")),
            "towards" | "enabled" => ("enabled", json!(false)),
            "faults" => ("faults", json!("none")),
            _ => continue,
        };
        if parent.contains("chaos") || parent.starts_with("experiment") {
            put(document, parent, off);
        }
    }
}

/// Sets a field below a path, which is made where it is not there.
fn put(document: &mut Value, parent: &str, (field, value): (&str, Value)) {
    let mut here = document;
    for key in parent.split('.') {
        if !here[key].is_object() {
            here[key] = json!({});
        }
        here = &mut here[key];
    }
    here[field] = value;
}

fn remove(connections: &mut Value, name: &str, fields: &[&str]) {
    let connection = connections.get_mut(name).and_then(Value::as_object_mut);
    if let Some(connection) = connection {
        fields.iter().for_each(|field| {
            connection.remove(*field);
        });
    }
}
