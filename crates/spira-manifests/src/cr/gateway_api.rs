//! `gateway.networking.k8s.io/v1`, the Gateway API: the fields of `HTTPRoute` and `Gateway` that
//! SPIRA sets. They are the same since 1.0.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::Way;

/// The kinds alone do nothing: a controller of the gateway's class acts on them.
const WAYS: &[Way] = &[Way {
    from: "the Gateway API, of which the cluster also needs an implementation",
    command: "kubectl apply --server-side \\\n  \
              -f https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.2/standard-install.yaml",
}];

super::custom_resource!(HttpRoute: "gateway.networking.k8s.io" "v1", "HTTPRoute" "httproutes", WAYS);
super::custom_resource!(Gateway: "gateway.networking.k8s.io" "v1", "Gateway" "gateways", WAYS);

/// Which requests of a gateway go to which Service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpRoute {
    /// Metadata.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: HttpRouteSpec,
}

/// What is wanted of a route.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteSpec {
    /// The gateways that the route belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_refs: Option<Vec<ParentReference>>,
    /// The host names that it answers to; absent, those of the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostnames: Option<Vec<String>>,
    /// Where requests go.
    pub rules: Vec<HttpRouteRule>,
}

/// A gateway that a route belongs to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParentReference {
    /// The gateway's name.
    pub name: String,
    /// The gateway's namespace; absent, that of the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The gateway's listener; absent, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
}

/// Where requests go.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteRule {
    /// The Services.
    pub backend_refs: Vec<BackendReference>,
}

/// A Service that requests go to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BackendReference {
    /// Its name.
    pub name: String,
    /// Its port.
    pub port: i32,
}

/// An entrance to the cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gateway {
    /// Metadata.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: GatewaySpec,
}

/// What is wanted of a gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewaySpec {
    /// The class, and so the controller, of the gateway.
    pub gateway_class_name: String,
    /// Its listeners.
    pub listeners: Vec<Listener>,
}

/// A port that a gateway listens on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Listener {
    /// A name, unique in the gateway.
    pub name: String,
    /// The port.
    pub port: i32,
    /// The protocol.
    pub protocol: String,
    /// How TLS ends here; absent without TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTls>,
}

/// How TLS ends at a listener.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerTls {
    /// `Terminate` or `Passthrough`.
    pub mode: String,
    /// Secrets with certificate and key.
    pub certificate_refs: Vec<CertificateReference>,
}

/// A Secret with certificate and key.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CertificateReference {
    /// Its name.
    pub name: String,
}
