//! The command line, as a user meets it.

use std::{fs, process::Output};

use assert_cmd::Command;

fn run(args: &[&str]) -> Output {
    Command::cargo_bin("spira-chart-gen")
        .expect("the program is built")
        .args(args)
        .output()
        .expect("the program runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_shows_commands_and_examples() {
    let output = run(&["--help"]);
    assert!(output.status.success());
    for word in [
        "generate",
        "render",
        "explain",
        "images",
        "graph",
        "diff",
        "changes",
        "completions",
        "man",
        "Examples:",
        "Exit codes:",
    ] {
        assert!(out(&output).contains(word), "{word}");
    }
}

#[test]
fn wrong_usage_exits_2() {
    assert_eq!(run(&["generat"]).status.code(), Some(2));
    assert_eq!(run(&[]).status.code(), Some(2));
}

#[test]
fn render_prints_the_same_names_as_an_installation() {
    let output = run(&[
        "render",
        "my",
        "-n",
        "there",
        "--set",
        "nats.replicas=5",
        "--api-versions",
        "a/v1",
    ]);
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&output);
    assert!(
        text.starts_with("---\n# Source: spira/charts/nats\n"),
        "{text}"
    );
    assert!(text.contains("name: my-nats\n") && text.contains("namespace: there\n"));
    assert!(text.contains("replicas: 5\n"));
}

#[test]
fn wrong_values_exit_2_and_are_all_named() {
    let output = run(&[
        "render",
        "--set",
        "nats.replica=1",
        "--set",
        "nats.replicas=-1",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(out(&output).is_empty());
    let text = err(&output);
    assert!(text.starts_with("error: 2 wrong values:\n"), "{text}");
    assert!(text.contains("did you mean `replicas`?"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour but on a terminal");
}

#[test]
fn values_files_name_the_line_at_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("v.yaml");
    fs::write(&file, "nats:\n  replicas: [\n").expect("a file");
    let output = run(&["images", "-f", file.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("v.yaml:"), "{}", err(&output));
}

#[test]
fn names_that_kubernetes_refuses_exit_2() {
    for args in [["render", "No"], ["render", ""], ["render", "-n=_"]] {
        assert_eq!(run(&args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn a_cluster_that_lacks_apis_exits_1_and_they_are_all_named() {
    let output = run(&["render", "spira", "--api-versions", "v1/Pod"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = err(&output);
    for api in ["MongoDBCommunity", "Tenant", "postgresql"] {
        assert!(error.contains(&format!("/{api} (needed by ")), "{error}");
    }
    let off = [
        "--set",
        "global.preflight=false",
        "--api-versions",
        "v1/Pod",
    ];
    let output = run(&[&["render", "spira"], &off[..]].concat());
    assert!(output.status.success(), "{}", err(&output));
}

#[test]
fn images_are_sorted_lines() {
    let output = run(&["images", "--set", "global.imageRegistry=example.org:5000"]);
    let text = out(&output);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.len() >= 3, "{text}");
    assert!(lines.is_sorted());
    // MinIO's names a registry of its own, because Docker Hub no longer has it.
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("example.org:5000/") || line.starts_with("quay.io/minio/")),
        "{text}"
    );
    let fewer = out(&run(&["images", "--set", "nats.enabled=false"]));
    assert!(fewer.lines().count() < lines.len());
}

#[test]
fn explain_suggests() {
    let output = run(&["explain", "nats.replica"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("nats.replicas"), "{}", err(&output));
}

#[test]
fn generate_writes_and_check_tells_what_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().to_str().expect("a path");
    let output = run(&["generate", "--out", dir]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(run(&["generate", "--check", "--out", dir]).status.success());

    fs::write(folder.path().join("spira/Chart.yaml"), "name: other\n").expect("a file");
    fs::remove_file(folder.path().join("spira/README.md")).expect("it was made");
    fs::write(folder.path().join("spira/extra.yaml"), "").expect("a file");
    let output = run(&["generate", "--check", "--out", dir]);
    assert_eq!(output.status.code(), Some(1));
    let text = err(&output);
    for line in ["differs  ", "missing  ", "extra    ", "-name: other"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(
        folder.path().join("spira/extra.yaml").exists(),
        "a check writes nothing"
    );
}

#[test]
fn graph_is_dot() {
    let text = out(&run(&["graph"]));
    assert!(text.starts_with("digraph spira {"), "{text}");
    assert!(text.contains("\"api-server\" -> \"nats\";"), "{text}");
    assert!(text.contains("\"mlflow\" -> \"minio\";"), "{text}");
    // Every service has a component by now.
    assert!(!text.contains("dashed"), "{text}");
}

/// A file with values.
fn values(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), text).expect("written");
    file
}

#[test]
fn diff_names_objects_and_fields() {
    let (old, new) = (
        values("nats: {replicas: 3}"),
        values(
            "{nats: {replicas: 5, natsBox: {enabled: true}}, redelivery: {enabled: false}, api-server: {extraEnv: [{name: A, value: b}]}}",
        ),
    );
    let paths = [&old, &new].map(|file| file.path().to_str().expect("UTF-8").to_owned());
    let output = run(&["diff", &paths[0], &paths[1]]);
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&output);
    for line in [
        "~ StatefulSet/release-name-nats (nats)\n",
        "    spec.replicas: 3 → 5\n",
        "+ Deployment/release-name-nats-box (nats)\n",
        "- Deployment/release-name-redelivery (redelivery)\n",
        "    spec.template.spec.containers[api-server].env[A]: <absent> → {\"name\":\"A\",\"value\":\"b\"}\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    // Generated credentials are no difference.
    assert!(!text.contains("Secret/"), "{text}");
    let output = run(&["diff", &paths[0], &paths[1], "--exit-code"]);
    assert_eq!(output.status.code(), Some(1));
    let output = run(&["diff", &paths[0], &paths[0], "--exit-code"]);
    assert_eq!(
        (output.status.code(), out(&output)),
        (Some(0), String::new())
    );
    let output = run(&["diff", &paths[0], "no-such-file.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("no-such-file.yaml"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_version_that_is_too_small_is_refused() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let releases = dir.path().to_str().expect("UTF-8");
    let output = run(&["changes", "--releases", releases, "--record"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(
        err(&output).contains("no version was released"),
        "{}",
        err(&output)
    );
    let path = dir
        .path()
        .join(format!("{}.json", env!("CARGO_PKG_VERSION")));
    let record = fs::read_to_string(&path).expect("it was written");
    // The same again: nothing changed, so the same number will do.
    let output = run(&["changes", "--releases", releases]);
    assert_eq!(
        (output.status.code(), out(&output)),
        (Some(0), String::new())
    );
    // As if the last version had had one value more.
    let more = record.replacen(
        "\"values\": {",
        "\"values\": {\"nats.old\": {\"type\": \"boolean\"},",
        1,
    );
    assert_ne!(more, record);
    fs::write(&path, more).expect("written");
    let output = run(&["changes", "--releases", releases]);
    assert_eq!(output.status.code(), Some(1));
    let text = err(&output);
    assert!(text.contains("is too small after"), "{text}");
    assert!(text.contains("breaking: nats.old is gone"), "{text}");
    fs::write(&path, "{").expect("written");
    let output = run(&["changes", "--releases", releases]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("not the record of a version"),
        "{}",
        err(&output)
    );
}

#[test]
fn graph_is_drawn() {
    let output = run(&["graph", "--format", "svg"]);
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&output);
    assert!(
        text.contains("<svg") && text.contains("api-server"),
        "{text}"
    );
}

#[test]
fn shells_and_manuals_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success(), "{shell}: {}", err(&output));
        assert!(out(&output).contains("explain"), "{shell}");
    }
    let output = run(&["man"]);
    assert!(
        out(&output).starts_with(".ie") && out(&output).contains("explain"),
        "{}",
        out(&output)
    );
}
