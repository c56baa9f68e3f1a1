//! What the reference deployment did by hand, read from its environment, or relied on being equal: each with what the
//! chart does for it, and with an assertion on the rendered objects. The README shows the table.

use std::fs;

use serde_json::Value;
use xtask::project;

use crate::support::{Case, find};

/// One line of the table.
struct Row {
    /// Where the reference has it: a step of its recipe, a variable, an equality.
    what: &'static str,
    /// What does it now.
    now: &'static str,
    /// Whether the rendered objects meet it.
    met: fn(&System) -> bool,
}

const API: (&str, &str) = ("api-server", "api-server");
const INFERENCE: (&str, &str) = ("inference-server", "inference-server");
const MLFLOW: (&str, &str) = ("mlflow", "mlflow");
const DATA: (&str, &str) = ("bootstrap", "data");
const MODEL: (&str, &str) = ("bootstrap", "model");

/// Values that differ from the defaults wherever two ends must agree.
const CHANGED: &str = "\
global:
  fullnameOverrides: {mlflow: registry, nats: bus}
  centralChannel: answers
  fileExtension: .flac
  model: {name: voice, version: latest}
  user: {username: first}
  monitoring: {enabled: true}
  chaos: {enabled: true}
  connections:
    nats: {port: 4333, auth: {enabled: true, username: voice}}
    mongodb: {database: voices, collections: {users: people}, integrationTestDatabase: voices_tests}
    objectStore: {audioBucket: recordings, modelBucket: models}
    postgresql: {database: runs, owner: runner}
mongodb: {operator: kubernetes}
api-server: {ingress: {enabled: true, hosts: [api.example.org]}, corsOrigin: https://spira.example.org}
bootstrap: {hospitals: [einstein]}
experiment: {enabled: true}
";

macro_rules! rows {
    ($($what:literal, $now:literal, $met:expr;)*) => {
        &[$(Row { what: $what, now: $now, met: $met }),*]
    };
}

const STEPS: &[Row] = rows! {
    "1–2: write a kind configuration; set two sysctls", "`examples/kind/cluster.yaml`", |_| {
        let path = project::root().join("examples/kind/cluster.yaml");
        let text = fs::read_to_string(path).unwrap_or_default();
        text.matches("role: worker").count() == 3 && text.contains("max_user_watches")
    };
    "4: create the tenant by clicking in a web page", "the Tenant of `minio`", |s| {
        let pool = &s.one("Tenant")["spec"]["pools"][0];
        pool["servers"] == 3 && pool["volumesPerServer"] == 2
    };
    "4: switch TLS of the tenant off", "`requestAutoCert: false`", |s| s.one("Tenant")["spec"]["requestAutoCert"] == false;
    "5: save the keys that the page showed", "the Secret that Tenant and programs read", |s| {
        let name = &s.one("Tenant")["spec"]["configuration"]["name"];
        s.secret(API, "minio_access_key").0 == *name && s.text_of_secret(name, "config.env").contains("MINIO_ROOT_USER")
    };
    "6: create two buckets in the page", "`buckets` of the Tenant, and `bootstrap`", |s| {
        let buckets = s.one("Tenant")["spec"]["buckets"].to_string();
        [s.text(API, "bucket_name"), s.text(MODEL, "MLFLOW_BUCKET_NAME")].iter().all(|b| buckets.contains(&format!("\"{b}\"")))
    };
    "8, 22: apply the MongoDB resource twice, its metrics commented out first", "one MongoDBCommunity; metrics are a value", |s| {
        s.one("MongoDBCommunity")["spec"]["prometheus"].is_object() == s.is_changed
    };
    "11: apply the PostgreSQL resource, synchronous in the text but not in the file", "`synchronous_mode: true`", |s| {
        let spec = &s.one("postgresql")["spec"];
        spec["numberOfInstances"] == 3 && spec["patroni"]["synchronous_mode"] == true
    };
    "12: log in as superuser and create the database", "`databases` and `users` of the resource", |s| {
        let spec = &s.one("postgresql")["spec"];
        spec["databases"][s.text(MLFLOW, "PGDATABASE")].as_str().is_some_and(|owner| spec["users"][owner].is_array())
    };
    "13: install NATS with a file of overrides", "the StatefulSet of `nats`, three servers that know each other", |s| {
        s.one("StatefulSet")["spec"]["replicas"] == 3
    };
    "14: copy the superuser's password into MLflow's flags", "a reference to the owner's Secret", |s| {
        let (name, key) = s.secret(MLFLOW, "PGPASSWORD");
        name.contains(".credentials.postgresql.acid.zalan.do") && key == "password"
    };
    "14: copy the MinIO keys into MLflow's flags (one flag given twice)", "references to one Secret", |s| {
        s.secret(MLFLOW, "AWS_ACCESS_KEY_ID") == s.secret(API, "minio_access_key")
            && s.secret(MLFLOW, "AWS_SECRET_ACCESS_KEY") == s.secret(API, "minio_secret_key")
    };
    "14: MLflow without a bucket for models, and a store without a scheme", "both follow from the connection", |s| {
        let root = format!("--default-artifact-root=s3://{}/", s.text(MODEL, "MLFLOW_BUCKET_NAME"));
        s.container(MLFLOW)["command"].to_string().contains(&root)
            && s.text(MLFLOW, "MLFLOW_S3_ENDPOINT_URL").starts_with("http://")
    };
    "15: encode the keys again at each new tenant", "one source Secret, found again when it is there", |s| {
        let annotations = &s.secret_object(&s.secret(API, "minio_access_key").0)["metadata"]["annotations"];
        annotations["helm.sh/resource-policy"] == "keep"
    };
    "16: apply Secrets, ConfigMaps and the API server in this order", "`helm install`; pods wait for what they need", |s| {
        s.waits(API) == ["mongodb", "object-store", "nats"]
    };
    "17: apply the inference server once the API is up", "it waits for the model's version", |s| {
        s.waits(INFERENCE) == ["object-store", "model", "nats"]
    };
    "18: promote a version of the model in MLflow's page", "`bootstrap` registers and promotes one where none is", |s| {
        s.text(MODEL, "model_path") == s.text(INFERENCE, "model_path")
    };
    "19–21: make a token for MinIO's metrics in a pod, put it into a Secret with scrape configurations, and name that to Prometheus", "a ServiceMonitor that needs no token: `global.monitoring`", |s| {
        let endpoints = &s.named("ServiceMonitor", "spira-minio")["spec"]["endpoints"];
        let variables = s.one("Tenant")["spec"]["env"].to_string();
        endpoints.is_array() == s.is_changed
            && (!s.is_changed || endpoints[0]["basicAuth"].is_null() && variables.contains("MINIO_PROMETHEUS_AUTH_TYPE"))
            && s.one("Tenant").is_object()
    };
    "9: look into MongoDB from a pod with its shell", "`helm test`: the pod `stores` of `checks`", |s| {
        let test = s.test("stores");
        let words: Vec<_> = test["command"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        ["mongodb", "object-store", "nats", "mlflow", "model"].iter().all(|store| words.contains(store))
            && test["env"].as_array().into_iter().flatten().any(|v| v["name"] == "M_CONN_URL")
    };
    "24: make pods of the test images, look for their variables, install packages in them, run pytest", "`helm test`: `global.connections.mongodb.integrationTestDatabase`", |s| {
        let tests = [s.test("api-server"), s.test("inference")];
        if s.is_changed {
            tests.iter().all(|test| test["command"].to_string().contains("pytest"))
                && tests[0]["env"].as_array().into_iter().flatten().any(|v| v["name"] == "DATABASE_NAME" && v["value"] == "voices_tests")
        } else {
            tests.iter().all(Value::is_null) && s.test("stores").is_object()
        }
    };
    "25: tunnels to the API, addresses changed in the site", "an Ingress or HTTPRoute with the site's origin", |s| {
        !s.is_changed || (s.one("Ingress").is_object() && s.text(API, "CLIENT_URL") == "https://spira.example.org")
    };
    "25: one inference by hand, from the site", "`helm test`: the pod `smoke` of `checks`", |s| {
        let test = s.test("smoke");
        test["command"][1] == "/scripts/smoke.py"
            && test["env"].as_array().into_iter().flatten().any(|v| v["name"] == "SPIRA_PASSWORD")
    };
    "26: make a Python pod, install git in it, clone, install packages, run the flood, interrupt it, run the checker", "`experiment`: `kubectl create job --from=cronjob/<release>-experiment run-1`", |s| {
        let job = &s.named("CronJob", "spira-experiment")["spec"];
        let container = &job["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
        s.is_changed == job.is_object()
            && (!s.is_changed || job["suspend"] == true && container["command"][1] == "/scripts/experiment.py")
            && s.test("smoke").is_object()
    };
    "26: apply seven schedules of faults", "a Schedule of each component: `global.chaos`", |s| {
        let of = ["spira-minio", "registry", "spira-mongodb", "bus", "spira-postgresql", "spira-api-server", "spira-inference-server"];
        let kills = of.map(|name| s.named("Schedule", &format!("{name}-kill"))["spec"].clone());
        s.one("Tenant").is_object()
            && kills.iter().all(|kill| kill.is_object() == s.is_changed)
            && (!s.is_changed || kills.iter().all(|kill| kill["schedule"] == "*/1 * * * *" && kill["podChaos"]["mode"] == "one"))
    };
    "init container of each API pod: one more user and hospital at each start, password ignored", "one Job; the given password; unique indexes", |s| {
        s.secret(DATA, "BOOTSTRAP_MONGO_PASSWORD").0.ends_with("-bootstrap-user")
            && s.containers("api-server", "initContainers").len() == 1
    };
};

const VARIABLES: &[Row] = rows! {
    "`M_CONN_URL`", "Secret of MongoDB's operator, the form `standard`", |s| s.secret(API, "M_CONN_URL").1 == "connectionString.standard";
    "`DATABASE_NAME`", "`global.connections.mongodb.database`", |s| s.text(API, "DATABASE_NAME") == if s.is_changed { "voices" } else { "spira" };
    "`user_`, `inference_`, `model_`, `result_collection_name`", "`global.connections.mongodb.collections`", |s| {
        let names = ["user", "inference", "model", "result"].map(|of| s.text(API, &format!("{of}_collection_name")));
        names == [if s.is_changed { "people" } else { "users" }, "inferences", "models", "results"]
    };
    "`hospital_collection_name`", "`hospitals`, which the program has fixed", |s| s.text(API, "hospital_collection_name") == "hospitals";
    "`BOOTSTRAP_MONGO_USER`", "`global.user.username`", |s| s.text(DATA, "BOOTSTRAP_MONGO_USER") == if s.is_changed { "first" } else { "spira" };
    "`BOOTSTRAP_MONGO_PASSWORD`", "a Secret, given or generated", |s| s.secret(DATA, "BOOTSTRAP_MONGO_PASSWORD").1 == "password";
    "`key`", "a Secret (the reference: a ConfigMap), the same for all pods", |s| s.secret(API, "key").0.ends_with("-jwt");
    "`algorithm`, `expire_time`", "`api-server.jwt`", |s| s.text(API, "algorithm") == "HS256" && s.text(API, "expire_time") == "30";
    "`context_scheme`, `deprecated`", "`bcrypt`, `auto`", |s| s.text(API, "context_scheme") == "bcrypt" && s.text(API, "deprecated") == "auto";
    "`nats_conn_url`", "the Service of `nats`, with a login where there is one", |s| s.text(API, "nats_conn_url").starts_with("nats://");
    "`loop_interval`", "`loopInterval`", |s| s.text(API, "loop_interval") == "0.01" && s.text(INFERENCE, "loop_interval") == "0.01";
    "`central_channel`", "`global.centralChannel`", |s| s.text(API, "central_channel") == if s.is_changed { "answers" } else { "result_updates" };
    "`minio_conn_url`", "host and port, without a scheme", |s| s.text(API, "minio_conn_url") == "minio:80";
    "`bucket_name`", "`global.connections.objectStore.audioBucket`", |s| s.text(API, "bucket_name") == if s.is_changed { "recordings" } else { "audio-files" };
    "`minio_access_key`, `minio_secret_key`", "one Secret", |s| s.secret(API, "minio_access_key").0 == s.secret(API, "minio_secret_key").0;
    "`file_extension`, `default_extension`", "`global.fileExtension`", |s| s.text(API, "file_extension") == if s.is_changed { ".flac" } else { ".wav" };
    "`CLIENT_URL`", "`api-server.corsOrigin`", |s| s.text(API, "CLIENT_URL") == if s.is_changed { "https://spira.example.org" } else { "*" };
    "`receiving_channel`", "`global.model.name` and `-topic`", |s| s.text(INFERENCE, "receiving_channel") == format!("{}-topic", s.model());
    "`mlflow_conn_url`", "the Service of `mlflow`, port 5000", |s| s.text(INFERENCE, "mlflow_conn_url") == format!("http://{}:5000", s.mlflow());
    "`model_path`", "`global.model`", |s| s.text(INFERENCE, "model_path") == format!("models:/{}/{}", s.model(), if s.is_changed { "latest" } else { "Production" });
    "`MLFLOW_S3_ENDPOINT_URL`", "the object store with its scheme", |s| s.text(INFERENCE, "MLFLOW_S3_ENDPOINT_URL") == "http://minio:80";
    "`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`", "the same Secret", |s| s.secret(INFERENCE, "AWS_ACCESS_KEY_ID").1 == "accessKey";
    "`MLFLOW_BUCKET_NAME`", "`global.connections.objectStore.modelBucket`", |s| s.text(MODEL, "MLFLOW_BUCKET_NAME") == if s.is_changed { "models" } else { "mlflow" };
    "`BOOTSTRAP_MODEL_NAME`", "`global.model.name`", |s| s.text(DATA, "BOOTSTRAP_MODEL_NAME") == s.model();
    "`AUTH_ENDPOINT`, `MODEL_CREATION_ENDPOINT`, `SPIRA_API_USER`, `SPIRA_API_PASSWORD`", "not needed: `bootstrap` writes the model's document itself", |s| {
        ["AUTH_ENDPOINT", "MODEL_CREATION_ENDPOINT", "SPIRA_API_USER", "SPIRA_API_PASSWORD"].iter().all(|name| s.variable(INFERENCE, name).is_none())
    };
    "MongoDB's credentials in the inference server, which needs none", "not given", |s| s.variable(INFERENCE, "M_CONN_URL").is_none();
    "`enableServiceLinks`", "`false` in every pod", |s| s.pods().iter().all(|pod| pod["enableServiceLinks"] == false);
};

const EQUALITIES: &[Row] = rows! {
    "the MinIO keys in their three spellings", "one Secret", |s| {
        let (name, _) = s.secret(API, "minio_access_key");
        let config = s.text_of_secret(&Value::from(name.clone()), "config.env");
        [(DATA, "minio_access_key"), (INFERENCE, "minio_access_key"), (INFERENCE, "AWS_ACCESS_KEY_ID"), (MODEL, "AWS_ACCESS_KEY_ID"), (MLFLOW, "AWS_ACCESS_KEY_ID")]
            .iter().all(|(of, variable)| s.secret(*of, variable) == (name.clone(), "accessKey".into()))
            && config.contains(&format!("MINIO_ROOT_USER=\"{}\"", s.text_of_secret(&Value::from(name), "accessKey")))
    };
    "bucket and extension on both sides", "one value each", |s| {
        s.text(API, "bucket_name") == s.text(INFERENCE, "bucket_name")
            && s.text(API, "bucket_name") == s.text(DATA, "bucket_name")
            && s.text(API, "file_extension") == s.text(INFERENCE, "default_extension")
    };
    "the model's name, topic and path", "one value", |s| {
        s.text(DATA, "BOOTSTRAP_MODEL_CHANNEL") == s.text(INFERENCE, "receiving_channel")
            && s.text(INFERENCE, "model_path").starts_with(&format!("models:/{}/", s.text(MODEL, "BOOTSTRAP_MODEL_NAME")))
    };
    "the channel of the results", "one value", |s| s.text(API, "central_channel") == s.text(INFERENCE, "central_channel");
    "the database that MongoDB's user may write, and the program's", "one value", |s| {
        let user = &s.one("MongoDBCommunity")["spec"]["users"][0];
        user["roles"][0]["db"] == s.text(API, "DATABASE_NAME") && user["connectionStringSecretName"] == s.secret(API, "M_CONN_URL").0
    };
    "the collection of hospitals, and `hospitals`", "a constant", |s| s.text(DATA, "hospital_collection_name") == "hospitals";
    "the port of MinIO and its TLS", "80, TLS off", |s| s.text(API, "minio_conn_url").ends_with(":80") && s.one("Tenant")["spec"]["requestAutoCert"] == false;
    "the key of the connection string, never `standardSrv`", "a constant", |s| s.secret(DATA, "M_CONN_URL") == s.secret(API, "M_CONN_URL");
    "PostgreSQL's owner, database and Secret", "one value each", |s| {
        let cluster = s.one("postgresql");
        let owner = cluster["spec"]["databases"][s.text(MLFLOW, "PGDATABASE")].as_str().unwrap_or_default().to_owned();
        let name = cluster["metadata"]["name"].as_str().unwrap_or_default();
        s.secret(MLFLOW, "PGPASSWORD").0 == format!("{owner}.{name}.credentials.postgresql.acid.zalan.do")
            && s.text(MLFLOW, "PGHOST") == name && s.text(MLFLOW, "PGSSLMODE") == "require"
    };
    "MLflow's port in each URL, and its allowed hosts", "one constant, one name", |s| {
        let service = s.named("Service", &s.mlflow());
        service["spec"]["ports"][0]["port"] == 5000
            && s.text(MLFLOW, "MLFLOW_SERVER_ALLOWED_HOSTS").split(',').any(|host| host == format!("{}:*", s.mlflow()))
            && s.text(MODEL, "mlflow_conn_url") == s.text(INFERENCE, "mlflow_conn_url")
    };
    "the account of MongoDB's pods, by operator", "`mongodb.operator`", |s| {
        let name = if s.is_changed { "mongodb-kubernetes-appdb" } else { "mongodb-database" };
        let bound = |o: &Value| o["kind"] == "RoleBinding" && o["subjects"][0]["name"] == name;
        s.named("ServiceAccount", name).is_object() && s.objects.iter().any(bound)
    };
    "NATS: the port of server, Service and URLs", "`global.connections.nats.port`", |s| {
        let port = if s.is_changed { 4333 } else { 4222 };
        let name = if s.is_changed { "bus" } else { "spira-nats" };
        s.named("Service", name)["spec"]["ports"][0]["port"] == port
            && [API, INFERENCE].iter().all(|of| s.text(*of, "nats_conn_url").ends_with(&format!("{name}:{port}")))
    };
};

#[test]
fn the_chart_does_what_was_done_by_hand() {
    for values in ["", CHANGED] {
        let system = System::new(values);
        for row in STEPS.iter().chain(VARIABLES).chain(EQUALITIES) {
            assert!(
                (row.met)(&system),
                "{} → {}, with {values:?}",
                row.what,
                row.now
            );
        }
    }
}

/// A check that cannot fail shows nothing: each depends on something that was rendered.
#[test]
fn each_check_can_fail() {
    let nothing = System {
        objects: Vec::new(),
        is_changed: false,
    };
    // The one row that is about a file and not about objects.
    let rows = STEPS[1..].iter().chain(VARIABLES).chain(EQUALITIES);
    // These say that something is not there, or only apply to the changed values.
    let absent = [
        "AUTH_ENDPOINT",
        "MongoDB's credentials",
        "enableServiceLinks",
        "8, 22",
        "25:",
    ];
    for row in rows.filter(|row| !absent.iter().any(|start| row.what.contains(start))) {
        assert!(!(row.met)(&nothing), "{} holds for nothing", row.what);
    }
}

/// `SPIRA_UPDATE=1` writes the table into the README.
#[test]
fn the_readme_shows_the_table() {
    let path = project::root().join("README.md");
    let readme = fs::read_to_string(&path).expect("README");
    let (start, end) = ("<!-- parity -->\n", "<!-- /parity -->\n");
    let (before, rest) = readme
        .split_once(start)
        .expect("the README marks where the table starts");
    let (_, after) = rest.split_once(end).expect("and where it ends");
    let right = format!("{before}{start}{}{end}{after}", table());
    if std::env::var_os("SPIRA_UPDATE").is_some() {
        fs::write(&path, &right).expect("written");
    }
    assert!(
        right == fs::read_to_string(&path).expect("README"),
        "the README's table is stale: SPIRA_UPDATE=1 cargo test -p spira-tests -- parity"
    );
}

fn table() -> String {
    let mut text = String::new();
    for (title, rows) in [
        ("Step of the reference", STEPS),
        ("Variable", VARIABLES),
        ("What must be equal", EQUALITIES),
    ] {
        text.push_str(&format!("\n| {title} | Now |\n|---|---|\n"));
        for row in rows {
            text.push_str(&format!("| {} | {} |\n", row.what, row.now));
        }
    }
    text.push('\n');
    text
}

/// What was rendered, and how to ask for it.
struct System {
    objects: Vec<Value>,
    is_changed: bool,
}

impl System {
    fn new(values: &str) -> Self {
        let objects = Case::new(values)
            .library()
            .unwrap_or_else(|error| panic!("{values}: {error}"));
        Self {
            objects,
            is_changed: !values.is_empty(),
        }
    }

    fn model(&self) -> &'static str {
        if self.is_changed {
            "voice"
        } else {
            "pyfunc-test-model"
        }
    }

    fn mlflow(&self) -> String {
        if self.is_changed {
            "registry"
        } else {
            "spira-mlflow"
        }
        .to_owned()
    }

    /// The first object of a kind; null where there is none.
    fn one(&self, kind: &str) -> Value {
        let object = self.objects.iter().find(|object| object["kind"] == kind);
        object.cloned().unwrap_or_default()
    }

    fn named(&self, kind: &str, name: &str) -> Value {
        let there = self
            .objects
            .iter()
            .any(|o| o["kind"] == kind && o["metadata"]["name"] == name);
        if there {
            find(&self.objects, kind, name).clone()
        } else {
            Value::Null
        }
    }

    /// The container of a test of Helm.
    fn test(&self, name: &str) -> Value {
        self.named("Pod", &format!("spira-checks-{name}"))["spec"]["containers"][0].clone()
    }

    fn secret_object(&self, name: &str) -> Value {
        self.named("Secret", name)
    }

    fn text_of_secret(&self, name: &Value, key: &str) -> String {
        let secret = self.secret_object(name.as_str().unwrap_or_default());
        secret["stringData"][key]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn pods(&self) -> Vec<&Value> {
        let specs = self
            .objects
            .iter()
            .map(|object| &object["spec"]["template"]["spec"]);
        specs.filter(|spec| spec.is_object()).collect()
    }

    fn containers(&self, component: &str, list: &str) -> Vec<Value> {
        let of = |object: &&Value| {
            object["metadata"]["labels"]["app.kubernetes.io/name"] == component
                && object["spec"]["template"].is_object()
        };
        let object = self.objects.iter().find(of);
        let containers = object.and_then(|o| o["spec"]["template"]["spec"][list].as_array());
        containers.cloned().unwrap_or_default()
    }

    fn container(&self, (component, name): (&str, &str)) -> Value {
        let containers = self.containers(component, "containers").into_iter();
        containers
            .into_iter()
            .find(|c| c["name"] == name)
            .unwrap_or_default()
    }

    /// What the component's init container waits for.
    fn waits(&self, (component, _): (&str, &str)) -> Vec<String> {
        let containers = self.containers(component, "initContainers");
        let command = containers
            .first()
            .map(|c| c["command"].clone())
            .unwrap_or_default();
        let words = command.as_array().into_iter().flatten().skip(3);
        words
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect()
    }

    /// A variable as the container has it: `env` goes before `envFrom`.
    fn variable(&self, of: (&str, &str), name: &str) -> Option<Value> {
        let container = self.container(of);
        let own = container["env"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|v| v["name"] == name);
        if let Some(own) = own {
            return Some(own.clone());
        }
        let sources = container["envFrom"].as_array().cloned().unwrap_or_default();
        sources.iter().find_map(|source| {
            let map = self.named("ConfigMap", source["configMapRef"]["name"].as_str()?);
            let text = map["data"].get(name)?.clone();
            Some(serde_json::json!({ "name": name, "value": text }))
        })
    }

    /// The text of a variable; of one that is not there, a text that equals no other.
    fn text(&self, of: (&str, &str), name: &str) -> String {
        let variable = self.variable(of, name).unwrap_or_default();
        let text = variable["value"].as_str().map(str::to_owned);
        text.unwrap_or_else(|| format!("(no {name} in {of:?})"))
    }

    /// Name and key of the Secret that a variable comes from.
    fn secret(&self, of: (&str, &str), name: &str) -> (String, String) {
        let variable = self.variable(of, name).unwrap_or_default();
        let reference = &variable["valueFrom"]["secretKeyRef"];
        let text = |field: &str| match reference[field].as_str() {
            Some(text) => text.to_owned(),
            None => format!("(no {field} of {name} in {of:?})"),
        };
        (text("name"), text("key"))
    }
}
