//! Prints SPIRA as YAML, for `kubectl apply --server-side -f -`: with the values of a file, or
//! else as it runs beside data services that somebody else operates.
//!
//! ```console
//! $ cargo run -p spira-examples --bin manifests
//! $ cargo run -p spira-examples --bin manifests -- my-values.yaml
//! ```

use std::{env, error::Error, fs};

use spira_manifests::{Release, Values};

fn main() -> Result<(), Box<dyn Error>> {
    let values = match env::args_os().nth(1) {
        Some(file) => Values::from_yaml(&fs::read_to_string(file)?)?,
        None => beside_managed_services()?,
    };
    let release = Release::new("spira", "voices");
    let objects = values.objects(&release);

    // Building cannot fail; what is left to check is that every credential has a source.
    let missing = release.missing_credentials();
    if !missing.is_empty() {
        return Err(format!("no value and no Secret for {}", missing.join(", ")).into());
    }
    for object in objects {
        print!("---\n{}", yaml_serde::to_string(object.as_json())?);
    }
    Ok(())
}

/// Values in typed code: a misspelt field does not compile, a bad text is an error here.
fn beside_managed_services() -> Result<Values, Box<dyn Error>> {
    let mut values = Values::default();

    let connections = &mut values.global.connections;
    connections.mongodb.existing_secret = Some("managed-mongodb".parse()?);
    connections.object_store.host = Some("s3.internal.example.org".parse()?);
    connections.object_store.existing_secret = Some("managed-s3".parse()?);
    connections.mlflow.url = Some("http://mlflow.internal.example.org:5000".parse()?);
    values.mongodb.enabled = false;
    values.minio.enabled = false;
    values.mlflow.enabled = false;
    values.postgresql.enabled = false;

    // This program does not ask the cluster for the credentials in use, so it must not draw new ones.
    values.global.secrets.generate = false;
    values.global.user.existing_secret = Some("spira-first-user".parse()?);
    values.api_server.jwt.existing_secret = Some("spira-jwt".parse()?);

    values.inference_server.replicas = 5.try_into()?;
    Ok(values)
}
