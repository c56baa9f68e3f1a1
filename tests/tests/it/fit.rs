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

/// Changes what contradicts other values, and faults that have no time to end in. What is put right may show
/// another contradiction, so it is done again.
pub fn fit(document: &mut Value) {
    for _ in 0..4 {
        let Value::Object(fields) = &*document else {
            return;
        };
        let problems = match document::from_document(fields.clone()) {
            Ok(loaded) => loaded.contradictions,
            Err(ValuesError::Invalid(wrong, contradictions)) => [wrong, contradictions].concat(),
            Err(_) => return,
        };
        for problem in problems {
            fit_one(document, &problem.path);
        }
    }
}

fn fit_one(document: &mut Value, path: &str) {
    let (parent, field) = path.rsplit_once('.').unwrap_or_default();
    let (field, value) = match (field, parent) {
        ("duration", _) => ("schedule", json!("@every 999h")),
        ("towards" | "enabled", _) => ("enabled", json!(false)),
        ("faults", _) => ("faults", json!("none")),
        ("minReplicas", _) => ("minReplicas", json!(1)),
        ("integrationTestDatabase", _) => ("integrationTestDatabase", json!(null)),
        ("port", "global.connections.objectStore") => ("port", json!(80)),
        ("port", "global.connections.postgresql") => ("port", json!(5432)),
        ("port", "global.connections.nats") => ("port", json!(4222)),
        ("replicas", _) => ("replicas", document::defaults()[parent]["replicas"].clone()),
        _ => return,
    };
    put(document, &format!("{parent}.{field}"), value);
}

/// Puts a value at a path, of which each parent is made where it is no map.
pub fn put(document: &mut Value, path: &str, value: Value) {
    let mut here = document;
    for key in path.split('.') {
        if !here.is_object() {
            *here = json!({});
        }
        here = &mut here[key];
    }
    *here = value;
}

fn remove(connections: &mut Value, name: &str, fields: &[&str]) {
    let connection = connections.get_mut(name).and_then(Value::as_object_mut);
    if let Some(connection) = connection {
        fields.iter().for_each(|field| {
            connection.remove(*field);
        });
    }
}
