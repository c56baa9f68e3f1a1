//! Custom resources against their real definitions, as an API server with strict field validation would judge them, but
//! thousands in a second.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use xtask::definitions;

/// Validators by apiVersion and kind.
static VALIDATORS: LazyLock<BTreeMap<(String, String), Validator>> = LazyLock::new(|| {
    let definitions = definitions::load().expect("definitions");
    let mut all = BTreeMap::new();
    for definition in &definitions.all {
        let spec = &definition["spec"];
        let text = |value: &Value| value.as_str().expect("a definition").to_owned();
        for version in spec["versions"].as_array().expect("versions") {
            let key = (
                format!("{}/{}", text(&spec["group"]), text(&version["name"])),
                text(&spec["names"]["kind"]),
            );
            let mut schema = root(&version["schema"]["openAPIV3Schema"]);
            bound_replicas(&mut schema, &version["subresources"]["scale"]);
            let validator = jsonschema::validator_for(&schema)
                .unwrap_or_else(|error| panic!("{key:?}: {error}"));
            all.insert(key, validator);
        }
    }
    all
});

/// Whether the definition of a custom resource accepts it; one of a kind without definition is refused.
///
/// Fields that the definition does not have are refused, at every depth, as strict field validation does. Rules in CEL
/// (`x-kubernetes-validations`) and unique keys of lists are not looked at; an API server has them in
/// `cluster` and `operators`.
pub fn validate_cr(object: &Value) -> Result<(), String> {
    let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    let key = (text("apiVersion"), text("kind"));
    let validator = VALIDATORS
        .get(&key)
        .ok_or_else(|| format!("{} of {} has no definition", key.1, key.0))?;
    judge(validator, object)
}

/// What a schema refuses in an object, all of it.
pub fn judge(validator: &Validator, object: &Value) -> Result<(), String> {
    let faults: Vec<_> = validator
        .iter_errors(object)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    Err(format!("{kind} {name}: {}", faults.join("; ")))
}

/// Whether [`validate_cr`] knows the kind of an object.
pub fn is_custom(object: &Value) -> bool {
    let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    VALIDATORS.contains_key(&(text("apiVersion"), text("kind")))
}

/// An API server holds the number that the scale of a kind stands for in the range of Kubernetes' replicas.
fn bound_replicas(schema: &mut Value, scale: &Value) {
    let Some(path) = scale["specReplicasPath"].as_str() else {
        return;
    };
    let pointer = path.replace('.', "/properties/");
    let number = schema
        .pointer_mut(&pointer)
        .expect("a scale's number is a field");
    let fields = number.as_object_mut().expect("a schema");
    fields.entry("minimum").or_insert(json!(0));
    fields.entry("maximum").or_insert(json!(i32::MAX));
}

/// The schema of a whole resource: an API server adds these fields to what the definition says.
fn root(schema: &Value) -> Value {
    let mut schema = structural(schema);
    let strings = json!({"type": "object", "additionalProperties": {"type": "string"}});
    schema["properties"]["apiVersion"] = json!({"type": "string"});
    schema["properties"]["kind"] = json!({"type": "string"});
    schema["properties"]["metadata"] = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 253},
            "namespace": {"type": "string"},
            "labels": strings, "annotations": strings,
            "finalizers": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["name"],
        "additionalProperties": false,
    });
    schema
}

/// A structural schema as plain JSON Schema: closed where it names its fields, and with Kubernetes' own words said in
/// standard ones.
fn structural(schema: &Value) -> Value {
    let Some(fields) = schema.as_object() else {
        return schema.clone();
    };
    let mut out = Map::new();
    for (word, value) in fields {
        let value = match word.as_str() {
            "properties" => Value::Object(
                value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, schema)| (name.clone(), structural(schema)))
                    .collect(),
            ),
            "items" | "additionalProperties" => structural(value),
            // Rules over values: their schemas are not structural, and close nothing.
            "allOf" | "anyOf" | "oneOf" | "not" | "required" | "enum" | "pattern" | "type"
            | "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties"
            | "maxProperties" | "uniqueItems" | "multipleOf" | "minimum" | "maximum" => {
                value.clone()
            }
            "exclusiveMinimum" | "exclusiveMaximum" => {
                // A flag beside the bound there, the bound itself in newer JSON Schema.
                let bound = word.replace("exclusiveM", "m");
                if value == &json!(true) {
                    fields[&bound].clone()
                } else {
                    continue;
                }
            }
            "format" => match value.as_str() {
                // An API server does not look at it, but the operator could not read the number.
                Some("int32") => {
                    out.entry("minimum").or_insert(json!(i32::MIN));
                    out.entry("maximum").or_insert(json!(i32::MAX));
                    continue;
                }
                _ => continue,
            },
            "description" | "title" | "default" | "example" | "externalDocs" | "nullable" => {
                continue;
            }
            word if word.starts_with("x-kubernetes-") => continue,
            other => panic!("a definition says {other}, which is not known here"),
        };
        out.insert(word.clone(), value);
    }
    if fields.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
        out.insert("type".into(), json!(["integer", "string"]));
    }
    let is = |word: &str| fields.get(word) == Some(&json!(true));
    let open = is("x-kubernetes-preserve-unknown-fields") || is("x-kubernetes-embedded-resource");
    let map = fields.contains_key("additionalProperties");
    if fields.get("type") == Some(&json!("object")) && !open && !map {
        out.insert("additionalProperties".into(), json!(false));
    }
    Value::Object(out)
}

/// The smallest resource of every kind, and what spoils it: a place, and what is put there.
pub fn spoilt() -> Vec<(Value, Vec<(&'static str, Value)>)> {
    let mongodb = json!({
        "apiVersion": "mongodbcommunity.mongodb.com/v1", "kind": "MongoDBCommunity",
        "metadata": {"name": "store"},
        "spec": {
            "members": 3, "type": "ReplicaSet", "version": "6.0.5",
            "security": {"authentication": {"modes": ["SCRAM"]}},
            "users": [{
                "name": "spira", "db": "admin", "passwordSecretRef": {"name": "p"},
                "roles": [{"name": "readWrite", "db": "spira"}],
                "scramCredentialsSecretName": "s",
            }],
            "statefulSet": {"spec": {"anything": true}},
        },
    });
    let postgresql = json!({
        "apiVersion": "acid.zalan.do/v1", "kind": "postgresql",
        "metadata": {"name": "sql"},
        "spec": {
            "teamId": "spira", "numberOfInstances": 3, "volume": {"size": "1Gi"},
            "postgresql": {"version": "17"}, "patroni": {"synchronous_mode": true},
            "users": {"o": []}, "databases": {"d": "o"},
        },
    });
    let cnpg = json!({
        "apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster",
        "metadata": {"name": "sql"},
        "spec": {"instances": 3, "storage": {"size": "1Gi"}},
    });
    let tenant = json!({
        "apiVersion": "minio.min.io/v2", "kind": "Tenant",
        "metadata": {"name": "spira"},
        "spec": {
            "requestAutoCert": false,
            "pools": [{
                "name": "pool-0", "servers": 3, "volumesPerServer": 2,
                "volumeClaimTemplate": {
                    "metadata": {"name": "data"},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
                    },
                },
            }],
        },
    });
    let mut all = vec![
        (
            mongodb,
            vec![
                ("/spec/members", json!("three")),
                ("/spec/type", json!("Sharded")),
                ("/spec/security/authentication/modes/0", json!("PLAIN")),
                ("/spec/users/0/pasword", json!("x")),
                ("/spec/users/0/roles/0/db", json!(null)),
                ("/spec/version", json!(6)),
                ("/sepc", json!({})),
                ("/metadata/lables", json!({})),
            ],
        ),
        (
            postgresql,
            vec![
                ("/spec/postgresql/version", json!("9")),
                ("/spec/numberOfInstances", json!("3")),
                ("/spec/volume/size", json!("big")),
                ("/spec/patroni/synchronousMode", json!(true)),
                ("/spec/databases/d", json!(5)),
                ("/spec/users/o", json!("superuser")),
            ],
        ),
        (
            cnpg,
            vec![
                ("/spec/instances", json!(0)),
                ("/spec/storage/sise", json!("1Gi")),
                ("/spec/instances", json!(3_000_000_000_u64)),
                ("/metadata/name", json!(null)),
            ],
        ),
    ];
    all.extend(spoilt_monitoring());
    // A stub takes any field.
    let stubs = definitions::load().expect("definitions").stubs;
    if !stubs.iter().any(|stub| stub.starts_with("schedules.")) {
        all.extend(spoilt_faults());
    }
    if !stubs.iter().any(|stub| stub.starts_with("tenants.")) {
        let spoilt = vec![
            ("/spec/pools/0/servers", json!("3")),
            ("/spec/pools/0/volumePerServer", json!(2)),
            ("/spec/requestAutoCert", json!("false")),
        ];
        all.push((tenant, spoilt));
    }
    all
}

fn spoilt_monitoring() -> Vec<(Value, Vec<(&'static str, Value)>)> {
    let object = |kind: &str, spec: Value| {
        json!({
            "apiVersion": "monitoring.coreos.com/v1", "kind": kind,
            "metadata": {"name": "spira"}, "spec": spec,
        })
    };
    let change = json!({"action": "drop", "sourceLabels": ["a"], "regex": "b"});
    let pods = json!({
        "selector": {"matchLabels": {"a": "b"}},
        "podMetricsEndpoints": [{"port": "metrics", "interval": "30s", "metricRelabelings": [change]}],
    });
    let login = json!({"name": "s", "key": "username"});
    let services = json!({
        "selector": {"matchLabels": {"a": "b"}},
        "endpoints": [{"port": "metrics", "path": "/m", "basicAuth": {"username": login}}],
    });
    let rules = json!({"groups": [{
        "name": "g", "rules": [{"alert": "A", "expr": "up == 0", "for": "1m", "labels": {"a": "b"}}],
    }]});
    vec![
        (
            object("PodMonitor", pods),
            vec![
                ("/spec/podMetricsEndpoints/0/interval", json!("often")),
                (
                    "/spec/podMetricsEndpoints/0/metricRelabelings/0/action",
                    json!("dorp"),
                ),
                ("/spec/podMetricsEndpoints/0/prot", json!("metrics")),
                ("/spec/selector", json!(null)),
            ],
        ),
        (
            object("ServiceMonitor", services),
            vec![
                ("/spec/endpoints/0/basicAuth/user", json!({})),
                ("/spec/endpoints/0/basicAuth/username/key", json!(null)),
                ("/spec/endpoints/0/port", json!(80)),
                ("/spec/endpoints", json!(null)),
            ],
        ),
        (
            object("PrometheusRule", rules),
            vec![
                ("/spec/groups/0/rules/0/for", json!("a while")),
                ("/spec/groups/0/rules/0/expr", json!(null)),
                ("/spec/groups/0/rules/0/labels/a", json!(5)),
                ("/spec/groups/0/nmae", json!("g")),
            ],
        ),
    ]
}

/// Faults, with places that Chaos Mesh's definition refuses.
fn spoilt_faults() -> Vec<(Value, Vec<(&'static str, Value)>)> {
    let selector = json!({"namespaces": ["voices"], "labelSelectors": {"app": "a"}});
    let schedule = |kind: &str, field: &str, fault: Value| {
        json!({
            "apiVersion": "chaos-mesh.org/v1alpha1", "kind": "Schedule",
            "metadata": {"name": "fault"},
            "spec": {
                "schedule": "*/5 * * * *", "concurrencyPolicy": "Forbid", "historyLimit": 1000,
                "type": kind, field: fault,
            },
        })
    };
    let kill = json!({"action": "pod-kill", "mode": "one", "selector": selector});
    let delay = json!({
        "action": "delay", "mode": "one", "selector": selector, "direction": "both", "duration": "1m",
        "target": {"mode": "all", "selector": selector}, "delay": {"latency": "200ms"},
    });
    let stress = json!({
        "mode": "one", "selector": selector, "duration": "1m",
        "stressors": {"cpu": {"workers": 1, "load": 80}},
    });
    let disk = json!({
        "action": "fault", "mode": "one", "selector": selector, "duration": "1m", "volumePath": "/data",
        "errno": 5, "percent": 50,
    });
    vec![
        (
            schedule("PodChaos", "podChaos", kill),
            vec![
                ("/spec/concurrencyPolicy", json!("Never")),
                ("/spec/historyLimit", json!(0)),
                ("/spec/schedule", json!(null)),
                ("/spec/podChaos/action", json!("pod-maim")),
                ("/spec/podChaos/mode", json!("some")),
                ("/spec/podChaos/selector", json!(null)),
                ("/spec/podChaos/selector/labels", json!({"app": "a"})),
            ],
        ),
        (
            schedule("NetworkChaos", "networkChaos", delay),
            vec![
                ("/spec/networkChaos/delay/latency", json!("1h30m")),
                ("/spec/networkChaos/direction", json!("sideways")),
                ("/spec/networkChaos/target/mode", json!(null)),
            ],
        ),
        (
            schedule("StressChaos", "stressChaos", stress),
            vec![("/spec/stressChaos/stressors/cpu/load", json!(101))],
        ),
        (
            schedule("IOChaos", "ioChaos", disk),
            vec![
                ("/spec/ioChaos/volumePath", json!(null)),
                ("/spec/ioChaos/errno", json!("EIO")),
            ],
        ),
    ]
}

/// The value with another at a place; null takes out what is there.
pub fn spoil(value: &Value, place: &str, by: &Value) -> Value {
    let mut value = value.clone();
    let (parent, name) = place.rsplit_once('/').expect("a JSON pointer");
    match value.pointer_mut(parent).expect("a place that is there") {
        Value::Object(fields) if by.is_null() => drop(fields.remove(name)),
        Value::Object(fields) => drop(fields.insert(name.into(), by.clone())),
        Value::Array(items) => items[name.parse::<usize>().expect("an index")] = by.clone(),
        other => panic!("{parent} is {other}"),
    }
    value
}

#[test]
fn resources_are_judged_by_their_definitions() {
    for (good, spoilt) in spoilt() {
        assert!(is_custom(&good));
        validate_cr(&good).expect("accepted");
        for (place, by) in spoilt {
            let error = validate_cr(&spoil(&good, place, &by)).expect_err(place);
            let parent = place.rsplit_once('/').expect("a JSON pointer").0;
            assert!(error.contains(parent), "{place}: {error}");
        }
    }
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}});
    assert!(!is_custom(&service));
    let error = validate_cr(&service).expect_err("no custom resource");
    assert_eq!(error, "Service of v1 has no definition");
}
