//! Where things are, and one case, as the library renders it and as Helm is asked for it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Once;

use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};
use spira_chart_gen::render::{self, RenderError};
use spira_manifests::document::{Problem, ValuesError};
use spira_manifests::{Object, Release, document};
use xtask::{oracle, project};

use crate::compare::GENERATED;

/// The umbrella chart.
pub fn chart() -> PathBuf {
    project::root().join("charts/spira")
}

/// The umbrella chart and every subchart.
pub fn charts() -> Vec<PathBuf> {
    let mut charts = vec![chart()];
    charts.extend(files(&chart().join("charts")));
    charts
}

/// The values files that ship as examples.
pub fn examples() -> Vec<PathBuf> {
    let examples = files(&project::root().join("examples/values"));
    assert!(!examples.is_empty(), "examples/values is empty");
    examples
}

/// What is in a directory, sorted.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    paths
}

/// A key of a live Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    pub secret: String,
    pub key: String,
    pub value: String,
}

impl Live {
    /// The Secret as an API server returns it.
    pub fn object(&self, namespace: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": self.secret, "namespace": namespace},
            "data": {&self.key: ByteString(self.value.clone().into_bytes())},
        })
    }
}

/// What a user asks for.
#[derive(Clone, Debug)]
pub struct Case {
    pub release: String,
    pub namespace: String,
    /// The text of the values file.
    pub values: String,
    /// `--set`.
    pub set: Vec<String>,
    pub live: Vec<Live>,
    /// `--api-versions`.
    pub served: Vec<String>,
    /// What else the cluster has.
    pub objects: Vec<Value>,
}

impl Case {
    /// A case with these values.
    pub fn new(values: impl Into<String>) -> Self {
        Self {
            release: "spira".into(),
            namespace: "voices".into(),
            values: values.into(),
            set: Vec::new(),
            live: Vec::new(),
            served: Vec::new(),
            objects: Vec::new(),
        }
    }

    /// As the library renders it. A panic of it is an answer too: one that never agrees with Helm's.
    pub fn library(&self) -> Result<Vec<Value>, String> {
        let objects = self.outcome().map_err(|refusal| refusal.to_string())?;
        Ok(objects.into_iter().map(Object::into_json).collect())
    }

    /// As the library renders it, or why not.
    pub fn outcome(&self) -> Outcome {
        let objects = quietly(|| self.rendered())?;
        Ok(objects.into_iter().map(|(_, object)| object).collect())
    }

    /// As the library renders it, as YAML.
    pub fn manifests(&self) -> Result<String, String> {
        let rendered = self.rendered().map_err(|refusal| refusal.to_string())?;
        Ok(render::manifests(&rendered))
    }

    fn rendered(&self) -> Result<Vec<(&'static str, Object)>, Refusal> {
        let loaded = document::from_document(self.document()?)?;
        let mut release = Release::new(&self.release, &self.namespace)
            .with_generated(|_, _| GENERATED.to_owned())
            .with_served(&self.served);
        for Live { secret, key, value } in &self.live {
            release = release.with_live_secret(secret, key, value);
        }
        for object in &self.objects {
            release = release.with_live_object(object.clone());
        }
        Ok(render::objects(&loaded, &release)?)
    }

    /// The live Secrets, each with all of its keys.
    fn live_secrets(&self) -> Vec<Value> {
        let mut secrets: BTreeMap<&str, Value> = BTreeMap::new();
        for live in &self.live {
            let object = live.object(&self.namespace);
            match secrets.entry(&live.secret) {
                Entry::Vacant(entry) => {
                    entry.insert(object);
                }
                Entry::Occupied(entry) => {
                    entry.into_mut()["data"][&live.key] = object["data"][&live.key].clone();
                }
            }
        }
        secrets.into_values().collect()
    }

    fn document(&self) -> Result<Map<String, Value>, Refusal> {
        let unreadable = |error: &dyn std::fmt::Display| Refusal::Unreadable(error.to_string());
        let mut document = document::yaml::parse(&self.values).map_err(|e| unreadable(&e))?;
        for text in &self.set {
            document::strvals::set(&mut document, text, true).map_err(|e| unreadable(&e))?;
        }
        Ok(document)
    }

    /// As Helm is asked for it.
    pub fn for_helm(&self) -> oracle::Case {
        oracle::Case {
            release: self.release.clone(),
            namespace: self.namespace.clone(),
            values_yaml: vec![self.values.clone()],
            set: self.set.clone(),
            secrets: [self.live_secrets(), self.objects.clone()].concat(),
            api_versions: self.served.clone(),
            ..oracle::Case::default()
        }
    }
}

/// What the library makes of a case.
pub type Outcome = Result<Vec<Object>, Refusal>;

/// Why the library refuses a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The values file, or a `--set`, cannot be read.
    Unreadable(String),
    /// These values are wrong; the text tells it to people.
    Values(Vec<Problem>, String),
    /// The values are right, but not for this release or cluster.
    Release(String),
    /// The library contradicts itself, or panics.
    Defect(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unreadable(text)
        | Self::Values(_, text)
        | Self::Release(text)
        | Self::Defect(text)) = self;
        f.write_str(text)
    }
}

impl From<ValuesError> for Refusal {
    fn from(error: ValuesError) -> Self {
        let text = error.to_string();
        match error {
            // Helm looks at contradictions only when all else is right.
            ValuesError::Invalid(wrong, _) => Self::Values(wrong, text),
            ValuesError::Merge(section) => {
                let problem = Problem {
                    path: section.path,
                    value: section.found,
                    message: "is not a map of values".to_owned(),
                };
                Self::Values(vec![problem], text)
            }
            ValuesError::Unread { .. } => Self::Defect(text),
            _ => Self::Unreadable(text),
        }
    }
}

impl From<RenderError> for Refusal {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Section { .. } => Self::Defect(error.to_string()),
            RenderError::Refused(_) => Self::Release(error.to_string()),
        }
    }
}

/// How an answer starts that is a panic.
const PANIC: &str = "panic: ";

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Makes a panic of the library an error, without its backtrace: shrinking meets it hundreds of times.
fn quietly<T>(run: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    result.unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or(payload.downcast_ref::<&str>().copied());
        let text = format!("{PANIC}{}", text.unwrap_or_default());
        Err(Refusal::Defect(text))
    })
}

/// The object of a kind and name.
pub fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let names: Vec<_> = objects
        .iter()
        .map(|o| format!("{}/{}", o["kind"], o["metadata"]["name"]))
        .collect();
    objects
        .iter()
        .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
        .unwrap_or_else(|| panic!("no {kind} {name} among {names:?}"))
}

#[test]
fn a_panic_of_the_library_is_a_defect() {
    let outcome = quietly::<()>(|| panic!("at the disco"));
    assert_eq!(outcome, Err(Refusal::Defect("panic: at the disco".into())));
}
