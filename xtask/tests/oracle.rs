//! The oracle says what the real `helm template` says, for both versions of Helm.

mod common;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use xtask::helm::{self, Helm};
use xtask::oracle::{Answer, Case, Oracle};

/// An umbrella chart with a condition, `global`, defaults that null deletes, schemas, notes, a hook, and `lookup`.
const UMBRELLA: [(&str, &str); 10] = [
    (
        "umbrella/Chart.yaml",
        "apiVersion: v2\nname: umbrella\nversion: 0.1.0\nappVersion: 1.2.3\ndependencies:\n\
         - {name: one, version: 0.1.0, condition: one.enabled}\n- {name: two, version: 0.1.0, condition: two.enabled}\n",
    ),
    (
        "umbrella/values.yaml",
        "global: {registry: example.invalid, labels: {team: a}}\none: {enabled: true, level: 3}\ntwo: {enabled: false}\n",
    ),
    (
        "umbrella/values.schema.json",
        r#"{"type": "object", "properties": {"name": {"type": ["string", "null"], "pattern": "^[a-z]*$"}}}"#,
    ),
    (
        "umbrella/templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-{{ .Release.Namespace }}\ndata:\n  \
         upgrade: {{ .Release.IsUpgrade | quote }}\n  kube: {{ .Capabilities.KubeVersion.Version }}\n  \
         monitoring: {{ .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\" | quote }}\n  \
         name: {{ .Values.name | default \"none\" | quote }}\n",
    ),
    (
        "umbrella/templates/NOTES.txt",
        "Level {{ .Values.one.level }}.\n",
    ),
    (
        "umbrella/charts/one/Chart.yaml",
        "apiVersion: v2\nname: one\nversion: 0.1.0\n",
    ),
    (
        "umbrella/charts/one/values.yaml",
        "level: 1\nsize: 12345678\nmap: {a: 1, b: 2}\nlive: false\ntwice: false\n",
    ),
    (
        "umbrella/charts/one/values.schema.json",
        r#"{"type": "object", "properties": {"level": {"type": "integer", "maximum": 9}}}"#,
    ),
    (
        "umbrella/charts/one/templates/all.yaml",
        r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: one
data:
  size: {{ .Values.size | toString | quote }}
  level: {{ .Values.level | quote }}
  kind: {{ kindOf .Values.level }}
  global: {{ toJson .Values.global | quote }}
  map: {{ toJson .Values.map | quote }}
  fault: {{ if eq (toString .Values.level) "7" }}{{ fail "seven is not wanted" }}{{ end }}
  {{- if .Values.twice }}
  size: again
  {{- end }}
  live: {{ (lookup "v1" "Secret" .Release.Namespace "live").data | toJson | quote }}
  count: {{ (lookup "v1" "Secret" .Release.Namespace "").items | default list | len | quote }}
---
# nothing but a comment
---
apiVersion: v1
kind: Pod
metadata:
  name: hook
  annotations: {helm.sh/hook: test}
---
apiVersion: v1
kind: Service
metadata:
  name: first
"#,
    ),
    (
        "umbrella/charts/two/Chart.yaml",
        "apiVersion: v2\nname: two\nversion: 0.1.0\n",
    ),
];

const TWO: (&str, &str) = (
    "umbrella/charts/two/templates/a.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\ndata: {registry: {{ .Values.global.registry | quote }}}\n",
);

fn umbrella(dir: &Path) -> PathBuf {
    common::write(dir, &UMBRELLA);
    common::write(dir, &[TWO]);
    dir.join("umbrella")
}

fn case(values: Value) -> Case {
    Case {
        release: "r".into(),
        namespace: "n".into(),
        values,
        ..Case::default()
    }
}

/// What the real `helm template` makes of a case.
fn template(helm: Helm, chart: &Path, case: &Case, dir: &Path) -> Result<Vec<Value>, String> {
    let mut command = helm::command(helm, None, dir).expect("helm");
    command.args(["template", &case.release]).arg(chart).args([
        "-n",
        &case.namespace,
        "--kube-version",
        "1.36.0",
    ]);
    let values = [case.values_yaml.clone(), vec![case.values.to_string()]].concat();
    for (number, text) in values.iter().enumerate() {
        let name = format!("values-{number}.yaml");
        common::write(dir, &[(&name, text)]);
        command.arg("-f").arg(dir.join(name));
    }
    for set in &case.set {
        command.args(["--set", set]);
    }
    for version in &case.api_versions {
        command.args(["--api-versions", version]);
    }
    if case.is_upgrade {
        command.arg("--is-upgrade");
    }
    let output = command.output().expect("helm template");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let documents =
        yaml_serde::Deserializer::from_str(&text).map(|d| Value::deserialize(d).expect("YAML"));
    Ok(documents.filter(|document| !document.is_null()).collect())
}

/// Whether the oracle and Helm agree; every line of Helm's error has to be in the oracle's.
fn compare(helm: Helm, case: &Case, oracle: &Answer, real: &Result<Vec<Value>, String>) {
    match (oracle, real) {
        (Ok(oracle), Ok(real)) => assert_eq!(&oracle.objects, real, "{helm:?} {case:?}"),
        (Err(oracle), Err(real)) => {
            let lines = real
                .lines()
                .map(|line| line.trim_start_matches("Error: ").trim());
            for line in lines.filter(|line| {
                !line.is_empty() && !line.starts_with("Use --debug") && !line.starts_with("level=")
            }) {
                assert!(
                    oracle.contains(line),
                    "{helm:?} {case:?}\noracle: {oracle}\nhelm: {real}"
                );
            }
        }
        _ => panic!("{helm:?} {case:?}\noracle: {oracle:?}\nhelm: {real:?}"),
    }
}

fn umbrella_cases() -> Vec<Case> {
    vec![
        case(json!({})),
        case(json!({"two": {"enabled": true}, "one": {"enabled": false}})),
        case(json!({"one": null})),
        case(json!({"one": {"map": {"a": null}, "level": 0}})),
        case(json!({"one": {"map": null}, "global": {"labels": null, "more": [1, 2.5, null]}})),
        case(
            json!({"name": null, "two": {"enabled": true}, "global": {"registry": "é\u{1F600}\u{1}"}}),
        ),
        case(json!({"one": {"level": 10}})),
        case(json!({"one": {"level": "3"}, "name": "UPPER"})),
        case(json!({"one": {"level": 7}})),
        case(json!({"one": 3})),
        Case {
            set: vec!["one.level=4".into(), "one.map.b=null".into()],
            ..case(json!({"one": {"level": 5}}))
        },
        Case {
            values_yaml: vec![
                "one: {level: 2, map: {c: 3}}".into(),
                "one: {level: null}".into(),
            ],
            ..case(json!({}))
        },
        Case {
            api_versions: vec!["monitoring.coreos.com/v1".into()],
            is_upgrade: true,
            ..case(json!({}))
        },
        Case {
            release: "Bad_Name".into(),
            ..case(json!({}))
        },
    ]
}

#[test]
fn umbrella_chart_renders_as_by_helm() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let chart = umbrella(dir.path());
    for helm in Helm::ALL {
        let cases = umbrella_cases();
        let answers = Oracle::start(helm, &chart)
            .expect("oracle")
            .render_all(&cases)
            .expect("answers");
        let plain = Oracle::with_flags(helm, &chart, &["--helm-schema"])
            .expect("oracle")
            .render_all(&cases);
        assert_eq!(
            plain.expect("answers"),
            answers,
            "our validation of schemas is Helm's"
        );
        for (case, answer) in cases.iter().zip(&answers) {
            compare(
                helm,
                case,
                answer,
                &template(helm, &chart, case, dir.path()),
            );
        }
        assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 5);
    }
}

#[test]
fn starter_chart_renders_as_by_helm() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let chart = common::starter(dir.path());
    let cases = [
        case(json!({})),
        case(
            json!({"ingress": {"enabled": true}, "autoscaling": {"enabled": true}, "nameOverride": null}),
        ),
        case(
            json!({"replicaCount": null, "podAnnotations": {"a": "1"}, "service": {"port": 70000}}),
        ),
    ];
    for helm in Helm::ALL {
        let mut oracle = Oracle::start(helm, &chart).expect("oracle");
        for case in &cases {
            let answer = oracle.render(case).expect("answer");
            compare(
                helm,
                case,
                &answer,
                &template(helm, &chart, case, dir.path()),
            );
        }
    }
}

#[test]
fn what_helm_template_cannot_show() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let chart = umbrella(dir.path());
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "live"}, "data": {"a": "Yg=="}});
    let mut elsewhere = secret.clone();
    elsewhere["metadata"]["namespace"] = json!("other");
    for helm in Helm::ALL {
        let mut oracle = Oracle::start(helm, &chart).expect("oracle");
        let mut one = |secrets: Vec<Value>, values: Value| {
            let case = Case {
                secrets,
                ..case(values)
            };
            let rendered = oracle.render(&case).expect("answer")?;
            let index = rendered
                .objects
                .iter()
                .position(|object| object["metadata"]["name"] == "one")
                .expect("one");
            assert_eq!(
                rendered.sources[index],
                "umbrella/charts/one/templates/all.yaml"
            );
            assert_eq!(
                rendered.objects.last().expect("objects")["metadata"]["name"],
                "hook",
                "hooks come last"
            );
            Ok::<_, String>((rendered.objects[index]["data"].clone(), rendered.notes))
        };
        let (data, notes) =
            one(vec![secret.clone(), elsewhere.clone()], json!({})).expect("rendered");
        assert_eq!(
            (&data["live"], &data["count"]),
            (&json!(r#"{"a":"Yg=="}"#), &json!("1"))
        );
        assert_eq!(notes, "Level 3.\n");
        let (data, _) =
            one(vec![elsewhere.clone()], json!({"one": {"level": 8}})).expect("rendered");
        assert_eq!(
            (&data["live"], &data["count"]),
            (&json!("null"), &json!("0"))
        );
        let (data, _) = one(Vec::new(), json!({})).expect("rendered");
        assert_eq!(
            (&data["live"], &data["count"]),
            (&json!("null"), &json!("0"))
        );
        assert_eq!(data["kind"], "float64");
        let error =
            one(Vec::new(), json!({"one": {"twice": true}})).expect_err("a key given twice");
        assert!(error.contains("\"size\" already set"), "{error}");
    }
}

#[test]
fn a_chart_that_cannot_be_loaded_is_an_error() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let error = Oracle::start(Helm::V4, dir.path())
        .expect("starts")
        .render(&Case::default())
        .expect_err("no chart");
    assert!(
        error
            .to_string()
            .contains(&dir.path().display().to_string()),
        "{error}"
    );
}

#[test]
fn thousands_of_cases_give_the_same_answers_as_one_at_a_time() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let chart = umbrella(dir.path());
    let cases: Vec<Case> = (0..2000)
        .map(|n| case(json!({"two": {"enabled": n % 2 == 0}, "one": {"enabled": n % 3 > 0, "level": n % 11}})))
        .collect();
    for helm in Helm::ALL {
        let start = std::time::Instant::now();
        let answers = Oracle::start(helm, &chart)
            .expect("oracle")
            .render_all(&cases)
            .expect("answers");
        println!(
            "{helm:?}: {:.0} cases a second",
            2000.0 / start.elapsed().as_secs_f64()
        );
        // A chart that Helm changed for one case and not put back would show in the next ones.
        for number in [0, 1, 2, 7, 10, 1999] {
            let fresh = Oracle::start(helm, &chart)
                .expect("oracle")
                .render(&cases[number])
                .expect("answer");
            assert_eq!(fresh, answers[number], "{helm:?} case {number}");
        }
    }
}
