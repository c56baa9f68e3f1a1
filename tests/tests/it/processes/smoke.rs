//! `smoke.py`: what `helm test` says of a SPIRA that works, and of one that does not.

use xtask::python::Environment::Api;
use xtask::servers::free_port;

use super::scene::{Outcome, Scene};
use super::spira::Spira;

const SCRIPT: &str = "smoke.py";

/// What the test says of an API server on this port, with a second thought for each variable.
fn smoke(spira: &mut Spira, port: u16, others: &[(&str, &str)]) -> Outcome {
    let url = format!("http://127.0.0.1:{port}");
    for (name, value) in [
        ("SPIRA_API_BASE_URL", url.as_str()),
        ("SPIRA_USER", "user"),
        ("SPIRA_PASSWORD", "password"),
        ("SPIRA_MODEL", "model"),
        ("SMOKE_TIMEOUT_SECONDS", "30"),
        ("SMOKE_REQUEST_SECONDS", "10"),
    ]
    .iter()
    .chain(others)
    {
        spira.scene.set(name, *value);
    }
    spira.scene.run(Api, SCRIPT, &[])
}

#[test]
fn each_failure_is_named_with_where_to_look() {
    let mut spira = Spira::start();
    let nobody = free_port().expect("a port");
    smoke(&mut spira, nobody, &[]).fails_with(&[
        "log in: no answer from http://127.0.0.1:",
        "kubectl logs -l app.kubernetes.io/name=api-server",
    ]);

    let api = spira.api();
    let inference = spira.inference("0");
    let outcome = smoke(&mut spira, api.port, &[]);
    outcome.is_well().says(&[
        "log in: ",
        "find the model: ",
        "model on model-topic",
        "list hospitals: ",
        "post an inference: ",
        "wait until it is completed: ",
        "read the result: ",
        "diagnosis 'fixed'",
        "passed in ",
    ]);

    smoke(&mut spira, api.port, &[("SPIRA_PASSWORD", "wrong")]).fails_with(&[
        "log in: user user is refused (401): the password is wrong",
        "the Secret of global.user",
    ]);
    smoke(&mut spira, api.port, &[("SPIRA_MODEL", "other")]).fails_with(&[
        "find the model: no model other (there is: model)",
        "kubectl logs -l app.kubernetes.io/name=bootstrap",
    ]);

    inference.kill();
    let briefly = [("SMOKE_TIMEOUT_SECONDS", "3")];
    smoke(&mut spira, api.port, &briefly).fails_with(&[
        "wait until it is completed: still processing when the time is up",
        "kubectl logs -l app.kubernetes.io/name=inference-server",
    ]);

    let mut forgetful = spira
        .scene
        .start_own(Api, "complete_without_result.py", &[]);
    forgetful.says("completing");
    smoke(&mut spira, api.port, &briefly).fails_with(&[
        "read the result: completed, and its result still reads 'not available'",
        "kubectl logs -l app.kubernetes.io/name=redelivery",
    ]);
    forgetful.kill();

    spira.server("minio").kill();
    smoke(&mut spira, api.port, &[]).fails_with(&[
        "post an inference: the inference with its recordings is not taken: 500: Internal Server Error",
        "500 is an object store or NATS that is away",
    ]);
}

#[test]
fn what_is_not_set_is_named() {
    let mut scene = Scene::new();
    scene
        .run(Api, SCRIPT, &[])
        .fails_with(&["SPIRA_API_BASE_URL, SPIRA_USER, SPIRA_PASSWORD, SPIRA_MODEL"]);
    for name in ["SPIRA_USER", "SPIRA_PASSWORD", "SPIRA_MODEL"] {
        scene.set(name, "x");
    }
    scene.set("SPIRA_API_BASE_URL", "spira-api-server:80");
    scene
        .run(Api, SCRIPT, &[])
        .fails_with(&["SPIRA_API_BASE_URL is 'spira-api-server:80': a URL such as"]);
    scene.set("SPIRA_API_BASE_URL", "http://127.0.0.1:1");
    scene.set("SMOKE_TIMEOUT_SECONDS", "soon");
    scene
        .run(Api, SCRIPT, &[])
        .fails_with(&["SMOKE_TIMEOUT_SECONDS is 'soon': a whole number"]);
}
