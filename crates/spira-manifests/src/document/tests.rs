use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use super::{Sources, ValuesError, from_document, load};
use crate::{Release, Values};

fn sources(set: &[&str]) -> Sources {
    Sources {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..Sources::default()
    }
}

fn refused(set: &[&str]) -> Vec<String> {
    match load(&sources(set)) {
        Err(ValuesError::Invalid(wrong, _)) => wrong.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{set:?} was accepted"),
    }
}

#[test]
fn nothing_given_is_the_defaults() {
    assert_eq!(
        load(&Sources::default()).expect("valid").values,
        Values::default()
    );
}

#[test]
fn wrong_values_are_all_listed_with_path_value_and_what_would_be_right() {
    let found = refused(&[
        "nats.replica=2",
        "nats.replicas=-1",
        "global.imageRegistry=-x",
        "nat.replicas=1",
    ]);
    assert!(
        found.contains(&"nats.replica: unknown key `replica`, did you mean `replicas`?".to_owned()),
        "{found:#?}"
    );
    assert!(
        found
            .iter()
            .any(|p| p.starts_with("nats.replicas: -1 is not a number of pods: 0 to 999")),
        "{found:#?}"
    );
    assert!(
        found.contains(
            &"global.imageRegistry: \"-x\" is not a registry such as registry.example.org:5000"
                .to_owned()
        ),
        "{found:#?}"
    );
    assert!(
        found.contains(&"nat: unknown key `nat`, did you mean `nats`?".to_owned()),
        "{found:#?}"
    );
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[test]
fn a_required_value_cannot_be_unset() {
    assert_eq!(
        refused(&["nats.replicas=null"]),
        ["nats.replicas: is required: null or leaving it out cannot unset it"]
    );
}

#[test]
fn a_disabled_component_is_not_looked_into() {
    let loaded = load(&sources(&["nats.enabled=false", "nats.nonsense=1"])).expect("as in Helm");
    assert!(!loaded.values.nats.enabled);
    assert!(loaded.sections.iter().all(|s| s.component.name != "nats"));
    // The umbrella's schema still wants a map there.
    assert!(load(&sources(&["nats=1"])).is_err());
}

#[test]
fn enabled_must_be_a_boolean() {
    assert_eq!(
        refused(&["nats.enabled=1"]),
        ["nats.enabled: 1 is not true or false"]
    );
}

#[test]
fn a_section_may_have_its_own_global_as_in_helm() {
    let loaded = load(&sources(&["nats.global.imageRegistry=own"])).expect("valid");
    let nats = loaded
        .sections
        .iter()
        .find(|s| s.component.name == "nats")
        .expect("enabled");
    assert_eq!(nats.global.image_registry.as_deref(), Some("own"));
    assert_eq!(loaded.values.global.image_registry, None);
}

#[test]
fn sections_build_what_values_build() {
    let loaded = load(&Sources::default()).expect("valid");
    let release = Release::new("spira", "default");
    let built: Vec<_> = loaded
        .sections
        .iter()
        .flat_map(|s| s.objects(&release).expect("read before"))
        .collect();
    assert_eq!(built, loaded.values.objects(&release));
    assert!(!built.is_empty());
}

#[test]
fn files_come_before_set_and_set_before_set_string() {
    let dir = std::env::temp_dir().join(format!("spira-values-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a directory");
    let (first, second) = (dir.join("1.yaml"), dir.join("2.yaml"));
    fs::write(&first, "a: {x: 1, v: 1, z: 1, w: 1}\n").expect("a file");
    fs::write(&second, "a: {v: 2, z: 2, w: 2}\n").expect("a file");
    let sources = Sources {
        files: vec![first, second],
        set: vec!["a.z=3,a.w=3".into()],
        set_string: vec!["a.w=4".into()],
    };
    let read = sources.read();
    fs::remove_dir_all(&dir).expect("it was made above");
    assert_eq!(
        Value::Object(read.expect("readable")),
        json!({ "a": { "x": 1, "v": 2, "z": 3, "w": "4" } })
    );
}

#[test]
fn errors_of_sources_name_the_source() {
    let missing = Sources {
        files: vec![PathBuf::from("no/such.yaml")],
        ..Sources::default()
    };
    assert!(
        load(&missing)
            .map(|_| ())
            .expect_err("missing")
            .to_string()
            .starts_with("no/such.yaml: ")
    );
    let error = load(&sources(&["a"])).map(|_| ()).expect_err("no value");
    assert_eq!(
        error.to_string(),
        "--set \"a\": key \"a\" has no value, write `a=…`"
    );
}

#[test]
fn what_the_schema_admits_the_types_hold() {
    // Written back, the defaults are what they were: nothing is lost or added by reading.
    let loaded = from_document(serde_json::Map::new()).expect("valid");
    for section in &loaded.sections {
        let again = serde_json::to_value(&loaded.values).expect("JSON");
        assert_eq!(
            super::without_nulls(again[section.component.name].clone()),
            section.values
        );
    }
}

#[test]
fn control_characters_are_refused_as_helm_refuses_them() {
    for character in ['\u{1}', '\u{7f}', '\u{80}', '\u{fffe}'] {
        let text = format!("nats:\n  podAnnotations: {{a: \"x{character}\"}}\n");
        let error = super::yaml::parse(&text).expect_err("Helm refuses it");
        assert_eq!((error.line, error.column), (2, 25), "{error}");
    }
    super::yaml::parse("a: \"\u{85}\u{a0}é☃\t\"").expect("Helm takes it");
}

#[test]
fn a_bad_key_of_a_map_is_refused_with_its_path() {
    let error =
        crate::Values::from_yaml("global: {commonLabels: {\"a/b c\": a}}").expect_err("no label");
    assert!(error.to_string().contains("global.commonLabels"), "{error}");
}

#[test]
fn keys_that_the_chart_sets_itself_are_refused() {
    assert_eq!(
        refused(&[r"global.commonLabels.helm\.sh/x=b"]),
        ["global.commonLabels: has the key \"helm.sh/x\", which this chart sets itself"]
    );
}

#[test]
fn one_text_that_breaks_two_rules_is_one_problem() {
    assert_eq!(refused(&["nats.image.tag="]).len(), 1);
}
