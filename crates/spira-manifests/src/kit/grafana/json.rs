//! What SPIRA uses of Grafana's JSON of dashboards.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Colour, Look, Panel, RUNBOOKS, Row, layout::GridPos};

/// The Prometheus that is asked, which the reader of the dashboard chooses.
#[derive(Serialize)]
pub(super) struct DataSource {
    #[serde(rename = "type")]
    kind: &'static str,
    uid: &'static str,
}

impl Default for DataSource {
    fn default() -> Self {
        Self {
            kind: "prometheus",
            uid: "$datasource",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowJson {
    id: u16,
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    grid_pos: GridPos,
    collapsed: bool,
    // Last, so that the text of a closed row's panels can be put in.
    panels: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PanelJson {
    id: u16,
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'static str,
    grid_pos: GridPos,
    datasource: DataSource,
    targets: Vec<Target>,
    field_config: FieldConfig,
    options: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transformations: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    ref_id: String,
    datasource: DataSource,
    expr: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    legend_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instant: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
}

#[derive(Serialize)]
struct FieldConfig {
    defaults: Defaults,
    overrides: [(); 0],
}

#[derive(Serialize)]
struct Defaults {
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<u8>,
    thresholds: Thresholds,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mappings: Vec<Mapping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<Value>,
}

#[derive(Serialize)]
struct Thresholds {
    mode: &'static str,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    color: &'static str,
    value: Option<f64>,
}

#[derive(Serialize)]
struct Mapping {
    #[serde(rename = "type")]
    kind: &'static str,
    options: BTreeMap<&'static str, Meaning>,
}

#[derive(Serialize)]
struct Meaning {
    text: &'static str,
    color: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    title: &'static str,
    url: String,
    target_blank: bool,
}

/// A link of a dashboard, to a page or to others with certain tags.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools)] // Grafana's format has them.
struct DashboardLink {
    title: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'static str,
    icon: &'static str,
    tooltip: &'static str,
    as_dropdown: bool,
    include_vars: bool,
    keep_time: bool,
    target_blank: bool,
    // Last, so that a tag can be put in.
    tags: [(); 0],
}

/// A link to a page.
pub(super) fn link_to(title: &'static str, url: &'static str) -> String {
    text(&DashboardLink {
        title,
        kind: "link",
        url,
        icon: "doc",
        tooltip: "",
        as_dropdown: false,
        include_vars: false,
        keep_time: false,
        target_blank: true,
        tags: [],
    })
}

/// A menu of the dashboards with a tag, which must follow, and `"]}`.
pub(super) fn link_to_tagged(title: &'static str) -> String {
    let link = text(&DashboardLink {
        title,
        kind: "dashboards",
        url: "",
        icon: "external link",
        tooltip: "",
        as_dropdown: true,
        include_vars: false,
        keep_time: true,
        target_blank: false,
        tags: [],
    });
    link.strip_suffix(END).unwrap_or(&link).to_owned()
}

/// How a row: what stands before it are the panels that it holds.
pub(super) const END: &str = "]}";

/// A row as JSON.
pub(super) fn row(row: &Row, id: u16, grid_pos: GridPos) -> String {
    text(&RowJson {
        id,
        kind: "row",
        title: row.title,
        grid_pos,
        collapsed: row.is_collapsed,
        panels: [],
    })
}

/// A panel as JSON.
pub(super) fn panel(panel: &Panel, id: u16, grid_pos: GridPos) -> String {
    text(&PanelJson {
        id,
        kind: kind(panel.look),
        title: panel.title,
        description: panel.description,
        grid_pos,
        datasource: DataSource::default(),
        targets: targets(panel),
        field_config: field_config(panel),
        options: options(panel),
        transformations: transformations(panel.look),
        links: panel.runbook.iter().map(|page| runbook(page)).collect(),
    })
}

fn text(json: &impl Serialize) -> String {
    serde_json::to_string(json).expect("numbers, texts, lists and keys that are texts serialise")
}

fn kind(look: Look) -> &'static str {
    match look {
        Look::Stat => "stat",
        Look::Lines | Look::Stacked => "timeseries",
        Look::States(_) => "state-timeline",
        Look::Table => "table",
    }
}

fn targets(panel: &Panel) -> Vec<Target> {
    let is_newest_only = matches!(panel.look, Look::Stat | Look::Table);
    panel
        .queries
        .iter()
        .zip('A'..='Z')
        .map(|(query, name)| Target {
            ref_id: name.to_string(),
            datasource: DataSource::default(),
            expr: query.expression.clone(),
            legend_format: query.legend,
            instant: is_newest_only.then_some(true),
            range: is_newest_only.then_some(false),
            format: matches!(panel.look, Look::Table).then_some("table"),
        })
        .collect()
}

fn field_config(panel: &Panel) -> FieldConfig {
    let mappings = match panel.look {
        Look::States(states) => vec![Mapping {
            kind: "value",
            options: states
                .iter()
                .map(|&(value, text, colour)| {
                    let color = colour.name();
                    (value, Meaning { text, color })
                })
                .collect(),
        }],
        _ => Vec::new(),
    };
    FieldConfig {
        defaults: Defaults {
            unit: panel.unit.name(),
            min: matches!(panel.look, Look::Lines | Look::Stacked).then_some(0),
            thresholds: thresholds(panel),
            mappings,
            custom: custom(panel),
            color: matches!(panel.look, Look::Stat | Look::States(_))
                .then(|| json!({"mode": "thresholds"})),
        },
        overrides: [],
    }
}

fn thresholds(panel: &Panel) -> Thresholds {
    let lowest = if panel.thresholds.is_empty() {
        Colour::Grey
    } else {
        Colour::Green
    };
    // A threshold of 0 says what is below the next one.
    let first = Step {
        color: lowest.name(),
        value: None,
    };
    let others = panel.thresholds.iter().map(|&(value, colour)| Step {
        color: colour.name(),
        value: Some(value),
    });
    Thresholds {
        mode: "absolute",
        steps: std::iter::once(first).chain(others).collect(),
    }
}

fn custom(panel: &Panel) -> Option<Value> {
    match panel.look {
        Look::Lines if panel.thresholds.is_empty() => Some(json!({"fillOpacity": 8})),
        Look::Lines => Some(json!({"fillOpacity": 8, "thresholdsStyle": {"mode": "line"}})),
        Look::Stacked => Some(json!({
            "fillOpacity": 40, "stacking": {"group": "A", "mode": "normal"},
        })),
        Look::States(_) => Some(json!({"fillOpacity": 80, "lineWidth": 0})),
        Look::Stat | Look::Table => None,
    }
}

fn options(panel: &Panel) -> Value {
    match panel.look {
        Look::Stat => json!({
            "colorMode": if panel.thresholds.is_empty() { "none" } else { "background" },
            "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "auto", "wideLayout": true,
            "percentChangeColorMode": "standard", "showPercentChange": false,
            "reduceOptions": {"calcs": ["lastNotNull"], "values": false},
        }),
        Look::Lines | Look::Stacked => json!({
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": true},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }),
        Look::States(_) => json!({
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": true},
            "mergeValues": true, "rowHeight": 0.8, "showValue": "never",
            "tooltip": {"mode": "single", "sort": "none"},
        }),
        Look::Table => json!({"cellHeight": "sm", "frameIndex": 0, "showHeader": true}),
    }
}

// One line a series, with what the queries say of it side by side.
fn transformations(look: Look) -> Vec<Value> {
    match look {
        Look::Table => vec![
            json!({"id": "merge", "options": {}}),
            json!({"id": "organize", "options": {"excludeByName": {"Time": true}}}),
        ],
        _ => Vec::new(),
    }
}

fn runbook(page: &str) -> Link {
    Link {
        title: "What to do",
        url: format!("{RUNBOOKS}/{page}.md"),
        target_blank: true,
    }
}
