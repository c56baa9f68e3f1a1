//! `promtool check rules` and `promtool test rules`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use xtask::debian::{self, Program};

use super::{ALL, rules_of, value_sets};
use crate::support::Case;

/// Whether promtool is content with a file, and what it says.
pub fn promtool(arguments: &[&str], file: &Path) -> (bool, String) {
    let mut command = debian::command(Program::Promtool).unwrap_or_else(|error| panic!("{error}"));
    let output = command
        .args(arguments)
        .arg(file)
        .output()
        .expect("promtool starts");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// Checks groups of rules as a file of them.
fn check(groups: &Value) -> (bool, String) {
    let dir = tempfile::tempdir().expect("temporary directory");
    let file = dir.path().join("rules.yaml");
    // promtool reads JSON too, which is YAML.
    fs::write(&file, json!({ "groups": groups }).to_string()).expect("written");
    promtool(&["check", "rules", "--lint=all", "--lint-fatal"], &file)
}

#[test]
fn promtool_takes_the_rules_of_every_component() {
    for (set, case) in value_sets() {
        let rules = rules_of(&case);
        assert!(!rules.is_empty(), "{set}");
        for (component, object) in rules {
            let (passed, text) = check(&object["spec"]["groups"]);
            assert!(passed, "{set}: {component}: {text}");
        }
    }
}

#[test]
fn promtool_refuses_what_is_wrong() {
    let rules = rules_of(&Case::new(ALL));
    let groups = &rules["nats"]["spec"]["groups"];
    assert!(check(groups).0);
    let rule = "/0/rules/0";
    let faults = [
        ("expr", json!("up{namespace=\"voices\" == 0"), "parse"),
        ("expr", json!("rate(up) > 0"), "expected type"),
        ("for", json!("soon"), "duration"),
        ("labels", json!({"not-a-name": "x"}), "label"),
        (
            "annotations",
            json!({"summary": "{{ $labels.pod"}),
            "template",
        ),
    ];
    for (field, value, word) in faults {
        let mut groups = groups.clone();
        groups.pointer_mut(rule).expect("a rule")[field] = value;
        let (passed, text) = check(&groups);
        assert!(!passed && text.contains(word), "{field}: {text}");
    }
}
