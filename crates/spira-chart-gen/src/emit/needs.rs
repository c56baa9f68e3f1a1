//! The APIs that a component's objects need and not every cluster serves.

use spira_manifests::cr::Api;

use super::{
    wrap::action,
    writer::{Names, Writer},
};
use crate::{
    trace::Traced,
    tree::{Cond, Node, or},
};

/// An API that a component needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The API.
    pub api: &'static Api,
    /// The action that opens the block in which it is needed, in the scope of the component's
    /// subchart; `None` if it always is.
    pub opening: Option<String>,
}

/// The APIs that a traced component's objects need, each once. What users add themselves is not among
/// them.
pub(super) fn of(writer: &Writer, traced: &Traced) -> Vec<Need> {
    let mut found: Vec<(&'static Api, Cond)> = Vec::new();
    for object in &traced.objects {
        let Some(api) = api(object.node.sample()) else {
            continue;
        };
        if matches!(object.node, Node::Range(..)) {
            writer.refuse(format!(
                "{api}: an object a list's item; the preflight cannot say when it is needed"
            ));
        }
        match found.iter_mut().find(|(known, _)| *known == api) {
            Some((_, guard)) => *guard = or(guard.clone(), object.guard.clone()),
            None => found.push((api, object.guard.clone())),
        }
    }
    let need = |(api, guard): (&'static Api, Cond)| Need {
        api,
        opening: (guard != Cond::True)
            .then(|| action("if", &writer.condition(&guard, &Names::outside()), "")),
    };
    found.into_iter().map(need).collect()
}

/// The API of an object of the tree, if not every cluster serves it.
fn api(object: &Node) -> Option<&'static Api> {
    let (version, kind) = kind(object)?;
    Api::named(version, kind)
}

/// The `apiVersion` and the `kind` of an object of the tree, if no value decides on them.
pub(super) fn kind(object: &Node) -> Option<(&str, &str)> {
    let text = |key: &str| match &object.get(key)?.node {
        Node::Leaf(scalar) => scalar.literal(),
        _ => None,
    };
    Some((text("apiVersion")?, text("kind")?))
}
