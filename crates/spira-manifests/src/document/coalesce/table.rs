//! Maps that may be shared, as Go's are.

use std::{cell::RefCell, rc::Rc};

use serde_json::{Map, Value};

/// A value of a document.
#[derive(Clone)]
pub(super) enum Node {
    /// A map.
    Table(Table),
    /// Anything else; lists are never looked into.
    Leaf(Value),
}

/// A map; clones are the same map.
#[derive(Clone, Default)]
pub(super) struct Table(Rc<RefCell<Vec<(String, Node)>>>);

impl Node {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Leaf(Value::Null))
    }
}

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<Node> {
        let entries = self.0.borrow();
        entries
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, node)| node.clone())
    }

    pub(super) fn insert(&self, key: &str, node: Node) {
        let mut entries = self.0.borrow_mut();
        match entries.iter_mut().find(|(k, _)| k == key) {
            Some((_, slot)) => *slot = node,
            None => entries.push((key.to_owned(), node)),
        }
    }

    pub(super) fn remove(&self, key: &str) {
        self.0.borrow_mut().retain(|(k, _)| k != key);
    }

    /// The entries of this moment.
    pub(super) fn entries(&self) -> Vec<(String, Node)> {
        self.0.borrow().clone()
    }

    /// Another map with the same entries; nested maps stay shared.
    pub(super) fn shallow(&self) -> Self {
        Self(Rc::new(RefCell::new(self.entries())))
    }
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Object(map) => {
                let entries = map.iter().map(|(key, value)| (key.clone(), value.into()));
                Self::Table(Table(Rc::new(RefCell::new(entries.collect()))))
            }
            other => Self::Leaf(other.clone()),
        }
    }
}

impl From<&Node> for Value {
    fn from(node: &Node) -> Self {
        match node {
            Node::Leaf(value) => value.clone(),
            Node::Table(table) => {
                let entries = table.entries();
                let map: Map<_, _> = entries.iter().map(|(k, v)| (k.clone(), v.into())).collect();
                Self::Object(map)
            }
        }
    }
}
