//! Runs the Go compiler, with progress.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Tool;
use super::recipe::{recipe, source_of};
use crate::process::Process;
use crate::progress::Progress;
use crate::{Error, Result};

/// KWOK's Stage files that a cluster needs, below `kustomize/stage` of its module.
const STAGES: [&str; 4] = [
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-delete.yaml",
];

const NO_GO: &str = "\nGo 1.26 or newer builds the tools: install it from https://go.dev/dl and have `go` on the PATH";

/// What `go mod download -json` tells of a module.
#[derive(serde::Deserialize)]
struct Downloaded {
    #[serde(rename = "Dir")]
    dir: PathBuf,
}

/// Builds tools from the modules in `source` with the compiler's cache in `home`.
pub(super) struct Builder<'a> {
    source: &'a Path,
    home: &'a Path,
}

impl<'a> Builder<'a> {
    pub(super) fn new(source: &'a Path, home: &'a Path) -> Self {
        Self { source, home }
    }

    /// Builds one tool into `place`. The binary appears under its name only when it is whole.
    pub(super) fn build(&self, tool: Tool, place: &Path) -> Result<()> {
        let path = self.source.join("go.mod");
        let go_mod = fs::read_to_string(&path).map_err(Error::file(&path))?;
        let recipe = recipe(tool, &go_mod)?;
        let bin = place.join("bin");
        fs::create_dir_all(&bin).map_err(Error::file(&bin))?;
        let partial = bin.join(format!(".{tool}.partial"));
        let module = self.source.join(source_of(tool).module);
        let progress = Progress::start(format!(
            "building {tool} (first use, up to {} on two cores; kept in {})",
            minutes(recipe.seconds),
            self.home.display()
        ));
        self.go(
            &module,
            &["build", "-ldflags", &recipe.ldflags, "-o"],
            tool,
            &partial,
            recipe.package,
        )?;
        if tool == Tool::Kwok {
            self.copy_stages(&module, place)?;
        }
        let path = bin.join(tool.name());
        fs::rename(&partial, &path).map_err(Error::file(&path))?;
        progress.done();
        Ok(())
    }

    fn command(&self, module: &Path) -> Command {
        let mut go = Command::new("go");
        go.current_dir(module)
            .env("GOCACHE", self.home.join("gocache"))
            .env("GOFLAGS", "-mod=readonly -trimpath -buildvcs=false")
            .env("GOWORK", "off")
            // No C compiler is needed then, and the binaries run on any Linux.
            .env("CGO_ENABLED", "0")
            .stdin(Stdio::null());
        go
    }

    /// Runs the compiler as a process that ends with ours, also when that is killed in the middle of a build.
    fn go(
        &self,
        module: &Path,
        args: &[&str],
        tool: Tool,
        out: &Path,
        package: &str,
    ) -> Result<()> {
        // Asked first, because a program that is missing below a supervisor would look like a failed build.
        self.list_module(module, &[])?;
        let log = self.home.join(format!("{tool}.log"));
        fs::write(&log, "").map_err(Error::file(&log))?;
        let mut command = self.command(module);
        let mut process = Process::start("go", command.args(args).arg(out).arg(package), &log)?;
        let status = loop {
            match process.ended() {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        };
        if status.success() {
            return Ok(());
        }
        Err(Error::Failed {
            what: format!("go build of {tool} in {}", module.display()),
            status,
            output: said(process.log_tail(40)),
        })
    }

    /// Runs `go list -m` with more arguments.
    fn list_module(&self, module: &Path, args: &[&str]) -> Result<String> {
        self.ask(module, &[&["list", "-m"], args].concat())
    }

    /// Directory of a module that `requirer` requires.
    pub(super) fn module_dir(&self, requirer: &Path, module: &str) -> Result<PathBuf> {
        let answer = self.ask(requirer, &["mod", "download", "-json", module])?;
        let found: Downloaded = serde_json::from_str(&answer).map_err(|source| Error::Json {
            what: format!("go mod download of {module}"),
            source,
        })?;
        Ok(found.dir)
    }

    /// Runs Go to its end and returns its standard output.
    fn ask(&self, module: &Path, args: &[&str]) -> Result<String> {
        let output = self
            .command(module)
            .args(args)
            .output()
            .map_err(|source| Error::Start {
                program: "go".into(),
                source,
                hint: NO_GO,
            })?;
        if !output.status.success() {
            let text = [output.stdout, output.stderr].concat();
            return Err(Error::Failed {
                what: format!("go {} in {}", args.join(" "), module.display()),
                status: output.status,
                output: String::from_utf8_lossy(&text).into_owned(),
            });
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Copies the Stage files out of KWOK's module: KWOK 0.8 has none built in, and without them no node gets ready.
    fn copy_stages(&self, module: &Path, place: &Path) -> Result<()> {
        let from = self
            .module_dir(module, "sigs.k8s.io/kwok")?
            .join("kustomize/stage");
        let to = place.join("stages");
        fs::create_dir_all(&to).map_err(Error::file(&to))?;
        for stage in STAGES {
            let from = from.join(stage);
            let text = fs::read(&from).map_err(Error::file(&from))?;
            let to = to.join(from.file_name().expect("STAGES are files"));
            fs::write(&to, text).map_err(Error::file(&to))?;
        }
        Ok(())
    }
}

/// What the compiler printed. It always says why it fails, unless there was no place left to say it.
fn said(output: String) -> String {
    if output.trim().is_empty() {
        return "no output at all, as when the disk is full (`df -h` tells); building all tools takes about 5 GB".into();
    }
    output
}

/// A rough duration in words.
fn minutes(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        1 => "a minute".into(),
        minutes => format!("{minutes} minutes"),
    }
}
