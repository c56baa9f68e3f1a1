//! SPIRA in processes: its stores for real, and stand-ins of its two programs that fail as they do.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xtask::python::Environment::Api;
use xtask::servers::{KEY, Server, USER, free_port};

use super::scene::{PATIENCE, Run, Scene};

/// NATS, MongoDB (`FerretDB`) and MinIO, with a bucket and a model.
pub struct Spira {
    pub scene: Scene,
    servers: BTreeMap<&'static str, Server>,
    kept: Vec<Run>,
}

/// A stand-in of the API server.
pub struct ApiServer {
    pub port: u16,
    /// It is gone when this is dropped.
    _run: Run,
}

impl Spira {
    pub fn start() -> Self {
        let mut scene = Scene::new();
        let make = |server: xtask::Result<Server>| {
            let mut server = server.unwrap_or_else(|error| panic!("{error}"));
            server.start().unwrap_or_else(|error| panic!("{error}"));
            server
        };
        let servers = BTreeMap::from([
            ("nats", make(Server::nats(scene.dir()))),
            ("mongodb", make(Server::ferretdb(scene.dir()))),
            ("minio", make(Server::minio(scene.dir()))),
        ]);
        let address = |name: &str| servers[name].address();
        for (name, value) in [
            ("nats_conn_url", format!("nats://{}", address("nats"))),
            ("M_CONN_URL", format!("mongodb://{}/", address("mongodb"))),
            ("minio_conn_url", address("minio")),
            ("minio_access_key", USER.into()),
            ("minio_secret_key", KEY.into()),
            ("DATABASE_NAME", "spira".into()),
            ("user_collection_name", "users".into()),
            ("inference_collection_name", "inferences".into()),
            ("result_collection_name", "results".into()),
            ("model_collection_name", "models".into()),
            ("bucket_name", "audio-files".into()),
            ("file_extension", ".wav".into()),
            ("receiving_channel", "model-topic".into()),
            ("central_channel", "result_updates".into()),
        ] {
            scene.set(name, value);
        }
        let spira = Self {
            scene,
            servers,
            kept: Vec::new(),
        };
        spira.scene.ask(Api, "inferences.py", &["prepare"]);
        spira
    }

    /// Keeps something running as long as the stores.
    pub fn keep(&mut self, run: Run) {
        self.kept.push(run);
    }

    pub fn server(&mut self, name: &str) -> &mut Server {
        self.servers.get_mut(name).expect("one of the three")
    }

    /// A stand-in of the API server that serves and listens.
    pub fn api(&self) -> ApiServer {
        let port = free_port().expect("a port");
        self.api_on(port)
    }

    pub fn api_on(&self, port: u16) -> ApiServer {
        let mut run = self
            .scene
            .start_own(Api, "api_standin.py", &[&port.to_string()]);
        run.says("serving");
        ApiServer { port, _run: run }
    }

    /// A stand-in of the inference server that listens, and takes so many seconds for each request.
    pub fn inference(&self, seconds: &str) -> Run {
        let mut run = self
            .scene
            .start_own(Api, "inference_standin.py", &[seconds]);
        run.says("listening");
        run
    }

    /// So many posts, by so many users at a time.
    pub fn post(&self, port: u16, count: u32, users: u32) -> Value {
        let [count, users] = [count, users].map(|number| number.to_string());
        let address = format!("127.0.0.1:{port}");
        self.scene.ask(Api, "post.py", &[&address, &count, &users])
    }

    pub fn insert(&self, inferences: &Value) -> Vec<String> {
        let ids = self
            .scene
            .ask(Api, "inferences.py", &["insert", &inferences.to_string()]);
        serde_json::from_value(ids).expect("ids")
    }

    /// By id: status, diagnosis, and when it was created.
    pub fn state(&self) -> BTreeMap<String, Value> {
        let state = self.scene.ask(Api, "inferences.py", &["state"]);
        serde_json::from_value(state).expect("inferences")
    }

    /// Of these, those that are not completed with a result.
    pub fn incomplete(&self, ids: &[String]) -> Vec<String> {
        let state = self.state();
        let done = |id: &String| {
            state
                .get(id)
                .is_some_and(|now| now[0] == "completed" && now[1] == "fixed")
        };
        ids.iter().filter(|id| !done(id)).cloned().collect()
    }

    /// Waits until these are completed with a result.
    pub fn completes(&self, ids: &[&str]) {
        self.completes_all(&ids.iter().map(ToString::to_string).collect::<Vec<_>>());
    }

    pub fn completes_all(&self, ids: &[String]) {
        let start = Instant::now();
        loop {
            let left = self.incomplete(ids);
            if left.is_empty() {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "not completed: {}", json!(left));
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// Status and body of a GET.
pub fn get(port: u16, path: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split_whitespace().nth(1).expect("a status");
    (status.parse().expect("a number"), body.to_owned())
}
