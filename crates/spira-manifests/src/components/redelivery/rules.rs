//! What an operator must know of redelivery, and, by what it sees in MongoDB, of SPIRA as a whole.
//!
//! Every pod counts the same documents: the greatest count is taken.

use crate::{
    Context,
    cr::prometheus::PrometheusRule,
    kit::alerts::{self, Alert, Severity, lines},
};

/// The alerts.
#[must_use]
pub fn prometheus_rule(context: &Context) -> PrometheusRule {
    let pods = alerts::pods(context);
    let mut all = vec![alerts::containers(&pods)];
    all.push(alerts::replicas(context));
    all.push(alerts::target(&pods));
    all.extend([
        down(context),
        stalled(&pods),
        none_completed(&pods),
        growing(&pods),
        waiting_too_long(context, &pods),
        given_up(&pods),
        unrecoverable(&pods),
        unheard(&pods),
    ]);
    alerts::prometheus_rule(context, all)
}

fn down(context: &Context) -> Alert {
    Alert {
        name: "SpiraRedeliveryDown",
        severity: Severity::Critical,
        hold: "5m",
        expr: alerts::none_available(context),
        summary: "No pod of SPIRA's redelivery is available.",
        description: "What pods lose when they die is not published again, and nobody sees what waits.",
    }
}

fn stalled(pods: &str) -> Alert {
    Alert {
        name: "SpiraRedeliveryStalled",
        severity: Severity::Critical,
        hold: "2m",
        expr: format!(
            "time() - max(spira_redelivery_last_round_timestamp_seconds{{{pods}}}) > 300"
        ),
        summary: "SPIRA's redelivery gets nothing done.",
        description: "No round of it went through for {{ $value | humanizeDuration }}: MongoDB, NATS or the object store is away.",
    }
}

fn none_completed(pods: &str) -> Alert {
    let completed = format!("max(spira_inferences{{{pods},\n  status=\"completed\"}}");
    Alert {
        name: "SpiraNoInferenceCompleted",
        severity: Severity::Critical,
        hold: "5m",
        expr: lines([
            &format!("min_over_time(max(spira_inferences_waiting{{{pods}}})[10m:1m]) > 0"),
            "and",
            &format!("{completed}) - {completed} offset 10m) <= 0"),
        ]),
        summary: "Inferences wait, and none is completed.",
        description: "{{ $value }} acknowledged inferences wait, and for ten minutes none was completed.",
    }
}

fn growing(pods: &str) -> Alert {
    let waiting = format!("max(spira_inferences_waiting{{{pods}}})");
    Alert {
        name: "SpiraBacklogGrowing",
        severity: Severity::Warning,
        hold: "15m",
        expr: lines([
            &format!("{waiting} > 50"),
            "and",
            &format!("deriv({waiting}[15m:1m]) > 0"),
        ]),
        summary: "More inferences are posted than completed.",
        description: "{{ $value }} acknowledged inferences wait, and they become more.",
    }
}

fn waiting_too_long(context: &Context, pods: &str) -> Alert {
    let seconds = context.global.monitoring.rules.oldest_waiting_seconds;
    Alert {
        name: "SpiraInferenceWaitingTooLong",
        severity: Severity::Warning,
        hold: "5m",
        expr: format!("max(spira_inference_oldest_waiting_seconds{{{pods}}}) > {seconds}"),
        summary: "An acknowledged inference waits too long.",
        description: "The oldest has waited for {{ $value | humanizeDuration }}.",
    }
}

fn given_up(pods: &str) -> Alert {
    Alert {
        name: "SpiraInferencesGivenUp",
        severity: Severity::Critical,
        hold: "1m",
        expr: format!("max(spira_inferences_given_up{{{pods}}}) > 0"),
        summary: "Acknowledged inferences were given up.",
        description: "{{ $value }} were tried as often as allowed, and have no result.",
    }
}

fn unrecoverable(pods: &str) -> Alert {
    Alert {
        name: "SpiraInferencesUnrecoverable",
        severity: Severity::Critical,
        hold: "5m",
        expr: format!("max(spira_inferences_unrecoverable{{{pods}}}) > 0"),
        summary: "Acknowledged inferences lack their recordings or their model.",
        description: "{{ $value }} cannot be tried again: data is gone.",
    }
}

/// NATS tells who publishes that nobody listens.
fn unheard(pods: &str) -> Alert {
    Alert {
        name: "SpiraInferenceUnheard",
        severity: Severity::Critical,
        hold: "5m",
        expr: format!("sum(increase(spira_redelivery_unheard_total{{{pods}}}[5m])) > 0"),
        summary: "No inference server listens on the model's topic.",
        description: "Requests were published again, and NATS had nobody to give them to.",
    }
}
