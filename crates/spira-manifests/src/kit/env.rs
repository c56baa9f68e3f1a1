//! Environment variables of containers.

use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, SecretKeySelector,
};

/// A variable with a value that stands in the manifest.
#[must_use]
pub fn literal(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar {
        name: name.into(),
        value: Some(value.into()),
        ..EnvVar::default()
    }
}

/// A variable whose value is one key of a Secret.
#[must_use]
pub fn secret(name: &str, key: &SecretKeySelector) -> EnvVar {
    EnvVar {
        name: name.into(),
        value_from: Some(EnvVarSource {
            secret_key_ref: Some(key.clone()),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

/// A variable that holds a field of the pod itself, such as `metadata.name`.
#[must_use]
pub fn field(name: &str, path: &str) -> EnvVar {
    EnvVar {
        name: name.into(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                field_path: path.into(),
                ..ObjectFieldSelector::default()
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

/// Every key of a `ConfigMap` as a variable.
#[must_use]
pub fn config_map(name: impl Into<String>) -> EnvFromSource {
    EnvFromSource {
        config_map_ref: Some(ConfigMapEnvSource {
            name: name.into(),
            ..ConfigMapEnvSource::default()
        }),
        ..EnvFromSource::default()
    }
}

/// One key of a Secret.
#[must_use]
pub fn secret_key(name: impl Into<String>, key: impl Into<String>) -> SecretKeySelector {
    SecretKeySelector {
        name: name.into(),
        key: key.into(),
        ..SecretKeySelector::default()
    }
}
