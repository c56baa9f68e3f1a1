//! The guard's configuration, as the chart has it, in a real `HAProxy`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::debian::{self, Program};
use xtask::process::Process;
use xtask::python::Environment::Api;
use xtask::servers::free_port;

use super::scene::{PATIENCE, Run, Scene};
use super::spira::get;
use crate::support::Case;

const POSTS: &str = "/v1/users/5f/inferences";

/// A guard, with the ports that stand for those of the pod.
pub struct Guard {
    pub port: u16,
    status: u16,
    process: Process,
}

impl Guard {
    /// In front of a program on port `program`, as these values of `api-server.guard` make it.
    pub fn start(dir: &Path, values: &str, program: u16) -> Self {
        let [port, status] = [0; 2].map(|_| free_port().expect("a port"));
        let text = configuration(values)
            .replace("bind :8080", &format!("bind 127.0.0.1:{port}"))
            .replace("bind :8404", &format!("bind 127.0.0.1:{status}"))
            .replace("127.0.0.1:8000", &format!("127.0.0.1:{program}"));
        let file = dir.join(format!("haproxy-{port}.cfg"));
        fs::write(&file, text).expect("written");
        let mut command =
            debian::command(Program::Haproxy).unwrap_or_else(|error| panic!("{error}"));
        command.args(["-db", "-f"]).arg(file);
        let log = dir.join(format!("haproxy-{port}.log"));
        let mut process = Process::start("haproxy", &command, &log).expect("sh");
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", status)).is_err() {
            let fails = process.ended().is_some() || start.elapsed() > PATIENCE;
            assert!(!fails, "{}", process.log_tail(20));
            thread::sleep(Duration::from_millis(20));
        }
        Self {
            port,
            status,
            process,
        }
    }

    fn becomes(&self, path: &str, status: u16) {
        let start = Instant::now();
        while get(self.status, path).0 != status {
            assert!(start.elapsed() < PATIENCE, "{path} is not {status}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn configuration(values: &str) -> String {
    let objects = Case::new(format!("api-server: {{guard: {values}}}"))
        .library()
        .expect("rendered");
    let map = objects
        .iter()
        .find(|o| o["kind"] == "ConfigMap" && o["metadata"]["name"] == "spira-api-server-guard")
        .expect("the guard's ConfigMap");
    map["data"]["haproxy.cfg"]
        .as_str()
        .expect("text")
        .to_owned()
}

/// A program that counts, behind a guard that has seen that it is there.
fn scene(values: &str) -> (Scene, Run, u16, Guard) {
    let scene = Scene::new();
    let port = free_port().expect("a port");
    let mut program = scene.start_own(Api, "program_standin.py", &[&port.to_string()]);
    program.says("serving");
    let guard = Guard::start(scene.dir(), values, port);
    guard.becomes("/ready", 200);
    (scene, program, port, guard)
}

fn counts(program: u16) -> Value {
    serde_json::from_str(&get(program, "/counts").1).expect("JSON")
}

/// Sends a request as it is; the status, the whole answer, and how long it took.
fn send(port: u16, request: &str) -> (u16, String, Duration) {
    let start = Instant::now();
    let mut connection = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    connection.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    // A connection that is reset after an answer has still given it.
    let _ = connection.read_to_string(&mut answer);
    let status = answer.split_whitespace().nth(1).unwrap_or("0");
    (status.parse().expect("a status"), answer, start.elapsed())
}

fn post(path: &str, head: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n{head}\r\n{body}",
        body.len()
    )
}

/// Sends the same request so many times at once; statuses, and the longest time of each that was refused.
fn at_once(port: u16, count: usize, request: &str) -> Vec<(u16, Duration)> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|_| scope.spawn(|| send(port, request)))
            .collect();
        let ended = threads.into_iter().map(|t| t.join().expect("no panic"));
        ended.map(|(status, _, took)| (status, took)).collect()
    })
}

#[test]
fn every_configuration_is_one_that_haproxy_takes() {
    let dir = tempfile::tempdir().expect("temporary directory");
    for (number, values) in [
        "{}",
        "{maxBodyBytes: 65536, maxPending: 1, requestTimeoutSeconds: 1}",
    ]
    .into_iter()
    .enumerate()
    {
        let file = dir.path().join(format!("{number}.cfg"));
        fs::write(&file, configuration(values)).expect("written");
        let mut haproxy =
            debian::command(Program::Haproxy).unwrap_or_else(|error| panic!("{error}"));
        let output = haproxy.args(["-c", "-f"]).arg(file).output().expect("run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{values}: {said}");
        assert!(!said.contains("WARNING"), "{values}: {said}");
    }
}

#[test]
fn posts_of_inferences_go_one_at_a_time_and_nothing_else_waits() {
    let request = post(POSTS, "X-Sleep: 0.1\r\n", "body");
    // The control: without the guard they meet.
    let (_scene, _program, port, _guard) = scene("{}");
    at_once(port, 8, &request);
    assert!(counts(port)["most"].as_i64() > Some(1));

    let (_scene, _program, port, guard) = scene("{}");
    for (status, _) in at_once(guard.port, 8, &request) {
        assert_eq!(status, 200);
    }
    let now = counts(port);
    assert_eq!(
        (now["most"].as_i64(), now["posts"].as_i64()),
        (Some(1), Some(8))
    );
    assert_eq!(now["forwarded"], "127.0.0.1");
    // Logins go at the same time, and a GET does not wait for a POST that hangs.
    let login = post("/v1/users/auth", "X-Sleep: 0.5\r\n", "body");
    at_once(guard.port, 4, &login);
    assert!(counts(port)["most"].as_i64() > Some(1));
    thread::scope(|scope| {
        scope.spawn(|| send(guard.port, &post(POSTS, "X-Sleep: 3\r\n", "body")));
        thread::sleep(Duration::from_millis(300));
        let (status, _, took) = send(
            guard.port,
            "GET /v1/models/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        );
        assert!(
            status == 200 && took < Duration::from_millis(2_500),
            "{status} {took:?}"
        );
    });
    let (_, metrics) = get(guard.status, "/metrics");
    crate::metrics::has_all("haproxy", &metrics).unwrap_or_else(|error| panic!("{error}"));
    for series in [
        r#"haproxy_backend_http_responses_total{proxy="inferences",code="2xx"} 9"#,
        r#"haproxy_backend_status{proxy="others",state="UP"} 1"#,
    ] {
        assert!(metrics.contains(series), "no {series} in:\n{metrics}");
    }
}

#[test]
fn what_the_guard_refuses_is_refused_at_once_and_says_why() {
    let (_scene, _program, port, guard) = scene(
        "{maxPending: 2, maxBodyBytes: 65536, uploadTimeoutSeconds: 2, requestTimeoutSeconds: 3}",
    );
    let refused = |request: &str, status: u16, word: &str| {
        let (got, answer, took) = send(guard.port, request);
        assert_eq!(got, status, "{answer}");
        assert!(answer.contains(word), "no {word:?} in {answer}");
        assert!(took < Duration::from_secs(8), "{took:?}");
    };
    let large = "a".repeat(40_000);
    refused(
        &post(POSTS, "", &large),
        413,
        r#"{"detail":"the request is too large"#,
    );
    // What fits comes through whole, though it is greater than a buffer of HAProxy's own size.
    let fits = "a".repeat(32_000);
    assert_eq!(send(guard.port, &post(POSTS, "", &fits)).0, 200);
    assert_eq!(counts(port)["length"], 32_000);
    let chunked = format!("POST {POSTS} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    refused(
        &chunked,
        400,
        r#"{"detail":"bad request, or without its length"#,
    );

    // An upload that does not go on keeps nobody waiting, and ends.
    thread::scope(|scope| {
        let slow = scope.spawn(|| {
            let request = post(POSTS, "", "body");
            send(guard.port, &request[..request.len() - 2])
        });
        thread::sleep(Duration::from_millis(300));
        let (status, _, took) = send(guard.port, &post(POSTS, "", "body"));
        assert!(
            status == 200 && took < Duration::from_millis(1_600),
            "{status} {took:?}"
        );
        let (status, answer, _) = slow.join().expect("no panic");
        assert_eq!(status, 408, "{answer}");
    });
    // More than may be pending.
    let ended = at_once(guard.port, 6, &post(POSTS, "X-Sleep: 2\r\n", "body"));
    let busy: Vec<_> = ended.iter().filter(|(status, _)| *status == 503).collect();
    assert_eq!(busy.len(), 4, "{ended:?}");
    assert!(
        busy.iter()
            .all(|(_, took)| *took < Duration::from_millis(1_900)),
        "{ended:?}"
    );
    refused(
        &post(POSTS, "X-Sleep: 30\r\n", "body"),
        504,
        r#"{"detail":"no answer in time, outcome unknown"#,
    );
}

#[test]
fn no_post_is_sent_twice_and_the_program_may_go_and_come() {
    let (scene, program, port, mut guard) = scene("{}");
    let dropped = send(guard.port, &post(POSTS, "X-Drop: yes\r\n", "body"));
    assert_eq!(dropped.0, 502, "{}", dropped.1);
    assert_eq!(counts(port)["posts"], 1);
    // A GET is asked again.
    assert_eq!(get(guard.port, "/drop").0, 200);
    assert_eq!(counts(port)["drops"], 2);

    // Told to stop, it lets a request come to its end and takes no more.
    thread::scope(|scope| {
        let last = scope.spawn(|| send(guard.port, &post(POSTS, "X-Sleep: 2\r\n", "body")));
        thread::sleep(Duration::from_millis(500));
        guard.process.signal("USR1");
        thread::sleep(Duration::from_millis(300));
        assert!(TcpStream::connect(("127.0.0.1", guard.port)).is_err());
        assert_eq!(last.join().expect("no panic").0, 200);
    });
    let start = Instant::now();
    while guard.process.ended().is_none() {
        assert!(start.elapsed() < PATIENCE, "it does not end");
        thread::sleep(Duration::from_millis(50));
    }

    let guard = Guard::start(scene.dir(), "{}", port);
    guard.becomes("/ready", 200);
    program.kill();
    guard.becomes("/ready", 503);
    assert_eq!(get(guard.status, "/live").0, 200);
    let (status, answer, took) = send(guard.port, &post(POSTS, "", "body"));
    assert_eq!(status, 503, "{answer}");
    assert!(
        answer.contains(r#"{"detail":"busy or away, try again later"#),
        "{answer}"
    );
    assert!(took < Duration::from_secs(20), "{took:?}");
    let mut again = scene.start_own(Api, "program_standin.py", &[&port.to_string()]);
    again.says("serving");
    guard.becomes("/ready", 200);
    assert_eq!(send(guard.port, &post(POSTS, "", "body")).0, 200);
}
