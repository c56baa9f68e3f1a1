//! `bootstrap_data.py`: indexes, the first user, hospitals, the model's document, buckets.

use serde_json::{Value, json};
use xtask::python::Environment::Api;
use xtask::servers::{KEY, Server, USER};

use super::scene::{BRIEFLY, GIVES_UP, Impostor, LONG, Run, Scene};

const SCRIPT: &str = "bootstrap_data.py";

struct Stores {
    mongodb: Server,
    minio: Server,
}

/// Stores that do not run yet, and a script that knows where they will be.
fn scene() -> (Scene, Stores) {
    let mut scene = Scene::new();
    let stores = Stores {
        mongodb: Server::ferretdb(scene.dir()).unwrap_or_else(|error| panic!("{error}")),
        minio: Server::minio(scene.dir()).unwrap_or_else(|error| panic!("{error}")),
    };
    for (name, value) in [
        (
            "M_CONN_URL",
            format!("mongodb://{}/", stores.mongodb.address()).as_str(),
        ),
        ("DATABASE_NAME", "spira"),
        ("user_collection_name", "users"),
        ("hospital_collection_name", "hospitals"),
        ("model_collection_name", "models"),
        ("inference_collection_name", "inferences"),
        ("result_collection_name", "results"),
        ("BOOTSTRAP_MONGO_USER", "user"),
        ("BOOTSTRAP_MONGO_PASSWORD", "päss \"word\" $x"),
        ("BOOTSTRAP_EMAIL", "user@example.org"),
        ("BOOTSTRAP_HOSPITALS", r#"["einstein", "São Paulo"]"#),
        ("BOOTSTRAP_MODEL_NAME", "model"),
        ("BOOTSTRAP_MODEL_CHANNEL", "model-topic"),
        ("minio_conn_url", stores.minio.address().as_str()),
        ("minio_access_key", USER),
        ("minio_secret_key", KEY),
        ("bucket_name", "audio-files"),
        ("MLFLOW_BUCKET_NAME", "mlflow"),
        ("context_scheme", "bcrypt"),
    ] {
        scene.set(name, value);
    }
    (scene, stores)
}

impl Stores {
    fn start(&mut self) {
        self.mongodb
            .start()
            .unwrap_or_else(|error| panic!("{error}"));
        self.minio.start().unwrap_or_else(|error| panic!("{error}"));
    }
}

/// What is in the stores, all of which must be as the variables say.
fn complete(scene: &Scene) -> Value {
    let state = scene.ask(Api, "read_data.py", &[]);
    let of = |collection: &str, field: &str| -> Vec<String> {
        let documents = state[collection].as_array().expect("a list");
        let mut values: Vec<_> = documents
            .iter()
            .map(|document| document[field].as_str().unwrap_or("none").to_owned())
            .collect();
        values.sort();
        values
    };
    assert_eq!(of("users", "username"), ["user"]);
    assert_eq!(of("users", "email"), ["user@example.org"]);
    assert_eq!(state["users"][0]["verifies"], true);
    assert!(of("users", "password")[0].starts_with("$2b$"), "{state}");
    assert_eq!(of("hospitals", "name"), ["São Paulo", "einstein"]);
    let ids = of("hospitals", "id");
    assert!(ids[0] != ids[1] && !ids.contains(&"none".into()), "{ids:?}");
    assert_eq!(of("models", "name"), ["model"]);
    assert_eq!(of("models", "publishing_channel"), ["model-topic"]);
    assert_eq!(
        state["indexes"],
        json!({
            "users.username": true,
            "hospitals.name": true,
            "models.name": true,
            "models.publishing_channel": true,
            "results.inference_id": false,
            "results.diagnosis": false,
            "inferences.status": false,
        })
    );
    let buckets = state["buckets"].as_array().expect("a list");
    for variable in ["bucket_name", "MLFLOW_BUCKET_NAME"] {
        assert!(
            buckets.contains(&json!(scene.variables[variable])),
            "{state}"
        );
    }
    state
}

#[test]
fn a_second_run_changes_nothing() {
    let (scene, mut stores) = scene();
    stores.start();
    scene.run(Api, SCRIPT, &[LONG]).is_well();
    let state = complete(&scene);
    let second = scene.run(Api, SCRIPT, &[LONG]);
    second
        .is_well()
        .says(&["user user: was there", "bucket mlflow: was there"]);
    // Ids and the salted hash included.
    assert_eq!(complete(&scene), state);
}

#[test]
fn runs_at_the_same_time_double_nothing() {
    let (mut scene, mut stores) = scene();
    stores.start();
    for round in 0..3 {
        scene.set("DATABASE_NAME", format!("spira{round}"));
        scene.set("bucket_name", format!("audio-{round}"));
        scene.set("MLFLOW_BUCKET_NAME", format!("mlflow-{round}"));
        let runs: Vec<Run> = (0..4).map(|_| scene.start(Api, SCRIPT, &[LONG])).collect();
        for run in runs {
            run.finish().is_well();
        }
        complete(&scene);
    }
}

#[test]
fn it_waits_for_stores_that_come_late() {
    let (scene, mut stores) = scene();
    let mut run = scene.start(Api, SCRIPT, &[LONG]);
    run.says("indexes: not yet: ");
    stores
        .mongodb
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    run.says("buckets: not yet: ");
    // A MinIO that starts says so, and when to ask again, which is far too late.
    let starting = Impostor::start(
        stores.minio.port(),
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    let sofar = run.text().matches("buckets: not yet").count();
    run.waits_for("another attempt", |text| {
        text.matches("buckets: not yet").count() > sofar + 1
    });
    drop(starting);
    stores
        .minio
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    run.finish().is_well();
    complete(&scene);
}

#[test]
fn it_goes_on_where_a_store_died_under_it() {
    let (scene, mut stores) = scene();
    stores
        .mongodb
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    let mut run = scene.start(Api, SCRIPT, &[LONG]);
    // The documents are there, the buckets are not: a killed pod leaves this behind.
    run.says("buckets: not yet: ");
    run.kill();
    stores.mongodb.kill();
    let mut run = scene.start(Api, SCRIPT, &[LONG]);
    run.says("indexes: not yet: ");
    stores.start();
    run.finish().is_well();
    complete(&scene);
}

#[test]
fn it_gives_up_and_says_on_what() {
    let (mut scene, mut stores) = scene();
    let never = scene.run(Api, SCRIPT, &[BRIEFLY]);
    never.gave_up(&["indexes: gave up", "refused", "global.connections.mongodb"]);
    stores
        .mongodb
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    let never = scene.run(Api, SCRIPT, &[BRIEFLY]);
    never.gave_up(&[
        "buckets: gave up",
        "refused",
        "global.connections.objectStore",
    ]);
    // Takes connections, never answers.
    let silent = Impostor::start(0, "");
    scene.set("minio_conn_url", format!("127.0.0.1:{}", silent.port()));
    let never = scene.run(Api, SCRIPT, &[BRIEFLY]);
    never.gave_up(&["buckets: gave up", "timed out"]);
    // Wrong keys are not told from keys that a starting store does not know yet.
    stores
        .minio
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    scene.set("minio_conn_url", stores.minio.address());
    scene.set("minio_secret_key", "not-the-key");
    let never = scene.run(Api, SCRIPT, &[BRIEFLY]);
    never.gave_up(&["buckets: gave up", "SignatureDoesNotMatch"]);
}

#[test]
fn what_cannot_get_better_ends_it_at_once() {
    let (mut scene, mut stores) = scene();
    stores.start();
    scene.set("BOOTSTRAP_HOSPITALS", "einstein");
    let outcome = scene.run(Api, SCRIPT, &[LONG]);
    outcome.fails_with(&["BOOTSTRAP_HOSPITALS is no JSON"]);
    scene.set("BOOTSTRAP_HOSPITALS", "[]");
    scene.set("bucket_name", "No_Bucket");
    let outcome = scene.run(Api, SCRIPT, &[LONG]);
    outcome.fails_with(&["bucket No_Bucket: not a name"]);
    assert!(outcome.took < GIVES_UP, "{outcome:?}");
    scene.variables.remove("bucket_name");
    scene.variables.remove("M_CONN_URL");
    let outcome = scene.run(Api, SCRIPT, &[LONG]);
    outcome.fails_with(&["not set: M_CONN_URL, bucket_name"]);
}

#[test]
fn what_an_earlier_bootstrap_doubled_stays_and_is_named() {
    let (scene, mut stores) = scene();
    stores.start();
    scene.ask(Api, "earlier_data.py", &[]);
    let before = scene.ask(Api, "read_data.py", &[]);
    assert_eq!(before["users"][0]["verifies"], false, "{before}");
    let outcome = scene.run(Api, SCRIPT, &[LONG]);
    outcome.is_well().says(&[
        "users.username: WITHOUT a unique index",
        "hospitals.name: WITHOUT a unique index",
        before["users"][0]["_id"].as_str().expect("an id"),
        before["hospitals"][1]["_id"].as_str().expect("an id"),
    ]);
    let after = scene.ask(Api, "read_data.py", &[]);
    // The API takes whichever of the two it finds first.
    for user in 0..2 {
        assert_eq!(after["users"][user]["verifies"], true, "{after}");
        assert_eq!(after["users"][user]["email"], "user@example.org");
    }
    assert_eq!(after["users"].as_array().map(Vec::len), Some(2));
    assert_eq!(after["hospitals"].as_array().map(Vec::len), Some(3));
    assert_eq!(after["indexes"]["models.name"], true);
}

#[test]
fn the_first_user_gets_a_new_password_and_a_model_its_new_channel() {
    let (mut scene, mut stores) = scene();
    stores.start();
    scene.run(Api, SCRIPT, &[LONG]).is_well();
    let before = complete(&scene);
    scene.set("BOOTSTRAP_MONGO_PASSWORD", "another");
    scene.set("BOOTSTRAP_MODEL_CHANNEL", "other-topic");
    scene.run(Api, SCRIPT, &[LONG]).is_well();
    let after = scene.ask(Api, "read_data.py", &[]);
    assert_eq!(after["users"][0]["verifies"], true);
    assert_eq!(after["users"][0]["_id"], before["users"][0]["_id"]);
    assert_eq!(after["models"][0]["publishing_channel"], "other-topic");
    assert_eq!(after["models"].as_array().map(Vec::len), Some(1));
    assert_eq!(after["hospitals"], before["hospitals"]);
}
