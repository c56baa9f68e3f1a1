//! What the API server reads from its environment (SPIRA contract B2).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, EnvVar, Secret, SecretKeySelector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Values;
use crate::{
    Context,
    kit::{
        DataKey, ObjectName, Positive, SigningKey,
        env::{secret, secret_key},
    },
    program::{self, HASH_SCHEME},
};

/// The tokens that users get when they log in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jwt {
    /// The key that signs tokens; unset, the live Secret's, else a generated one.
    pub key: Option<SigningKey>,
    /// A Secret of the user's with the key, instead of one that the chart makes.
    pub existing_secret: Option<ObjectName>,
    /// The key in that Secret under which the signing key stands.
    pub existing_secret_key: DataKey,
    /// How tokens are signed.
    pub algorithm: Algorithm,
    /// Minutes that a token is valid.
    pub expire_minutes: Positive,
}

/// How tokens are signed: HMAC with the given hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// SHA-256.
    HS256,
    /// SHA-384.
    HS384,
    /// SHA-512.
    HS512,
}

impl Default for Jwt {
    fn default() -> Self {
        Self {
            key: None,
            existing_secret: None,
            existing_secret_key: "key".parse().expect("a constant key"),
            algorithm: Algorithm::HS256,
            expire_minutes: Positive::try_from(30).expect("above 0"),
        }
    }
}

/// The name of the `ConfigMap`.
pub(super) fn name(context: &Context) -> String {
    format!("{}-env", context.fullname())
}

/// The checksum that restarts the pods when their configuration changes.
pub(super) fn checksum(context: &Context, values: &Values) -> String {
    let object = format!("ConfigMap/{}", name(context));
    context
        .intrinsics()
        .checksum(&object, &data(context, values))
}

/// The configuration of the program.
#[must_use]
pub fn config_map(context: &Context, values: &Values) -> ConfigMap {
    ConfigMap {
        metadata: context.meta(name(context)),
        data: Some(data(context, values)),
        ..ConfigMap::default()
    }
}

/// The key that signs tokens: the same for all pods, and the same after an upgrade.
#[must_use]
pub fn jwt_secret(context: &Context, values: &Values) -> Secret {
    let name = format!("{}-jwt", context.fullname());
    Secret {
        metadata: context.secret_meta(name.clone()),
        string_data: Some(BTreeMap::from([(
            "key".to_owned(),
            context.intrinsics().credential(
                &name,
                "key",
                values.jwt.key.as_deref(),
                context.global.secrets.generate,
                "api-server.jwt.key",
            ),
        )])),
        type_: Some("Opaque".into()),
        ..Secret::default()
    }
}

/// The variables with credentials that it takes to ask whether MongoDB and NATS are there.
pub(super) fn connection_environment(context: &Context) -> Vec<EnvVar> {
    let mut environment = vec![secret("M_CONN_URL", &context.mongodb().secret)];
    environment.extend(program::nats_login(context));
    environment
}

/// The variables of the program that are not in the `ConfigMap`.
pub(super) fn environment(context: &Context, values: &Values) -> Vec<EnvVar> {
    let mut environment = connection_environment(context);
    environment.push(secret("key", &jwt_key(context, values)));
    environment.extend(context.object_store().spira_keys());
    environment.extend(program::environment());
    environment
}

fn jwt_key(context: &Context, values: &Values) -> SecretKeySelector {
    match &values.jwt.existing_secret {
        Some(name) => secret_key(&**name, &*values.jwt.existing_secret_key),
        None => secret_key(format!("{}-jwt", context.fullname()), "key"),
    }
}

fn data(context: &Context, values: &Values) -> BTreeMap<String, String> {
    let global = context.global;
    let store = context.object_store();
    let algorithm = match values.jwt.algorithm {
        Algorithm::HS256 => "HS256",
        Algorithm::HS384 => "HS384",
        Algorithm::HS512 => "HS512",
    };
    [
        ("CLIENT_URL", values.cors_origin.to_string()),
        ("algorithm", algorithm.to_owned()),
        ("expire_time", values.jwt.expire_minutes.to_string()),
        ("context_scheme", HASH_SCHEME.to_owned()),
        ("deprecated", "auto".to_owned()),
        ("nats_conn_url", context.nats().url()),
        ("loop_interval", values.loop_interval.to_string()),
        ("central_channel", global.central_channel.to_string()),
        ("minio_conn_url", store.host_port),
        ("bucket_name", store.audio_bucket),
        ("file_extension", global.file_extension.to_string()),
    ]
    .into_iter()
    .chain(context.mongodb().settings())
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
