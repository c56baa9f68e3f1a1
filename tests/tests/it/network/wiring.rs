//! Who needs to speak to whom, read from the objects of a release, and from the contract where no object shows it.
//!
//! Nothing here looks at the library's list of connections or at a policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::policy::{Labels, Port, in_range};
use super::world::{Member, RELEASE, World, labels, text};

/// Connections that are needed, each with why: who opens it, who takes it, on which port.
pub type Wired = BTreeMap<(usize, usize, Port), String>;

/// What of a case stands outside of the release.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outside {
    /// Host names, and who answers to them.
    pub hosts: &'static [(&'static str, &'static str)],
    /// Secrets with a connection string to MongoDB, and where it leads.
    pub secrets: &'static [(&'static str, &'static str)],
    /// Who else answers for names.
    pub names: &'static [&'static str],
    /// The addresses of those who may come in where a Service is open to all; empty, everybody may.
    pub clients: &'static [&'static str],
}

/// Variables that name hosts which nobody speaks to: the origin of the site, from which browsers come (SPIRA contract B2),
/// and the hosts under which MLflow answers (C5).
const NOT_ASKED: [&str; 2] = ["CLIENT_URL", "MLFLOW_SERVER_ALLOWED_HOSTS"];

/// A Service: whom it leads to, and its ports with their names and where they lead.
struct Service {
    labels: Labels,
    selector: Labels,
    ports: Vec<(String, u16, Value)>,
}

pub struct Finder<'a> {
    objects: &'a [Value],
    world: &'a World,
    outside: Outside,
    services: BTreeMap<String, Service>,
    wired: Wired,
}

/// Who opens connections, who takes them, on which ports, and why.
type Line<'a> = (Vec<usize>, Vec<usize>, Vec<Port>, &'a str);

impl<'a> Finder<'a> {
    pub fn new(objects: &'a [Value], world: &'a World, outside: Outside) -> Self {
        let mut services = BTreeMap::new();
        for object in objects {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let more: Vec<_> = match object["kind"].as_str().unwrap_or_default() {
                "Service" => vec![(name.to_owned(), rendered(object))],
                "Tenant" => of_tenant(name, object),
                "MongoDBCommunity" => vec![(format!("{name}-svc"), of_replica_set(name, object))],
                "postgresql" => of_spilo(name),
                "Cluster" => of_cloudnative_pg(name),
                _ => Vec::new(),
            };
            services.extend(more);
        }
        Self {
            objects,
            world,
            outside,
            services,
            wired: Wired::new(),
        }
    }

    /// All connections that are needed.
    pub fn find(mut self) -> Wired {
        for at in self.world.those(|member| member.is_ours) {
            self.texts(at);
            self.connection_string(at);
            self.metrics(at);
        }
        for object in self.objects {
            match object["kind"].as_str().unwrap_or_default() {
                "PodMonitor" => self.pod_monitor(object),
                "ServiceMonitor" => self.service_monitor(object),
                "Ingress" | "HTTPRoute" => self.comes_in(object),
                "Service" => self.exposed(object),
                "Schedule" => self.faulty_names(object),
                _ => {}
            }
        }
        self.contract();
        self.workloads()
    }

    /// A policy cannot tell pods of one workload apart, such as two tests of Helm: what one of them needs all do.
    fn workloads(mut self) -> Wired {
        for ((from, to, port), why) in self.wired.clone() {
            let client = &self.world.members[from];
            if client.is_ours {
                let all = self.world.named(&client.name);
                self.add_all(&all, &[to], &[port], &why);
            }
        }
        self.wired
    }

    fn add(&mut self, from: usize, to: usize, port: Port, why: &str) {
        self.wired
            .entry((from, to, port))
            .or_insert_with(|| why.to_owned());
    }

    fn add_all(&mut self, from: &[usize], to: &[usize], ports: &[Port], why: &str) {
        for from in from {
            for to in to {
                for port in ports {
                    self.add(*from, *to, *port, why);
                }
            }
        }
    }

    // What a pod is told: hosts and ports in variables, arguments and files.

    fn texts(&mut self, at: usize) {
        let spec = &self.world.members[at].spec;
        let mut ends = BTreeSet::new();
        for container in containers(spec) {
            let variables = self.variables(container);
            for (name, value) in &variables {
                if !NOT_ASKED.contains(&name.as_str()) {
                    ends.extend(endpoints(value));
                }
            }
            let variable = |name: &str| variables.iter().find(|(key, _)| key == name);
            if let (Some((_, host)), Some((_, port))) = (variable("PGHOST"), variable("PGPORT")) {
                ends.insert((host.clone(), port.parse().expect("a port")));
            }
            for list in ["command", "args"] {
                let words = container[list].as_array().into_iter().flatten();
                words.for_each(|word| ends.extend(endpoints(word.as_str().unwrap_or_default())));
            }
        }
        for volume in spec["volumes"].as_array().into_iter().flatten() {
            for (file, text) in self.config_map(&volume["configMap"]["name"]) {
                // A program asks where its variables say.
                if file.rsplit('.').next() != Some("py") {
                    ends.extend(endpoints(&text));
                }
            }
        }
        for (host, port) in ends {
            self.endpoint(at, &host, port);
        }
    }

    fn variables(&self, container: &Value) -> Vec<(String, String)> {
        let own = container["env"].as_array().into_iter().flatten();
        let own =
            own.filter_map(|one| Some((text(&one["name"]), one["value"].as_str()?.to_owned())));
        let maps = container["envFrom"].as_array().into_iter().flatten();
        let maps = maps.flat_map(|from| self.config_map(&from["configMapRef"]["name"]));
        own.chain(maps).collect()
    }

    /// The data of a `ConfigMap` of the release.
    fn config_map(&self, name: &Value) -> Vec<(String, String)> {
        let is_it = |object: &&Value| {
            object["kind"] == "ConfigMap" && name.is_string() && object["metadata"]["name"] == *name
        };
        let data = self
            .objects
            .iter()
            .find(is_it)
            .map(|object| &object["data"]);
        let data = data.and_then(Value::as_object).into_iter().flatten();
        data.map(|(key, value)| (key.clone(), text(value)))
            .collect()
    }

    fn endpoint(&mut self, from: usize, host: &str, port: u16) {
        if host == "localhost" || host.starts_with("127.") {
            return;
        }
        let why = format!("it is told of {host}:{port}");
        if let Some((_, name)) = self.outside.hosts.iter().find(|(known, _)| *known == host) {
            let to = self.world.named(name);
            return self.add_all(&[from], &to, &[Port::tcp(port)], &why);
        }
        let service = self.service_of(host);
        let service = service.unwrap_or_else(|| {
            panic!(
                "who is {host}:{port}, of which {} is told?",
                self.world.members[from].name
            )
        });
        let known = self.services[&service]
            .ports
            .iter()
            .find(|(_, number, _)| *number == port);
        let (_, _, target) = known.unwrap_or_else(|| panic!("{service} has no port {port}"));
        for (to, port) in self.behind(&service, target) {
            self.add(from, to, port, &why);
        }
    }

    /// The Service that a host name leads to: `SERVICE` or `POD.SERVICE`, or these with the namespace and more.
    fn service_of(&self, host: &str) -> Option<String> {
        let inside = host.strip_suffix(".cluster.local").unwrap_or(host);
        let inside = inside.strip_suffix(".svc").unwrap_or(inside);
        let inside = inside
            .strip_suffix(&format!(".{RELEASE}"))
            .unwrap_or(inside);
        let name = inside.rsplit('.').next().expect("a split has a part");
        self.services.contains_key(name).then(|| name.to_owned())
    }

    /// Who is behind a port of a Service. Roles change while pods run, so all pods of a workload are behind what one of
    /// them is.
    fn behind(&self, service: &str, target: &Value) -> Vec<(usize, Port)> {
        let selector = &self.services[service].selector;
        let chosen = self.selected(selector);
        assert!(!chosen.is_empty(), "nobody is behind {service}");
        let workloads: BTreeSet<&str> = chosen
            .iter()
            .map(|at| &*self.world.members[*at].name)
            .collect();
        let port = |member: &Member| match target.as_str() {
            Some(name) => member.pod()?.ports.get(name).copied(),
            None => Some(number(target)),
        };
        let port = chosen.iter().find_map(|at| port(&self.world.members[*at]));
        let port = port.unwrap_or_else(|| panic!("no pod behind {service} has the port {target}"));
        let all = workloads
            .into_iter()
            .flat_map(|name| self.world.named(name));
        all.map(|at| (at, port)).collect()
    }

    /// The pods of the release that have these labels.
    fn selected(&self, labels: &Labels) -> Vec<usize> {
        self.world.those(|member| {
            let own = |(key, value)| {
                member
                    .pod()
                    .is_some_and(|pod| pod.labels.get(key) == Some(value))
            };
            member.is_ours && !labels.is_empty() && labels.iter().all(own)
        })
    }

    /// A Secret with a connection string: of this release's MongoDB, or of one that the case tells.
    fn connection_string(&mut self, from: usize) {
        let refers = |container: &Value| {
            let env = container["env"].as_array().into_iter().flatten();
            let secrets = env.filter_map(|one| one["valueFrom"]["secretKeyRef"]["name"].as_str());
            secrets.map(str::to_owned).collect::<Vec<_>>()
        };
        let spec = &self.world.members[from].spec;
        let secrets: BTreeSet<String> = containers(spec).flat_map(refers).collect();
        for secret in secrets {
            let why = format!("Secret {secret} tells it");
            let known = self
                .outside
                .secrets
                .iter()
                .find(|(known, _)| *known == secret);
            let name = match known {
                Some((_, name)) => name,
                None if self.is_made_for_mongodb(&secret) => "mongodb",
                None => continue,
            };
            let to = self.world.named(name);
            self.add_all(&[from], &to, &[Port::tcp(27017)], &why);
        }
    }

    fn is_made_for_mongodb(&self, secret: &str) -> bool {
        let sets = self
            .objects
            .iter()
            .filter(|object| object["kind"] == "MongoDBCommunity");
        let mut users = sets.flat_map(|set| set["spec"]["users"].as_array().into_iter().flatten());
        users.any(|user| user["connectionStringSecretName"] == secret)
    }

    // Who looks after a pod.

    /// Metrics that are on are there for Prometheus, also where no monitor tells it of them.
    fn metrics(&mut self, at: usize) {
        let member = &self.world.members[at];
        let words = containers(&member.spec).flat_map(|container| {
            container["command"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
        });
        let env = containers(&member.spec).flat_map(|c| c["env"].as_array().into_iter().flatten());
        let public = env
            .filter(|one| one["name"] == "MINIO_PROMETHEUS_AUTH_TYPE")
            .count()
            > 0;
        let exposes = words
            .filter(|word| word.starts_with("--expose-prometheus"))
            .count()
            > 0;
        let ports = &member.pod().expect("a pod").ports;
        let named = |names: &[&str]| {
            names
                .iter()
                .filter_map(|name| ports.get(*name).copied())
                .collect()
        };
        let ports: Vec<Port> = match member.name.as_str() {
            "minio" if public => named(&["minio-port"]),
            "mlflow" if exposes => named(&["http"]),
            // An instance of CloudNativePG has them whether somebody wants them or not: a Service says so.
            "postgresql" => match self
                .services
                .iter()
                .find(|(name, _)| name.ends_with("-metrics"))
            {
                Some((_, service)) => vec![number(&service.ports[0].2)],
                None => Vec::new(),
            },
            _ => named(&["metrics", "guard-metrics", "prometheus"]),
        };
        let prometheus = self.world.named("Prometheus");
        self.add_all(&prometheus, &[at], &ports, "it has metrics");
    }

    fn pod_monitor(&mut self, monitor: &Value) {
        let chosen = self.selected(&labels(&monitor["spec"]["selector"]["matchLabels"]));
        assert!(!chosen.is_empty(), "a monitor of nobody: {monitor}");
        let prometheus = self.world.named("Prometheus");
        for endpoint in monitor["spec"]["podMetricsEndpoints"]
            .as_array()
            .into_iter()
            .flatten()
        {
            for at in &chosen {
                let pod = self.world.members[*at].pod().expect("a pod");
                let port = pod.ports[endpoint["port"].as_str().expect("a name")];
                self.add_all(&prometheus, &[*at], &[port], "a monitor says so");
            }
        }
    }

    fn service_monitor(&mut self, monitor: &Value) {
        let wanted = labels(&monitor["spec"]["selector"]["matchLabels"]);
        let fits = |service: &Service| {
            wanted
                .iter()
                .all(|(key, value)| service.labels.get(key) == Some(value))
        };
        let prometheus = self.world.named("Prometheus");
        for endpoint in monitor["spec"]["endpoints"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let mut found = Vec::new();
            for (name, service) in self.services.iter().filter(|(_, service)| fits(service)) {
                let ports = service
                    .ports
                    .iter()
                    .filter(|(port, _, _)| endpoint["port"] == **port);
                ports.for_each(|(_, _, target)| found.extend(self.behind(name, target)));
            }
            assert!(!found.is_empty(), "a monitor of nobody: {monitor}");
            for (at, port) in found {
                self.add_all(&prometheus, &[at], &[port], "a monitor says so");
            }
        }
    }

    /// Whatever names a Service as its backend: an Ingress and a route do.
    fn comes_in(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (key, field) in fields {
                    match key.as_str() {
                        "service" => self.backend(&field["name"], &field["port"]["name"]),
                        "backendRefs" => {
                            for one in field.as_array().into_iter().flatten() {
                                self.backend(&one["name"], &one["port"]);
                            }
                        }
                        _ => self.comes_in(field),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.comes_in(item)),
            _ => {}
        }
    }

    fn backend(&mut self, service: &Value, port: &Value) {
        let service = text(service);
        let ports = self.services[&service].ports.iter();
        let mut ports = ports.filter(|(name, number, _)| *port == **name || *port == *number);
        let (_, _, target) = ports
            .next()
            .expect("a backend's port is one of its Service's");
        let ingress = self.world.named("Ingress");
        for (at, port) in self.behind(&service, target) {
            self.add_all(
                &ingress,
                &[at],
                &[port],
                "an Ingress or a route leads to it",
            );
        }
    }

    /// A Service on nodes' ports or behind a load balancer is there for everybody.
    fn exposed(&mut self, object: &Value) {
        if !matches!(
            object["spec"]["type"].as_str(),
            Some("NodePort" | "LoadBalancer")
        ) {
            return;
        }
        let name = text(&object["metadata"]["name"]);
        let ranges = self.outside.clients;
        let is_client =
            |address| ranges.is_empty() || ranges.iter().any(|cidr| in_range(cidr, address));
        let clients = |member: &Member| !member.is_ours && is_client(member.end.address);
        let everybody = self.world.those(clients);
        let targets: Vec<Value> = self.services[&name]
            .ports
            .iter()
            .map(|port| port.2.clone())
            .collect();
        for target in targets {
            for (at, port) in self.behind(&name, &target) {
                self.add_all(
                    &everybody,
                    &[at],
                    &[port],
                    "its Service is open to everybody",
                );
            }
        }
    }

    /// While a fault of names is on, Chaos Mesh's own server is asked.
    fn faulty_names(&mut self, schedule: &Value) {
        let selector = &schedule["spec"]["dnsChaos"]["selector"]["labelSelectors"];
        let chosen = self.selected(&labels(selector));
        let workloads: BTreeSet<&str> = chosen
            .iter()
            .map(|at| &*self.world.members[*at].name)
            .collect();
        let chosen: Vec<usize> = workloads
            .into_iter()
            .flat_map(|name| self.world.named(name))
            .collect();
        let server = self.world.named("Chaos Mesh's DNS");
        let ports = [Port::tcp(5353), Port::udp(5353)];
        self.add_all(&chosen, &server, &ports, "a fault of names");
    }

    // What no object shows.

    fn contract(&mut self) {
        let zalando = self
            .objects
            .iter()
            .any(|object| object["kind"] == "postgresql");
        let (operator, status) = if zalando {
            ("Zalando's operator", 8008)
        } else {
            ("CloudNativePG's operator", 8000)
        };
        let tcp = |numbers: &[u16]| {
            numbers
                .iter()
                .map(|number| Port::tcp(*number))
                .collect::<Vec<_>>()
        };
        let names = [Port::tcp(53), Port::udp(53)];
        let ours = self.world.those(|member| member.is_ours);
        let every = |name: &str| self.world.named(name);
        let lines: Vec<Line> = vec![
            (ours.clone(), every("DNS"), names.into(), "all names"),
            // Members among themselves.
            (
                every("mongodb"),
                every("mongodb"),
                tcp(&[27017]),
                "C2: a replica set",
            ),
            (
                every("minio"),
                every("minio"),
                tcp(&[9000]),
                "C1: servers read each other's drives",
            ),
            (
                every("postgresql"),
                every("postgresql"),
                tcp(&[5432, status]),
                "C3: replication and status",
            ),
            // Operators. MongoDB's asks nobody but Kubernetes.
            (
                every("MinIO's operator"),
                every("minio"),
                tcp(&[9000]),
                "C1: health and buckets",
            ),
            (
                every("minio"),
                every("MinIO's operator"),
                tcp(&[4221]),
                "its source: servers fetch a new version there",
            ),
            (
                every(operator),
                every("postgresql"),
                tcp(&[5432, status]),
                "C3: users and status",
            ),
            // Kubernetes.
            (
                every("mongodb"),
                every("Kubernetes"),
                tcp(&[6443]),
                "C2: the agent notes how far it is",
            ),
            (
                every("minio"),
                every("Kubernetes"),
                tcp(&[6443]),
                "C1: the sidecar reads the configuration",
            ),
            (
                every("postgresql"),
                every("Kubernetes"),
                tcp(&[6443]),
                "C3: who is primary stands there",
            ),
            (
                every("experiment"),
                every("Kubernetes"),
                tcp(&[6443]),
                "A4: it looks at pods and deletes them",
            ),
        ];
        for name in self.outside.names {
            self.add_all(
                &ours,
                &self.world.named(name),
                &names,
                "it answers for names",
            );
        }
        for (from, to, ports, why) in lines {
            self.add_all(&from, &to, &ports, why);
        }
    }
}

fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainers", "containers"];
    let lists = lists.into_iter().map(move |list| &spec[list]);
    lists.flat_map(|list| list.as_array().into_iter().flatten())
}

fn number(target: &Value) -> Port {
    let number = target.as_u64().expect("a port is a name or a number");
    Port::tcp(u16::try_from(number).expect("a port"))
}

/// Hosts with their ports in a text; a URL without a port has that of its scheme.
fn endpoints(text: &str) -> Vec<(String, u16)> {
    static URL: LazyLock<Regex> = LazyLock::new(|| {
        let pattern =
            r"([a-z][a-z0-9+]*)://(?:[^\s/@]*@)?([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)(?::(\d+))?";
        Regex::new(pattern).expect("constant")
    });
    static PAIR: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"(?m)(?:^|[\s,;@'\x22=])([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?):(\d{2,5})(?:[/,;\s'\x22?]|$)";
        Regex::new(pattern).expect("constant")
    });
    let mut found = Vec::new();
    for url in URL.captures_iter(text) {
        let port = url
            .get(3)
            .map(|port| port.as_str().parse().expect("a port"));
        let port = port.or(match &url[1] {
            "http" => Some(80),
            "https" => Some(443),
            "nats" => Some(4222),
            // What follows is a bucket, or comes from libpq's own variables.
            "s3" | "postgresql" => None,
            other => panic!("{other} has no port that is known: {text}"),
        });
        found.extend(port.map(|port| (url[2].to_owned(), port)));
    }
    let mut start = 0;
    while let Some(pair) = PAIR.captures_at(text, start) {
        let port = pair.get(2).expect("the pattern has two groups");
        let number = port.as_str().parse();
        found.extend(number.ok().map(|number| (pair[1].to_owned(), number)));
        start = port.end();
    }
    found
}

fn rendered(object: &Value) -> Service {
    let spec = &object["spec"];
    let ports = spec["ports"].as_array().into_iter().flatten();
    let ports = ports.map(|port| {
        let number = u16::try_from(port["port"].as_u64().expect("a number")).expect("a port");
        let target = match &port["targetPort"] {
            Value::Null => number.into(),
            target => target.clone(),
        };
        (
            port["name"].as_str().unwrap_or_default().to_owned(),
            number,
            target,
        )
    });
    Service {
        labels: labels(&object["metadata"]["labels"]),
        selector: labels(&spec["selector"]),
        ports: ports.collect(),
    }
}

fn made(labels: Labels, selector: &[(&str, &str)], ports: &[(&str, u16, u16)]) -> Service {
    let selector = selector
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let ports = ports
        .iter()
        .map(|(name, port, target)| ((*name).to_owned(), *port, (*target).into()));
    Service {
        labels,
        selector: selector.collect(),
        ports: ports.collect(),
    }
}

/// SPIRA contract C1: without TLS.
fn of_tenant(name: &str, tenant: &Value) -> Vec<(String, Service)> {
    let own = labels(&tenant["spec"]["serviceMetadata"]["minioServiceLabels"]);
    let selector = [("v1.min.io/tenant", name)];
    let headless = made(Labels::new(), &selector, &[("http-minio", 9000, 9000)]);
    vec![
        (
            "minio".to_owned(),
            made(own, &selector, &[("http-minio", 80, 9000)]),
        ),
        (format!("{name}-hl"), headless),
    ]
}

/// SPIRA contract C2.
fn of_replica_set(name: &str, set: &Value) -> Service {
    let app = format!("{name}-svc");
    let metrics = set["spec"]["prometheus"]["port"].as_u64();
    let metrics = metrics.map(|port| u16::try_from(port).expect("a port"));
    let mut ports = vec![("mongodb", 27017, 27017)];
    ports.extend(metrics.map(|port| ("prometheus", port, port)));
    made(
        [("app".to_owned(), app.clone())].into(),
        &[("app", &app)],
        &ports,
    )
}

/// SPIRA contract C3.
fn of_spilo(name: &str) -> Vec<(String, Service)> {
    let service = |role: &str| {
        let selector = [("cluster-name", name), ("spilo-role", role)];
        made(Labels::new(), &selector, &[("postgresql", 5432, 5432)])
    };
    vec![
        (name.to_owned(), service("master")),
        (format!("{name}-repl"), service("replica")),
    ]
}

fn of_cloudnative_pg(name: &str) -> Vec<(String, Service)> {
    let service = |role: &str| {
        let selector = [("cnpg.io/cluster", name), ("cnpg.io/instanceRole", role)];
        made(Labels::new(), &selector, &[("postgres", 5432, 5432)])
    };
    vec![
        (format!("{name}-rw"), service("primary")),
        (format!("{name}-ro"), service("replica")),
    ]
}
