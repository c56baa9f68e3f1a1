use std::sync::LazyLock;

use spira_manifests::{components, document};

use super::{Charts, generate};
use crate::compile::Options;

/// Made once: it takes seconds.
static CHARTS: LazyLock<Charts> = LazyLock::new(made);

fn charts() -> &'static Charts {
    &CHARTS
}

fn made() -> Charts {
    generate(&Options::default(), &|_| {}).expect("every component can be compiled")
}

#[test]
fn every_chart_is_complete() {
    let charts = charts();
    let mut folders = vec!["spira".to_owned()];
    folders.extend(
        components::all()
            .iter()
            .map(|c| format!("spira/charts/{}", c.name)),
    );
    for folder in folders {
        for name in [
            "Chart.yaml",
            "values.yaml",
            "values.schema.json",
            ".helmignore",
            "README.md",
        ] {
            let path = format!("{folder}/{name}");
            let file = charts.files.iter().find(|file| file.path == path);
            let file = file.unwrap_or_else(|| panic!("{path} is missing"));
            assert!(
                file.text.ends_with('\n') && !file.text.ends_with("\n\n"),
                "{path}"
            );
        }
    }
}

#[test]
fn the_umbrellas_values_are_the_defaults() {
    let charts = charts();
    let file = charts
        .files
        .iter()
        .find(|file| file.path == "spira/values.yaml");
    let read = document::yaml::parse(&file.expect("it is made").text).expect("YAML");
    assert_eq!(serde_json::Value::Object(read), document::defaults());
}

// Templates are looked at where they are committed, in the tests of the workspace.
#[test]
fn no_line_of_yaml_is_too_long() {
    for file in &charts().files {
        let is_other = [".md", ".json"].iter().any(|end| file.path.ends_with(end));
        if is_other || file.path.contains("/templates/") {
            continue;
        }
        // An image by its digest cannot be broken.
        let lines = file.text.lines().filter(|line| !line.contains("@sha256:"));
        for line in lines {
            assert!(line.chars().count() <= 120, "{}: {line}", file.path);
        }
    }
}

#[test]
fn two_generations_are_the_same() {
    assert_eq!(made().files, charts().files);
}

// Helm prints nothing for a value that does not exist, so a renamed one would go unnoticed.
#[test]
fn notes_speak_of_values_that_exist() {
    let mut known = Vec::new();
    crate::docs::each(&[super::global_field()], &mut |field| {
        known.push(field.path.clone());
    });
    let charts = charts();
    let notes = charts
        .files
        .iter()
        .find(|file| file.path == "spira/templates/NOTES.txt");
    let notes = &notes.expect("it is made").text;
    let notes = notes.replace("$connections", ".Values.global.connections");
    assert!(
        !notes.contains("{{- with"),
        "a path in `with` would escape this test"
    );
    let rule = regex::Regex::new(r"\.Values\.(global[A-Za-z.]*)").expect("a constant");
    let paths: Vec<_> = rule
        .captures_iter(&notes)
        .map(|found| found[1].to_owned())
        .collect();
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        assert!(known.contains(&path), "there is no value {path}");
    }
}
