//! A release's pods, those of others around it, and addresses outside of the cluster.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::{Value, json};

use super::policy::{End, Labels, Network, Pod, Port};

/// The namespace of the release.
pub const RELEASE: &str = "voices";

/// Pods of others: whose they are, in which namespace, and with which label.
const OTHERS: [(&str, &str, (&str, &str)); 14] = [
    ("DNS", "kube-system", ("k8s-app", "kube-dns")),
    (
        "Prometheus",
        "monitoring",
        ("app.kubernetes.io/name", "prometheus"),
    ),
    (
        "Ingress",
        "ingress-nginx",
        ("app.kubernetes.io/name", "ingress-nginx"),
    ),
    (
        "MinIO's operator",
        "minio-operator",
        ("app.kubernetes.io/name", "operator"),
    ),
    (
        "MongoDB's operator",
        "mongodb",
        ("name", "mongodb-kubernetes-operator"),
    ),
    (
        "Zalando's operator",
        "postgres-operator",
        ("app.kubernetes.io/name", "postgres-operator"),
    ),
    (
        "CloudNativePG's operator",
        "cnpg-system",
        ("app.kubernetes.io/name", "cloudnative-pg"),
    ),
    (
        "Chaos Mesh's DNS",
        "chaos-mesh",
        ("app.kubernetes.io/component", "chaos-dns-server"),
    ),
    ("outside MLflow", "ml", ("app", "mlflow")),
    // Nobody needs these.
    (
        "Chaos Mesh",
        "chaos-mesh",
        ("app.kubernetes.io/component", "controller-manager"),
    ),
    (
        "a pod of kube-system",
        "kube-system",
        ("k8s-app", "kube-proxy"),
    ),
    (
        "a stranger",
        "strangers",
        ("app.kubernetes.io/name", "nats"),
    ),
    ("a stranger beside", RELEASE, ("app", "stranger")),
    (
        "another release",
        RELEASE,
        ("app.kubernetes.io/instance", "other"),
    ),
];

/// Addresses outside of the cluster, and whose they are.
pub const ADDRESSES: [(&str, [u8; 4]); 10] = [
    ("Kubernetes", [172, 18, 0, 2]),
    ("outside NATS", [198, 51, 100, 1]),
    ("outside MongoDB", [198, 51, 100, 2]),
    ("outside object store", [198, 51, 100, 3]),
    ("outside PostgreSQL", [198, 51, 100, 4]),
    ("outside MLflow's address", [198, 51, 100, 5]),
    ("a node's DNS cache", [169, 254, 20, 10]),
    ("a node", [172, 18, 0, 3]),
    ("the internet", [203, 0, 113, 9]),
    ("more of the internet", [203, 0, 113, 200]),
];

/// Who takes part.
#[derive(Clone, Debug)]
pub struct Member {
    /// The workload's own label, for pods of the release; otherwise as in [`OTHERS`] and [`ADDRESSES`].
    pub name: String,
    pub end: End,
    /// The pod's specification, where the release shows it.
    pub spec: Value,
    pub is_ours: bool,
}

impl Member {
    pub fn pod(&self) -> Option<&Pod> {
        self.end.pod.as_ref()
    }
}

/// All who take part, and the policies between them.
pub struct World {
    pub members: Vec<Member>,
    pub network: Network,
}

impl World {
    pub fn new(objects: &[Value]) -> Self {
        let mut members: Vec<Member> = objects.iter().flat_map(pods).collect();
        members.extend(OTHERS.map(|(name, namespace, (key, value))| {
            let labels = [(key.to_owned(), value.to_owned())].into();
            member(name, namespace, labels, Value::Null)
        }));
        members.extend(ADDRESSES.map(|(name, address)| Member {
            name: name.into(),
            end: End {
                address: Ipv4Addr::from(address).into(),
                pod: None,
            },
            spec: Value::Null,
            is_ours: false,
        }));
        // Pods have addresses too, of a range of their own.
        for (at, member) in members.iter_mut().enumerate() {
            if member.end.pod.is_some() {
                let last = u8::try_from(at).expect("few");
                member.end.address = IpAddr::from([10, 244, 0, last]);
            }
        }
        let policies = objects
            .iter()
            .filter(|object| object["kind"] == "NetworkPolicy");
        let policies = policies.map(|object| {
            let policy: NetworkPolicy = serde_json::from_value(object.clone()).expect("a policy");
            policy
        });
        let namespaces = members.iter().filter_map(Member::pod).map(|pod| {
            let name = pod.namespace.clone();
            let label = ("kubernetes.io/metadata.name".to_owned(), name.clone());
            (name, Labels::from([label]))
        });
        let network = Network {
            policies: policies.collect(),
            namespaces: namespaces.collect(),
        };
        Self { members, network }
    }

    /// Those with this name.
    pub fn named(&self, name: &str) -> Vec<usize> {
        self.those(|member| member.name == name)
    }

    /// The places of those for whom it holds.
    pub fn those(&self, holds: impl Fn(&Member) -> bool) -> Vec<usize> {
        let members = self.members.iter().enumerate();
        members
            .filter(|(_, m)| holds(m))
            .map(|(at, _)| at)
            .collect()
    }
}

fn member(name: &str, namespace: &str, labels: Labels, spec: Value) -> Member {
    Member {
        name: name.into(),
        end: End {
            address: Ipv4Addr::UNSPECIFIED.into(),
            pod: Some(Pod {
                namespace: namespace.into(),
                labels,
                ports: ports(&spec),
            }),
        },
        spec,
        is_ours: false,
    }
}

/// The ports of a pod's containers, by name.
fn ports(spec: &Value) -> BTreeMap<String, Port> {
    let containers = spec["containers"].as_array().into_iter().flatten();
    let ports =
        containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
    let port = |port: &Value| {
        let number = port["containerPort"].as_u64().expect("a number");
        let number = u16::try_from(number).expect("a port");
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        assert_eq!(protocol, "TCP", "nothing of the release takes UDP");
        Some((port["name"].as_str()?.to_owned(), Port::tcp(number)))
    };
    ports.filter_map(port).collect()
}

/// The pods of an object of the release: what it shows itself, or what its operator makes of it.
fn pods(object: &Value) -> Vec<Member> {
    let of_template = |template: &Value| {
        let pod = labels(&template["metadata"]["labels"]);
        vec![ours(pod, template["spec"].clone())]
    };
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let spec = &object["spec"];
    match object["kind"].as_str().unwrap_or_default() {
        "Pod" => of_template(object),
        "Deployment" | "StatefulSet" | "Job" => of_template(&spec["template"]),
        "CronJob" => of_template(&spec["jobTemplate"]["spec"]["template"]),
        "Tenant" => tenant(name, spec),
        "MongoDBCommunity" => vec![replica_set(name, spec)],
        "postgresql" => spilo(name, spec),
        "Cluster" => cloudnative_pg(name),
        _ => Vec::new(),
    }
}

/// A pod of the release is called by its workload's label, or else as told.
fn ours(labels: Labels, spec: Value) -> Member {
    let name = labels.get("app.kubernetes.io/component").cloned();
    let name = name.unwrap_or_else(|| "postgresql".to_owned());
    Member {
        is_ours: true,
        ..member(&name, RELEASE, labels, spec)
    }
}

/// SPIRA contract C1.
fn tenant(name: &str, spec: &Value) -> Vec<Member> {
    let pools = spec["pools"].as_array().expect("a Tenant has pools");
    let pod = |pool: &Value| {
        let mut all = labels(&spec["poolsMetadata"]["labels"]);
        all.extend([
            ("v1.min.io/tenant".to_owned(), name.to_owned()),
            ("v1.min.io/console".to_owned(), format!("{name}-console")),
            ("v1.min.io/pool".to_owned(), text(&pool["name"])),
        ]);
        let ports = json!([{"name": "minio-port", "containerPort": 9000}, {"name": "console", "containerPort": 9090}]);
        let containers = json!([
            {"name": "minio", "ports": ports, "env": spec["env"]},
            {"name": "sidecar", "ports": [{"name": "readiness", "containerPort": 4444}]},
        ]);
        ours(all, json!({"containers": containers}))
    };
    pools.iter().map(pod).collect()
}

/// SPIRA contract C2.
fn replica_set(name: &str, spec: &Value) -> Member {
    let template = &spec["statefulSet"]["spec"]["template"];
    let mut all = labels(&template["metadata"]["labels"]);
    all.insert("app".to_owned(), format!("{name}-svc"));
    let mut ports = vec![json!({"name": "mongodb", "containerPort": 27017})];
    if let Some(port) = spec["prometheus"]["port"].as_u64() {
        ports.push(json!({"name": "prometheus", "containerPort": port}));
    }
    ours(
        all,
        json!({"containers": [{"name": "mongod", "ports": ports}]}),
    )
}

/// SPIRA contract C3: the primary and a replica.
fn spilo(name: &str, spec: &Value) -> Vec<Member> {
    let role = |role: &str| {
        let all = [
            ("application", "spilo"),
            ("cluster-name", name),
            ("team", spec["teamId"].as_str().expect("a team")),
            ("spilo-role", role),
        ];
        let own = json!({"name": "postgres", "ports": [
            {"name": "patroni", "containerPort": 8008}, {"name": "sql", "containerPort": 5432},
            {"name": "spilo", "containerPort": 8080},
        ]});
        let mut containers = vec![own];
        containers.extend(spec["sidecars"].as_array().into_iter().flatten().cloned());
        ours(pairs(&all), json!({"containers": containers}))
    };
    vec![role("master"), role("replica")]
}

/// As the source of `CloudNativePG` has it (`pkg/specs/pods.go` and `jobs.go`): the primary, a replica, and the Job that
/// copies the data for one more.
fn cloudnative_pg(name: &str) -> Vec<Member> {
    let ports = json!([
        {"name": "postgresql", "containerPort": 5432}, {"name": "metrics", "containerPort": 9187},
        {"name": "status", "containerPort": 8000},
    ]);
    let instance = |role: &str| {
        let all = [
            ("cnpg.io/cluster", name),
            ("cnpg.io/podRole", "instance"),
            ("cnpg.io/instanceRole", role),
        ];
        ours(
            pairs(&all),
            json!({"containers": [{"name": "postgres", "ports": ports}]}),
        )
    };
    let all = [("cnpg.io/cluster", name), ("cnpg.io/jobRole", "join")];
    let joining = ours(pairs(&all), json!({"containers": [{"name": "join"}]}));
    vec![instance("primary"), instance("replica"), joining]
}

fn pairs(of: &[(&str, &str)]) -> Labels {
    let pairs = of
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    pairs.collect()
}

pub fn labels(of: &Value) -> Labels {
    let pairs = of.as_object().into_iter().flatten();
    pairs
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
