//! What is known of values that behave otherwise than most, with the reason. Both tables are checked both ways.

/// A value whose change is refused on a live release.
pub struct Refused {
    pub path: &'static str,
    /// As the message names it.
    pub named: &'static str,
    pub why: &'static str,
}

/// Those values.
pub const REFUSED: &[Refused] = &[
    Refused {
        path: "nats.jetstream.enabled",
        named: "nats.jetstream.enabled",
        why: "a StatefulSet's claims cannot be changed",
    },
    Refused {
        path: "minio.pools.0.servers",
        named: "minio.pools[].servers",
        why: "MinIO spreads objects over the servers that a pool began with",
    },
    Refused {
        path: "minio.pools.0.volumesPerServer",
        named: "minio.pools[].volumesPerServer",
        why: "MinIO spreads objects over the volumes that a pool began with",
    },
];

/// Values that change no object, and why.
pub const SILENT: &[(&str, &str)] = &[
    (
        "global.preflight",
        "it decides whether an installation is refused",
    ),
    (
        "global.upgradeCheck",
        "it decides whether an upgrade is refused",
    ),
    (
        "global.monitoring.checkLabels",
        "it decides whether an installation is refused",
    ),
    (
        "global.secrets.generate",
        "it decides what becomes of a credential that is nowhere",
    ),
];

/// An example whose values cannot all be taken over by a release with the default ones.
pub struct Example {
    pub name: &'static str,
    /// The values that are refused, all of them in one message.
    pub refused: &'static [&'static str],
}

/// Those examples: their stores are of another form, so that a release with them is a new one.
pub const EXAMPLES: &[Example] = &[
    Example {
        name: "everything",
        refused: &["nats.jetstream.enabled", "minio.pools[].servers"],
    },
    Example {
        name: "minimal",
        refused: &["minio.pools[].servers", "minio.pools[].volumesPerServer"],
    },
    Example {
        name: "production",
        refused: &["minio.pools[].servers"],
    },
];

/// With these values over its own an example can take over a release with the default ones, and the other way round. Of
/// credentials it gives none: given ones would rightly be others.
pub const STORES_OF_DEFAULTS: &str = "\
global:
  storageClass: null
  connections:
    mongodb: {database: spira}
    postgresql: {operator: zalando, database: mlflow, owner: mlflow}
nats: {jetstream: {enabled: false}}
bootstrap: {password: null}
mongodb:
  password: null
  metrics: {password: null}
  version: 6.0.5
  data: {size: 10Gi, storageClass: null}
  logs: {size: 2Gi, storageClass: null}
minio:
  podManagementPolicy: Parallel
  pools: [{name: pool-0, servers: 3, volumesPerServer: 2, size: 10Gi}]
postgresql: {version: '17', size: 1Gi, storageClass: null}
";

/// Who is refused finds in the documentation what to do instead.
#[test]
fn refusals_are_documented() {
    let page = super::page();
    let (_, rest) = page.split_once("<!-- refused -->").expect("a table");
    let (table, _) = rest.split_once("<!-- /refused -->").expect("its end");
    let examples = EXAMPLES.iter().flat_map(|example| example.refused);
    let values = REFUSED.iter().map(|refused| refused.named);
    for value in values.chain(examples.copied()) {
        let is_named = table.contains(&format!("`{value}`"));
        assert!(is_named, "{value} is not in {table}");
    }
}

/// A table of what is no longer there would be taken for true.
#[test]
fn what_is_known_is_about_values() {
    let leaves = super::leaves::all();
    let values = REFUSED.iter().map(|refused| (refused.path, refused.why));
    for (path, why) in values.chain(SILENT.iter().copied()) {
        assert!(leaves.iter().any(|leaf| leaf.path == path), "{path}: {why}");
    }
}
