//! The account that the members run under.

use k8s_openapi::{
    api::{
        core::v1::ServiceAccount,
        rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Values;
use crate::{Context, kit::kept};

/// An operator that acts on `MongoDBCommunity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Operator {
    /// The Community operator (`community-operator`), at its end of life.
    Community,
    /// Its successor, the MongoDB controllers for Kubernetes (`mongodb-kubernetes`).
    Kubernetes,
}

impl Operator {
    /// The account that the operator lets the members run under.
    #[must_use]
    pub fn account(self) -> &'static str {
        match self {
            Self::Community => "mongodb-database",
            Self::Kubernetes => "mongodb-kubernetes-appdb",
        }
    }
}

/// The account.
#[must_use]
pub fn service_account(context: &Context, values: &Values) -> ServiceAccount {
    ServiceAccount {
        metadata: meta(context, values),
        ..ServiceAccount::default()
    }
}

// Members that stay when the release goes need their account to start again.
fn meta(context: &Context, values: &Values) -> ObjectMeta {
    kept(context.meta(values.operator.account()), values.keep)
}

/// What the operator's agent, which runs beside each member, may do: read its configuration, and
/// note on its pod how far it has come.
#[must_use]
pub fn role(context: &Context, values: &Values) -> Role {
    Role {
        metadata: meta(context, values),
        rules: Some(vec![
            rule("secrets", &["get"]),
            rule("pods", &["patch", "delete", "get"]),
        ]),
    }
}

fn rule(resource: &str, verbs: &[&str]) -> PolicyRule {
    PolicyRule {
        api_groups: Some(vec![String::new()]),
        resources: Some(vec![resource.into()]),
        verbs: verbs.iter().map(ToString::to_string).collect(),
        ..PolicyRule::default()
    }
}

/// Gives the account these rights.
#[must_use]
pub fn role_binding(context: &Context, values: &Values) -> RoleBinding {
    let account = values.operator.account();
    RoleBinding {
        metadata: meta(context, values),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".into()),
            kind: "Role".into(),
            name: account.into(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".into(),
            name: account.into(),
            namespace: Some(context.intrinsics().namespace()),
            ..Subject::default()
        }]),
    }
}
