//! Values as users write them: some keys of the whole, some of them null, some of them wrong.

use serde_json::{Map, Value, json};
use spira_chart_gen::prove::generate::Generator;
use spira_chart_gen::prove::shrink::places;
use spira_chart_gen::random::Rng;
use spira_chart_gen::trace::{Grammar, Shape};
use spira_manifests::cr::APIS;
use spira_manifests::preflight::KNOWN_BY;
use spira_manifests::{Component, components, schema};

use crate::compare::GENERATED;
use crate::fit::{fit, mend};
use crate::mutate::mutate;
use crate::specimens;
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
/// Namespaces, short and longest ones.
pub const NAMESPACES: [&str; 4] = [
    "voices",
    "default",
    "0",
    "a-namespace-with-a-name-of-sixty-three-characters-0123456789-01",
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

/// A text of a mebibyte is rare: it is as costly as a hundred other cases.
const MEBIBYTE: (usize, u64) = (1 << 20, 400);

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
            seed: Rng::new(seed),
        }
    }
}

struct Section<'a> {
    name: &'static str,
    grammar: &'a Grammar,
    generator: Generator<'a>,
}

/// An endless supply of cases, the same for the same seed, whoever draws them in whatever order.
pub struct Cases<'a> {
    sections: Vec<Section<'a>>,
    seed: Rng,
}

impl Cases<'_> {
    /// Case number `at`, and its values as a document.
    pub fn case(&self, at: usize) -> (Case, Value) {
        let rng = &mut self.seed.nth(at as u64);
        let mut document = self.document(rng);
        // What only goes together is drawn apart; most cases must be right to show anything.
        if !rng.one_in(16) {
            mend(&mut document);
            fit(&mut document);
        }
        if rng.one_in(5) {
            spice(&mut document, rng);
        }
        if rng.below(100) < 10 {
            mutate(&mut document, rng);
        }
        let case = Case {
            release: (*rng.pick(&RELEASES)).to_owned(),
            namespace: (*rng.pick(&NAMESPACES)).to_owned(),
            ..Case::new(text(&document, rng.one_in(2)))
        };
        let case = Case {
            live: live(&case, rng),
            served: served(rng),
            ..case
        };
        (case, document)
    }

    /// Case number `at` for a server that looks at what values mean: Kubernetes' types hold [`specimens`], all values
    /// are right as far as can be, and there is nothing live.
    pub fn for_a_server(&self, at: usize) -> Case {
        let rng = &mut self.seed.nth(at as u64);
        let mut document = self.document(rng);
        for section in &self.sections {
            if let Some(value) = document.get_mut(section.name) {
                specimens::settle(&section.grammar.root, value, rng);
            }
        }
        // The grammar of every section has `global`, which stands beside them all.
        if let Some(section) = self.sections.first() {
            specimens::settle(&section.grammar.root, &mut document, rng);
        }
        mend(&mut document);
        fit(&mut document);
        Case {
            release: (*rng.pick(&RELEASES)).to_owned(),
            namespace: (*rng.pick(&NAMESPACES)).to_owned(),
            ..Case::new(text(&document, rng.one_in(2)))
        }
    }

    /// Which components are installed: in one of four documents nearly all, else a few. What a component's values do
    /// shows as well there, and Helm takes a fraction of the time.
    fn installed(&self, rng: &mut Rng) -> Vec<bool> {
        let all = self.sections.len();
        if rng.one_in(4) {
            return (0..all).map(|_| rng.below(100) < 85).collect();
        }
        let mut few = vec![false; all];
        for _ in 0..=rng.below(2) {
            let at = rng.below(all as u64);
            few[usize::try_from(at).expect("small")] = true;
        }
        few
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

/// What the cluster serves; mostly nothing is known of it, and sometimes not all that is needed.
fn served(rng: &mut Rng) -> Vec<String> {
    if !rng.one_in(10) {
        return Vec::new();
    }
    let known = rng.below(100) < 85;
    let known = known.then(|| KNOWN_BY.to_owned());
    let mut more = APIS.iter().map(ToString::to_string).collect::<Vec<_>>();
    more.retain(|_| !rng.one_in(8));
    known.into_iter().chain(more).collect()
}

impl Cases<'_> {
    /// Values that are right, as far as leaving out and nulls let them be.
    fn document(&self, rng: &mut Rng) -> Value {
        let on = *rng.pick(&[85, 50, 20]);
        let mut pruner = Pruner {
            keep: *rng.pick(&[100, 60, 25, 8]),
            nulls: u64::from(rng.one_in(6)),
        };
        let installed = self.installed(rng);
        let mut document = Map::new();
        for (at, section) in self.sections.iter().enumerate() {
            let Section {
                name,
                grammar,
                generator,
            } = section;
            let mut drawn = if rng.one_in(3) {
                let step = usize::try_from(rng.below(1 << 20)).expect("small");
                generator.literal(step, rng, on)
            } else {
                generator.random(rng, on)
            };
            drawn["enabled"] = json!(installed[at]);
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
            if !installed[at] {
                drawn["enabled"] = json!(false);
            }
            if !installed[at] || pruner.keep == 100 || !rng.one_in(6) {
                document.insert((*name).to_owned(), drawn);
            }
        }
        Value::Object(document)
    }
}

/// Rarely a value with a line break, since both sides refuse all of such a case.
fn live_value(rng: &mut Rng) -> String {
    let usable = if rng.one_in(50) { 4 } else { 3 };
    (*rng.pick(&LIVE[..usable])).to_owned()
}

/// Live Secrets under some of the names under which the case makes Secrets.
fn live(case: &Case, rng: &mut Rng) -> Vec<Live> {
    if !rng.one_in(3) {
        return Vec::new();
    }
    let mut live = Vec::new();
    for object in case.library().unwrap_or_default() {
        for (key, value) in object["stringData"].as_object().into_iter().flatten() {
            // One that is given in the values goes before the live one: that is tried too.
            if *value == GENERATED || rng.one_in(2) {
                live.push(Live {
                    secret: object["metadata"]["name"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                    key: key.clone(),
                    value: live_value(rng),
                });
            }
        }
    }
    live
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
            *text = if rng.one_in(MEBIBYTE.1) {
                "é".repeat(MEBIBYTE.0 / 2)
            } else {
                (*rng.pick(&TEXTS)).to_owned()
            };
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
