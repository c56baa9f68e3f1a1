//! `link.py`: whether a program still hears NATS, told from the TCP table.

use std::net::TcpListener;

use xtask::python::Environment;
use xtask::servers::Server;

use super::scene::{Outcome, PATIENCE, Run, Scene};

const SCRIPT: &str = "link.py";
const BOTH: [Environment; 2] = [Environment::Api, Environment::Inference];

fn scene() -> (Scene, Server) {
    let mut scene = Scene::new();
    let nats = Server::nats(scene.dir()).unwrap_or_else(|error| panic!("{error}"));
    scene.set("nats_conn_url", format!("nats://{}", nats.address()));
    (scene, nats)
}

fn subscriber(scene: &Scene, environment: Environment, more: &[&str]) -> Run {
    let arguments = [&[scene.variables["nats_conn_url"].as_str()], more].concat();
    let mut run = scene.start_own(environment, "subscriber.py", &arguments);
    run.says("subscribed");
    run
}

/// Asks until the answer has this code, which a closing or opening connection may take a moment for.
fn becomes(scene: &Scene, arguments: &[&str], code: i32) -> Outcome {
    let start = std::time::Instant::now();
    loop {
        let outcome = scene.run(Environment::Api, SCRIPT, arguments);
        if outcome.code == Some(code) {
            return outcome;
        }
        assert!(start.elapsed() < PATIENCE, "{arguments:?}: {outcome:?}");
    }
}

/// A port on which nobody listens, and one on which somebody does.
fn port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

#[test]
fn a_program_that_gave_up_is_deaf_only_once_nats_is_back() {
    for environment in BOTH {
        let (scene, mut nats) = scene();
        nats.start().unwrap_or_else(|error| panic!("{error}"));
        let asks = |mode: &str| scene.run(environment, SCRIPT, &[mode]);
        // Nothing has connected yet.
        asks("connected").fails_with(&["no connection to NATS"]);
        let mut program = subscriber(&scene, environment, &["2"]);
        asks("connected").is_well();
        asks("alive").is_well();

        nats.kill();
        becomes(&scene, &["connected"], 1).fails_with(&["no connection to NATS"]);
        // A restart would mend nothing.
        asks("alive").is_well().says(&["NATS does not answer"]);
        program.says("closed");
        asks("alive").is_well();

        nats.start().unwrap_or_else(|error| panic!("{error}"));
        asks("alive").fails_with(&["no connection to NATS on port"]);
        asks("connected").fails_with(&["no connection to NATS on port"]);

        // The restart that the failed probe brings.
        program.kill();
        let _program = subscriber(&scene, environment, &["2"]);
        asks("alive").is_well();
        asks("connected").is_well();
    }
}

#[test]
fn a_program_that_reconnects_is_well_again() {
    for environment in BOTH {
        let (scene, mut nats) = scene();
        nats.start().unwrap_or_else(|error| panic!("{error}"));
        let mut program = subscriber(&scene, environment, &["1000"]);
        nats.kill();
        becomes(&scene, &["connected"], 1);
        nats.start().unwrap_or_else(|error| panic!("{error}"));
        program.says("reconnected");
        becomes(&scene, &["connected"], 0);
        becomes(&scene, &["alive"], 0);
    }
}

#[test]
fn a_program_must_listen_where_it_should() {
    let (scene, mut nats) = scene();
    nats.start().unwrap_or_else(|error| panic!("{error}"));
    let (right, wrong) = (port().to_string(), port().to_string());
    let _program = subscriber(&scene, Environment::Api, &["2", &right]);
    let asks = |port: &str| scene.run(Environment::Api, SCRIPT, &["alive", port]);
    asks(&right).is_well();
    asks(&wrong).fails_with(&[&format!("nothing listens on port {wrong}")]);
}

#[test]
fn it_is_told_what_to_look_at() {
    let (scene, _nats) = scene();
    for arguments in [&[][..], &["well"]] {
        scene
            .run(Environment::Api, SCRIPT, arguments)
            .fails_with(&["usage: link.py connected"]);
    }
}
