//! How Helm merges values over the defaults of a chart and its subcharts.
//!
//! This follows Helm's `coalesce.go` step by step, its quirks included, since a user's `null` and a
//! user's `global` mean what those steps make of them. What one should know:
//! - maps are merged, lists and scalars replaced;
//! - `null` removes a default; where there is no default, the `null` stays and the schema sees it;
//! - `null` below `global` removes the default for the umbrella only: Helm has handed the default
//!   down to the subcharts before, and nested maps even come back from there.

mod table;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use self::table::{Node, Table};
use super::explain::shorten;

/// A chart: its name, its `values.yaml` and its subcharts.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The name, under which a parent's values hold this chart's section.
    pub name: String,
    /// The defaults.
    pub values: Value,
    /// The subcharts, each installed if `<name>.enabled` is not `false`.
    pub dependencies: Vec<Chart>,
}

/// The outcome of a merge.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The values that the umbrella chart's templates see; sections hold `global` too.
    pub values: Value,
    /// The names of the subcharts that are installed.
    pub enabled: BTreeSet<String>,
}

/// A subchart's section that is not a map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {found} is not a map of values")]
pub struct NotATable {
    /// The path of the section.
    pub path: String,
    /// What stands there.
    pub found: String,
}

/// Lays `upper` over `lower` as Helm does with several values files: maps are merged, all else is
/// replaced, `null` included.
pub fn overlay(lower: &mut Map<String, Value>, upper: Map<String, Value>) {
    for (key, value) in upper {
        match (lower.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => overlay(below, above),
            (_, value) => {
                lower.insert(key, value);
            }
        }
    }
}

/// Merges a user's values over the defaults of `chart`, as an installation does: finds out which
/// subcharts are enabled, drops the others, and merges again.
///
/// # Errors
/// If the section of a subchart is not a map.
pub fn release(chart: &Chart, user: Map<String, Value>) -> Result<Merged, NotATable> {
    let user = Value::Object(user);
    let first = merge(chart, &user, false)?;
    let (enabled, dependencies) = chart
        .dependencies
        .iter()
        .filter(|sub| first[&sub.name]["enabled"] != Value::Bool(false))
        .map(|sub| (sub.name.clone(), sub.clone()))
        .unzip();
    let mut kept = Chart {
        dependencies,
        ..chart.clone()
    };
    // Helm now makes the merged defaults of all charts the umbrella's defaults.
    kept.values = merge(&kept, &Value::Object(Map::new()), true)?;
    Ok(Merged {
        values: merge(&kept, &user, false)?,
        enabled,
    })
}

/// Merges `user` over the defaults. With `keep_nulls`, a `null` does not remove a default.
fn merge(chart: &Chart, user: &Value, keep_nulls: bool) -> Result<Value, NotATable> {
    let values = match Node::from(user) {
        Node::Table(table) => table,
        Node::Leaf(_) => Table::default(),
    };
    coalesce(chart, &values, "", keep_nulls)?;
    Ok(Value::from(&Node::Table(values)))
}

fn coalesce(chart: &Chart, values: &Table, path: &str, keep_nulls: bool) -> Result<(), NotATable> {
    coalesce_values(chart, values, keep_nulls);
    for sub in &chart.dependencies {
        let path = if path.is_empty() {
            sub.name.clone()
        } else {
            format!("{path}.{}", sub.name)
        };
        let section = match values.get(&sub.name) {
            None => {
                let section = Table::default();
                values.insert(&sub.name, Node::Table(section.clone()));
                section
            }
            Some(Node::Table(section)) => section,
            Some(Node::Leaf(found)) => {
                let found = shorten(&found);
                return Err(NotATable { path, found });
            }
        };
        hand_down_globals(&section, values);
        coalesce(sub, &section, &path, keep_nulls)?;
    }
    Ok(())
}

fn coalesce_values(chart: &Chart, values: &Table, keep_nulls: bool) {
    let Node::Table(defaults) = Node::from(&chart.values) else {
        return;
    };
    for (key, default) in defaults.entries() {
        match values.get(&key) {
            Some(value) if value.is_null() && !keep_nulls => values.remove(&key),
            Some(Node::Table(own)) => {
                if let Node::Table(default) = default {
                    let keep = keep_nulls || chart.dependencies.iter().any(|sub| sub.name == key);
                    coalesce_tables(&own, &default, keep);
                }
            }
            Some(Node::Leaf(_)) => {}
            None => values.insert(&key, default),
        }
    }
}

/// Copies what the parent's `global` holds into the section's. What the parent has wins; nested
/// maps are shared between the two from then on.
fn hand_down_globals(section: &Table, parent: &Table) {
    let (own, common) = (section.get("global"), parent.get("global"));
    let own = match own {
        None => Table::default(),
        Some(Node::Table(own)) => own,
        Some(Node::Leaf(_)) => return,
    };
    let common = match common {
        None => Table::default(),
        Some(Node::Table(common)) => common,
        Some(Node::Leaf(_)) => return,
    };
    for (key, value) in common.entries() {
        match (value, own.get(&key)) {
            (Node::Table(table), None) => own.insert(&key, Node::Table(table.shallow())),
            (Node::Table(table), Some(Node::Table(below))) => {
                let table = table.shallow();
                coalesce_tables(&table, &below, true);
                own.insert(&key, Node::Table(table));
            }
            (Node::Table(_), Some(Node::Leaf(_))) | (Node::Leaf(_), Some(Node::Table(_))) => {}
            (leaf @ Node::Leaf(_), _) => own.insert(&key, leaf),
        }
    }
    section.insert("global", Node::Table(own));
}

/// Merges `lower` into `upper`, which wins.
fn coalesce_tables(upper: &Table, lower: &Table, keep_nulls: bool) {
    let defaulted: BTreeSet<_> = lower
        .entries()
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, _)| key)
        .collect();
    for (key, value) in upper.entries() {
        if value.is_null() {
            lower.insert(&key, value);
        }
    }
    for (key, below) in lower.entries() {
        match upper.get(&key) {
            Some(above) if !keep_nulls && above.is_null() && defaulted.contains(&key) => {
                upper.remove(&key);
            }
            None => upper.insert(&key, below),
            Some(Node::Table(above)) => {
                if let Node::Table(below) = below {
                    coalesce_tables(&above, &below, keep_nulls);
                }
            }
            Some(Node::Leaf(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests;
