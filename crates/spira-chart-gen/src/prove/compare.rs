//! One document of values, given to the builders and to the tree.

use serde_json::{Value, json};
use spira_manifests::Release;

use crate::{
    Subject,
    diff::{Difference, difference, title},
    eval::{Evaluation, ReleaseAnswers},
    trace::Choice,
    tree::Entry,
};

/// Compares builders and tree.
pub struct Prover<'a> {
    /// The builders.
    pub subject: &'a Subject,
    /// What the tree's conditions speak of.
    pub choices: &'a [Choice],
    /// The tree.
    pub objects: Vec<Entry>,
}

/// A difference, with the object it is in.
pub struct Found {
    /// The object, as `Kind/name`.
    pub object: String,
    /// The field in it.
    pub field: String,
    /// What the builder gives there.
    pub builder: Value,
    /// What the tree gives there.
    pub template: Value,
}

impl Prover<'_> {
    /// The first difference.
    ///
    /// # Errors
    /// If the types refuse the values.
    pub fn compare(&self, document: &Value, release: &Release) -> Result<Option<Found>, String> {
        let built = (self.subject.build)(release, document)?;
        let evaluation = Evaluation {
            objects: &self.objects,
            choices: self.choices,
            values: document,
            answers: &ReleaseAnswers::new(release),
        };
        let tree = match evaluation.objects() {
            Ok(tree) => tree,
            Err(why) => {
                return Ok(Some(Found {
                    object: "the objects".to_owned(),
                    field: String::new(),
                    builder: json!(built.len()),
                    template: json!(why),
                }));
            }
        };
        let (built, tree) = (Value::Array(built), Value::Array(tree));
        Ok(difference(&built, &tree).map(|found| name_object(&found, &built, &tree)))
    }
}

fn name_object(found: &Difference, built: &Value, tree: &Value) -> Found {
    let (index, field) = found
        .place
        .trim_start_matches('[')
        .split_once(']')
        .unwrap_or(("0", ""));
    let index: usize = index.parse().unwrap_or(0);
    let object = built
        .get(index)
        .or(tree.get(index))
        .map_or_else(|| format!("object {index}"), title);
    Found {
        object,
        field: field.trim_start_matches('.').to_owned(),
        builder: found.left.clone(),
        template: found.right.clone(),
    }
}
