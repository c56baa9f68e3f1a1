//! Who speaks to whom over the network: one list, from which both sides of every connection are
//! allowed.
//!
//! A connection needs two policies that allow it, that of the pods which open it and that of the pods
//! which take it. Both are made of the same lines here, so that they cannot disagree. What leads
//! outside of the release, or comes from there, stands in `global.networkPolicies`.

use k8s_openapi::api::networking::v1::{
    NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
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
    ApiServer,
    Minio,
    Mlflow,
    Mongodb,
    Nats,
    Postgresql,
}

use Server::{ApiServer, Minio, Mlflow, Mongodb, Nats, Postgresql};

/// The list: each workload, and what it speaks to (SPIRA contract E).
const SPEAKS_TO: &[(&str, &[Server])] = &[
    ("api-server", &[Mongodb, Minio, Nats]),
    ("bootstrap", &[Mongodb, Minio, Mlflow]),
    ("checks", &[ApiServer, Mongodb, Minio, Nats, Mlflow]),
    ("experiment", &[ApiServer]),
    ("inference-server", &[Minio, Nats, Mlflow]),
    ("mlflow", &[Postgresql, Minio]),
    ("nats-box", &[Nats]),
    ("redelivery", &[Mongodb, Minio, Nats]),
];

/// Whose pods ask the API of Kubernetes: what runs beside each store does, and the experiment.
const ASK_KUBERNETES: [&str; 4] = ["experiment", "minio", "mongodb", "postgresql"];

/// What of a workload's own values decides who may speak to its pods, and to whom they may.
#[derive(Debug, Default)]
pub struct Traffic {
    /// The port of its metrics, where it has any.
    pub metrics: Option<i32>,
    /// Whether Chaos Mesh may answer its pods' questions for names.
    pub faulty_names: bool,
    /// The port that clients must take; unset, the one that all such pods have.
    pub port: Option<i32>,
    /// Clients outside of the release.
    pub clients: Vec<NetworkPolicyPeer>,
}

impl Context<'_> {
    /// The policy over the pods of this workload, called `name`; none as long as
    /// `global.networkPolicies` is off.
    #[must_use]
    pub fn network_policy(&self, name: String, own: &Traffic) -> Vec<Object> {
        if !self.global.network_policies.enabled {
            return Vec::new();
        }
        let pods = self.all_pods_of(self.workload());
        let policy = network::policy(self, name, pods, &self.ingress(own), &self.egress(own));
        vec![Object::new(&policy)]
    }

    fn ingress(&self, own: &Traffic) -> Vec<NetworkPolicyIngressRule> {
        let others = &self.global.network_policies;
        let mut rules = Vec::new();
        if let Some(server) = Server::named(self.workload()) {
            let ports = match own.port {
                Some(port) => vec![port],
                None => server.ports(self),
            };
            rules.extend(network::from(self.clients_of(server), &ports));
            rules.extend(network::from(own.clients.clone(), &ports));
        }
        let between = self.between();
        rules.extend(network::from(self.themselves(), &between));
        rules.extend(network::from(self.operator().to_vec(), &between));
        if let Some(port) = own.metrics {
            rules.extend(network::from(others.prometheus.clone(), &[port]));
        }
        rules
    }

    fn egress(&self, own: &Traffic) -> Vec<NetworkPolicyEgressRule> {
        let others = &self.global.network_policies;
        let mut rules = others.dns.clone();
        if self.global.chaos.enabled && own.faulty_names {
            let ports = vec![network::udp(CHAOS_DNS_PORT), network::tcp(CHAOS_DNS_PORT)];
            rules.extend(network::to(others.chaos_dns.clone(), ports));
        }
        for server in self.servers() {
            rules.extend(match server.outside(self) {
                Some(elsewhere) => elsewhere.to_vec(),
                None => {
                    let pods = network::pods(self.all_pods_of(server.workload()));
                    network::to(vec![pods], tcp(&server.ports(self)))
                }
            });
        }
        rules.extend(network::to(self.themselves(), tcp(&self.between())));
        if ASK_KUBERNETES.contains(&self.workload()) {
            rules.extend(others.kubernetes_api.clone());
        }
        if self.workload() == "minio" {
            let operator = others.minio_operator.clone();
            rules.extend(network::to(operator, tcp(&[MINIO_UPDATE_PORT])));
        }
        rules
    }

    /// What this workload speaks to.
    fn servers(&self) -> &'static [Server] {
        let line = SPEAKS_TO
            .iter()
            .find(|(client, _)| *client == self.workload());
        line.map_or(&[], |(_, servers)| servers)
    }

    /// The pods that speak to a server: none where they speak to one outside instead.
    fn clients_of(&self, server: Server) -> Vec<NetworkPolicyPeer> {
        if server.outside(self).is_some() {
            return Vec::new();
        }
        let lines = SPEAKS_TO
            .iter()
            .filter(|(_, servers)| servers.contains(&server));
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
    fn operator(&self) -> &[NetworkPolicyPeer] {
        let others = &self.global.network_policies;
        match self.workload() {
            "minio" => &others.minio_operator,
            "postgresql" => match self.global.connections.postgresql.operator {
                PostgresqlOperator::Zalando => &others.zalando_operator,
                PostgresqlOperator::CloudnativePg => &others.cloudnative_pg_operator,
            },
            _ => &[],
        }
    }
}

impl Server {
    const ALL: [Self; 6] = [ApiServer, Minio, Mlflow, Mongodb, Nats, Postgresql];

    fn named(workload: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|server| server.workload() == workload)
    }

    fn workload(self) -> &'static str {
        match self {
            ApiServer => "api-server",
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
            ApiServer => vec![API_GUARD_PORT, API_PROGRAM_PORT],
            Minio => vec![MINIO_PORT],
            Mlflow => vec![MLFLOW_PORT],
            Mongodb => vec![MONGODB_PORT],
            Nats => vec![context.nats().port.into()],
            Postgresql => vec![POSTGRESQL_PORT],
        }
    }

    /// What takes its place outside of the release, where something does.
    fn outside<'g>(self, context: &Context<'g>) -> Option<&'g [NetworkPolicyEgressRule]> {
        let connections = &context.global.connections;
        let outside = &context.global.network_policies.outside;
        let (is_outside, rules) = match self {
            ApiServer => return None,
            Minio => {
                let is_outside = connections.object_store.host.is_some();
                (is_outside, &outside.object_store)
            }
            Mlflow => (connections.mlflow.url.is_some(), &outside.mlflow),
            Mongodb => {
                // Where the Secret leads it does not tell: somebody must be named.
                let is_given = connections.mongodb.existing_secret.is_some();
                let is_outside = is_given && !outside.mongodb.is_empty();
                (is_outside, &outside.mongodb)
            }
            Nats => (connections.nats.host.is_some(), &outside.nats),
            Postgresql => {
                let is_outside = connections.postgresql.host.is_some();
                (is_outside, &outside.postgresql)
            }
        };
        is_outside.then_some(rules.as_slice())
    }
}

fn tcp(ports: &[i32]) -> Vec<NetworkPolicyPort> {
    ports.iter().map(|port| network::tcp(*port)).collect()
}
