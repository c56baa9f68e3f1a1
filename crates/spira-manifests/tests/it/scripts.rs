//! The scripts that run in SPIRA's images, run with real sockets on loopback.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// A script with an environment of its own, run to its end.
fn run(script: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scripts");
    Command::new("python3")
        .arg(scripts.join(script))
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .expect("python3 runs the scripts")
}

fn text(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn succeeds(output: &Output, says: &str) {
    assert_eq!(output.status.code(), Some(0), "{}", text(output));
    assert!(text(output).contains(says), "{}", text(output));
}

#[track_caller]
fn fails(output: &Output, says: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", text(output));
    assert!(text(output).contains(says), "{}", text(output));
    assert!(!text(output).contains("Traceback"), "{}", text(output));
}

/// Listens and greets every client with `greeting`, keeping connections open until it is dropped.
struct Server {
    port: u16,
    stop: mpsc::Sender<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    fn start(port: u16, greeting: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let port = listener.local_addr().expect("it is bound").port();
        listener.set_nonblocking(true).expect("a socket can");
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut connections = Vec::new();
            while matches!(stopped.try_recv(), Err(mpsc::TryRecvError::Empty)) {
                if let Ok((mut connection, _)) = listener.accept() {
                    let _ = connection.write_all(greeting.as_bytes());
                    connections.push(connection);
                }
                thread::sleep(Duration::from_millis(5));
            }
        });
        Self {
            port,
            stop,
            thread: Some(thread),
        }
    }

    fn nats() -> Self {
        Self::start(0, "INFO {}\r\n")
    }

    /// A client that has got its greeting, as SPIRA's listener has.
    fn client(&self) -> TcpStream {
        let mut client = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        client.read_exact(&mut [0; 5]).expect("it greets");
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }
}

/// A port on which nothing listens.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}

fn link(arguments: &[&str], nats: u16) -> Output {
    let url = format!("nats://spira:password@127.0.0.1:{nats}");
    run("link.py", arguments, &[("nats_conn_url", &url)])
}

#[test]
fn a_program_with_a_connection_is_connected_and_alive() {
    let nats = Server::nats();
    let _clients = [nats.client(), nats.client()];
    succeeds(&link(&["connected"], nats.port), "");
    succeeds(&link(&["alive"], nats.port), "");
}

#[test]
fn a_program_without_a_connection_is_deaf_while_nats_is_there() {
    let nats = Server::nats();
    // Twice: the script's own connection must not make it look well the next time.
    for _ in 0..2 {
        fails(
            &link(&["connected"], nats.port),
            "no connection to NATS on port",
        );
        fails(
            &link(&["alive"], nats.port),
            "no connection to NATS on port",
        );
    }
}

#[test]
fn a_program_is_not_restarted_while_nats_is_away() {
    let port = free_port();
    fails(&link(&["connected"], port), "no connection to NATS on port");
    succeeds(&link(&["alive"], port), "NATS does not answer");
}

#[test]
fn a_connection_that_nats_closed_does_not_count() {
    let nats = Server::nats();
    let port = nats.port;
    let client = nats.client();
    succeeds(&link(&["connected"], port), "");
    drop(nats);
    // The client's end is now in CLOSE_WAIT.
    fails(&link(&["connected"], port), "no connection to NATS on port");
    succeeds(&link(&["alive"], port), "NATS does not answer");
    // NATS is back, and the program does not come back by itself.
    let _nats = Server::start(port, "INFO {}\r\n");
    fails(&link(&["alive"], port), "no connection to NATS on port");
    drop(client);
}

#[test]
fn a_stranger_on_the_port_of_nats_is_not_nats() {
    let stranger = Server::start(0, "220 mail.example.org\r\n");
    succeeds(&link(&["alive"], stranger.port), "NATS does not answer");
}

#[test]
fn a_program_whose_http_thread_died_is_not_alive() {
    let nats = Server::nats();
    let _client = nats.client();
    let http = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    let port = http.local_addr().expect("it is bound").port().to_string();
    succeeds(&link(&["alive", &port], nats.port), "");
    drop(http);
    fails(
        &link(&["alive", &port], nats.port),
        &format!("nothing listens on port {port}"),
    );
}

#[test]
fn scripts_refuse_arguments_that_they_do_not_know() {
    let nats = Server::nats();
    for arguments in [&[][..], &["maybe"]] {
        fails(&link(arguments, nats.port), "usage: link.py");
    }
    for arguments in [&[][..], &["5"], &["5", "cassandra"]] {
        fails(&run("wait.py", arguments, &[]), "usage: wait.py");
    }
}

#[test]
fn waits_for_nats_that_comes_late() {
    let port = free_port();
    let url = format!("nats://127.0.0.1:{port}");
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_secs(1));
        Server::start(port, "INFO {}\r\n")
    });
    let output = run("wait.py", &["60", "nats"], &[("nats_conn_url", &url)]);
    succeeds(&output, "nats: not ready: ConnectionRefusedError");
    succeeds(&output, "nats: ready");
    late.join().expect("the server starts");
}

#[test]
fn gives_up_on_nats_that_never_comes() {
    let url = format!("nats://127.0.0.1:{}", free_port());
    let start = Instant::now();
    let output = run("wait.py", &["4", "nats"], &[("nats_conn_url", &url)]);
    fails(&output, "nats: gave up: ConnectionRefusedError");
    fails(&output, "see global.connections.nats in the values");
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

/// Serves one answer a connection over HTTP, and tells what was asked.
fn http(answers: &[(u16, &'static str)]) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let answers = answers.to_vec();
    let asked = thread::spawn(move || {
        let answer = |(status, body): (u16, &str)| {
            let (mut connection, _) = listener.accept().expect("a client comes");
            let mut lines = BufReader::new(&connection).lines().map_while(Result::ok);
            let request = lines.next().unwrap_or_default();
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let head = format!(
                "HTTP/1.0 {status} Status\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let _ = connection.write_all(format!("{head}{body}").as_bytes());
            request
        };
        answers.into_iter().map(answer).collect()
    });
    (address, asked)
}

#[test]
fn waits_for_an_object_store_that_can_write() {
    let (address, asked) = http(&[(503, ""), (200, "")]);
    let output = run(
        "wait.py",
        &["60", "object-store"],
        &[("minio_conn_url", &address)],
    );
    succeeds(&output, "object-store: not ready: NotReady: answers 503");
    succeeds(&output, "object-store: ready");
    let asked = asked.join().expect("the server does not panic");
    assert_eq!(asked, ["GET /minio/health/cluster HTTP/1.1"; 2]);
}

#[test]
fn takes_an_object_store_that_is_not_minio() {
    let (address, asked) = http(&[(403, "<Error/>")]);
    let output = run(
        "wait.py",
        &["4", "object-store"],
        &[("minio_conn_url", &address)],
    );
    succeeds(&output, "object-store: ready");
    asked.join().expect("the server does not panic");
}

fn wait_for_model(seconds: &str, path: &str, address: &str) -> Output {
    let url = format!("http://{address}");
    let variables = [("mlflow_conn_url", url.as_str()), ("model_path", path)];
    run("wait.py", &[seconds, "model"], &variables)
}

#[test]
fn waits_for_a_version_in_the_stage() {
    let found = r#"{"model_versions": [{"version": "1", "status": "READY"}]}"#;
    let absent = r#"{"error_code": "RESOURCE_DOES_NOT_EXIST"}"#;
    let (address, asked) = http(&[(404, absent), (200, "{}"), (200, found)]);
    let output = wait_for_model("60", "models:/breath/Production", &address);
    succeeds(&output, "RESOURCE_DOES_NOT_EXIST");
    succeeds(&output, "model breath has no version that is Production");
    succeeds(&output, "model: ready");
    let path = "/api/2.0/mlflow/registered-models/get-latest-versions";
    let asked = asked.join().expect("the server does not panic");
    assert_eq!(
        asked[2],
        format!("GET {path}?name=breath&stages=Production HTTP/1.1")
    );
}

#[test]
fn waits_for_a_version_by_number_or_for_the_latest() {
    let pending = r#"{"model_version": {"status": "PENDING_REGISTRATION"}}"#;
    let ready = r#"{"model_version": {"status": "READY"}}"#;
    let (address, asked) = http(&[(200, pending), (200, ready)]);
    succeeds(
        &wait_for_model("60", "models:/breath/3", &address),
        "model: ready",
    );
    let asked = asked.join().expect("the server does not panic");
    let path = "/api/2.0/mlflow/model-versions/get";
    assert_eq!(
        asked[1],
        format!("GET {path}?name=breath&version=3 HTTP/1.1")
    );

    let (address, asked) = http(&[(200, r#"{"model_versions": [{}]}"#)]);
    succeeds(
        &wait_for_model("4", "models:/breath/latest", &address),
        "model: ready",
    );
    let asked = asked.join().expect("the server does not panic");
    assert!(asked[0].ends_with("get-latest-versions?name=breath HTTP/1.1"));
}

#[test]
fn gives_up_on_a_model_that_nobody_registers() {
    let (address, asked) = http(&[(200, "{}")]);
    let output = wait_for_model("1", "models:/breath/Production", &address);
    fails(
        &output,
        "model: gave up: NotReady: model breath has no version that is Production",
    );
    fails(
        &output,
        "see global.connections.mlflow and global.model in the values",
    );
    asked.join().expect("the server does not panic");
}

/// A stand-in for the MongoDB driver, whose servers are there from the second attempt on.
fn driver() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("spira-driver-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder");
    let text = r#"
attempts = []

class MongoClient:
    def __init__(self, url, serverSelectionTimeoutMS):
        assert url == "mongodb://user:password@db/spira", url
        assert serverSelectionTimeoutMS == 5000
        self.admin = self

    def command(self, name):
        attempts.append(name)
        if attempts != ["ping", "ping"]:
            raise TimeoutError("no primary")

    def close(self):
        pass
"#;
    fs::write(folder.join("pymongo.py"), text).expect("the folder can be written");
    folder
}

#[test]
fn waits_for_a_primary_of_mongodb() {
    let folder = driver();
    let path = folder.to_str().expect("a temporary path is text");
    let url = "mongodb://user:password@db/spira";
    let variables = [("PYTHONPATH", path), ("M_CONN_URL", url)];
    let output = run("wait.py", &["60", "mongodb"], &variables);
    succeeds(&output, "mongodb: not ready: TimeoutError: no primary");
    succeeds(&output, "mongodb: ready");
    assert!(!text(&output).contains("password"));
    let output = run("wait.py", &["1", "mongodb"], &variables);
    fails(&output, "mongodb: gave up: TimeoutError: no primary");
    fs::remove_dir_all(folder).expect("it is ours");
}

#[test]
fn dependencies_share_one_limit_of_time() {
    let nats = Server::nats();
    let urls = [
        format!("nats://127.0.0.1:{}", nats.port),
        format!("127.0.0.1:{}", free_port()),
    ];
    let variables = [
        ("nats_conn_url", urls[0].as_str()),
        ("minio_conn_url", urls[1].as_str()),
    ];
    let output = run("wait.py", &["1", "nats", "object-store"], &variables);
    fails(&output, "nats: ready");
    fails(&output, "object-store: gave up: ConnectionRefusedError");
}
