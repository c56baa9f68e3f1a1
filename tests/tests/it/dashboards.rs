//! Dashboards are as Grafana takes them, and read well.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use xtask::project;
use xtask::tools::{self, Tool};

use crate::promql::monitored;
use crate::support::Case;

/// A dashboard in a `ConfigMap`.
#[derive(Clone, Debug)]
pub struct Board {
    pub file: String,
    pub json: Value,
}

impl Board {
    /// All panels that show something, those in closed rows too.
    pub fn panels(&self) -> impl Iterator<Item = &Value> {
        self.all().filter(|panel| panel["type"] != "row")
    }

    /// All panels, rows among them.
    fn all(&self) -> impl Iterator<Item = &Value> {
        let panels = list(&self.json["panels"]);
        panels.flat_map(|panel| std::iter::once(panel).chain(list(&panel["panels"])))
    }

    pub fn variables(&self) -> impl Iterator<Item = &Value> {
        list(&self.json["templating"]["list"])
    }
}

fn list(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

/// The dashboards among the objects.
pub fn boards(objects: &[Value]) -> Vec<Board> {
    let mut boards = Vec::new();
    for object in objects
        .iter()
        .filter(|object| object["kind"] == "ConfigMap")
    {
        for (file, text) in object["data"].as_object().into_iter().flatten() {
            if Path::new(file).extension().is_none_or(|end| end != "json") {
                continue;
            }
            let text = text.as_str().expect("data is text");
            boards.push(Board {
                file: file.clone(),
                json: serde_json::from_str(text)
                    .unwrap_or_else(|error| panic!("{file}: {error}\n{text}")),
            });
        }
    }
    boards
}

fn rendered(name: &str, case: &Case) -> Vec<Value> {
    case.library()
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn number(json: &Value) -> i64 {
    json.as_i64()
        .unwrap_or_else(|| panic!("{json} is no number"))
}

/// What is wrong with a dashboard that Grafana's types do not know of.
fn faults(board: &Board) -> Vec<String> {
    let mut faults = Vec::new();
    let uid = board.json["uid"].as_str().unwrap_or_default();
    let is_plain = uid
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if uid.is_empty() || uid.len() > 40 || !is_plain {
        faults.push(format!("the uid {uid:?} is none"));
    }
    for tag in list(&board.json["tags"])
        .filter_map(Value::as_str)
        .filter(|tag| tag.len() > 50)
    {
        faults.push(format!("the tag {tag} is too long"));
    }
    let mut ids = BTreeSet::new();
    for panel in board.all() {
        if !ids.insert(number(&panel["id"])) {
            faults.push(format!("two panels have the id {}", panel["id"]));
        }
    }
    // Grafana makes room for a closed row's panels when it is opened: those below may have their place.
    let mut cells: BTreeMap<(i64, i64), &Value> = BTreeMap::new();
    for panel in list(&board.json["panels"]) {
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| number(&panel["gridPos"][key]));
        if x < 0 || w < 1 || h < 1 || x + w > 24 {
            faults.push(format!("{} is outside of the grid", panel["title"]));
        }
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            if let Some(other) = cells.insert(cell, &panel["title"]) {
                faults.push(format!("{} stands on {other}", panel["title"]));
                break;
            }
        }
    }
    for panel in board.panels() {
        let title = &panel["title"];
        if panel["targets"].as_array().is_none_or(Vec::is_empty) {
            faults.push(format!("{title} asks for nothing"));
        }
        if panel["description"].as_str().unwrap_or_default().is_empty() {
            faults.push(format!("{title} does not say what it tells"));
        }
        for asks in list(&panel["targets"]).chain([panel]) {
            if asks["datasource"] != json!({"type": "prometheus", "uid": "$datasource"}) {
                faults.push(format!("{title} does not ask the chosen data source"));
            }
        }
        for target in list(&panel["targets"]) {
            if target["expr"].as_str().unwrap_or_default().is_empty() {
                faults.push(format!("{title} has a query without expression"));
            }
        }
    }
    let names: Vec<_> = board
        .variables()
        .map(|variable| variable["name"].clone())
        .collect();
    for name in ["datasource", "namespace", "workload"] {
        if !names.contains(&json!(name)) {
            faults.push(format!("there is no variable {name}"));
        }
    }
    faults
}

/// What is wrong with each dashboard by the types that Grafana publishes of its format.
fn faults_of_format(boards: &[Board]) -> Vec<String> {
    let tools = tools::ensure(&[Tool::GrafanaFormat]).expect("tools");
    let mut child = Command::new(tools.path(Tool::GrafanaFormat))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("piped");
    let lines: String = boards
        .iter()
        .map(|board| format!("{}\n", board.json))
        .collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("written");
    let answers = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<_> = answers.lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), boards.len(), "{answers:?}");
    answers
}

#[test]
fn dashboards_fit_their_grid() {
    for (name, case) in monitored() {
        let boards = boards(&rendered(&name, &case));
        for board in &boards {
            let faults = faults(board);
            assert!(
                faults.is_empty(),
                "{name}: {}: {}",
                board.file,
                faults.join("\n")
            );
        }
    }
}

/// Pages that panels link to and that are not there.
fn missing_pages(board: &Board) -> Vec<String> {
    let links = board.panels().flat_map(|panel| list(&panel["links"]));
    let urls = links.map(|link| link["url"].as_str().unwrap_or_default());
    let is_there = |url: &str| {
        let page = url.strip_prefix("${runbooks:raw}/");
        page.is_some_and(|page| project::root().join("docs/runbooks").join(page).is_file())
    };
    urls.filter(|url| !is_there(url))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_page_that_a_panel_links_to_is_there() {
    let mut boards = boards(&rendered("defaults", &monitored()[0].1));
    let links = boards
        .iter()
        .flat_map(Board::panels)
        .filter(|panel| panel.get("links").is_some());
    assert!(links.count() > 20, "panels link to pages");
    for board in &boards {
        assert!(
            missing_pages(board).is_empty(),
            "{}: {:?}",
            board.file,
            missing_pages(board)
        );
    }
    let link = json!([{"url": "${runbooks:raw}/Nothing.md"}]);
    boards[0].json["panels"][1]["links"] = link;
    assert_eq!(
        missing_pages(&boards[0]).len(),
        1,
        "a page that is not there is found"
    );
}

#[test]
fn dashboards_are_of_grafanas_format() {
    for (name, case) in monitored() {
        let boards = boards(&rendered(&name, &case));
        for (board, fault) in boards.iter().zip(faults_of_format(&boards)) {
            assert!(fault.is_empty(), "{name}: {}: {fault}", board.file);
        }
    }
}

// Every component with pods that stay has one, and SPIRA as a whole.
#[test]
fn there_is_a_dashboard_of_each_component() {
    let objects = rendered("defaults", &monitored()[0].1);
    let titles: Vec<_> = boards(&objects)
        .iter()
        .map(|board| board.json["title"].as_str().unwrap_or_default().to_owned())
        .collect();
    for subject in [
        "API server",
        "MLflow",
        "MinIO",
        "MongoDB",
        "NATS",
        "PostgreSQL",
        "inference server",
        "overview",
        "redelivery",
    ] {
        assert!(
            titles.contains(&format!("SPIRA {subject} (voices/spira)")),
            "{subject}: {titles:?}"
        );
    }
    assert_eq!(titles.len(), 9, "{titles:?}");
}

// The sidecar puts the files of all ConfigMaps into one folder, where Grafana wants each uid and title once.
#[test]
fn dashboards_of_two_releases_can_be_told_apart() {
    let cases = [
        ("spira", "voices"),
        ("spira", "others"),
        ("spira-b", "voices"),
    ];
    let mut seen = BTreeSet::new();
    for (release, namespace) in cases {
        let case = Case {
            release: release.into(),
            namespace: namespace.into(),
            ..monitored().swap_remove(0).1
        };
        for board in boards(&rendered(release, &case)) {
            for text in [
                board.json["uid"].to_string(),
                board.json["title"].to_string(),
                board.file.clone(),
            ] {
                assert!(seen.insert(text.clone()), "{text} is there twice");
            }
            let namespaces = board
                .variables()
                .find(|variable| variable["name"] == "namespace");
            assert_eq!(
                namespaces.expect("one is there")["current"]["value"],
                namespace
            );
        }
    }
}

#[test]
fn there_are_none_where_they_are_switched_off() {
    for off in [
        "global.monitoring.enabled=false",
        "global.monitoring.dashboards.enabled=false",
    ] {
        let mut case = monitored().swap_remove(0).1;
        case.set.push(off.to_owned());
        assert!(boards(&rendered(off, &case)).is_empty(), "{off}");
    }
}

#[test]
fn spoilt_dashboards_are_found() {
    let objects = rendered("defaults", &monitored()[0].1);
    let board = boards(&objects)
        .into_iter()
        .find(|board| board.file.starts_with("overview"))
        .expect("overview");
    let spoilt = |spoil: &dyn Fn(&mut Value)| {
        let mut board = board.clone();
        spoil(&mut board.json);
        board
    };
    for (spoil, expected) in [
        (
            &(|json: &mut Value| json["uid"] = json!("x".repeat(41))) as &dyn Fn(&mut Value),
            "is none",
        ),
        (
            &|json| json["panels"][2]["id"] = json["panels"][1]["id"].clone(),
            "two panels have the id",
        ),
        (
            &|json| json["panels"][2]["gridPos"]["x"] = json!(0),
            "stands on",
        ),
        (
            &|json| json["panels"][2]["gridPos"]["w"] = json!(25),
            "outside of the grid",
        ),
        (
            &|json| json["panels"][1]["targets"] = json!([]),
            "asks for nothing",
        ),
        (
            &|json| json["panels"][1]["targets"][0]["expr"] = json!(""),
            "without expression",
        ),
        (
            &|json| json["panels"][1]["targets"][0]["datasource"]["uid"] = json!("abc"),
            "chosen data source",
        ),
        (
            &|json| json["panels"][1]["description"] = json!(""),
            "does not say",
        ),
        (
            &|json| json["templating"]["list"] = json!([]),
            "no variable namespace",
        ),
    ] {
        let faults = faults(&spoilt(spoil));
        assert!(
            faults.iter().any(|fault| fault.contains(expected)),
            "{expected}: {faults:?}"
        );
    }
    let format = [
        spoilt(&|json| json["panles"] = json!([])),
        spoilt(&|json| json["panels"][1]["gridPos"]["w"] = json!("wide")),
        spoilt(&|json| json["panels"][1]["options"]["colourMode"] = json!("value")),
        spoilt(&|json| json["panels"][1]["targets"][0]["expression"] = json!("up")),
        spoilt(&|json| json["panels"][1]["fieldConfig"]["defaults"]["thresholds"] = json!("high")),
    ];
    for (at, fault) in faults_of_format(&format).iter().enumerate() {
        assert!(!fault.is_empty(), "spoilt dashboard {at} is taken");
    }
}
