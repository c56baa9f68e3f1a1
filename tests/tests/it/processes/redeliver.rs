//! `redeliver.py`: what was acknowledged and not completed is published again, and nothing else.
#![expect(
    clippy::float_cmp,
    reason = "metrics that count are whole numbers, which floats hold exactly"
)]

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};
use xtask::python::Environment::Api;

use super::scene::{PATIENCE, Run};
use super::spira::Spira;

const SCRIPT: &str = "redeliver.py";

/// The stores with a model in them, and a redelivery that looks every second for what is a second old.
fn spira() -> Spira {
    let mut spira = Spira::start();
    for (name, value) in [
        ("REDELIVERY_AGE_SECONDS", "1"),
        ("REDELIVERY_INTERVAL_SECONDS", "1"),
        ("REDELIVERY_BACKOFF_SECONDS", "1"),
        ("REDELIVERY_MAX_ATTEMPTS", "1000"),
        ("REDELIVERY_MAX_IN_FLIGHT", "20"),
    ] {
        spira.scene.set(name, value);
    }
    spira
}

/// A redelivery, and where its metrics are.
fn redelivery(spira: &mut Spira) -> (Run, u16) {
    let port = xtask::servers::free_port().expect("a port");
    spira.scene.set("REDELIVERY_PORT", port.to_string());
    let mut run = spira.scene.start(Api, SCRIPT, &[]);
    run.says("watching");
    (run, port)
}

/// What the metrics say, by series.
fn metrics(port: u16) -> BTreeMap<String, f64> {
    let (status, text) = super::spira::get(port, "/metrics");
    assert_eq!(status, 200, "{text}");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a sample");
            (name.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

/// What a series says; nothing before the first round.
fn of(metrics: &BTreeMap<String, f64>, series: &str) -> f64 {
    metrics.get(series).copied().unwrap_or(f64::NAN)
}

/// Waits until the metrics are as they should be.
fn becomes(port: u16, what: &str, is: impl Fn(&BTreeMap<String, f64>) -> bool) {
    let start = Instant::now();
    loop {
        let now = metrics(port);
        if is(&now) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: {now:#?}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// The requests that a listener has got.
fn requests(listener: &Run) -> Vec<Value> {
    let text = listener.text();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn ids(listener: &Run) -> Vec<String> {
    let id = |request: &Value| request["id"].as_str().expect("an id").to_owned();
    requests(listener).iter().map(id).collect()
}

#[test]
fn a_lost_request_is_published_again_as_the_api_does() {
    let mut spira = spira();
    let api = spira.api();
    let heard = spira.inference("0");
    let first = spira.post(api.port, 1, 1);
    let first = first["ok"][0].as_str().expect("acknowledged").to_owned();
    let as_the_api = requests(&heard).pop().expect("the API's own");
    spira.completes(&[&first]);
    heard.kill();

    // Nobody listens.
    let second = spira.post(api.port, 1, 1);
    let second = second["ok"][0].as_str().expect("acknowledged").to_owned();
    let mut again = spira.inference("0");
    let (_redelivery, _) = redelivery(&mut spira);
    again.waits_for("a request", |text| text.contains(&second));
    spira.completes(&[&first, &second]);

    let mut as_redelivered = requests(&again).pop().expect("one");
    assert_eq!(as_redelivered["id"], json!(second));
    assert_eq!(as_redelivered["created_in"], spira.state()[&second][2]);
    // In all else the two posts were the same.
    for field in ["id", "created_in"] {
        as_redelivered[field] = as_the_api[field].clone();
    }
    assert_eq!(as_redelivered, as_the_api);
    assert_eq!(as_redelivered.as_object().expect("fields").len(), 21);
}

#[test]
fn only_what_was_acknowledged_and_can_be_done_is_published_oldest_first() {
    let mut spira = spira();
    spira.scene.set("REDELIVERY_AGE_SECONDS", "60");
    let missing = "not available";
    let ids_ = spira.insert(&json!([
        {"age": 100, "status": "processing", "diagnosis": missing},
        {"age": 300, "status": "processing", "diagnosis": missing},
        {"age": 200, "status": "completed", "diagnosis": missing},
        // The result was written and the status was not.
        {"age": 150, "status": "processing", "diagnosis": "fixed"},
        // Never acknowledged; too young; done; without a recording.
        {"age": 400, "status": "processing"},
        {"age": 5, "status": "processing", "diagnosis": missing},
        {"age": 400, "status": "completed", "diagnosis": "fixed"},
        {"age": 400, "status": "processing", "diagnosis": missing, "recordings": ["aceite", "parlenda"]},
    ]));
    let mut listener = spira.inference("-1");
    let (_redelivery, port) = redelivery(&mut spira);
    listener.waits_for("four", |text| text.matches("\"id\"").count() == 4);
    let expected = [1, 2, 3, 0].map(|n: usize| ids_[n].clone());
    assert_eq!(ids(&listener), expected);
    becomes(port, "all of the catalogue", |_| {
        crate::metrics::has_all("redelivery", &crate::metrics::read(port, "/metrics")).is_ok()
    });
    becomes(port, "what was done is counted", |now| {
        of(
            now,
            "spira_inferences_redelivered_total{reason=\"processing\"}",
        ) == 3.0
            && of(now, "spira_inferences_redelivered_total{reason=\"result\"}") == 1.0
            && of(now, "spira_inferences_waiting") == 4.0
            && of(now, "spira_results_missing") == 1.0
            && of(now, "spira_inferences_unrecoverable") == 1.0
            && of(now, "spira_inferences{status=\"completed\"}") == 2.0
            && of(now, "spira_inferences{status=\"processing\"}") == 6.0
            && (400.0..460.0).contains(&of(now, "spira_inference_oldest_waiting_seconds"))
            && of(now, "spira_redelivery_unheard_total") == 0.0
    });
}

#[test]
fn tries_are_bounded_for_all_programs_together_and_over_a_restart() {
    let mut spira = spira();
    spira.scene.set("REDELIVERY_MAX_ATTEMPTS", "2");
    spira.scene.set("REDELIVERY_MAX_IN_FLIGHT", "2");
    let waiting = json!({"age": 100, "status": "processing", "diagnosis": "not available"});
    let mut all = spira.insert(&json!(vec![waiting; 5]));
    all.sort();
    // While nobody listens no try counts.
    let (one, port) = redelivery(&mut spira);
    becomes(port, "nobody listens", |now| {
        of(now, "spira_redelivery_unheard_total") >= 4.0
    });
    let listener = spira.inference("-1");
    let (other, _) = redelivery(&mut spira);
    becomes(port, "the first try", |now| {
        of(
            now,
            "spira_inferences_redelivered_total{reason=\"processing\"}",
        ) >= 2.0
    });
    let text = one.text() + &other.text();
    one.kill();
    let (one, port) = redelivery(&mut spira);
    becomes(port, "all are given up", |now| {
        of(now, "spira_inferences_given_up") == 5.0
    });
    let mut tried = ids(&listener);
    tried.sort();
    // A killed program may have published what it did not get to count.
    let times = |id: &String| tried.iter().filter(|tried| *tried == id).count();
    let said = || format!("{tried:?}\n{text}---\n{}---\n{}", one.text(), other.text());
    assert!(all.iter().all(|id| times(id) >= 2), "{}", said());
    assert!((10..=12).contains(&tried.len()), "{tried:?}");
    for text in [text, one.text(), other.text()] {
        for line in text.lines().filter(|line| line.contains("published")) {
            let count = line.split_whitespace().nth(2).expect("a count");
            assert!(matches!(count, "0" | "1" | "2"), "{line}");
        }
    }
}

#[test]
fn it_outlives_its_services_and_catches_up() {
    let mut spira = spira();
    let _api = spira.api();
    let (mut run, port) = redelivery(&mut spira);
    let waiting = json!({"age": 100, "status": "processing", "diagnosis": "not available"});
    for (name, dependency) in [
        ("nats", "nats"),
        ("mongodb", "mongodb"),
        ("minio", "object-store"),
    ] {
        let ids = spira.insert(&json!([waiting]));
        spira.server(name).kill();
        run.says(&format!("{dependency}: away"));
        spira
            .server(name)
            .start()
            .unwrap_or_else(|error| panic!("{error}"));
        run.says(&format!("{dependency}: back"));
        let listener = spira.inference("0");
        spira.completes_all(&ids);
        listener.kill();
        let failures = format!("spira_redelivery_failures_total{{dependency=\"{dependency}\"}}");
        assert!(metrics(port)[&failures] >= 1.0);
    }
    becomes(port, "nothing waits", |now| {
        of(now, "spira_inferences_waiting") == 0.0
    });
    assert_eq!(run.text().matches("mongodb: away").count(), 1);
    assert_eq!(super::spira::get(port, "/healthz").0, 200);
    assert_eq!(super::spira::get(port, "/").0, 404);
    run.terminate();
    run.finish().is_well().says(&["stopped"]);
}

#[test]
fn bad_settings_are_named_all_at_once() {
    let mut scene = super::scene::Scene::new();
    scene.set("REDELIVERY_AGE_SECONDS", "soon");
    scene.set("REDELIVERY_PORT", "0");
    scene.run(Api, SCRIPT, &[]).fails_with(&[
        "REDELIVERY_AGE_SECONDS is 'soon': a whole number of at least 1 is needed",
        "REDELIVERY_PORT is '0'",
        "M_CONN_URL is not set",
    ]);
}
