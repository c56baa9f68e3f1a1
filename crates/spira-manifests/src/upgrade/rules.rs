//! The objects and the rules. One more is a line here.

use super::{Fixed, Rule, Store};

const RECREATE: &str = "Kubernetes does not change a StatefulSet's claims; docs/upgrading.md says how to replace it and keep its pods";
const GROW_CLAIMS: &str =
    "the operator does not resize volumes; docs/upgrading.md says how to do it by hand";
const NO_SHRINKING: &str = "volumes do not shrink; move the data to a new one";
const NO_MOVING: &str = "volumes do not move to another storage class; move the data to new ones";
const NO_DOWNGRADE: &str =
    "data that a newer version wrote is not read by an older one; restore a backup of before";
const OTHER_DATABASE: &str = "SPIRA would begin with an empty one; move the data first";
const POOLS: &str =
    "a pool of MinIO never changes its form; add another pool, and let this one be decommissioned";

/// Every object that holds data, or that Kubernetes does not let change.
pub static STORES: &[Store] = &[
    Store {
        component: "nats",
        api_version: "apps/v1",
        kind: "StatefulSet",
        holds_data: false,
        fixed: &[
            fixed(
                "spec.volumeClaimTemplates.*",
                Rule::SameItems,
                "nats.jetstream.enabled",
                RECREATE,
            ),
            fixed(
                "spec.volumeClaimTemplates.*.spec.resources.requests.storage",
                Rule::SameSize,
                "nats.jetstream.size",
                RECREATE,
            ),
            fixed(
                "spec.volumeClaimTemplates.*.spec.storageClassName",
                Rule::Same,
                "nats.jetstream.storageClass",
                RECREATE,
            ),
        ],
    },
    Store {
        component: "mongodb",
        api_version: "mongodbcommunity.mongodb.com/v1",
        kind: "MongoDBCommunity",
        holds_data: true,
        fixed: &[
            fixed(
                "spec.statefulSet.spec.volumeClaimTemplates.*.spec.resources.requests.storage",
                Rule::SameSize,
                "mongodb.data.size, mongodb.logs.size",
                GROW_CLAIMS,
            ),
            fixed(
                "spec.statefulSet.spec.volumeClaimTemplates.*.spec.storageClassName",
                Rule::Same,
                "mongodb.data.storageClass, mongodb.logs.storageClass",
                NO_MOVING,
            ),
            fixed(
                "spec.version",
                Rule::NotOlder,
                "mongodb.version",
                NO_DOWNGRADE,
            ),
            fixed(
                "spec.users.0.roles.0.db",
                Rule::Same,
                "global.connections.mongodb.database",
                OTHER_DATABASE,
            ),
        ],
    },
    Store {
        component: "minio",
        api_version: "minio.min.io/v2",
        kind: "Tenant",
        holds_data: true,
        fixed: &[
            fixed(
                "spec.podManagementPolicy",
                Rule::Same,
                "minio.podManagementPolicy",
                "the operator makes StatefulSets with it, which Kubernetes does not let change",
            ),
            fixed(
                "spec.pools.*",
                Rule::Kept,
                "minio.pools",
                "it holds data; once MinIO has decommissioned it, upgrade with global.upgradeCheck=false",
            ),
            fixed(
                "spec.pools.*.servers",
                Rule::Same,
                "minio.pools[].servers",
                POOLS,
            ),
            fixed(
                "spec.pools.*.volumesPerServer",
                Rule::Same,
                "minio.pools[].volumesPerServer",
                POOLS,
            ),
            fixed(
                "spec.pools.*.volumeClaimTemplate.spec.resources.requests.storage",
                Rule::SameSize,
                "minio.pools[].size",
                GROW_CLAIMS,
            ),
            fixed(
                "spec.pools.*.volumeClaimTemplate.spec.storageClassName",
                Rule::Same,
                "minio.pools[].storageClass",
                NO_MOVING,
            ),
        ],
    },
    Store {
        component: "postgresql",
        api_version: "acid.zalan.do/v1",
        kind: "postgresql",
        holds_data: true,
        fixed: &[
            fixed(
                "spec.volume.size",
                Rule::NotSmaller,
                "postgresql.size",
                NO_SHRINKING,
            ),
            fixed(
                "spec.volume.storageClass",
                Rule::Same,
                "postgresql.storageClass",
                NO_MOVING,
            ),
            fixed(
                "spec.postgresql.version",
                Rule::NotOlder,
                "postgresql.version",
                NO_DOWNGRADE,
            ),
            fixed(
                "spec.databases.*",
                Rule::Kept,
                "global.connections.postgresql.database",
                OTHER_DATABASE,
            ),
        ],
    },
    Store {
        component: "postgresql",
        api_version: "postgresql.cnpg.io/v1",
        kind: "Cluster",
        holds_data: true,
        fixed: &[
            fixed(
                "spec.storage.size",
                Rule::NotSmaller,
                "postgresql.size",
                NO_SHRINKING,
            ),
            fixed(
                "spec.storage.storageClass",
                Rule::Same,
                "postgresql.storageClass",
                NO_MOVING,
            ),
            fixed(
                "spec.bootstrap.initdb.database",
                Rule::Same,
                "global.connections.postgresql.database",
                OTHER_DATABASE,
            ),
            fixed(
                "spec.bootstrap.initdb.owner",
                Rule::Same,
                "global.connections.postgresql.owner",
                "the operator makes the role when the cluster begins, and not again",
            ),
        ],
    },
    Store {
        component: "experiment",
        api_version: "v1",
        kind: "PersistentVolumeClaim",
        holds_data: false,
        fixed: &[
            fixed(
                "spec.resources.requests.storage",
                Rule::NotSmaller,
                "experiment.results.size",
                NO_SHRINKING,
            ),
            fixed(
                "spec.storageClassName",
                Rule::SameIfGiven,
                "experiment.results.storageClass",
                NO_MOVING,
            ),
        ],
    },
];

const fn fixed(
    path: &'static str,
    rule: Rule,
    value: &'static str,
    instead: &'static str,
) -> Fixed {
    Fixed {
        path,
        rule,
        value,
        instead,
    }
}
