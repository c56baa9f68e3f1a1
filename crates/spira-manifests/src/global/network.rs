//! Network policies: the switch, and those outside of the release who take part.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::networking::v1::{IPBlock, NetworkPolicyEgressRule, NetworkPolicyPeer},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kit::network::{tcp, udp};

/// Who may speak to whom over the network. With policies on, every pod of the release speaks to
/// those that it needs and to nobody else, and likewise is spoken to.
///
/// Here are those outside of the release who take part, as a network policy names them: peers by
/// `namespaceSelector`, `podSelector` or both, or by `ipBlock`; whom pods speak to as `to` and
/// `ports`. An empty list is nobody. The defaults are where the commands that the preflight prints
/// install them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkPolicies {
    /// Whether there are any. The cluster's network must enforce them: one that does not takes them
    /// and does nothing.
    pub enabled: bool,
    /// Who answers for names: every pod asks.
    pub dns: Vec<NetworkPolicyEgressRule>,
    /// The API of Kubernetes, which the stores' agents ask, and the experiment. The default is every
    /// private address: narrow it to those of your API servers (`kubectl get endpointslices
    /// --selector kubernetes.io/service-name=kubernetes`), or widen it where they have public ones.
    pub kubernetes_api: Vec<NetworkPolicyEgressRule>,
    /// Prometheus, which reads metrics.
    pub prometheus: Vec<NetworkPolicyPeer>,
    /// The controllers of Ingresses and gateways, which bring requests to the API server where
    /// `api-server.ingress` or `api-server.httpRoute` is enabled.
    pub ingress: Vec<NetworkPolicyPeer>,
    /// Who may reach the API server from outside the cluster where its Service is a `NodePort` or
    /// `LoadBalancer`. The default is everybody.
    pub clients: Vec<NetworkPolicyPeer>,
    /// The operator of MinIO, which watches its servers, and from which they fetch a new version.
    pub minio_operator: Vec<NetworkPolicyPeer>,
    /// Zalando's operator, where it runs PostgreSQL.
    pub zalando_operator: Vec<NetworkPolicyPeer>,
    /// The operator of CloudNativePG, where it runs PostgreSQL.
    pub cloudnative_pg_operator: Vec<NetworkPolicyPeer>,
    /// Chaos Mesh's DNS server, which is asked while a fault of names is on.
    pub chaos_dns: Vec<NetworkPolicyPeer>,
    /// The services outside of the release to which `global.connections` leads.
    pub outside: Outside,
}

/// The services outside of the release to which `global.connections` leads, each with its ports;
/// behind a Service those of its pods. Where a connection leads to this release, nothing of this is
/// used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outside {
    /// NATS, where `global.connections.nats.host` is set.
    pub nats: Vec<NetworkPolicyEgressRule>,
    /// MongoDB, where `global.connections.mongodb.existingSecret` is set. Where nobody is named here,
    /// that Secret is taken to lead to this release's.
    pub mongodb: Vec<NetworkPolicyEgressRule>,
    /// The object store, where `global.connections.objectStore.host` is set.
    pub object_store: Vec<NetworkPolicyEgressRule>,
    /// PostgreSQL, where `global.connections.postgresql.host` is set.
    pub postgresql: Vec<NetworkPolicyEgressRule>,
    /// MLflow, where `global.connections.mlflow.url` is set.
    pub mlflow: Vec<NetworkPolicyEgressRule>,
}

/// The addresses that are private by RFC 1918 and RFC 4193.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
/// All addresses.
const ALL: [&str; 2] = ["0.0.0.0/0", "::/0"];
/// The label with its name that Kubernetes gives every namespace.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

impl Default for NetworkPolicies {
    fn default() -> Self {
        Self {
            enabled: false,
            dns: vec![NetworkPolicyEgressRule {
                to: Some(vec![pods("kube-system", "k8s-app", "kube-dns")]),
                ports: Some(vec![udp(53), tcp(53)]),
            }],
            kubernetes_api: vec![NetworkPolicyEgressRule {
                to: Some(addresses(&PRIVATE)),
                ports: Some(vec![tcp(443), tcp(6443)]),
            }],
            prometheus: vec![namespace("monitoring")],
            ingress: vec![namespace("ingress-nginx")],
            clients: addresses(&ALL),
            minio_operator: vec![namespace("minio-operator")],
            zalando_operator: vec![namespace("postgres-operator")],
            cloudnative_pg_operator: vec![namespace("cnpg-system")],
            chaos_dns: vec![pods(
                "chaos-mesh",
                "app.kubernetes.io/component",
                "chaos-dns-server",
            )],
            outside: Outside::default(),
        }
    }
}

/// All pods of a namespace.
fn namespace(name: &str) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(selector(NAMESPACE_NAME, name)),
        ..NetworkPolicyPeer::default()
    }
}

/// The pods of a namespace that have a label.
fn pods(name: &str, key: &str, value: &str) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        pod_selector: Some(selector(key, value)),
        ..namespace(name)
    }
}

fn addresses(cidrs: &[&str]) -> Vec<NetworkPolicyPeer> {
    let block = |cidr: &&str| NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: (*cidr).to_owned(),
            except: None,
        }),
        ..NetworkPolicyPeer::default()
    };
    cidrs.iter().map(block).collect()
}

fn selector(key: &str, value: &str) -> LabelSelector {
    LabelSelector {
        match_labels: Some(BTreeMap::from([(key.to_owned(), value.to_owned())])),
        ..LabelSelector::default()
    }
}
