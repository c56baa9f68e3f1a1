//! The configuration file of the servers.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::{CLUSTER_PORT, MONITOR_PORT, Values, services::headless_name};
use crate::Context;

/// Where streams are stored.
pub(super) const STORE: &str = "/data";

/// The name of the `ConfigMap`.
pub(super) fn name(context: &Context) -> String {
    format!("{}-config", context.fullname())
}

/// The checksum that restarts the servers when their configuration changes.
pub(super) fn checksum(context: &Context, values: &Values) -> String {
    let object = format!("ConfigMap/{}", name(context));
    context
        .intrinsics()
        .checksum(&object, &data(context, values))
}

/// The configuration of the servers.
#[must_use]
pub fn config_map(context: &Context, values: &Values) -> ConfigMap {
    ConfigMap {
        metadata: context.meta(name(context)),
        data: Some(data(context, values)),
        ..ConfigMap::default()
    }
}

fn data(context: &Context, values: &Values) -> BTreeMap<String, String> {
    BTreeMap::from([("nats.conf".to_owned(), nats_conf(context, values))])
}

fn nats_conf(context: &Context, values: &Values) -> String {
    let nats = context.nats();
    let cluster = context.fullname();
    let headless = headless_name(context);
    let mut lines = vec![
        "server_name: $SERVER_NAME".to_owned(),
        format!("port: {}", nats.port),
        format!("http_port: {MONITOR_PORT}"),
        "lame_duck_grace_period: 10s".to_owned(),
        "lame_duck_duration: 30s".to_owned(),
        "cluster {".to_owned(),
        format!("  name: \"{cluster}\""),
        format!("  port: {CLUSTER_PORT}"),
        // Clients know one URL, the Service, and come back to whichever server it leads to.
        "  no_advertise: true".to_owned(),
        "  routes: [".to_owned(),
    ];
    for ordinal in context.intrinsics().ordinals(values.replicas.get()) {
        lines.push(format!(
            "    \"nats://{cluster}-{ordinal}.{headless}:{CLUSTER_PORT}\""
        ));
    }
    lines.extend(["  ]".to_owned(), "}".to_owned()]);
    if values.jetstream.enabled {
        lines.extend([
            "jetstream {".to_owned(),
            format!("  store_dir: {STORE}"),
            format!("  max_memory_store: {}", values.jetstream.memory),
            format!("  max_file_store: {}", values.jetstream.size),
            "}".to_owned(),
        ]);
    }
    if let Some(login) = nats.login {
        lines.extend([
            "authorization {".to_owned(),
            format!("  user: \"{}\"", login.username),
            "  password: $CLIENT_PASSWORD".to_owned(),
            "}".to_owned(),
        ]);
    }
    lines.push(String::new());
    lines.join("\n")
}
