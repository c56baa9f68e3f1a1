//! Dashboards of Grafana, the same kind for every component.
//!
//! A component says what its panels ask and how they look ([`Row`], [`Panel`]); where they stand and
//! how Grafana writes that down follows. The panels are constant text, made once: what differs
//! between releases stands in variables of the dashboard, in a few short lines before them.

mod json;
mod layout;
pub mod pods;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use self::json::DataSource;
use super::monitoring;
use crate::Context;

/// What stands for the address of the pages that say what to do about an alert: a variable, as it is.
const RUNBOOKS: &str = "${runbooks:raw}";
/// The tag of all dashboards of SPIRA.
const TAG: &str = "spira";
/// Grafana's number of the format of dashboards, that of Grafana 11. Newer ones read it too.
const SCHEMA_VERSION: i32 = 39;

/// A dashboard of one release.
pub struct Dashboard<'a> {
    /// What it is called in names and addresses, such as `nats`.
    pub slug: &'static str,
    /// What it is about, such as `NATS`.
    pub subject: &'static str,
    /// The variables that hold names that pods start with, such as `("workload", "spira-nats")`.
    /// The first of them is the one by which releases are found in other namespaces.
    pub names: Vec<(&'static str, String)>,
    /// The panels.
    pub panels: Vec<&'a Lines>,
}

/// Panels as Grafana's JSON: one a line, all but the first of a dashboard after a comma.
pub struct Lines(Vec<String>);

impl Lines {
    /// The panels of these rows, one below the other, from `after` on.
    #[must_use]
    pub fn new(after: &Place, rows: &[Row]) -> (Self, Place) {
        let (lines, place) = layout::lines(*after, rows);
        (Self(lines), place)
    }

    /// The panels of these rows, of a whole dashboard.
    #[must_use]
    pub fn whole(rows: &[Row]) -> Self {
        Self::new(&Place::default(), rows).0
    }
}

pub use layout::Place;

/// Panels under a title.
pub struct Row {
    /// The title.
    pub title: &'static str,
    /// Whether it must be opened to be seen.
    pub is_collapsed: bool,
    /// The panels, from left to right and then down.
    pub panels: Vec<Panel>,
}

impl Row {
    /// A row that can be seen.
    #[must_use]
    pub fn open(title: &'static str, panels: Vec<Panel>) -> Self {
        Self {
            title,
            is_collapsed: false,
            panels,
        }
    }
}

/// One or more queries, and how their answers are shown.
#[derive(Clone)]
pub struct Panel {
    /// The title.
    pub title: &'static str,
    /// What it tells and what to make of it.
    pub description: &'static str,
    /// What is asked.
    pub queries: Vec<Query>,
    /// The unit of the answers.
    pub unit: Unit,
    /// How they are shown.
    pub look: Look,
    /// From which value on which colour; below the first it is green.
    pub thresholds: &'static [(f64, Colour)],
    /// The page that says what to do, below `docs/runbooks`, without its end.
    pub runbook: Option<&'static str>,
    /// How wide it is; a dashboard is 24 wide.
    pub width: u8,
}

impl Panel {
    /// A number.
    #[must_use]
    pub fn stat(title: &'static str, unit: Unit, queries: Vec<Query>) -> Self {
        Self {
            title,
            description: "",
            queries,
            unit,
            look: Look::Stat,
            thresholds: &[],
            runbook: None,
            width: 4,
        }
    }

    /// Lines over time.
    #[must_use]
    pub fn lines(title: &'static str, unit: Unit, queries: Vec<Query>) -> Self {
        Self {
            look: Look::Lines,
            width: 8,
            ..Self::stat(title, unit, queries)
        }
    }

    /// A bar a series whose colour says what state it was in when.
    #[must_use]
    pub fn states(title: &'static str, states: &'static [State], queries: Vec<Query>) -> Self {
        Self {
            look: Look::States(states),
            width: 12,
            ..Self::stat(title, Unit::Number, queries)
        }
    }

    /// The newest answers in a table, one series a line.
    #[must_use]
    pub fn table(title: &'static str, unit: Unit, queries: Vec<Query>) -> Self {
        Self {
            look: Look::Table,
            width: 12,
            ..Self::stat(title, unit, queries)
        }
    }
}

/// A query.
#[derive(Clone)]
pub struct Query {
    expression: String,
    legend: &'static str,
}

/// A query in `PromQL`. The legend names a series: `{{pod}}` is the value of its label `pod`.
#[must_use]
pub fn query(expression: impl Into<String>, legend: &'static str) -> Query {
    Query {
        expression: expression.into(),
        legend,
    }
}

/// How answers are shown.
#[derive(Clone, Copy)]
pub enum Look {
    /// Newest value, as a number.
    Stat,
    /// Lines over time.
    Lines,
    /// Areas over time, one on the other.
    Stacked,
    /// States over time.
    States(&'static [State]),
    /// A table of the newest values.
    Table,
}

/// What a value means: the value, its name and its colour.
pub type State = (&'static str, &'static str, Colour);

/// A value that is 1 where all is well.
pub const YES_NO: &[State] = &[("0", "no", Colour::Red), ("1", "yes", Colour::Green)];

/// A colour of Grafana's palette.
#[derive(Clone, Copy)]
pub enum Colour {
    /// All is well.
    Green,
    /// Somebody should look.
    Yellow,
    /// Somebody must act.
    Red,
    /// It says nothing.
    Grey,
}

impl Colour {
    fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Grey => "text",
        }
    }
}

/// A unit of Grafana's.
#[derive(Clone, Copy)]
pub enum Unit {
    /// A plain number.
    Number,
    /// Seconds.
    Seconds,
    /// Microseconds.
    Microseconds,
    /// Bytes, by powers of 1024.
    Bytes,
    /// 1,048,576 bytes.
    Mebibytes,
    /// Bytes a second.
    BytesPerSecond,
    /// Requests a second.
    RequestsPerSecond,
    /// Things a second.
    PerSecond,
    /// A share of 1.
    Share,
    /// Cores of processors.
    Cores,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Number | Self::Cores => "short",
            Self::Seconds => "s",
            Self::Microseconds => "µs",
            Self::Bytes => "bytes",
            Self::Mebibytes => "mbytes",
            Self::BytesPerSecond => "Bps",
            Self::RequestsPerSecond => "reqps",
            Self::PerSecond => "ops",
            Self::Share => "percentunit",
        }
    }
}

/// The object in which Grafana's sidecar finds a component's dashboards.
#[must_use]
pub fn config_map(context: &Context, dashboards: &[Dashboard]) -> ConfigMap {
    let files = dashboards
        .iter()
        .map(|one| (one.file_name(context), one.text(context)))
        .collect::<BTreeMap<_, _>>();
    monitoring::dashboards(context, format!("{}-dashboard", context.fullname()), files)
}

impl Dashboard<'_> {
    // The sidecar puts the files of all namespaces into one folder.
    fn file_name(&self, context: &Context) -> String {
        format!("{}-{}.json", self.slug, digest(context))
    }

    fn text(&self, context: &Context) -> String {
        let mut lines = self.head(context);
        lines.extend(self.variables(context));
        lines.push("]},\"panels\":[".to_owned());
        for panels in &self.panels {
            lines.extend(panels.0.iter().cloned());
        }
        lines.push("]}".to_owned());
        lines.push(String::new());
        lines.join("\n")
    }

    // Grafana takes no two dashboards with one uid, and no two with one title in a folder: both tell
    // releases apart.
    fn head(&self, context: &Context) -> Vec<String> {
        let (release, digest) = (release(context), digest(context));
        vec![
            format!("{{\"uid\":\"{TAG}-{}-{digest}\",", self.slug),
            format!("\"title\":\"SPIRA {} ({release})\",", self.subject),
            format!("\"tags\":[\"{TAG}\",\"{TAG}-{digest}\"],"),
            format!("\"links\":[{},", json::link_to("Runbooks", RUNBOOKS)),
            json::link_to_tagged("SPIRA"),
            format!("\"{TAG}-{digest}\"]}}],"),
            format!(
                "\"annotations\":{{\"list\":[]}},\"schemaVersion\":{SCHEMA_VERSION},\"editable\":false,\"graphTooltip\":1,\"refresh\":\"30s\",\"time\":{{\"from\":\"now-1h\",\"to\":\"now\"}},"
            ),
            "\"templating\":{\"list\":[".to_owned(),
        ]
    }

    fn variables(&self, context: &Context) -> Vec<String> {
        let namespace = context.intrinsics().namespace();
        let first = self.names.first().map_or("", |(name, _)| name);
        let runbooks = context.global.monitoring.rules.runbook_url.to_string();
        let names = self.names.iter().map(|(name, value)| constant(name, value));
        let constants = names.chain([constant("runbooks", &runbooks)]);
        let namespaces =
            "label_values(kube_pod_info{pod=~\"$".to_owned() + first + "-.*\"}, namespace)";
        let query = json!({
            "type": "query", "name": "namespace", "label": "Namespace", "datasource": DataSource::default(),
            "query": {"query": namespaces, "refId": "namespace"}, "definition": namespaces, "refresh": 2, "sort": 1,
        });
        let query = query.to_string();
        // The one thing in it that differs between releases stands on a line of its own.
        let open = query.strip_suffix('}').unwrap_or_default();
        let datasource = json!({
            "type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus",
            "current": {"text": "prometheus", "value": "prometheus"},
        });
        constants
            .chain([
                format!("{datasource},"),
                format!("{open},"),
                format!("\"current\":{{\"text\":\"{namespace}\",\"value\":\"{namespace}\"}}}}"),
            ])
            .collect()
    }
}

/// A variable that nobody sees or changes.
fn constant(name: &str, value: &str) -> String {
    format!("{{\"type\":\"constant\",\"name\":\"{name}\",\"hide\":2,\"query\":\"{value}\"}},")
}

fn release(context: &Context) -> String {
    let intrinsics = context.intrinsics();
    format!("{}/{}", intrinsics.namespace(), intrinsics.release_name())
}

fn digest(context: &Context) -> String {
    context.intrinsics().short_sha256(&release(context))
}
