//! What each tool is built from: package, linker flags, and the hash that names its directory.

use std::collections::{BTreeMap, BTreeSet};
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

/// What a tool is built from, below `tools/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    /// Directory of the module.
    pub(super) module: &'static str,
    /// Directory with sources of our own; none for a program of others.
    own: Option<&'static str>,
}

pub(super) fn source_of(tool: Tool) -> Source {
    let (module, own) = match tool {
        Tool::Oracle => (".", Some("oracle")),
        Tool::Upgrader => (".", Some("upgrader")),
        Tool::Sandbox => (".", Some("sandbox")),
        Tool::KubeScore => ("kube-score", None),
        // Each links the version of Kubernetes' libraries that its makers release it with.
        Tool::PostgresOperator => ("operators/zalando", None),
        Tool::MongodbOperator => ("operators/mongodb", None),
        Tool::PrometheusOperator => ("operators/prometheus", None),
        Tool::NatsServer => ("servers", None),
        Tool::Ferretdb => ("servers", Some("ferretdb")),
        Tool::Minio => ("servers/minio", None),
        Tool::GrafanaFormat => ("grafana", Some("format")),
        Tool::Actionlint | Tool::Registry => ("publish", None),
        _ => (".", None),
    };
    Source { module, own }
}

/// Directories of the built tools, one for each set of sources.
#[derive(Clone, Debug)]
pub(super) struct Places(BTreeMap<Source, PathBuf>);

impl Places {
    pub(super) fn of(&self, tool: Tool) -> PathBuf {
        self.0[&source_of(tool)].clone()
    }
}

/// Names the directories below `home` after the sources. Our own programs have theirs, so that a change of them does not
/// link the control plane again.
pub(super) fn places(source: &Path, home: &Path) -> Result<Places> {
    let mut places = BTreeMap::new();
    for of in BTreeSet::from(Tool::ALL.map(source_of)) {
        let module = source.join(of.module);
        let mut files = vec![module.join("go.mod"), module.join("go.sum")];
        if let Some(own) = of.own {
            files.extend(go_files(&module.join(own))?);
        }
        places.insert(of, home.join(hash(&files)?));
    }
    Ok(Places(places))
}

fn go_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(Error::file(dir))? {
        let path = entry.map_err(Error::file(dir))?.path();
        if path.extension().is_some_and(|extension| extension == "go") {
            files.push(path);
        }
    }
    Ok(files)
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
        Tool::Upgrader => ("./upgrader", 60),
        Tool::Sandbox => ("./sandbox", 10),
        Tool::MongodbOperator => (
            "github.com/mongodb/mongodb-kubernetes-operator/cmd/manager",
            120,
        ),
        Tool::PostgresOperator => ("github.com/zalando/postgres-operator/cmd", 180),
        Tool::PrometheusOperator => (
            "github.com/prometheus-operator/prometheus-operator/cmd/operator",
            180,
        ),
        Tool::NatsServer => ("github.com/nats-io/nats-server/v2", 30),
        Tool::Ferretdb => ("./ferretdb", 60),
        Tool::Minio => ("github.com/minio/minio", 240),
        Tool::GrafanaFormat => ("./format", 60),
        Tool::Actionlint => ("github.com/rhysd/actionlint/cmd/actionlint", 20),
        Tool::Registry => ("github.com/google/go-containerregistry/cmd/registry", 20),
    };
    Ok(Recipe {
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
        Tool::Helm3 | Tool::Helm4 | Tool::Oracle | Tool::Upgrader => {
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
    fn only_what_is_built_from_a_source_moves_with_it() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let source = dir.path();
        for (name, text) in [
            ("go.mod", "m"),
            ("go.sum", "s"),
            ("oracle/main.go", "a"),
            ("sandbox/main.go", "a"),
            ("upgrader/main.go", "a"),
            ("grafana/go.mod", "g"),
            ("grafana/go.sum", "g"),
            ("grafana/format/main.go", "g"),
            ("kube-score/go.mod", "k"),
            ("kube-score/go.sum", "t"),
            ("operators/mongodb/go.mod", "m"),
            ("operators/mongodb/go.sum", "m"),
            ("operators/prometheus/go.mod", "p"),
            ("operators/prometheus/go.sum", "p"),
            ("operators/zalando/go.mod", "z"),
            ("operators/zalando/go.sum", "z"),
            ("publish/go.mod", "u"),
            ("publish/go.sum", "u"),
            ("servers/go.mod", "v"),
            ("servers/go.sum", "v"),
            ("servers/ferretdb/main.go", "f"),
            ("servers/minio/go.mod", "o"),
            ("servers/minio/go.sum", "o"),
        ] {
            let path = source.join(name);
            fs::create_dir_all(path.parent().expect("below the temporary directory"))
                .expect("directory");
            fs::write(path, text).expect("file");
        }
        let home = Path::new("home");
        let of = |tool| places(source, home).expect("places").of(tool);
        let all = || Tool::ALL.map(of);
        let changed = |before: &[PathBuf; 21]| -> Vec<Tool> {
            let pairs = Tool::ALL.into_iter().zip(before.iter().zip(all()));
            pairs
                .filter(|(_, (before, after))| *before != after)
                .map(|(tool, _)| tool)
                .collect()
        };
        let before = all();
        fs::write(source.join("oracle/main.go"), "b").expect("file");
        assert_eq!(changed(&before), [Tool::Oracle]);
        let before = all();
        fs::write(source.join("operators/zalando/go.sum"), "y").expect("file");
        assert_eq!(changed(&before), [Tool::PostgresOperator]);
        let before = all();
        fs::write(source.join("go.sum"), "changed").expect("file");
        let others = [
            Tool::KubeScore,
            Tool::MongodbOperator,
            Tool::PostgresOperator,
            Tool::PrometheusOperator,
            Tool::NatsServer,
            Tool::Ferretdb,
            Tool::Minio,
            Tool::GrafanaFormat,
            Tool::Actionlint,
            Tool::Registry,
        ];
        assert_eq!(changed(&before).len(), Tool::ALL.len() - others.len());
        assert!(changed(&before).iter().all(|tool| !others.contains(tool)));
    }
}
