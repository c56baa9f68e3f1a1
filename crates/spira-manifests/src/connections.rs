//! How components reach each other: typed handles, computed from `global` and the release.
//!
//! Components never import each other, and a subchart of Helm cannot see another one's values.
//! What both ends of a connection must agree on is therefore computed here, once, for both.

use k8s_openapi::api::core::v1::{EnvVar, SecretKeySelector};

use crate::{
    Context,
    global::{Collections, PostgresqlOperator, SslMode},
    kit::env::{literal, secret, secret_key},
};

/// The port of the API server's Service (SPIRA contract B1).
pub const API_PORT: i32 = 80;

/// The port of MLflow's Service.
pub const MLFLOW_PORT: i32 = 5000;

/// The key of the password in a Secret of ours that holds one.
pub const PASSWORD: &str = "password";
/// The key of the connection string in the Secret that MongoDB's operator makes (SPIRA contract
/// C2); its other form, `standardSrv`, is not for SPIRA.
pub const MONGODB_KEY: &str = "connectionString.standard";
/// The key of the access key in MinIO's own Secret.
pub const ACCESS_KEY: &str = "accessKey";
/// The key of the secret key in MinIO's own Secret.
pub const SECRET_KEY: &str = "secretKey";

/// How to reach NATS.
#[derive(Clone, Debug, PartialEq)]
pub struct Nats {
    /// The host: the client Service of this release, or one outside.
    pub host: String,
    /// The port for clients.
    pub port: u16,
    /// What clients log in with; `None` where anybody may connect.
    pub login: Option<NatsLogin>,
}

/// What clients of NATS log in with.
#[derive(Clone, Debug, PartialEq)]
pub struct NatsLogin {
    /// The user.
    pub username: String,
    /// Where the password stands.
    pub password: SecretKeySelector,
}

impl Nats {
    /// The URL, without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}:{}", self.host, self.port)
    }
}

/// How to reach MongoDB.
#[derive(Clone, Debug, PartialEq)]
pub struct MongoConnection {
    /// Where the connection string stands, in the standard form: the driver in SPIRA's image
    /// cannot read `mongodb+srv` (SPIRA contract B1).
    pub secret: SecretKeySelector,
    /// The database that SPIRA uses, which the user of the connection string may write.
    pub database: String,
    /// The names of its collections.
    pub collections: Collections,
    /// The database that integration tests fill and drop.
    pub integration_test_database: Option<String>,
}

impl MongoConnection {
    /// What SPIRA's programs read of it beside the connection string.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let collections = &self.collections;
        vec![
            ("DATABASE_NAME", self.database.clone()),
            ("user_collection_name", collections.users.to_string()),
            (
                "inference_collection_name",
                collections.inferences.to_string(),
            ),
            ("model_collection_name", collections.models.to_string()),
            ("result_collection_name", collections.results.to_string()),
            // The server reads hospitals from this collection, whatever the variable says.
            ("hospital_collection_name", "hospitals".to_owned()),
        ]
    }
}

/// How to reach the object store, over plain HTTP: SPIRA's programs speak no other.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectStore {
    /// Host and port, as SPIRA's programs want it.
    pub host_port: String,
    /// The URL, as S3 clients want it.
    pub url: String,
    /// Where the access key stands.
    pub access_key: SecretKeySelector,
    /// Where the secret key stands.
    pub secret_key: SecretKeySelector,
    /// The bucket of the recordings.
    pub audio_bucket: String,
    /// The bucket of the models.
    pub model_bucket: String,
}

impl ObjectStore {
    /// The keys under the names that SPIRA's programs read.
    #[must_use]
    pub fn spira_keys(&self) -> Vec<EnvVar> {
        vec![
            secret("minio_access_key", &self.access_key),
            secret("minio_secret_key", &self.secret_key),
        ]
    }

    /// The same keys under the names that S3 clients read, MLflow's among them.
    #[must_use]
    pub fn aws_keys(&self) -> Vec<EnvVar> {
        vec![
            secret("AWS_ACCESS_KEY_ID", &self.access_key),
            secret("AWS_SECRET_ACCESS_KEY", &self.secret_key),
        ]
    }
}

/// How to reach PostgreSQL.
#[derive(Clone, Debug, PartialEq)]
pub struct Postgresql {
    /// The host of the primary.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// How the connection is secured.
    pub ssl_mode: SslMode,
    /// Where the role's name stands.
    pub username: SecretKeySelector,
    /// Where its password stands.
    pub password: SecretKeySelector,
}

impl Postgresql {
    /// The variables that libpq reads, and every client that builds on it.
    #[must_use]
    pub fn environment(&self) -> Vec<EnvVar> {
        vec![
            literal("PGHOST", self.host.clone()),
            literal("PGPORT", self.port.to_string()),
            literal("PGDATABASE", self.database.clone()),
            literal("PGSSLMODE", self.ssl_mode.as_str()),
            secret("PGUSER", &self.username),
            secret("PGPASSWORD", &self.password),
        ]
    }
}

/// How to reach MLflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlflow {
    /// The URL of the server.
    pub url: String,
}

/// How to reach SPIRA's API inside the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiServer {
    /// The URL of the Service.
    pub url: String,
}

/// The first user of SPIRA's API.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The name to log in with.
    pub username: String,
    /// Where the password stands.
    pub password: SecretKeySelector,
}

/// The model that SPIRA predicts with, in the three spellings that must agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The name in the registry.
    pub name: String,
    /// The NATS subject of the requests for it: the name and `-topic` (SPIRA contract B3).
    pub topic: String,
    /// The path that the inference server loads.
    pub path: String,
}

impl Context<'_> {
    /// How to reach NATS.
    #[must_use]
    pub fn nats(&self) -> Nats {
        let nats = &self.global.connections.nats;
        Nats {
            host: match &nats.host {
                Some(host) => host.to_string(),
                None => self.fullname_of("nats"),
            },
            port: nats.port.get(),
            login: nats.auth.enabled.then(|| NatsLogin {
                username: nats.auth.username.to_string(),
                password: match &nats.auth.existing_secret {
                    Some(name) => secret_key(&**name, &*nats.auth.existing_secret_key),
                    None => secret_key(self.nats_secret_name(), PASSWORD),
                },
            }),
        }
    }

    /// The Secret with the password of NATS that the component `nats` makes.
    #[must_use]
    pub fn nats_secret_name(&self) -> String {
        format!("{}-auth", self.fullname_of("nats"))
    }

    /// The first user of SPIRA's API.
    #[must_use]
    pub fn user(&self) -> User {
        let user = &self.global.user;
        User {
            username: user.username.to_string(),
            password: match &user.existing_secret {
                Some(name) => secret_key(&**name, &*user.existing_secret_key),
                None => secret_key(self.user_secret_name(), PASSWORD),
            },
        }
    }

    /// The Secret with the first user's password that the component `bootstrap` makes.
    #[must_use]
    pub fn user_secret_name(&self) -> String {
        format!("{}-user", self.fullname_of("bootstrap"))
    }

    /// How to reach MongoDB. Unless the user names a Secret, it is `<release>-mongodb-connection`.
    #[must_use]
    pub fn mongodb(&self) -> MongoConnection {
        let mongodb = &self.global.connections.mongodb;
        MongoConnection {
            secret: match &mongodb.existing_secret {
                Some(name) => secret_key(&**name, &*mongodb.existing_secret_key),
                None => secret_key(self.mongodb_secret_name(), MONGODB_KEY),
            },
            database: mongodb.database.to_string(),
            collections: mongodb.collections.clone(),
            integration_test_database: mongodb
                .integration_test_database
                .as_ref()
                .map(ToString::to_string),
        }
    }

    /// The Secret with the connection string of this release's MongoDB, which its operator makes.
    #[must_use]
    pub fn mongodb_secret_name(&self) -> String {
        format!("{}-connection", self.fullname_of("mongodb"))
    }

    /// How to reach the object store. Unless the user names a Secret, its keys stand in
    /// `<release>-minio-credentials`.
    #[must_use]
    pub fn object_store(&self) -> ObjectStore {
        let store = &self.global.connections.object_store;
        let host = match &store.host {
            Some(host) => host.to_string(),
            // The MinIO operator gives a tenant's Service this name in every namespace.
            None => "minio".to_owned(),
        };
        let (access_key, secret_key) = match &store.existing_secret {
            Some(name) => (
                secret_key(&**name, &*store.existing_secret_access_key),
                secret_key(&**name, &*store.existing_secret_secret_key),
            ),
            None => (
                secret_key(self.object_store_secret_name(), ACCESS_KEY),
                secret_key(self.object_store_secret_name(), SECRET_KEY),
            ),
        };
        ObjectStore {
            host_port: format!("{host}:{}", store.port),
            url: format!("http://{host}:{}", store.port),
            access_key,
            secret_key,
            audio_bucket: store.audio_bucket.to_string(),
            model_bucket: store.model_bucket.to_string(),
        }
    }

    /// The Secret with the keys of this release's MinIO.
    #[must_use]
    pub fn object_store_secret_name(&self) -> String {
        format!("{}-credentials", self.fullname_of("minio"))
    }

    /// How to reach PostgreSQL. Unless the user says otherwise, the host and the Secret are those
    /// that the operator makes for the cluster that `postgresql` declares (SPIRA contract C3).
    #[must_use]
    pub fn postgresql(&self) -> Postgresql {
        let postgresql = &self.global.connections.postgresql;
        let cluster = self.fullname_of("postgresql");
        let host = match (&postgresql.host, postgresql.operator) {
            (Some(host), _) => host.to_string(),
            (None, PostgresqlOperator::Zalando) => cluster.clone(),
            (None, PostgresqlOperator::CloudnativePg) => format!("{cluster}-rw"),
        };
        let (username, password) = if let Some(name) = &postgresql.existing_secret {
            (
                secret_key(&**name, &*postgresql.existing_secret_username_key),
                secret_key(&**name, &*postgresql.existing_secret_password_key),
            )
        } else {
            let made = match postgresql.operator {
                PostgresqlOperator::Zalando => format!(
                    "{}.{cluster}.credentials.postgresql.acid.zalan.do",
                    postgresql.owner
                ),
                PostgresqlOperator::CloudnativePg => format!("{cluster}-app"),
            };
            (
                secret_key(made.clone(), "username"),
                secret_key(made, PASSWORD),
            )
        };
        Postgresql {
            host,
            port: postgresql.port.get(),
            database: postgresql.database.to_string(),
            ssl_mode: postgresql.ssl_mode,
            username,
            password,
        }
    }

    /// How to reach MLflow. Unless the user gives a URL, it is this release's, on port 5000.
    #[must_use]
    pub fn mlflow(&self) -> Mlflow {
        Mlflow {
            url: match &self.global.connections.mlflow.url {
                Some(url) => url.to_string(),
                None => format!("http://{}:{MLFLOW_PORT}", self.fullname_of("mlflow")),
            },
        }
    }

    /// How to reach SPIRA's API inside the cluster.
    #[must_use]
    pub fn api_server(&self) -> ApiServer {
        ApiServer {
            url: format!("http://{}:{API_PORT}", self.fullname_of("api-server")),
        }
    }

    /// The model that SPIRA predicts with.
    #[must_use]
    pub fn model(&self) -> Model {
        let model = &self.global.model;
        Model {
            name: model.name.to_string(),
            topic: format!("{}-topic", model.name),
            path: format!("models:/{}/{}", model.name, model.version),
        }
    }
}
