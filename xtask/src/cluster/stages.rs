//! What KWOK does with nodes and pods.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::{Error, Result};

/// Annotation of a pod that makes it fail with the given exit code instead of succeeding.
pub const EXIT_CODE_ANNOTATION: &str = "xtask/exit-code";

/// Builds KWOK's configuration: its own stages from `stages`, ours, those of the caller, and `pod_log` as the log of
/// every pod.
pub(super) fn configuration(stages: &Path, pod_log: &Path, extra: &str) -> Result<String> {
    let mut text = format!(
        "apiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterLogs\nmetadata:\n  name: all\nspec:\n  logs:\n  - logsFile: {}\n    \
         follow: false\n",
        pod_log.display()
    );
    let mut files: Vec<_> = fs::read_dir(stages)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .map_err(Error::file(stages))?
        .iter()
        .map(fs::DirEntry::path)
        .collect();
    files.sort();
    for path in files {
        let stage = fs::read_to_string(&path).map_err(Error::file(path))?;
        add(&mut text, &stage);
    }
    let code = format!("(index .metadata.annotations {EXIT_CODE_ANNOTATION:?})");
    add(
        &mut text,
        &finish("pod-succeed", "DoesNotExist", "Succeeded", "Completed", "0"),
    );
    add(
        &mut text,
        &finish("pod-fail", "Exists", "Failed", "Error", &code),
    );
    add(&mut text, extra);
    Ok(text)
}

fn add(text: &mut String, document: &str) {
    if !document.trim().is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "---\n{}\n",
            document.trim().trim_start_matches("---\n")
        );
    }
}

/// A stage that ends a running pod which may end (restart policy Never or `OnFailure`).
///
/// KWOK's own stage for this only knows the pods of Jobs, so the bare pods of `helm test` would run forever. Ours
/// serves both, and KWOK's is left out.
fn finish(name: &str, annotation: &str, phase: &str, reason: &str, code: &str) -> String {
    format!(
        r#"apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: {name}
spec:
  resourceRef:
    apiGroup: v1
    kind: Pod
  selector:
    matchExpressions:
    - {{key: .metadata.deletionTimestamp, operator: DoesNotExist}}
    - {{key: .status.phase, operator: In, values: [Running]}}
    - {{key: .spec.restartPolicy, operator: In, values: [Never, OnFailure]}}
    - {{key: '.metadata.annotations["{EXIT_CODE_ANNOTATION}"]', operator: {annotation}}}
  next:
    statusTemplate: |
      {{{{ $now := Now }}}}
      {{{{ $code := {code} }}}}
      conditions:
      - {{type: Ready, status: "False", reason: PodCompleted, lastTransitionTime: {{{{ $now | Quote }}}}}}
      - {{type: ContainersReady, status: "False", reason: PodCompleted, lastTransitionTime: {{{{ $now | Quote }}}}}}
      containerStatuses:
      {{{{ range .spec.containers }}}}
      - name: {{{{ .name | Quote }}}}
        image: {{{{ .image | Quote }}}}
        ready: false
        started: false
        restartCount: 0
        state:
          terminated:
            exitCode: {{{{ $code }}}}
            reason: {reason}
            startedAt: {{{{ $now | Quote }}}}
            finishedAt: {{{{ $now | Quote }}}}
      {{{{ end }}}}
      phase: {phase}
"#
    )
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn the_configuration_is_yaml_with_all_stages() {
        let dir = tempfile::tempdir().expect("temporary directory");
        fs::write(
            dir.path().join("b.yaml"),
            "---\nkind: Stage\nmetadata: {name: b}\n",
        )
        .expect("file");
        fs::write(
            dir.path().join("a.yaml"),
            "kind: Stage\nmetadata: {name: a}\n",
        )
        .expect("file");
        let text = configuration(
            dir.path(),
            Path::new("/log"),
            "kind: Stage\nmetadata: {name: mine}",
        )
        .expect("text");
        let names: Vec<String> = yaml_serde::Deserializer::from_str(&text)
            .map(|document| {
                let value = serde_json::Value::deserialize(document).expect("YAML");
                value["metadata"]["name"].as_str().expect("name").to_owned()
            })
            .collect();
        assert_eq!(names, ["all", "a", "b", "pod-succeed", "pod-fail", "mine"]);
        assert!(
            text.contains(r#"{{ $code := (index .metadata.annotations "xtask/exit-code") }}"#),
            "{text}"
        );
    }
}
