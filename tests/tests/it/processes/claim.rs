//! The claim: no acknowledged inference is lost, whatever dies meanwhile. False of SPIRA's programs alone, true of them
//! with the guard and redelivery around them.
//!
//! `SPIRA_POSTS` says how many inferences each half posts.

use std::env;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use xtask::python::Environment::Api;
use xtask::servers::free_port;

use super::guard::Guard;
use super::spira::Spira;

const USERS: u32 = 4;

/// How the posts of one half ended.
struct Ended {
    acknowledged: Vec<String>,
    failed: usize,
}

fn posts() -> u32 {
    env::var("SPIRA_POSTS").map_or(60, |count| count.parse().expect("SPIRA_POSTS is a number"))
}

fn strings(list: &Value) -> Vec<String> {
    serde_json::from_value(list.clone()).expect("a list of texts")
}

/// Posts while the inference server dies for two seconds, and NATS for one, again and again.
fn flood(spira: &mut Spira, port: u16) -> Ended {
    let arguments = [
        format!("127.0.0.1:{port}"),
        posts().to_string(),
        USERS.to_string(),
        "0.2".to_owned(),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut inference = Some(spira.inference("0.05"));
    let mut run = spira.scene.start_own(Api, "post.py", &arguments);
    while !run.has_ended() {
        inference.take().expect("it runs").kill();
        thread::sleep(Duration::from_secs(2));
        inference = Some(spira.inference("0.05"));
        thread::sleep(Duration::from_secs(1));
        let nats = spira.server("nats");
        nats.kill();
        thread::sleep(Duration::from_secs(1));
        nats.start().unwrap_or_else(|error| panic!("{error}"));
        thread::sleep(Duration::from_secs(2));
    }
    let outcome = run.finish();
    outcome.is_well();
    let ended: Value = serde_json::from_str(outcome.text.lines().last().unwrap_or_default())
        .expect("what post.py prints");
    // What is late comes now.
    thread::sleep(Duration::from_secs(5));
    spira.keep(inference.expect("it runs"));
    Ended {
        acknowledged: strings(&ended["ok"]),
        failed: ended["failed"].as_array().expect("a list").len(),
    }
}

/// Median of the seconds that acknowledged posts took.
fn median(spira: &Spira, port: u16, users: u32) -> f64 {
    let ended = spira.post(port, 40, users);
    let mut seconds: Vec<f64> = serde_json::from_value(ended["seconds"].clone()).expect("numbers");
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

#[test]
fn no_acknowledged_inference_is_lost() {
    let mut spira = Spira::start();
    let api = spira.api();
    let alone = flood(&mut spira, api.port);
    let lost = spira.incomplete(&alone.acknowledged);
    println!(
        "the programs alone: {} acknowledged, {} of them not completed, {} failed",
        alone.acknowledged.len(),
        lost.len(),
        alone.failed
    );
    assert!(
        !lost.is_empty(),
        "the control lost nothing: it proves nothing"
    );
    assert!(
        alone.failed > 0,
        "the control failed nothing: it proves nothing"
    );
    drop(api);

    let mut spira = Spira::start();
    let api = spira.api();
    let guard = Guard::start(spira.scene.dir(), "{}", api.port);
    // Before NATS dies: a program that has met that stalls for 2 s now and then (SPIRA contract B8, no. 12).
    let inference = spira.inference("0.05");
    let direct = median(&spira, api.port, 1);
    let through = [1, 8].map(|users| median(&spira, guard.port, users));
    println!(
        "median of a post: direct 1, through the guard {:.2}, 8 at a time {:.2} ({:.0} ms direct)",
        through[0] / direct,
        through[1] / direct,
        direct * 1000.0
    );
    inference.kill();
    for (name, value) in [
        ("REDELIVERY_AGE_SECONDS", "2"),
        ("REDELIVERY_INTERVAL_SECONDS", "1"),
        ("REDELIVERY_BACKOFF_SECONDS", "2"),
        ("REDELIVERY_MAX_ATTEMPTS", "30"),
        ("REDELIVERY_MAX_IN_FLIGHT", "20"),
    ] {
        spira.scene.set(name, value);
    }
    let port = free_port().expect("a port");
    spira.scene.set("REDELIVERY_PORT", port.to_string());
    let _redelivery = spira.scene.start(Api, "redeliver.py", &[]);
    let guarded = flood(&mut spira, guard.port);
    spira.completes_all(&guarded.acknowledged);
    println!(
        "with guard and redelivery: {} acknowledged, 0 of them not completed, {} failed; redelivered: {}",
        guarded.acknowledged.len(),
        guarded.failed,
        super::spira::get(port, "/metrics")
            .1
            .lines()
            .filter(|line| line.starts_with("spira_inferences_redelivered_total"))
            .collect::<Vec<_>>()
            .join(", "),
    );
    assert_eq!(guarded.failed, 0);
    assert_eq!(guarded.acknowledged.len(), posts() as usize);
}
