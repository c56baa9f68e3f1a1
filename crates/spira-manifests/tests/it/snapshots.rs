//! The objects, as they are committed in `snapshots/`.

use insta::assert_yaml_snapshot;
use serde_json::{Value, json};
use spira_manifests::{Context, Global, Object, Release, components};

/// Every knob that all workloads have, set to something.
fn knobs() -> Value {
    json!({
        "image": {
            "registry": "registry.example.org:5000", "repository": "some/image", "tag": "v1",
            "digest": format!("sha256:{}", "0".repeat(64)), "pullPolicy": "Never",
        },
        "replicas": 2,
        "resources": { "requests": { "cpu": "1" } },
        "nodeSelector": { "kubernetes.io/arch": "amd64" },
        "tolerations": [{ "key": "spira", "operator": "Exists" }],
        "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{ "matchExpressions": [{ "key": "gpu", "operator": "Exists" }] }],
        } } },
        "topologySpreadConstraints": [
            { "maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule" },
        ],
        "priorityClassName": "important",
        "podAnnotations": { "example.org/note": "yes" },
        "podLabels": { "example.org/team": "speech" },
        "extraEnv": [{ "name": "MORE", "value": "1" }],
        "extraEnvFrom": [{ "secretRef": { "name": "more" } }],
        "extraVolumes": [{ "name": "more", "emptyDir": {} }],
        "extraVolumeMounts": [{ "name": "more", "mountPath": "/more" }],
        "extraContainers": [{ "name": "sidecar", "image": "sidecar:1" }],
        "initContainers": [{ "name": "first", "image": "first:1" }],
        "podSecurityContext": { "runAsUser": 2000 },
        "securityContext": { "privileged": false },
        "serviceAccount": {
            "create": true, "name": "account", "annotations": { "example.org/role": "none" },
            "automountServiceAccountToken": true,
        },
        "terminationGracePeriodSeconds": 99,
        "extraObjects": [{ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "extra" } }],
    })
}

/// `global` with everything set.
fn global() -> Value {
    json!({
        "imageRegistry": "mirror.example.org",
        "imagePullSecrets": ["pull"],
        "commonLabels": { "example.org/owner": "usp" },
        "fullnameOverrides": { "nats": "bus" },
        "storageClass": "fast",
        "secrets": { "generate": true, "keep": false },
        "connections": {
            "nats": { "auth": { "enabled": true } },
            "mongodb": { "existingSecret": "mongo", "existingSecretKey": "url", "database": "voices" },
            "objectStore": { "host": "s3.example.org", "port": 9000, "existingSecret": "s3" },
            "mlflow": { "url": "http://mlflow.example.org" },
        },
        "model": { "name": "breath", "version": "latest" },
    })
}

/// Puts `over` onto `under` as Helm merges values: maps by key, all else whole.
fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// The objects of `component`, its defaults and those of `global` under what is given.
fn build(component: &str, global: Value, values: Value) -> Vec<Value> {
    let component = components::all()
        .into_iter()
        .find(|c| c.name == component)
        .expect("a component of that name");
    let mut all = (component.defaults)();
    merge(&mut all, values);
    let mut globals = serde_json::to_value(Global::default()).expect("values are JSON");
    merge(&mut globals, global);
    let globals: Global = serde_json::from_value(globals).expect("valid values of global");
    let release =
        Release::new("spira", "voices").with_generated(|secret, key| format!("<{secret}/{key}>"));
    let context = Context::new(&release, &globals, component.name);
    let objects = (component.build)(&context, &all).expect("valid values");
    objects.into_iter().map(without_scripts).collect()
}

/// The scripts have tests and a file of their own.
fn without_scripts(object: Object) -> Value {
    let mut object = object.into_json();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if name.ends_with("-scripts") {
        for (file, text) in object["data"]
            .as_object_mut()
            .expect("a ConfigMap has data")
        {
            *text = format!("src/scripts/{file}").into();
        }
    }
    object
}

fn with(mut values: Value, more: Value) -> Value {
    merge(&mut values, more);
    values
}

#[test]
fn nats() {
    assert_yaml_snapshot!("nats-default", build("nats", json!({}), json!({})));
}

#[test]
fn nats_with_everything() {
    let values = json!({
        "password": "0123456789abcdef",
        "jetstream": { "enabled": true, "size": "1Gi" },
        "natsBox": with(knobs(), json!({ "enabled": true })),
    });
    assert_yaml_snapshot!("nats-full", build("nats", global(), with(knobs(), values)));
}

#[test]
fn api_server() {
    assert_yaml_snapshot!(
        "api-server-default",
        build("api-server", json!({}), json!({}))
    );
}

#[test]
fn api_server_with_everything() {
    let values = json!({
        "corsOrigin": "https://spira.example.org",
        "jwt": { "key": "0123456789abcdef0123456789abcdef", "algorithm": "HS512" },
        "service": { "type": "LoadBalancer", "annotations": { "example.org/lb": "internal" } },
        "ingress": {
            "enabled": true, "className": "nginx", "hosts": ["a.example.org", "b.example.org"],
            "annotations": { "nginx.ingress.kubernetes.io/proxy-body-size": "50m" },
            "tls": { "enabled": true },
        },
        "httpRoute": {
            "enabled": true, "hostnames": ["a.example.org"],
            "parentRefs": [{ "name": "shared", "namespace": "gateways", "sectionName": "https" }],
            "gateway": { "create": true, "tls": { "enabled": true } },
        },
        "autoscaling": {
            "enabled": true, "targetMemoryUtilizationPercentage": 70,
            "behavior": { "scaleDown": { "stabilizationWindowSeconds": 60 } },
        },
    });
    let objects = build("api-server", global(), with(knobs(), values));
    assert_yaml_snapshot!("api-server-full", objects);
}

#[test]
fn inference_server() {
    assert_yaml_snapshot!(
        "inference-server-default",
        build("inference-server", json!({}), json!({}))
    );
}

#[test]
fn inference_server_with_everything() {
    assert_yaml_snapshot!(
        "inference-server-full",
        build("inference-server", global(), knobs())
    );
}

/// The knobs that MinIO and MongoDB have too, though an operator makes their pods.
fn operator_knobs() -> Value {
    let all = knobs();
    let names = [
        "priorityClassName",
        "podAnnotations",
        "podLabels",
        "podSecurityContext",
        "securityContext",
        "extraObjects",
    ];
    names
        .into_iter()
        .map(|name| (name.to_owned(), all[name].clone()))
        .collect()
}

/// The knobs of where pods run.
fn places() -> Value {
    let all = knobs();
    let names = [
        "nodeSelector",
        "tolerations",
        "affinity",
        "topologySpreadConstraints",
        "resources",
    ];
    names
        .into_iter()
        .map(|name| (name.to_owned(), all[name].clone()))
        .collect()
}

#[test]
fn mongodb() {
    assert_yaml_snapshot!("mongodb-default", build("mongodb", json!({}), json!({})));
}

#[test]
fn mongodb_with_everything() {
    let values = json!({
        "operator": "kubernetes",
        "members": 5,
        "version": "7.0.28",
        "featureCompatibilityVersion": "6.0",
        "username": "voices",
        "password": "0123456789abcdef",
        "keep": false,
        "data": { "size": "100Gi", "storageClass": "slow" },
        "metrics": { "enabled": true },
        "agentResources": {},
    });
    let values = with(with(operator_knobs(), places()), values);
    assert_yaml_snapshot!("mongodb-full", build("mongodb", global(), values));
}

#[test]
fn an_autoscaler_and_a_deployment_do_not_both_set_the_number_of_pods() {
    let deployment = |enabled: bool| {
        let values = json!({ "autoscaling": { "enabled": enabled } });
        let objects = build("api-server", json!({}), values);
        let deployment = objects.into_iter().find(|o| o["kind"] == "Deployment");
        deployment.expect("there is a Deployment")
    };
    assert_eq!(deployment(false)["spec"]["replicas"], 3);
    assert_eq!(deployment(true)["spec"].get("replicas"), None);
}

#[test]
fn nothing_in_a_selector_or_claim_changes_with_a_version() {
    for component in components::all() {
        for object in build(component.name, global(), json!({})) {
            let spec = &object["spec"];
            let override_ = &spec["statefulSet"]["spec"]["volumeClaimTemplates"];
            for part in [&spec["selector"], &spec["volumeClaimTemplates"], override_] {
                let text = part.to_string();
                assert!(
                    !text.contains("version") && !text.contains("helm.sh"),
                    "{} of {}: {text}",
                    object["kind"],
                    component.name
                );
            }
        }
    }
}

#[test]
fn a_pod_is_as_restricted_as_can_be() {
    for component in components::all() {
        let values = if component.name == "nats" {
            json!({ "natsBox": { "enabled": true } })
        } else {
            json!({})
        };
        for object in build(component.name, json!({}), values) {
            let pod = &object["spec"]["template"]["spec"];
            if pod.is_null() {
                continue;
            }
            assert_eq!(pod["enableServiceLinks"], false);
            assert_eq!(pod["automountServiceAccountToken"], false);
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
            assert_eq!(
                pod["securityContext"]["seccompProfile"]["type"],
                "RuntimeDefault"
            );
            let empty = Vec::new();
            let containers = pod["containers"].as_array().expect("a pod has containers");
            let init = pod["initContainers"].as_array().unwrap_or(&empty);
            for container in containers.iter().chain(init) {
                let security = &container["securityContext"];
                assert_eq!(security["allowPrivilegeEscalation"], false);
                assert_eq!(security["capabilities"]["drop"], json!(["ALL"]));
                assert_eq!(security["readOnlyRootFilesystem"], true);
                assert!(container["resources"]["limits"]["memory"].is_string());
            }
        }
    }
}
