//! The evaluator, on what Kubernetes' documentation says of network policies.

use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::{Value, json};

use super::policy::{End, Network, Pod, Port, in_range};

const NAMESPACES: [(&str, &str); 3] = [
    ("default", "none"),
    ("myproject", "myproject"),
    ("other", "other"),
];

fn network(policies: Value) -> Network {
    let labels = |name: &str, project: &str| {
        let pairs = [("kubernetes.io/metadata.name", name), ("project", project)];
        pairs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    };
    let namespaces = NAMESPACES.map(|(name, project)| (name.to_owned(), labels(name, project)));
    let policies: Vec<NetworkPolicy> = serde_json::from_value(policies).expect("policies");
    Network {
        policies,
        namespaces: namespaces.into(),
    }
}

fn pod(namespace: &str, role: &str) -> End {
    let named = |name: &str, port| (name.to_owned(), port);
    End {
        address: "10.244.0.9".parse().expect("an address"),
        pod: Some(Pod {
            namespace: namespace.into(),
            labels: [("role".to_owned(), role.to_owned())].into(),
            ports: [named("sql", Port::tcp(6379)), named("dns", Port::udp(53))].into(),
        }),
    }
}

fn outside(address: &str) -> End {
    End {
        address: address.parse().expect("an address"),
        pod: None,
    }
}

fn policy(spec: impl Into<Value>) -> Value {
    let spec: Value = spec.into();
    json!([{"metadata": {"name": "p", "namespace": "default"}, "spec": spec}])
}

/// The example of "The `NetworkPolicy` resource", with its sentence on each of its rules.
#[test]
fn the_example_allows_what_the_documentation_says() {
    let network = network(policy(json!({
        "podSelector": {"matchLabels": {"role": "db"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{
            "from": [
                {"ipBlock": {"cidr": "172.17.0.0/16", "except": ["172.17.1.0/24"]}},
                {"namespaceSelector": {"matchLabels": {"project": "myproject"}}},
                {"podSelector": {"matchLabels": {"role": "frontend"}}},
            ],
            "ports": [{"protocol": "TCP", "port": 6379}],
        }],
        "egress": [{
            "to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}],
            "ports": [{"protocol": "TCP", "port": 5978}],
        }],
    })));
    let db = pod("default", "db");
    let (redis, other) = (Port::tcp(6379), Port::tcp(80));
    for (from, allowed) in [
        (pod("default", "frontend"), true),
        (pod("default", "backend"), false),
        (pod("myproject", "backend"), true),
        (pod("other", "frontend"), false),
        (outside("172.17.0.5"), true),
        (outside("172.17.2.1"), true),
        (outside("172.17.1.5"), false),
        (outside("172.18.0.5"), false),
    ] {
        assert_eq!(network.allows(&from, &db, redis), allowed, "{from:?}");
        assert!(!network.allows(&from, &db, other), "{from:?}");
    }
    assert!(network.allows(&db, &outside("10.0.0.7"), Port::tcp(5978)));
    assert!(!network.allows(&db, &outside("10.0.0.7"), Port::udp(5978)));
    assert!(!network.allows(&db, &outside("10.0.1.7"), Port::tcp(5978)));
    assert!(!network.allows(&db, &pod("myproject", "x"), Port::tcp(5978)));
    // Nobody selects the others, so they are free.
    assert!(network.allows(&pod("default", "x"), &pod("other", "db"), other));
}

/// "Behavior of to and from selectors": one element with both selectors is an *and*, two elements are an *or*.
#[test]
fn selectors_in_one_element_are_an_and() {
    let both = json!({
        "namespaceSelector": {"matchLabels": {"project": "myproject"}},
        "podSelector": {"matchLabels": {"role": "client"}},
    });
    let apart = json!([
        {"namespaceSelector": both["namespaceSelector"]},
        {"podSelector": both["podSelector"]},
    ]);
    let with = |from: Value| {
        network(policy(
            json!({"podSelector": {}, "ingress": [{"from": from}]}),
        ))
    };
    let to = pod("default", "db");
    for (namespace, role, and, or) in [
        ("myproject", "client", true, true),
        ("myproject", "x", false, true),
        ("default", "client", false, true),
        ("default", "x", false, false),
        ("other", "client", false, false),
    ] {
        let from = pod(namespace, role);
        let port = Port::tcp(1);
        assert_eq!(
            with(json!([both])).allows(&from, &to, port),
            and,
            "{from:?}"
        );
        assert_eq!(with(apart.clone()).allows(&from, &to, port), or, "{from:?}");
    }
}

/// "Default policies": nothing in, everything in, nothing out, everything out, and nothing at all.
#[test]
fn default_policies_do_what_they_are_called() {
    for (spec, comes_in, goes_out) in [
        (
            json!({"podSelector": {}, "policyTypes": ["Ingress"]}),
            false,
            true,
        ),
        (
            json!({"podSelector": {}, "ingress": [{}], "policyTypes": ["Ingress"]}),
            true,
            true,
        ),
        (
            json!({"podSelector": {}, "policyTypes": ["Egress"]}),
            true,
            false,
        ),
        (
            json!({"podSelector": {}, "egress": [{}], "policyTypes": ["Egress"]}),
            true,
            true,
        ),
        (
            json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}),
            false,
            false,
        ),
        // Without policyTypes a policy is about what comes in, and about what goes out if it says something of it.
        (json!({"podSelector": {}}), false, true),
        (json!({"podSelector": {}, "egress": []}), false, false),
    ] {
        let network = network(policy(spec.clone()));
        let (own, other) = (pod("default", "x"), pod("other", "x"));
        assert_eq!(
            network.allows(&other, &own, Port::tcp(80)),
            comes_in,
            "{spec}"
        );
        assert_eq!(
            network.allows(&own, &other, Port::tcp(80)),
            goes_out,
            "{spec}"
        );
        // It is about its own namespace only.
        assert!(network.allows(&other, &pod("myproject", "x"), Port::tcp(80)));
    }
}

/// "The two sorts of pod isolation": both sides must allow a connection, and policies add up.
#[test]
fn both_sides_must_allow_it_and_policies_add_up() {
    let about = |role: &str, spec: Value| {
        let mut policy = json!({
            "metadata": {"name": role, "namespace": "default"},
            "spec": {"podSelector": {"matchLabels": {"role": role}}},
        });
        for (key, value) in spec.as_object().expect("fields") {
            policy["spec"][key] = value.clone();
        }
        policy
    };
    let to_server = about(
        "client",
        json!({"policyTypes": ["Egress"], "egress": [
            {"to": [{"podSelector": {"matchLabels": {"role": "server"}}}]},
        ]}),
    );
    let from_client = about(
        "server",
        json!({"ingress": [
            {"from": [{"podSelector": {"matchLabels": {"role": "client"}}}]},
        ]}),
    );
    let closed = about("server", json!({"policyTypes": ["Ingress"]}));
    let (client, server) = (pod("default", "client"), pod("default", "server"));
    for (policies, allowed) in [
        (json!([]), true),
        (json!([to_server]), true),
        (json!([closed]), false),
        (json!([to_server, closed]), false),
        (json!([to_server, closed, from_client]), true),
    ] {
        let network = network(policies.clone());
        assert_eq!(
            network.allows(&client, &server, Port::tcp(1)),
            allowed,
            "{policies}"
        );
    }
}

/// "Targeting a range of ports", ports by name, and ports without a number.
#[test]
fn ports_are_numbers_ranges_and_names() {
    for (port, inside, beyond) in [
        (json!({"port": 80}), Port::tcp(80), Port::udp(80)),
        (
            json!({"port": 80, "protocol": "UDP"}),
            Port::udp(80),
            Port::tcp(80),
        ),
        (
            json!({"port": 32000, "endPort": 32768}),
            Port::tcp(32768),
            Port::tcp(32769),
        ),
        (
            json!({"port": 32000, "endPort": 32768}),
            Port::tcp(32000),
            Port::tcp(31999),
        ),
        (json!({"port": "sql"}), Port::tcp(6379), Port::tcp(80)),
        (
            json!({"port": "dns", "protocol": "UDP"}),
            Port::udp(53),
            Port::tcp(53),
        ),
        // The name is one of another protocol, or of no port.
        (json!({"protocol": "TCP"}), Port::tcp(1), Port::udp(1)),
    ] {
        let rule = json!({"podSelector": {}, "ingress": [{"ports": [port]}]});
        let network = network(policy(rule));
        let (from, to) = (outside("192.0.2.1"), pod("default", "x"));
        assert!(network.allows(&from, &to, inside), "{port}");
        assert!(!network.allows(&from, &to, beyond), "{port}");
    }
}

#[test]
fn selectors_have_expressions() {
    for (operator, values, own, others, without) in [
        ("In", json!(["x", "y"]), true, false, false),
        ("NotIn", json!(["x", "y"]), false, true, true),
        ("Exists", json!(null), true, true, false),
        ("DoesNotExist", json!(null), false, false, true),
    ] {
        let select = |key: &str| {
            let expression = json!({"key": key, "operator": operator, "values": values});
            let network = network(policy(json!({
                "podSelector": {"matchExpressions": [expression]}, "policyTypes": ["Ingress"],
            })));
            move |role: &str| {
                let End { pod, .. } = pod("default", role);
                network.over(&pod.expect("a pod")).count() == 1
            }
        };
        assert_eq!(select("role")("x"), own, "{operator}");
        assert_eq!(select("role")("z"), others, "{operator}");
        assert_eq!(select("none")("x"), without, "{operator}");
    }
}

#[test]
fn ranges_hold_their_addresses() {
    for (cidr, inside, beyond) in [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
        ("172.16.0.0/12", "172.31.255.255", "172.32.0.0"),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.8"),
        ("0.0.0.0/0", "255.1.2.3", "::1"),
        ("fc00::/7", "fd12::1", "fe00::1"),
        ("::/0", "2001:db8::1", "10.0.0.1"),
        ("2001:db8::1/128", "2001:db8::1", "2001:db8::2"),
    ] {
        assert!(
            in_range(cidr, inside.parse().expect("an address")),
            "{cidr}"
        );
        assert!(
            !in_range(cidr, beyond.parse().expect("an address")),
            "{cidr}"
        );
    }
}
