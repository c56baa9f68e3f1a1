//! The guard: `HAProxy` in front of the program, in its pod.
//!
//! Two POSTs of inferences at once fail in one of six cases, since the program shares one connection
//! object between them (SPIRA contract B8, no. 7); it has no metrics; and a POST may hang for
//! minutes while NATS is away (B7). The guard lets one through at a time, and what it answers itself
//! is quick and says why.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMap, Container, ContainerPort, ResourceRequirements, Volume,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PORT, Values};
use crate::{
    Context,
    kit::{
        BufferBytes, Image, Positive, PullPolicy, non_empty,
        probes::{self, Pace},
        security, volumes,
    },
    wiring::API_GUARD_PORT as GUARD_PORT,
};

/// The port of its metrics and probes.
pub(super) const STATUS_PORT: i32 = 8404;
/// The name of the port to which requests go.
pub(super) const PORT_NAME: &str = "guard";
/// The name of the port of the metrics.
pub(super) const STATUS_PORT_NAME: &str = "guard-metrics";

/// The guard: `HAProxy` in front of the program, in its pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GuardValues {
    /// Whether requests go through the guard. Without it two POSTs of inferences at once fail in one
    /// of six cases, and the API server has no metrics.
    pub enabled: bool,
    /// The image of `HAProxy`, 2.6 or newer.
    pub image: Image,
    /// CPU and memory; the memory must hold as many requests as may be pending.
    pub resources: ResourceRequirements,
    /// How many POSTs of inferences a pod takes at a time: one is with the program, the others are
    /// uploading or wait. Further ones are answered 503 at once.
    pub max_pending: Positive,
    /// The greatest POST of an inference, in bytes, 32 KiB of which are for its head; a greater one is
    /// answered 413. The guard holds it in memory until it is whole, so that slow uploads keep
    /// nobody waiting.
    pub max_body_bytes: BufferBytes,
    /// Seconds that an upload may take, after which it is answered 408.
    pub upload_timeout_seconds: Positive,
    /// Seconds that a POST waits for those before it, after which it is answered 503.
    pub queue_timeout_seconds: Positive,
    /// Seconds that the program may take for a request, after which it is answered 504. Whether the
    /// inference was stored is then unknown.
    pub request_timeout_seconds: Positive,
}

impl Default for GuardValues {
    fn default() -> Self {
        let positive = |number| Positive::try_from(number).expect("a constant above 0");
        let constant = "a constant that the tests read";
        Self {
            enabled: true,
            image: Image {
                registry: None,
                repository: "haproxy".parse().expect(constant),
                tag: Some("2.6".parse().expect(constant)),
                digest: None,
                pull_policy: PullPolicy::IfNotPresent,
            },
            resources: security::resources(
                &[("cpu", "20m"), ("memory", "64Mi")],
                &[("memory", "768Mi")],
            ),
            max_pending: positive(32),
            max_body_bytes: BufferBytes::try_from(16 << 20).expect(constant),
            upload_timeout_seconds: positive(60),
            queue_timeout_seconds: positive(60),
            request_timeout_seconds: positive(150),
        }
    }
}

/// The configuration of the guard.
#[must_use]
pub fn guard_config_map(context: &Context, values: &Values) -> ConfigMap {
    ConfigMap {
        metadata: context.meta(name(context)),
        data: Some(data(values)),
        ..ConfigMap::default()
    }
}

/// The checksum that restarts the pods when the guard's configuration changes.
pub(super) fn checksum(context: &Context, values: &Values) -> String {
    let object = format!("ConfigMap/{}", name(context));
    context.intrinsics().checksum(&object, &data(values))
}

/// The guard's container.
pub(super) fn container(context: &Context, values: &Values) -> Container {
    let guard = &values.guard;
    Container {
        name: "guard".into(),
        image: Some(context.image(&guard.image)),
        image_pull_policy: Some(guard.image.pull_policy.as_str().into()),
        command: Some(
            ["haproxy", "-db", "-f", "/etc/guard/haproxy.cfg"]
                .map(str::to_owned)
                .into(),
        ),
        // Endpoints learn only by and by that the pod stops; until then it takes requests. The signal
        // that the image asks for, SIGUSR1, lets those that are under way come to their end.
        lifecycle: Some(probes::before_stop(vec![
            "sleep".into(),
            values.drain_seconds.to_string(),
        ])),
        ports: Some(vec![
            port(PORT_NAME, GUARD_PORT),
            port(STATUS_PORT_NAME, STATUS_PORT),
        ]),
        // Ready as soon as the program is, whose own probes say when that may be.
        readiness_probe: Some(probes::http(STATUS_PORT_NAME, "/ready", pace())),
        liveness_probe: Some(probes::http(STATUS_PORT_NAME, "/live", pace())),
        resources: non_empty(&guard.resources),
        volume_mounts: Some(vec![volumes::mount("guard", "/etc/guard", true)]),
        ..Container::default()
    }
}

/// The volume with its configuration.
pub(super) fn volume(context: &Context) -> Volume {
    volumes::config_map("guard", name(context))
}

fn port(name: &str, number: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.into()),
        container_port: number,
        ..ContainerPort::default()
    }
}

fn pace() -> Pace {
    Pace {
        period: 5,
        timeout: 5,
        failures: 3,
    }
}

fn name(context: &Context) -> String {
    format!("{}-guard", context.fullname())
}

fn data(values: &Values) -> BTreeMap<String, String> {
    BTreeMap::from([("haproxy.cfg".to_owned(), haproxy_cfg(&values.guard))])
}

fn haproxy_cfg(guard: &GuardValues) -> String {
    let bytes = guard.max_body_bytes;
    [
        "global".to_owned(),
        "  log stdout format raw daemon notice".to_owned(),
        "  nbthread 1".to_owned(),
        "  maxconn 512".to_owned(),
        // A request is held here until it is whole. The system gives memory only for what arrives.
        format!("  tune.bufsize {bytes}"),
        "  hard-stop-after 15s".to_owned(),
        String::new(),
        "defaults".to_owned(),
        "  mode http".to_owned(),
        "  log global".to_owned(),
        "  option dontlognull".to_owned(),
        "  option forwardfor".to_owned(),
        "  timeout connect 5s".to_owned(),
        "  timeout check 5s".to_owned(),
        "  timeout http-request 10s".to_owned(),
        "  timeout http-keep-alive 30s".to_owned(),
        format!("  timeout client {}s", guard.request_timeout_seconds),
        format!("  timeout server {}s", guard.request_timeout_seconds),
        format!("  timeout queue {}s", guard.queue_timeout_seconds),
        error(400, "bad request, or without its length"),
        error(408, "the upload took too long"),
        error(413, "the request is too large"),
        error(503, "busy or away, try again later"),
        error(504, "no answer in time, outcome unknown"),
        String::new(),
        "frontend api".to_owned(),
        format!("  bind :{GUARD_PORT}"),
        "  acl post method POST".to_owned(),
        r"  acl inferences path_reg ^/v1/users/[^/]+/inferences/?$".to_owned(),
        "  acl length req.hdr(content-length) -m found".to_owned(),
        format!("  acl large req.hdr(content-length),add(32768) gt {bytes}"),
        format!("  acl full sc0_conn_cur(pending) gt {}", guard.max_pending),
        "  http-request deny deny_status 400 if post inferences !length".to_owned(),
        "  http-request deny deny_status 413 if post inferences large".to_owned(),
        "  http-request track-sc0 int(1) table pending if post inferences".to_owned(),
        "  http-request deny deny_status 503 if post inferences full".to_owned(),
        format!(
            "  http-request wait-for-body time {}s if post inferences",
            guard.upload_timeout_seconds
        ),
        "  use_backend inferences if post inferences".to_owned(),
        "  default_backend others".to_owned(),
        String::new(),
        "backend pending".to_owned(),
        "  stick-table type integer size 1 store conn_cur".to_owned(),
        String::new(),
        // One at a time, each on a connection of its own: what fails before it is open was not sent.
        "backend inferences".to_owned(),
        "  http-reuse never".to_owned(),
        "  retries 2".to_owned(),
        "  retry-on conn-failure".to_owned(),
        format!("  server program 127.0.0.1:{PORT} maxconn 1 track others/program"),
        String::new(),
        // A GET changes nothing, so it may be asked again whatever came of it.
        "backend others".to_owned(),
        "  retries 2".to_owned(),
        "  retry-on conn-failure empty-response".to_owned(),
        "  http-request disable-l7-retry if !METH_GET".to_owned(),
        "  option httpchk GET /docs".to_owned(),
        "  http-check expect status 200".to_owned(),
        format!("  server program 127.0.0.1:{PORT} maxconn 128 check inter 5s fastinter 1s fall 3 rise 1"),
        String::new(),
        "frontend status".to_owned(),
        format!("  bind :{STATUS_PORT}"),
        "  option dontlog-normal".to_owned(),
        "  http-request use-service prometheus-exporter if { path /metrics }".to_owned(),
        "  http-request return status 200 content-type text/plain string ok if { path /live }".to_owned(),
        "  http-request return status 200 content-type text/plain string ok if { path /ready } { nbsrv(others) gt 0 }".to_owned(),
        "  http-request return status 503 content-type text/plain string away if { path /ready }".to_owned(),
        "  http-request return status 404".to_owned(),
        String::new(),
    ]
    .join("\n")
}

// What SPIRA's own errors look like.
fn error(status: u16, detail: &str) -> String {
    format!(
        r#"  http-error status {status} content-type application/json string '{{"detail":"{detail}"}}'"#
    )
}
