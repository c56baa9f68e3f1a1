//! The graph of the policies and the graph of the wiring are the same graph.
//!
//! `policy` evaluates network policies as Kubernetes defines them, and `wiring` reads from the objects of a release who needs
//! to speak to whom. Here both are asked of every pod, every pod of others, every address outside and every port that
//! anything has: what is allowed must be needed, and what is needed allowed.

mod documented;
mod policy;
mod table;
mod wiring;
mod world;

use std::collections::BTreeSet;
use std::fs;

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule,
};
use serde_json::{Value, json};

use self::policy::{Port, in_range};
use self::wiring::{Finder, Outside, Wired};
use self::world::{RELEASE, World};
use crate::support::{self, Case};

/// Who stands outside of the examples' releases.
const OUTSIDE: Outside = Outside {
    hosts: &[
        ("nats.internal.example.org", "outside NATS"),
        ("s3.internal.example.org", "outside object store"),
        ("s3.example.org", "outside object store"),
        ("sql.example.org", "outside PostgreSQL"),
        ("mlflow.example.org", "outside MLflow's address"),
        ("mlflow.ml.svc.cluster.local", "outside MLflow"),
    ],
    secrets: &[("managed-mongodb", "outside MongoDB")],
    names: &[],
    clients: &[],
};

/// Where values say more of those outside than objects do.
fn outside(name: &str) -> Outside {
    match name {
        "everything.yaml" => Outside {
            names: &["a node's DNS cache"],
            clients: &["203.0.113.0/25"],
            ..OUTSIDE
        },
        _ => OUTSIDE,
    }
}

/// All that opens a connection of its own.
const ALL: &str = "
global:
  chaos: {enabled: true}
  connections: {mongodb: {integrationTestDatabase: tests}}
nats: {natsBox: {enabled: true}, chaos: {dns: {enabled: true}}}
api-server: {ingress: {enabled: true}}
experiment: {enabled: true, test: {enabled: true}}
mlflow: {chaos: {dns: {enabled: true}}}
";

/// Every service stands outside.
const ALL_OUTSIDE: &str = "
nats: {enabled: false}
mongodb: {enabled: false}
minio: {enabled: false}
postgresql: {enabled: false}
mlflow: {enabled: false}
global:
  connections:
    nats: {host: nats.internal.example.org}
    mongodb: {existingSecret: managed-mongodb}
    objectStore: {host: s3.internal.example.org, port: 9000, existingSecret: s3}
    postgresql: {host: sql.example.org, port: 5433, existingSecret: sql}
    mlflow: {url: http://mlflow.example.org:5001}
  networkPolicies:
    outside:
      nats: [{to: [{ipBlock: {cidr: 198.51.100.1/32}}], ports: [{port: 4222}]}]
      mongodb: [{to: [{ipBlock: {cidr: 198.51.100.2/32}}], ports: [{port: 27017}]}]
      objectStore: [{to: [{ipBlock: {cidr: 198.51.100.3/32}}], ports: [{port: 9000}]}]
      postgresql: [{to: [{ipBlock: {cidr: 198.51.100.4/32}}], ports: [{port: 5433}]}]
      mlflow: [{to: [{ipBlock: {cidr: 198.51.100.5/32}}], ports: [{port: 5001}]}]
";

/// Policies that name the one address of Kubernetes' API.
const ON: [&str; 3] = [
    "global.networkPolicies.enabled=true",
    "global.networkPolicies.kubernetesApi[0].to[0].ipBlock.cidr=172.18.0.2/32",
    "global.networkPolicies.kubernetesApi[0].ports[0].port=6443",
];

/// What is varied beside the values, each the other way round too.
const VARIED: [(&str, [&str; 2]); 3] = [
    (
        "global.connections.postgresql.operator",
        ["zalando", "cloudnative-pg"],
    ),
    ("api-server.guard.enabled", ["true", "false"]),
    ("global.monitoring.enabled", ["true", "false"]),
];

/// A release, and who needs to speak to whom in it.
pub struct Scene {
    pub name: String,
    pub world: World,
    pub wired: Wired,
}

impl Scene {
    pub fn new(name: &str, values: &str, set: &[&str]) -> Self {
        let case = Case {
            set: ON.iter().chain(set).map(|one| (*one).to_owned()).collect(),
            namespace: RELEASE.into(),
            ..Case::new(values)
        };
        let objects = case
            .library()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let world = World::new(&objects);
        let wired = Finder::new(&objects, &world, outside(name)).find();
        Self {
            name: [name, " ", &set.join(" ")].concat(),
            world,
            wired,
        }
    }

    /// All ports that anything has or is asked for, and some that nothing has.
    fn ports(&self) -> BTreeSet<Port> {
        let pods = self.world.members.iter().filter_map(|member| member.pod());
        let own = pods.flat_map(|pod| pod.ports.values().copied());
        let asked = self.wired.keys().map(|(_, _, port)| *port);
        let none = [22, 80, 443, 8000].map(Port::tcp);
        own.chain(asked).chain(none).collect()
    }

    /// Everything that could be asked: pairs of which one at least is of the release, and ports.
    fn questions(&self) -> impl Iterator<Item = (usize, usize, Port)> {
        let count = self.world.members.len();
        let is_ours = move |at: usize| self.world.members[at].is_ours;
        let ports = self.ports();
        let pairs = (0..count).flat_map(move |from| (0..count).map(move |to| (from, to)));
        let pairs = pairs.filter(move |(from, to)| is_ours(*from) || is_ours(*to));
        pairs.flat_map(move |(from, to)| {
            let ports: Vec<Port> = ports.iter().copied().collect();
            ports.into_iter().map(move |port| (from, to, port))
        })
    }

    fn allows(&self, (from, to, port): (usize, usize, Port)) -> bool {
        let members = &self.world.members;
        let (from, to) = (&members[from].end, &members[to].end);
        self.world.network.allows(from, to, port)
    }

    /// Where policies and wiring differ, for the first so many questions that do.
    fn differences(&self, most: usize) -> Vec<String> {
        let differ =
            |asked: &(usize, usize, Port)| self.allows(*asked) != self.wired.contains_key(asked);
        let found = self.questions().filter(differ).take(most);
        found.map(|asked| self.difference(asked)).collect()
    }

    /// Whether policies and wiring differ about the pods of one policy, which was changed.
    fn differs_at(&self, policy: &NetworkPolicy) -> bool {
        let spec = policy.spec.as_ref().expect("a policy has a spec");
        let selector = spec.pod_selector.as_ref().expect("ours all have one");
        let about = self.world.those(|member| {
            member.is_ours
                && member
                    .pod()
                    .is_some_and(|pod| policy::selects(selector, &pod.labels))
        });
        let concerns =
            |asked: &(usize, usize, Port)| about.contains(&asked.0) || about.contains(&asked.1);
        let mut questions = self.questions().filter(concerns);
        questions.any(|asked| self.allows(asked) != self.wired.contains_key(&asked))
    }

    fn difference(&self, asked: (usize, usize, Port)) -> String {
        let (from, to, port) = asked;
        let members = &self.world.members;
        let what = match self.wired.get(&asked) {
            Some(why) => format!("is needed ({why}) and denied"),
            None => "is allowed and not needed".to_owned(),
        };
        format!(
            "{}: {} → {} on {port} {what}",
            self.name, members[from].name, members[to].name
        )
    }
}

/// The directions that a policy is about.
fn types(policy: &NetworkPolicy) -> impl Iterator<Item = &str> {
    let spec = policy.spec.iter();
    spec.flat_map(|spec| spec.policy_types.iter().flatten().map(String::as_str))
}

/// The values by their name.
fn values() -> Vec<(String, String)> {
    let mut all = vec![
        ("default values".to_owned(), String::new()),
        ("all".to_owned(), ALL.to_owned()),
        ("all outside".to_owned(), ALL_OUTSIDE.to_owned()),
    ];
    for path in support::examples() {
        let name = path.file_name().expect("a file").to_string_lossy();
        let text = fs::read_to_string(&path).expect("readable");
        all.push((name.into_owned(), text));
    }
    all
}

/// Every combination of what is varied.
fn variations() -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for (path, choices) in VARIED {
        all = choices
            .iter()
            .flat_map(|choice| {
                let one = format!("{path}={choice}");
                all.iter()
                    .map(move |before: &Vec<String>| [before.clone(), vec![one.clone()]].concat())
            })
            .collect();
    }
    all
}

#[test]
fn policies_allow_what_is_needed_and_nothing_else() {
    let (mut asked, mut allowed, mut scenes) = (0, 0, 0);
    let mut differences = Vec::new();
    for (name, text) in values() {
        for set in variations() {
            let set: Vec<&str> = set.iter().map(String::as_str).collect();
            let scene = Scene::new(&name, &text, &set);
            asked += scene.questions().count();
            allowed += scene.wired.len();
            scenes += 1;
            differences.extend(scene.differences(20));
        }
    }
    println!("{asked} questions in {scenes} releases, of which {allowed} connections are needed");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A pod that no policy selects, for both directions, would be free.
#[test]
fn every_pod_is_denied_by_default() {
    for (name, text) in values() {
        for set in variations() {
            let set: Vec<&str> = set.iter().map(String::as_str).collect();
            let world = Scene::new(&name, &text, &set).world;
            for member in world.members.iter().filter(|member| member.is_ours) {
                let pod = member.pod().expect("ours are pods");
                let over: Vec<_> = world.network.over(pod).collect();
                let types: BTreeSet<&str> = over.into_iter().flat_map(types).collect();
                let both = BTreeSet::from(["Egress", "Ingress"]);
                assert_eq!(types, both, "{name}: policies over {}", member.name);
            }
        }
    }
}

#[test]
fn without_the_switch_there_is_no_policy() {
    for (name, text) in values() {
        let case = Case {
            set: vec!["global.networkPolicies.enabled=false".into()],
            ..Case::new(text)
        };
        let objects = case.library().expect("rendered");
        let policies = objects
            .iter()
            .filter(|object| object["kind"] == "NetworkPolicy");
        assert_eq!(policies.count(), 0, "{name}");
    }
}

/// The default for Kubernetes' API is every private address, since nobody knows which it is: this is what more it opens.
#[test]
fn the_default_for_kubernetes_opens_private_addresses_to_few() {
    let case = Case {
        set: vec![ON[0].into()],
        namespace: RELEASE.into(),
        ..Case::new(ALL)
    };
    let objects = case.library().expect("rendered");
    let world = World::new(&objects);
    let exact = Scene::new("all", ALL, &[]);
    let scene = Scene {
        world,
        wired: exact.wired.clone(),
        name: "default for Kubernetes".into(),
    };
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
    let mut more = BTreeSet::new();
    for asked in scene.questions().filter(|asked| scene.allows(*asked)) {
        let (from, to, port) = asked;
        let (from, to) = (&scene.world.members[from], &scene.world.members[to]);
        if !scene.wired.contains_key(&asked) {
            assert!(!to.is_ours, "{} may ask {}", from.name, to.name);
            assert!(
                private.iter().any(|cidr| in_range(cidr, to.end.address)),
                "{}",
                to.name
            );
            more.insert((from.name.clone(), port.number));
        }
    }
    let few = ["experiment", "minio", "mongodb", "postgresql"];
    let few = few
        .iter()
        .flat_map(|name| [443, 6443].map(|port| ((*name).to_owned(), port)));
    assert_eq!(more, few.collect());
}

/// Nobody named is nobody let in, though an empty list in a policy means everybody.
#[test]
fn nobody_is_nobody() {
    let nobody = "global:
  networkPolicies: {dns: [], prometheus: [], ingress: [], clients: [], minioOperator: [], zalandoOperator: []}";
    let values = ALL.replacen("global:", nobody, 1);
    let set = [
        "api-server.service.type=LoadBalancer",
        "global.monitoring.enabled=true",
    ];
    let scene = Scene::new("nobody", &values, &set);
    let mut reached = BTreeSet::new();
    for asked in scene.questions().filter(|asked| scene.allows(*asked)) {
        let (from, to) = (&scene.world.members[asked.0], &scene.world.members[asked.1]);
        assert!(from.is_ours, "{} reaches {}", from.name, to.name);
        if !to.is_ours {
            reached.insert(to.name.clone());
        }
    }
    let others = ["Chaos Mesh's DNS", "Kubernetes"].map(str::to_owned);
    assert_eq!(reached, others.into());
}

/// Rules with one peer, one port or the whole rule taken out: the policies of a release, each smaller by one thing.
fn smaller(policies: &[NetworkPolicy]) -> Vec<(String, usize, NetworkPolicy)> {
    let mut all = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        let whole = serde_json::to_value(policy).expect("a policy is JSON");
        for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
            let rules = whole["spec"][direction].as_array().map_or(0, Vec::len);
            for rule in 0..rules {
                for list in [peers, "ports"] {
                    let pointer = format!("/spec/{direction}/{rule}/{list}");
                    let count = whole
                        .pointer(&pointer)
                        .and_then(Value::as_array)
                        .map_or(0, Vec::len);
                    for item in 0..count {
                        let mut less = whole.clone();
                        let items = less.pointer_mut(&pointer).and_then(Value::as_array_mut);
                        let taken = items.expect("counted").remove(item);
                        // The last one takes the rule with it: an empty list would be everybody.
                        if count == 1 {
                            less["spec"][direction]
                                .as_array_mut()
                                .expect("counted")
                                .remove(rule);
                        }
                        let name = policy.metadata.name.as_deref().unwrap_or_default();
                        let what = format!("{name}: {direction}[{rule}].{list}[{item}] {taken}");
                        all.push((what, at, serde_json::from_value(less).expect("a policy")));
                    }
                }
            }
        }
    }
    all
}

/// Whatever is taken out of any policy is missed, in one of these releases at least: so no part of one is idle.
#[test]
fn what_is_taken_away_is_missed() {
    let (mut all, mut missed) = (BTreeSet::new(), BTreeSet::new());
    // Where everybody may come in it does not show who else may, so both are tried.
    let services =
        ["ClusterIP", "LoadBalancer"].map(|one| format!("api-server.service.type={one}"));
    let metrics = "global.monitoring.enabled=true";
    let varied = variations()
        .into_iter()
        .filter(|set| set.iter().any(|one| one == metrics));
    for (set, service) in varied.flat_map(|set| services.iter().map(move |one| (set.clone(), one)))
    {
        let mut set: Vec<&str> = set.iter().map(String::as_str).collect();
        set.push(service);
        let mut scene = Scene::new("all", ALL, &set);
        for (what, at, less) in smaller(&scene.world.network.policies) {
            if !missed.contains(&what) {
                let whole = std::mem::replace(&mut scene.world.network.policies[at], less);
                if scene.differs_at(&whole) {
                    missed.insert(what.clone());
                }
                scene.world.network.policies[at] = whole;
            }
            all.insert(what);
        }
    }
    println!(
        "{} of {} parts of policies are missed when they are gone",
        missed.len(),
        all.len()
    );
    let mut idle: Vec<&String> = all.difference(&missed).collect();
    // All addresses of IPv6, which no pod here has.
    idle.retain(|what| !what.contains(r#""cidr":"::/0""#));
    assert!(idle.is_empty(), "not missed: {idle:#?}");
}

/// Whatever is put into any policy is seen.
#[test]
fn what_is_planted_is_seen() {
    let mut scene = Scene::new("all", ALL, &[]);
    let ingress: Vec<NetworkPolicyIngressRule> = serde_json::from_value(json!([
        {},
        {"from": [{"podSelector": {}}]},
        {"from": [{"namespaceSelector": {}}], "ports": [{"port": 22}]},
        {"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 8000}]},
    ]))
    .expect("rules");
    let egress: Vec<NetworkPolicyEgressRule> = serde_json::from_value(json!([
        {},
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["198.51.100.0/24"]}}], "ports": [{"port": 443}]},
        {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "strangers"}}}]},
    ]))
    .expect("rules");
    let mut planted = 0;
    for at in 0..scene.world.network.policies.len() {
        let whole = scene.world.network.policies[at].clone();
        let mut policies = Vec::new();
        let binds = |direction| types(&whole).any(|one| one == direction);
        for rule in ingress.iter().filter(|_| binds("Ingress")) {
            let mut more = whole.clone();
            let spec = more.spec.as_mut().expect("a policy has a spec");
            spec.ingress.get_or_insert_default().push(rule.clone());
            policies.push(more);
        }
        for rule in egress.iter().filter(|_| binds("Egress")) {
            let mut more = whole.clone();
            let spec = more.spec.as_mut().expect("a policy has a spec");
            spec.egress.get_or_insert_default().push(rule.clone());
            policies.push(more);
        }
        for more in policies {
            let text = format!("{:?}", more.spec);
            scene.world.network.policies[at] = more;
            assert!(scene.differs_at(&whole), "not seen: {text}");
            planted += 1;
        }
        scene.world.network.policies[at] = whole;
    }
    println!("{planted} rules planted, each seen");
}
