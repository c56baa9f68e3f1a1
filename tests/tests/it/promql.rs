//! No query is dead: every expression of every dashboard and rule parses, and asks for series that an exporter gives,
//! by labels that it gives them.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::label::Labels;
use promql_parser::parser::{
    self, AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality,
};
use promql_parser::util::{ExprVisitor, walk_expr};
use regex::Regex;
use serde_json::Value;

use crate::dashboards::{Board, boards};
use crate::metrics;
use crate::support::{self, Case};

/// Series of what the chart neither brings nor asks for: a collapsed row has them for who has Chaos Mesh read too.
const OPTIONAL: [&str; 2] = [
    "certmanager_certificate_expiration_timestamp_seconds",
    "chaos_controller_manager_chaos_experiments",
];

/// Labels of every target, from the monitors or the Prometheus operator.
const TARGET: [&str; 7] = [
    "container",
    "endpoint",
    "instance",
    "job",
    "namespace",
    "pod",
    "service",
];

/// Labels beside those of the target that the series have whose names begin so, as the catalogue's files say; the first
/// line that fits counts. Of others they are not known.
const LABELS: [(&str, &[&str]); 19] = [
    ("spira_inferences_redelivered_total", &["reason"]),
    ("spira_redelivery_failures_total", &["dependency"]),
    ("spira_redelivery", &[]),
    ("spira_inferences_", &[]),
    ("spira_inferences", &["status"]),
    ("spira_", &[]),
    ("haproxy_", &["check", "code", "proxy", "server", "state"]),
    ("nats_connz_", &["cid", "ip", "name", "server_id"]),
    ("nats_", &["server_id", "value"]),
    (
        "minio_",
        &["api", "drive", "metrics_path", "pool", "server", "set"],
    ),
    ("mlflow_", &["le", "method", "mlflow_version", "status"]),
    (
        "mongodb_members_",
        &["cl_name", "member_idx", "process_port", "rs_nm", "rs_state"],
    ),
    (
        "mongodb_",
        &[
            "cl_name",
            "mongodb_version",
            "process_port",
            "process_type",
            "replica_state_name",
            "rs_nm",
            "rs_state",
        ],
    ),
    ("kube_pod_status_ready", &["condition", "uid"]),
    (
        "kube_pod_info",
        &[
            "created_by_kind",
            "created_by_name",
            "host_ip",
            "host_network",
            "node",
            "pod_ip",
            "uid",
        ],
    ),
    ("kube_pod_start_time", &["uid"]),
    ("kubelet_volume_stats_", &["persistentvolumeclaim"]),
    (
        "container_",
        &["cpu", "device", "id", "image", "interface", "name", "node"],
    ),
    ("chaos_", &["exported_namespace", "kind", "phase"]),
];

/// An expression and where it stands.
#[derive(Debug)]
struct Asked {
    place: String,
    expression: String,
}

/// What an expression asks for.
#[derive(Default)]
struct Found {
    /// Names of series, and the labels by which they are chosen.
    selected: Vec<(String, Vec<String>)>,
    /// Labels that series are put together by.
    used: BTreeSet<String>,
    /// Labels that the expression makes itself.
    made: BTreeSet<String>,
    nameless: bool,
}

impl Found {
    fn uses(&mut self, labels: &Labels) {
        self.used.extend(labels.labels.iter().cloned());
    }
}

impl ExprVisitor for Found {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expression: &Expr) -> Result<bool, Self::Error> {
        let selector = match expression {
            Expr::VectorSelector(selector) => Some(selector),
            Expr::MatrixSelector(matrix) => Some(&matrix.vs),
            Expr::Aggregate(AggregateExpr {
                modifier: Some(modifier),
                ..
            }) => {
                let (LabelModifier::Include(labels) | LabelModifier::Exclude(labels)) = modifier;
                self.uses(labels);
                None
            }
            Expr::Binary(BinaryExpr {
                modifier: Some(modifier),
                ..
            }) => {
                if let Some(LabelModifier::Include(labels) | LabelModifier::Exclude(labels)) =
                    &modifier.matching
                {
                    self.uses(labels);
                }
                if let VectorMatchCardinality::ManyToOne(labels)
                | VectorMatchCardinality::OneToMany(labels) = &modifier.card
                {
                    self.uses(labels);
                }
                None
            }
            Expr::Call(Call { func, args }) if func.name == "label_replace" => {
                if let Some(Expr::StringLiteral(made)) =
                    args.args.get(1).map(|argument| &**argument)
                {
                    self.made.insert(made.val.clone());
                }
                None
            }
            _ => None,
        };
        if let Some(selector) = selector {
            let matchers = selector.matchers.matchers.iter();
            let matchers = matchers.chain(selector.matchers.or_matchers.iter().flatten());
            match &selector.name {
                Some(name) => self
                    .selected
                    .push((name.clone(), matchers.map(|m| m.name.clone()).collect())),
                None => self.nameless = true,
            }
        }
        Ok(true)
    }
}

/// The labels that a series may have, if they are known.
fn labels_of(name: &str) -> Option<BTreeSet<&'static str>> {
    if name == "up" {
        return Some(TARGET.into());
    }
    let (_, own) = LABELS.iter().find(|(start, _)| name.starts_with(start))?;
    Some(TARGET.iter().chain(*own).copied().collect())
}

/// What is wrong with an expression, given all series that there are.
fn fault(expression: &str, there: &BTreeSet<String>) -> Option<String> {
    let parsed = match parser::parse(expression) {
        Ok(parsed) => parsed,
        Err(error) => return Some(error),
    };
    let mut found = Found::default();
    let Ok(_) = walk_expr(&mut found, &parsed);
    if found.nameless || found.selected.is_empty() && !expression.contains("vector(") {
        return Some("it names no series".to_owned());
    }
    let mut all = Some(BTreeSet::new());
    for (name, matched) in &found.selected {
        if !there.contains(name) {
            return Some(format!("nothing exports {name}"));
        }
        let known = labels_of(name);
        if let Some(known) = &known
            && let Some(label) = matched.iter().find(|label| !known.contains(label.as_str()))
        {
            return Some(format!("{name} has no label {label}"));
        }
        all = all.zip(known).map(|(all, known)| &all | &known);
    }
    let all = all?;
    let unknown = found
        .used
        .iter()
        .find(|label| !all.contains(label.as_str()) && !found.made.contains(*label));
    unknown.map(|label| format!("no series in it has a label {label}"))
}

/// All series that there are, those among them that rules record.
fn series(objects: &[Value]) -> BTreeSet<String> {
    let recorded = rules(objects).filter_map(|rule| rule["record"].as_str().map(str::to_owned));
    metrics::exported()
        .into_iter()
        .chain(OPTIONAL.map(str::to_owned))
        .chain(recorded)
        .collect()
}

fn rules(objects: &[Value]) -> impl Iterator<Item = &Value> {
    let of_kind = objects
        .iter()
        .filter(|object| object["kind"] == "PrometheusRule");
    let groups =
        of_kind.flat_map(|object| object["spec"]["groups"].as_array().into_iter().flatten());
    groups.flat_map(|group| group["rules"].as_array().into_iter().flatten())
}

fn asked(objects: &[Value]) -> Vec<Asked> {
    let mut asked: Vec<_> = boards(objects).iter().flat_map(asked_by).collect();
    asked.extend(rules(objects).map(|rule| {
        let name = rule["alert"]
            .as_str()
            .or(rule["record"].as_str())
            .unwrap_or_default();
        Asked {
            place: format!("rule {name}"),
            expression: rule["expr"].as_str().unwrap_or_default().to_owned(),
        }
    }));
    asked
}

fn asked_by(board: &Board) -> Vec<Asked> {
    let variables = variables(board);
    let mut asked = Vec::new();
    for panel in board.panels() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            asked.push(Asked {
                place: format!("{}, panel {}", board.file, panel["title"]),
                expression: substituted(target["expr"].as_str().unwrap_or_default(), &variables),
            });
        }
    }
    for variable in board
        .variables()
        .filter(|variable| variable["type"] == "query")
    {
        let query = variable["query"]["query"].as_str().unwrap_or_default();
        let inside = query
            .strip_prefix("label_values(")
            .and_then(|rest| rest.strip_suffix(')'));
        let (expression, label) = inside
            .and_then(|inside| inside.rsplit_once(", "))
            .unwrap_or((query, ""));
        asked.push(Asked {
            place: format!("{}, variable {}", board.file, variable["name"]),
            // Its label must exist too.
            expression: substituted(&format!("count by ({label}) ({expression})"), &variables),
        });
    }
    asked
}

/// What Grafana puts in the place of variables.
fn variables(board: &Board) -> BTreeMap<String, String> {
    let mut values: BTreeMap<_, _> = [("__rate_interval", "2m"), ("__range", "1h")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    for variable in board.variables() {
        let value = variable["current"]["value"]
            .as_str()
            .or(variable["query"].as_str());
        let name = variable["name"].as_str().unwrap_or_default();
        values.insert(name.to_owned(), value.unwrap_or_default().to_owned());
    }
    values
}

/// A variable that is not there stays, and does not parse.
fn substituted(expression: &str, variables: &BTreeMap<String, String>) -> String {
    let variable = Regex::new(r"\$([A-Za-z_]\w*)").expect("a constant");
    let replaced = variable.replace_all(expression, |found: &regex::Captures| {
        variables
            .get(&found[1])
            .cloned()
            .unwrap_or_else(|| format!("\"unknown variable {}\"", &found[1]))
    });
    replaced.into_owned()
}

/// Values with everything that has dashboards or rules, in each of the ways in which they differ.
pub fn monitored() -> Vec<(String, Case)> {
    let on = [
        "global.monitoring.enabled=true".to_owned(),
        "global.chaos.enabled=true".to_owned(),
    ];
    let with = |more: &[&str]| Case {
        set: on
            .iter()
            .cloned()
            .chain(more.iter().map(|&text| text.to_owned()))
            .collect(),
        ..Case::new("")
    };
    let mut cases = vec![
        ("defaults".to_owned(), with(&[])),
        (
            "no guard".to_owned(),
            with(&["api-server.guard.enabled=false"]),
        ),
        (
            "CloudNativePG".to_owned(),
            with(&["global.connections.postgresql.operator=cloudnative-pg"]),
        ),
        (
            "one of each".to_owned(),
            with(&[
                "mongodb.members=1",
                "nats.replicas=1",
                "nats.jetstream.enabled=true",
                "postgresql.instances=1",
            ]),
        ),
        (
            "long names".to_owned(),
            Case {
                release: crate::cluster::LONGEST.into(),
                namespace: "a-namespace-with-a-name-of-sixty-three-characters-0123456789-012"
                    .into(),
                ..with(&[])
            },
        ),
    ];
    for path in support::examples() {
        let case = Case::new(std::fs::read_to_string(&path).expect("readable"));
        cases.push((
            path.display().to_string(),
            Case {
                set: on.to_vec(),
                ..case
            },
        ));
    }
    cases
}

fn rendered(name: &str, case: &Case) -> Vec<Value> {
    case.library()
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn no_query_is_dead() {
    let mut faults = BTreeSet::new();
    for (name, case) in monitored() {
        let objects = rendered(&name, &case);
        let (asked, there) = (asked(&objects), series(&objects));
        assert!(asked.len() > 40, "{name}: {} expressions", asked.len());
        for Asked { place, expression } in asked {
            if let Some(fault) = fault(&expression, &there) {
                faults.insert(format!("{name}: {place}: {fault}\n    {expression}"));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{}",
        faults.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn a_dead_query_is_found() {
    let (name, case) = monitored().swap_remove(0);
    let objects = rendered(&name, &case);
    let there = series(&objects);
    for (expression, expected) in [
        (
            r#"max(spira_inferences_wating{namespace="a"})"#,
            "nothing exports spira_inferences_wating",
        ),
        (
            r#"rate(nats_varz_in_msgs{pod=~"a"}[2m]) / kube_pod_inof"#,
            "nothing exports kube_pod_inof",
        ),
        (
            r#"max(spira_inferences_waiting{namespace="a"}"#,
            "unclosed left parenthesis",
        ),
        ("rate(nats_varz_in_msgs)", "expected type matrix"),
        (
            r#"haproxy_backend_status{backend="inferences"}"#,
            "haproxy_backend_status has no label backend",
        ),
        (
            r#"sum by (Code) (haproxy_backend_http_responses_total{code="5xx"})"#,
            "no series in it has a label Code",
        ),
        (
            r"up * on (node) group_left (nod) kube_pod_info",
            "no series in it has a label nod",
        ),
        (r#"{namespace="a"}"#, "it names no series"),
        ("max($wrkload)", ""),
    ] {
        let expression = substituted(expression, &BTreeMap::new());
        let found = fault(&expression, &there)
            .unwrap_or_else(|| panic!("nothing is wrong with {expression}"));
        assert!(found.contains(expected), "{expression}: {found}");
    }
}

// The same faults, planted where real expressions stand.
#[test]
fn a_dead_query_is_found_in_dashboards_and_rules() {
    let (name, case) = monitored().swap_remove(0);
    let objects = rendered(&name, &case);
    let there = series(&objects);
    let of_variable = asked(&objects)
        .into_iter()
        .filter(|one| one.place.contains("variable"))
        .count();
    assert!(of_variable >= 9, "{of_variable} variables are asked for");
    let dead = there
        .iter()
        .filter(|name| !name.starts_with("spira_inferences_waiting"))
        .cloned()
        .collect();
    let places: Vec<_> = asked(&objects)
        .into_iter()
        .filter(|one| fault(&one.expression, &dead).is_some())
        .map(|one| one.place)
        .collect();
    assert!(
        places.iter().any(|place| place.starts_with("overview")),
        "{places:?}"
    );
    assert!(
        places.iter().any(|place| place.starts_with("redelivery")),
        "{places:?}"
    );
}
