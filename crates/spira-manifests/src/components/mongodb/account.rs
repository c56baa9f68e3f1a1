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
        metadata: meta(context, values, values.operator.account()),
        ..ServiceAccount::default()
    }
}

// Members that stay when the release goes need their account, and its rights, to start again.
fn meta(context: &Context, values: &Values, name: impl Into<String>) -> ObjectMeta {
    kept(context.meta(name), values.keep)
}

/// What the operator's agent, which runs beside each member, may do: read its configuration, which is
/// the only Secret that it looks at, and note on its pod how far it has come (SPIRA contract C2; the
/// program `readinessprobe` of the operator 0.13.0 reads that Secret and no other).
#[must_use]
pub fn role(context: &Context, values: &Values) -> Role {
    Role {
        metadata: meta(context, values, agent_name(context)),
        rules: Some(vec![
            PolicyRule {
                resource_names: Some(vec![format!("{}-config", context.fullname())]),
                ..rule("secrets", &["get"])
            },
            rule("pods", &["patch", "delete", "get"]),
        ]),
    }
}

/// Each release has rights of its own, whoever made the account.
fn agent_name(context: &Context) -> String {
    format!("{}-agent", context.fullname())
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
        metadata: meta(context, values, agent_name(context)),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".into()),
            kind: "Role".into(),
            name: agent_name(context),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".into(),
            name: account.into(),
            namespace: Some(context.intrinsics().namespace()),
            ..Subject::default()
        }]),
    }
}
