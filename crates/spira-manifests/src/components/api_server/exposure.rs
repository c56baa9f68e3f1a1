//! How the API is reached: inside the cluster, and from the site outside.

use k8s_openapi::{
    api::{
        core::v1::{Service, ServicePort, ServiceSpec},
        networking::v1::{
            HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
            IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
        },
    },
    apimachinery::pkg::{apis::meta::v1::ObjectMeta, util::intstr::IntOrString},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Values, guard};
use crate::{
    Context,
    connections::API_PORT,
    cr::gateway_api::{
        BackendReference, CertificateReference, Gateway, GatewaySpec, HttpRoute, HttpRouteRule,
        HttpRouteSpec, Listener, ListenerTls, ParentReference,
    },
    kit::{Annotations, DnsLabel, HostName, ObjectName, non_empty},
    wiring::{API_GUARD_PORT, API_PROGRAM_PORT, Traffic},
};

/// The Service. Its port is always 80: other components rely on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceValues {
    /// From where it can be reached.
    #[serde(rename = "type")]
    pub type_: ServiceType,
    /// Annotations of the Service.
    pub annotations: Annotations,
}

/// From where a Service can be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ServiceType {
    /// From inside the cluster.
    #[default]
    ClusterIP,
    /// On a port of every node.
    NodePort,
    /// Through a load balancer of the cloud.
    LoadBalancer,
}

/// Where TLS ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tls {
    /// Whether there is TLS.
    pub enabled: bool,
    /// The Secret with certificate and key.
    pub secret_name: ObjectName,
}

/// An Ingress.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IngressValues {
    /// Whether there is an Ingress.
    pub enabled: bool,
    /// The class of the Ingress; unset, the cluster's default.
    pub class_name: Option<ObjectName>,
    /// Annotations of the Ingress. Uploads are large: most controllers limit the size of a
    /// request unless an annotation says otherwise.
    pub annotations: Annotations,
    /// Host names of the API; empty, it answers to all.
    pub hosts: Vec<HostName>,
    /// TLS on all the host names.
    pub tls: Tls,
}

/// A route of the Gateway API.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpRouteValues {
    /// Whether there is an `HTTPRoute`; the cluster must know the Gateway API.
    pub enabled: bool,
    /// Annotations of the route.
    pub annotations: Annotations,
    /// Host names of the API; empty, those of the gateway.
    pub hostnames: Vec<HostName>,
    /// Gateways that the route belongs to. TLS ends at their listeners.
    pub parent_refs: Vec<ParentRef>,
    /// A gateway for the API alone, which the route then belongs to as well.
    pub gateway: GatewayValues,
}

/// A gateway that a route belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParentRef {
    /// The gateway's name.
    pub name: ObjectName,
    /// The gateway's namespace; unset, the release's.
    pub namespace: Option<DnsLabel>,
    /// The gateway's listener, such as the one for HTTPS; unset, all of them.
    pub section_name: Option<ObjectName>,
}

/// A gateway for the API alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayValues {
    /// Whether to create it.
    pub create: bool,
    /// The class of the gateway, as the cluster's controller calls it.
    pub class_name: ObjectName,
    /// Annotations of the gateway.
    pub annotations: Annotations,
    /// TLS: with it the gateway listens on 443, without on 80.
    pub tls: Tls,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            enabled: false,
            secret_name: "spira-api-server-tls".parse().expect("a constant name"),
        }
    }
}

impl Default for GatewayValues {
    fn default() -> Self {
        Self {
            create: false,
            class_name: "nginx".parse().expect("a constant name"),
            annotations: Annotations::default(),
            tls: Tls::default(),
        }
    }
}

/// The Service.
#[must_use]
pub fn service(context: &Context, values: &Values) -> Service {
    let type_ = match values.service.type_ {
        ServiceType::ClusterIP => "ClusterIP",
        ServiceType::NodePort => "NodePort",
        ServiceType::LoadBalancer => "LoadBalancer",
    };
    let target = if values.guard.enabled {
        guard::PORT_NAME
    } else {
        "http"
    };
    Service {
        metadata: ObjectMeta {
            annotations: non_empty(&*values.service.annotations),
            ..context.meta(context.fullname())
        },
        spec: Some(ServiceSpec {
            ports: Some(vec![ServicePort {
                name: Some("http".into()),
                port: API_PORT,
                target_port: Some(IntOrString::String(target.into())),
                ..ServicePort::default()
            }]),
            selector: Some(context.selector_labels()),
            type_: Some(type_.into()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// The Ingress.
#[must_use]
pub fn ingress(context: &Context, values: &Values) -> Ingress {
    let ingress = &values.ingress;
    let hosts: Vec<String> = ingress.hosts.iter().map(ToString::to_string).collect();
    let rules: Vec<IngressRule> = hosts
        .iter()
        .map(|host| ingress_rule(context, host))
        .collect();
    Ingress {
        metadata: ObjectMeta {
            annotations: non_empty(&*ingress.annotations),
            ..context.meta(context.fullname())
        },
        spec: Some(IngressSpec {
            default_backend: rules.is_empty().then(|| ingress_backend(context)),
            ingress_class_name: ingress.class_name.as_deref().map(str::to_owned),
            rules: non_empty(&rules),
            tls: ingress.tls.enabled.then(|| {
                vec![IngressTLS {
                    hosts: non_empty(&hosts),
                    secret_name: Some(ingress.tls.secret_name.to_string()),
                }]
            }),
        }),
        ..Ingress::default()
    }
}

/// The route of the Gateway API.
#[must_use]
pub fn http_route(context: &Context, values: &Values) -> HttpRoute {
    let route = &values.http_route;
    let mut parents = Vec::new();
    if route.gateway.create {
        parents.push(ParentReference {
            name: context.fullname(),
            ..ParentReference::default()
        });
    }
    parents.extend(route.parent_refs.iter().map(|parent| ParentReference {
        name: parent.name.to_string(),
        namespace: parent.namespace.as_deref().map(str::to_owned),
        section_name: parent.section_name.as_deref().map(str::to_owned),
    }));
    let hostnames: Vec<String> = route.hostnames.iter().map(ToString::to_string).collect();
    HttpRoute {
        metadata: ObjectMeta {
            annotations: non_empty(&*route.annotations),
            ..context.meta(context.fullname())
        },
        spec: HttpRouteSpec {
            parent_refs: non_empty(&parents),
            hostnames: non_empty(&hostnames),
            rules: vec![HttpRouteRule {
                backend_refs: vec![BackendReference {
                    name: context.fullname(),
                    port: API_PORT,
                }],
            }],
        },
    }
}

/// The gateway for the API alone.
#[must_use]
pub fn gateway(context: &Context, values: &Values) -> Gateway {
    let gateway = &values.http_route.gateway;
    let listener = if gateway.tls.enabled {
        Listener {
            name: "https".into(),
            port: 443,
            protocol: "HTTPS".into(),
            tls: Some(ListenerTls {
                mode: "Terminate".into(),
                certificate_refs: vec![CertificateReference {
                    name: gateway.tls.secret_name.to_string(),
                }],
            }),
        }
    } else {
        Listener {
            name: "http".into(),
            port: 80,
            protocol: "HTTP".into(),
            tls: None,
        }
    };
    Gateway {
        metadata: ObjectMeta {
            annotations: non_empty(&*gateway.annotations),
            ..context.meta(context.fullname())
        },
        spec: GatewaySpec {
            gateway_class_name: gateway.class_name.to_string(),
            listeners: vec![listener],
        },
    }
}

/// Who may come in: with the guard nobody goes around it, and from outside the cluster comes only
/// whom the Service, an Ingress or a route lets in.
pub(super) fn traffic<'g>(context: &Context<'g>, values: &Values) -> Traffic<'g> {
    let others = &context.global.network_policies;
    let guard = values.guard.enabled;
    let mut clients = Vec::new();
    if values.ingress.enabled || values.http_route.enabled {
        clients.push(("ingress", others.ingress.as_slice()));
    }
    if values.service.type_ != ServiceType::ClusterIP {
        clients.push(("clients", others.clients.as_slice()));
    }
    Traffic {
        metrics: guard.then_some(guard::STATUS_PORT),
        faulty_names: values.chaos.dns.enabled,
        port: Some(if guard {
            API_GUARD_PORT
        } else {
            API_PROGRAM_PORT
        }),
        clients,
    }
}

fn ingress_rule(context: &Context, host: &str) -> IngressRule {
    IngressRule {
        host: Some(host.into()),
        http: Some(HTTPIngressRuleValue {
            paths: vec![HTTPIngressPath {
                backend: ingress_backend(context),
                path: Some("/".into()),
                path_type: "Prefix".into(),
            }],
        }),
    }
}

fn ingress_backend(context: &Context) -> IngressBackend {
    IngressBackend {
        service: Some(IngressServiceBackend {
            name: context.fullname(),
            port: Some(ServiceBackendPort {
                name: Some("http".into()),
                ..ServiceBackendPort::default()
            }),
        }),
        ..IngressBackend::default()
    }
}
