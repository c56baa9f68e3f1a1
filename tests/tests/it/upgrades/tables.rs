//! What is known of values that behave otherwise than most, with the reason. Both tables are checked both ways.

/// Values whose change is refused on a live release, with a message that names the path, and why.
pub const REFUSED: &[(&str, &str)] = &[
    (
        "nats.jetstream.enabled",
        "a StatefulSet's claims cannot be changed",
    ),
    (
        "minio.pools.0.servers",
        "MinIO spreads objects over the servers that a pool began with",
    ),
    (
        "minio.pools.0.volumesPerServer",
        "MinIO spreads objects over the volumes that a pool began with",
    ),
];

/// Values that change no object, and why.
pub const SILENT: &[(&str, &str)] = &[
    (
        "global.preflight",
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
    /// Values with which all others are taken.
    pub instead: &'static str,
}

/// Those examples. With other pools or another storage a release is a new one.
pub const EXAMPLES: &[Example] = &[
    Example {
        name: "everything",
        refused: &["nats.jetstream.enabled"],
        instead: "nats: {jetstream: {enabled: false}}",
    },
    Example {
        name: "minimal",
        refused: &["minio.pools"],
        instead: "minio: {pools: [{name: pool-0, servers: 3, volumesPerServer: 2, size: 1Gi}]}",
    },
    Example {
        name: "production",
        refused: &["minio.pools"],
        instead: "minio: {pools: [{name: pool-0, servers: 3, volumesPerServer: 2, size: 1Gi}]}",
    },
];

/// Who is refused finds in the documentation what to do instead.
#[test]
fn refusals_are_documented() {
    let page = super::page();
    let (_, rest) = page.split_once("<!-- refused -->").expect("a table");
    let (table, _) = rest.split_once("<!-- /refused -->").expect("its end");
    for (path, _) in REFUSED {
        let keys: Vec<_> = path.split('.').collect();
        let (section, last) = (keys[..2].join("."), keys[keys.len() - 1]);
        let row = table.lines().find(|line| line.contains(&section));
        let row = row.unwrap_or_else(|| panic!("no row of {section}"));
        assert!(row.contains(last), "{path} is not in {row}");
    }
}
