//! `mlflow_migrate.py`: MLflow's tables in PostgreSQL.

use serde_json::{Value, json};
use xtask::debian::{self, Program};
use xtask::python::Environment::Mlflow;
use xtask::servers::{PASSWORD, Server, USER, free_port};

use super::scene::{BRIEFLY, GIVES_UP, Impostor, LONG, Run, Scene};

const SCRIPT: &str = "mlflow_migrate.py";
/// The role and its password that MLflow has.
const OWNER: [&str; 2] = ["mlflow_owner", "pässword of mlflow"];

/// A PostgreSQL that does not run yet, and scripts that know where MLflow's database will be in it.
pub fn scene() -> (Scene, Server) {
    let mut scene = Scene::new();
    let server = Server::postgresql(scene.dir()).unwrap_or_else(|error| panic!("{error}"));
    for (name, value) in [
        ("PGHOST", "127.0.0.1"),
        ("PGPORT", &server.port().to_string()),
        ("PGDATABASE", "spirametadata"),
        ("PGUSER", OWNER[0]),
        ("PGPASSWORD", OWNER[1]),
        ("PGSSLMODE", "prefer"),
        ("MLFLOW_DEFAULT_ARTIFACT_ROOT", "s3://mlflow/"),
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
    ] {
        scene.set(name, value);
    }
    (scene, server)
}

/// What the operator does: makes the role and its database.
pub fn make_database(scene: &mut Scene, database: &str) {
    scene.set("PGDATABASE", "postgres");
    let role = format!(
        "DO $$ BEGIN CREATE ROLE {} LOGIN PASSWORD '{}'; EXCEPTION WHEN duplicate_object THEN END $$",
        OWNER[0], OWNER[1]
    );
    let made = format!("CREATE DATABASE {database} OWNER {}", OWNER[0]);
    as_superuser(scene, &[&role, &made]);
    scene.set("PGDATABASE", database);
}

fn as_superuser(scene: &mut Scene, statements: &[&str]) {
    scene.set("PGUSER", USER);
    scene.set("PGPASSWORD", PASSWORD);
    scene.ask(Mlflow, "sql.py", statements);
    scene.set("PGUSER", OWNER[0]);
    scene.set("PGPASSWORD", OWNER[1]);
}

fn tables(scene: &Scene) -> Value {
    scene.ask(Mlflow, "read_tables.py", &[])
}

/// The tables of a database that was empty.
fn complete(scene: &Scene) -> Value {
    let tables = tables(scene);
    assert_eq!(tables["revisions"].as_array().map(Vec::len), Some(1));
    assert_eq!(tables["experiments"], json!({"Default": "s3://mlflow/0"}));
    assert_eq!(tables["count"], 1);
    assert!(tables["tables"].as_u64() > Some(20), "{tables}");
    tables
}

#[test]
fn of_three_pods_at_once_one_makes_the_tables() {
    let (mut scene, mut server) = scene();
    server.start().unwrap_or_else(|error| panic!("{error}"));
    make_database(&mut scene, "spirametadata");
    let runs: Vec<Run> = (0..3)
        .map(|_| scene.start(Mlflow, SCRIPT, &[LONG]))
        .collect();
    let outcomes: Vec<_> = runs.into_iter().map(Run::finish).collect();
    for outcome in &outcomes {
        outcome.is_well().says(&["experiment Default"]);
    }
    let made = outcomes
        .iter()
        .filter(|outcome| outcome.text.contains("tables: from nothing to"));
    assert_eq!(made.count(), 1, "{outcomes:?}");
    let state = complete(&scene);
    // And again.
    scene
        .run(Mlflow, SCRIPT, &[LONG])
        .is_well()
        .says(&["tables: as MLflow 3.15.1 wants them"]);
    assert_eq!(complete(&scene), state);
}

#[test]
fn it_waits_for_the_server_the_role_and_the_database() {
    let (mut scene, mut server) = scene();
    let mut run = scene.start(Mlflow, SCRIPT, &[LONG]);
    run.says("Connection refused");
    server.start().unwrap_or_else(|error| panic!("{error}"));
    run.says("password authentication failed");
    let role = format!("CREATE ROLE {} LOGIN PASSWORD '{}'", OWNER[0], OWNER[1]);
    scene.set("PGDATABASE", "postgres");
    as_superuser(&mut scene, &[&role]);
    run.says("database \"spirametadata\" does not exist");
    make_database(&mut scene, "spirametadata");
    run.finish().is_well();
    complete(&scene);
}

#[test]
fn a_run_that_was_cut_off_leaves_nothing_half_done() {
    let (mut scene, mut server) = scene();
    server.start().unwrap_or_else(|error| panic!("{error}"));
    make_database(&mut scene, "spirametadata");
    let mut run = scene.start(Mlflow, SCRIPT, &[LONG]);
    run.says("tables: from nothing to");
    run.kill();
    // The dead one's lock is gone as soon as the server sees that its connection is.
    scene.run(Mlflow, SCRIPT, &[LONG]).is_well();
    complete(&scene);
}

#[test]
fn older_tables_are_upgraded_with_what_is_in_them() {
    let (mut scene, mut server) = scene();
    server.start().unwrap_or_else(|error| panic!("{error}"));
    make_database(&mut scene, "spirametadata");
    let revisions = scene.ask(Mlflow, "older_tables.py", &["12"]);
    assert_eq!(tables(&scene)["revisions"], json!([revisions["older"]]));
    let runs: Vec<Run> = (0..2)
        .map(|_| scene.start(Mlflow, SCRIPT, &[LONG]))
        .collect();
    for run in runs {
        run.finish().is_well();
    }
    let after = tables(&scene);
    assert_eq!(after["revisions"], json!([revisions["newest"]]));
    let kept = json!({"Default": "s3://elsewhere/0", "kept": "s3://elsewhere/7"});
    assert_eq!(after["experiments"], kept);
}

#[test]
fn newer_tables_are_left_alone() {
    let (mut scene, mut server) = scene();
    server.start().unwrap_or_else(|error| panic!("{error}"));
    make_database(&mut scene, "spirametadata");
    scene.run(Mlflow, SCRIPT, &[LONG]).is_well();
    scene.ask(
        Mlflow,
        "sql.py",
        &["UPDATE alembic_version SET version_num = 'feedbeef'"],
    );
    let before = tables(&scene);
    let outcome = scene.run(Mlflow, SCRIPT, &[LONG]);
    outcome.fails_with(&["the tables are of a newer MLflow", "feedbeef", "3.15.1"]);
    assert!(outcome.took < GIVES_UP, "{outcome:?}");
    assert_eq!(tables(&scene), before);
}

#[test]
fn it_gives_up_and_says_on_what() {
    let (mut scene, mut server) = scene();
    let never = scene.run(Mlflow, SCRIPT, &[BRIEFLY]);
    never.gave_up(&["Connection refused", "global.connections.postgresql"]);
    let silent = Impostor::start(0, "");
    scene.set("PGPORT", silent.port().to_string());
    scene.run(Mlflow, SCRIPT, &[BRIEFLY]).gave_up(&["timeout"]);
    scene.set("PGPORT", server.port().to_string());
    server.start().unwrap_or_else(|error| panic!("{error}"));
    make_database(&mut scene, "spirametadata");
    scene.set("PGPASSWORD", "not the password");
    let never = scene.run(Mlflow, SCRIPT, &[BRIEFLY]);
    never.gave_up(&["password authentication failed"]);
    assert!(!never.text.contains("not the password"), "{}", never.text);
}

#[test]
fn postgresql_gives_the_metrics_of_the_catalogue() {
    let (mut scene, mut server) = scene();
    server.start().unwrap_or_else(|error| panic!("{error}"));
    scene.set("PGDATABASE", "postgres");
    // Debian's exporter is old and understands no other password.
    as_superuser(
        &mut scene,
        &["CREATE ROLE exporter SUPERUSER LOGIN PASSWORD 'plain'"],
    );
    let port = free_port().expect("a port");
    let url = format!(
        "postgresql://exporter:plain@{}/postgres?sslmode=disable",
        server.address()
    );
    let mut command =
        debian::command(Program::PostgresExporter).unwrap_or_else(|error| panic!("{error}"));
    command
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .env("DATA_SOURCE_NAME", url);
    let (_exporter, text) = crate::metrics::scrape(scene.dir(), &command, port, "pg_up 1");
    crate::metrics::has_all("postgresql", &text).unwrap_or_else(|error| panic!("{error}"));
}
