//! The cluster: what it serves, what it holds, and applying objects to it.

use std::path::Path;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, Client, Config, Discovery,
    api::{ListParams, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::{DynamicObject, GroupVersionKind, TypeMeta},
    discovery::{ApiResource, Scope},
};
use serde_json::Value;
use spira_manifests::{Object, Release, document::Loaded, monitored, upgrade};

use super::{
    error::{Error, said},
    title,
};

/// The name under which the API server notes who set a field.
const MANAGER: &str = "spira-apply";

/// What applying an object did, or would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Created,
    /// It was another one.
    Changed,
    /// It was the same.
    None,
}

/// A cluster, and a namespace of it.
pub struct Cluster {
    client: Client,
    discovery: Discovery,
    namespace: String,
    params: PatchParams,
}

impl Cluster {
    /// Reads the kubeconfig and asks the cluster what it serves.
    pub async fn connect(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Self, Error> {
        let config = config(kubeconfig, context).await?;
        let namespace = config.default_namespace.clone();
        let server = config.cluster_url.to_string();
        let client = Client::try_from(config).map_err(Error::request("the kubeconfig"))?;
        let discovery = Discovery::new(client.clone()).run_aggregated().await;
        Ok(Self {
            client,
            discovery: discovery.map_err(Error::request(format!("the cluster at {server}")))?,
            namespace,
            params: PatchParams::apply(MANAGER).validation_strict(),
        })
    }

    /// The same cluster in another namespace than the context's, if one is given, which must be there.
    /// With `force`, fields that others set are taken over.
    pub async fn within(mut self, namespace: Option<&str>, force: bool) -> Result<Self, Error> {
        if let Some(namespace) = namespace {
            namespace.clone_into(&mut self.namespace);
        }
        let name = &self.namespace;
        let found = Api::<Namespace>::all(self.client.clone())
            .get_opt(name)
            .await;
        if found
            .map_err(Error::request(format!("namespace {name}")))?
            .is_none()
        {
            return Err(Error::NoNamespace(self.namespace));
        }
        self.params.force = force;
        Ok(self)
    }

    /// The release, with all that the library may ask of the cluster: which APIs it serves, which
    /// credentials are in use, and what of the live objects cannot change.
    pub async fn release(&self, name: &str, loaded: &Loaded) -> Result<Release, Error> {
        let mut release = Release::new(name, &self.namespace).with_served(self.served());
        // Whatever the credentials are, the Secrets have the same names.
        for object in loaded.objects(&release.clone().with_generated(|_, _| String::new()))? {
            if object.kind() == "Secret" {
                release = self.with_secret(release, object.name()).await?;
            }
        }
        let stores = upgrade::STORES.iter().map(upgrade::Store::api);
        let mut apis: Vec<_> = stores.collect();
        apis.push(monitored::API.to_owned());
        for api in apis {
            for object in self.list(&api).await? {
                release = release.with_live_object(object);
            }
        }
        Ok(release)
    }

    /// The names of all kinds that are served, as Helm spells them.
    fn served(&self) -> Vec<String> {
        let mut served = Vec::new();
        for group in self.discovery.groups() {
            for version in group.versions() {
                let kinds = group.versioned_resources(version);
                let kinds = kinds.iter().map(|(kind, _)| api_name(kind));
                served.extend(kinds);
            }
        }
        served
    }

    async fn with_secret(&self, mut release: Release, name: &str) -> Result<Release, Error> {
        let secrets = Api::<Secret>::namespaced(self.client.clone(), &self.namespace);
        let live = secrets.get_opt(name).await;
        let live = live.map_err(Error::request(format!("Secret/{name}")))?;
        for (key, value) in live.and_then(|live| live.data).unwrap_or_default() {
            let text = String::from_utf8(value.0).map_err(|_| Error::NoText {
                secret: name.to_owned(),
                key: key.clone(),
            })?;
            release = release.with_live_secret(name, key, text);
        }
        Ok(release)
    }

    /// The live objects of a kind: those of the namespace, or a Prometheus of any, which may read what
    /// others have. None where the kind is not served.
    async fn list(&self, api: &str) -> Result<Vec<Value>, Error> {
        let Some((version, kind)) = api.rsplit_once('/') else {
            return Ok(Vec::new());
        };
        let Some((resource, _)) = self.kind(version, kind) else {
            return Ok(Vec::new());
        };
        let all: Api<DynamicObject> = if api == monitored::API {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
        };
        let list = all.list(&ListParams::default()).await;
        let list = list.map_err(Error::request(format!("all of {api}")))?;
        // Items of a list do not say what they are.
        let typed = |mut object: DynamicObject| {
            object.types = Some(TypeMeta {
                api_version: resource.api_version.clone(),
                kind: resource.kind.clone(),
            });
            Ok(serde_json::to_value(object)?)
        };
        list.items.into_iter().map(typed).collect()
    }

    fn kind(&self, version: &str, kind: &str) -> Option<(ApiResource, Scope)> {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = GroupVersionKind::gvk(group, version, kind);
        let (resource, capabilities) = self.discovery.resolve_gvk(&kind)?;
        Some((resource, capabilities.scope))
    }

    /// Where objects of this one's kind are; `None` where the cluster does not serve it.
    fn api(&self, object: &Object) -> Option<Api<DynamicObject>> {
        let json = object.as_json();
        let (resource, scope) = self.kind(json["apiVersion"].as_str()?, object.kind())?;
        Some(if scope == Scope::Namespaced {
            let own = json["metadata"]["namespace"].as_str();
            let namespace = own.unwrap_or(&self.namespace);
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        } else {
            Api::all_with(self.client.clone(), &resource)
        })
    }

    /// What applying would do to each object: all of it goes through validation and admission, and
    /// nothing is stored.
    pub async fn dry_run(&self, objects: &[Object]) -> Result<Vec<Change>, Error> {
        let params = self.params.clone().dry_run();
        let (mut changes, mut refused) = (Vec::new(), Vec::new());
        for object in objects {
            match self.patch(object, &params).await {
                Ok(change) => changes.push(change),
                Err(Error::Request { what, source }) if matches!(*source, kube::Error::Api(_)) => {
                    refused.push(format!("- {what}: {}", said(&source)));
                }
                Err(Error::NotTaken(lines)) => refused.extend(lines),
                Err(other) => return Err(other),
            }
        }
        if refused.is_empty() {
            Ok(changes)
        } else {
            Err(Error::NotTaken(refused))
        }
    }

    /// Applies an object.
    pub async fn apply(&self, object: &Object) -> Result<Change, Error> {
        self.patch(object, &self.params).await
    }

    async fn patch(&self, object: &Object, params: &PatchParams) -> Result<Change, Error> {
        let title = title(object);
        let version = object.as_json()["apiVersion"].as_str().unwrap_or_default();
        let unserved = || Error::NotTaken(vec![format!("- {title}: {version} is not served")]);
        let api = self.api(object).ok_or_else(unserved)?;
        let before = api.get_opt(object.name()).await;
        let before = before.map_err(Error::request(&title))?;
        let patch = Patch::Apply(object.as_json());
        let after = api.patch(object.name(), params, &patch).await;
        let after = after.map_err(Error::request(&title))?;
        let Some(before) = before else {
            return Ok(Change::Created);
        };
        Ok(if compared(before)? == compared(after)? {
            Change::None
        } else {
            Change::Changed
        })
    }

    /// The live object, if it is there.
    pub async fn live(&self, object: &Object) -> Result<Option<Value>, Error> {
        let Some(api) = self.api(object) else {
            return Ok(None);
        };
        let live = api.get_opt(object.name()).await;
        let live = live.map_err(Error::request(title(object)))?;
        Ok(live.map(serde_json::to_value).transpose()?)
    }
}

async fn config(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Config, Error> {
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    if let Some(path) = kubeconfig {
        let file = Kubeconfig::read_from(path).map_err(|why| Error::Config(why.into()))?;
        let config = Config::from_custom_kubeconfig(file, &options).await;
        config.map_err(|why| Error::Config(why.into()))
    } else if context.is_some() {
        let config = Config::from_kubeconfig(&options).await;
        config.map_err(|why| Error::Config(why.into()))
    } else {
        let config = Config::infer().await;
        config.map_err(|why| Error::Config(why.into()))
    }
}

/// A kind as Helm spells it: `v1/Pod`, `apps/v1/Deployment`.
fn api_name(kind: &ApiResource) -> String {
    format!("{}/{}", kind.api_version, kind.kind)
}

/// What of an object says whether it is the same: not what controllers tell of it, nor who set what. Its
/// version would not do, since a dry run does not raise it.
fn compared(object: DynamicObject) -> Result<Value, Error> {
    let mut json = serde_json::to_value(object)?;
    if let Some(fields) = json.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = json["metadata"].as_object_mut() {
        metadata
            .retain(|key, _| !["generation", "managedFields", "resourceVersion"].contains(&&**key));
    }
    Ok(json)
}
