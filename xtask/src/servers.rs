//! What SPIRA needs beside Kubernetes, as real processes on loopback: NATS, MongoDB (`FerretDB` stands in for it),
//! MinIO, PostgreSQL, MLflow.
//!
//! ```no_run
//! use xtask::servers::Server;
//!
//! let dir = tempfile::tempdir().expect("temporary directory");
//! let mut nats = Server::nats(dir.path())?;
//! nats.start()?;
//! println!("nats://{}", nats.address());
//! # Ok::<(), xtask::Error>(())
//! ```
//!
//! Each is made with a port of its own but not started, so that a test may look at what happens without it, and can be
//! killed and started again on the same port with what it has stored. A dropped server is gone, and so it is when this
//! process ends in any way. Go's module proxy has the first three, `PyPI` the others; they are built and installed on
//! first use.

mod launch;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub use self::launch::{KEY, PASSWORD, USER, free_port};
use crate::process::Process;
use crate::{Error, Result};

/// Bound of a start. The slowest takes some seconds on an idle machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Bound of one question.
const ANSWER: Duration = Duration::from_secs(2);

/// How a server shows that it serves.
#[derive(Debug)]
enum Ready {
    /// It takes connections.
    Connects,
    /// It takes connections and speaks first.
    Greets(&'static [u8]),
    /// It answers a GET of this path with 200.
    Answers(&'static str),
    /// This program ends well.
    Program(Command),
}

/// A server, running or not.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    port: u16,
    command: Command,
    ready: Ready,
    log: PathBuf,
    process: Option<Process>,
}

impl Server {
    /// The loopback port that it listens on when it runs.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Starts it and waits until it serves. Does nothing if it runs.
    ///
    /// # Errors
    /// If it ends, or does not serve in time; the message holds the end of its log.
    pub fn start(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut process = Process::start(self.name, &self.command, &self.log)?;
        let what = format!("{} on port {}", self.name, self.port);
        let start = Instant::now();
        while !self.serves() {
            if process.ended().is_some() {
                return Err(Error::Ended {
                    component: self.name.into(),
                    waiting_for: what,
                    log: process.log_tail(20),
                });
            }
            if start.elapsed() > PATIENCE {
                return Err(Error::Timeout {
                    what,
                    seconds: PATIENCE.as_secs(),
                    detail: process.log_tail(20),
                });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.process = Some(process);
        Ok(())
    }

    /// Kills it, as SIGKILL does. What it has stored stays.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        let process = self.process.as_ref();
        process.map_or_else(|| "it does not run".into(), |p| p.log_tail(lines))
    }

    fn serves(&mut self) -> bool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        match &mut self.ready {
            Ready::Connects => TcpStream::connect_timeout(&address, ANSWER).is_ok(),
            Ready::Greets(greeting) => says(address, "", greeting),
            Ready::Answers(path) => {
                let request =
                    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
                says(address, &request, b"HTTP/1.1 200 ")
            }
            Ready::Program(command) => command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success()),
        }
    }
}

/// Whether an answer begins as it should. Any error means that it does not yet.
fn says(address: SocketAddr, question: &str, answer: &[u8]) -> bool {
    let ask = || {
        let mut connection = TcpStream::connect_timeout(&address, ANSWER)?;
        connection.set_read_timeout(Some(ANSWER))?;
        connection.write_all(question.as_bytes())?;
        let mut said = vec![0; answer.len()];
        connection.read_exact(&mut said)?;
        Ok::<_, std::io::Error>(said == answer)
    };
    ask().unwrap_or(false)
}
