//! `bootstrap_model.py`: a version of the model, through MLflow's client 2.3.0 and server.

use serde_json::{Value, json};
use xtask::python::Environment::{Inference, Mlflow};
use xtask::servers::{KEY, Server, USER};

use super::migrate;
use super::scene::{BRIEFLY, LONG, Run, Scene};

const SCRIPT: &str = "bootstrap_model.py";

struct Services {
    postgresql: Server,
    minio: Server,
    mlflow: Server,
}

/// MLflow's server with its database and object store, none of which runs yet.
fn scene() -> (Scene, Services) {
    let (mut scene, postgresql) = migrate::scene();
    let environment: Vec<_> = scene
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mlflow = [
        &environment[..],
        &[("MLFLOW_SERVER_ALLOWED_HOSTS".into(), "127.0.0.1:*".into())],
    ];
    let services = Services {
        postgresql,
        minio: Server::minio(scene.dir()).unwrap_or_else(|error| panic!("{error}")),
        mlflow: Server::mlflow(scene.dir(), "s3://mlflow/", &mlflow.concat())
            .unwrap_or_else(|error| panic!("{error}")),
    };
    for (name, value) in [
        (
            "mlflow_conn_url",
            format!("http://{}", services.mlflow.address()),
        ),
        (
            "MLFLOW_S3_ENDPOINT_URL",
            format!("http://{}", services.minio.address()),
        ),
        ("AWS_ACCESS_KEY_ID", USER.into()),
        ("AWS_SECRET_ACCESS_KEY", KEY.into()),
        ("MLFLOW_BUCKET_NAME", "mlflow".into()),
    ] {
        scene.set(name, value);
    }
    model(&mut scene, "model", "Production");
    (scene, services)
}

/// From here on the scripts are about this model.
fn model(scene: &mut Scene, name: &str, version: &str) {
    scene.set("BOOTSTRAP_MODEL_NAME", name);
    scene.set("model_path", format!("models:/{name}/{version}"));
}

impl Services {
    fn start_mlflow(&mut self, scene: &mut Scene) {
        self.postgresql
            .start()
            .unwrap_or_else(|error| panic!("{error}"));
        migrate::make_database(scene, "spirametadata");
        scene.run(Mlflow, "mlflow_migrate.py", &[LONG]).is_well();
        self.mlflow
            .start()
            .unwrap_or_else(|error| panic!("{error}"));
    }

    fn start(&mut self, scene: &mut Scene) {
        self.minio.start().unwrap_or_else(|error| panic!("{error}"));
        self.start_mlflow(scene);
    }
}

/// What the registry holds; the inference server can load the stub.
fn stub(scene: &Scene) -> Value {
    let state = scene.ask(Inference, "read_model.py", &["load"]);
    assert_eq!(state["answer"][0], json!([1.0, 2.0, 3.0, 4.0]), "{state}");
    let diagnosis = state["answer"][1].as_str().expect("a text");
    assert!(diagnosis.contains("stub"), "{diagnosis}");
    state["versions"].clone()
}

/// Number and stage of each version.
fn stages(versions: &Value) -> Vec<(String, String)> {
    let text = |version: &Value, field: &str| {
        let value = &version[field];
        value.as_str().map_or_else(|| value.to_string(), Into::into)
    };
    let versions = versions.as_array().expect("a list");
    let pair = |version: &Value| (text(version, "version"), text(version, "stage"));
    versions.iter().map(pair).collect()
}

fn is(number: &str, stage: &str) -> (String, String) {
    (number.to_owned(), stage.to_owned())
}

#[test]
fn it_waits_for_mlflow_and_the_object_store_and_registers_once() {
    let (mut scene, mut services) = scene();
    let mut run = scene.start(Inference, SCRIPT, &[LONG]);
    let mut waits = scene.start(Inference, "wait.py", &[LONG, "mlflow", "model"]);
    run.says("model: not yet: ");
    waits.says("mlflow: not ready: ");
    services.start_mlflow(&mut scene);
    waits.says("model: not ready: ");
    // Now it is the object store that is missed.
    run.waits_for("the object store's address", |text| {
        let last = text.lines().last().unwrap_or_default();
        last.contains("not yet") && last.contains(&services.minio.address())
    });
    services
        .minio
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    let outcome = run.finish();
    outcome
        .is_well()
        .says(&["The model is a STUB", "registered_model_name='model'"]);
    waits.finish().is_well().says(&["model: ready"]);
    let versions = stub(&scene);
    assert_eq!(stages(&versions), [is("1", "Production")]);
    let metrics = crate::metrics::read(services.mlflow.port(), "/metrics");
    crate::metrics::has_all("mlflow", &metrics).unwrap_or_else(|error| panic!("{error}"));

    // A second run finds it, and needs no object store for that.
    services.minio.kill();
    let second = scene.run(Inference, SCRIPT, &[LONG]);
    second
        .is_well()
        .says(&["is there, version 1, a stub", "The model is a STUB"]);
    services
        .minio
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(stub(&scene), versions);
}

#[test]
fn runs_at_the_same_time_leave_one_version() {
    let (mut scene, mut services) = scene();
    services.start(&mut scene);
    for (name, version, stage, runs) in [
        ("by-stage", "Production", "Production", 3),
        ("by-latest", "latest", "None", 2),
        ("by-number", "1", "None", 2),
        ("by-other-stage", "staging", "Staging", 2),
    ] {
        model(&mut scene, name, version);
        let runs: Vec<Run> = (0..runs)
            .map(|_| scene.start(Inference, SCRIPT, &[LONG]))
            .collect();
        for run in runs {
            run.finish().is_well();
        }
        let versions = stages(&stub(&scene));
        assert_eq!(versions.len(), 1, "{name}: {versions:?}");
        assert_eq!(versions[0].1, stage, "{name}");
        scene
            .run(Inference, "wait.py", &[BRIEFLY, "model"])
            .is_well();
    }
}

#[test]
fn a_real_model_is_never_touched() {
    let (mut scene, mut services) = scene();
    services.start(&mut scene);
    let real = |scene: &Scene| {
        let state = scene.ask(Inference, "read_model.py", &["load"]);
        assert_eq!(state["answer"], json!([[0.5], "real"]));
        state["versions"].clone()
    };
    // It comes after the stub, as the notice says, and stays when the bootstrap runs again.
    scene.run(Inference, SCRIPT, &[LONG]).is_well();
    scene.ask(Inference, "real_model.py", &["Production"]);
    let before = real(&scene);
    assert_eq!(
        stages(&before),
        [is("1", "Archived"), is("2", "Production")]
    );
    scene.run(Inference, SCRIPT, &[LONG]).is_well();
    assert_eq!(real(&scene), before);

    // It was there first.
    model(&mut scene, "earlier", "Production");
    scene.ask(Inference, "real_model.py", &["Production"]);
    let before = real(&scene);
    let outcome = scene.run(Inference, SCRIPT, &[LONG]);
    outcome
        .is_well()
        .says(&["models:/earlier/Production is there, version 1"]);
    assert!(!outcome.text.contains("STUB"), "{}", outcome.text);
    assert_eq!(real(&scene), before);

    // One that nobody promoted is no answer to a path that names a stage.
    model(&mut scene, "not-promoted", "Production");
    scene.ask(Inference, "real_model.py", &[]);
    scene.run(Inference, SCRIPT, &[LONG]).is_well();
    let versions = stages(&stub(&scene));
    assert_eq!(versions, [is("1", "None"), is("2", "Production")]);
}

#[test]
fn it_gives_up_and_says_on_what() {
    let (mut scene, mut services) = scene();
    let values = "global.connections.mlflow, global.connections.objectStore and global.model";
    let never = scene.run(Inference, SCRIPT, &[BRIEFLY]);
    never.gave_up(&["model: gave up", "refused", values]);
    services.start_mlflow(&mut scene);
    let never = scene.run(Inference, SCRIPT, &[BRIEFLY]);
    never.gave_up(&["model: gave up", &services.minio.address()]);
    let never = scene.run(Inference, "wait.py", &[BRIEFLY, "model"]);
    never.gave_up(&[
        "model: gave up",
        "global.connections.mlflow and global.model",
    ]);
    // Nothing was left behind that somebody would load.
    let state = scene.ask(Inference, "read_model.py", &[]);
    assert_eq!(state["versions"], json!([]));

    model(&mut scene, "model", "7");
    let refused = scene.run(Inference, SCRIPT, &[LONG]);
    refused.fails_with(&["model model has no version 7"]);
    scene.set("model_path", "models:/other/Production");
    let refused = scene.run(Inference, SCRIPT, &[LONG]);
    refused.fails_with(&["model_path is of another model than model"]);
}
