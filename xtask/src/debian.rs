//! Programs of Debian's packages, for tests that need what no other registry has.
//!
//! Packages are downloaded with apt and unpacked below `target/tools/debian`, not installed, so no root is needed for
//! that. On other systems the program must be installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::progress::Progress;
use crate::{Error, Result, project, tools};

/// Is in a directory that is whole.
const COMPLETE: &str = "complete";

/// A program, and the packages that it and the libraries it needs are in, besides those of the base system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `HAProxy`.
    Haproxy,
    /// Prometheus's checker of configurations and rules.
    Promtool,
    /// Prometheus's exporter of PostgreSQL's metrics.
    PostgresExporter,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Haproxy => "haproxy",
            Self::Promtool => "promtool",
            Self::PostgresExporter => "prometheus-postgres-exporter",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Haproxy => "usr/sbin/haproxy",
            Self::Promtool => "usr/bin/promtool",
            Self::PostgresExporter => "usr/bin/prometheus-postgres-exporter",
        }
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Haproxy => &[
                "haproxy",
                "liblua5.3-0",
                "libopentracing-c-wrapper0",
                "libopentracing1",
            ],
            Self::Promtool => &["prometheus"],
            Self::PostgresExporter => &["prometheus-postgres-exporter"],
        }
    }
}

/// A command that runs a program; its packages are downloaded on first use, which is said on standard error.
///
/// # Errors
/// If the packages cannot be had and the program is not on the PATH either.
pub fn command(program: Program) -> Result<Command> {
    let home = project::target_dir().join("tools");
    let dir = home.join("debian").join(program.name());
    if !dir.join(COMPLETE).is_file() {
        if is_on_path(program.name()) && !is_on_path("apt-get") {
            return Ok(Command::new(program.name()));
        }
        let _lock = tools::lock(&home)?;
        if !dir.join(COMPLETE).is_file() {
            unpack(program, &dir)?;
        }
    }
    let mut command = Command::new(dir.join(program.path()));
    command.env("LD_LIBRARY_PATH", libraries(&dir)?);
    Ok(command)
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn unpack(program: Program, dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(Error::file(dir))?;
    }
    fs::create_dir_all(dir).map_err(Error::file(dir))?;
    let progress = Progress::start(format!(
        "downloading {} from Debian's packages (first use; kept in {})",
        program.name(),
        dir.display()
    ));
    let download = || {
        let mut apt = Command::new("apt-get");
        apt.arg("download")
            .args(program.packages())
            .current_dir(dir);
        run(apt, program)
    };
    if download().is_err() {
        // The lists of packages may be missing or old.
        let mut update = Command::new("apt-get");
        update.arg("update");
        run(update, program)?;
        download()?;
    }
    for entry in fs::read_dir(dir).map_err(Error::file(dir))? {
        let path = entry.map_err(Error::file(dir))?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            let mut unpack = Command::new("dpkg-deb");
            unpack.arg("--extract").arg(&path).arg(dir);
            run(unpack, program)?;
        }
    }
    let complete = dir.join(COMPLETE);
    fs::write(&complete, "").map_err(Error::file(&complete))?;
    progress.done();
    Ok(())
}

fn run(mut command: Command, program: Program) -> Result<()> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Start {
            program: what.clone(),
            source,
            hint: "\nthe tests take some programs from Debian's packages; on another system have `haproxy` on the PATH",
        })?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(Error::Failed {
        what: format!("{what} for {}", program.name()),
        status: output.status,
        output: String::from_utf8_lossy(&text).into_owned(),
    })
}

/// The directory of the libraries, which has the name of the machine's architecture. Programs in Go bring none.
fn libraries(dir: &Path) -> Result<PathBuf> {
    let lib = dir.join("usr/lib");
    if !lib.exists() {
        return Ok(lib);
    }
    for entry in fs::read_dir(&lib).map_err(Error::file(&lib))? {
        let path = entry.map_err(Error::file(&lib))?.path();
        if path.to_string_lossy().ends_with("-linux-gnu") {
            return Ok(path);
        }
    }
    Ok(lib)
}
