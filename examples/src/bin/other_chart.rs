//! Makes a Helm chart of software that is not SPIRA: `traefik/whoami`, which answers requests with
//! what it sees of them. Nothing but the struct of values and the builder below is particular to it;
//! tracing, proof and templates are those that SPIRA's chart is made with.
//!
//! ```console
//! $ cargo run -p spira-examples --bin other_chart -- whoami
//! $ helm template demo whoami --set ingress.enabled=true
//! ```

use std::{collections::BTreeMap, env, error::Error, fs, path::Path};

use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentSpec},
    core::v1::{
        Container, ContainerPort, PodSpec, PodTemplateSpec, Service, ServicePort, ServiceSpec,
    },
    networking::v1::{
        HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
        IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
    },
};
use k8s_openapi::apimachinery::pkg::{
    apis::meta::v1::{LabelSelector, ObjectMeta},
    util::intstr::IntOrString,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spira_chart_gen::{
    Subject,
    compile::{self, Options},
    docs,
    prove::Effort,
};
use spira_manifests::{
    Intrinsics, Object,
    kit::{HostName, ObjectName, Port, Replicas, Tag, non_empty, security},
};

const NAME: &str = "whoami";
const VERSION: &str = "v1.11.0";

/// The values: the type says what is allowed, the documentation what it is for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Values {
    /// How many pods there are.
    replicas: Replicas,
    /// The tag of the image.
    tag: Tag,
    /// The port that the program listens on.
    port: Port,
    /// Whether it logs each request.
    verbose: bool,
    /// How it is reached from outside the cluster.
    ingress: Outside,
}

/// How it is reached from outside the cluster.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outside {
    /// Whether there is an Ingress.
    enabled: bool,
    /// Its class; unset, the cluster's default.
    class_name: Option<ObjectName>,
    /// The hosts that it answers for.
    hosts: Vec<HostName>,
    /// The Secret with their certificate; unset, they are reached without TLS.
    tls_secret: Option<ObjectName>,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            replicas: 2.try_into().expect("a constant number of pods"),
            tag: VERSION.parse().expect("a constant tag"),
            port: 8080.try_into().expect("a constant port"),
            verbose: false,
            ingress: Outside {
                enabled: false,
                class_name: None,
                hosts: vec!["whoami.example.org".parse().expect("a constant host")],
                tls_secret: None,
            },
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os()
        .nth(1)
        .ok_or("which folder shall hold the chart?")?;
    let folder = Path::new(&folder);

    let subject = Subject::new(NAME, include_str!("other_chart.rs"), objects);
    let options = Options {
        effort: Some(Effort::default()),
    };
    let compiled = compile::subject(&subject, &options)?;

    let mut files = vec![
        ("Chart.yaml".to_owned(), chart_yaml()),
        ("values.yaml".to_owned(), values_yaml(&subject)?),
        (
            "values.schema.json".to_owned(),
            format!("{:#}\n", subject.schema),
        ),
    ];
    let templates = compiled.templates.files.into_iter();
    files.extend(templates.map(|file| (file.path, file.text)));
    fs::create_dir_all(folder.join("templates"))?;
    for (path, text) in &files {
        fs::write(folder.join(path), text)?;
        println!("{path}");
    }
    println!(
        "builders and templates agree on {} documents",
        compiled.cases
    );
    Ok(())
}

fn chart_yaml() -> String {
    format!(
        "apiVersion: v2\nname: {NAME}\nversion: 0.1.0\nappVersion: {VERSION}\ntype: application\n"
    )
}

/// The defaults, each with its documentation, in the order of the struct's fields.
fn values_yaml(subject: &Subject) -> Result<String, Box<dyn Error>> {
    let order = yaml_serde::to_value(Values::default())?;
    let mut defaults = serde_json::to_value(Values::default())?;
    // An option that is not set is not there.
    if let Some(ingress) = defaults["ingress"].as_object_mut() {
        ingress.retain(|_, value| !value.is_null());
    }
    let fields = docs::fields(&subject.schema, &defaults, &order);
    Ok(docs::values_yaml(&fields))
}

fn objects(release: &dyn Intrinsics, values: &Values) -> Vec<Object> {
    let mut objects = vec![
        Object::new(&deployment(release, values)),
        Object::new(&service(release)),
    ];
    if values.ingress.enabled {
        objects.push(Object::new(&ingress(release, &values.ingress)));
    }
    objects
}

fn name(release: &dyn Intrinsics) -> String {
    format!("{}-{NAME}", release.release_name())
}

fn labels(release: &dyn Intrinsics) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("app.kubernetes.io/name".into(), NAME.into()),
        ("app.kubernetes.io/instance".into(), release.release_name()),
    ])
}

fn meta(release: &dyn Intrinsics) -> ObjectMeta {
    ObjectMeta {
        name: Some(name(release)),
        namespace: Some(release.namespace()),
        labels: Some(labels(release)),
        ..ObjectMeta::default()
    }
}

/// The pods.
pub fn deployment(release: &dyn Intrinsics, values: &Values) -> Deployment {
    let mut args = vec![format!("--port={}", values.port)];
    if values.verbose {
        args.push("--verbose".into());
    }
    let container = Container {
        name: NAME.into(),
        image: Some(format!("traefik/{NAME}:{}", values.tag)),
        args: Some(args),
        ports: Some(vec![ContainerPort {
            name: Some("http".into()),
            container_port: values.port.get().into(),
            ..ContainerPort::default()
        }]),
        security_context: Some(security::restricted_container()),
        ..Container::default()
    };
    Deployment {
        metadata: meta(release),
        spec: Some(DeploymentSpec {
            replicas: Some(values.replicas.get()),
            selector: LabelSelector {
                match_labels: Some(labels(release)),
                ..LabelSelector::default()
            },
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels(release)),
                    ..ObjectMeta::default()
                }),
                spec: Some(PodSpec {
                    containers: vec![container],
                    security_context: Some(security::restricted_pod()),
                    ..PodSpec::default()
                }),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// The one address of all pods.
pub fn service(release: &dyn Intrinsics) -> Service {
    Service {
        metadata: meta(release),
        spec: Some(ServiceSpec {
            selector: Some(labels(release)),
            ports: Some(vec![ServicePort {
                name: Some("http".into()),
                port: 80,
                target_port: Some(IntOrString::String("http".into())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// The way from outside.
pub fn ingress(release: &dyn Intrinsics, values: &Outside) -> Ingress {
    let path = HTTPIngressPath {
        path: Some("/".into()),
        path_type: "Prefix".into(),
        backend: IngressBackend {
            service: Some(IngressServiceBackend {
                name: name(release),
                port: Some(ServiceBackendPort {
                    name: Some("http".into()),
                    ..ServiceBackendPort::default()
                }),
            }),
            ..IngressBackend::default()
        },
    };
    let rule = |host: &HostName| IngressRule {
        host: Some(host.to_string()),
        http: Some(HTTPIngressRuleValue {
            paths: vec![path.clone()],
        }),
    };
    let hosts: Vec<_> = values.hosts.iter().map(ToString::to_string).collect();
    let rules: Vec<_> = values.hosts.iter().map(rule).collect();
    let tls = values.tls_secret.as_ref().map(|secret| IngressTLS {
        hosts: non_empty(&hosts),
        secret_name: Some(secret.to_string()),
    });
    Ingress {
        metadata: meta(release),
        spec: Some(IngressSpec {
            ingress_class_name: values.class_name.as_ref().map(ToString::to_string),
            rules: non_empty(&rules),
            tls: tls.map(|tls| vec![tls]),
            ..IngressSpec::default()
        }),
        ..Ingress::default()
    }
}
