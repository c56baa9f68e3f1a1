//! What an API server gets of the types.

use k8s_openapi::{Metadata, Resource, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::Serialize;
use serde_json::{Value, json};

use super::{cloudnative_pg, minio, mongodb, zalando};
use crate::Object;

fn named(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        ..ObjectMeta::default()
    }
}

fn object<T: Resource + Metadata<Ty = ObjectMeta> + Serialize>(typed: &T) -> Value {
    Object::new(typed).into_json()
}

#[test]
fn what_is_unset_is_not_written() {
    let tenant = minio::Tenant {
        metadata: named("store"),
        spec: minio::TenantSpec {
            pools: vec![minio::Pool {
                name: "pool-0".into(),
                servers: 4,
                volumes_per_server: 1,
                ..minio::Pool::default()
            }],
            request_auto_cert: Some(false),
            ..minio::TenantSpec::default()
        },
    };
    let expected = json!({
        "apiVersion": "minio.min.io/v2",
        "kind": "Tenant",
        "metadata": { "name": "store" },
        "spec": {
            "configuration": { "name": "" },
            "pools": [{
                "name": "pool-0", "servers": 4, "volumesPerServer": 1,
                "volumeClaimTemplate": {
                    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {},
                },
            }],
            "requestAutoCert": false,
        },
    });
    assert_eq!(object(&tenant), expected);
}

#[test]
fn fields_are_spelt_as_the_definitions_spell_them() {
    let mongodb = object(&mongodb::MongoDBCommunity {
        metadata: named("documents"),
        spec: mongodb::MongoDBCommunitySpec {
            type_: "ReplicaSet".into(),
            users: vec![mongodb::User::default()],
            ..mongodb::MongoDBCommunitySpec::default()
        },
    });
    assert_eq!(mongodb["apiVersion"], "mongodbcommunity.mongodb.com/v1");
    assert_eq!(mongodb["kind"], "MongoDBCommunity");
    assert_eq!(mongodb["spec"]["type"], "ReplicaSet");
    assert_eq!(
        mongodb["spec"]["users"][0]["scramCredentialsSecretName"],
        ""
    );

    let zalando = object(&zalando::Postgresql {
        metadata: named("tables"),
        spec: zalando::PostgresqlSpec {
            patroni: Some(zalando::Patroni {
                synchronous_mode: Some(true),
                ..zalando::Patroni::default()
            }),
            fs_group: Some(103),
            ..zalando::PostgresqlSpec::default()
        },
    });
    assert_eq!(zalando["apiVersion"], "acid.zalan.do/v1");
    assert_eq!(zalando["kind"], "postgresql");
    assert_eq!(
        zalando["spec"]["patroni"],
        json!({ "synchronous_mode": true })
    );
    assert_eq!(zalando["spec"]["spiloFSGroup"], 103);
    assert_eq!(zalando["spec"]["numberOfInstances"], 0);

    let cluster = object(&cloudnative_pg::Cluster {
        metadata: named("tables"),
        spec: cloudnative_pg::ClusterSpec {
            bootstrap: Some(cloudnative_pg::Bootstrap {
                initdb: Some(cloudnative_pg::InitDb::default()),
            }),
            ..cloudnative_pg::ClusterSpec::default()
        },
    });
    assert_eq!(cluster["apiVersion"], "postgresql.cnpg.io/v1");
    assert_eq!(cluster["kind"], "Cluster");
    assert_eq!(cluster["spec"]["bootstrap"], json!({ "initdb": {} }));
}
