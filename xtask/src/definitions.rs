//! The custom resource definitions of the operators that the chart is for.
//!
//! Those of Zalando's, MongoDB's, Prometheus's and CloudNativePG's operators are taken out of their Go modules. MinIO's and Chaos Mesh's
//! are in no package of any registry: they are read from the directory that `SPIRA_CRDS` names (default: `../shared/crds`
//! beside the checkout) if there is one, and else replaced by stubs that take any field, with a line that says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use kube::Client;
use serde_json::{Value, json};

use crate::objects::{self, Applier, Mode};
use crate::progress::note;
use crate::{Error, Result, project, tools};

/// Where a definition is published: the requiring module below `tools/`, the module, the file in it.
const PUBLISHED: [(&str, &str, &str); 9] = [
    (
        "operators/zalando",
        "github.com/zalando/postgres-operator",
        "manifests/postgresql.crd.yaml",
    ),
    (
        "operators/zalando",
        "github.com/zalando/postgres-operator",
        "manifests/operatorconfiguration.crd.yaml",
    ),
    (
        "operators/mongodb",
        "github.com/mongodb/mongodb-kubernetes-operator",
        "config/crd/bases/mongodbcommunity.mongodb.com_mongodbcommunity.yaml",
    ),
    (
        "operators/cloudnative-pg",
        "github.com/cloudnative-pg/cloudnative-pg",
        "config/crd/bases/postgresql.cnpg.io_clusters.yaml",
    ),
    monitoring("example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"),
    monitoring("example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"),
    monitoring("example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"),
    monitoring("example/prometheus-operator-crd/monitoring.coreos.com_prometheuses.yaml"),
    // Its operator does not begin without.
    monitoring("example/prometheus-operator-crd/monitoring.coreos.com_probes.yaml"),
];

const fn monitoring(file: &'static str) -> (&'static str, &'static str, &'static str) {
    (
        "operators/prometheus",
        "github.com/prometheus-operator/prometheus-operator",
        file,
    )
}

/// What no package holds: the file, group, version, kind and plural.
const UNPUBLISHED: [(&str, &str, &str, &str, &str); 2] = [
    (
        "minio.min.io_tenants.yaml",
        "minio.min.io",
        "v2",
        "Tenant",
        "tenants",
    ),
    (
        "chaos-mesh.org_schedules.yaml",
        "chaos-mesh.org",
        "v1alpha1",
        "Schedule",
        "schedules",
    ),
];
/// A served definition may be young: how long it may take to be served.
const PATIENCE: Duration = Duration::from_mins(1);

/// Definitions as an API server takes them.
#[derive(Clone, Debug)]
pub struct Definitions {
    /// Each a `CustomResourceDefinition`.
    pub all: Vec<Value>,
    /// Names of those among them that are stubs and take any field.
    pub stubs: Vec<String>,
}

/// Reads all definitions. Modules that are not there yet are downloaded.
///
/// # Errors
/// If a module cannot be had, or a file is missing or no YAML.
pub fn load() -> Result<Definitions> {
    let mut all = Vec::new();
    for (requirer, module, file) in PUBLISHED {
        all.push(read(&tools::module_dir(requirer, module)?.join(file))?);
    }
    let mut stubs = Vec::new();
    let dir = more();
    for (file, group, version, kind, plural) in UNPUBLISHED {
        let file = dir.join(file);
        if file.is_file() {
            all.push(read(&file)?);
        } else {
            all.push(stub(group, version, kind, plural));
            stubs.push(format!("{plural}.{group}"));
        }
    }
    tell_of(&stubs, &dir);
    Ok(Definitions { all, stubs })
}

/// Once is enough for a process that loads them for each of its tests.
fn tell_of(stubs: &[String], dir: &Path) {
    static TOLD: Once = Once::new();
    if stubs.is_empty() {
        return;
    }
    TOLD.call_once(|| {
        note(&format!(
            "no definitions of {} in {}: these are not checked, stubs take any field (SPIRA_CRDS names another \
             directory)",
            stubs.join(", "),
            dir.display()
        ));
    });
}

/// The directory with definitions that no package holds.
fn more() -> PathBuf {
    match std::env::var_os("SPIRA_CRDS") {
        Some(dir) if !dir.is_empty() => dir.into(),
        _ => project::root().join("../shared/crds"),
    }
}

fn read(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file).map_err(Error::file(file))?;
    yaml_serde::from_str(&text).map_err(|source| Error::Yaml {
        path: file.into(),
        source,
    })
}

/// A definition of a namespaced kind that takes any field.
fn stub(group: &str, version: &str, kind: &str, plural: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "scope": "Namespaced",
            "versions": [{
                "name": version,
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": true,
                }},
            }],
        },
    })
}

/// Installs all definitions and waits until the API server serves them.
///
/// # Errors
/// As [`load`], and if the API server refuses one or does not serve it in time.
pub async fn install(client: &Client) -> Result<Definitions> {
    let definitions = tokio::task::spawn_blocking(load)
        .await
        .expect("load does not panic")?;
    let mut applier = Applier::new(client.clone());
    for definition in &definitions.all {
        applier.apply(definition, None, Mode::Persist).await?;
    }
    for definition in &definitions.all {
        let spec = &definition["spec"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (group, plural) = (text(&spec["group"]), text(&spec["names"]["plural"]));
        for version in spec["versions"].as_array().into_iter().flatten() {
            let version = format!("{group}/{}", text(&version["name"]));
            objects::wait_for(&format!("{plural} of {version}"), PATIENCE, || async {
                Ok(is_served(client, &version, &plural).await.then_some(()))
            })
            .await?;
        }
    }
    Ok(definitions)
}

/// Whether the API server lists a kind. An error is a no: the whole group may not be there yet.
async fn is_served(client: &Client, version: &str, plural: &str) -> bool {
    let served = client.list_api_group_resources(version).await;
    served.is_ok_and(|list| list.resources.iter().any(|kind| kind.name == plural))
}
