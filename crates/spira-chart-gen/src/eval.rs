//! A template tree and values in, objects out: what Helm will make of the chart, in Rust.

use std::cell::RefCell;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};
use spira_manifests::{Intrinsics, Release, kit::Image};

use crate::{
    trace::{Choice, Kind, ordinals_path},
    tree::{Cond, Entry, Intrinsic, Node, Scalar, Seg, Source},
};

/// Answers an intrinsic, given a way to evaluate the texts among its arguments.
pub trait Answer {
    /// The text that stands for the intrinsic.
    ///
    /// # Errors
    /// Why there is none.
    fn answer(
        &self,
        intrinsic: &Intrinsic,
        evaluation: &Evaluation,
        scope: &Scope,
    ) -> Result<String, String>;

    /// The ordinals below the number at a path.
    ///
    /// # Errors
    /// If there is no such number.
    fn ordinals(
        &self,
        path: &str,
        evaluation: &Evaluation,
        scope: &Scope,
    ) -> Result<Vec<String>, String>;
}

/// The items that the ranges around a place are at.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    outer: Option<&'s Scope<'s>>,
    prefix: &'s str,
    key: &'s str,
    value: &'s Value,
}

/// One evaluation: the tree's objects, the values, and who answers intrinsics.
pub struct Evaluation<'a> {
    /// The objects of the tree.
    pub objects: &'a [Entry],
    /// The choices that its conditions speak of.
    pub choices: &'a [Choice],
    /// The values.
    pub values: &'a Value,
    /// Who answers intrinsics.
    pub answers: &'a dyn Answer,
}

static NULL: Value = Value::Null;

impl Evaluation<'_> {
    /// All objects.
    ///
    /// # Errors
    /// What could not be evaluated.
    pub fn objects(&self) -> Result<Vec<Value>, String> {
        let mut objects = Vec::new();
        self.entries(&self.root(), self.objects, &mut |_, object| {
            objects.push(object);
        })?;
        Ok(objects)
    }

    /// The outermost scope.
    #[must_use]
    pub fn root(&self) -> Scope<'_> {
        Scope {
            outer: None,
            prefix: "",
            key: "",
            value: self.values,
        }
    }

    /// The value at a path.
    ///
    /// # Errors
    /// If the path goes through a list that no range around is walking.
    pub fn value<'s>(&'s self, scope: &'s Scope<'s>, path: &str) -> Result<&'s Value, String> {
        let mut at = scope;
        while !path.starts_with(at.prefix) {
            at = at.outer.ok_or_else(|| format!("{path} is out of scope"))?;
        }
        let rest = &path[at.prefix.len()..];
        if rest.contains(['[', '{', '@']) {
            return Err(format!("{path} is used outside the range of its list"));
        }
        Ok(rest
            .split('.')
            .skip(1)
            .fold(at.value, |value, key| value.get(key).unwrap_or(&NULL)))
    }

    fn key<'s>(scope: &'s Scope<'s>, path: &str) -> Result<&'s str, String> {
        let mut at = Some(scope);
        while let Some(scope) = at {
            if scope.prefix == path {
                return Ok(scope.key);
            }
            at = scope.outer;
        }
        Err(format!(
            "the key of {path} is used outside the range of its map"
        ))
    }

    /// Whether a condition holds.
    ///
    /// # Errors
    /// If a value is out of scope or no variant of its enum.
    pub fn holds(&self, scope: &Scope, cond: &Cond) -> Result<bool, String> {
        Ok(match cond {
            Cond::True => true,
            Cond::False => false,
            Cond::Not(cond) => !self.holds(scope, cond)?,
            Cond::And(all) => {
                for cond in all {
                    if !self.holds(scope, cond)? {
                        return Ok(false);
                    }
                }
                true
            }
            Cond::Or(any) => {
                for cond in any {
                    if self.holds(scope, cond)? {
                        return Ok(true);
                    }
                }
                false
            }
            Cond::Is(choice, variants) => {
                variants.contains(&self.variant(scope, &self.choices[*choice])?)
            }
        })
    }

    fn variant(&self, scope: &Scope, choice: &Choice) -> Result<u8, String> {
        let value = self.value(scope, choice.value_path())?;
        Ok(match &choice.kind {
            Kind::Bool => u8::from(value == &Value::Bool(true)),
            Kind::Set => u8::from(!value.is_null()),
            Kind::NonEmpty => u8::from(match value {
                Value::Array(items) => !items.is_empty(),
                Value::Object(fields) => !fields.is_empty(),
                _ => false,
            }),
            Kind::Enum(names) => {
                let at = names.iter().position(|name| value.as_str() == Some(name));
                let at =
                    at.ok_or_else(|| format!("{}: {value} is none of {names:?}", choice.path))?;
                u8::try_from(at).expect("no enum has more than 255 variants")
            }
        })
    }

    /// The text of segments.
    ///
    /// # Errors
    /// What could not be evaluated.
    pub fn text(&self, scope: &Scope, segs: &[Seg]) -> Result<String, String> {
        let mut text = String::new();
        for seg in segs {
            match seg {
                Seg::Lit(literal) => text.push_str(literal),
                Seg::Int(path) => text.push_str(&self.value(scope, path)?.to_string()),
                Seg::Str(Source::Key(path)) => text.push_str(Self::key(scope, path)?),
                Seg::Str(Source::Call(call)) => {
                    text.push_str(&self.answers.answer(call, self, scope)?);
                }
                Seg::Str(Source::Value(path)) => {
                    let value = self.value(scope, path)?;
                    text.push_str(
                        value
                            .as_str()
                            .ok_or_else(|| format!("{path} is not a string: {value}"))?,
                    );
                }
            }
        }
        Ok(text)
    }

    fn scalar(&self, scope: &Scope, scalar: &Scalar) -> Result<Value, String> {
        Ok(match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(is) => json!(is),
            Scalar::Num(number) => Value::Number(number.clone()),
            Scalar::Int(path) => self.value(scope, path)?.clone(),
            Scalar::Str(segs) => Value::String(self.text(scope, segs)?),
        })
    }

    /// What a part of the tree comes to.
    ///
    /// # Errors
    /// What could not be evaluated.
    pub fn node(&self, scope: &Scope, node: &Node) -> Result<Value, String> {
        Ok(match node {
            Node::Leaf(scalar) => self.scalar(scope, scalar)?,
            Node::Whole(path) => self.value(scope, path)?.clone(),
            Node::If(cond, then, other) => self.node(
                scope,
                if self.holds(scope, cond)? {
                    then
                } else {
                    other
                },
            )?,
            Node::Map(entries) => {
                let mut map = Map::new();
                self.entries(scope, entries, &mut |key, value| {
                    if let Some(Value::String(key)) = key {
                        map.insert(key, value);
                    }
                })?;
                Value::Object(map)
            }
            Node::Seq(entries) => {
                let mut items = Vec::new();
                self.entries(scope, entries, &mut |_, value| items.push(value))?;
                Value::Array(items)
            }
            Node::Text(entries) => {
                let mut lines = Vec::new();
                self.entries(scope, entries, &mut |_, line| {
                    lines.push(line.as_str().unwrap_or_default().to_owned());
                })?;
                Value::String(lines.join("\n"))
            }
            Node::Range(path, _) => {
                return Err(format!("a range over {path} stands outside a container"));
            }
        })
    }

    fn entries(
        &self,
        scope: &Scope,
        entries: &[Entry],
        put: &mut dyn FnMut(Option<Value>, Value),
    ) -> Result<(), String> {
        for entry in entries {
            if !self.holds(scope, &entry.guard)? {
                continue;
            }
            match &entry.node {
                Node::Range(path, body) => self.range(scope, path, body, put)?,
                Node::Whole(path) if entry.key.is_none() => match self.value(scope, path)? {
                    Value::Array(items) => items.iter().for_each(|item| put(None, item.clone())),
                    value => put(None, value.clone()),
                },
                node => {
                    let key = entry
                        .key
                        .as_ref()
                        .map(|key| self.scalar(scope, key))
                        .transpose()?;
                    put(key, self.node(scope, node)?);
                }
            }
        }
        Ok(())
    }

    fn range(
        &self,
        scope: &Scope,
        path: &str,
        body: &[Entry],
        put: &mut dyn FnMut(Option<Value>, Value),
    ) -> Result<(), String> {
        let item_path = format!("{path}[0]");
        let entry_path = format!("{path}{{0}}");
        if ordinals_path(path).is_some() {
            for ordinal in self.answers.ordinals(path, self, scope)? {
                let value = Value::String(ordinal);
                self.entries(
                    &Scope {
                        outer: Some(scope),
                        prefix: &item_path,
                        key: "",
                        value: &value,
                    },
                    body,
                    put,
                )?;
            }
            return Ok(());
        }
        match self.value(scope, path)? {
            Value::Array(items) => {
                for value in items {
                    self.entries(
                        &Scope {
                            outer: Some(scope),
                            prefix: &item_path,
                            key: "",
                            value,
                        },
                        body,
                        put,
                    )?;
                }
            }
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.entries(
                        &Scope {
                            outer: Some(scope),
                            prefix: &entry_path,
                            key,
                            value,
                        },
                        body,
                        put,
                    )?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What the object told by `Kind/name` holds as its data.
    fn data(&self, object: &str) -> Result<std::collections::BTreeMap<String, String>, String> {
        let scope = self.root();
        for entry in self.objects {
            let Some((kind, name)) = identity(&entry.node) else {
                continue;
            };
            if self
                .text(&scope, name)
                .is_ok_and(|name| format!("{kind}/{name}") == object)
            {
                let data = ["data", "stringData"]
                    .iter()
                    .find_map(|key| entry.node.get(key))
                    .ok_or_else(|| format!("{object} has no data"))?;
                return serde_json::from_value(self.node(&scope, &data.node)?)
                    .map_err(|why| format!("{object}: {why}"));
            }
        }
        Err(format!(
            "the checksum of {object} is asked for, but it is no object of this component"
        ))
    }

    fn job_template(&self) -> Result<PodTemplateSpec, String> {
        let template = self
            .objects
            .iter()
            .find_map(|entry| job_template(&entry.node));
        let template =
            template.ok_or("the suffix of a Job's name is asked for, but there is no Job")?;
        serde_json::from_value(self.node(&self.root(), template)?)
            .map_err(|why| format!("the pod template of the Job: {why}"))
    }
}

/// The pod template of an object of the tree, if that is a Job.
#[must_use]
pub fn job_template(object: &Node) -> Option<&Node> {
    let (kind, _) = identity(object)?;
    let template = object.get("spec")?.node.get("template")?;
    (kind == "Job").then_some(&template.node)
}

/// The kind and the name of an object of the tree; where the user may choose the name, the one
/// that it has otherwise.
#[must_use]
pub fn identity(object: &Node) -> Option<(&str, &[Seg])> {
    let Node::Leaf(kind) = &object.get("kind")?.node else {
        return None;
    };
    let mut name = &object.get("metadata")?.node.get("name")?.node;
    while let Node::If(_, _, otherwise) = name {
        name = otherwise;
    }
    match name {
        Node::Leaf(Scalar::Str(name)) => Some((kind.literal()?, name)),
        _ => None,
    }
}

/// Answers as a release does.
pub struct ReleaseAnswers<'a> {
    release: &'a Release,
    /// What is asked again and again, and depends on no range: names and checksums.
    known: RefCell<FxHashMap<Intrinsic, String>>,
}

impl<'a> ReleaseAnswers<'a> {
    /// Answers for one document of values.
    #[must_use]
    pub fn new(release: &'a Release) -> Self {
        Self {
            release,
            known: RefCell::default(),
        }
    }

    fn ask(
        &self,
        intrinsic: &Intrinsic,
        evaluation: &Evaluation,
        scope: &Scope,
    ) -> Result<String, String> {
        let release = self.release;
        Ok(match intrinsic {
            Intrinsic::ReleaseName => release.release_name(),
            Intrinsic::Namespace => release.namespace(),
            Intrinsic::ChartLabel(component) => release.chart_label(component),
            Intrinsic::AppVersion(component) => release.app_version(component),
            Intrinsic::Fullname(component) => {
                let overrides = evaluation
                    .values
                    .pointer("/global/fullnameOverrides")
                    .cloned()
                    .unwrap_or(json!({}));
                release.fullname(
                    component,
                    &serde_json::from_value(overrides).map_err(|why| why.to_string())?,
                )
            }
            Intrinsic::Image { component, path } => {
                let image: Image = serde_json::from_value(evaluation.value(scope, path)?.clone())
                    .map_err(|why| format!("{path}: {why}"))?;
                let registry = evaluation
                    .values
                    .pointer("/global/imageRegistry")
                    .and_then(Value::as_str);
                release.image(component, registry, &image)
            }
            Intrinsic::Checksum(object) => {
                let object = evaluation.text(scope, object)?;
                release.checksum(&object, &evaluation.data(&object)?)
            }
            Intrinsic::JobSuffix => release.job_suffix(&evaluation.job_template()?),
            Intrinsic::Sha256(text) => release.sha256(&evaluation.text(scope, text)?),
            Intrinsic::ShortSha256(text) => release.short_sha256(&evaluation.text(scope, text)?),
            Intrinsic::Join { path, separator } => {
                let items: Vec<String> =
                    serde_json::from_value(evaluation.value(scope, path)?.clone())
                        .map_err(|why| format!("{path}: {why}"))?;
                release.join(&items, separator)
            }
            Intrinsic::Credential { secret, key, value } => {
                let generate = evaluation.values.pointer("/global/secrets/generate")
                    != Some(&Value::Bool(false));
                release.credential(
                    &evaluation.text(scope, secret)?,
                    &evaluation.text(scope, key)?,
                    None,
                    generate,
                    value,
                )
            }
        })
    }
}

impl Answer for ReleaseAnswers<'_> {
    fn answer(
        &self,
        intrinsic: &Intrinsic,
        evaluation: &Evaluation,
        scope: &Scope,
    ) -> Result<String, String> {
        let is_constant = matches!(
            intrinsic,
            Intrinsic::ReleaseName
                | Intrinsic::Namespace
                | Intrinsic::ChartLabel(_)
                | Intrinsic::AppVersion(_)
                | Intrinsic::Fullname(_)
                | Intrinsic::Checksum(_)
        );
        if let Some(known) = self.known.borrow().get(intrinsic) {
            return Ok(known.clone());
        }
        let answer = self.ask(intrinsic, evaluation, scope)?;
        if is_constant {
            self.known
                .borrow_mut()
                .insert(intrinsic.clone(), answer.clone());
        }
        Ok(answer)
    }

    fn ordinals(
        &self,
        path: &str,
        evaluation: &Evaluation,
        scope: &Scope,
    ) -> Result<Vec<String>, String> {
        let count = ordinals_path(path).ok_or("not a list of ordinals")?;
        let replicas = evaluation
            .value(scope, count)?
            .as_i64()
            .and_then(|count| i32::try_from(count).ok());
        Ok(self
            .release
            .ordinals(replicas.ok_or_else(|| format!("{count} is not a number of replicas"))?))
    }
}
