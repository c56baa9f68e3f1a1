//! What network policies allow, evaluated as Kubernetes defines it.
//!
//! A connection needs two policies that allow it: one over the pod that opens it, and one over the pod that takes it. A pod
//! that no policy selects for a direction is free in it. Policies add up, and none takes away what another allows.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// Labels of a pod or of a namespace.
pub type Labels = BTreeMap<String, String>;

/// A port of whoever is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    pub protocol: &'static str,
    pub number: u16,
}

impl Port {
    pub const fn tcp(number: u16) -> Self {
        Self {
            protocol: "TCP",
            number,
        }
    }

    pub const fn udp(number: u16) -> Self {
        Self {
            protocol: "UDP",
            number,
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            "TCP" => self.number.fmt(f),
            protocol => write!(f, "{}/{protocol}", self.number),
        }
    }
}

/// What sends and takes packets: a pod, or an address outside of the cluster, which no policy selects.
#[derive(Clone, Debug)]
pub struct End {
    pub address: IpAddr,
    pub pod: Option<Pod>,
}

/// A pod, as far as policies see it.
#[derive(Clone, Debug, Default)]
pub struct Pod {
    pub namespace: String,
    pub labels: Labels,
    /// Its containers' ports, by name.
    pub ports: BTreeMap<String, Port>,
}

/// The policies of a cluster, and its namespaces with their labels.
#[derive(Clone, Debug, Default)]
pub struct Network {
    pub policies: Vec<NetworkPolicy>,
    pub namespaces: BTreeMap<String, Labels>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Ingress,
    Egress,
}

impl Network {
    /// Whether `from` can open a connection to this port of `to`.
    pub fn allows(&self, from: &End, to: &End, port: Port) -> bool {
        self.one_side(Direction::Egress, from, to, to, port)
            && self.one_side(Direction::Ingress, to, from, to, port)
    }

    /// The policies over a pod, whatever they are about.
    pub fn over(&self, pod: &Pod) -> impl Iterator<Item = &NetworkPolicy> {
        self.policies.iter().filter(|policy| {
            let spec = policy.spec.as_ref().expect("a policy has a spec");
            let everything = LabelSelector::default();
            let selector = spec.pod_selector.as_ref().unwrap_or(&everything);
            namespace(policy) == pod.namespace && selects(selector, &pod.labels)
        })
    }

    /// What the policies over `own` say about `other`; the port is one of `server`, which is one of the two.
    fn one_side(
        &self,
        direction: Direction,
        own: &End,
        other: &End,
        server: &End,
        port: Port,
    ) -> bool {
        let Some(pod) = &own.pod else {
            return true;
        };
        let mut policies = self
            .over(pod)
            .filter(|policy| is_about(policy, direction))
            .peekable();
        policies.peek().is_none()
            || policies.any(|policy| {
                rules(policy, direction).into_iter().any(|(peers, ports)| {
                    let peer = |peer: &&NetworkPolicyPeer| self.is(peer, namespace(policy), other);
                    // An empty list is no restriction.
                    (peers.is_empty() || peers.iter().any(peer))
                        && (ports.is_empty() || ports.iter().any(|one| covers(one, server, port)))
                })
            })
    }

    fn is(&self, peer: &NetworkPolicyPeer, own_namespace: &str, end: &End) -> bool {
        // Kubernetes leaves open whether a block matches pods: here it does, so that nothing is overlooked.
        if let Some(block) = &peer.ip_block {
            return holds(block, end.address);
        }
        let Some(pod) = &end.pod else {
            return false;
        };
        let in_namespace = match &peer.namespace_selector {
            Some(selector) => {
                let labels = self.namespaces.get(&pod.namespace);
                selects(selector, labels.expect("every pod's namespace is known"))
            }
            None => pod.namespace == own_namespace,
        };
        let selector = peer.pod_selector.as_ref();
        in_namespace && selector.is_none_or(|selector| selects(selector, &pod.labels))
    }
}

fn namespace(policy: &NetworkPolicy) -> &str {
    policy.metadata.namespace.as_deref().unwrap_or("default")
}

/// Without `policyTypes` a policy is about what comes in, and about what goes out if it has a rule for that.
fn is_about(policy: &NetworkPolicy, direction: Direction) -> bool {
    let spec = policy.spec.as_ref().expect("a policy has a spec");
    match (&spec.policy_types, direction) {
        (Some(types), Direction::Ingress) => types.iter().any(|one| one == "Ingress"),
        (Some(types), Direction::Egress) => types.iter().any(|one| one == "Egress"),
        (None, Direction::Ingress) => true,
        (None, Direction::Egress) => spec.egress.is_some(),
    }
}

type Rules<'a> = Vec<(Vec<&'a NetworkPolicyPeer>, Vec<&'a NetworkPolicyPort>)>;

fn rules(policy: &NetworkPolicy, direction: Direction) -> Rules<'_> {
    let spec = policy.spec.as_ref().expect("a policy has a spec");
    let ingress = spec.ingress.iter().flatten();
    let ingress = ingress.map(|rule| (&rule.from, &rule.ports));
    let egress = spec.egress.iter().flatten();
    let egress = egress.map(|rule| (&rule.to, &rule.ports));
    let rules: Vec<_> = match direction {
        Direction::Ingress => ingress.collect(),
        Direction::Egress => egress.collect(),
    };
    let flat = rules.into_iter().map(|(peers, ports)| {
        let peers = peers.iter().flatten().collect();
        (peers, ports.iter().flatten().collect())
    });
    flat.collect()
}

/// Whether a selector takes these labels; an empty one takes all.
pub fn selects(selector: &LabelSelector, labels: &Labels) -> bool {
    let mut pairs = selector.match_labels.iter().flatten();
    let mut expressions = selector.match_expressions.iter().flatten();
    pairs.all(|(key, value)| labels.get(key) == Some(value))
        && expressions.all(|expression| {
            let value = labels.get(&expression.key);
            let among = value.is_some_and(|value| {
                let mut values = expression.values.iter().flatten();
                values.any(|one| one == value)
            });
            match expression.operator.as_str() {
                "In" => among,
                "NotIn" => !among,
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                other => panic!("{other} is no operator of a selector"),
            }
        })
}

fn covers(of: &NetworkPolicyPort, server: &End, port: Port) -> bool {
    if of.protocol.as_deref().unwrap_or("TCP") != port.protocol {
        return false;
    }
    match (&of.port, of.end_port) {
        (None, _) => true,
        (Some(IntOrString::Int(first)), last) => {
            (*first..=last.unwrap_or(*first)).contains(&port.number.into())
        }
        (Some(IntOrString::String(name)), _) => {
            let pod = server.pod.as_ref();
            pod.and_then(|pod| pod.ports.get(name)) == Some(&port)
        }
    }
}

/// Whether an address is in a block, and in none of its exceptions.
fn holds(block: &IPBlock, address: IpAddr) -> bool {
    let mut except = block.except.iter().flatten();
    in_range(&block.cidr, address) && !except.any(|cidr| in_range(cidr, address))
}

/// Whether an address is in a range such as `10.0.0.0/8`.
pub fn in_range(cidr: &str, address: IpAddr) -> bool {
    let (start, length) = cidr.split_once('/').expect("a range has a length");
    let start: IpAddr = start.parse().expect("a range starts with an address");
    let length: u32 = length.parse().expect("a length is a number");
    let (start, address, width) = match (start, address) {
        (IpAddr::V4(start), IpAddr::V4(address)) => {
            (u32::from(start).into(), u32::from(address).into(), 32)
        }
        (IpAddr::V6(start), IpAddr::V6(address)) => (u128::from(start), u128::from(address), 128),
        _ => return false,
    };
    let host_bits = width - length;
    // A shift by the whole width is none.
    let network = |address: u128| address.checked_shr(host_bits).unwrap_or(0);
    network(start) == network(address)
}
