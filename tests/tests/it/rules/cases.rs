//! When alerts fire and when they do not, by `promtool test rules`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use xtask::project;

use super::promtool::promtool;
use super::{ALL, alerts_of, name_of, rules_of};
use crate::support::Case;

/// A file of `rules/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    component: String,
    /// Values beside those that switch everything on.
    #[serde(default)]
    set: Vec<String>,
    alerts: BTreeMap<String, Vec<Moment>>,
}

/// What Prometheus has read, for how long, and what follows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Moment {
    /// What it shows.
    is: String,
    /// When it is looked, after the start of the series.
    after: String,
    /// Series, and what promtool calls their values, a minute each; a number alone stays as it is. The namespace is
    /// added.
    series: BTreeMap<String, Value>,
    /// The alerts that fire; none without it.
    #[serde(default)]
    fires: Vec<Firing>,
    /// That it fires in another release too, since something is not there, or the name is not the release's.
    #[serde(default)]
    of_any_release: bool,
}

/// An alert that fires.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Firing {
    /// Labels of its own, beside those of the rule.
    #[serde(default)]
    labels: Map<String, Value>,
    /// Its description, where the rule's is not a plain text.
    says: Option<String>,
}

/// Alerts of several components.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Every {
    /// What stands for the words in capitals, by component.
    words: BTreeMap<String, BTreeMap<String, String>>,
    alerts: BTreeMap<String, Vec<Moment>>,
}

fn folder() -> PathBuf {
    project::root().join("tests/tests/it/rules")
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let path = folder().join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let merged = yaml_serde::from_str(&text).and_then(|mut value: yaml_serde::Value| {
        value.apply_merge()?;
        yaml_serde::from_value(value)
    });
    merged.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The files of components, each with the alerts that all have in common.
fn files() -> Vec<(String, File)> {
    let every: Every = read("every.yaml");
    let mut files = Vec::new();
    for path in crate::support::files(&folder()) {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name == "every.yaml" || path.extension().is_none_or(|e| e != "yaml") {
            continue;
        }
        let mut file: File = read(&name);
        let rules = rules(&file);
        for alert in alerts_of(&rules) {
            if let Some(moments) = every.alerts.get(name_of(alert)) {
                let words = &every.words[&file.component];
                let moments = moments.iter().map(|moment| moment.with(words)).collect();
                file.alerts.insert(name_of(alert).to_owned(), moments);
            }
        }
        files.push((name, file));
    }
    assert!(!files.is_empty());
    files
}

fn rules(file: &File) -> Value {
    let case = Case {
        set: file.set.clone(),
        ..Case::new(ALL)
    };
    rules_of(&case)[&file.component].clone()
}

impl Moment {
    fn with(&self, words: &BTreeMap<String, String>) -> Self {
        let put = |text: &str| {
            words.iter().fold(text.to_owned(), |text, (word, name)| {
                text.replace(word, name)
            })
        };
        let series = self.series.iter();
        let fires = self.fires.iter().map(|firing| Firing {
            labels: firing
                .labels
                .iter()
                .map(|(label, value)| (label.clone(), put(value.as_str().expect("a text")).into()))
                .collect(),
            says: firing.says.as_deref().map(put),
        });
        Self {
            series: series
                .map(|(name, values)| (put(name), values.clone()))
                .collect(),
            fires: fires.collect(),
            ..self.clone()
        }
    }

    /// The same in another namespace, or of another release.
    fn elsewhere(&self, from: &str, to: &str) -> Self {
        let series = self.series.iter();
        Self {
            is: format!("{}, {to}", self.is),
            series: series
                .map(|(name, values)| (with_namespace(name).replace(from, to), values.clone()))
                .collect(),
            fires: Vec::new(),
            ..self.clone()
        }
    }

    /// As promtool wants it.
    fn test(&self, alert: &Value) -> Value {
        let series = self.series.iter().map(|(name, values)| {
            let values = match values {
                Value::String(text) => text.clone(),
                number => format!("{number}x700"),
            };
            json!({"series": with_namespace(name), "values": values})
        });
        let firing = self.fires.iter().map(|firing| {
            let mut labels = firing.labels.clone();
            labels.extend(alert["labels"].as_object().expect("labels").clone());
            let mut annotations = alert["annotations"].clone();
            if let Some(says) = &firing.says {
                annotations["description"] = says.as_str().into();
            }
            json!({"exp_labels": labels, "exp_annotations": annotations})
        });
        json!({
            "name": format!("{}: {}", name_of(alert), self.is),
            "interval": "1m",
            "input_series": series.collect::<Vec<_>>(),
            "alert_rule_test": [{
                "eval_time": self.after,
                "alertname": name_of(alert),
                "exp_alerts": firing.collect::<Vec<_>>(),
            }],
        })
    }
}

fn with_namespace(series: &str) -> String {
    if series.contains("namespace=") || !series.contains('{') {
        return series.to_owned();
    }
    series.replacen('{', "{namespace=\"voices\",", 1)
}

/// Asks promtool whether these rules do at these moments what they should.
fn run(rules: &Value, moments: &[(&Value, Moment)]) -> (bool, String) {
    let dir = tempfile::tempdir().expect("temporary directory");
    let groups = json!({ "groups": rules["spec"]["groups"] });
    fs::write(dir.path().join("rules.yaml"), groups.to_string()).expect("written");
    let tests = moments.iter().map(|(alert, moment)| moment.test(alert));
    let tests = json!({
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": tests.collect::<Vec<_>>(),
    });
    let file = dir.path().join("tests.yaml");
    fs::write(&file, tests.to_string()).expect("written");
    promtool(&["test", "rules"], &file)
}

/// Each firing once more, where it is nothing to this release.
fn with_others(moments: &[Moment]) -> Vec<Moment> {
    let mut all = moments.to_vec();
    for moment in moments {
        if !moment.fires.is_empty() && !moment.of_any_release {
            all.push(moment.elsewhere("\"voices\"", "\"elsewhere\""));
            all.push(moment.elsewhere("spira-", "other-spira-"));
        }
    }
    all
}

#[test]
fn alerts_fire_when_they_should_and_only_then() {
    let mut count = 0;
    for (name, file) in files() {
        let rules = rules(&file);
        let mut moments = Vec::new();
        for alert in alerts_of(&rules) {
            let given = file
                .alerts
                .get(name_of(alert))
                .map(Vec::as_slice)
                .unwrap_or_default();
            moments.extend(with_others(given).into_iter().map(|moment| (alert, moment)));
        }
        count += moments.len();
        let (passed, text) = run(&rules, &moments);
        assert!(passed, "{name}: {text}");
    }
    println!("{count} moments");
}

/// Every alert of every component is shown both ways, and nothing is shown that is not there.
#[test]
fn every_alert_is_shown_firing_and_quiet() {
    let mut components: BTreeSet<String> = rules_of(&Case::new(ALL)).into_keys().collect();
    for (name, file) in files() {
        let rules = rules(&file);
        let alerts: BTreeSet<_> = alerts_of(&rules).into_iter().map(name_of).collect();
        let shown: BTreeSet<_> = file.alerts.keys().map(String::as_str).collect();
        assert_eq!(alerts, shown, "{name}");
        for (alert, moments) in &file.alerts {
            let fires = moments
                .iter()
                .filter(|moment| !moment.fires.is_empty())
                .count();
            assert!(fires > 0, "{name}: {alert} never fires");
            assert!(fires < moments.len(), "{name}: {alert} is never quiet");
        }
        components.remove(&file.component);
    }
    assert!(components.is_empty(), "no file is about {components:?}");
}

/// An alert that never fires, one that always does and one that says something else are noticed, whichever it is.
#[test]
fn a_fault_in_any_alert_is_noticed() {
    for (name, file) in files() {
        let rules = rules(&file);
        for (at, alert) in alerts_of(&rules).into_iter().enumerate() {
            let moments: Vec<_> = file.alerts[name_of(alert)]
                .iter()
                .map(|moment| (alert, moment.clone()))
                .collect();
            let expr = alert["expr"].as_str().expect("a text");
            for fault in [format!("({expr}) > 1e99"), format!("vector(1) or ({expr})")] {
                let mut faulty = rules.clone();
                faulty["spec"]["groups"][0]["rules"][at]["expr"] = fault.as_str().into();
                let (passed, _) = run(&faulty, &moments);
                assert!(!passed, "{name}: {fault}");
            }
        }
    }
}
