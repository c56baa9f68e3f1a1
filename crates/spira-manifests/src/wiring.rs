//! Who speaks to whom over the network: one list, from which both sides of every connection are
//! allowed.
//!
//! A connection needs two policies that allow it, that of the pods which open it and that of the pods
//! which take it. Both are made of the same lines here, so that they cannot disagree. What leads
//! outside of the release, or comes from there, stands in `global.networkPolicies`.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort,
};

use crate::{Context, Object, connections::MLFLOW_PORT, global::PostgresqlOperator, kit::network};

/// The port that the program of the API server listens on.
pub const API_PROGRAM_PORT: i32 = 8000;
/// The port that the guard before it listens on.
pub const API_GUARD_PORT: i32 = 8080;
/// The port on which the servers of NATS talk to each other.
pub const NATS_CLUSTER_PORT: u16 = 6222;

/// The port of MinIO's pods: that of its Service is another one.
pub const MINIO_PORT: i32 = 9000;
/// The port from which the operator of MinIO serves a new version to its servers.
const MINIO_UPDATE_PORT: i32 = 4221;
const MONGODB_PORT: i32 = 27017;
const POSTGRESQL_PORT: i32 = 5432;
/// The port of Patroni, which tells Zalando's operator and the other members how one is.
const PATRONI_PORT: i32 = 8008;
/// The port on which an instance of `CloudNativePG` tells its operator and the others how it is.
const STATUS_PORT: i32 = 8000;
/// The port of the pods of Chaos Mesh's DNS server.
const CHAOS_DNS_PORT: i32 = 5353;

/// What others speak to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Api,
    Minio,
    Mlflow,
    Mongodb,
    Nats,
    Postgresql,
}

use Server::{Api, Minio, Mlflow, Mongodb, Nats, Postgresql};

/// The list: each workload, and what it speaks to (SPIRA contract E).
const SPEAKS_TO: &[(&str, &[Server])] = &[
    ("api-server", &[Mongodb, Minio, Nats]),
    ("bootstrap", &[Mongodb, Minio, Mlflow]),
    ("checks", &[Api, Mongodb, Minio, Nats, Mlflow]),
    ("experiment", &[Api]),
    ("inference-server", &[Minio, Nats, Mlflow]),
    ("mlflow", &[Postgresql, Minio]),
    ("nats-box", &[Nats]),
    ("redelivery", &[Mongodb, Minio, Nats]),
];

/// Whose pods ask the API of Kubernetes: what runs beside each store does, and the experiment.
const ASK_KUBERNETES: [&str; 4] = ["experiment", "minio", "mongodb", "postgresql"];

/// What of a workload's own values decides who may speak to its pods, and to whom they may.
#[derive(Debug, Default)]
pub struct Traffic<'g> {
    /// The port of its metrics, where it has any.
    pub metrics: Option<i32>,
    /// Whether Chaos Mesh may answer its pods' questions for names.
    pub faulty_names: bool,
    /// The port that clients must take; unset, the one that all such pods have.
    pub port: Option<i32>,
    /// Clients outside of the release, each by what they are called.
    pub clients: Vec<(&'static str, &'g [NetworkPolicyPeer])>,
}

impl<'g> Context<'g> {
    /// The policies over the pods of this workload, called `name` and what each is for; none as long
    /// as `global.networkPolicies` is off.
    ///
    /// They add up, so there is one for each party: the first denies everything but clients in the
    /// release and DNS, and each of the others allows one party more.
    #[must_use]
    pub fn network_policies(&self, name: &str, own: &Traffic<'g>) -> Vec<Object> {
        if !self.global.network_policies.enabled {
            return Vec::new();
        }
        let mut policies = vec![self.by_default(name, own)];
        policies.extend(self.allowed_in(name, own));
        policies.extend(self.allowed_out(name, own));
        policies.iter().map(Object::new).collect()
    }

    /// Clients in the release, this workload's own pods and DNS: all else is denied.
    fn by_default(&self, name: &str, own: &Traffic) -> NetworkPolicy {
        let between = self.between();
        let mut ingress = network::from(self.clients(), &self.ports(own));
        ingress.extend(network::from(self.themselves(), &between));
        let mut egress = network::to(self.themselves(), tcp(&between));
        egress.extend(self.global.network_policies.dns.clone());
        network::policy(self, name.to_owned(), self.pods(), &ingress, &egress)
    }

    /// Those outside of the release who may speak to these pods.
    fn allowed_in(&self, name: &str, own: &Traffic<'g>) -> Vec<NetworkPolicy> {
        let others = &self.global.network_policies;
        let mut all = Vec::new();
        for (who, peers) in &own.clients {
            all.push((*who, *peers, self.ports(own)));
        }
        if let Some((who, peers)) = self.operator() {
            all.push((who, peers, self.between()));
        }
        if let Some(port) = own.metrics {
            all.push(("prometheus", others.prometheus.as_slice(), vec![port]));
        }
        let policy = |(who, peers, ports): (&str, &[NetworkPolicyPeer], Vec<i32>)| {
            let rules = network::from(peers.to_vec(), &ports);
            network::ingress(self, format!("{name}-from-{who}"), self.pods(), rules)
        };
        all.into_iter().filter_map(policy).collect()
    }

    /// Those to whom these pods may speak, in the release and outside of it.
    fn allowed_out(&self, name: &str, own: &Traffic) -> Vec<NetworkPolicy> {
        let others = &self.global.network_policies;
        let mut all = Vec::new();
        if ASK_KUBERNETES.contains(&self.workload()) {
            all.push(("kubernetes-api", others.kubernetes_api.clone()));
        }
        if self.workload() == "minio" {
            let operator = others.minio_operator.clone();
            let rules = network::to(operator, tcp(&[MINIO_UPDATE_PORT]));
            all.push(("minio-operator", rules));
        }
        if self.global.chaos.enabled && own.faulty_names {
            let ports = vec![network::udp(CHAOS_DNS_PORT), network::tcp(CHAOS_DNS_PORT)];
            all.push(("chaos-dns", network::to(others.chaos_dns.clone(), ports)));
        }
        for server in self.servers() {
            all.push((server.workload(), server.reached_by(self)));
        }
        let policy = |(whom, rules): (&str, Vec<NetworkPolicyEgressRule>)| {
            network::egress(self, format!("{name}-to-{whom}"), self.pods(), rules)
        };
        all.into_iter().filter_map(policy).collect()
    }

    fn pods(&self) -> BTreeMap<String, String> {
        self.all_pods_of(self.workload())
    }

    /// The ports that this workload's clients take: none where nobody is one.
    fn ports(&self, own: &Traffic) -> Vec<i32> {
        match (own.port, Server::named(self.workload())) {
            (Some(port), _) => vec![port],
            (None, Some(server)) => server.ports(self),
            (None, None) => Vec::new(),
        }
    }

    /// What this workload speaks to.
    fn servers(&self) -> &'static [Server] {
        let line = SPEAKS_TO
            .iter()
            .find(|(client, _)| *client == self.workload());
        line.map_or(&[], |(_, servers)| servers)
    }

    /// The pods that speak to this workload. Where they speak to one outside instead, their own
    /// policies allow them that one only.
    fn clients(&self) -> Vec<NetworkPolicyPeer> {
        let Some(server) = Server::named(self.workload()) else {
            return Vec::new();
        };
        let lines = SPEAKS_TO.iter();
        let lines = lines.filter(|(_, servers)| servers.contains(&server));
        lines
            .map(|(client, _)| network::pods(self.all_pods_of(client)))
            .collect()
    }

    fn themselves(&self) -> Vec<NetworkPolicyPeer> {
        vec![network::pods(self.all_pods_of(self.workload()))]
    }

    /// The ports on which the pods of this workload speak to each other, and its operator to them.
    fn between(&self) -> Vec<i32> {
        match self.workload() {
            "minio" => vec![MINIO_PORT],
            "mongodb" => vec![MONGODB_PORT],
            "nats" => vec![NATS_CLUSTER_PORT.into()],
            "postgresql" => match self.global.connections.postgresql.operator {
                PostgresqlOperator::Zalando => vec![POSTGRESQL_PORT, PATRONI_PORT],
                PostgresqlOperator::CloudnativePg => vec![POSTGRESQL_PORT, STATUS_PORT],
            },
            _ => Vec::new(),
        }
    }

    /// Whose pods look after those of this workload. MongoDB's operators ask nobody but Kubernetes.
    fn operator(&self) -> Option<(&'static str, &'g [NetworkPolicyPeer])> {
        let others = &self.global.network_policies;
        match self.workload() {
            "minio" => Some(("minio-operator", &others.minio_operator)),
            "postgresql" => match self.global.connections.postgresql.operator {
                PostgresqlOperator::Zalando => Some(("zalando-operator", &others.zalando_operator)),
                PostgresqlOperator::CloudnativePg => {
                    let peers = &others.cloudnative_pg_operator;
                    Some(("cloudnative-pg-operator", peers))
                }
            },
            _ => None,
        }
    }
}

impl Server {
    const ALL: [Self; 6] = [Api, Minio, Mlflow, Mongodb, Nats, Postgresql];

    fn named(workload: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|server| server.workload() == workload)
    }

    fn workload(self) -> &'static str {
        match self {
            Api => "api-server",
            Minio => "minio",
            Mlflow => "mlflow",
            Mongodb => "mongodb",
            Nats => "nats",
            Postgresql => "postgresql",
        }
    }

    /// The ports of its pods that clients take. Which of the two of the API server it is says a value
    /// that clients cannot see; its own policy takes only that one.
    fn ports(self, context: &Context) -> Vec<i32> {
        match self {
            Api => vec![API_GUARD_PORT, API_PROGRAM_PORT],
            Minio => vec![MINIO_PORT],
            Mlflow => vec![MLFLOW_PORT],
            Mongodb => vec![MONGODB_PORT],
            Nats => vec![context.nats().port.into()],
            Postgresql => vec![POSTGRESQL_PORT],
        }
    }

    /// How it is reached: in this release, or where another takes its place, as values say.
    fn reached_by(self, context: &Context) -> Vec<NetworkPolicyEgressRule> {
        if self.is_outside(context) {
            return self.outside(context).to_vec();
        }
        let pods = network::pods(context.all_pods_of(self.workload()));
        network::to(vec![pods], tcp(&self.ports(context)))
    }

    /// Whether another one, outside of the release, takes its place.
    fn is_outside(self, context: &Context) -> bool {
        let connections = &context.global.connections;
        match self {
            Api => false,
            Minio => connections.object_store.host.is_some(),
            Mlflow => connections.mlflow.url.is_some(),
            // Where the Secret leads it does not tell: somebody must be named.
            Mongodb => {
                let is_given = connections.mongodb.existing_secret.is_some();
                is_given && !self.outside(context).is_empty()
            }
            Nats => connections.nats.host.is_some(),
            Postgresql => connections.postgresql.host.is_some(),
        }
    }

    /// What that other one is.
    fn outside<'g>(self, context: &Context<'g>) -> &'g [NetworkPolicyEgressRule] {
        let outside = &context.global.network_policies.outside;
        match self {
            Api => &[],
            Minio => &outside.object_store,
            Mlflow => &outside.mlflow,
            Mongodb => &outside.mongodb,
            Nats => &outside.nats,
            Postgresql => &outside.postgresql,
        }
    }
}

fn tcp(ports: &[i32]) -> Vec<NetworkPolicyPort> {
    ports.iter().map(|port| network::tcp(*port)).collect()
}
