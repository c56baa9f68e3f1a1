//! One component with all that is hard to trace at once.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, EnvVar, PodSecurityContext, ResourceRequirements, Toleration,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use spira_manifests::{
    Intrinsics,
    kit::{DnsLabel, Image, Labels},
};

use crate::support::dense;

enums! {
    ServiceType { ClusterIP, NodePort, LoadBalancer }
    PathType { Prefix, Exact }
    Level { Debug, Info, Warn }
}

values! {
    Values {
        global: Global, #[schemars(range(min = 0, max = 99))] replicas: i32, image: Image, service: Service, metrics: Metrics, persistence: Persistence,
        ingress: Ingress, features: Features, nats: Nats, auth: Auth, extra_env: Vec<EnvVar>, tolerations: Vec<Toleration>,
        affinity: Affinity, resources: ResourceRequirements, pod_security_context: PodSecurityContext,
        extra_objects: Vec<Map<String, Value>>, env: BTreeMap<String, String>, node_selector: BTreeMap<String, String>,
        grace: Option<i64>, read_only: Option<bool>, probe: Option<Probe>, log_level: Level, args: Vec<DnsLabel>,
        pod_labels: Labels, policy: Option<PathType>,
    }
    Global { monitoring: OnOff, image_registry: Option<DnsLabel>, storage_class: Option<DnsLabel>, common_labels: Labels }
    OnOff { enabled: bool }
    Service { r#type: ServiceType, node_port: u16, annotations: Labels }
    Metrics { enabled: bool, port: u16, interval: DnsLabel, rules: bool }
    Persistence { enabled: bool, storage_class: Option<DnsLabel>, size: DnsLabel }
    Ingress { enabled: bool, class: Option<DnsLabel>, hosts: Vec<Host> }
    Host { host: DnsLabel, tls: bool, port: Option<u16>, paths: Vec<Path> }
    Path { path: DnsLabel, kind: PathType }
    Features { tls: bool, cache: bool, debug: bool }
    Probe { path: DnsLabel, period: Option<i32> }
    Nats { port: u16, cluster: bool, routes: Vec<DnsLabel>, jetstream: Option<JetStream> }
    JetStream { dir: DnsLabel, max: i64 }
    Auth { existing_secret: Option<DnsLabel>, password: Option<DnsLabel> }
}

fn some<T: Serialize>(condition: bool, value: T) -> Value {
    if condition { json!(value) } else { Value::Null }
}

fn list(items: Vec<Value>) -> Value {
    some(!items.is_empty(), items)
}

fn config_text(values: &Values, name: &str, ordinals: &[String]) -> String {
    let mut lines = vec![
        format!("port: {}", values.nats.port),
        "http: 8222".to_owned(),
    ];
    if values.nats.cluster {
        lines.extend([
            "cluster {".to_owned(),
            format!("  name: {name}"),
            "  routes = [".to_owned(),
        ]);
        lines.extend(
            values
                .nats
                .routes
                .iter()
                .map(|route| format!("    nats://{route}:6222")),
        );
        lines.extend(
            ordinals
                .iter()
                .map(|ordinal| format!("    nats://{name}-{ordinal}.{name}-headless:6222")),
        );
        lines.extend(["  ]".to_owned(), "}".to_owned()]);
    }
    if let Some(jetstream) = &values.nats.jetstream {
        lines.extend([
            "jetstream {".to_owned(),
            format!("  store_dir: \"{}\"", jetstream.dir),
            format!("  max_file: {}", jetstream.max),
            "}".to_owned(),
        ]);
    } else if values.features.cache {
        lines.push("memory: only".to_owned());
    }
    if values.features.debug {
        lines.push("debug: true".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}

pub fn objects(intrinsics: &dyn Intrinsics, values: &Values) -> Vec<Value> {
    let name = intrinsics.fullname("api", &BTreeMap::new());
    let mut labels = json!({"app.kubernetes.io/name": "api", "app.kubernetes.io/instance": intrinsics.release_name()});
    let selector = labels.clone();
    for (key, value) in values.global.common_labels.iter() {
        labels[key] = json!(value);
    }
    let meta = |suffix: &str| json!({"name": format!("{name}{suffix}"), "namespace": intrinsics.namespace(), "labels": labels});
    let data = BTreeMap::from([
        (
            "nats.conf".to_owned(),
            config_text(values, &name, &intrinsics.ordinals(values.replicas)),
        ),
        (
            "run.py".to_owned(),
            format!(
                "#!/usr/bin/env python3\nprint('{{{{ not a template }}}}')\nPORT = {}\n",
                values.metrics.port
            ),
        ),
        ("level".to_owned(), format!("{:?}", values.log_level)),
    ]);
    let mut objects =
        vec![json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(""), "data": data})];
    if values.auth.existing_secret.is_none() {
        let password = intrinsics.credential(
            &format!("{name}-auth"),
            "password",
            values.auth.password.as_deref(),
            true,
            "auth.password",
        );
        objects.push(json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta("-auth"), "stringData": {"password": password}}));
    }
    let mut pod_labels = labels.clone();
    for (key, value) in values.pod_labels.iter() {
        pod_labels[key] = json!(value);
    }
    let claim = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": values.persistence.size}},
        "storageClassName": values.persistence.storage_class.as_ref().or(values.global.storage_class.as_ref())});
    let mut annotations =
        json!({"checksum/config": intrinsics.checksum(&format!("ConfigMap/{name}"), &data)});
    if values.metrics.enabled {
        annotations["prometheus.io/port"] = json!(values.metrics.port.to_string());
    }
    objects.push(dense(json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta(""), "spec": {
        "replicas": some(!values.features.cache || values.features.debug, values.replicas), "serviceName": name, "selector": {"matchLabels": selector},
        "template": {"metadata": {"labels": pod_labels, "annotations": annotations}, "spec": pod(intrinsics, values, &name)},
        "volumeClaimTemplates": list(values.persistence.enabled.then(|| json!({"metadata": {"name": "data"}, "spec": claim})).into_iter().collect())}})));
    objects.push(service(values, meta("")));
    if values.ingress.enabled {
        objects.push(dense(ingress(values, &name, &meta(""))));
    }
    if values.global.monitoring.enabled && values.metrics.enabled {
        objects.push(json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": meta(""), "spec": {"endpoints": [{"port": "metrics", "interval": values.metrics.interval}]}}));
        if values.metrics.rules {
            objects.push(json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": meta(""),
                "spec": {"groups": [{"name": "api", "rules": [{"alert": "Down", "annotations": {"summary": "{{ $labels.pod }} down"}, "expr": format!("up{{job=\"{name}\"}} == 0")}]}]}}));
        }
    }
    objects.extend(
        values
            .extra_objects
            .iter()
            .map(|object| Value::Object(object.clone())),
    );
    objects
}

fn pod(intrinsics: &dyn Intrinsics, values: &Values, name: &str) -> Value {
    let secret = values
        .auth
        .existing_secret
        .as_ref()
        .map_or(format!("{name}-auth"), ToString::to_string);
    let mut env = vec![
        json!({"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": secret, "key": "password"}}}),
        json!({"name": "LOG_LEVEL", "value": values.log_level}),
    ];
    env.extend(
        values
            .env
            .iter()
            .map(|(key, value)| json!({"name": format!("APP_{key}"), "value": value})),
    );
    if values.metrics.enabled {
        env.push(
            json!({"name": "METRICS", "value": format!("http://{name}:{}", values.metrics.port)}),
        );
    }
    env.extend(values.extra_env.iter().map(|variable| json!(variable)));
    let mut volumes = Vec::new();
    let mut mounts = Vec::new();
    if values.features.tls {
        volumes.push(json!({"name": "tls", "secret": {"secretName": format!("{name}-tls")}}));
        mounts.push(json!({"name": "tls", "mountPath": "/tls"}));
    }
    if values.features.cache {
        volumes.push(json!({"name": "cache", "emptyDir": {}}));
        mounts.push(json!({"name": "cache", "mountPath": "/cache"}));
    }
    if values.persistence.enabled {
        mounts.push(json!({"name": "data", "mountPath": "/data"}));
    }
    let mut args = vec![
        json!("--serve"),
        json!(if values.features.debug {
            "--log=debug"
        } else {
            "--log=info"
        }),
    ];
    args.extend(values.args.iter().map(|arg| json!(format!("--{arg}"))));
    let mut ports = vec![json!({"name": "http", "containerPort": 8000})];
    if values.metrics.enabled {
        ports.push(json!({"name": "metrics", "containerPort": values.metrics.port}));
    }
    let scheme = if values.features.tls { "HTTPS" } else { "HTTP" };
    json!({
        "terminationGracePeriodSeconds": values.grace, "nodeSelector": some(!values.node_selector.is_empty(), &values.node_selector),
        "tolerations": some(!values.tolerations.is_empty(), &values.tolerations), "affinity": spira_manifests::kit::non_empty(&values.affinity),
        "securityContext": spira_manifests::kit::non_empty(&values.pod_security_context), "volumes": list(volumes),
        "containers": [{
            "name": "api", "image": intrinsics.image("api", values.global.image_registry.as_deref(), &values.image), "imagePullPolicy": values.image.pull_policy, "args": args, "env": env,
            "volumeMounts": list(mounts), "resources": values.resources, "ports": ports,
            "securityContext": {"readOnlyRootFilesystem": values.read_only, "allowPrivilegeEscalation": false, "policy": values.policy},
            "livenessProbe": values.probe.as_ref().map(|probe| json!({"httpGet": {"path": probe.path, "port": "http", "scheme": scheme}, "periodSeconds": probe.period})),
        }],
    })
}

fn service(values: &Values, mut metadata: Value) -> Value {
    if !values.service.annotations.is_empty() {
        metadata["annotations"] = json!(values.service.annotations);
    }
    let policy = match values.service.r#type {
        ServiceType::ClusterIP => None,
        ServiceType::NodePort => Some("Cluster"),
        ServiceType::LoadBalancer => Some("Local"),
    };
    let node_port = some(
        values.service.r#type == ServiceType::NodePort,
        values.service.node_port,
    );
    dense(
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": values.service.r#type, "externalTrafficPolicy": policy,
        "ports": [{"name": "http", "port": 80, "nodePort": node_port}]}}),
    )
}

fn ingress(values: &Values, name: &str, metadata: &Value) -> Value {
    let backend = |host: &Host| match host.port {
        Some(port) => json!({"service": {"name": name, "port": {"number": port}}}),
        None => json!({"service": {"name": name, "port": {"name": "http"}}}),
    };
    let paths = |host: &Host| {
        host.paths
            .iter()
            .map(|path| json!({"path": path.path, "pathType": path.kind, "backend": backend(host)}))
            .collect::<Vec<_>>()
    };
    let tls: Vec<Value> = values
        .ingress
        .hosts
        .iter()
        .filter(|host| host.tls)
        .map(|host| json!({"hosts": [host.host], "secretName": format!("{}-tls", host.host)}))
        .collect();
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": {"ingressClassName": values.ingress.class, "tls": tls,
        "rules": values.ingress.hosts.iter().map(|host| json!({"host": host.host, "http": {"paths": paths(host)}})).collect::<Vec<_>>()}})
}
