//! Custom resources: the kinds of the operators, with the fields that SPIRA sets.
//!
//! A field that is `None` is not in the object, so the operator's default holds. Types of
//! Kubernetes within them are those of `k8s-openapi`.

pub mod cloudnative_pg;
pub mod minio;
pub mod mongodb;
pub mod zalando;

use std::collections::BTreeMap;

use serde::Serialize;

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
    ($type:ident: $group:literal $version:literal, $kind:literal $plural:literal) => {
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
