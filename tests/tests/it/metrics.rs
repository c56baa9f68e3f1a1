//! Which metrics there are: the catalogue that rules and dashboards may name, and what keeps it honest.
//!
//! `metrics/<exporter>.txt` holds the names that an exporter gives, a line each, without labels; a histogram with its
//! `_bucket`, `_sum` and `_count`. Lines with `#` say the source. What stands below a line that begins with
//! `# unseen by the tests` is not shown by a scrape here.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::process::Process;
use xtask::project;
use xtask::servers::{Server, free_port};
use xtask::tools::{self, Tool};

/// Everything that a release or kube-prometheus-stack has metrics from, each with a file.
pub const EXPORTERS: [&str; 10] = [
    "cloudnative-pg",
    "haproxy",
    "kube-state-metrics",
    "kubelet",
    "minio",
    "mlflow",
    "mongodb",
    "nats",
    "postgresql",
    "redelivery",
];

/// From here on a file's names are not shown by a scrape.
const UNSEEN: &str = "# unseen by the tests";

/// The names of all metrics that there are, without labels.
pub fn exported() -> BTreeSet<String> {
    let names = EXPORTERS.iter().flat_map(|exporter| exported_by(exporter));
    names.chain(every_target()).collect()
}

/// The names that one exporter gives.
pub fn exported_by(exporter: &str) -> BTreeSet<String> {
    names(&text(exporter))
}

/// What Prometheus itself adds for each target.
fn every_target() -> impl Iterator<Item = String> {
    let names = [
        "scrape_duration_seconds",
        "scrape_samples_post_metric_relabeling",
        "scrape_samples_scraped",
        "scrape_series_added",
        "up",
    ];
    names.into_iter().map(String::from)
}

/// Whether a scrape has all that the exporter's file says a scrape has.
pub fn has_all(exporter: &str, scrape: &str) -> Result<(), String> {
    lacks_none(exporter, &shown_by(exporter), &scraped(scrape))
}

fn lacks_none(
    exporter: &str,
    expected: &BTreeSet<String>,
    found: &BTreeSet<String>,
) -> Result<(), String> {
    let missing: Vec<_> = expected.difference(found).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("{exporter} gives no {missing:?}"))
}

/// The names in a scrape.
fn scraped(text: &str) -> BTreeSet<String> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let names = samples.filter_map(|line| line.split(['{', ' ']).next());
    names.map(String::from).collect()
}

/// Those of them that a scrape must show.
fn shown_by(exporter: &str) -> BTreeSet<String> {
    let text = text(exporter);
    names(text.split(UNSEEN).next().unwrap_or_default())
}

fn names(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(String::from).collect()
}

fn text(exporter: &str) -> String {
    let path = folder().join(format!("{exporter}.txt"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder() -> PathBuf {
    project::root().join("tests/tests/it/metrics")
}

/// What a server on loopback answers to a GET, which must be well. Asked as of old, so that it is in one piece.
pub fn read(port: u16, path: &str) -> String {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    connection.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    assert_eq!(
        head.split_whitespace().nth(1),
        Some("200"),
        "{path}: {answer}"
    );
    body.to_owned()
}

/// Starts a program and waits until it has metrics; what they say.
pub fn scrape(dir: &Path, command: &Command, port: u16, is_there: &str) -> (Process, String) {
    let mut process = Process::start("exporter", command, &dir.join("exporter.log")).expect("sh");
    let start = Instant::now();
    loop {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            let text = read(port, "/metrics");
            if text.contains(is_there) {
                return (process, text);
            }
        }
        let fails = process.ended().is_some() || start.elapsed() > Duration::from_mins(1);
        assert!(!fails, "{}", process.log_tail(20));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn every_name_is_one_and_stands_once() {
    let name = regex::Regex::new("^[a-zA-Z_:][a-zA-Z0-9_:]*$").expect("a pattern");
    for exporter in EXPORTERS {
        let text = text(exporter);
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() > 4, "{exporter}");
        assert!(text.starts_with("# "), "{exporter}: no source");
        assert_eq!(
            lines.len(),
            exported_by(exporter).len(),
            "{exporter}: twice"
        );
        for line in lines {
            assert!(name.is_match(line), "{exporter}: {line:?}");
        }
    }
    let files = crate::support::files(&folder());
    assert_eq!(files.len(), EXPORTERS.len(), "{files:?}");
    assert!(exported().contains("up"));
}

#[test]
fn a_name_that_a_scrape_lacks_is_missed() {
    let scrape = "# HELP a_total A.\na_total{b=\"c d\"} 1\nb 2\n";
    let set =
        |names: &[&str]| -> BTreeSet<String> { names.iter().map(ToString::to_string).collect() };
    assert_eq!(scraped(scrape), set(&["a_total", "b"]));
    lacks_none("x", &set(&["b"]), &scraped(scrape)).expect("it is there");
    let error = lacks_none("x", &set(&["b", "c"]), &scraped(scrape)).expect_err("it is not there");
    assert_eq!(error, r#"x gives no ["c"]"#);
    let error = has_all("nats", scrape).expect_err("nothing of NATS");
    assert!(error.contains("nats_varz_connections"), "{error}");
}

/// The exporter makes a name of each field by its path. Names of its own stand apart in the file.
#[test]
fn nats_answers_with_the_fields_that_the_exporter_makes_names_of() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let [port, monitor, cluster] = [0; 3].map(|_| free_port().expect("a port"));
    let file = dir.path().join("nats.conf");
    let text = format!(
        "server_name: a\nlisten: 127.0.0.1:{port}\nhttp: 127.0.0.1:{monitor}\n\
         cluster {{ name: c, listen: 127.0.0.1:{cluster} }}\n"
    );
    fs::write(&file, text).expect("written");
    let tools = tools::ensure(&[Tool::NatsServer]).unwrap_or_else(|error| panic!("{error}"));
    let mut command = Command::new(tools.path(Tool::NatsServer));
    command.arg("--config").arg(file);
    let mut process = Process::start("nats", &command, &dir.path().join("log")).expect("sh");
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", monitor)).is_err() {
        let fails = process.ended().is_some() || start.elapsed() > Duration::from_mins(1);
        assert!(!fails, "{}", process.log_tail(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut fields = BTreeSet::new();
    for endpoint in ["varz", "connz", "routez", "subsz"] {
        let answer = read(monitor, &format!("/{endpoint}"));
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        flatten(&format!("nats_{endpoint}"), &answer, &mut fields);
    }
    lacks_none("nats", &shown_by("nats"), &fields).unwrap_or_else(|error| panic!("{error}"));
}

fn flatten(path: &str, value: &Value, names: &mut BTreeSet<String>) {
    if let Some(fields) = value.as_object() {
        for (name, value) in fields {
            flatten(&format!("{path}_{name}"), value, names);
        }
    } else {
        names.insert(path.to_owned());
    }
}

#[test]
fn minio_gives_what_its_file_says() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut server = Server::minio(dir.path()).unwrap_or_else(|error| panic!("{error}"));
    server.start().unwrap_or_else(|error| panic!("{error}"));
    let start = Instant::now();
    loop {
        let of = |path: &str| read(server.port(), &format!("/minio/v2/metrics/{path}"));
        let answer = has_all("minio", &format!("{}{}", of("cluster"), of("node")));
        let Err(error) = answer else { return };
        // It adds up what it knows only every ten seconds.
        assert!(start.elapsed() < Duration::from_secs(40), "{error}");
        std::thread::sleep(Duration::from_millis(500));
    }
}
