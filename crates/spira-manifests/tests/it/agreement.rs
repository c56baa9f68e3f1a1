//! What two objects must agree on, and what the crate promises of itself.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use spira_manifests::{Intrinsics, Object, Release, Values, kit::NameOverrides};

fn release() -> Release {
    Release::new("spira", "voices")
}

fn find<'a>(objects: &'a [Object], kind: &str, name: &str) -> &'a Value {
    let object = objects
        .iter()
        .find(|o| o.kind() == kind && o.name() == name);
    object
        .unwrap_or_else(|| panic!("no {kind} {name}"))
        .as_json()
}

fn environment<'a>(objects: &'a [Object], deployment: &str) -> &'a Vec<Value> {
    let deployment = find(objects, "Deployment", deployment);
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    container["env"].as_array().expect("the container has env")
}

#[test]
fn api_server_and_inference_server_agree() {
    let objects = Values::default().objects(&release());
    let api = &find(&objects, "ConfigMap", "spira-api-server-env")["data"];
    let inference = &find(&objects, "ConfigMap", "spira-inference-server-env")["data"];
    for name in [
        "nats_conn_url",
        "central_channel",
        "minio_conn_url",
        "bucket_name",
    ] {
        assert!(api[name].is_string());
        assert_eq!(api[name], inference[name], "{name}");
    }
    assert_eq!(api["file_extension"], inference["default_extension"]);
    assert_eq!(api["hospital_collection_name"], "hospitals");
    assert_eq!(inference["receiving_channel"], "pyfunc-test-model-topic");
    assert_eq!(
        inference["model_path"],
        "models:/pyfunc-test-model/Production"
    );
    assert_eq!(api["minio_conn_url"], "minio:80");
    assert_eq!(inference["MLFLOW_S3_ENDPOINT_URL"], "http://minio:80");
    assert_eq!(inference["mlflow_conn_url"], "http://spira-mlflow:5000");
}

#[test]
fn the_url_of_nats_leads_to_its_service() {
    let objects = Values::default().objects(&release());
    let service = find(&objects, "Service", "spira-nats");
    let api = &find(&objects, "ConfigMap", "spira-api-server-env")["data"];
    let port = &service["spec"]["ports"][0]["port"];
    assert_eq!(api["nats_conn_url"], format!("nats://spira-nats:{port}"));
}

#[test]
fn all_spellings_of_the_object_stores_keys_are_one_secret() {
    let objects = Values::default().objects(&release());
    let keys = |deployment: &str, names: &[&str]| -> BTreeSet<String> {
        environment(&objects, deployment)
            .iter()
            .filter(|v| names.contains(&v["name"].as_str().unwrap_or_default()))
            .map(|v| v["valueFrom"]["secretKeyRef"].to_string())
            .collect()
    };
    let access = keys(
        "spira-inference-server",
        &["minio_access_key", "AWS_ACCESS_KEY_ID"],
    );
    assert_eq!(access.len(), 1);
    assert_eq!(access, keys("spira-api-server", &["minio_access_key"]));
    let secret = keys(
        "spira-inference-server",
        &["minio_secret_key", "AWS_SECRET_ACCESS_KEY"],
    );
    assert_eq!(secret.len(), 1);
    assert_eq!(secret, keys("spira-api-server", &["minio_secret_key"]));
}

#[test]
fn credentials_stand_in_secrets_only() {
    let mut values = Values::default();
    values.global.connections.nats.auth.enabled = true;
    let release = release().with_generated(|_, key| format!("generated-{key}"));
    for object in values.objects(&release) {
        let holds = object.as_json().to_string().contains("generated-");
        assert_eq!(holds, object.kind() == "Secret", "{}", object.name());
    }
}

#[test]
fn the_inference_server_gets_neither_mongodb_nor_the_key_of_tokens() {
    let objects = Values::default().objects(&release());
    for variable in environment(&objects, "spira-inference-server") {
        assert!(!["M_CONN_URL", "key"].contains(&variable["name"].as_str().unwrap_or_default()));
    }
}

#[test]
fn names_in_a_pod_are_unique() {
    let mut values = Values::default();
    values.global.connections.nats.auth.enabled = true;
    values.nats.jetstream.enabled = true;
    values.nats.nats_box.enabled = true;
    for object in values.objects(&release()) {
        let pod = &object.as_json()["spec"]["template"]["spec"];
        let containers = pod["containers"].as_array().into_iter().flatten();
        for container in containers {
            for (list, key) in [
                ("env", "name"),
                ("ports", "name"),
                ("volumeMounts", "mountPath"),
            ] {
                let items = container[list].as_array().into_iter().flatten();
                let names: Vec<_> = items.map(|i| i[key].to_string()).collect();
                let distinct: BTreeSet<_> = names.iter().collect();
                assert_eq!(names.len(), distinct.len(), "{list} of {}", object.name());
            }
        }
    }
}

#[test]
fn a_credential_is_given_else_live_else_generated_once() {
    let ask = |release: &Release, given, generate| {
        release.credential("a-jwt", "key", given, generate, "a.key")
    };
    let release = release().with_live_secret("a-jwt", "key", "live");
    assert_eq!(ask(&release, Some("given"), true), "given");
    assert_eq!(ask(&release, None, true), "live");
    assert_eq!(ask(&release, None, false), "live");

    let fresh = Release::new("spira", "voices");
    let generated = ask(&fresh, None, true);
    assert_eq!(generated.len(), 32);
    assert!(generated.chars().all(|c| c.is_ascii_alphanumeric()));
    assert_eq!(
        ask(&fresh, None, true),
        generated,
        "the same within a release"
    );
    assert_ne!(ask(&Release::new("spira", "voices"), None, true), generated);
    assert!(fresh.missing_credentials().is_empty());

    ask(&Release::new("spira", "voices"), Some("given"), false);
    let strict = Release::new("spira", "voices");
    ask(&strict, None, false);
    ask(&strict, None, false);
    assert_eq!(strict.missing_credentials(), ["a.key"]);

    let broken = Release::new("spira", "voices").with_live_secret("a-jwt", "key", "two\nlines");
    ask(&broken, None, true);
    assert_eq!(broken.missing_credentials(), ["a.key"]);
}

#[test]
fn without_generation_every_missing_credential_is_named() {
    let mut values = Values::default();
    values.global.secrets.generate = false;
    values.global.connections.nats.auth.enabled = true;
    let release = release();
    let _ = values.objects(&release);
    assert_eq!(
        release.missing_credentials(),
        [
            "nats.password",
            "mongodb.password",
            "minio.accessKey",
            "minio.secretKey",
            "bootstrap.password",
            "api-server.jwt.key"
        ]
    );
}

#[test]
fn names_leave_room_for_what_kubernetes_appends() {
    let none = NameOverrides::default();
    let long = Release::new("a".repeat(53), "voices");
    assert_eq!(long.fullname("inference-server", &none).len(), 52);
    let dotted = Release::new("spira.prod", "voices");
    assert_eq!(dotted.fullname("nats", &none), "spira-prod-nats");
    let number = Release::new("123", "voices");
    assert_eq!(number.fullname("nats", &none), "r123-nats");
    for object in Values::default().objects(&long) {
        let limit = if object.kind() == "Service" { 63 } else { 253 };
        assert!(
            object.name().len() <= limit,
            "{} {}",
            object.kind(),
            object.name()
        );
    }
}

#[test]
fn no_source_knows_helms_templates() {
    fn walk(folder: &Path, seen: &mut usize) {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                walk(&path, seen);
            } else {
                let text = fs::read_to_string(&path).expect("sources are text");
                // Rust writes a brace of a text twice where it formats; no template begins so.
                for line in text.lines() {
                    assert!(
                        !line.contains("{{ .") && !line.contains("{{-"),
                        "{}",
                        path.display()
                    );
                }
                *seen += 1;
            }
        }
    }
    let mut seen = 0;
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut seen,
    );
    assert!(seen > 20);
}
