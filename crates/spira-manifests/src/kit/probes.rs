//! Probes and lifecycle hooks.

use k8s_openapi::{
    api::core::v1::{ExecAction, HTTPGetAction, Lifecycle, LifecycleHandler, Probe},
    apimachinery::pkg::util::intstr::IntOrString,
};

/// How often a probe asks and how much failure it bears, in seconds and tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Seconds between two tries.
    pub period: i32,
    /// Seconds that a try may take.
    pub timeout: i32,
    /// Failed tries in a row that count as failure.
    pub failures: i32,
}

/// A probe that asks by HTTP, on a named port of the container.
#[must_use]
pub fn http(port: &str, path: &str, pace: Pace) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.into()),
            port: IntOrString::String(port.into()),
            ..HTTPGetAction::default()
        }),
        ..paced(pace)
    }
}

/// A probe that runs a command in the container.
#[must_use]
pub fn exec(command: Vec<String>, pace: Pace) -> Probe {
    Probe {
        exec: Some(ExecAction {
            command: Some(command),
        }),
        ..paced(pace)
    }
}

/// A lifecycle with a command that runs before a container is told to stop.
#[must_use]
pub fn before_stop(command: Vec<String>) -> Lifecycle {
    Lifecycle {
        pre_stop: Some(LifecycleHandler {
            exec: Some(ExecAction {
                command: Some(command),
            }),
            ..LifecycleHandler::default()
        }),
        ..Lifecycle::default()
    }
}

fn paced(pace: Pace) -> Probe {
    Probe {
        period_seconds: Some(pace.period),
        timeout_seconds: Some(pace.timeout),
        failure_threshold: Some(pace.failures),
        ..Probe::default()
    }
}
