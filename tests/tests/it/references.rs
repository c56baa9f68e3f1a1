//! What pods refer to, and whether it is in a live cluster: keys of Secrets and `ConfigMaps`, service accounts, and the
//! Services whose names stand in environments, arguments and configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service, ServiceAccount};
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use regex::Regex;
use serde_json::{Value, json};

/// Something that must exist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// A key of a Secret; without a key, the Secret alone.
    Secret(String, Option<String>),
    /// A key of a `ConfigMap`; without a key, the map alone.
    ConfigMap(String, Option<String>),
    ServiceAccount(String),
    /// A Service and, if it is told, one of its ports.
    Service(String, Option<i32>),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(name, Some(key)) => write!(f, "key {key} of Secret {name}"),
            Self::Secret(name, None) => write!(f, "Secret {name}"),
            Self::ConfigMap(name, Some(key)) => write!(f, "key {key} of ConfigMap {name}"),
            Self::ConfigMap(name, None) => write!(f, "ConfigMap {name}"),
            Self::ServiceAccount(name) => write!(f, "ServiceAccount {name}"),
            Self::Service(name, Some(port)) => write!(f, "port {port} of Service {name}"),
            Self::Service(name, None) => write!(f, "Service {name}"),
        }
    }
}

/// References, each with the first place that makes it.
pub type References = BTreeMap<Reference, String>;

/// All that objects of a namespace refer to, but for what they mark as optional. Objects are as they are rendered, or as
/// an API server returns them: workloads, pods, `ConfigMaps`, Secrets, and custom resources.
pub fn references(objects: &[Value], namespace: &str) -> References {
    let mut found = Finder {
        namespace,
        found: References::new(),
    };
    for object in objects {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let kind = text("/kind").unwrap_or_default();
        let place = format!("{kind}/{}", text("/metadata/name").unwrap_or_default());
        found.custom(object, kind, &place);
        match kind {
            "ConfigMap" => found.texts(object, "data", &place),
            "Secret" => found.texts(object, "stringData", &place),
            _ => found.walk(object, &place),
        }
    }
    found.found
}

struct Finder<'a> {
    namespace: &'a str,
    found: References,
}

impl Finder<'_> {
    fn add(&mut self, reference: Reference, place: &str) {
        self.found
            .entry(reference)
            .or_insert_with(|| place.to_owned());
    }

    /// Finds the shapes of references wherever they stand: pods are also in custom resources.
    fn walk(&mut self, value: &Value, place: &str) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let place = format!("{place}.{name}");
                    self.field(name, field, &place);
                    // What others wrote last is no reference.
                    if !matches!(name.as_str(), "managedFields" | "status" | "annotations") {
                        self.walk(field, &place);
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(item, &format!("{place}[{index}]"));
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, name: &str, field: &Value, place: &str) {
        let secret = |name: &str, key: Option<&str>| {
            Reference::Secret(name.to_owned(), key.map(String::from))
        };
        let map = |name: &str, key: Option<&str>| {
            Reference::ConfigMap(name.to_owned(), key.map(String::from))
        };
        match name {
            // A volume names its Secret in `secretName`, a projected one in `name`.
            "secret" if field["secretName"].is_string() => {
                self.keyed(field, "secretName", place, &secret);
            }
            "secretKeyRef" | "secretRef" | "secret" => self.keyed(field, "name", place, &secret),
            "configMapKeyRef" | "configMapRef" | "configMap" => {
                self.keyed(field, "name", place, &map);
            }
            "imagePullSecrets" => {
                for item in field.as_array().into_iter().flatten() {
                    self.keyed(item, "name", place, &secret);
                }
            }
            "serviceAccountName" => {
                if let Some(name) = field.as_str().filter(|name| !name.is_empty()) {
                    self.add(Reference::ServiceAccount(name.into()), place);
                }
            }
            "value" => self.hosts(field, place),
            "args" | "command" => {
                for item in field.as_array().into_iter().flatten() {
                    self.hosts(item, place);
                }
            }
            _ => {}
        }
    }

    fn keyed(
        &mut self,
        field: &Value,
        name: &str,
        place: &str,
        make: &dyn Fn(&str, Option<&str>) -> Reference,
    ) {
        let Some(name) = field[name].as_str().filter(|_| field["optional"] != true) else {
            return;
        };
        let one = field["key"].as_str();
        let items = field["items"].as_array().into_iter().flatten();
        let mut keys: Vec<_> = items.filter_map(|item| item["key"].as_str()).collect();
        keys.extend(one);
        if keys.is_empty() {
            self.add(make(name, None), place);
        }
        for key in keys {
            self.add(make(name, Some(key)), place);
        }
    }

    /// What the resources of operators refer to in ways of their own (SPIRA contract C1, C2).
    fn custom(&mut self, object: &Value, kind: &str, place: &str) {
        let spec = &object["spec"];
        let mut secret = |field: &Value, key: &str| {
            if let Some(name) = field["name"].as_str() {
                let key = field["key"].as_str().unwrap_or(key);
                self.add(Reference::Secret(name.into(), Some(key.into())), place);
            }
        };
        match kind {
            "Tenant" => {
                secret(&spec["configuration"], "config.env");
                for user in spec["users"].as_array().into_iter().flatten() {
                    secret(user, "CONSOLE_ACCESS_KEY");
                    secret(user, "CONSOLE_SECRET_KEY");
                }
            }
            "MongoDBCommunity" => {
                for user in spec["users"].as_array().into_iter().flatten() {
                    secret(&user["passwordSecretRef"], "password");
                }
                secret(&spec["prometheus"]["passwordSecretRef"], "password");
            }
            "ServiceMonitor" => {
                for endpoint in spec["endpoints"].as_array().into_iter().flatten() {
                    secret(&endpoint["basicAuth"]["username"], "username");
                    secret(&endpoint["basicAuth"]["password"], "password");
                }
            }
            _ => {}
        }
    }

    /// Hosts in the texts of a `ConfigMap` or Secret. In programs only URLs are looked for: much else has a colon there.
    fn texts(&mut self, object: &Value, field: &str, place: &str) {
        for (key, text) in object[field].as_object().into_iter().flatten() {
            let place = format!("{place}[{key}]");
            let text = text.as_str().unwrap_or_default();
            let program = [".py", ".sh"].iter().any(|suffix| key.ends_with(suffix));
            if program {
                self.urls(text, &place);
            } else if key.to_uppercase().ends_with("HOST") {
                self.host(text, None, &place);
            } else {
                self.hosts(&json!(text), &place);
            }
        }
    }

    fn hosts(&mut self, text: &Value, place: &str) {
        static PAIR: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?m)(?:^|[\s,;@/'\x22=])([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?):(\d{2,5})(?:[/,;\s'\x22?]|$)")
                .expect("constant")
        });
        let text = text.as_str().unwrap_or_default();
        self.urls(text, place);
        // Matches share their edges, as in a list with commas: the search goes on at the end of the port.
        let mut start = 0;
        while let Some(found) = PAIR.captures_at(text, start) {
            let port = found.get(2).expect("the pattern has two groups");
            self.host(&found[1], port.as_str().parse().ok(), place);
            start = port.end();
        }
    }

    fn urls(&mut self, text: &str, place: &str) {
        static URL: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(
                r"[a-z][a-z0-9+]*://(?:[^\s/@]*@)?([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)(?::(\d+))?",
            )
            .expect("constant")
        });
        for found in URL.captures_iter(text) {
            let port = found.get(2).and_then(|port| port.as_str().parse().ok());
            self.host(&found[1], port, place);
        }
    }

    /// The Service that a host name leads to, if it is one of this cluster's names: `SERVICE`, `SERVICE.NAMESPACE`,
    /// `POD.SERVICE`, and these with `.svc` and the cluster's domain.
    fn host(&mut self, host: &str, port: Option<i32>, place: &str) {
        let host = host.trim_end_matches('.');
        let inside = host
            .split_once(".svc.")
            .map(|(name, _)| name)
            .or_else(|| host.strip_suffix(".svc"));
        let labels: Vec<&str> = inside.unwrap_or(host).split('.').collect();
        let is_pod = |label: &str| {
            let number = label.rsplit_once('-').map(|(_, number)| number);
            number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        };
        let name = match (inside.is_some(), &labels[..]) {
            (false, ["localhost"]) => None,
            (false, [name]) => (!name.bytes().all(|b| b.is_ascii_digit())).then_some(*name),
            (_, [name, namespace] | [_, name, namespace]) if *namespace == self.namespace => {
                Some(*name)
            }
            (false, [pod, name]) if is_pod(pod) => Some(*name),
            // Outside the cluster, or in a namespace of others.
            _ => None,
        };
        if let Some(name) = name {
            self.add(Reference::Service(name.into(), port), place);
        }
    }
}

/// What a namespace of a live cluster holds.
#[derive(Clone, Debug, Default)]
pub struct Live {
    pub secrets: BTreeMap<String, BTreeSet<String>>,
    pub config_maps: BTreeMap<String, BTreeSet<String>>,
    pub services: BTreeMap<String, BTreeSet<i32>>,
    pub service_accounts: BTreeSet<String>,
}

impl Live {
    /// Asks the API server.
    pub async fn collect(client: &Client, namespace: &str) -> kube::Result<Self> {
        let all = ListParams::default();
        let mut live = Self::default();
        let secrets = Api::<Secret>::namespaced(client.clone(), namespace);
        for secret in secrets.list(&all).await? {
            let keys = secret.data.clone().unwrap_or_default();
            let keys = keys.into_keys().collect();
            live.secrets.insert(secret.name_any(), keys);
        }
        let maps = Api::<ConfigMap>::namespaced(client.clone(), namespace);
        for map in maps.list(&all).await? {
            let keys = map.data.clone().unwrap_or_default().into_keys();
            let more = map.binary_data.clone().unwrap_or_default().into_keys();
            live.config_maps
                .insert(map.name_any(), keys.chain(more).collect());
        }
        let services = Api::<Service>::namespaced(client.clone(), namespace);
        for service in services.list(&all).await? {
            let ports = service.spec.iter().flat_map(|s| s.ports.iter().flatten());
            let ports = ports.map(|port| port.port).collect();
            live.services.insert(service.name_any(), ports);
        }
        let accounts = Api::<ServiceAccount>::namespaced(client.clone(), namespace);
        for account in accounts.list(&all).await? {
            live.service_accounts.insert(account.name_any());
        }
        Ok(live)
    }

    /// Adds what MinIO's operator makes of Tenants, since it is on no registry and cannot be run (SPIRA contract C1).
    pub fn add_tenants(&mut self, objects: &[Value]) {
        for tenant in objects.iter().filter(|object| object["kind"] == "Tenant") {
            let name = tenant["metadata"]["name"].as_str().unwrap_or_default();
            // Without the field, certificates are made.
            let tls = tenant["spec"]["requestAutoCert"] != false;
            let services = [
                ("minio".to_owned(), if tls { 443 } else { 80 }),
                (format!("{name}-hl"), 9000),
                (format!("{name}-console"), if tls { 9443 } else { 9090 }),
            ];
            for (service, port) in services {
                self.services.insert(service, BTreeSet::from([port]));
            }
            self.service_accounts.insert(format!("{name}-sa"));
        }
    }

    fn has(&self, reference: &Reference) -> bool {
        let keyed = |all: &BTreeMap<String, BTreeSet<String>>, name, key: &Option<String>| {
            all.get::<String>(name)
                .is_some_and(|keys| key.as_ref().is_none_or(|key| keys.contains(key)))
        };
        match reference {
            Reference::Secret(name, key) => keyed(&self.secrets, name, key),
            Reference::ConfigMap(name, key) => keyed(&self.config_maps, name, key),
            Reference::ServiceAccount(name) => self.service_accounts.contains(name),
            Reference::Service(name, port) => self
                .services
                .get(name)
                .is_some_and(|ports| port.is_none_or(|port| ports.contains(&port))),
        }
    }

    /// The references that lead nowhere, each with who makes it.
    pub fn missing(&self, references: &References) -> Vec<String> {
        references
            .iter()
            .filter(|(reference, _)| !self.has(reference))
            .map(|(reference, place)| format!("no {reference}, which {place} refers to"))
            .collect()
    }
}

/// A Deployment and a `ConfigMap` that refer in every way, and a cluster that has it all.
fn example() -> (Vec<Value>, Live) {
    let pod = json!({
        "serviceAccountName": "app",
        "imagePullSecrets": [{"name": "pull"}],
        "initContainers": [{
            "name": "wait", "command": ["wait", "http://app-db.voices.svc.cluster.local:80/x"],
            "args": ["app-cache:6379"],
        }],
        "containers": [{
            "name": "app", "image": "registry:5000/app:1",
            "env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "a"}}},
                {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "b"}}},
                {"name": "O", "valueFrom": {"secretKeyRef": {"name": "o", "key": "o", "optional": true}}},
                {"name": "U", "value": "nats://me:pw@app-nats:4222,nats://app-0.app-hl:6222"},
                {"name": "X", "value": "https://s3.example.org:443 localhost:1234 10.0.0.1:8080"},
            ],
            "envFrom": [{"secretRef": {"name": "whole"}}],
        }],
        "volumes": [
            {"name": "v", "secret": {"secretName": "files", "items": [{"key": "f", "path": "f"}]}},
            {"name": "w", "projected": {"sources": [{"configMap": {"name": "scripts", "items": [{"key": "x.py"}]}}]}},
        ],
    });
    let objects = vec![
        json!({
            "kind": "Deployment", "metadata": {"name": "app"},
            "spec": {"template": {"spec": pod}},
        }),
        json!({
            "kind": "ConfigMap", "metadata": {"name": "m"},
            "data": {"b": "app-s3:80", "PGHOST": "app-sql", "x.py": "a[x:80]; get('http://app-web:81/')"},
        }),
    ];
    let keys = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect();
    let port = |name: &str, port: i32| (name.to_owned(), BTreeSet::from([port]));
    let live = Live {
        secrets: BTreeMap::from([
            ("s".to_owned(), keys(&["a"])),
            ("pull".to_owned(), keys(&[])),
            ("whole".to_owned(), keys(&[])),
            ("files".to_owned(), keys(&["f"])),
        ]),
        config_maps: BTreeMap::from([
            ("m".to_owned(), keys(&["b"])),
            ("scripts".to_owned(), keys(&["x.py"])),
        ]),
        services: BTreeMap::from([
            port("app-db", 80),
            port("app-cache", 6379),
            port("app-nats", 4222),
            port("app-hl", 6222),
            port("app-s3", 80),
            port("app-sql", 5432),
            port("app-web", 81),
        ]),
        service_accounts: BTreeSet::from(["app".to_owned()]),
    };
    (objects, live)
}

#[test]
fn every_reference_is_found_and_nothing_else() {
    let (objects, live) = example();
    let references = references(&objects, "voices");
    assert_eq!(live.missing(&references), Vec::<String>::new());
    let count = live.secrets.len()
        + live.config_maps.len()
        + live.services.len()
        + live.service_accounts.len();
    assert_eq!(references.len(), count, "{references:?}");
}

/// Whatever is taken out of the cluster is missed: name by name, key by key, port by port.
#[test]
fn planted_faults_are_missed() {
    let (objects, live) = example();
    let references = references(&objects, "voices");
    let mut faults: Vec<(String, Live)> = Vec::new();
    let mut plant = |what: String, change: &dyn Fn(&mut Live)| {
        let mut copy = live.clone();
        change(&mut copy);
        faults.push((what, copy));
    };
    for name in live.secrets.keys() {
        plant(format!("Secret {name}"), &|l| {
            l.secrets.remove(name);
        });
    }
    for name in live.config_maps.keys() {
        plant(format!("ConfigMap {name}"), &|l| {
            l.config_maps.remove(name);
        });
    }
    for name in live.services.keys() {
        plant(format!("Service {name}"), &|l| {
            l.services.remove(name);
        });
    }
    plant("ServiceAccount app".into(), &|l| l.service_accounts.clear());
    plant("key a of Secret s".into(), &|l| {
        l.secrets.insert("s".into(), BTreeSet::from(["b".into()]));
    });
    plant("port 4222 of Service app-nats".into(), &|l| {
        l.services.insert("app-nats".into(), BTreeSet::from([4223]));
    });
    for (what, faulty) in faults {
        let missing = faulty.missing(&references);
        assert_eq!(missing.len(), 1, "{what}: {missing:?}");
        let name = what.rsplit(' ').next().expect("not empty");
        assert!(missing[0].contains(name), "{what}: {missing:?}");
    }
}

#[test]
fn resources_of_operators_refer_in_their_own_ways() {
    let objects = [
        json!({
            "kind": "Tenant", "metadata": {"name": "t"},
            "spec": {"requestAutoCert": false, "configuration": {"name": "root"}, "users": [{"name": "u"}]},
        }),
        json!({
            "kind": "MongoDBCommunity", "metadata": {"name": "m"},
            "spec": {"users": [{"passwordSecretRef": {"name": "p"}}]},
        }),
        json!({
            "kind": "ConfigMap", "metadata": {"name": "c"},
            "data": {"MINIO": "minio:80", "WRONG": "minio:443"},
        }),
    ];
    let references = references(&objects, "voices");
    let mut live = Live::default();
    live.add_tenants(&objects);
    assert_eq!(
        live.missing(&references),
        [
            "no key password of Secret p, which MongoDBCommunity/m refers to",
            "no key config.env of Secret root, which Tenant/t refers to",
            "no key CONSOLE_ACCESS_KEY of Secret u, which Tenant/t refers to",
            "no key CONSOLE_SECRET_KEY of Secret u, which Tenant/t refers to",
            "no port 443 of Service minio, which ConfigMap/c[WRONG] refers to",
        ]
    );
}
