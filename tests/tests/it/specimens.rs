//! Values of Kubernetes' own types that an API server takes.
//!
//! Values such as `affinity` and `extraContainers` are passed on as they are: whether they mean something is for
//! Kubernetes to say, not for the chart. Random ones, right by their schemas, hardly ever do (a toleration with the
//! operator Exists must have no value). Where a real server is asked, these stand in for them.

use serde_json::{Value, json};
use spira_chart_gen::random::Rng;
use spira_chart_gen::trace::Shape;

/// Texts that no reader of YAML may lose, in places where any text is right.
const TEXTS: [&str; 8] = [
    "two\nlines",
    "\n  indented\nlines\n\n",
    "{{ fail \"x\" }}",
    "\"it's\": #",
    "true",
    "0123",
    "\u{1f600} é",
    "---\n...",
];

/// Replaces what a document says in Kubernetes' types, wherever it says something.
pub fn settle(shape: &Shape, value: &mut Value, rng: &mut Rng) {
    match (shape, value) {
        (Shape::Opt(inner), value) if !value.is_null() => settle(inner, value, rng),
        (Shape::Struct(fields), Value::Object(values)) => {
            // What is mounted must be there.
            if values.contains_key("extraVolumeMounts") {
                values.insert("extraVolumes".to_owned(), json!(volumes()));
            }
            for (key, field) in fields {
                match (field, values.get_mut(key)) {
                    (Shape::Whole { .. }, Some(value)) if key == "extraVolumes" => {
                        *value = json!(volumes());
                    }
                    (Shape::Whole { schema, list }, Some(value)) if !value.is_null() => {
                        *value = whole(key, schema, *list, value, rng);
                    }
                    // Every server knows this one, and refuses pods of those that it does not.
                    (_, Some(Value::String(class))) if key == "priorityClassName" => {
                        "system-cluster-critical".clone_into(class);
                    }
                    (field, Some(value)) => settle(field, value, rng),
                    (_, None) => {}
                }
            }
        }
        (Shape::List { item, .. }, Value::Array(items)) => {
            items.iter_mut().for_each(|value| settle(item, value, rng));
        }
        _ => {}
    }
}

/// What stands in for a value, or for a list of them, under a key.
fn whole(key: &str, schema: &Value, list: bool, old: &Value, rng: &mut Rng) -> Value {
    if let (true, Some(old)) = (key == "extraObjects", old.as_array()) {
        return old.iter().map(|object| config_map(object, rng)).collect();
    }
    let name = schema["$ref"].as_str().unwrap_or_default();
    let all = specimens(name.rsplit('.').next().unwrap_or_default(), rng);
    if !list {
        return rng.pick(&all).clone();
    }
    let wanted = old.as_array().map_or(0, Vec::len).min(all.len());
    let mut chosen = all[..wanted].to_vec();
    if name.ends_with(".Container") {
        // No two containers of a pod have one name, be they of different lists.
        for (at, container) in chosen.iter_mut().enumerate() {
            container["name"] = json!(format!("{}-{at}", key.to_lowercase()));
        }
    }
    Value::Array(chosen)
}

fn config_map(object: &Value, rng: &mut Rng) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": object["metadata"]["name"],
            "annotations": {"example.org/text": text(rng)},
        },
        "data": {"text": text(rng), "0": text(rng)},
    })
}

fn text(rng: &mut Rng) -> &'static str {
    rng.pick::<&str>(&TEXTS)
}

fn volumes() -> [Value; 2] {
    [
        json!({"name": "specimen", "emptyDir": {"sizeLimit": "1Gi"}}),
        json!({"name": "other", "configMap": {"name": "other", "optional": true}}),
    ]
}

/// Right values of a type, of which those of a list also go together.
#[rustfmt::skip] // a value a line
fn specimens(of: &str, rng: &mut Rng) -> Vec<Value> {
    let nodes = json!({"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b", "0"]}]}]});
    let pods = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"a": "true"}}});
    match of {
        "Affinity" => vec![
            json!({}),
            json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": nodes}}),
            json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": pods}]}}),
        ],
        "NodeAffinity" => vec![json!({}), json!({"requiredDuringSchedulingIgnoredDuringExecution": nodes})],
        "Container" => vec![
            json!({"name": "", "image": "a:1", "env": [{"name": "A", "value": text(rng)}], "command": ["sh", text(rng)]}),
            json!({"name": "", "image": "a@sha256:0000000000000000000000000000000000000000000000000000000000000000"}),
        ],
        "EnvVar" => vec![
            json!({"name": "SPECIMEN_A", "value": text(rng)}),
            json!({"name": "SPECIMEN_B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
            json!({"name": "specimen.c", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b", "optional": true}}}),
        ],
        "EnvFromSource" => vec![
            json!({"configMapRef": {"name": "a"}}),
            json!({"prefix": "P_", "secretRef": {"name": "a", "optional": true}}),
        ],
        "VolumeMount" => vec![
            json!({"name": "specimen", "mountPath": "/specimen/a b"}),
            json!({"name": "other", "mountPath": "/other", "readOnly": true, "subPath": "{{ x }}"}),
        ],
        "ResourceRequirements" => vec![
            json!({}),
            json!({"requests": {"cpu": "10m", "memory": "1.5Gi"}, "limits": {"cpu": "64", "memory": "64Gi"}}),
        ],
        "PodSecurityContext" => vec![
            json!({}),
            json!({"runAsNonRoot": true, "runAsUser": 1000, "fsGroup": 0, "supplementalGroups": [1], "seccompProfile": {"type": "RuntimeDefault"}}),
        ],
        "SecurityContext" => vec![
            json!({}),
            json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": false, "capabilities": {"drop": ["ALL"]}}),
        ],
        "Toleration" => vec![
            json!({"operator": "Exists"}),
            json!({"key": "a", "operator": "Equal", "value": "0", "effect": "NoExecute", "tolerationSeconds": 0}),
            json!({"key": "example.org/a", "operator": "Exists", "effect": "NoSchedule"}),
        ],
        "TopologySpreadConstraint" => vec![
            json!({"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"a": "b"}}}),
            json!({"maxSkew": 2, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}),
        ],
        "HorizontalPodAutoscalerBehavior" => vec![
            json!({}),
            json!({"scaleDown": {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}}),
        ],
        "NetworkPolicyPeer" => vec![
            json!({"podSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["0", "true"]}]}}),
            json!({"namespaceSelector": {}}),
            json!({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}),
        ],
        "NetworkPolicyEgressRule" => vec![
            json!({"to": [{"ipBlock": {"cidr": "2001:db8::/32"}}], "ports": [{"port": 53, "protocol": "UDP"}, {"port": "dns"}]}),
            json!({"ports": [{"port": 1024, "endPort": 2048}]}),
            json!({}),
        ],
        other => panic!("no specimen of {other}"),
    }
}
