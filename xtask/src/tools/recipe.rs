//! What each tool is built from: package, linker flags, and the hash that names its directory.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Tool;
use crate::{Error, Result};

/// Module of Kubernetes' own commands.
const KUBERNETES: &str = "k8s.io/kubernetes";
const HELM4: &str = "helm.sh/helm/v4";
const HELM3: &str = "helm.sh/helm/v3";
/// Raise it when the way of building changes, so that old binaries are not taken for new.
const RECIPE: &str = "1: CGO_ENABLED=0 -trimpath -s -w";

/// Directories of the built tools, one for each set of sources.
#[derive(Clone, Debug)]
pub(super) struct Places {
    modules: PathBuf,
    oracle: PathBuf,
    kube_score: PathBuf,
}

impl Places {
    pub(super) fn of(&self, tool: Tool) -> PathBuf {
        match tool {
            Tool::Oracle => self.oracle.clone(),
            Tool::KubeScore => self.kube_score.clone(),
            _ => self.modules.clone(),
        }
    }
}

/// Names the directories below `home` after the sources. The oracle has its own, so that a change of it does not link
/// the control plane again.
pub(super) fn places(source: &Path, home: &Path) -> Result<Places> {
    let modules = vec![source.join("go.mod"), source.join("go.sum")];
    let mut oracle = modules.clone();
    let dir = source.join("oracle");
    for entry in fs::read_dir(&dir).map_err(Error::file(&dir))? {
        let path = entry.map_err(Error::file(&dir))?.path();
        if path.extension().is_some_and(|extension| extension == "go") {
            oracle.push(path);
        }
    }
    let kube_score = source.join("kube-score");
    Ok(Places {
        modules: home.join(hash(&modules)?),
        oracle: home.join(hash(&oracle)?),
        kube_score: home.join(hash(&[
            kube_score.join("go.mod"),
            kube_score.join("go.sum"),
        ])?),
    })
}

/// Hash of names and contents, in an order that does not depend on the file system.
fn hash(files: &[PathBuf]) -> Result<String> {
    let mut files = files.to_vec();
    files.sort();
    let mut sha = Sha256::new();
    sha.update(RECIPE);
    for path in &files {
        let content = fs::read(path).map_err(Error::file(path))?;
        sha.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        sha.update(content.len().to_le_bytes());
        sha.update(&content);
    }
    Ok(sha
        .finalize()
        .iter()
        .take(8)
        .fold(String::new(), |mut out, byte| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        }))
}

/// How one tool is built.
#[derive(Debug)]
pub(super) struct Recipe {
    /// Directory of the module, relative to `tools/`.
    pub(super) module: &'static str,
    /// Package to build.
    pub(super) package: &'static str,
    /// Value of `-ldflags`.
    pub(super) ldflags: String,
    /// Seconds of a cold build on two cores with all tools before it in [`Tool::ALL`] not built: the worst case.
    pub(super) seconds: u64,
}

/// The recipe of a tool; `go_mod` is the text of `tools/go.mod`, which pins the versions that binaries report.
pub(super) fn recipe(tool: Tool, go_mod: &str) -> Result<Recipe> {
    let (package, seconds) = match tool {
        Tool::KubeApiserver => ("k8s.io/kubernetes/cmd/kube-apiserver", 240),
        Tool::KubeControllerManager => ("k8s.io/kubernetes/cmd/kube-controller-manager", 180),
        Tool::KubeScheduler => ("k8s.io/kubernetes/cmd/kube-scheduler", 120),
        Tool::Etcd => ("go.etcd.io/etcd/server/v3", 40),
        Tool::Kwok => ("sigs.k8s.io/kwok/cmd/kwok", 120),
        Tool::Helm4 => ("helm.sh/helm/v4/cmd/helm", 120),
        Tool::Helm3 => ("helm.sh/helm/v3/cmd/helm", 90),
        Tool::Kubeconform => ("github.com/yannh/kubeconform/cmd/kubeconform", 20),
        Tool::KubeScore => ("github.com/zegl/kube-score/cmd/kube-score", 30),
        Tool::Oracle => ("./oracle", 90),
    };
    Ok(Recipe {
        module: if tool == Tool::KubeScore {
            "kube-score"
        } else {
            "."
        },
        package,
        ldflags: ldflags(tool, go_mod)?,
        seconds,
    })
}

/// Linker flags that tell a binary its version. Without them kube-apiserver calls itself `v0.0.0-master+$Format:…`,
/// which a chart's `kubeVersion` sees, and Helm only knows its minor version.
fn ldflags(tool: Tool, go_mod: &str) -> Result<String> {
    let mut flags = String::from("-s -w");
    let mut set = |variable: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = write!(flags, " -X {variable}={value}");
    };
    match tool {
        Tool::KubeApiserver | Tool::KubeControllerManager | Tool::KubeScheduler => {
            let version = version(go_mod, KUBERNETES)?;
            let (major, minor) = major_minor(version);
            set("k8s.io/component-base/version.gitVersion", version);
            set("k8s.io/component-base/version.gitMajor", major);
            set("k8s.io/component-base/version.gitMinor", minor);
        }
        Tool::Helm3 | Tool::Helm4 | Tool::Oracle => {
            set(
                "helm.sh/helm/v3/internal/version.version",
                version(go_mod, HELM3)?,
            );
            set(
                "helm.sh/helm/v4/internal/version.version",
                version(go_mod, HELM4)?,
            );
            // What Helm 3 takes the cluster for when there is none (`helm template`); built plain it is 1.20.
            let (major, minor) = major_minor(version(go_mod, KUBERNETES)?);
            set("helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor", major);
            set("helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor", minor);
        }
        _ => {}
    }
    Ok(flags)
}

/// Version that a go.mod requires of a module, such as `v1.36.3`.
fn version<'a>(go_mod: &'a str, module: &str) -> Result<&'a str> {
    go_mod
        .lines()
        .filter_map(|line| line.trim().strip_prefix(module)?.strip_prefix(' '))
        .filter_map(|rest| rest.split_whitespace().next())
        .find(|version| version.starts_with('v'))
        .ok_or_else(|| Error::NoModule {
            module: module.into(),
        })
}

/// `v1.36.3` → (`1`, `36`).
fn major_minor(version: &str) -> (&str, &str) {
    let mut parts = version.trim_start_matches('v').split('.');
    (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO_MOD: &str = "module x\n\nreplace (\n\tk8s.io/kubernetes => k8s.io/kubernetes v9.9.9\n)\n\nrequire (\n\t\
        helm.sh/helm/v3 v3.22.0\n\thelm.sh/helm/v4 v4.3.1\n\tk8s.io/kubernetes v1.36.3 // indirect\n)\n";

    #[test]
    fn versions_come_from_the_require_lines() {
        assert_eq!(version(GO_MOD, KUBERNETES).expect("required"), "v1.36.3");
        assert_eq!(version(GO_MOD, HELM4).expect("required"), "v4.3.1");
        let error = version(GO_MOD, "k8s.io/kube").expect_err("a prefix is not the module");
        assert_eq!(
            error.to_string(),
            "tools/go.mod requires no module k8s.io/kube"
        );
    }

    #[test]
    fn kubernetes_is_told_its_version() {
        let flags = recipe(Tool::KubeApiserver, GO_MOD).expect("recipe").ldflags;
        assert_eq!(
            flags,
            "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 \
             -X k8s.io/component-base/version.gitMinor=36"
        );
    }

    #[test]
    fn only_the_oracle_moves_when_its_sources_change() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let source = dir.path();
        for (name, text) in [
            ("go.mod", "m"),
            ("go.sum", "s"),
            ("oracle/main.go", "a"),
            ("kube-score/go.mod", "k"),
            ("kube-score/go.sum", "t"),
        ] {
            let path = source.join(name);
            fs::create_dir_all(path.parent().expect("below the temporary directory"))
                .expect("directory");
            fs::write(path, text).expect("file");
        }
        let home = Path::new("home");
        let before = places(source, home).expect("places");
        fs::write(source.join("oracle/main.go"), "b").expect("file");
        let after = places(source, home).expect("places");
        assert_ne!(before.oracle, after.oracle);
        assert_eq!(before.modules, after.modules);
        fs::write(source.join("go.sum"), "changed").expect("file");
        let last = places(source, home).expect("places");
        assert_ne!(after.modules, last.modules);
        assert_ne!(after.oracle, last.oracle);
        assert_eq!(after.kube_score, last.kube_score);
    }
}
