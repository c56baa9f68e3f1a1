//! What SPIRA's two Python programs have in common.
//!
//! Both run from images that know no user but root, write nothing but temporary files, need
//! MinIO and NATS at their start, and can lose NATS for good without a word (SPIRA contract B1,
//! B7). `scripts/wait.py` and `scripts/link.py` deal with the last two.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMap, Container, EnvFromSource, EnvVar, Probe, Volume, VolumeMount,
};

use crate::{
    Context,
    kit::{
        Positive, Quantity,
        env::{literal, secret},
        non_empty,
        probes::{self, Pace},
        volumes,
    },
};

/// How passwords are hashed.
pub const HASH_SCHEME: &str = "bcrypt";

/// Where the scripts are mounted.
const SCRIPTS: &str = "/scripts";

/// The scripts that run beside the program, in its own image.
#[must_use]
pub fn scripts_config_map(context: &Context) -> ConfigMap {
    scripts(
        context,
        &[
            ("link.py", include_str!("scripts/link.py")),
            ("wait.py", include_str!("scripts/wait.py")),
        ],
    )
}

/// Scripts by file name, which [`volumes()`] and [`mounts()`] bring into a pod.
#[must_use]
pub fn scripts(context: &Context, scripts: &[(&str, &str)]) -> ConfigMap {
    ConfigMap {
        metadata: context.meta(scripts_name(context)),
        data: Some(scripts_data(scripts)),
        ..ConfigMap::default()
    }
}

/// The checksum that restarts pods whose program is one of these scripts.
#[must_use]
pub fn checksum(context: &Context, scripts: &[(&str, &str)]) -> String {
    let object = format!("ConfigMap/{}", scripts_name(context));
    context
        .intrinsics()
        .checksum(&object, &scripts_data(scripts))
}

fn scripts_data(scripts: &[(&str, &str)]) -> BTreeMap<String, String> {
    let data = scripts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    data.collect()
}

/// The path of a script in a container.
#[must_use]
pub fn script(name: &str) -> String {
    format!("{SCRIPTS}/{name}")
}

/// The variables that let a program run as any user on a root file system that cannot be written.
#[must_use]
pub fn environment() -> Vec<EnvVar> {
    vec![
        literal("HOME", "/tmp"),
        // The user has no entry in the image's passwd; libraries that ask for its name take this.
        literal("USER", "spira"),
        literal("PYTHONDONTWRITEBYTECODE", "1"),
        literal("PYTHONUNBUFFERED", "1"),
    ]
}

/// The login of NATS, where there is one.
#[must_use]
pub fn nats_login(context: &Context) -> Vec<EnvVar> {
    let nats = context.nats();
    match &nats.login {
        // The password in the URL: SPIRA's programs take it nowhere else. It stands above the
        // ConfigMap's plain URL, because `env` goes before `envFrom`.
        Some(login) => vec![
            secret("NATS_PASSWORD", &login.password),
            literal(
                "nats_conn_url",
                format!(
                    "nats://{}:$(NATS_PASSWORD)@{}:{}",
                    login.username, nats.host, nats.port
                ),
            ),
        ],
        None => Vec::new(),
    }
}

/// The container that waits for `dependencies`. It asks where the program itself will ask: `env`
/// holds the program's variables with a credential that this takes, `env_from` its configuration.
#[must_use]
pub fn wait_container(
    dependencies: &[&str],
    timeout: Positive,
    env: &Vec<EnvVar>,
    env_from: EnvFromSource,
) -> Container {
    let mut command = vec!["python3".to_owned(), script("wait.py"), timeout.to_string()];
    command.extend(dependencies.iter().map(|name| (*name).to_owned()));
    Container {
        name: "wait".into(),
        command: Some(command),
        env: non_empty(env),
        env_from: Some(vec![env_from]),
        volume_mounts: Some(mounts()),
        ..Container::default()
    }
}

/// A probe that looks for the program's connection to NATS in the pod's TCP table.
///
/// `check` is `connected`, or `alive` with an optional port on which the program must listen.
#[must_use]
pub fn link_probe(check: &[&str], pace: Pace) -> Probe {
    let mut command = vec!["python3".to_owned(), script("link.py")];
    command.extend(check.iter().map(|word| (*word).to_owned()));
    probes::exec(command, pace)
}

/// The volumes of the mounts.
#[must_use]
pub fn volumes(context: &Context, tmp_size: &Quantity) -> Vec<Volume> {
    vec![
        volumes::config_map("scripts", scripts_name(context)),
        volumes::empty_dir("tmp", tmp_size.to_string()),
    ]
}

/// The mounts that every container with SPIRA's image has.
#[must_use]
pub fn mounts() -> Vec<VolumeMount> {
    vec![
        volumes::mount("scripts", SCRIPTS, true),
        volumes::mount("tmp", "/tmp", false),
    ]
}

fn scripts_name(context: &Context) -> String {
    format!("{}-scripts", context.fullname())
}
