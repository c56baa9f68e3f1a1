use serde_json::{Value, json};

use super::{STORES, bytes, leading, pick::pick, refusals};
use crate::{Release, Values};

/// The objects of default values, with all that holds data.
fn objects(values: &str, release: &Release) -> Vec<crate::Object> {
    Values::from_yaml(values)
        .expect("right values")
        .objects(release)
}

/// Why these values cannot be installed over what is live.
fn refused(release: &Release, values: &str) -> Vec<String> {
    let objects = objects(values, release);
    refusals(release, &objects.iter().collect::<Vec<_>>())
}

fn release() -> Release {
    Release::new("spira", "voices").with_served(STORES.iter().map(super::Store::api))
}

/// What the cluster has after these values were installed.
fn installed(values: &str) -> Release {
    let release = release();
    let live = objects(values, &release);
    live.into_iter().fold(release, |release, object| {
        release.with_live_object(object.into_json())
    })
}

const ALL: &str = "{nats: {jetstream: {enabled: true}}, experiment: {enabled: true, results: {persistent: true}}}";
const CNPG: &str = "{global: {connections: {postgresql: {operator: cloudnative-pg}}}}";

#[test]
fn nothing_is_refused_where_nothing_changes() {
    for values in ["{}", ALL, CNPG] {
        let release = installed(values);
        assert_eq!(refused(&release, values), [""; 0]);
    }
}

/// A rule about what no object has would never hold.
#[test]
fn every_rule_is_about_something() {
    let all: Vec<Value> = [ALL, CNPG]
        .iter()
        .flat_map(|values| objects(values, &release()))
        .map(crate::Object::into_json)
        .collect();
    for store in STORES {
        let mut own = all.iter().filter(|object| store.is(object));
        let own = own
            .next()
            .unwrap_or_else(|| panic!("there is no {}", store.kind));
        for fixed in store.fixed {
            assert!(
                !pick(own, fixed.path).is_empty(),
                "{} {}",
                store.kind,
                fixed.path
            );
        }
    }
}

#[test]
fn nobody_elses_objects_are_looked_at() {
    let theirs = Release::new("other", "voices");
    let mut release = release();
    for object in objects(ALL, &theirs) {
        release = release.with_live_object(object.into_json());
    }
    assert_eq!(refused(&release, "{}"), [""; 0]);
    // Nor are those of a kind that the cluster is not known to serve.
    let unknown = Release::new("spira", "voices").with_live_object(json!({"kind": "Tenant"}));
    assert_eq!(refused(&unknown, "{}"), [""; 0]);
}

#[test]
fn quantities_are_compared_by_size() {
    assert!(bytes("1Gi").total_cmp(&bytes("1024Mi")).is_eq());
    assert!(bytes("1G") < bytes("1Gi"));
    assert!(bytes("1.5Gi") > bytes("1Gi"));
    assert!(bytes("nonsense").total_cmp(&0.0).is_eq());
    assert!(leading("9.1.0") < leading("10.0.0"));
}
