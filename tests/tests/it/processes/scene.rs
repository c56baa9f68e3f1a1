//! Scripts as processes, with their variables and what they said.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use xtask::process::Process;
use xtask::project;
use xtask::python::{self, Environment};

/// Bound of everything that a test waits for; far above what it takes.
pub const PATIENCE: Duration = Duration::from_mins(2);
/// Bound of a script that must give up after [`BRIEFLY`], or at once: less than [`LONG`], and enough for a busy machine.
pub const GIVES_UP: Duration = Duration::from_mins(1);
/// Seconds for a script that will wait in vain.
pub const BRIEFLY: &str = "4";
/// Seconds for a script whose services will be there.
pub const LONG: &str = "100";

/// A directory for the state of a test's processes, and the variables of its scripts.
pub struct Scene {
    dir: TempDir,
    pub variables: BTreeMap<String, String>,
    runs: AtomicU32,
}

impl Scene {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("temporary directory"),
            variables: BTreeMap::new(),
            runs: AtomicU32::new(0),
        }
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// Starts one of the chart's scripts.
    pub fn start(&self, environment: Environment, script: &str, arguments: &[&str]) -> Run {
        self.launch(environment, &scripts().join(script), arguments)
    }

    /// Runs one of the chart's scripts to its end.
    pub fn run(&self, environment: Environment, script: &str, arguments: &[&str]) -> Outcome {
        self.start(environment, script, arguments).finish()
    }

    /// Starts one of the tests' own scripts.
    pub fn start_own(&self, environment: Environment, script: &str, arguments: &[&str]) -> Run {
        self.launch(environment, &own().join(script), arguments)
    }

    /// Runs one of the tests' own scripts, which must end well; the JSON on the last line that it prints.
    pub fn ask(&self, environment: Environment, script: &str, arguments: &[&str]) -> Value {
        let outcome = self.start_own(environment, script, arguments).finish();
        assert_eq!(outcome.code, Some(0), "{script}: {}", outcome.text);
        let last = outcome.text.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{script}: {error}: {last}"))
    }

    fn launch(&self, environment: Environment, script: &Path, arguments: &[&str]) -> Run {
        let python = python::ensure(environment).unwrap_or_else(|error| panic!("{error}"));
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let home = self.dir().join(format!("home-{number}"));
        fs::create_dir(&home).expect("a new directory");
        let log = self.dir().join(format!("run-{number}.log"));
        let mut command = Command::new(python.program("python3"));
        command
            .arg(script)
            .args(arguments)
            .current_dir(&home)
            // As the pods have it.
            .envs([("USER", "spira"), ("PYTHONUNBUFFERED", "1")])
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // A proxy of whoever runs the tests is not for loopback.
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .envs(&self.variables);
        let name = script.file_name().unwrap_or_default().to_string_lossy();
        let process = Process::start(&name, &command, &log).expect("sh");
        Run {
            process,
            log,
            since: Instant::now(),
        }
    }
}

/// A running script.
pub struct Run {
    process: Process,
    log: PathBuf,
    since: Instant,
}

impl Run {
    /// What it has said so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until it has said something, while it runs.
    pub fn says(&mut self, words: &str) {
        self.waits_for(words, |text| text.contains(words));
    }

    /// Waits until what it has said is as it should be, while it runs.
    pub fn waits_for(&mut self, what: &str, is_there: impl Fn(&str) -> bool) {
        loop {
            let ended = self.process.ended();
            let text = self.text();
            if is_there(&text) {
                return;
            }
            assert!(
                ended.is_none(),
                "it ended and did not say {what:?}:\n{text}"
            );
            assert!(
                self.since.elapsed() < PATIENCE,
                "it does not say {what:?}:\n{text}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until it ends.
    pub fn finish(mut self) -> Outcome {
        let status = loop {
            if let Some(status) = self.process.ended() {
                break status;
            }
            assert!(
                self.since.elapsed() < PATIENCE,
                "it does not end:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(20));
        };
        Outcome {
            code: status.code(),
            text: self.text(),
            took: self.since.elapsed(),
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.process.ended().is_some()
    }

    /// Asks it to end, as SIGTERM does.
    pub fn terminate(&self) {
        self.process.signal("TERM");
    }

    /// Sends it a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Kills it, as SIGKILL does.
    pub fn kill(mut self) {
        self.process.kill();
    }
}

/// How a script ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub text: String,
    pub took: Duration,
}

impl Outcome {
    /// It did what it is for.
    pub fn is_well(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{}", self.text);
        assert!(!self.text.contains("Traceback"), "{}", self.text);
        self
    }

    /// It failed, in words of its own.
    pub fn fails_with(&self, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(1), "{}", self.text);
        assert!(!self.text.contains("Traceback"), "{}", self.text);
        self.says(words)
    }

    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.text.contains(word), "no {word:?} in:\n{}", self.text);
        }
        self
    }

    /// It waited in vain for no longer than it should.
    pub fn gave_up(&self, words: &[&str]) -> &Self {
        assert!(self.took < GIVES_UP, "{:?}: {}", self.took, self.text);
        self.fails_with(words).says(&["gave up: ", "in the values"])
    }
}

/// Something that is no service: it takes connections and answers each with the same bytes, or never.
pub struct Impostor {
    port: u16,
    ends: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Impostor {
    /// On a port, which is any if it is 0.
    pub fn start(port: u16, answer: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            // Kept, so that who waits for an answer that never comes waits.
            let mut kept: Vec<TcpStream> = Vec::new();
            for connection in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(mut connection) = connection else {
                    continue;
                };
                if answer.is_empty() {
                    kept.push(connection);
                    continue;
                }
                // A client that has gone already does not matter.
                let _ = connection.set_read_timeout(Some(Duration::from_secs(1)));
                let _ = connection.read(&mut [0; 4096]);
                let _ = connection.write_all(answer.as_bytes());
            }
        });
        Self {
            port,
            ends,
            thread: Some(thread),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // Wakes it.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// The scripts of the chart.
pub fn scripts() -> PathBuf {
    project::root().join("crates/spira-manifests/src/scripts")
}

/// The scripts of these tests.
pub fn own() -> PathBuf {
    project::root().join("tests/tests/it/processes")
}
