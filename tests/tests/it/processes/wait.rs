//! `wait.py`: whether what a program needs at its start is there.

use xtask::python::Environment::Api;
use xtask::servers::Server;

use super::scene::{BRIEFLY, Impostor, LONG, Scene};

const SCRIPT: &str = "wait.py";

type Make = fn(&std::path::Path) -> xtask::Result<Server>;

/// Dependency, its server, the variable that says where it is, what stands before its address there, and the values
/// that are to be looked at if it never comes. MLflow and its models are in `model.rs`.
const DEPENDENCIES: [(&str, Make, &str, &str, &str); 4] = [
    (
        "mongodb",
        Server::ferretdb,
        "M_CONN_URL",
        "mongodb://",
        "global.connections.mongodb",
    ),
    (
        "object-store",
        Server::minio,
        "minio_conn_url",
        "",
        "global.connections.objectStore",
    ),
    (
        "nats",
        Server::nats,
        "nats_conn_url",
        "nats://",
        "global.connections.nats",
    ),
    (
        "postgresql",
        Server::postgresql,
        "PGPORT",
        "",
        "global.connections.postgresql",
    ),
];

/// Servers that do not run yet, and a script that knows where they will be.
fn scene() -> (Scene, Vec<Server>) {
    let mut scene = Scene::new();
    scene.set("PGHOST", "127.0.0.1");
    let mut servers = Vec::new();
    for (_, make, ..) in DEPENDENCIES {
        servers.push(make(scene.dir()).unwrap_or_else(|error| panic!("{error}")));
    }
    for (server, dependency) in servers.iter().zip(0..) {
        point(&mut scene, dependency, server.port());
    }
    (scene, servers)
}

fn point(scene: &mut Scene, dependency: usize, port: u16) {
    let (_, _, variable, before, _) = DEPENDENCIES[dependency];
    let value = match variable {
        "PGPORT" => port.to_string(),
        _ => format!("{before}127.0.0.1:{port}"),
    };
    scene.set(variable, value);
}

#[test]
fn each_is_waited_for_in_turn() {
    let (scene, mut servers) = scene();
    let names = DEPENDENCIES.map(|(name, ..)| name);
    let mut run = scene.start(Api, SCRIPT, &[&[LONG], &names[..]].concat());
    for (server, name) in servers.iter_mut().zip(names) {
        run.says(&format!("{name}: not ready: "));
        assert!(!run.text().contains(&format!("{name}: ready")));
        server.start().unwrap_or_else(|error| panic!("{error}"));
        run.says(&format!("{name}: ready"));
    }
    run.finish().is_well();
    // And again, all at once.
    let runs: Vec<_> = (0..2)
        .map(|_| scene.start(Api, SCRIPT, &[&[BRIEFLY], &names[..]].concat()))
        .collect();
    for run in runs {
        run.finish().is_well();
    }
}

#[test]
fn one_that_never_comes_is_named() {
    let (scene, _servers) = scene();
    let runs: Vec<_> = DEPENDENCIES
        .iter()
        .map(|(name, ..)| scene.start(Api, SCRIPT, &[BRIEFLY, name]))
        .collect();
    for (run, (name, _, _, _, values)) in runs.into_iter().zip(DEPENDENCIES) {
        run.finish().gave_up(&[
            &format!("{name}: gave up: "),
            "refused",
            &format!("(see {values} "),
        ]);
    }
}

#[test]
fn one_that_is_something_else_or_silent_is_not_ready() {
    let (mut scene, _servers) = scene();
    let silent = Impostor::start(0, "");
    let other = Impostor::start(
        0,
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\n\r\n",
    );
    for impostor in [&silent, &other] {
        for dependency in 0..DEPENDENCIES.len() {
            point(&mut scene, dependency, impostor.port());
        }
        let runs: Vec<_> = DEPENDENCIES
            .iter()
            .map(|(name, ..)| scene.start(Api, SCRIPT, &[BRIEFLY, name]))
            .collect();
        for (run, (name, ..)) in runs.into_iter().zip(DEPENDENCIES) {
            run.finish().gave_up(&[&format!("{name}: gave up: ")]);
        }
    }
}

#[test]
fn a_store_that_is_not_minio_is_ready_when_it_answers() {
    let mut scene = Scene::new();
    let other = Impostor::start(0, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    scene.set("minio_conn_url", format!("127.0.0.1:{}", other.port()));
    scene.run(Api, SCRIPT, &[BRIEFLY, "object-store"]).is_well();
}

#[test]
fn it_is_told_what_to_wait_for() {
    let scene = Scene::new();
    for arguments in [&["5"][..], &["5", "mysql"], &[]] {
        scene
            .run(Api, SCRIPT, arguments)
            .fails_with(&["usage: wait.py SECONDS DEPENDENCY..."]);
    }
}
