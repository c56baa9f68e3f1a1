//! Values as users write them: some keys of the whole, some of them null, some of them wrong.

use serde_json::{Map, Value, json};
use spira_chart_gen::prove::generate::Generator;
use spira_chart_gen::prove::shrink::places;
use spira_chart_gen::random::Rng;
use spira_chart_gen::trace::{Grammar, Shape};
use spira_manifests::cr::APIS;
use spira_manifests::document::{self, ValuesError};
use spira_manifests::preflight::KNOWN_BY;
use spira_manifests::{Component, components, schema};

use crate::compare::GENERATED;
use crate::mutate::mutate;
use crate::support::{Case, Live};

/// Names of releases that Helm takes: short and longest ones, with dots, with a dash where the name of an object is cut.
const RELEASES: [&str; 7] = [
    "spira",
    "x",
    "0.1",
    "with.dots.and-dashes",
    "a-very-long-release-name-that-helm-still-accepts-0123",
    "with.dots.and--dashes-at-the-cut-------------------z",
    "53.characters.with.dots.all.over.the.place.0123456789",
];
const NAMESPACES: [&str; 4] = [
    "voices",
    "default",
    "0",
    "a-namespace-with-a-name-of-sixty-three-characters-0123456789-012",
];
/// What a live Secret may hold: never what the chart would generate. The last one nobody can use.
const LIVE: [&str; 4] = ["live-secret_0123456789", "a", "true", "é: \"{{ x }}\"\n"];

/// Texts that are lost or changed where they are not quoted as YAML wants it.
const TEXTS: [&str; 22] = [
    "two\nlines",
    "\n  indented\nlines\n\n",
    "  \n blanks first",
    "ends in blanks  \n",
    "\ta tab",
    "\r\n",
    "\0",
    "\u{1b}[0m",
    "\u{7f}",
    "\u{85}      ",
    "\u{2028}      x",
    "\u{feff}bom",
    "\u{fffe}",
    "\u{1f600} é",
    "a long text of more than eighty characters, which a writer of YAML may want to break somewhere in the middle",
    "---",
    "--- # x",
    "...",
    "{{ fail \"x\" }}",
    "0b1",
    "1:30",
    "\"",
];

/// The grammars of all components' values, `global` among them.
pub struct Grammars(Vec<(Component, Grammar)>);

impl Grammars {
    /// Reads them from the components.
    pub fn new() -> Self {
        let grammar = |component: Component| {
            // The strict schema knows the words that fields of Kubernetes types may hold.
            let schema = schema::strict(&component);
            let grammar = Grammar::read(&schema).expect("the chart is generated from it");
            (component, grammar)
        };
        Self(components::all().into_iter().map(grammar).collect())
    }

    /// Draws cases.
    pub fn cases(&self, seed: u64) -> Cases<'_> {
        let sections = self.0.iter().map(|(component, grammar)| Section {
            name: component.name,
            grammar,
            generator: Generator::new(grammar, component.source),
        });
        Cases {
            sections: sections.collect(),
            rng: Rng::new(seed),
        }
    }
}

struct Section<'a> {
    name: &'static str,
    grammar: &'a Grammar,
    generator: Generator<'a>,
}

/// An endless supply of cases, the same for the same seed.
pub struct Cases<'a> {
    sections: Vec<Section<'a>>,
    rng: Rng,
}

impl Iterator for Cases<'_> {
    type Item = (Case, Value);

    /// A case, and its values as a document.
    fn next(&mut self) -> Option<Self::Item> {
        let mut document = self.document();
        // What only goes together is drawn apart; most cases must be right to show anything.
        if !self.rng.one_in(16) {
            mend(&mut document);
            fit(&mut document);
        }
        if self.rng.one_in(5) {
            spice(&mut document, &mut self.rng);
        }
        if self.rng.below(100) < 10 {
            mutate(&mut document, &mut self.rng);
        }
        let case = Case {
            release: (*self.rng.pick(&RELEASES)).to_owned(),
            namespace: (*self.rng.pick(&NAMESPACES)).to_owned(),
            ..Case::new(text(&document, self.rng.one_in(2)))
        };
        let live = self.live(&case);
        let served = self.served();
        let case = Case {
            live,
            served,
            ..case
        };
        Some((case, document))
    }
}

/// A document as a values file: as JSON, which is YAML too, or as people write it.
pub fn text(document: &Value, json: bool) -> String {
    if json {
        // Helm 3 reads YAML 1.1, to which these are line breaks unless they are escapes.
        return document
            .to_string()
            .replace('\u{85}', "\\u0085")
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029");
    }
    yaml_serde::to_string(document).expect("JSON has a form in YAML")
}

impl Cases<'_> {
    /// What the cluster serves; mostly nothing is known of it, and sometimes not all that is needed.
    fn served(&mut self) -> Vec<String> {
        if !self.rng.one_in(10) {
            return Vec::new();
        }
        let known = self.rng.below(100) < 85;
        let known = known.then(|| KNOWN_BY.to_owned());
        let mut more = APIS.iter().map(ToString::to_string).collect::<Vec<_>>();
        more.retain(|_| !self.rng.one_in(8));
        known.into_iter().chain(more).collect()
    }

    /// Values that are right, as far as leaving out and nulls let them be.
    fn document(&mut self) -> Value {
        let on = *self.rng.pick(&[85, 50, 20]);
        let mut pruner = Pruner {
            keep: *self.rng.pick(&[100, 60, 25, 8]),
            nulls: u64::from(self.rng.one_in(6)),
        };
        let mut document = Map::new();
        for at in 0..self.sections.len() {
            let rng = &mut self.rng;
            let Section {
                name,
                grammar,
                generator,
            } = &self.sections[at];
            let mut drawn = if rng.one_in(3) {
                let step = usize::try_from(rng.below(1 << 20)).expect("small");
                generator.literal(step, rng, on)
            } else {
                generator.random(rng, on)
            };
            drawn["enabled"] = json!(rng.below(100) < 85);
            complete_extra_objects(&mut drawn, name, rng);
            let mut drawn = pruner.prune(&grammar.root, drawn, rng);
            // The sections' own `global` goes below the common one: rarely written, but allowed.
            let global = drawn
                .as_object_mut()
                .and_then(|section| section.remove("global"));
            if let Some(global) = global {
                if at == 0 {
                    document.insert("global".to_owned(), global);
                } else if rng.one_in(8) {
                    drawn["global"] = global;
                }
            }
            if pruner.keep == 100 || !rng.one_in(6) {
                document.insert((*name).to_owned(), drawn);
            }
        }
        Value::Object(document)
    }

    /// Rarely a value with a line break, since both sides refuse all of such a case.
    fn live_value(&mut self) -> String {
        let usable = if self.rng.one_in(50) { 4 } else { 3 };
        (*self.rng.pick(&LIVE[..usable])).to_owned()
    }

    /// Live Secrets under some of the names under which the case makes Secrets.
    fn live(&mut self, case: &Case) -> Vec<Live> {
        if !self.rng.one_in(3) {
            return Vec::new();
        }
        let mut live = Vec::new();
        for object in case.library().unwrap_or_default() {
            for (key, value) in object["stringData"].as_object().into_iter().flatten() {
                // One that is given in the values goes before the live one: that is tried too.
                if *value == GENERATED || self.rng.one_in(2) {
                    live.push(Live {
                        secret: object["metadata"]["name"]
                            .as_str()
                            .unwrap_or_default()
                            .to_owned(),
                        key: key.clone(),
                        value: self.live_value(),
                    });
                }
            }
        }
        live
    }
}

/// Removes what a schema refuses because something else is, or is not, beside it.
fn mend(document: &mut Value) {
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
fn fit(document: &mut Value) {
    for _ in 0..4 {
        let Value::Object(fields) = &*document else {
            return;
        };
        let problems = match document::from_document(fields.clone()) {
            Ok(loaded) => loaded.contradictions,
            Err(ValuesError::Invalid(problems)) => problems,
            Err(_) => return,
        };
        for problem in problems {
            fit_one(document, &problem.path);
        }
    }
}

fn fit_one(document: &mut Value, path: &str) {
    let (parent, field) = path.rsplit_once('.').unwrap_or_default();
    let right = match (field, parent) {
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
    put(document, parent, right);
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

/// Helm cannot install an object without kind and name.
fn complete_extra_objects(section: &mut Value, name: &str, rng: &mut Rng) {
    for pointer in ["/extraObjects", "/natsBox/extraObjects"] {
        let objects = section.pointer_mut(pointer).and_then(Value::as_array_mut);
        for (at, object) in objects.into_iter().flatten().enumerate() {
            object["apiVersion"] = json!("v1");
            object["kind"] = json!(*rng.pick(&["ConfigMap", "Service", "Widget"]));
            object["metadata"] = json!({"name": format!("{name}{}{at}", pointer.len())});
        }
    }
}

/// Puts texts that YAML mistreats where any text may stand: below what is passed on as it is.
fn spice(document: &mut Value, rng: &mut Rng) {
    for place in places(document, "") {
        let free = place.contains("/extraObjects/") && !place.ends_with("/name");
        let free = free && !place.ends_with("/kind") && !place.ends_with("/apiVersion");
        if (free || place.ends_with("/value"))
            && rng.one_in(2)
            && let Some(Value::String(text)) = document.pointer_mut(&place)
        {
            (*rng.pick(&TEXTS)).clone_into(text);
        }
    }
}

/// Leaves out keys, which then have their defaults.
struct Pruner {
    /// The chance of a key to be there, in percent.
    keep: u64,
    /// The chance of a key to be null instead, in percent.
    nulls: u64,
}

impl Pruner {
    fn prune(&mut self, shape: &Shape, value: Value, rng: &mut Rng) -> Value {
        // Below a list or an Option there are no defaults.
        let (Shape::Struct(fields), Value::Object(mut values)) = (shape, value.clone()) else {
            return value;
        };
        let mut kept = Map::new();
        for (key, field) in fields {
            let Some(value) = values.remove(key) else {
                continue;
            };
            if rng.below(100) >= self.keep {
                continue;
            }
            let value = if rng.below(100) < self.nulls {
                Value::Null
            } else {
                self.prune(field, value, rng)
            };
            kept.insert(key.clone(), value);
        }
        Value::Object(kept)
    }
}
