//! What a new cluster needs before it is of use: nodes, a storage class; and the questions that tell when it is up.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{Node, PersistentVolume, ServiceAccount};
use kube::api::ListParams;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::objects::{Applier, Mode};
use crate::{Error, Result};

/// Where Kubernetes' host-path provisioner makes a folder for each volume: fixed in its source.
pub(super) const HOST_PATH_VOLUMES: &str = "/tmp/hostpath_pv";

/// Whether the API server says so itself.
pub(super) async fn is_ready(client: &Client) -> Result<bool> {
    let request = http::Request::get("/readyz")
        .body(Vec::new())
        .expect("a constant request is valid");
    let answer = client
        .request_text(request)
        .await
        .map_err(Error::api("/readyz"))?;
    Ok(answer == "ok")
}

/// Creates the nodes `NAME-worker`, `NAME-worker2`, … as kind names them.
pub(super) async fn create_nodes(client: &Client, name: &str, count: u8) -> Result<()> {
    let version = client
        .apiserver_version()
        .await
        .map_err(Error::api("/version"))?
        .git_version;
    let mut applier = Applier::new(client.clone());
    for number in 1..=count {
        let suffix = if number == 1 {
            String::new()
        } else {
            number.to_string()
        };
        let node = node(&format!("{name}-worker{suffix}"), &version);
        applier.apply(&node, None, Mode::Persist).await?;
    }
    Ok(())
}

fn node(name: &str, version: &str) -> Value {
    let room = json!({"cpu": "8", "memory": "16Gi", "pods": "110"});
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
            "labels": {
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
            },
        },
        "status": {
            "allocatable": room,
            "capacity": room,
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "kwok",
                "kernelVersion": "kwok",
                "kubeProxyVersion": "",
                "kubeletVersion": version,
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "kwok",
                "systemUUID": "",
            },
        },
    })
}

/// Creates the default storage class `standard`: real dynamic volumes that bind when a pod needs them, like kind's.
pub(super) async fn create_storage_class(client: &Client) -> Result<()> {
    let class = json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/host-path",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    });
    Applier::new(client.clone())
        .apply(&class, None, Mode::Persist)
        .await?;
    Ok(())
}

/// Whether at least `count` nodes are ready.
pub(super) async fn nodes_ready(client: &Client, count: u8) -> Result<bool> {
    let nodes = Api::<Node>::all(client.clone())
        .list(&ListParams::default())
        .await
        .map_err(Error::api("nodes"))?;
    let ready = nodes.iter().filter(|node| {
        let conditions = node
            .status
            .iter()
            .flat_map(|status| status.conditions.iter().flatten());
        conditions
            .into_iter()
            .any(|c| c.type_ == "Ready" && c.status == "True")
    });
    Ok(ready.count() >= usize::from(count))
}

/// Whether the namespace `default` has the service account that admission demands of every pod.
pub(super) async fn has_service_account(client: &Client) -> Result<bool> {
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), "default");
    let account = accounts
        .get_opt("default")
        .await
        .map_err(Error::api("service account default"))?;
    Ok(account.is_some())
}

/// Folders of the volumes that the host-path provisioner has made for this cluster.
pub(super) async fn host_path_volumes(client: &Client) -> Result<Vec<PathBuf>> {
    let volumes = Api::<PersistentVolume>::all(client.clone())
        .list(&ListParams::default())
        .await
        .map_err(Error::api("volumes"))?;
    let paths = volumes.iter().filter_map(|volume| {
        let path = Path::new(&volume.spec.as_ref()?.host_path.as_ref()?.path);
        // A volume that a test made by hand may be anywhere: it is none of ours.
        let ours = path.parent() == Some(Path::new(HOST_PATH_VOLUMES));
        ours.then(|| path.to_owned())
    });
    Ok(paths.collect())
}
