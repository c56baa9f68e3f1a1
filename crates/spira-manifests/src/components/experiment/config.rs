//! The configuration of the program, as it reads it.

use std::collections::BTreeMap;

use super::{Faults, Values};
use crate::Context;

pub(super) fn data(context: &Context, values: &Values) -> BTreeMap<String, String> {
    let mut data: BTreeMap<String, String> = [
        ("SPIRA_API_BASE_URL", context.api_server().url),
        ("SPIRA_USER", context.user().username),
        ("EXPERIMENT_NAMESPACE", context.intrinsics().namespace()),
        ("EXPERIMENT_USERS", values.users.to_string()),
        ("EXPERIMENT_RATE", values.rate.to_string()),
        (
            "EXPERIMENT_BASELINE_SECONDS",
            values.baseline_seconds.to_string(),
        ),
        (
            "EXPERIMENT_DURATION_SECONDS",
            values.duration_seconds.to_string(),
        ),
        (
            "EXPERIMENT_QUIESCENCE_SECONDS",
            values.quiescence_seconds.to_string(),
        ),
        (
            "EXPERIMENT_TIMEOUT_SECONDS",
            values.request_timeout_seconds.to_string(),
        ),
        ("EXPERIMENT_ABORT_PERCENT", values.abort_percent.to_string()),
        (
            "EXPERIMENT_CONTROL",
            if values.control { "true" } else { "false" }.to_owned(),
        ),
        ("EXPERIMENT_FAULTS", faults(values.faults).to_owned()),
        (
            "EXPERIMENT_INTERVAL_SECONDS",
            values.interval_seconds.to_string(),
        ),
        ("EXPERIMENT_TARGETS", targets(context, values)),
        ("EXPERIMENT_SCHEDULES", schedules(context, values)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if let Some(seed) = values.seed {
        data.insert("EXPERIMENT_SEED".to_owned(), seed.to_string());
    }
    data
}

fn targets(context: &Context, values: &Values) -> String {
    let lines = values.targets.lines(context);
    text("Whose pods are hit and watched, by which labels", lines)
}

fn schedules(context: &Context, values: &Values) -> String {
    let lines = match values.faults {
        Faults::ChaosMesh => values.targets.schedules(context),
        Faults::DeletePods | Faults::None => Vec::new(),
    };
    text(
        "Schedules that are not paused for the time of the run",
        lines,
    )
}

/// Lines after two of comment: a text that is sometimes of one line would be two texts in the template.
fn text(comment: &str, lines: Vec<String>) -> String {
    let mut all = vec![format!("# {comment},"), "# an item a line.".to_owned()];
    all.extend(lines);
    all.join("\n")
}

fn faults(faults: Faults) -> &'static str {
    match faults {
        Faults::ChaosMesh => "chaos-mesh",
        Faults::DeletePods => "delete-pods",
        Faults::None => "none",
    }
}
