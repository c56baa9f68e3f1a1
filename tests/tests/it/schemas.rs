//! Strict JSON Schemas of Kubernetes' kinds for kubeconform, made of what Kubernetes and the Gateway API publish in
//! their Go modules.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use xtask::{definitions, project};

/// The Gateway API, whose kinds are no part of Kubernetes: module, version, and hash of the content.
const GATEWAY_API: (&str, &str, &str) = (
    "sigs.k8s.io/gateway-api",
    "v1.4.0",
    "h1:ZwlNM6zOHq0h3WUX2gfByPs2yAEsy/EenYJB78jpQfQ=",
);

/// The definitions of the Gateway API's kinds that the chart makes, as an API server takes them.
pub fn gateway_definitions() -> Vec<Value> {
    let (module, version, hash) = GATEWAY_API;
    let found = go(
        &["mod", "download", "-json", &format!("{module}@{version}")],
        Path::new("/"),
    );
    assert_eq!(found["Sum"], hash, "{module} {version} is not what it was");
    let dir = Path::new(found["Dir"].as_str().expect("a module has a directory"));
    ["gateways", "httproutes"]
        .map(|name| {
            let file = dir.join(format!(
                "config/crd/standard/gateway.networking.k8s.io_{name}.yaml"
            ));
            let text = fs::read_to_string(&file).expect("the module holds its definitions");
            yaml_serde::from_str(&text).expect("YAML")
        })
        .into()
}

/// Runs Go, which answers in JSON.
fn go(arguments: &[&str], dir: &Path) -> Value {
    let output = Command::new("go")
        .args(arguments)
        .current_dir(dir)
        .output()
        .expect("Go is installed");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "go {arguments:?}: {error}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Writes the schemas of `kinds` (apiVersion and kind) and returns kubeconform's `-schema-location` for them.
pub fn write(kinds: &BTreeSet<(String, String)>) -> String {
    let dir = project::target_dir().join("schemas");
    fs::create_dir_all(&dir).expect("target directory");
    let kubernetes = kubernetes();
    let mut definitions = gateway_definitions();
    definitions.extend(definitions::load().expect("definitions").all);
    for (version, kind) in kinds {
        let schema =
            builtin(&kubernetes, version, kind).or_else(|| custom(&definitions, version, kind));
        let schema = schema.unwrap_or_else(|| panic!("no schema for {kind} of {version}"));
        // Another test may read the file at this moment: it appears whole or not at all.
        let mut file = tempfile::NamedTempFile::new_in(&dir).expect("temporary file");
        serde_json::to_writer(&mut file, &schema).expect("written");
        file.persist(dir.join(file_name(version, kind)))
            .expect("renamed");
    }
    format!(
        "{}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json",
        dir.display()
    )
}

/// As kubeconform names it: of the group the first word only.
fn file_name(version: &str, kind: &str) -> PathBuf {
    let suffix = match version.split_once('/') {
        Some((group, version)) => {
            format!("{}-{version}", group.split('.').next().unwrap_or_default())
        }
        None => version.to_owned(),
    };
    format!("{}-{suffix}.json", kind.to_lowercase()).into()
}

/// The schema of a kind of Kubernetes itself or of the Gateway API, strict at every depth.
pub fn strict(version: &str, kind: &str) -> Option<Value> {
    static KUBERNETES: LazyLock<Map<String, Value>> = LazyLock::new(kubernetes);
    static GATEWAY: LazyLock<Vec<Value>> = LazyLock::new(gateway_definitions);
    builtin(&KUBERNETES, version, kind).or_else(|| custom(&GATEWAY, version, kind))
}

fn kubernetes() -> Map<String, Value> {
    let module = go(
        &["list", "-m", "-json", "k8s.io/kubernetes"],
        &project::root().join("tools"),
    );
    // It is only there once it has been downloaded, which building the tools does.
    let dir = if let Some(dir) = module["Dir"].as_str() {
        dir.to_owned()
    } else {
        let version = module["Version"]
            .as_str()
            .expect("tools/go.mod requires it");
        let name = format!("k8s.io/kubernetes@{version}");
        let found = go(&["mod", "download", "-json", &name], Path::new("/"));
        found["Dir"]
            .as_str()
            .expect("a module has a directory")
            .to_owned()
    };
    let file = Path::new(&dir).join("api/openapi-spec/swagger.json");
    let mut document: Value =
        serde_json::from_slice(&fs::read(file).expect("the module holds its API")).expect("JSON");
    match document["definitions"].take() {
        Value::Object(definitions) => definitions,
        other => panic!("definitions are {other}"),
    }
}

/// A kind of Kubernetes itself, with all that it refers to.
fn builtin(all: &Map<String, Value>, version: &str, kind: &str) -> Option<Value> {
    let (group, version_name) = version.split_once('/').unwrap_or(("", version));
    let wanted = json!({"group": group, "version": version_name, "kind": kind});
    let is_wanted = |definition: &&Value| {
        let kinds = definition["x-kubernetes-group-version-kind"].as_array();
        kinds.is_some_and(|kinds| kinds.contains(&wanted))
    };
    let mut root = all.values().find(is_wanted)?.clone();
    let mut definitions = Map::new();
    collect(&root, all, &mut definitions);
    for definition in definitions.values_mut() {
        close(definition);
    }
    close(&mut root);
    pin(&mut root, version, kind);
    root["definitions"] = Value::Object(definitions);
    Some(root)
}

fn collect(schema: &Value, all: &Map<String, Value>, found: &mut Map<String, Value>) {
    match schema {
        Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
                let name = name.trim_start_matches("#/definitions/");
                if !found.contains_key(name) {
                    found.insert(name.to_owned(), all[name].clone());
                    collect(&all[name], all, found);
                }
            }
            fields.values().for_each(|field| collect(field, all, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, all, found)),
        _ => {}
    }
}

/// A kind that a custom resource definition defines.
fn custom(definitions: &[Value], version: &str, kind: &str) -> Option<Value> {
    let (group, version_name) = version.split_once('/')?;
    let definition = definitions
        .iter()
        .find(|d| d["spec"]["group"] == group && d["spec"]["names"]["kind"] == kind)?;
    let versions = definition["spec"]["versions"].as_array()?;
    let served = versions
        .iter()
        .find(|v| v["name"] == version_name && v["served"] == true)?;
    let mut schema = served["schema"]["openAPIV3Schema"].clone();
    // Every object has these, whether its definition says so (Zalando's does not) or not.
    for (field, of) in [
        ("apiVersion", "string"),
        ("kind", "string"),
        ("metadata", "object"),
    ] {
        if schema["properties"][field].is_null() {
            schema["properties"][field] = json!({ "type": of });
        }
    }
    close(&mut schema);
    pin(&mut schema, version, kind);
    Some(schema)
}

/// Closes every object, and says in standard words what Kubernetes says in its own.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let int_or_string = fields.get("format") == Some(&json!("int-or-string"))
                || fields.get("x-kubernetes-int-or-string") == Some(&json!(true));
            if int_or_string {
                fields.remove("format");
                fields.insert("type".into(), json!(["string", "integer"]));
            }
            // Whoever reads the object could not hold a greater one.
            if fields.get("format") == Some(&json!("int32")) {
                fields.entry("minimum").or_insert(json!(i32::MIN));
                fields.entry("maximum").or_insert(json!(i32::MAX));
            }
            let open = fields.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
            let has_properties = fields.get("properties").is_some_and(Value::is_object);
            // Under the keyword `properties` itself stand names, and one of them may be `properties`.
            if has_properties && !open && fields.get("type").is_none_or(|t| t == "object") {
                fields.entry("additionalProperties").or_insert(json!(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn pin(schema: &mut Value, version: &str, kind: &str) {
    schema["properties"]["apiVersion"] = json!({"const": version});
    schema["properties"]["kind"] = json!({"const": kind});
    schema["required"] = match schema["required"].take() {
        Value::Array(mut required) => {
            required.extend(["apiVersion", "kind", "metadata"].map(Value::from));
            required.dedup();
            let unique: BTreeSet<_> = required.iter().filter_map(Value::as_str).collect();
            json!(unique)
        }
        _ => json!(["apiVersion", "kind", "metadata"]),
    };
}

#[test]
fn files_are_named_as_kubeconform_asks() {
    assert_eq!(file_name("v1", "Service"), Path::new("service-v1.json"));
    assert_eq!(
        file_name("apps/v1", "Deployment"),
        Path::new("deployment-apps-v1.json")
    );
    let route = file_name("gateway.networking.k8s.io/v1", "HTTPRoute");
    assert_eq!(route, Path::new("httproute-gateway-v1.json"));
}
