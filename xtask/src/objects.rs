//! What tests do with objects in a cluster, through kube-rs: apply any object, make a namespace, see what is ready.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::{ApiCapabilities, ApiResource, Scope};
use kube::{Api, Client, Config, ResourceExt};
use serde_json::{Value, json};

use crate::{Error, Result};

/// Name under which the harness applies objects.
const MANAGER: &str = "xtask";

/// Reads the current context of a kubeconfig.
///
/// # Errors
/// If the file cannot be read or names a context, user or file that does not exist.
pub async fn config(kubeconfig: &Path) -> Result<Config> {
    let failed = |source| Error::Kubeconfig {
        path: kubeconfig.into(),
        source,
    };
    let file = Kubeconfig::read_from(kubeconfig).map_err(failed)?;
    let options = KubeConfigOptions::default();
    Config::from_custom_kubeconfig(file, &options)
        .await
        .map_err(failed)
}

/// A client for the current context of a kubeconfig.
///
/// # Errors
/// As [`config`], and if its certificates cannot be used.
pub async fn connect(kubeconfig: &Path) -> Result<Client> {
    let config = config(kubeconfig).await?;
    Client::try_from(config).map_err(Error::api(kubeconfig.display().to_string()))
}

/// Whether an object is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Goes through admission and defaulting, but is not stored (`dryRun=All`).
    DryRun,
    /// Is stored.
    Persist,
}

/// Applies objects of any kind by server-side apply, with strict field validation.
pub struct Applier {
    client: Client,
    kinds: HashMap<GroupVersionKind, (ApiResource, ApiCapabilities)>,
}

impl Applier {
    /// Makes one for the cluster of `client`. It keeps what it learns of kinds, so use one for many objects.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let kinds = HashMap::new();
        Self { client, kinds }
    }

    /// Applies an object and returns what the API server made of it.
    ///
    /// An object of a namespaced kind that names no namespace goes to `namespace`, or to `default` if that is `None`.
    /// Fields of other managers are taken over.
    ///
    /// # Errors
    /// If the object lacks apiVersion, kind or name, or the API server does not know its kind or refuses it; the
    /// message names kind and name.
    pub async fn apply(
        &mut self,
        object: &Value,
        namespace: Option<&str>,
        mode: Mode,
    ) -> Result<DynamicObject> {
        let field = |field: &'static str, pointer: &str| {
            let text = object.pointer(pointer).and_then(Value::as_str);
            text.ok_or_else(|| Error::NotAnObject {
                field,
                object: object.to_string(),
            })
        };
        let (version, kind) = (field("apiVersion", "/apiVersion")?, field("kind", "/kind")?);
        let name = field("metadata.name", "/metadata/name")?;
        let what = format!("{kind} {name}");
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = GroupVersionKind::gvk(group, version, kind);
        let (resource, capabilities) = self.kind(&kind, &what).await?;
        let api: Api<DynamicObject> = if capabilities.scope == Scope::Namespaced {
            let own = object
                .pointer("/metadata/namespace")
                .and_then(Value::as_str);
            let namespace = own.or(namespace).unwrap_or("default");
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        } else {
            Api::all_with(self.client.clone(), &resource)
        };
        let mut params = PatchParams::apply(MANAGER).force().validation_strict();
        params.dry_run = mode == Mode::DryRun;
        api.patch(name, &params, &Patch::Apply(object))
            .await
            .map_err(Error::api(what))
    }

    async fn kind(
        &mut self,
        kind: &GroupVersionKind,
        what: &str,
    ) -> Result<(ApiResource, ApiCapabilities)> {
        if let Some(known) = self.kinds.get(kind) {
            return Ok(known.clone());
        }
        let found = kube::discovery::pinned_kind(&self.client, kind)
            .await
            .map_err(Error::api(what))?;
        self.kinds.insert(kind.clone(), found.clone());
        Ok(found)
    }
}

/// Makes a namespace that enforces Pod Security `restricted`, or gives an existing one that label.
///
/// # Errors
/// If the API server refuses it.
pub async fn create_restricted_namespace(client: &Client, name: &str) -> Result<()> {
    create_namespace(client, name, "restricted").await
}

/// Makes a namespace that enforces a level of Pod Security (`privileged`, `baseline` or `restricted`), or gives an
/// existing one that label.
///
/// # Errors
/// If the API server refuses it.
pub async fn create_namespace(client: &Client, name: &str, level: &str) -> Result<()> {
    let namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {
                "pod-security.kubernetes.io/enforce": level,
                "pod-security.kubernetes.io/enforce-version": "latest",
            },
        },
    });
    let mut applier = Applier::new(client.clone());
    applier
        .apply(&namespace, None, Mode::Persist)
        .await
        .map(drop)
}

/// The pods of a namespace.
///
/// # Errors
/// If the API server cannot be asked.
pub async fn pods(client: &Client, namespace: &str) -> Result<Vec<Pod>> {
    list(client, namespace, "pods").await
}

/// The Deployments of a namespace.
///
/// # Errors
/// If the API server cannot be asked.
pub async fn deployments(client: &Client, namespace: &str) -> Result<Vec<Deployment>> {
    list(client, namespace, "deployments").await
}

/// The `StatefulSets` of a namespace.
///
/// # Errors
/// If the API server cannot be asked.
pub async fn stateful_sets(client: &Client, namespace: &str) -> Result<Vec<StatefulSet>> {
    list(client, namespace, "statefulsets").await
}

async fn list<K>(client: &Client, namespace: &str, what: &str) -> Result<Vec<K>>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    let api = Api::<K>::namespaced(client.clone(), namespace);
    let list = api.list(&ListParams::default()).await;
    Ok(list
        .map_err(Error::api(format!("{what} of {namespace}")))?
        .items)
}

/// A Deployment or `StatefulSet` and how many of its pods are ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// `Deployment` or `StatefulSet`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Pods that are ready.
    pub ready: i32,
    /// Pods that are wanted.
    pub wanted: i32,
    /// From the making of the workload to the last of its pods' getting ready, in whole seconds as Kubernetes counts;
    /// nothing while a pod is not ready.
    pub took: Option<Duration>,
}

/// The Deployments and `StatefulSets` of a namespace, by kind and name.
///
/// # Errors
/// If the API server cannot be asked.
pub async fn workloads(client: &Client, namespace: &str) -> Result<Vec<Workload>> {
    let pods = pods(client, namespace).await?;
    let mut all = Vec::new();
    for deployment in deployments(client, namespace).await? {
        let spec = deployment.spec.as_ref();
        let selector = spec.and_then(|spec| spec.selector.match_labels.clone());
        let ready = deployment
            .status
            .as_ref()
            .and_then(|status| status.ready_replicas);
        all.push(Workload {
            kind: "Deployment",
            name: deployment.name_any(),
            ready: ready.unwrap_or(0),
            wanted: spec.and_then(|spec| spec.replicas).unwrap_or(1),
            took: took(&deployment, &pods, &selector.unwrap_or_default()),
        });
    }
    for set in stateful_sets(client, namespace).await? {
        let spec = set.spec.as_ref();
        let selector = spec.and_then(|spec| spec.selector.match_labels.clone());
        let ready = set.status.as_ref().and_then(|status| status.ready_replicas);
        all.push(Workload {
            kind: "StatefulSet",
            name: set.name_any(),
            ready: ready.unwrap_or(0),
            wanted: spec.and_then(|spec| spec.replicas).unwrap_or(1),
            took: took(&set, &pods, &selector.unwrap_or_default()),
        });
    }
    Ok(all)
}

fn took(
    workload: &impl ResourceExt,
    pods: &[Pod],
    selector: &std::collections::BTreeMap<String, String>,
) -> Option<Duration> {
    let made = workload.creation_timestamp()?.0;
    let own = pods
        .iter()
        .filter(|pod| selector.iter().all(|(k, v)| pod.labels().get(k) == Some(v)));
    let ready: Option<Vec<_>> = own.map(ready_since).collect();
    let last = ready?.into_iter().max()?;
    Duration::try_from(last.duration_since(made)).ok()
}

fn ready_since(pod: &Pod) -> Option<k8s_openapi::jiff::Timestamp> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let ready = conditions
        .iter()
        .find(|c| c.type_ == "Ready" && c.status == "True")?;
    Some(ready.last_transition_time.as_ref()?.0)
}

/// Asks five times a second until there is an answer.
///
/// # Errors
/// An error of `ask` at once, and [`Error::Timeout`] with `what` if there is no answer within `patience`.
pub async fn wait_for<T, F>(what: &str, patience: Duration, mut ask: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if start.elapsed() > patience {
            return Err(Error::Timeout {
                what: what.into(),
                seconds: patience.as_secs(),
                detail: String::new(),
            });
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
