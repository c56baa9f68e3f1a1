//! Bad values are refused when they are read, with a message that says what would be right.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use spira_manifests::{Values, components, kit};

/// What a type accepts and what it refuses.
fn table<T: DeserializeOwned + Into<String>>(accepted: &[&str], refused: &[&str]) {
    for text in accepted {
        let value: Result<T, _> = serde_json::from_value(json!(text));
        let back: String = value
            .unwrap_or_else(|e| panic!("{text:?} refused: {e}"))
            .into();
        assert_eq!(back, *text);
    }
    for text in refused {
        let value: Result<T, _> = serde_json::from_value(json!(text));
        let error = value.err().unwrap_or_else(|| panic!("{text:?} accepted"));
        assert!(
            error.to_string().contains(&format!("{text:?} is not ")),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn names() {
    let long = "a".repeat(64);
    table::<kit::DnsLabel>(
        &["a", "spira-nats", "0x"],
        &["", "-a", "a-", "A", "a.b", "a b", "a\n", &long],
    );
    table::<kit::ObjectName>(
        &["a", "a.b-c", &long],
        &["", ".a", "a..b", "A", "a/b", "a\n"],
    );
    table::<kit::HostName>(
        &["minio", "10.0.0.1", "a.example.org"],
        &["", "http://a", "a:80", "a.example.org.", "A.example.org"],
    );
    table::<kit::Login>(&["spira", "a_b-C"], &["", "a:b", "a@b", "ä"]);
    table::<kit::DataKey>(&["connectionString.standard"], &["", "a/b", "a b"]);
}

#[test]
fn images() {
    table::<kit::Registry>(
        &["docker.io", "localhost:5000", "r.example.org/mirror"],
        &["", "https://docker.io", "docker.io/", "docker.io:", "a b"],
    );
    table::<kit::Repository>(
        &["nats", "uspcodelab/spira-api"],
        &["", "Nats", "nats:1", "/nats", "nats/"],
    );
    table::<kit::Tag>(
        &["latest", "v0.1.6-beta16", "_x"],
        &["", "-x", ".x", "a/b", "a:b", &"a".repeat(129)],
    );
    let hex = "0123456789abcdef".repeat(4);
    table::<kit::Digest>(
        &[&format!("sha256:{hex}")],
        &["", &hex, &format!("sha256:{hex}0"), "sha256:xyz"],
    );
}

#[test]
fn urls() {
    table::<kit::HttpUrl>(
        &["http://mlflow:5000", "https://a.example.org/mlflow"],
        &[
            "mlflow:5000",
            "http://",
            "http://a/",
            "ftp://a",
            "http://user@a",
            "http://a?b=c",
        ],
    );
    table::<kit::Origin>(
        &["*", "https://spira.example.org", "http://localhost:8080"],
        &[
            "",
            "**",
            "spira.example.org",
            "https://a/",
            "https://a,https://b",
        ],
    );
}

#[test]
fn credentials() {
    table::<kit::UrlPassword>(
        &["0123456789abcdef", "with-dash_and_more"],
        &[
            "short",
            "0123456789abcde@",
            "0123456789 abcdef",
            "0123456789abcdef\n",
        ],
    );
    table::<kit::SigningKey>(
        &[
            "0123456789abcdef0123456789abcdef",
            "!\"#$%&'()*+,-./0123456789:;<=>?@",
        ],
        &[
            "a_secret_key",
            "0123456789abcdef0123456789abcde ",
            "0123456789abcdef0123456789abcdeé",
        ],
    );
}

#[test]
fn amounts() {
    table::<kit::Quantity>(
        &["0", "100m", "1.5Gi", "2e3", ".5", "12E", "1k"],
        &["", "1 Gi", "Gi", "-1", "1gb", "1.", "1Ki5", "one"],
    );
    table::<kit::Duration>(
        &["30s", "5m", "1h30m", "2h5s", "1h1m1s", "500ms"],
        &["30", "0s", "1.5s", "1m1h", "-1s", "1d", "s", "30s ", ""],
    );
    table::<kit::Cron>(
        &[
            "*/1 * * * *",
            "0,30 8,20 1 1,7 0,6",
            "0 0 29 2 *",
            "0 0 31 2,3 *",
            "0 0 30,31 * *",
            "0 0 30 4 *",
            "0 0 */30 2 *",
            "@every 90s",
            "@every 1h30m",
        ],
        &[
            "0 0 30 2 *",
            "0 0 31 4 *",
            "0 0 31 2,4,6,9,11 *",
            "0 0 30,31 2 *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "*/0 * * * *",
            "* * * *",
            "* * * * * *",
            "@every 90",
            "@every 0s",
            "@never",
            "",
        ],
    );
    table::<kit::StorageSize>(&["1Gi", "500Mi"], &["1G", "0Gi", "1.5Gi", "10", ""]);
    table::<kit::DecimalSeconds>(&["0.01", "1"], &["", ".5", "1.", "-1", "1s", "1e3"]);
}

#[test]
fn words_of_spira() {
    table::<kit::Subject>(&["result_updates", "a.b"], &["", "a b", "a.*", ">", "a..b"]);
    table::<kit::FileExtension>(&[".wav", ".mp3"], &["wav", ".", ".tar.gz", "./a"]);
    table::<kit::BucketName>(
        &["audio-files", "abc", "123", "a.b", "logs.2024.spira"],
        &[
            "a",
            "a1",
            "Audio",
            "-ab",
            "ab-",
            "a_b",
            "a..b",
            "a.-b",
            "a-.b",
            ".ab",
            "192.168.0.1",
            &"a".repeat(64),
        ],
    );
    table::<kit::DatabaseName>(&["spira", "test_database"], &["_a", "1a", "a.b", "a b", ""]);
    table::<kit::CollectionName>(&["users"], &["_users", "a-b", ""]);
    table::<kit::ModelName>(&["pyfunc-test-model"], &["", "a b", "a/b", "a.b"]);
    table::<kit::ModelVersion>(&["Production", "3", "latest"], &["", "a/b", "@champion"]);
}

/// The default values with one of them replaced.
fn changed(path: &str, value: Value) -> Result<Values, serde_json::Error> {
    let mut all = serde_json::to_value(Values::default()).expect("values are JSON");
    let (parent, key) = path.rsplit_once('/').expect("a path has a slash");
    all.pointer_mut(parent)
        .unwrap_or_else(|| panic!("no {parent}"))[key] = value;
    serde_json::from_value(all)
}

#[test]
fn defaults_read_back_as_they_are() {
    let all = serde_json::to_value(Values::default()).expect("values are JSON");
    let read: Values = serde_json::from_value(all).expect("the defaults are valid");
    assert_eq!(read, Values::default());
}

#[test]
#[allow(clippy::too_many_lines)] // a table
fn bad_values_are_refused_with_what_would_be_right() {
    let cases = [
        (
            "/nats/replicas",
            json!(-1),
            "-1 is not a number of pods: 0 to 999",
        ),
        ("/nats/replicas", json!(2.5), "floating point"),
        ("/nats/replicas", json!("3"), "string"),
        ("/nats/replicas", json!(null), "null"),
        ("/nats/replicas", json!(1000), "is not a number of pods"),
        ("/nats/unknown", json!(1), "unknown field `unknown`"),
        ("/nats/enabled", json!("yes"), "expected a boolean"),
        ("/nats/image/tag", json!("a b"), "is not an image tag"),
        (
            "/nats/image/pullPolicy",
            json!("Sometimes"),
            "unknown variant",
        ),
        (
            "/nats/podLabels",
            json!({ "helm.sh/chart": "x" }),
            "is set by this chart",
        ),
        (
            "/nats/podLabels",
            json!({ "a": "b c" }),
            "is not the value of a label",
        ),
        (
            "/nats/podAnnotations",
            json!({ "checksum/config": "x" }),
            "is set by this chart",
        ),
        (
            "/nats/nodeSelector",
            json!({ "a b": "c" }),
            "is not the key of a label",
        ),
        (
            "/nats/jetstream/size",
            json!("ten"),
            "is not a whole number with",
        ),
        (
            "/global/connections/nats/port",
            json!(0),
            "0 is not a port: 1 to 65535",
        ),
        (
            "/global/connections/nats/port",
            json!(65536),
            "65536 is not a port: 1 to 65535",
        ),
        (
            "/global/connections/mlflow/url",
            json!("mlflow"),
            "is not a URL",
        ),
        (
            "/global/fullnameOverrides",
            json!({ "nats": "-" }),
            "is not a DNS label",
        ),
        (
            "/global/imagePullSecrets",
            json!(["A B"]),
            "is not the name of an object",
        ),
        ("/api-server/jwt/key", json!("short"), "is not a key of 32"),
        (
            "/api-server/jwt/algorithm",
            json!("none"),
            "unknown variant",
        ),
        ("/api-server/tmpSize", json!("1 GB"), "is not a quantity"),
        (
            "/api-server/corsOrigin",
            json!("spira.org"),
            "is not one origin",
        ),
        (
            "/api-server/autoscaling/minReplicas",
            json!(0),
            "0 is not a count of at least 1",
        ),
        (
            "/mongodb/members",
            json!(4),
            "4 is not an odd number of members: 1, 3, 5 or 7",
        ),
        ("/mongodb/members", json!(9), "9 is not an odd number"),
        (
            "/mongodb/version",
            json!("6.0.5-ubi8"),
            "is not a version x.y.z of MongoDB",
        ),
        (
            "/inference-server/waitTimeoutSeconds",
            json!(0),
            "at least 1",
        ),
    ];
    for (path, value, expected) in cases {
        let error = changed(path, value.clone())
            .err()
            .unwrap_or_else(|| panic!("{path}: {value} accepted"));
        assert!(
            error.to_string().contains(expected),
            "{path}: {value}: {error}"
        );
    }
}

#[test]
fn a_value_that_is_missing_is_an_error_unless_it_may_be_unset() {
    let mut all = serde_json::to_value(Values::default()).expect("values are JSON");
    let nats = all["nats"].as_object_mut().expect("a section");
    nats.remove("password");
    assert!(serde_json::from_value::<Values>(all.clone()).is_ok());
    let nats = all["nats"].as_object_mut().expect("a section");
    nats.remove("resources");
    let error = serde_json::from_value::<Values>(all).expect_err("resources are missing");
    assert!(
        error.to_string().contains("missing field `resources`"),
        "{error}"
    );
}

/// Walks through the schemas: every sample must be valid for the rule beside it.
#[test]
fn samples_of_every_rule_are_valid_and_distinct() {
    fn walk(node: &Value, seen: &mut usize) {
        if let (Some(sample), Some(pattern)) = (node["x-sample"].as_str(), node["pattern"].as_str())
        {
            let rule = regex::Regex::new(pattern).expect("a pattern compiles");
            for digits in ["0000", "0917", "9999"] {
                let text = sample.replace("????", digits);
                assert!(rule.is_match(&text), "{text} against {pattern}");
                let limit = node["maxLength"].as_u64().unwrap_or(u64::MAX);
                assert!(text.len() as u64 <= limit, "{text}");
            }
            assert!(sample.contains("????"));
            *seen += 1;
        }
        match node {
            Value::Object(map) => map.values().for_each(|v| walk(v, seen)),
            Value::Array(list) => list.iter().for_each(|v| walk(v, seen)),
            _ => {}
        }
    }
    for component in components::all() {
        let mut seen = 0;
        walk(&(component.schema)().to_value(), &mut seen);
        assert!(seen >= 8, "{} rules in {}", seen, component.name);
    }
}

#[test]
fn every_workload_has_the_same_knobs_at_the_top_of_its_section() {
    let all = serde_json::to_value(Values::default()).expect("values are JSON");
    for section in ["/nats", "/nats/natsBox", "/api-server", "/inference-server"] {
        let values = all.pointer(section).expect("a section");
        for knob in [
            "image",
            "replicas",
            "resources",
            "nodeSelector",
            "tolerations",
            "affinity",
            "topologySpreadConstraints",
            "priorityClassName",
            "podAnnotations",
            "podLabels",
            "extraEnv",
            "extraEnvFrom",
            "extraVolumes",
            "extraVolumeMounts",
            "extraContainers",
            "initContainers",
            "podSecurityContext",
            "securityContext",
            "serviceAccount",
            "terminationGracePeriodSeconds",
            "extraObjects",
        ] {
            assert!(values.get(knob).is_some(), "{section} has no {knob}");
        }
    }
}
