//! The order in which people write the keys of Kubernetes objects.

/// Keys that come first, in this order.
const FIRST: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "type",
    "name",
    "namespace",
    "labels",
    "annotations",
    "host",
    "hosts",
    "http",
    "path",
    "pathType",
    "backend",
    "scaleTargetRef",
    "replicas",
    "minReplicas",
    "maxReplicas",
    "serviceName",
    "clusterIP",
    "podManagementPolicy",
    "updateStrategy",
    "strategy",
    "minAvailable",
    "maxUnavailable",
    "selector",
    "matchLabels",
    "maxSkew",
    "topologyKey",
    "whenUnsatisfiable",
    "labelSelector",
    "ingressClassName",
    "parentRefs",
    "hostnames",
    "rules",
    "template",
    "spec",
    "serviceAccountName",
    "automountServiceAccountToken",
    "imagePullSecrets",
    "priorityClassName",
    "terminationGracePeriodSeconds",
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "env",
    "envFrom",
    "value",
    "valueFrom",
    "ports",
    "containerPort",
    "port",
    "targetPort",
    "protocol",
    "startupProbe",
    "readinessProbe",
    "livenessProbe",
    "exec",
    "httpGet",
    "tcpSocket",
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "failureThreshold",
    "lifecycle",
    "mountPath",
];

/// Keys that come last, in this order.
const LAST: &[&str] = &[
    "initContainers",
    "containers",
    "resources",
    "volumeMounts",
    "volumes",
    "nodeSelector",
    "affinity",
    "tolerations",
    "topologySpreadConstraints",
    "tls",
    "volumeClaimTemplates",
    "data",
    "stringData",
];

/// Where a key stands among its siblings; the rest stands in between, by name.
#[must_use]
pub fn rank(key: Option<&str>) -> (usize, String) {
    let Some(key) = key else {
        return (FIRST.len() + 1, String::new());
    };
    if let Some(at) = FIRST.iter().position(|first| *first == key) {
        return (at, String::new());
    }
    match LAST.iter().position(|last| *last == key) {
        Some(at) => (FIRST.len() + 2 + at, String::new()),
        None => (FIRST.len(), key.to_owned()),
    }
}
