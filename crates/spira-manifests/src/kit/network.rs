//! Network policies, the same for every component: who may speak to its pods, and to whom they may.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::networking::v1::{
        NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
        NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::non_empty;
use crate::Context;

/// That these peers speak to pods on these ports of theirs: none where there are no peers or no ports,
/// since an empty list in a policy means everybody, and all ports.
#[must_use]
pub fn from(peers: Vec<NetworkPolicyPeer>, ports: &[i32]) -> Vec<NetworkPolicyIngressRule> {
    let says_something = !peers.is_empty() && !ports.is_empty();
    let rule = says_something.then(|| NetworkPolicyIngressRule {
        from: Some(peers),
        ports: Some(ports.iter().map(|port| tcp(*port)).collect()),
    });
    rule.into_iter().collect()
}

/// That pods speak to these peers on these ports of theirs; as [`from`], none where either is empty.
#[must_use]
pub fn to(
    peers: Vec<NetworkPolicyPeer>,
    ports: Vec<NetworkPolicyPort>,
) -> Vec<NetworkPolicyEgressRule> {
    let says_something = !peers.is_empty() && !ports.is_empty();
    let rule = says_something.then_some(NetworkPolicyEgressRule {
        to: Some(peers),
        ports: Some(ports),
    });
    rule.into_iter().collect()
}

/// A policy over `pods`: what no rule allows, neither here nor in another policy over them, is denied
/// to them, both ways.
#[must_use]
pub fn policy(
    context: &Context,
    name: String,
    pods: BTreeMap<String, String>,
    ingress: &Vec<NetworkPolicyIngressRule>,
    egress: &Vec<NetworkPolicyEgressRule>,
) -> NetworkPolicy {
    over(
        context,
        name,
        NetworkPolicySpec {
            pod_selector: Some(selector(pods)),
            policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
            ingress: non_empty(ingress),
            egress: non_empty(egress),
        },
    )
}

/// A policy that lets others speak to `pods`; none without a rule.
#[must_use]
pub fn ingress(
    context: &Context,
    name: String,
    pods: BTreeMap<String, String>,
    rules: Vec<NetworkPolicyIngressRule>,
) -> Option<NetworkPolicy> {
    let policy = |rules| NetworkPolicySpec {
        pod_selector: Some(selector(pods)),
        policy_types: Some(vec!["Ingress".into()]),
        ingress: Some(rules),
        ..NetworkPolicySpec::default()
    };
    (!rules.is_empty()).then(|| over(context, name, policy(rules)))
}

/// A policy that lets `pods` speak to others; none without a rule.
#[must_use]
pub fn egress(
    context: &Context,
    name: String,
    pods: BTreeMap<String, String>,
    rules: Vec<NetworkPolicyEgressRule>,
) -> Option<NetworkPolicy> {
    let policy = |rules| NetworkPolicySpec {
        pod_selector: Some(selector(pods)),
        policy_types: Some(vec!["Egress".into()]),
        egress: Some(rules),
        ..NetworkPolicySpec::default()
    };
    (!rules.is_empty()).then(|| over(context, name, policy(rules)))
}

fn over(context: &Context, name: String, spec: NetworkPolicySpec) -> NetworkPolicy {
    NetworkPolicy {
        metadata: context.meta(name),
        spec: Some(spec),
    }
}

fn selector(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector {
        match_labels: Some(labels),
        ..LabelSelector::default()
    }
}

/// Pods of the release's namespace with these labels.
#[must_use]
pub fn pods(labels: BTreeMap<String, String>) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        pod_selector: Some(selector(labels)),
        ..NetworkPolicyPeer::default()
    }
}

/// A port for TCP.
#[must_use]
pub fn tcp(port: i32) -> NetworkPolicyPort {
    of("TCP", port)
}

/// A port for UDP.
#[must_use]
pub fn udp(port: i32) -> NetworkPolicyPort {
    of("UDP", port)
}

fn of(protocol: &str, port: i32) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(port)),
        protocol: Some(protocol.into()),
        ..NetworkPolicyPort::default()
    }
}
