//! The chart as a package, and its way into an OCI registry.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::changelog::{self, Entry};
use crate::tools::{self, Tool};
use crate::{Error, Result, project};

/// A packaged chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The file.
    pub path: PathBuf,
    /// The SHA-256 of it, in hexadecimal.
    pub digest: String,
    /// Its size in bytes.
    pub size: usize,
}

/// Packages a chart into the directory `out`, with the changes of its version from `CHANGELOG.md` as Artifact Hub reads
/// them.
///
/// # Errors
/// If the chart or the changelog cannot be read, or Helm refuses the chart.
pub fn package(chart: &Path, out: &Path) -> Result<Package> {
    crate::cli::check_chart(chart)?;
    let dir = tempfile::tempdir().map_err(Error::file(out))?;
    // Helm takes the name of the folder for that of the chart.
    let copy = dir.path().join(chart.file_name().unwrap_or_default());
    copy_tree(chart, &copy)?;
    let metadata = copy.join("Chart.yaml");
    let text = fs::read_to_string(&metadata).map_err(Error::file(&metadata))?;
    let changes = changelog::entries(&changelog::read()?);
    fs::write(&metadata, with_changes(&text, &changes)).map_err(Error::file(&metadata))?;
    fs::create_dir_all(out).map_err(Error::file(out))?;
    let output = helm(&[
        "package".as_ref(),
        copy.as_os_str(),
        "--destination".as_ref(),
        out.as_os_str(),
    ])?;
    let path = output
        .trim()
        .rsplit(": ")
        .next()
        .map(PathBuf::from)
        .unwrap_or_default();
    let bytes = fs::read(&path).map_err(Error::file(&path))?;
    let digest = Sha256::digest(&bytes);
    let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let size = bytes.len();
    Ok(Package { path, digest, size })
}

/// Pushes a package into a registry such as `oci://ghcr.io/spirabr/charts`, and returns what Helm says: the reference and
/// the digest, by which it can be signed. Logged in is who ran `helm registry login`; a registry on this machine is
/// spoken to without TLS.
///
/// # Errors
/// If Helm cannot push it.
pub fn push(package: &Path, registry: &str) -> Result<String> {
    let mut args: Vec<&OsStr> = vec!["push".as_ref(), package.as_ref(), registry.as_ref()];
    if is_local(registry) {
        args.push("--plain-http".as_ref());
    }
    helm(&args)
}

fn is_local(registry: &str) -> bool {
    let host = registry.trim_start_matches("oci://");
    let host = host.split(['/', ':']).next();
    matches!(host, Some("localhost" | "127.0.0.1"))
}

fn helm(args: &[&OsStr]) -> Result<String> {
    let tools = tools::ensure(&[Tool::Helm4])?;
    let mut command = Command::new(tools.path(Tool::Helm4));
    command.args(args);
    let output = command.output().map_err(|source| Error::Start {
        program: "helm".into(),
        source,
        hint: "",
    })?;
    // What Helm pushed where it says on standard error.
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(Error::Failed {
        what: format!("helm {}", args[0].display()),
        status: output.status,
        output: said,
    })
}

/// A `Chart.yaml` with the changes of this version among its annotations.
fn with_changes(text: &str, changes: &[Entry]) -> String {
    const HEAD: &str = "annotations:\n";
    let mut lines = String::from("  artifacthub.io/changes: |\n");
    for Entry { kind, text } in changes {
        let text = serde_json::Value::from(text.as_str());
        lines += &format!("    - kind: {kind}\n      description: {text}\n");
    }
    if changes.is_empty() {
        return text.to_owned();
    }
    text.replacen(HEAD, &format!("{HEAD}{lines}"), 1)
}

/// Copies a folder with all below it.
///
/// # Errors
/// If a file cannot be read or written.
pub fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).map_err(Error::file(to))?;
    for entry in fs::read_dir(from).map_err(Error::file(from))? {
        let entry = entry.map_err(Error::file(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_tree(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(Error::file(&source))?;
        }
    }
    Ok(())
}

/// Where packages go unless told otherwise.
#[must_use]
pub fn default_out() -> PathBuf {
    project::target_dir().join("package")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_stand_among_the_annotations() {
        let changes = [Entry {
            kind: "added",
            text: "A \"thing\": new".into(),
        }];
        let text = with_changes("name: a\nannotations:\n  b: c\n", &changes);
        assert_eq!(
            text,
            "name: a\nannotations:\n  artifacthub.io/changes: |\n    - kind: added\n      description: \"A \\\"thing\\\": new\"\n  b: c\n"
        );
        assert_eq!(with_changes("name: a\n", &[]), "name: a\n");
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_plain_text() {
        assert!(is_local("oci://localhost:5000/charts") && is_local("oci://127.0.0.1:5000"));
        assert!(!is_local("oci://localhost.example.org/charts") && !is_local("oci://ghcr.io/a"));
    }
}
