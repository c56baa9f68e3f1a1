//! The files of the charts: the umbrella `spira` and a subchart for each component.
//!
//! Defaults stand in two places, so that a subchart installs alone and the umbrella's `values.yaml`
//! documents everything. Both are written from one `Default`, and a user's `null` needs both: Helm
//! keeps it while it merges the umbrella's defaults, and removes the key when it meets the default
//! of the subchart.

mod hub;
mod preflight;
mod validate;

use std::{
    panic::resume_unwind,
    thread::{self, ScopedJoinHandle},
};

use serde_json::{Value, json};
use spira_manifests::{
    Component, components,
    document::{UMBRELLA, default_global, default_section},
    schema::{strict, umbrella},
};
use tera::{Context, Delimiters, Tera};

use crate::{
    Refusal,
    compile::{self, Compiled, Options},
    docs::{self, Field},
    emit::File,
    schema,
};

/// The longest name that a component's objects start with, as `Release` has it.
const MAX_FULLNAME: usize = 52;

/// The schema for editors, which Helm does not take into a package.
const EDITOR_SCHEMA: &str = "editor.schema.json";

const TEMPLATES: [(&str, &str); 8] = [
    ("Chart.yaml", include_str!("../templates/Chart.yaml.tera")),
    ("helmignore", include_str!("../templates/helmignore.tera")),
    ("README.md", include_str!("../templates/README.md.tera")),
    ("NOTES.txt", include_str!("../templates/NOTES.txt.tera")),
    (
        "_helpers.tpl",
        include_str!("../templates/umbrella_helpers.tpl.tera"),
    ),
    (
        "_preflight.tpl",
        include_str!("../templates/preflight.tpl.tera"),
    ),
    (
        "_validate.tpl",
        include_str!("../templates/validate.tpl.tera"),
    ),
    (
        "validate.yaml",
        include_str!("../templates/validate.yaml.tera"),
    ),
];

/// Why the charts' files were not made.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// A component cannot be compiled.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A template of a file is wrong.
    #[error("{0}")]
    Template(#[from] tera::Error),
}

/// The charts, file by file.
#[derive(Clone, Debug)]
pub struct Charts {
    /// All files, with paths below the folder of charts, such as `spira/Chart.yaml`.
    pub files: Vec<File>,
    /// How many documents the proofs compared.
    pub cases: usize,
}

/// Makes all files of all charts; `tell` hears which component is at work.
///
/// # Errors
/// If a component cannot be compiled or differs from its templates.
pub fn generate(options: &Options, tell: &dyn Fn(&str)) -> Result<Charts, ChartError> {
    let maker = Maker::new()?;
    let mut files = maker.umbrella()?;
    let mut cases = 0;
    let all = components::all();
    // Components know nothing of each other, so each is compiled on a thread of its own.
    let compiled: Vec<Result<Compiled, Refusal>> = thread::scope(|scope| {
        let start = |component: &Component| {
            tell(component.name);
            let component = *component;
            scope.spawn(move || compile::component(&component, options))
        };
        let threads: Vec<_> = all.iter().map(start).collect();
        let join = |thread: ScopedJoinHandle<_>| {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    });
    let (mut needs, mut places) = (Vec::new(), Vec::new());
    for (component, compiled) in all.iter().zip(compiled) {
        let compiled = compiled?;
        cases += compiled.cases;
        places.push((component.name, compiled.templates.places.clone()));
        let own = compiled.templates.needs.iter();
        needs.extend(own.map(|need| (component.name, need.clone())));
        files.extend(maker.subchart(component, compiled)?);
    }
    let preflight = preflight::context(&needs);
    let validate = validate::context();
    for (name, context) in [
        ("_preflight.tpl", &preflight),
        ("_validate.tpl", &validate),
        ("validate.yaml", &validate),
    ] {
        files.push(maker.file(format!("{UMBRELLA}/templates/{name}"), name, context)?);
    }
    files.extend(validate::files(&places));
    files.sort();
    Ok(Charts { files, cases })
}

/// The documentation of `global`.
///
/// # Panics
/// Never: the umbrella's schema has `global`.
#[must_use]
pub fn global_field() -> Field {
    let schema = umbrella();
    let defaults = json!({ "global": default_global() });
    docs::fields(&schema, &defaults, &docs::order())
        .into_iter()
        .find(|field| field.key == "global")
        .expect("the umbrella's schema has `global`")
}

/// The documentation of a component's values, without `global`.
#[must_use]
pub fn component_fields(component: &Component) -> Vec<Field> {
    let mut fields = docs::fields(
        &strict(component),
        &default_section(component),
        &docs::order()[component.name],
    );
    fields.retain(|field| field.key != "global");
    fields
}

struct Maker(Tera);

impl Maker {
    fn new() -> Result<Self, ChartError> {
        let mut tera = Tera::default();
        // Helm's own braces stay as they are.
        tera.set_delimiters(Delimiters {
            block_start: "<%".into(),
            block_end: "%>".into(),
            variable_start: "<<".into(),
            variable_end: ">>".into(),
            comment_start: "<#".into(),
            comment_end: "#>".into(),
        })?;
        tera.autoescape_on(Vec::<&str>::new());
        tera.add_raw_templates(TEMPLATES)?;
        Ok(Self(tera))
    }

    fn file(&self, path: String, template: &str, context: &Value) -> Result<File, ChartError> {
        let text = self
            .0
            .render(template, &Context::from_serialize(context)?)?;
        Ok(File {
            path,
            text: format!("{}\n", text.trim_end()),
        })
    }

    fn umbrella(&self) -> Result<Vec<File>, ChartError> {
        let all = components::all();
        let names: Vec<_> = all.iter().map(|component| component.name).collect();
        let description = "SPIRA, which tells respiratory insufficiency from recorded speech";
        let app_version = all
            .iter()
            .find(|component| component.name == "api-server")
            .map_or(env!("CARGO_PKG_VERSION"), |component| component.app_version);
        let mut sections = vec![section("global", &global_field().doc, None, &global_rows())];
        for component in &all {
            sections.push(section(
                component.name,
                component.description,
                Some(component.app_version),
                &rows(&component_fields(component), component.name),
            ));
        }
        let mut chart = chart_context(UMBRELLA, description, app_version, &names);
        chart["hub"] = hub::context();
        let readme = json!({
            "name": UMBRELLA, "description": sentence(description),
            "dependencies": names, "sections": sections,
        });
        let at = |name: &str| format!("{UMBRELLA}/{name}");
        Ok(vec![
            self.file(at("Chart.yaml"), "Chart.yaml", &chart)?,
            self.file(at(".helmignore"), "helmignore", &json!({}))?,
            self.file(at("README.md"), "README.md", &readme)?,
            self.file(
                at("templates/NOTES.txt"),
                "NOTES.txt",
                &json!({ "parts": names }),
            )?,
            self.file(
                at("templates/_helpers.tpl"),
                "_helpers.tpl",
                // A dash stands between the release's part and the component.
                &json!({ "room": MAX_FULLNAME - 1 }),
            )?,
            File {
                path: at("values.yaml"),
                text: umbrella_values(&all),
            },
            File {
                path: at("values.schema.json"),
                text: schema::of_umbrella(),
            },
            File {
                path: at(EDITOR_SCHEMA),
                text: schema::for_editors(),
            },
        ])
    }

    fn subchart(&self, component: &Component, compiled: Compiled) -> Result<Vec<File>, ChartError> {
        let at = |name: &str| format!("{UMBRELLA}/charts/{}/{name}", component.name);
        let fields = component_fields(component);
        let own = section(
            component.name,
            component.description,
            None,
            &rows(&fields, ""),
        );
        let common = section("global", &global_field().doc, None, &global_rows());
        let chart = chart_context(
            component.name,
            component.description,
            component.app_version,
            &[],
        );
        let readme = json!({
            "name": component.name, "description": sentence(component.description),
            "dependencies": [], "sections": [own, common],
        });
        let mut all = fields;
        all.insert(0, global_field());
        let mut files = vec![
            self.file(at("Chart.yaml"), "Chart.yaml", &chart)?,
            self.file(at(".helmignore"), "helmignore", &json!({}))?,
            self.file(at("README.md"), "README.md", &readme)?,
            File {
                path: at("values.yaml"),
                text: format!("{HEAD}\n{}", docs::values_yaml(&all)),
            },
            File {
                path: at("values.schema.json"),
                text: schema::of_component(component),
            },
        ];
        files.extend(compiled.templates.files.into_iter().map(|file| File {
            path: at(&file.path),
            text: file.text,
        }));
        Ok(files)
    }
}

const HEAD: &str =
    "# Generated by spira-chart-gen from the types of spira-manifests; do not edit.\n";

/// The umbrella's `values.yaml`: `global` and a section a component.
fn umbrella_values(all: &[Component]) -> String {
    let section = |component: &Component| Field {
        key: component.name.to_owned(),
        path: component.name.to_owned(),
        doc: sentence(component.description),
        kind: "object".to_owned(),
        rule: String::new(),
        default: Some(default_section(component)),
        example: Value::Null,
        fields: component_fields(component),
    };
    let mut fields = vec![global_field()];
    fields.extend(all.iter().map(section));
    format!("{HEAD}\n{}", docs::values_yaml(&fields))
}

fn chart_context(name: &str, description: &str, app_version: &str, dependencies: &[&str]) -> Value {
    json!({
        "name": name,
        "description": quoted(description),
        "version": env!("CARGO_PKG_VERSION"),
        "app_version": quoted(app_version),
        "repository": env!("CARGO_PKG_REPOSITORY"),
        "icon": concat!(env!("CARGO_PKG_REPOSITORY"), "/raw/main/docs/icon.svg"),
        "keywords": ["spira", "speech", "respiratory-insufficiency", "machine-learning"],
        "dependencies": dependencies,
        "hub": null,
    })
}

fn quoted(text: &str) -> String {
    json!(text).to_string()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

fn section(name: &str, doc: &str, version: Option<&str>, rows: &[Value]) -> Value {
    let paragraphs = doc.split("\n\n").map(one_line).collect::<Vec<_>>();
    let description = sentence(&paragraphs.join("\n\n"));
    json!({ "name": name, "description": description, "version": version, "rows": rows })
}

fn global_rows() -> Vec<Value> {
    rows(&global_field().fields, "global")
}

/// The rows of a table of values: one for each field that is no struct.
fn rows(fields: &[Field], prefix: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    docs::each(fields, &mut |field| {
        if !field.fields.is_empty() && field.default.is_some() {
            return;
        }
        // The paths of `global`'s fields name it themselves.
        let key = match prefix {
            "" | "global" => field.path.clone(),
            prefix => format!("{prefix}.{}", field.path),
        };
        let default = field.default.as_ref().map_or_else(String::new, |value| {
            let text = value.to_string();
            format!("`{}`", text.replace('|', r"\|"))
        });
        let doc = one_line(&field.doc);
        rows.push(json!({
            "key": key, "kind": field.kind, "default": default, "doc": doc.replace('|', r"\|"),
        }));
    });
    rows
}

#[cfg(test)]
mod tests;
