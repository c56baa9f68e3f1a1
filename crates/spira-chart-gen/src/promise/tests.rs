use std::{fs, sync::LazyLock};

use semver::Version;
use serde_json::{Value, json};

use super::{Change, Level, PromiseError, Promised, Record, changes, check};

/// A record in which nothing was changed yet; it is made once.
fn record() -> Record {
    static RECORD: LazyLock<Record> =
        LazyLock::new(|| Record::of_this_version().expect("the objects are made"));
    RECORD.clone()
}

fn version(text: &str) -> Version {
    text.parse().expect("a constant version")
}

/// What is said of a later version, in which something was changed.
fn after(change: impl FnOnce(&mut Record)) -> Vec<String> {
    let (old, mut new) = (record(), record());
    change(&mut new);
    changes(&old, &new).iter().map(Change::to_string).collect()
}

fn value<'r>(record: &'r mut Record, path: &str) -> &'r mut Promised {
    record
        .values
        .get_mut(path)
        .unwrap_or_else(|| panic!("no {path}"))
}

#[test]
fn a_version_has_promised_what_it_has() {
    let record = record();
    for path in [
        "nats.replicas",
        "minio.pools[].servers",
        "global.connections.nats.port",
        "api-server.affinity",
    ] {
        assert!(record.values.contains_key(path), "{path}");
    }
    assert_eq!(record.values["nats.replicas"].default, 3);
    assert_eq!(record.values["api-server.affinity"].kind, "Affinity");
    for title in [
        "Deployment/spira-api-server",
        "Job/spira-bootstrap",
        "Deployment/spira-nats-box",
        "Schedule/spira-nats-kill",
    ] {
        assert!(
            record.objects.contains_key(title),
            "{title} of {:?}",
            record.objects.keys()
        );
    }
    let tenant = &record.objects["Tenant/spira-minio"];
    assert!(
        tenant.keys().any(|place| place.ends_with(".servers")),
        "{tenant:?}"
    );
    assert_eq!(changes(&record, &record), []);
}

#[test]
fn what_breaks_is_told_from_what_does_not() {
    let says = |change: fn(&mut Record), expected: &str| assert_eq!(after(change), [expected]);
    says(
        |new| drop(new.values.remove("nats.replicas")),
        "breaking: nats.replicas is gone",
    );
    says(
        |new| drop(new.values.insert("nats.more".into(), Promised::default())),
        "compatible: nats.more is new",
    );
    says(
        |new| value(new, "nats.replicas").kind = "string".into(),
        "breaking: nats.replicas was integer and is string",
    );
    says(
        |new| value(new, "nats.replicas").default = json!(5),
        "compatible: nats.replicas is 5 by default, and was 3",
    );
    says(
        |new| {
            let bounds = &mut value(new, "nats.extraEnv").bounds;
            bounds.insert("maxItems".into(), json!(3));
        },
        "breaking: nats.extraEnv has maxItems 3",
    );
    says(
        |new| drop(new.objects.remove("Service/spira-nats")),
        "breaking: Service/spira-nats is gone, or has another name",
    );
    says(
        |new| {
            let labels: &mut Value = new
                .objects
                .get_mut("Deployment/spira-mlflow")
                .and_then(|o| o.get_mut("spec.selector"))
                .expect("it has a selector");
            *labels = json!(1);
        },
        &format!(
            "breaking: Deployment/spira-mlflow has spec.selector 1, which was {} and cannot change",
            record().objects["Deployment/spira-mlflow"]["spec.selector"]
        ),
    );
}

#[test]
fn wider_bounds_break_nothing() {
    let of = |word: &str, before: Value, after: Value| {
        let (mut old, mut new) = (record(), record());
        value(&mut old, "nats.replicas")
            .bounds
            .insert(word.into(), before);
        value(&mut new, "nats.replicas")
            .bounds
            .insert(word.into(), after);
        changes(&old, &new)[0].level
    };
    assert_eq!(of("maximum", json!(5), json!(9)), Level::Compatible);
    assert_eq!(of("maximum", json!(9), json!(5)), Level::Breaking);
    assert_eq!(of("minimum", json!(1), json!(0)), Level::Compatible);
    assert_eq!(of("minimum", json!(0), json!(1)), Level::Breaking);
    assert_eq!(
        of("enum", json!(["a"]), json!(["a", "b"])),
        Level::Compatible
    );
    assert_eq!(of("enum", json!(["a", "b"]), json!(["b"])), Level::Breaking);
    assert_eq!(of("pattern", json!("a"), json!("b")), Level::Breaking);
}

#[test]
fn a_number_that_is_too_small_is_refused() {
    let verdict = |last: &str, this: &str, breaks: bool| {
        let (mut old, mut new) = (record(), record());
        (old.version, new.version) = (version(last), version(this));
        let gone = if breaks { &mut new } else { &mut old };
        gone.values.remove("nats.replicas");
        match check(&old, &new) {
            Ok(_) => None,
            Err(PromiseError::TooSmall { least, .. }) => Some(least.to_string()),
            Err(error) => panic!("{error}"),
        }
    };
    let refused = |least: &str| Some(least.to_owned());
    assert_eq!(verdict("1.2.3", "1.3.0", false), None);
    assert_eq!(verdict("1.2.3", "1.2.4", false), refused("1.3.0"));
    assert_eq!(verdict("1.2.3", "1.3.0", true), refused("2.0.0"));
    assert_eq!(verdict("1.2.3", "2.0.0", true), None);
    assert_eq!(verdict("0.2.3", "0.2.4", false), None);
    assert_eq!(verdict("0.2.3", "0.2.3", false), refused("0.2.4"));
    assert_eq!(verdict("0.2.3", "0.2.4", true), refused("0.3.0"));
    assert_eq!(verdict("0.2.3", "0.1.9", false), refused("0.2.4"));
}

#[test]
fn the_last_record_is_that_of_the_highest_version() {
    let dir = tempfile::tempdir().expect("temporary directory");
    assert_eq!(
        Record::last(&dir.path().join("none")).expect("none is right"),
        None
    );
    for text in ["0.2.0", "0.10.0", "0.9.0"] {
        let record = Record {
            version: version(text),
            ..record()
        };
        record.write(dir.path()).expect("written");
    }
    let last = Record::last(dir.path())
        .expect("read")
        .expect("there are three");
    assert_eq!(
        last,
        Record {
            version: version("0.10.0"),
            ..record()
        }
    );
    fs::write(dir.path().join("0.11.0.json"), "{}").expect("written");
    let error = Record::last(dir.path())
        .expect_err("it is no record")
        .to_string();
    assert!(
        error.contains("0.11.0.json: not the record of a version"),
        "{error}"
    );
}
