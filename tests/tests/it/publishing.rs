//! The chart can be packaged, pushed into a registry, and installed from there; the workflows that do so are right.

use std::path::Path;
use std::process::Command;

use kube::Client;
use xtask::cluster::Cluster;
use xtask::helm::{self, Helm};
use xtask::objects;
use xtask::project;
use xtask::publish::{self, Package};
use xtask::servers::Server;
use xtask::tools::{self, Tool};

use crate::cluster::ready;
use crate::support::chart;

/// Output of a command of Helm that must go well.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("Helm runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{command:?}: {out}{err}");
    out
}

fn packaged(dir: &Path) -> Package {
    publish::package(&chart(), dir).expect("packaged")
}

#[test]
fn a_package_is_the_chart_with_its_changes() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let package = packaged(dir.path());
    assert_eq!(package.path.parent(), Some(dir.path()));
    assert!(
        package.digest.len() == 64 && package.size > 10_000,
        "{package:?}"
    );
    for version in Helm::ALL {
        let helm = || helm::command(version, None, dir.path()).expect("Helm");
        let metadata = run(helm().args(["show", "chart"]).arg(&package.path));
        let metadata: serde_json::Value = yaml_serde::from_str(&metadata).expect("YAML");
        let annotation = |key: &str| {
            let text = metadata["annotations"][format!("artifacthub.io/{key}")].as_str();
            yaml_serde::from_str::<serde_json::Value>(text.expect("it is there")).expect("YAML")
        };
        assert_eq!(annotation("changes")[0]["kind"], "added");
        let images = annotation("images");
        assert!(images.as_array().expect("a list").len() > 5, "{images}");
        let mut names = images
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| &one["name"]);
        assert!(names.any(|name| name == "nats"), "{images}");
        let of = |what: &Path| {
            run(helm()
                .args(["template", "spira"])
                .arg(what)
                .args(["--show-only", "charts/nats/templates/statefulset.yaml"]))
        };
        assert_eq!(of(&package.path), of(&chart()));
    }
}

/// Pushed into a registry, found there by version, and installed from it by both Helms.
pub async fn installs_from_a_registry(cluster: &Cluster, client: &Client) {
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut registry = Server::registry(dir.path()).expect("registry");
    registry.start().expect("it serves");
    let address = format!("oci://localhost:{}/charts", registry.port());
    let package = packaged(dir.path());
    let said = publish::push(&package.path, &address).expect("pushed");
    let version = env!("CARGO_PKG_VERSION");
    assert!(
        said.contains(&format!("charts/spira:{version}")) && said.contains("Digest: sha256:"),
        "{said}"
    );
    for version in Helm::ALL {
        let namespace = format!("registry-{}", version.major());
        objects::create_restricted_namespace(client, &namespace)
            .await
            .expect("namespace");
        let helm = || helm::command(version, Some(cluster.kubeconfig()), dir.path()).expect("Helm");
        let reference = format!("{address}/spira");
        let install = [
            "install",
            "spira",
            &reference,
            "--plain-http",
            "--namespace",
            &namespace,
            "--wait",
            "--timeout",
            "90s",
        ];
        run(helm().args(install));
        assert!(ready(client, &namespace).await.len() > 4);
        run(helm().args(["uninstall", "spira", "--namespace", &namespace]));
    }
}

#[test]
fn a_registry_that_is_not_there_is_an_error() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let package = packaged(dir.path());
    let error =
        publish::push(&package.path, "oci://localhost:1/charts").expect_err("nobody listens");
    let error = error.to_string();
    assert!(
        error.starts_with("helm push failed") && error.contains("localhost:1"),
        "{error}"
    );
    let error = publish::package(&dir.path().join("none"), dir.path()).expect_err("no chart");
    assert!(error.to_string().contains("none/Chart.yaml"), "{error}");
}

#[test]
fn workflows_are_right() {
    let tools = tools::ensure(&[Tool::Actionlint]).expect("actionlint");
    let lint = |file: &Path| {
        // What else it could call is not installed everywhere.
        let mut command = Command::new(tools.path(Tool::Actionlint));
        let output = command
            .args(["-shellcheck=", "-pyflakes="])
            .arg(file)
            .output()
            .expect("it runs");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let folder = project::root().join(".github/workflows");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("there are workflows") {
        let (is_right, said) = lint(&entry.expect("readable").path());
        assert!(is_right, "{said}");
        count += 1;
    }
    assert!(count >= 2, "{count}");
    let dir = tempfile::tempdir().expect("temporary directory");
    let file = dir.path().join("wrong.yaml");
    std::fs::write(
        &file,
        "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo ${{ secret.A }}'}]}}",
    )
    .expect("written");
    let (is_right, said) = lint(&file);
    assert!(!is_right && said.contains("secret"), "{said}");
}
