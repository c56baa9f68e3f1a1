//! Stands in for the agents in the pods of MongoDB: each tells in an annotation which version of its configuration it
//! has reached, and the operator waits for that. Here it has always just reached the newest.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

const ANNOTATION: &str = "agent.mongodb.com/version";
const CONTAINER: &str = "mongodb-agent";
/// Key of the Secret that holds the agents' configuration.
const CONFIGURATION: &str = "cluster-config.json";

/// Looks every half a second, until it is aborted.
pub(super) async fn run(client: Client) {
    loop {
        // An API server that does not answer now is asked again.
        let _ = look(&client).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn look(client: &Client) -> kube::Result<()> {
    let pods = Api::<Pod>::all(client.clone())
        .list(&ListParams::default())
        .await?;
    for pod in pods.items.iter().filter(|pod| is_running(pod)) {
        let (Some(name), Some(namespace)) = (configuration(pod), pod.namespace()) else {
            continue;
        };
        let secrets = Api::<Secret>::namespaced(client.clone(), &namespace);
        let Some(version) = secrets.get_opt(&name).await?.and_then(|s| version(&s)) else {
            continue;
        };
        if pod.annotations().get(ANNOTATION) == Some(&version) {
            continue;
        }
        let patch = json!({"metadata": {"annotations": {ANNOTATION: version}}});
        Api::<Pod>::namespaced(client.clone(), &namespace)
            .patch(
                &pod.name_any(),
                &PatchParams::default(),
                &Patch::Merge(patch),
            )
            .await?;
    }
    Ok(())
}

fn is_running(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref());
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    phase == Some("Running")
        && pod.metadata.deletion_timestamp.is_none()
        && containers.into_iter().any(|c| c.name == CONTAINER)
}

/// The Secret that the agent of a pod reads its configuration from: one of its volumes.
fn configuration(pod: &Pod) -> Option<String> {
    let volumes = pod.spec.as_ref()?.volumes.as_ref()?;
    let names = volumes
        .iter()
        .filter_map(|volume| volume.secret.as_ref()?.secret_name.clone());
    names.into_iter().find(|name| name.ends_with("-config"))
}

fn version(secret: &Secret) -> Option<String> {
    let text = &secret.data.as_ref()?.get(CONFIGURATION)?.0;
    let configuration: Value = serde_json::from_slice(text).ok()?;
    Some(configuration["version"].as_u64()?.to_string())
}
