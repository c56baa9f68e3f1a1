//! The chart gives its containers each variable that their scripts read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use regex::Regex;
use serde_json::Value;

use super::scene;
use crate::support::{self, Case};

/// The scripts that read the same variables whatever their arguments are; `wait.py` reads those of what it waits for.
const SCRIPTS: [&str; 5] = [
    "bootstrap_data.py",
    "bootstrap_model.py",
    "link.py",
    "mlflow_migrate.py",
    "smoke.py",
];

#[test]
fn containers_have_the_variables_that_their_scripts_read() {
    let objects = Case::new("{}").library().expect("the defaults are valid");
    let mut seen = BTreeSet::new();
    for object in &objects {
        let pod = match object["kind"].as_str() {
            Some("Pod") => &object["spec"],
            _ => &object["spec"]["template"]["spec"],
        };
        for kind in ["containers", "initContainers"] {
            for container in pod[kind].as_array().into_iter().flatten() {
                let given = variables(&objects, container);
                for script in SCRIPTS.iter().filter(|script| runs(container, script)) {
                    let missing: Vec<_> = reads(script).difference(&given).cloned().collect();
                    assert!(
                        missing.is_empty(),
                        "{script} in {}: {missing:?}",
                        object["kind"]
                    );
                    seen.insert(*script);
                }
            }
        }
    }
    assert_eq!(seen, BTreeSet::from(SCRIPTS));
}

/// Whether a container has the script as its command or a probe.
fn runs(container: &Value, script: &str) -> bool {
    container.to_string().contains(&format!("/{script}\""))
}

/// Names of the variables that a container has.
fn variables(objects: &[Value], container: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let each = |list: &str| container[list].as_array().cloned().unwrap_or_default();
    let mut names: BTreeSet<String> = each("env").iter().map(|env| text(&env["name"])).collect();
    for from in each("envFrom") {
        let map = support::find(objects, "ConfigMap", &text(&from["configMapRef"]["name"]));
        let data: BTreeMap<String, Value> =
            serde_json::from_value(map["data"].clone()).expect("a map");
        names.extend(data.into_keys());
    }
    names
}

/// Names of the variables that a script cannot do without.
fn reads(script: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(scene::scripts().join(script)).expect("readable");
    let find = |pattern: &str, text: &str| -> BTreeSet<String> {
        let pattern = Regex::new(pattern).expect("a constant pattern");
        pattern
            .captures_iter(text)
            .map(|found| found[1].to_owned())
            .collect()
    };
    let mut names = find(r#"os\.environ\["(\w+)"\]"#, &text);
    if script == "smoke.py" {
        names.extend(find(r#""((?:SPIRA|SMOKE)_\w+)""#, &text));
    }
    if let Some((_, rest)) = text.split_once("\nVARIABLES = (") {
        let (tuple, _) = rest.split_once("\n)").expect("the tuple ends");
        names.extend(find(r#""(\w+)""#, tuple));
    }
    if script == "mlflow_migrate.py" {
        // libpq reads them.
        names.extend(["PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD"].map(String::from));
        names.insert("MLFLOW_DEFAULT_ARTIFACT_ROOT".into());
    }
    assert!(!names.is_empty(), "{script}");
    names
}
