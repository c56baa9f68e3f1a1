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
