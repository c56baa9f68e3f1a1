//! Custom resources: the kinds that Kubernetes does not serve by itself, with the fields that SPIRA
//! sets, and what brings them to a cluster.
//!
//! A field that is `None` is not in the object, so the operator's default holds. Types of
//! Kubernetes within them are those of `k8s-openapi`, which holds no custom resources.

use std::collections::BTreeMap;

use k8s_openapi::Resource;
use serde::Serialize;

// The list. A kind more is a file beside the others and its name here. Kinds that come the same way
// are neighbours.
macro_rules! kinds {
    ($($module:ident [$($type:ident),* $(,)?])*) => {
        $(pub mod $module;)*

        /// The API of every kind, in the order in which a message names them.
        pub static APIS: &[Api] = &[$($(Api::of::<$module::$type>()),*),*];
    };
}

kinds! {
    mongodb [MongoDBCommunity]
    minio [Tenant]
    zalando [Postgresql]
    cloudnative_pg [Cluster]
    gateway_api [HttpRoute, Gateway]
    prometheus [PodMonitor, ServiceMonitor, PrometheusRule]
    chaos_mesh [Schedule]
}

/// A kind that a cluster serves only once something was installed.
pub trait CustomResource: Resource {
    /// What brings it to a cluster: one of these is enough.
    const WAYS: &'static [Way];
}

/// What brings kinds to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// What it is, to go after "from".
    pub from: &'static str,
    /// The command that installs it, for a shell: for any namespace that a release may be in. It may
    /// have several lines.
    pub command: &'static str,
}

/// The API of a kind, and what brings it to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    /// The group and version, such as `minio.min.io/v2`.
    pub version: &'static str,
    /// The kind, such as `Tenant`.
    pub kind: &'static str,
    /// What brings it to a cluster: one of these is enough.
    pub ways: &'static [Way],
}

impl Api {
    const fn of<T: CustomResource>() -> Self {
        Self {
            version: T::API_VERSION,
            kind: T::KIND,
            ways: T::WAYS,
        }
    }

    /// The API of objects with this `apiVersion` and `kind`, if it is that of a custom resource.
    #[must_use]
    pub fn named(version: &str, kind: &str) -> Option<&'static Self> {
        APIS.iter()
            .find(|api| api.version == version && api.kind == kind)
    }
}

/// As Helm's capabilities name it: `minio.min.io/v2/Tenant`.
impl std::fmt::Display for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.version, self.kind)
    }
}

/// Labels and annotations.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ObjectLabels {
    /// Labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}

// What makes a struct with `metadata` and `spec` a resource of Kubernetes.
macro_rules! custom_resource {
    ($type:ident: $group:literal $version:literal, $kind:literal $plural:literal, $ways:expr) => {
        impl $crate::cr::CustomResource for $type {
            const WAYS: &'static [$crate::cr::Way] = $ways;
        }

        impl ::k8s_openapi::Resource for $type {
            const API_VERSION: &'static str = concat!($group, "/", $version);
            const GROUP: &'static str = $group;
            const KIND: &'static str = $kind;
            const VERSION: &'static str = $version;
            const URL_PATH_SEGMENT: &'static str = $plural;
            type Scope = ::k8s_openapi::NamespaceResourceScope;
        }

        impl ::k8s_openapi::Metadata for $type {
            type Ty = ::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

            fn metadata(&self) -> &Self::Ty {
                &self.metadata
            }

            fn metadata_mut(&mut self) -> &mut Self::Ty {
                &mut self.metadata
            }
        }

        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeStruct;

                let mut object = serializer.serialize_struct($kind, 4)?;
                object.serialize_field("apiVersion", concat!($group, "/", $version))?;
                object.serialize_field("kind", $kind)?;
                object.serialize_field("metadata", &self.metadata)?;
                object.serialize_field("spec", &self.spec)?;
                object.end()
            }
        }
    };
}

pub(crate) use custom_resource;

#[cfg(test)]
mod tests;
