//! The account that a workload's pods run under.

use k8s_openapi::{api::core::v1::ServiceAccount, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Annotations, ObjectName, non_empty};
use crate::Context;

/// The account that a workload's pods run under.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceAccountValues {
    /// Whether to create the `ServiceAccount`.
    pub create: bool,
    /// Its name; unset, that of the workload if it is created, else `default`.
    pub name: Option<ObjectName>,
    /// Annotations of the `ServiceAccount`.
    pub annotations: Annotations,
    /// Whether pods get a token for the Kubernetes API; of all that this chart runs only the
    /// experiment asks it anything.
    pub automount_service_account_token: bool,
}

impl Default for ServiceAccountValues {
    fn default() -> Self {
        Self {
            create: true,
            name: None,
            annotations: Annotations::default(),
            automount_service_account_token: false,
        }
    }
}

/// Whether the rights that a program needs are given to its account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rbac {
    /// Whether to create a Role and its `RoleBinding`.
    pub create: bool,
}

impl Default for Rbac {
    fn default() -> Self {
        Self { create: true }
    }
}

impl ServiceAccountValues {
    /// The name of the account that the pods of the workload `workload` run under.
    #[must_use]
    pub fn name(&self, workload: &str) -> String {
        if let Some(name) = &self.name {
            name.to_string()
        } else if self.create {
            workload.to_owned()
        } else {
            "default".to_owned()
        }
    }

    /// The account that the pods of the workload `workload` run under.
    #[must_use]
    pub fn service_account(&self, context: &Context, workload: &str) -> ServiceAccount {
        ServiceAccount {
            metadata: ObjectMeta {
                annotations: non_empty(&*self.annotations),
                ..context.meta(self.name(workload))
            },
            automount_service_account_token: Some(self.automount_service_account_token),
            ..ServiceAccount::default()
        }
    }
}
