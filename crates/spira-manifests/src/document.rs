//! Values as documents: files, `--set`, defaults, and how Helm puts them together.
//!
//! The rules are Helm's own, of 4.3 and 3.22 alike, so that `spira-chart-gen render` and
//! `helm template` read the same files as the same values:
//! [`yaml`] reads a file, [`strvals`] reads `--set`, [`coalesce`] merges both over the defaults
//! of the umbrella chart and its subcharts. [`load`] does it all and checks the outcome.

pub mod coalesce;
pub mod error;
mod explain;
mod number;
pub mod strvals;
pub mod yaml;

use std::{fs, io::Read, path::PathBuf, sync::LazyLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use self::{coalesce::Chart, explain::problems};
pub use self::{
    error::{Problem, ValuesError},
    explain::nearest,
};
use crate::{
    Component, Context, Global, Intrinsics, Object, Values, components, contradictions,
    renamed::{self, Renamed},
    schema,
};

/// The name of the umbrella chart.
pub const UMBRELLA: &str = "spira";

/// Where values come from beside the defaults, later ones before earlier ones; files, then
/// `set`, then `set_string`, as in Helm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Values files (`-f`), `-` for standard input.
    pub files: Vec<PathBuf>,
    /// Texts such as `a.b=c,d[0]=e` (`--set`).
    pub set: Vec<String>,
    /// The same, but every value is text (`--set-string`).
    pub set_string: Vec<String>,
}

impl Sources {
    /// What the user wrote, merged, without the defaults.
    ///
    /// # Errors
    /// If a file cannot be read or is not YAML, or a text is not what `--set` takes.
    pub fn read(&self) -> Result<Map<String, Value>, ValuesError> {
        let mut document = Map::new();
        for path in &self.files {
            let text = read_file(path).map_err(|source| ValuesError::Read {
                path: path.clone(),
                source,
            })?;
            let values = yaml::parse(&text).map_err(|source| ValuesError::Yaml {
                path: path.clone(),
                source,
            })?;
            coalesce::overlay(&mut document, values);
        }
        for (texts, typed) in [(&self.set, true), (&self.set_string, false)] {
            for text in texts {
                strvals::set(&mut document, text, typed).map_err(|source| ValuesError::Set {
                    text: text.clone(),
                    source,
                })?;
            }
        }
        Ok(document)
    }
}

fn read_file(path: &PathBuf) -> std::io::Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(path)
}

/// Values that were read, merged as Helm merges them, and found right.
pub struct Loaded {
    /// The values. The section of a component that is not enabled holds its defaults, since Helm
    /// does not look into it.
    pub values: Values,
    /// The merged document, as the umbrella chart's templates see it.
    pub document: Value,
    /// The sections of the components that are enabled, as their subcharts see them.
    pub sections: Vec<Section>,
    /// What sections say that contradicts others; each is right by itself.
    pub contradictions: Vec<Problem>,
    /// Values that stand under an old name; they are not in `values`.
    pub renamed: Vec<Renamed>,
}

/// The values of a component that is enabled, as its subchart sees them.
pub struct Section {
    /// The component.
    pub component: Component,
    /// `global` as this subchart sees it: a user may set `<component>.global`, which Helm lays
    /// under the common `global`.
    pub global: Global,
    /// The component's own values.
    pub values: Value,
}

impl Section {
    /// The objects of the component.
    ///
    /// # Errors
    /// Never for a section of [`Loaded`]: its values have been read before.
    pub fn objects(&self, intrinsics: &dyn Intrinsics) -> Result<Vec<Object>, serde_json::Error> {
        let context = Context::new(intrinsics, &self.global, self.component.name);
        (self.component.build)(&context, &self.values)
    }
}

impl Loaded {
    /// The objects of every component that is enabled, in the order of the list of components.
    /// [`crate::refusal::check`] says whether they can be installed.
    ///
    /// # Errors
    /// Never for what [`load`] gave: its values have been read before.
    pub fn objects(&self, intrinsics: &dyn Intrinsics) -> Result<Vec<Object>, serde_json::Error> {
        let mut objects = Vec::new();
        for section in &self.sections {
            objects.extend(section.objects(intrinsics)?);
        }
        Ok(objects)
    }
}

impl Values {
    /// Reads values from a document in YAML that holds what shall differ from the defaults.
    ///
    /// # Errors
    /// If the text is not YAML, or names values that are unknown, wrong, or contradict each other: all
    /// of them are listed.
    ///
    /// ```
    /// use spira_manifests::Values;
    ///
    /// let values = Values::from_yaml("nats: { replicas: 5 }")?;
    /// assert!(values.nats.enabled);
    /// let error = Values::from_yaml("nats: { replica: 5 }").unwrap_err();
    /// assert!(error.to_string().contains("did you mean `replicas`?"));
    /// # Ok::<(), spira_manifests::document::ValuesError>(())
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self, ValuesError> {
        let document = yaml::parse(text).map_err(|source| ValuesError::Yaml {
            path: PathBuf::from("<text>"),
            source,
        })?;
        let loaded = from_document(document)?;
        let renamed = loaded.renamed.iter().map(|one| Problem {
            path: one.old.to_owned(),
            value: String::new(),
            message: format!("is now {}", one.new),
        });
        let problems: Vec<_> = renamed.chain(loaded.contradictions).collect();
        if problems.is_empty() {
            Ok(loaded.values)
        } else {
            Err(ValuesError::Invalid(Vec::new(), problems))
        }
    }
}

/// Reads what the user wrote and merges it over the defaults.
///
/// # Errors
/// If a source cannot be read, or values are unknown or wrong.
pub fn load(sources: &Sources) -> Result<Loaded, ValuesError> {
    from_document(sources.read()?)
}

/// Merges a user's document over the defaults and checks the outcome as Helm does: the umbrella's
/// values, and the section of every component that is enabled.
///
/// Values that are right each by itself, and contradict each other, are no error here:
/// [`Loaded::contradictions`] holds them, and [`crate::refusal`] names them beside all else that speaks
/// against installing.
///
/// # Errors
/// If values are unknown or wrong: all of them are listed, with the contradictions.
pub fn from_document(document: Map<String, Value>) -> Result<Loaded, ValuesError> {
    let merged = coalesce::release(&CHART, document)?;
    let mut found = problems(&UMBRELLA_RULE.0, &UMBRELLA_RULE.1, &merged.values, "");
    let mut sections = Vec::new();
    for rule in RULES.iter() {
        if !merged.enabled.contains(rule.component.name) {
            continue;
        }
        let section = &merged.values[rule.component.name];
        for problem in problems(&rule.schema, &rule.validator, section, rule.component.name) {
            let own = problem
                .path
                .strip_prefix(rule.component.name)
                .and_then(|p| p.strip_prefix('.'));
            // The umbrella has said what is wrong with `global` already.
            if !found
                .iter()
                .any(|p| Some(p.path.as_str()) == own && p.message == problem.message)
            {
                found.push(problem);
            }
        }
        let mut section = section.clone();
        if let Some(section) = section.as_object_mut() {
            renamed::strip(rule.component.name, section);
        }
        sections.push((rule.component, section));
    }
    let contradictions = contradictions::found(&merged.values);
    if found.is_empty() {
        let renamed = renamed::found(&merged.values);
        Ok(Loaded {
            contradictions,
            renamed,
            ..read(merged.values, sections)?
        })
    } else {
        Err(ValuesError::Invalid(found, contradictions))
    }
}

fn read(document: Value, sections: Vec<(Component, Value)>) -> Result<Loaded, ValuesError> {
    let unread = |path: &str| {
        let path = path.to_owned();
        move |source| ValuesError::Unread { path, source }
    };
    let mut whole = Map::from_iter([("global".to_owned(), document["global"].clone())]);
    whole.extend(DISABLED.clone());
    let mut enabled = Vec::new();
    for (component, mut values) in sections {
        let global = values
            .as_object_mut()
            .and_then(|section| section.remove("global"))
            .unwrap_or_default();
        whole.insert(component.name.into(), values.clone());
        let global = serde_json::from_value(global)
            .map_err(unread(&format!("{}.global", component.name)))?;
        enabled.push(Section {
            component,
            global,
            values,
        });
    }
    Ok(Loaded {
        values: serde_json::from_value(Value::Object(whole)).map_err(unread("values"))?,
        document,
        sections: enabled,
        contradictions: Vec::new(),
        renamed: Vec::new(),
    })
}

/// The sections of components that are not enabled. Like the chart and the rules, they are the same
/// for every document.
static DISABLED: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let disabled = |component: Component| {
        let mut section = (component.defaults)();
        section["enabled"] = json!(false);
        (component.name.to_owned(), section)
    };
    components::all().into_iter().map(disabled).collect()
});

static CHART: LazyLock<Chart> = LazyLock::new(chart);

struct Rule {
    component: Component,
    schema: Value,
    validator: Validator,
}

static UMBRELLA_RULE: LazyLock<(Value, Validator)> = LazyLock::new(|| {
    let schema = schema::umbrella();
    let validator = validator(&schema);
    (schema, validator)
});

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rule = |component: Component| {
        let schema = renamed::admit(component.name, schema::strict(&component));
        let validator = validator(&schema);
        Rule {
            component,
            schema,
            validator,
        }
    };
    components::all().into_iter().map(rule).collect()
});

/// A validator whose patterns mean what they mean to Helm: no look-around, linear time.
fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options()
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(schema)
        .expect("the schema is made of the types alone, and a test compiles it")
}

/// The default values of the whole of SPIRA, unset options left out: what the umbrella chart's
/// `values.yaml` holds.
#[must_use]
pub fn defaults() -> Value {
    let mut document = Map::from_iter([("global".to_owned(), default_global())]);
    for component in components::all() {
        document.insert(component.name.into(), default_section(&component));
    }
    Value::Object(document)
}

/// The default values of one component, unset options left out, without `global`.
#[must_use]
pub fn default_section(component: &Component) -> Value {
    without_nulls((component.defaults)())
}

/// The default `global`, unset options left out.
///
/// # Panics
/// Never: the types of values serialise to JSON.
#[must_use]
pub fn default_global() -> Value {
    without_nulls(serde_json::to_value(Global::default()).expect("values serialise to JSON"))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        scalar => scalar,
    }
}

/// The umbrella chart and its subcharts, with the defaults that their `values.yaml` hold.
#[must_use]
pub fn chart() -> Chart {
    Chart {
        name: UMBRELLA.into(),
        values: defaults(),
        dependencies: components::all()
            .iter()
            .map(|component| {
                let mut values = default_section(component);
                values["global"] = default_global();
                Chart {
                    name: component.name.into(),
                    values,
                    dependencies: Vec::new(),
                }
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
