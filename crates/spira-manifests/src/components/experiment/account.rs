//! What the experiment may do with Kubernetes' API, and no more.

use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};

use super::{Faults, Values};
use crate::Context;

const CHAOS_MESH: &str = "chaos-mesh.org";
/// What makes faults in Chaos Mesh: none of it may be under way before a run.
const FAULTS: &[&str] = &[
    "schedules",
    "podchaos",
    "networkchaos",
    "iochaos",
    "stresschaos",
    "dnschaos",
    "timechaos",
    "httpchaos",
];

/// The rights, in the release's namespace: to look at pods and at faults, and to make those that
/// `faults` says.
#[must_use]
pub fn role(context: &Context, values: &Values) -> Role {
    let mut rules = vec![rule(CHAOS_MESH, FAULTS, &["get", "list"])];
    match values.faults {
        Faults::DeletePods => rules.push(rule("", &["pods"], &["get", "list", "delete"])),
        Faults::None => rules.push(rule("", &["pods"], &["get", "list"])),
        Faults::ChaosMesh => {
            rules.push(rule("", &["pods"], &["get", "list"]));
            rules.push(rule(CHAOS_MESH, &["schedules"], &["patch"]));
            // Chaos Mesh's webhook lets only those change a Schedule who may create (later versions:
            // update) its kind in lower case. Kubernetes has no resource of that name.
            rules.push(rule(CHAOS_MESH, &["schedule"], &["create", "update"]));
        }
    }
    Role {
        metadata: context.meta(context.fullname()),
        rules: Some(rules),
    }
}

/// Gives the account these rights.
#[must_use]
pub fn role_binding(context: &Context, values: &Values) -> RoleBinding {
    let name = context.fullname();
    RoleBinding {
        metadata: context.meta(name.clone()),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".into()),
            kind: "Role".into(),
            name: name.clone(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".into(),
            name: values.service_account.name(&name),
            namespace: Some(context.intrinsics().namespace()),
            ..Subject::default()
        }]),
    }
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    PolicyRule {
        api_groups: Some(vec![group.into()]),
        resources: Some(texts(resources)),
        verbs: texts(verbs),
        ..PolicyRule::default()
    }
}
