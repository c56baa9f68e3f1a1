//! What an operator must know of the API server: mostly by what the guard counts.

use super::Values;
use crate::{
    Context,
    cr::prometheus::PrometheusRule,
    kit::alerts::{self, Alert, Severity, lines},
};

/// The alerts.
#[must_use]
pub fn prometheus_rule(context: &Context, values: &Values) -> PrometheusRule {
    let pods = alerts::pods(context);
    let mut all = vec![alerts::containers(&pods)];
    all.push(alerts::replicas(context));
    all.push(down(context));
    if values.guard.enabled {
        all.push(alerts::target(&pods));
        all.extend([
            errors(context, &pods),
            turned_away(context, &pods),
            slow(context, &pods),
        ]);
    }
    if values.ingress.enabled && values.ingress.tls.enabled {
        all.push(certificate(context, &values.ingress.tls.secret_name));
    }
    alerts::prometheus_rule(context, all)
}

fn down(context: &Context) -> Alert {
    Alert {
        name: "SpiraApiDown",
        severity: Severity::Critical,
        hold: "2m",
        expr: alerts::none_available(context),
        summary: "No pod of SPIRA's API server is available.",
        description: "Nobody can log in, post an inference or read a result.",
    }
}

/// Other answers than 5xx are the user's fault or none.
fn errors(context: &Context, pods: &str) -> Alert {
    let percent = context.global.monitoring.rules.error_percent;
    Alert {
        name: "SpiraApiErrors",
        severity: Severity::Critical,
        hold: "10m",
        expr: lines([
            &format!(
                "100 * sum(rate(haproxy_frontend_http_responses_total{{{pods},\n  proxy=\"api\",code=\"5xx\"}}[5m]))"
            ),
            &format!(
                "  / sum(rate(haproxy_frontend_http_requests_total{{{pods},\n  proxy=\"api\"}}[5m])) > {percent}"
            ),
        ]),
        summary: "SPIRA's API answers with errors.",
        description: "{{ $value | humanize }} % of the requests of the last five minutes were answered 5xx.",
    }
}

fn turned_away(context: &Context, pods: &str) -> Alert {
    let percent = context.global.monitoring.rules.error_percent;
    Alert {
        name: "SpiraGuardRejecting",
        severity: Severity::Warning,
        hold: "10m",
        expr: lines([
            &format!(
                "100 * sum(rate(haproxy_frontend_requests_denied_total{{{pods},\n  proxy=\"api\"}}[5m]))"
            ),
            &format!(
                "  / sum(rate(haproxy_frontend_http_requests_total{{{pods},\n  proxy=\"api\"}}[5m])) > {percent}"
            ),
        ]),
        summary: "The guard of SPIRA's API turns requests away.",
        description: "{{ $value | humanize }} % of the requests of the last five minutes were refused before they reached the program.",
    }
}

/// `HAProxy` averages the last 1024 requests, however long ago they were.
fn slow(context: &Context, pods: &str) -> Alert {
    let seconds = context.global.monitoring.rules.post_seconds;
    let posts = format!("{{{pods},\n  proxy=\"inferences\"}}");
    Alert {
        name: "SpiraApiSlow",
        severity: Severity::Warning,
        hold: "10m",
        expr: lines([
            &format!("haproxy_backend_queue_time_average_seconds{posts}"),
            &format!("  + haproxy_backend_response_time_average_seconds{posts} > {seconds}"),
            "and",
            &format!("rate(haproxy_backend_http_requests_total{posts}[5m]) > 0"),
        ]),
        summary: "Posting an inference takes long.",
        description: "In pod {{ $labels.pod }} a post waits and runs for {{ $value | humanizeDuration }} on average.",
    }
}

/// cert-manager calls the certificate of an Ingress as its Secret. Prometheus renames a label of its
/// metrics, unless told otherwise.
fn certificate(context: &Context, secret: &str) -> Alert {
    let namespace = context.intrinsics().namespace();
    let expiry = |label: &str| {
        format!(
            "certmanager_certificate_expiration_timestamp_seconds{{\n  {label}=\"{namespace}\",name=\"{secret}\"}}"
        )
    };
    Alert {
        name: "SpiraCertificateExpiring",
        severity: Severity::Warning,
        hold: "1h",
        expr: lines([
            "(",
            &format!("  {}", expiry("exported_namespace")),
            "  or",
            &format!("  {}", expiry("namespace")),
            ") - time() < 14 * 24 * 3600",
        ]),
        summary: "The certificate of SPIRA's Ingress expires within two weeks.",
        description: "Certificate {{ $labels.name }} is valid for {{ $value | humanizeDuration }} more, and cert-manager has not renewed it.",
    }
}
