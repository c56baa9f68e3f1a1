use serde_json::json;

use super::*;
use crate::{Release, Values};

fn objects(values: &str) -> Vec<Object> {
    let values = Values::from_yaml(values).expect("valid");
    values.objects(&Release::new("spira", "voices"))
}

fn served(apis: &[&str]) -> BTreeSet<String> {
    apis.iter().map(ToString::to_string).collect()
}

fn named(missing: &[Missing]) -> Vec<String> {
    missing
        .iter()
        .map(|found| entry(found.api, &found.component))
        .collect()
}

#[test]
fn what_the_defaults_need_is_missing_in_a_bare_cluster() {
    assert_eq!(
        named(&missing(&objects(""), &served(&["v1/Pod"]))),
        [
            "mongodbcommunity.mongodb.com/v1/MongoDBCommunity (needed by mongodb)",
            "minio.min.io/v2/Tenant (needed by minio)",
            "acid.zalan.do/v1/postgresql (needed by postgresql)",
        ]
    );
}

#[test]
fn what_is_served_or_not_wanted_is_not_missing() {
    let apis = ["v1/Pod", "minio.min.io/v2/Tenant"];
    let values = "mongodb: {enabled: false}\n\
                  global: {connections: {mongodb: {existingSecret: other}, postgresql: {operator: cloudnative-pg}}}";
    assert_eq!(
        named(&missing(&objects(values), &served(&apis))),
        ["postgresql.cnpg.io/v1/Cluster (needed by postgresql)"]
    );
}

#[test]
fn groups_alone_tell_nothing() {
    let apis = served(&["v1", "apps/v1", "minio.min.io/v2"]);
    assert_eq!(check(&objects(""), &apis), Ok(()));
    // With the group but not the kind it is missing.
    let apis = served(&["v1/Pod", "minio.min.io/v2"]);
    assert!(check(&objects(""), &apis).is_err());
}

#[test]
fn objects_of_users_are_not_looked_at() {
    let fields = serde_json::from_value(json!({
        "apiVersion": "minio.min.io/v2", "kind": "Tenant",
        "metadata": {"name": "mine", "labels": {"app.kubernetes.io/name": "minio"}},
    }))
    .expect("a map");
    assert_eq!(check(&[Object::raw(fields)], &served(&["v1/Pod"])), Ok(()));
}

#[test]
fn a_message_lists_what_comes_the_same_way_once() {
    let values =
        "api-server: {httpRoute: {enabled: true, gateway: {create: true, className: nginx}}}";
    let apis = served(&[
        "v1/Pod",
        "acid.zalan.do/v1/postgresql",
        "minio.min.io/v2/Tenant",
    ]);
    let lacking = check(&objects(values), &apis).expect_err("MongoDB and the Gateway API");
    insta::assert_snapshot!(lacking);
}

#[test]
fn kinds_that_come_the_same_way_are_neighbours() {
    let groups: Vec<_> = APIS.chunk_by(|a, b| a.ways == b.ways).collect();
    for (at, group) in groups.iter().enumerate() {
        assert!(
            groups[at + 1..]
                .iter()
                .all(|other| other[0].ways != group[0].ways),
            "{} is apart",
            group[0]
        );
        for way in group[0].ways {
            // The chart's template holds it as it is.
            assert!(!way.command.contains("{{") && !way.from.contains("{{"));
        }
    }
}
