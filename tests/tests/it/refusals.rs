//! Wrong values are refused by both versions of Helm and by the library, and all of them name the path.

use xtask::helm::Helm;
use xtask::oracle::Oracle;

use crate::support::{Case, chart};

/// What is wrong, the values, and the path at fault.
#[rustfmt::skip] // a row a line
const WRONG: &[(&str, &str, &str)] = &[
    // Wrong types.
    ("text for a number", "api-server: {replicas: three}", "api-server.replicas"),
    ("a number in quotes", "nats: {replicas: '3'}", "nats.replicas"),
    ("a fraction for a number", "nats: {replicas: 1.5}", "nats.replicas"),
    ("text for a flag", "nats: {natsBox: {enabled: 'yes'}}", "nats.natsBox.enabled"),
    ("a number for text", "api-server: {image: {tag: 1.10}}", "api-server.image.tag"),
    ("a map for a list", "nats: {tolerations: {}}", "nats.tolerations"),
    ("a list for a map", "nats: {podLabels: []}", "nats.podLabels"),
    ("text for a map", "inference-server: {resources: small}", "inference-server.resources"),
    ("a number for a label", "nats: {podLabels: {a: 1}}", "nats.podLabels.a"),
    ("a flag for a node's label", "nats: {nodeSelector: {a: true}}", "nats.nodeSelector.a"),
    ("a wrong type in a Kubernetes type", "nats: {extraEnv: [{name: 1}]}", "nats.extraEnv.0.name"),
    ("a section that is no map", "global: 3", "global"),
    // What the data services would refuse.
    ("a bucket name in upper case", "global: {connections: {objectStore: {audioBucket: Audio}}}", "global.connections.objectStore.audioBucket"),
    ("a bucket name of two characters", "global: {connections: {objectStore: {modelBucket: ml}}}", "global.connections.objectStore.modelBucket"),
    ("a bucket name that is an address", "minio: {extraBuckets: [10.0.0.1]}", "minio.extraBuckets.0"),
    ("one volume for each of three servers", "minio: {pools: [{name: a, servers: 3, volumesPerServer: 1, size: 1Gi}]}", "minio.pools.0.volumesPerServer"),
    ("no pool", "minio: {pools: []}", "minio.pools"),
    ("a pool without a size", "minio: {pools: [{name: a, servers: 4, volumesPerServer: 1}]}", "minio.pools.0.size"),
    ("an even number of members", "mongodb: {members: 2}", "mongodb.members"),
    ("an owner that is no role's name", "global: {connections: {postgresql: {owner: ml_flow}}}", "global.connections.postgresql.owner"),
    ("a database that needs quotes", "global: {connections: {postgresql: {database: Runs}}}", "global.connections.postgresql.database"),
    ("no server", "postgresql: {instances: 0}", "postgresql.instances"),
    ("a version that the operator does not know", "postgresql: {version: '12'}", "postgresql.version"),
    ("a version of MongoDB with a suffix", "mongodb: {version: 6.0.5-ent}", "mongodb.version"),
    ("an unknown effect of a taint", "postgresql: {tolerations: [{effect: Never}]}", "postgresql.tolerations.0.effect"),
    ("a password that is too long for bcrypt", "bootstrap: {password: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}", "bootstrap.password"),
    ("a hospital with a quote", "bootstrap: {hospitals: ['a\"b']}", "bootstrap.hospitals.0"),
    ("a control character in a Kubernetes type", "nats: {extraEnv: [{name: a, value: \"\\u0007\"}]}", "nats.extraEnv.0.value"),
    // An experiment that cannot be.
    ("a rate of 0", "experiment: {enabled: true, rate: '0'}", "experiment.rate"),
    ("a rate of 0.00", "experiment: {enabled: true, rate: '0.00'}", "experiment.rate"),
    ("a rate that is a number", "experiment: {enabled: true, rate: 1}", "experiment.rate"),
    ("no user", "experiment: {enabled: true, users: 0}", "experiment.users"),
    ("more than all", "experiment: {enabled: true, abortPercent: 101}", "experiment.abortPercent"),
    ("a duration of nothing", "experiment: {enabled: true, durationSeconds: 0}", "experiment.durationSeconds"),
    ("a duration in words", "experiment: {enabled: true, durationSeconds: 10m}", "experiment.durationSeconds"),
    ("a duration under another name", "experiment: {enabled: true, duration: 600}", "experiment.duration"),
    ("unknown faults", "experiment: {enabled: true, faults: kill-all}", "experiment.faults"),
    ("a schedule that never comes", "experiment: {enabled: true, schedule: '0 0 31 2 *'}", "experiment.schedule"),
    ("an unknown target", "experiment: {enabled: true, targets: {kafka: {enabled: true}}}", "experiment.targets.kafka"),
    ("a target without pods", "experiment: {enabled: true, targets: {nats: {pods: 0}}}", "experiment.targets.nats.pods"),
    ("faults of a Chaos Mesh that is off", "experiment: {enabled: true, faults: chaos-mesh}", "experiment.faults"),
    ("a NATS of our own beside one outside", "{global: {connections: {nats: {host: a}}}}", "nats.enabled"),
    ("a MinIO beside an object store outside", "{global: {connections: {objectStore: {host: a, existingSecret: b}}}}", "minio.enabled"),
    ("a PostgreSQL of our own beside one outside", "{global: {connections: {postgresql: {host: a, existingSecret: b}}}}", "postgresql.enabled"),
    ("an MLflow of our own beside one outside", "{global: {connections: {mlflow: {url: 'http://a'}}}}", "mlflow.enabled"),
    ("a target that is off", "{experiment: {enabled: true}, mlflow: {enabled: false}, global: {connections: {mlflow: {url: 'http://a'}}}}", "experiment.targets.mlflow.enabled"),
    ("a target that no Schedule hits", "{experiment: {enabled: true, faults: chaos-mesh}, global: {chaos: {enabled: true}}, nats: {chaos: {podKill: {enabled: false}}}}", "experiment.targets.nats.enabled"),
    ("redelivery as a target without its Schedule", "{experiment: {enabled: true, faults: chaos-mesh, targets: {redelivery: {enabled: true}}}, global: {chaos: {enabled: true}}}", "experiment.targets.redelivery.enabled"),
    ("a database that is no name", "global: {connections: {mongodb: {integrationTestDatabase: '1'}}}", "global.connections.mongodb.integrationTestDatabase"),
    // Faults that Chaos Mesh would refuse, that never happen, or that never end.
    ("a cron of three fields", "global: {chaos: {schedule: '* * *'}}", "global.chaos.schedule"),
    ("a day that its month does not have", "nats: {chaos: {podKill: {schedule: '0 0 30 2 *'}}}", "nats.chaos.podKill.schedule"),
    ("a minute that no hour has", "nats: {chaos: {dns: {schedule: '60 * * * *'}}}", "nats.chaos.dns.schedule"),
    ("a duration without its unit", "nats: {chaos: {podFailure: {duration: '30'}}}", "nats.chaos.podFailure.duration"),
    ("a duration that is a number", "nats: {chaos: {podFailure: {duration: 30}}}", "nats.chaos.podFailure.duration"),
    ("a fault as long as its period", "nats: {chaos: {stress: {schedule: '*/5 * * * *', duration: 5m}}}", "nats.chaos.stress.duration"),
    ("a fault longer than its period, in seconds", "mlflow: {chaos: {clock: {schedule: '@every 2m', duration: 121s}}}", "mlflow.chaos.clock.duration"),
    ("a node that never comes back", "global: {chaos: {nodeFailure: {schedule: '* * * * *', duration: 3m}}}", "global.chaos.nodeFailure.duration"),
    ("a percentage above 100", "mlflow: {chaos: {network: {percent: 101}}}", "mlflow.chaos.network.percent"),
    ("a percentage of nothing", "minio: {chaos: {io: {percent: 0}}}", "minio.chaos.io.percent"),
    ("memory above 100 %", "nats: {chaos: {stress: {memorySize: 101%}}}", "nats.chaos.stress.memorySize"),
    ("a delay in two units", "nats: {chaos: {network: {latency: 1m30s}}}", "nats.chaos.network.latency"),
    ("an offset without its unit", "nats: {chaos: {clock: {offset: '-10'}}}", "nats.chaos.clock.offset"),
    ("an action that there is not", "nats: {chaos: {network: {action: burn}}}", "nats.chaos.network.action"),
    ("a partner that it has nothing to do with", "api-server: {chaos: {network: {towards: mlflow}}}", "api-server.chaos.network.towards"),
    ("a fault of a volume that is not there", "mlflow: {chaos: {io: {enabled: true}}}", "mlflow.chaos.io"),
    // Sections that contradict each other.
    ("a network to a component that is off", "{global: {chaos: {enabled: true}}, nats: {enabled: false}, api-server: {chaos: {network: {enabled: true, towards: nats}}}}", "api-server.chaos.network.towards"),
    ("a network to a component that another takes the place of", "{mlflow: {enabled: false}, global: {chaos: {enabled: true}, connections: {mlflow: {url: 'http://a'}}}, inference-server: {chaos: {network: {enabled: true, towards: mlflow}}}}", "inference-server.chaos.network.towards"),
    ("a fault of a component that is off", "{global: {chaos: {enabled: true}}, minio: {enabled: false, chaos: {io: {enabled: true}}}}", "minio.chaos.io.enabled"),
    ("replicas beside an autoscaler", "api-server: {replicas: 5, autoscaling: {enabled: true}}", "api-server.replicas"),
    ("an autoscaler without room", "api-server: {autoscaling: {enabled: true, minReplicas: 7}}", "api-server.autoscaling.minReplicas"),
    ("a port that NATS uses itself", "global: {connections: {nats: {port: 8222}}}", "global.connections.nats.port"),
    ("another port than MinIO's Service has", "global: {connections: {objectStore: {port: 9000}}}", "global.connections.objectStore.port"),
    ("tests that would drop the database", "global: {connections: {mongodb: {integrationTestDatabase: spira}}}", "global.connections.mongodb.integrationTestDatabase"),
    // Half a connection.
    ("a PostgreSQL without credentials", "global: {connections: {postgresql: {host: a}}}", "global.connections.postgresql.existingSecret"),
    ("credentials of no PostgreSQL", "global: {connections: {postgresql: {existingSecret: a}}}", "global.connections.postgresql.host"),
    ("an object store without credentials", "global: {connections: {objectStore: {host: a}}}", "global.connections.objectStore.existingSecret"),
    ("a NATS that asks for a login that is not given", "global: {connections: {nats: {host: a, auth: {enabled: true}}}}", "global.connections.nats.auth.existingSecret"),
    // Unknown keys.
    ("an unknown value", "api-server: {replica: 3}", "api-server.replica"),
    ("an unknown key of `global`", "global: {registry: a}", "global.registry"),
    ("an unknown key deep in `global`", "global: {connections: {nats: {url: a}}}", "global.connections.nats.url"),
    ("an unknown component", "apiserver: {replicas: 3}", "apiserver"),
    ("an unknown field of a struct", "nats: {image: {name: nats}}", "nats.image.name"),
    ("an unknown field of a Kubernetes type", "nats: {affinity: {podAffinty: {}}}", "nats.affinity.podAffinty"),
    ("an unknown field of a security context", "nats: {securityContext: {root: false}}", "nats.securityContext.root"),
    // Out of range.
    ("a port of 0", "global: {connections: {nats: {port: 0}}}", "global.connections.nats.port"),
    ("a port above 65535", "global: {connections: {objectStore: {port: 65536}}}", "global.connections.objectStore.port"),
    ("negative replicas", "inference-server: {replicas: -1}", "inference-server.replicas"),
    ("too many replicas", "nats: {replicas: 1000}", "nats.replicas"),
    ("no replicas for an autoscaler", "api-server: {autoscaling: {minReplicas: 0}}", "api-server.autoscaling.minReplicas"),
    ("a negative time", "nats: {terminationGracePeriodSeconds: -5}", "nats.terminationGracePeriodSeconds"),
    ("a number beyond 32 bits", "api-server: {drainSeconds: 2147483648}", "api-server.drainSeconds"),
    // Texts of the wrong form.
    ("a quantity without meaning", "nats: {resources: {limits: {memory: 1 GB}}}", "nats.resources.limits.memory"),
    ("a quantity with a bad suffix", "api-server: {tmpSize: 5GB}", "api-server.tmpSize"),
    ("a quantity that is a number", "nats: {resources: {limits: {cpu: 1}}}", "nats.resources.limits.cpu"),
    ("a size with a fraction", "nats: {jetstream: {size: 1.5Gi}}", "nats.jetstream.size"),
    ("a tag with a blank", "nats: {image: {tag: 'a b'}}", "nats.image.tag"),
    ("a tag that is a reference", "nats: {image: {tag: ':latest'}}", "nats.image.tag"),
    ("a repository in upper case", "nats: {image: {repository: NATS}}", "nats.image.repository"),
    ("a short digest", "nats: {image: {digest: 'sha256:abc'}}", "nats.image.digest"),
    ("another digest than SHA-256", "nats: {image: {digest: 'md5:abc'}}", "nats.image.digest"),
    ("a registry with a scheme", "global: {imageRegistry: 'https://a.example'}", "global.imageRegistry"),
    ("a host name with an underscore", "api-server: {ingress: {hosts: [a_b]}}", "api-server.ingress.hosts.0"),
    ("a host name with a port", "global: {connections: {nats: {host: 'a:4222'}}}", "global.connections.nats.host"),
    ("a name in upper case", "nats: {priorityClassName: High}", "nats.priorityClassName"),
    ("a name that ends in a dash", "nats: {serviceAccount: {name: a-}}", "nats.serviceAccount.name"),
    ("a full name of 53 characters", "global: {fullnameOverrides: {nats: a0123456789012345678901234567890123456789012345678901}}", "global.fullnameOverrides.nats"),
    ("an origin with a path", "api-server: {corsOrigin: 'https://a.example/x'}", "api-server.corsOrigin"),
    ("a URL without a scheme", "global: {connections: {mlflow: {url: mlflow}}}", "global.connections.mlflow.url"),
    ("a short password", "nats: {password: secret}", "nats.password"),
    ("a short key", "api-server: {jwt: {key: secret}}", "api-server.jwt.key"),
    ("a line break in a name", "global: {centralChannel: \"a\\nb\"}", "global.centralChannel"),
    ("no member of an enum", "api-server: {jwt: {algorithm: none}}", "api-server.jwt.algorithm"),
    ("a policy that does not exist", "nats: {image: {pullPolicy: Sometimes}}", "nats.image.pullPolicy"),
    // Keys of maps.
    ("a label that the chart sets", "nats: {podLabels: {app.kubernetes.io/name: a}}", "nats.podLabels"),
    ("a common label that the chart sets", "global: {commonLabels: {helm.sh/chart: a}}", "global.commonLabels"),
    ("an annotation that the chart sets", "api-server: {podAnnotations: {checksum/config: a}}", "api-server.podAnnotations"),
    ("a label with a blank", "nats: {podLabels: {a b: c}}", "nats.podLabels"),
    // Nulls.
    ("null for a number that must be", "nats: {replicas: null}", "nats.replicas"),
    ("null for a map that must be", "api-server: {image: null}", "api-server.image"),
    ("null deep in `global`", "global: {model: {name: null}}", "global.model.name"),
    ("null for a list", "inference-server: {extraEnv: null}", "inference-server.extraEnv"),
    ("null in a list", "api-server: {ingress: {hosts: [null]}}", "api-server.ingress.hosts.0"),
];

#[test]
fn wrong_values_are_refused_by_all_with_their_path() {
    let cases: Vec<_> = WRONG
        .iter()
        .map(|(_, values, _)| Case::new(*values))
        .collect();
    let questions: Vec<_> = cases.iter().map(Case::for_helm).collect();
    let mut faults = Vec::new();
    for helm in Helm::ALL {
        let mut oracle = Oracle::start(helm, &chart()).expect("oracle");
        let answers = oracle.render_all(&questions).expect("answers");
        for ((what, values, path), answer) in WRONG.iter().zip(answers) {
            match answer {
                Err(message) if helm_names(&message, path) => {}
                other => faults.push(format!(
                    "Helm {}: {what}: {values}\n  {other:?}",
                    helm.major()
                )),
            }
        }
    }
    for ((what, values, path), case) in WRONG.iter().zip(&cases) {
        match case.library() {
            Err(message) if library_names(&message, path) => {}
            other => faults.push(format!("library: {what}: {values}\n  {other:?}")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The library writes a path as `--set` does.
fn library_names(message: &str, path: &str) -> bool {
    let spelt = path.replace(".0", "[0]");
    let (parent, key) = spelt.rsplit_once('.').unwrap_or(("", &spelt));
    message.contains(&spelt) || names_key_of(message, parent, key)
}

/// Helm writes a path as a JSON pointer below the name of the chart whose schema refuses it, and the chart's own message
/// as the library does.
fn helm_names(message: &str, path: &str) -> bool {
    if message.contains(&format!("- {path}: ")) {
        return true;
    }
    let (section, rest) = path.split_once('.').unwrap_or((path, ""));
    let below = format!("/{}", rest.replace('.', "/"));
    let (parent, key) = below.rsplit_once('/').unwrap_or(("", &below));
    let whole = format!("/{section}{below}");
    // A key that is forbidden is named below its map.
    let names = |pointer: &str| {
        ["'", "/"]
            .into_iter()
            .any(|end| message.contains(&format!("'{pointer}{end}")))
    };
    message.contains(section)
        && (names(&below) || names(&whole) || names_key_of(message, parent, key) || rest.is_empty())
}

/// What is unknown, missing or misspelt is told of the map that should not, or should, have it.
fn names_key_of(message: &str, parent: &str, key: &str) -> bool {
    message.lines().any(|line| {
        let quoted = |quote: char| line.contains(&format!("{quote}{key}{quote}"));
        line.contains(parent) && [' ', '\'', '"', '`'].into_iter().any(quoted)
    })
}

/// The table's neighbours are right, so what is refused above is refused for the reason that stands there.
#[test]
fn right_values_near_the_wrong_ones_are_accepted() {
    let right = [
        "nats: {replicas: 0}",
        "nats: {replicas: 999}",
        "{minio: {enabled: false}, global: {connections: {nats: {port: 1}, objectStore: {port: 65535}}}}",
        "nats: {resources: {limits: {cpu: '1', memory: 1.5Gi}}}",
        "nats: {image: {tag: '1.10'}}",
        "api-server: {ingress: {enabled: true, hosts: [a-b.example]}}",
        "nats: {podLabels: {example.org/name: a}, image: {tag: null, digest: null}}",
        "global: {imageRegistry: 'a.example:5000/mirror', centralChannel: a.b}",
        "api-server: {replicas: 3.0}",
        "mongodb: {members: 1}\nminio: {pools: [{name: a, servers: 3, volumesPerServer: 2, size: 1Gi}, {name: b, servers: 1, volumesPerServer: 1, size: 1Gi}]}",
        "{postgresql: {enabled: false}, global: {connections: {postgresql: {host: a, existingSecret: b}, objectStore: {existingSecret: c}}}}",
        "{nats: {enabled: false}, global: {connections: {nats: {host: a, auth: {enabled: false}}, mongodb: {existingSecret: b}}}}",
        "{global: {chaos: {enabled: true}}, nats: {enabled: false}, api-server: {chaos: {network: {enabled: true, towards: mongodb}}}}",
        "{mlflow: {enabled: false}, global: {chaos: {enabled: true}, connections: {mlflow: {url: 'http://a'}}}, inference-server: {chaos: {network: {enabled: true, towards: nats}}}}",
        "{nats: {enabled: false}, api-server: {chaos: {network: {enabled: true, towards: nats}}}}",
        "minio: {enabled: false, chaos: {io: {enabled: true}}}",
        "{global: {chaos: {enabled: true}}, nats: {chaos: {stress: {enabled: true, schedule: '*/5 * * * *', duration: 4m59s}}}}",
        "{global: {chaos: {enabled: true}}, nats: {chaos: {clock: {enabled: true, schedule: '0 3 * * *', duration: 2h, offset: 1h30m}}}}",
    ];
    for values in right {
        let objects = crate::compare::agree(&Case::new(values));
        assert!(objects.is_ok(), "{values}: {objects:?}");
    }
}
