//! The experiment's load generator and checker, against a stand-in of the API over real NATS, `FerretDB` and MinIO, while
//! what befalls posts befalls them: each is classed as what became of it, and a kill of the generator loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use xtask::python::Environment::Api;
use xtask::servers::free_port;

use super::scene::{Outcome, Run, Scene};
use super::spira::Spira;

/// The experiment's variables and directory. The image is the API server's.
pub struct Experiment {
    pub scene: Scene,
}

impl Experiment {
    /// Of a short run without faults, against an API on this port.
    pub fn new(port: u16) -> Self {
        let mut scene = Scene::new();
        let results = scene.dir().join("results");
        for (name, value) in [
            ("SPIRA_API_BASE_URL", format!("http://127.0.0.1:{port}")),
            ("SPIRA_USER", "user".into()),
            ("SPIRA_PASSWORD", "password".into()),
            ("EXPERIMENT_USERS", "3".into()),
            ("EXPERIMENT_RATE", "5".into()),
            ("EXPERIMENT_BASELINE_SECONDS", "2".into()),
            ("EXPERIMENT_DURATION_SECONDS", "8".into()),
            ("EXPERIMENT_QUIESCENCE_SECONDS", "30".into()),
            ("EXPERIMENT_TIMEOUT_SECONDS", "10".into()),
            ("EXPERIMENT_CONTROL", "false".into()),
            ("EXPERIMENT_FAULTS", "none".into()),
            ("EXPERIMENT_NAMESPACE", "spira".into()),
            ("EXPERIMENT_SEED", "7".into()),
            ("EXPERIMENT_DIRECTORY", results.display().to_string()),
        ] {
            scene.set(name, value);
        }
        Self { scene }
    }

    pub fn with(mut self, variables: &[(&str, &str)]) -> Self {
        for (name, value) in variables {
            self.scene.set(name, *value);
        }
        self
    }

    pub fn start(&self, arguments: &[&str]) -> Run {
        self.scene.start(Api, "experiment.py", arguments)
    }

    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.start(arguments).finish()
    }

    /// Checks the log of an earlier run.
    pub fn check(&self) -> Outcome {
        let log = self.file("log.jsonl");
        self.run(&["check", log.to_str().expect("UTF-8")])
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.scene.dir().join("results").join(name)
    }

    pub fn report(&self) -> Value {
        let text = fs::read_to_string(self.file("report.json")).expect("a report");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Events of one kind in the log.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.file("log.jsonl")).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|event: &Value| event["event"] == kind)
            .collect()
    }
}

/// The last line of an experiment's output.
pub fn summary(outcome: &Outcome) -> Value {
    let last = outcome.text.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}:\n{}", outcome.text))
}

/// It ended with this exit code and verdict, and says these words.
pub fn ends(outcome: &Outcome, code: i32, verdict: &str, words: &[&str]) -> Value {
    assert_eq!(outcome.code, Some(code), "{}", outcome.text);
    assert!(!outcome.text.contains("Traceback"), "{}", outcome.text);
    let summary = summary(outcome);
    assert_eq!(summary["verdict"], verdict, "{}", outcome.text);
    outcome.says(words);
    summary
}

/// What stands before the API and makes faults of posts by their number.
pub fn proxy(spira: &Spira, upstream: u16, faults: &Value) -> (u16, Run) {
    let port = free_port().expect("a port");
    let arguments = [port.to_string(), upstream.to_string(), faults.to_string()];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut run = spira.scene.start_own(Api, "faulty_proxy.py", &arguments);
    run.says("serving");
    (port, run)
}

/// Waits until the proxy has taken so many posts.
fn takes(proxy: &mut Run, posts: usize) {
    proxy.waits_for(&format!("{posts} posts"), |text| {
        text.lines().count() > posts
    });
}

/// What the proxy has said of the posts that it took.
fn taken(proxy: &Run) -> Vec<Value> {
    let text = proxy.text();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// By key, the class of each post that is not completed.
fn classes(report: &Value) -> BTreeMap<String, String> {
    let list = report["posts_not_completed"].as_array().expect("a list");
    list.iter()
        .map(|post| (text(&post["key"]), text(&post["class"])))
        .collect()
}

/// By id, the key of each post that was acknowledged.
fn acknowledged(experiment: &Experiment) -> BTreeMap<String, String> {
    let invoked = experiment.events("invoke");
    experiment
        .events("ok")
        .iter()
        .map(|ok| {
            let number = &ok["post"];
            let invoke = invoked.iter().find(|invoke| &invoke["post"] == number);
            (text(&ok["id"]), text(&invoke.expect("before")["key"]))
        })
        .collect()
}

#[test]
fn each_post_is_classed_as_what_became_of_it() {
    let spira = Spira::start();
    let api = spira.api();
    let faults = json!({
        "2": "hang", "4": "plain", "6": "drip", "8": "cut", "10": "short", "12": "words", "14": "twice", "16": "alter",
        "18": "speechless",
    });
    let (port, mut proxy) = proxy(&spira, api.port, &faults);
    let experiment = Experiment::new(port).with(&[
        ("EXPERIMENT_TIMEOUT_SECONDS", "8"),
        ("EXPERIMENT_DURATION_SECONDS", "90"),
        ("EXPERIMENT_USERS", "6"),
        ("EXPERIMENT_ABORT_PERCENT", "100"),
    ]);
    let inference = spira.inference("0.01");
    let load = experiment.start(&["load"]);
    takes(&mut proxy, 22);
    // What was published before has been heard.
    thread::sleep(Duration::from_millis(300));
    inference.kill();
    let heard = taken(&proxy).len();
    // The first of them may have been passed on before.
    takes(&mut proxy, heard + 5);
    let _inference = spira.inference("0.01");
    let unheard = taken(&proxy).len();
    takes(&mut proxy, unheard + 6);
    load.terminate();
    load.finish().is_well();
    let taken = taken(&proxy);
    let acknowledged = acknowledged(&experiment);
    // The result of the last is not there.
    let latest = taken
        .iter()
        .rfind(|post| acknowledged.contains_key(&text(&post["id"])));
    let blank = text(&latest.expect("one was acknowledged")["id"]);
    spira.completes(&[&blank]);
    spira.scene.ask(Api, "inferences.py", &["blank", &blank]);
    let ids: Vec<String> = acknowledged.keys().cloned().collect();
    let lost: BTreeSet<String> = spira
        .incomplete(&ids)
        .into_iter()
        .filter(|id| *id != blank)
        .map(|id| acknowledged[&id].clone())
        .collect();
    assert!(!lost.is_empty(), "nothing was lost: the test tests nothing");

    let checked = experiment.with(&[("EXPERIMENT_QUIESCENCE_SECONDS", "6")]);
    let outcome = checked.check();
    let summary = ends(&outcome, 1, "fail", &["acknowledged and not completed"]);
    let mut wanted: BTreeMap<String, String> = lost
        .iter()
        .map(|key| (key.clone(), "lost".into()))
        .collect();
    let state = spira.state();
    for post in &taken {
        let class = match post["fault"].as_str().expect("text") {
            "hang" | "plain" | "drip" => "failed",
            "cut" | "short" | "words" => "resolved",
            "twice" => "duplicated",
            "alter" => "corrupt",
            "speechless" => "stuck",
            _ if post["id"] == blank => "corrupt",
            _ if acknowledged.contains_key(&text(&post["id"])) => continue,
            // A busy machine may be too slow for one that nothing was done to.
            _ if state[&text(&post["id"])][0] == "completed" => "resolved",
            _ => "stuck",
        };
        wanted.insert(text(&post["key"]), class.into());
    }
    assert_eq!(classes(&checked.report()), wanted, "{}", outcome.text);
    assert_eq!(
        summary["ack_and_not_completed_inferences"],
        lost.len(),
        "{}",
        outcome.text
    );
    let failed = checked.events("fail").len() + checked.events("unknown").len();
    assert_eq!(summary["failed_inference_acks"], failed, "{}", outcome.text);
    // The nine faults but two, which are acknowledged.
    assert!(failed >= 7, "{}", outcome.text);
    let junit = fs::read_to_string(checked.file("report.xml")).expect("JUnit");
    assert!(junit.contains(r#"failures="3""#), "{junit}");
}

/// Posts until the proxy has taken so many.
fn load(experiment: &Experiment, proxy: &mut Run, posts: usize) {
    let load = experiment.start(&["load"]);
    takes(proxy, posts);
    load.terminate();
    load.finish().is_well();
}

#[test]
fn late_is_not_lost() {
    let spira = Spira::start();
    let api = spira.api();
    let (port, mut proxy) = proxy(&spira, api.port, &json!({}));
    // A second for each, and nothing before it is woken.
    let inference = spira.inference("1");
    inference.signal("STOP");
    let experiment = Experiment::new(port).with(&[
        ("EXPERIMENT_DURATION_SECONDS", "90"),
        ("EXPERIMENT_QUIESCENCE_SECONDS", "5"),
    ]);
    load(&experiment, &mut proxy, 20);
    inference.signal("CONT");
    let cut = experiment.check();
    ends(&cut, 2, "invalid", &["still completing"]);
    let experiment = experiment.with(&[("EXPERIMENT_QUIESCENCE_SECONDS", "60")]);
    let summary = ends(&experiment.check(), 0, "pass", &[]);
    assert_eq!(summary["ack_and_not_completed_inferences"], 0);
    assert_eq!(
        summary["ack_and_completed_inferences"],
        summary["classes"]["completed"]
    );
}

#[test]
fn a_killed_generator_is_resumed() {
    let spira = Spira::start();
    let api = spira.api();
    let _inference = spira.inference("0.01");
    let (port, mut proxy) = proxy(&spira, api.port, &json!({"14": "hang"}));
    let experiment = Experiment::new(port).with(&[
        ("EXPERIMENT_DURATION_SECONDS", "60"),
        ("EXPERIMENT_TIMEOUT_SECONDS", "60"),
    ]);
    let run = experiment.start(&[]);
    takes(&mut proxy, 20);
    run.kill();
    let log = experiment.file("log.jsonl");
    let mut written = fs::read(&log).expect("a log");
    // As a machine that dies leaves it.
    written.extend(br#"{"post": 12, "event": "o"#);
    fs::write(&log, written).expect("written");
    let outcome = experiment.run(&[]);
    let words = ["was cut short in phase", "its posts are checked"];
    let summary = ends(&outcome, 2, "invalid", &words);
    let keys: BTreeSet<String> = experiment
        .events("invoke")
        .iter()
        .map(|invoke| text(&invoke["key"]))
        .collect();
    for post in taken(&proxy) {
        assert!(keys.contains(post["key"].as_str().expect("text")), "{post}");
    }
    let report = experiment.report();
    assert_eq!(report["torn_lines"], 1);
    // The one that hung, at least, was under way, and is known not to have been stored.
    let unknown = report["phases"]["faults"]["unknown"]
        .as_u64()
        .expect("a count");
    assert!((1..=3).contains(&unknown), "{report}");
    let hung = taken(&proxy)
        .into_iter()
        .find(|post| post["fault"] == "hang");
    let key = text(&hung.expect("it hung")["key"]);
    assert_eq!(classes(&report)[&key], "failed");
    assert_eq!(summary["ack_and_not_completed_inferences"], 0);
    // A finished log is put aside, and a whole run, which nothing disturbs, passes.
    let (port, _proxy) = self::proxy(&spira, api.port, &json!({}));
    let experiment = experiment.with(&[
        ("SPIRA_API_BASE_URL", &format!("http://127.0.0.1:{port}")),
        ("EXPERIMENT_DURATION_SECONDS", "3"),
    ]);
    ends(&experiment.run(&[]), 0, "pass", &[]);
    let kept = fs::read_dir(experiment.file(""))
        .expect("a directory")
        .count();
    assert_eq!(kept, 5, "two logs and three reports");
}

#[test]
fn a_run_that_shows_nothing_is_invalid() {
    let spira = Spira::start();
    let api = spira.api();
    let inference = spira.inference("0.01");
    // A user who cannot log in.
    let experiment = Experiment::new(api.port).with(&[("SPIRA_PASSWORD", "wrong")]);
    ends(
        &experiment.run(&[]),
        2,
        "invalid",
        &["does not answer as it should: 401"],
    );
    // Nobody there.
    let port = free_port().expect("a port");
    let experiment = Experiment::new(port);
    ends(
        &experiment.run(&[]),
        2,
        "invalid",
        &["ConnectionRefusedError"],
    );
    // A post that fails before anything is broken.
    let (port, _first) = proxy(&spira, api.port, &json!({"3": "plain"}));
    let experiment = Experiment::new(port);
    let words = ["no steady state in the baseline: 1 of"];
    ends(&experiment.run(&[]), 2, "invalid", &words);
    // All fail: no hot loop, and an end before its time.
    let all: BTreeMap<String, &str> = (12..400)
        .map(|number| (number.to_string(), "plain"))
        .collect();
    let (port, _second) = proxy(&spira, api.port, &json!(all));
    let experiment = Experiment::new(port).with(&[
        ("EXPERIMENT_DURATION_SECONDS", "60"),
        ("EXPERIMENT_ABORT_PERCENT", "50"),
    ]);
    ends(
        &experiment.run(&[]),
        2,
        "invalid",
        &["aborted: more than 50 %"],
    );
    let posts = experiment.events("invoke").len();
    assert!(posts < 100, "{posts} posts");
    // Acknowledged, and nobody completes them.
    inference.kill();
    let experiment = Experiment::new(api.port).with(&[
        ("EXPERIMENT_USERS", "1"),
        ("EXPERIMENT_QUIESCENCE_SECONDS", "2"),
    ]);
    let words = ["acknowledged inferences are not completed after 2 s"];
    ends(&experiment.run(&[]), 1, "fail", &words);
}

/// A variable, a value that is wrong, and what is said.
const WRONG: &[(&str, &str, &str)] = &[
    ("EXPERIMENT_RATE", "0", "a decimal above 0 and up to 1000"),
    (
        "EXPERIMENT_RATE",
        "-1",
        "EXPERIMENT_RATE is '-1': a decimal above 0",
    ),
    ("EXPERIMENT_RATE", "inf", "a decimal above 0"),
    (
        "EXPERIMENT_DURATION_SECONDS",
        "604800",
        "EXPERIMENT_RATE is '5': a rate at which no more than 50000 are posted in all",
    ),
    (
        "EXPERIMENT_USERS",
        "1001",
        "a whole number from 1 to 1000 is needed",
    ),
    (
        "EXPERIMENT_DURATION_SECONDS",
        "0",
        "EXPERIMENT_DURATION_SECONDS is '0': a whole number from 1",
    ),
    (
        "EXPERIMENT_BASELINE_SECONDS",
        "0.5",
        "a whole number from 1",
    ),
    (
        "EXPERIMENT_QUIESCENCE_SECONDS",
        "5m",
        "a whole number from 1",
    ),
    ("EXPERIMENT_TIMEOUT_SECONDS", "", ""),
    ("EXPERIMENT_ABORT_PERCENT", "101", "from 1 to 100"),
    ("EXPERIMENT_CONTROL", "yes", "true or false is needed"),
    (
        "EXPERIMENT_FAULTS",
        "chaos",
        "chaos-mesh or delete-pods or none is needed",
    ),
    (
        "EXPERIMENT_FAULTS",
        "chaos-mesh",
        "at least one Schedule, or EXPERIMENT_FAULTS other than chaos-mesh, is needed",
    ),
    ("EXPERIMENT_TARGETS", "[", "a line of JSON for each"),
    ("EXPERIMENT_TARGETS", "[]", "at least one target"),
    (
        "EXPERIMENT_TARGETS",
        MYSQL,
        "no mysql but one of api-server",
    ),
    ("EXPERIMENT_TARGETS", NO_PODS, "a line of JSON for each"),
    ("EXPERIMENT_NAMESPACE", "Spira!", "the name of a namespace"),
    (
        "EXPERIMENT_KUBERNETES_URL",
        "http://127.0.0.1:1",
        "an https URL",
    ),
    ("SPIRA_API_BASE_URL", "spira:80", "a URL such as"),
    ("SPIRA_PASSWORD", "", "SPIRA_PASSWORD is not set"),
];
const TARGET: &str = r#"{"component": "nats", "labels": "app=nats", "pods": 1}"#;
const MYSQL: &str = r#"{"component": "mysql", "labels": "app=nats", "pods": 1}"#;
const NO_PODS: &str = r#"[{"component": "nats", "labels": "app=nats", "pods": 0}]"#;

#[test]
fn bad_settings_are_refused_by_name_and_value() {
    for &(name, value, right) in WRONG {
        let directory = tempfile::tempdir().expect("a directory");
        for file in ["token", "ca.crt"] {
            fs::write(directory.path().join(file), "").expect("written");
        }
        let experiment = Experiment::new(1).with(&[
            ("EXPERIMENT_FAULTS", "delete-pods"),
            ("EXPERIMENT_TARGETS", TARGET),
            ("EXPERIMENT_KUBERNETES_URL", "https://127.0.0.1:1"),
            (
                "EXPERIMENT_SERVICE_ACCOUNT_DIRECTORY",
                directory.path().to_str().expect("UTF-8"),
            ),
            (name, value),
        ]);
        let outcome = experiment.run(&[]);
        if right.is_empty() {
            // Unset is the default, so the variables that are left are good: it fails at the certificates.
            ends(&outcome, 2, "invalid", &["ca.crt"]);
            continue;
        }
        ends(&outcome, 2, "invalid", &[name, value, right]);
        assert_eq!(
            outcome
                .text
                .lines()
                .filter(|line| line.contains(" is "))
                .count(),
            2,
            "one problem, and the verdict: {}",
            outcome.text
        );
    }
}

#[test]
fn parts_do_what_they_say() {
    let scripts = super::scene::scripts();
    let scripts = scripts.to_str().expect("UTF-8");
    let scene = Scene::new();
    let run = scene.start_own(Api, "experiment_parts.py", &[scripts]);
    run.finish().is_well().says(&["well"]);
}
