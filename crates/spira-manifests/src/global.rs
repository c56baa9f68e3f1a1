//! Values that cross components.

mod chaos;
mod monitoring;
mod network;

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    chaos::{ChaosMesh, NodeFailure},
    monitoring::{Dashboards, Monitoring, Rules},
    network::{NetworkPolicies, Outside},
};
use crate::connections::{ACCESS_KEY, MONGODB_KEY, PASSWORD, SECRET_KEY};
use crate::kit::{
    BucketName, CollectionName, DataKey, DatabaseName, FileExtension, HostName, HttpUrl,
    InvalidNumber, Labels, Login, ModelName, ModelVersion, NameOverrides, ObjectName, Port,
    PostgresqlName, Registry, Subject,
};

/// Values that cross components: the same in every subchart.
///
/// A subchart of Helm sees its own section and `global`, never another section. What one component
/// must know of another (the name its objects start with, the labels that select its pods, where
/// its credential stands) is therefore here and not in the component's section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Global {
    /// The registry of every image that does not name its own.
    pub image_registry: Option<Registry>,
    /// Names of Secrets with credentials for the registries.
    pub image_pull_secrets: Vec<ObjectName>,
    /// Labels on every object and pod.
    pub common_labels: Labels,
    /// The name that a component's objects start with, by component, instead of `<release>-<component>`.
    pub fullname_overrides: NameOverrides,
    /// The storage class of every volume that does not name its own; unset, the cluster's default.
    pub storage_class: Option<ObjectName>,
    /// What becomes of credentials.
    pub secrets: Secrets,
    /// Whether an installation is refused where the cluster lacks APIs that the values need, with the
    /// commands that bring them. Without a cluster (`helm template`) nothing is checked, and
    /// `extraObjects` never are. Turn it off where the operators come in the same run: Argo CD, too,
    /// tells Helm what the cluster serves before it applies anything.
    pub preflight: bool,
    /// Whether an upgrade is refused that Kubernetes or an operator would not carry out, or that
    /// would leave data behind: a pool that shrinks, a volume of another size, a store under another
    /// name. Turn it off for the one upgrade in which you know better.
    pub upgrade_check: bool,
    /// How to reach the data services, inside the release or outside the cluster.
    pub connections: Connections,
    /// Metrics, alerts and dashboards.
    pub monitoring: Monitoring,
    /// Faults that Chaos Mesh makes, to see what SPIRA bears.
    pub chaos: ChaosMesh,
    /// Who may speak to whom over the network.
    pub network_policies: NetworkPolicies,
    /// The first user of SPIRA's API.
    pub user: User,
    /// The model that SPIRA predicts with.
    pub model: Model,
    /// The NATS subject on which inference servers publish their results.
    pub central_channel: Subject,
    /// The extension of the recordings' file names.
    pub file_extension: FileExtension,
}

/// What becomes of credentials.
///
/// A credential is the one given in the values, else it stands in a Secret of the user's, else it
/// is what the live Secret holds, else it is generated once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secrets {
    /// Whether a credential that is nowhere is generated. Turn it off where the cluster cannot be
    /// asked for the live Secret (`helm template`, Argo CD, Flux): a missing credential is then an
    /// error instead of a new one at each rendering.
    pub generate: bool,
    /// Whether Secrets with generated credentials stay when the release is uninstalled.
    pub keep: bool,
}

/// How to reach the data services, inside the release or outside the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Connections {
    /// NATS.
    pub nats: NatsConnection,
    /// MongoDB.
    pub mongodb: MongodbConnection,
    /// The object store: MinIO, or another that speaks S3 over plain HTTP.
    pub object_store: ObjectStoreConnection,
    /// PostgreSQL, where MLflow keeps its runs and its registry.
    pub postgresql: PostgresqlConnection,
    /// MLflow.
    pub mlflow: MlflowConnection,
}

/// How to reach NATS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "if" = {
        "required": ["host", "auth"],
        "properties": {
            "host": { "type": "string" },
            "auth": { "required": ["enabled"], "properties": { "enabled": { "const": true } } },
        },
    },
    "then" = {
        "properties": {
            "auth": {
                "required": ["existingSecret"],
                "properties": { "existingSecret": { "type": "string" } },
            },
        },
    },
))]
pub struct NatsConnection {
    /// The host; unset, the Service of this release's `nats`.
    pub host: Option<HostName>,
    /// The port for clients; this release's `nats` listens on it too.
    pub port: Port,
    /// Whether and how clients log in.
    pub auth: NatsAuth,
}

/// Whether and how clients of NATS log in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NatsAuth {
    /// Whether clients must log in.
    pub enabled: bool,
    /// The user.
    pub username: Login,
    /// The Secret with the password; unset, `nats` makes one. The password must consist of
    /// letters, digits, dashes and underscores, since clients take it in a URL.
    pub existing_secret: Option<ObjectName>,
    /// The key of the password in that Secret.
    pub existing_secret_key: DataKey,
}

/// How to reach MongoDB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MongodbConnection {
    /// The Secret with the connection string; unset, `<release>-mongodb-connection` and its key
    /// `connectionString.standard`.
    pub existing_secret: Option<ObjectName>,
    /// The key of the connection string in that Secret; its form must be `mongodb://`, not
    /// `mongodb+srv://`, which the driver in SPIRA's image cannot read.
    pub existing_secret_key: DataKey,
    /// The database that SPIRA uses; the user of the connection string must be allowed to write it.
    pub database: DatabaseName,
    /// The names of the collections in it.
    pub collections: Collections,
    /// A database that the reference's integration tests fill and **drop**, again and again, as tests
    /// of Helm; unset, there are no such tests. It must be another one than `database`, and the user
    /// of the connection string must be allowed to drop it: this release's `mongodb` allows it.
    pub integration_test_database: Option<DatabaseName>,
}

/// The names of the collections in MongoDB. A fifth, `hospitals`, is fixed in the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Collections {
    /// Users.
    pub users: CollectionName,
    /// Inferences, which users ask for.
    pub inferences: CollectionName,
    /// Models.
    pub models: CollectionName,
    /// Results of inferences.
    pub results: CollectionName,
}

/// How to reach the object store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "if" = { "required": ["host"], "properties": { "host": { "type": "string" } } },
    "then" = {
        "required": ["existingSecret"],
        "properties": { "existingSecret": { "type": "string" } },
        "x-expected": "is needed beside host: the Secret with the keys of that object store",
    },
))]
pub struct ObjectStoreConnection {
    /// The host; unset, the Service `minio` that the MinIO operator makes in the namespace.
    pub host: Option<HostName>,
    /// The port, for plain HTTP: SPIRA's programs cannot speak TLS to the object store.
    pub port: Port,
    /// The Secret with the keys; unset, `<release>-minio-credentials` and its `accessKey` and
    /// `secretKey`. For this release's MinIO it must also hold `config.env`, with the same keys as
    /// `export MINIO_ROOT_USER="…"` and `export MINIO_ROOT_PASSWORD="…"`.
    pub existing_secret: Option<ObjectName>,
    /// The key of the access key in that Secret.
    pub existing_secret_access_key: DataKey,
    /// The key of the secret key in that Secret.
    pub existing_secret_secret_key: DataKey,
    /// The bucket of the recordings.
    pub audio_bucket: BucketName,
    /// The bucket of the models.
    pub model_bucket: BucketName,
}

/// How to reach PostgreSQL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend(
    "if" = { "anyOf": [
        { "required": ["host"], "properties": { "host": { "type": "string" } } },
        { "required": ["existingSecret"], "properties": { "existingSecret": { "type": "string" } } },
    ] },
    "then" = {
        "required": ["host", "existingSecret"],
        "properties": { "host": { "type": "string" }, "existingSecret": { "type": "string" } },
        "x-expected": "is needed: host and existingSecret are given together, for a PostgreSQL outside, or not at all",
    },
))]
pub struct PostgresqlConnection {
    /// The operator that runs this release's PostgreSQL: it decides what its Service and Secret are
    /// called.
    pub operator: PostgresqlOperator,
    /// The host; unset, the Service of this release's primary.
    pub host: Option<HostName>,
    /// The port; this release's PostgreSQL listens on 5432.
    pub port: Port,
    /// The database of MLflow.
    pub database: PostgresqlName,
    /// The role that owns it in this release's PostgreSQL.
    pub owner: PostgresqlName,
    /// How the connection is secured, as libpq spells it.
    pub ssl_mode: SslMode,
    /// The Secret with the role and its password; unset, the one that the operator makes.
    pub existing_secret: Option<ObjectName>,
    /// The key of the role's name in that Secret.
    pub existing_secret_username_key: DataKey,
    /// The key of the password in that Secret.
    pub existing_secret_password_key: DataKey,
}

/// The operator that runs this release's PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PostgresqlOperator {
    /// Zalando's Postgres operator, 1.15 or later.
    #[default]
    Zalando,
    /// `CloudNativePG`.
    CloudnativePg,
}

/// How a connection to PostgreSQL is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// Without TLS. The PostgreSQL of Zalando's operator refuses it.
    Disable,
    /// With TLS where the server has it.
    Prefer,
    /// With TLS, whoever the server is.
    #[default]
    Require,
}

impl SslMode {
    /// The mode as libpq spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
        }
    }
}

/// How to reach MLflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MlflowConnection {
    /// The URL of the tracking server; unset, `http://<release>-mlflow:5000`.
    pub url: Option<HttpUrl>,
}

/// The first user of SPIRA's API, whom `bootstrap` makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// The name to log in with.
    pub username: Login,
    /// The Secret with the password; unset, `bootstrap` makes one.
    pub existing_secret: Option<ObjectName>,
    /// The key of the password in that Secret.
    pub existing_secret_key: DataKey,
}

/// The model that SPIRA predicts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Model {
    /// Its name in MLflow's registry; requests for it go to the NATS subject `<name>-topic`.
    pub name: ModelName,
    /// The version to load: a stage, a version number, or `latest`. Inference servers wait for it.
    pub version: ModelVersion,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            image_registry: None,
            image_pull_secrets: Vec::new(),
            common_labels: Labels::default(),
            fullname_overrides: NameOverrides::default(),
            storage_class: None,
            secrets: Secrets::default(),
            preflight: true,
            upgrade_check: true,
            connections: Connections::default(),
            monitoring: Monitoring::default(),
            chaos: ChaosMesh::default(),
            network_policies: NetworkPolicies::default(),
            user: User::default(),
            model: Model::default(),
            central_channel: constant("result_updates"),
            file_extension: constant(".wav"),
        }
    }
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            generate: true,
            keep: true,
        }
    }
}

impl Default for NatsConnection {
    fn default() -> Self {
        Self {
            host: None,
            port: port(4222),
            auth: NatsAuth::default(),
        }
    }
}

impl Default for NatsAuth {
    fn default() -> Self {
        Self {
            enabled: false,
            username: constant("spira"),
            existing_secret: None,
            existing_secret_key: constant(PASSWORD),
        }
    }
}

impl Default for MongodbConnection {
    fn default() -> Self {
        Self {
            existing_secret: None,
            existing_secret_key: constant(MONGODB_KEY),
            database: constant("spira"),
            collections: Collections::default(),
            integration_test_database: None,
        }
    }
}

impl Default for Collections {
    fn default() -> Self {
        Self {
            users: constant("users"),
            inferences: constant("inferences"),
            models: constant("models"),
            results: constant("results"),
        }
    }
}

impl Default for ObjectStoreConnection {
    fn default() -> Self {
        Self {
            host: None,
            port: port(80),
            existing_secret: None,
            existing_secret_access_key: constant(ACCESS_KEY),
            existing_secret_secret_key: constant(SECRET_KEY),
            audio_bucket: constant("audio-files"),
            model_bucket: constant("mlflow"),
        }
    }
}

impl Default for PostgresqlConnection {
    fn default() -> Self {
        Self {
            operator: PostgresqlOperator::default(),
            host: None,
            port: port(5432),
            database: constant("mlflow"),
            owner: constant("mlflow"),
            ssl_mode: SslMode::default(),
            existing_secret: None,
            existing_secret_username_key: constant("username"),
            existing_secret_password_key: constant(PASSWORD),
        }
    }
}

impl Default for User {
    fn default() -> Self {
        Self {
            username: constant("spira"),
            existing_secret: None,
            existing_secret_key: constant(PASSWORD),
        }
    }
}

impl Default for Model {
    fn default() -> Self {
        Self {
            name: constant("pyfunc-test-model"),
            version: constant("Production"),
        }
    }
}

fn constant<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse()
        .expect("a default is a constant that a test reads")
}

fn port(number: i64) -> Port {
    let port: Result<Port, InvalidNumber> = Port::try_from(number);
    port.expect("a default is a constant that a test reads")
}
