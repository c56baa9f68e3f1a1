//! How the operators are configured: as their own modules have it, but for what a run outside a cluster needs.

use std::fs;
use std::path::Path;

use kube::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cluster::free_ports;
use crate::objects::{Applier, Mode};
use crate::{Error, Result, tools};

/// Applies the configuration of Zalando's operator and returns the environment that names it.
pub(super) async fn zalando(
    client: &Client,
    namespace: &str,
    isolated: bool,
) -> Result<Vec<(String, String)>> {
    let module = tools::module_dir("operators/zalando", "github.com/zalando/postgres-operator")?;
    let file = module.join("manifests/postgresql-operator-default-configuration.yaml");
    let mut all = documents(&file)?;
    let missing = |what: &str| Error::Manifest {
        path: file.clone(),
        what: what.into(),
    };
    let mut found = all
        .drain(..)
        .find(|document| document["kind"] == "OperatorConfiguration")
        .ok_or_else(|| missing("OperatorConfiguration"))?;
    let name = found["metadata"]["name"].as_str().map(String::from);
    let name = name.ok_or_else(|| missing("metadata.name"))?;
    let configuration = &mut found["configuration"];
    // The definitions are there before the operator.
    configuration["enable_crd_registration"] = json!(false);
    configuration["kubernetes"]["watched_namespace"] = json!("*");
    if !isolated {
        // MongoDB's operator has 8080, unchangeably.
        configuration["logging_rest_api"]["api_port"] = json!(free_ports(1)?[0]);
    }
    Applier::new(client.clone())
        .apply(&found, Some(namespace), Mode::Persist)
        .await?;
    Ok(vec![
        ("POSTGRES_OPERATOR_CONFIGURATION_OBJECT".into(), name),
        ("OPERATOR_NAMESPACE".into(), namespace.into()),
        ("CRD_READY_WAIT_INTERVAL".into(), "1s".into()),
    ])
}

/// The environment of MongoDB's operator: the images that its release has.
pub(super) fn mongodb() -> Result<Vec<(String, String)>> {
    let module = tools::module_dir(
        "operators/mongodb",
        "github.com/mongodb/mongodb-kubernetes-operator",
    )?;
    let file = module.join("config/manager/manager.yaml");
    let documents = documents(&file)?;
    let env = documents
        .iter()
        .find_map(|document| {
            document
                .pointer("/spec/template/spec/containers/0/env")?
                .as_array()
        })
        .ok_or_else(|| Error::Manifest {
            path: file.clone(),
            what: "environment of the operator".into(),
        })?;
    // The others come from the pod that it is not in.
    let given = env.iter().filter_map(|variable| {
        let text = |field: &str| variable[field].as_str().map(String::from);
        Some((text("name")?, text("value")?))
    });
    let mut environment: Vec<_> = given.collect();
    environment.push(("WATCH_NAMESPACE".into(), "*".into()));
    Ok(environment)
}

fn documents(file: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(file).map_err(Error::file(file))?;
    yaml_serde::Deserializer::from_str(&text)
        .map(Value::deserialize)
        .collect::<Result<_, _>>()
        .map_err(|source| Error::Yaml {
            path: file.into(),
            source,
        })
}
