//! Security contexts and resources that stand in the values as defaults.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{
        Capabilities, PodSecurityContext, ResourceRequirements, SeccompProfile, SecurityContext,
    },
    apimachinery::pkg::api::resource::Quantity,
};

/// The user and group that every container runs as: none of SPIRA's images needs another, and
/// none has a user of its own. It is above those that nodes give to people and services of theirs.
const USER: i64 = 10_001;

/// A pod's security context that the Pod Security Standard `restricted` accepts.
#[must_use]
pub fn restricted_pod() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(USER),
        run_as_group: Some(USER),
        fs_group: Some(USER),
        fs_group_change_policy: Some("OnRootMismatch".into()),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".into(),
            ..SeccompProfile::default()
        }),
        ..PodSecurityContext::default()
    }
}

/// A container's security context that the Pod Security Standard `restricted` accepts, with a
/// root file system that cannot be written.
#[must_use]
pub fn restricted_container() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".into()]),
            ..Capabilities::default()
        }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

/// Resources from pairs such as `("cpu", "100m")`: what the scheduler sets aside, and what a
/// container may use at most.
#[must_use]
pub fn resources(requests: &[(&str, &str)], limits: &[(&str, &str)]) -> ResourceRequirements {
    ResourceRequirements {
        requests: Some(quantities(requests)),
        limits: Some(quantities(limits)),
        ..ResourceRequirements::default()
    }
}

fn quantities(pairs: &[(&str, &str)]) -> BTreeMap<String, Quantity> {
    pairs
        .iter()
        .map(|(name, amount)| ((*name).to_owned(), Quantity((*amount).to_owned())))
        .collect()
}
