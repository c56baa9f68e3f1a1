//! The text that each construct of a builder becomes, as a person would have written it.
//!
//! Every case is proven before its text is looked at: that it reads well is worth nothing if it
//! says something else than the builder.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EnvVar, ResourceRequirements};
use serde_json::{Map, Value, json};
use spira_chart_gen::{
    emit,
    prove::{Effort, prove},
    trace::trace,
};
use spira_manifests::{
    Intrinsics,
    kit::{DnsLabel, Labels, Port, Replicas, non_empty},
};

use crate::support::{Readable, dense, subject};

/// The templates of these objects, helpers apart.
fn templates<V: Readable>(
    build: impl Fn(&dyn Intrinsics, &V) -> Vec<Value> + Send + Sync + 'static,
) -> String {
    let source = include_str!("text.rs");
    let subject = subject("case", source, move |intrinsics, values| {
        build(intrinsics, values).into_iter().map(dense).collect()
    });
    let traced = trace(&subject).unwrap_or_else(|refusal| panic!("{refusal}"));
    prove(&subject, &traced, Effort::default()).unwrap_or_else(|refusal| panic!("{refusal}"));
    let files = emit::templates("case", &traced, "")
        .unwrap_or_else(|refusal| panic!("{refusal}"))
        .files;
    files
        .iter()
        .filter(|file| !file.path.contains("_helpers") || file.text.contains("case.data"))
        .map(|file| file.text.as_str())
        .collect()
}

/// The template of one field's content.
fn field<V: Readable>(build: impl Fn(&V) -> Value + Send + Sync + 'static) -> String {
    let text = templates(move |_, values: &V| {
        vec![json!({"kind": "Case", "metadata": {"name": "case"}, "spec": build(values)})]
    });
    let (_, spec) = text.split_once("\nspec:\n").expect("the object has a spec");
    spec.to_owned()
}

fn own_env() -> impl Iterator<Item = Value> {
    [json!({"name": "OWN", "value": "1"})].into_iter()
}

#[test]
fn either_of_two_flags() {
    values! { Values { cache: bool, tls: bool } }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "name": "x",
        "mounts": (values.cache || values.tls).then_some("all"),
    })), @r"
    name: x
    {{- if or .Values.cache .Values.tls }}
    mounts: all
    {{- end }}
    ");
}

#[test]
fn one_flag_and_either_of_two() {
    values! { Values { enabled: bool, cache: bool, tls: bool } }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "name": "x",
        "mounts": (values.enabled && (values.cache || !values.tls)).then_some("all"),
    })), @r"
    name: x
    {{- if and .Values.enabled (or .Values.cache (not .Values.tls)) }}
    mounts: all
    {{- end }}
    ");
}

#[test]
fn a_list_that_is_there_if_anything_is_in_it() {
    values! { Values { cache: bool, tls: bool } }
    insta::assert_snapshot!(field(|values: &Values| {
        let mut volumes = Vec::new();
        if values.tls {
            volumes.push(json!({"name": "tls", "secret": {"secretName": "tls"}}));
        }
        if values.cache {
            volumes.push(json!({"name": "cache", "emptyDir": {}}));
        }
        json!({"name": "x", "volumes": (!volumes.is_empty()).then_some(volumes)})
    }), @r"
    name: x
    {{- if or .Values.cache .Values.tls }}
    volumes:
      {{- if .Values.tls }}
      - name: tls
        secret:
          secretName: tls
      {{- end }}
      {{- if .Values.cache }}
      - name: cache
        emptyDir: {}
      {{- end }}
    {{- end }}
    ");
}

#[test]
fn an_else_that_depends_on_another_choice() {
    values! { Values { tls: bool, proxy: bool } }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "scheme": if values.tls {
            "https"
        } else if values.proxy {
            "proxy"
        } else {
            "http"
        },
    })), @r"
    {{- if .Values.tls }}
    scheme: https
    {{- else if .Values.proxy }}
    scheme: proxy
    {{- else }}
    scheme: http
    {{- end }}
    ");
}

#[test]
fn both_branches_depend_on_other_choices() {
    values! { Values { tls: bool, mutual: bool, proxy: bool } }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "mode": if values.tls {
            if values.mutual { "mutual" } else { "simple" }
        } else if values.proxy {
            "proxy"
        } else {
            "plain"
        },
    })), @r"
    {{- if .Values.tls }}
    {{- if .Values.mutual }}
    mode: mutual
    {{- else }}
    mode: simple
    {{- end }}
    {{- else if .Values.proxy }}
    mode: proxy
    {{- else }}
    mode: plain
    {{- end }}
    ");
}

#[test]
fn an_else_without_a_last_branch() {
    values! { Values { tls: bool, proxy: bool } }
    insta::assert_snapshot!(field(|values: &Values| {
        let mut args = vec![json!("serve")];
        if values.tls {
            args.push(json!("--tls"));
        } else if values.proxy {
            args.push(json!("--proxy"));
        }
        json!({"args": args})
    }), @r#"
    args:
      - serve
      {{- if .Values.tls }}
      - "--tls"
      {{- else if .Values.proxy }}
      - "--proxy"
      {{- end }}
    "#);
}

#[test]
fn an_else_of_several_choices() {
    values! { Values { tls: bool, proxy: bool, debug: bool } }
    insta::assert_snapshot!(field(|values: &Values| {
        let mut args = vec![json!("serve")];
        if values.tls {
            args.push(json!("--tls"));
        } else {
            if values.proxy {
                args.push(json!("--proxy"));
            }
            if values.debug {
                args.push(json!("--debug"));
            }
        }
        json!({"args": args})
    }), @r#"
    args:
      - serve
      {{- if .Values.tls }}
      - "--tls"
      {{- else }}
      {{- if .Values.proxy }}
      - "--proxy"
      {{- end }}
      {{- if .Values.debug }}
      - "--debug"
      {{- end }}
      {{- end }}
    "#);
}

#[test]
fn a_branch_with_a_mapping_in_it() {
    values! { Values { tls: bool, secret: DnsLabel } }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "backend": if values.tls {
            json!({"protocol": "https", "secret": values.secret})
        } else {
            json!({"protocol": "http"})
        },
    })), @r"
    backend:
      {{- if .Values.tls }}
      protocol: https
      secret: {{ .Values.secret | quote }}
      {{- else }}
      protocol: http
      {{- end }}
    ");
}

#[test]
fn ranges_within_ranges() {
    values! {
        Values { hosts: Vec<Host> }
        Host { name: DnsLabel, port: Option<Port>, paths: Vec<Path> }
        Path { path: DnsLabel, exact: bool }
    }
    insta::assert_snapshot!(field(|values: &Values| {
        let port = |host: &Host| match host.port {
            Some(port) => json!({"number": port}),
            None => json!({"name": "http"}),
        };
        let path = |host: &Host, path: &Path| json!({
            "path": format!("/{}", path.path),
            "type": if path.exact { "Exact" } else { "Prefix" },
            "host": host.name,
            "port": port(host),
        });
        let rules = values.hosts.iter().map(|host| json!({
            "host": host.name,
            "paths": host.paths.iter().map(|inner| path(host, inner)).collect::<Vec<_>>(),
        }));
        let rules: Vec<Value> = rules.collect();
        json!({"name": "x", "rules": (!rules.is_empty()).then_some(rules)})
    }), @r#"
    name: x
    {{- if .Values.hosts }}
    rules:
      {{- range $host := .Values.hosts }}
      - host: {{ $host.name | quote }}
        {{- if $host.paths }}
        paths:
          {{- range $path := $host.paths }}
          - host: {{ $host.name | quote }}
            {{- if $path.exact }}
            type: Exact
            {{- else }}
            type: Prefix
            {{- end }}
            path: "/{{ $path.path }}"
            port:
              {{- if $host.port }}
              number: {{ $host.port | int64 }}
              {{- else }}
              name: http
              {{- end }}
          {{- end }}
        {{- else }}
        paths: []
        {{- end }}
      {{- end }}
    {{- end }}
    "#);
}

#[test]
fn a_flattened_range_within_a_range() {
    values! {
        Values { hosts: Vec<Host> }
        Host { name: DnsLabel, paths: Vec<DnsLabel> }
    }
    insta::assert_snapshot!(field(|values: &Values| {
        let urls = values.hosts.iter().flat_map(|host| {
            host.paths.iter().map(move |path| format!("{}/{path}", host.name))
        });
        let mut all = vec!["/".to_owned()];
        all.extend(urls);
        json!({"urls": all})
    }), @r#"
    urls:
      - /
      {{- range $host := .Values.hosts }}
      {{- range $path := $host.paths }}
      - "{{ $host.name }}/{{ $path }}"
      {{- end }}
      {{- end }}
    "#);
}

#[test]
fn one_of_many_by_an_enum() {
    enums! { Kind { Internal, NodePort, LoadBalancer, External } }
    values! { Values { kind: Kind, port: Port } }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "policy": match values.kind {
            Kind::Internal => json!("None"),
            Kind::NodePort => json!({"port": values.port}),
            Kind::LoadBalancer => json!("Local"),
            Kind::External => json!("Cluster"),
        },
    })), @r#"
    {{- if eq .Values.kind "Internal" }}
    policy: None
    {{- else if eq .Values.kind "NodePort" }}
    policy:
      port: {{ .Values.port | int64 }}
    {{- else if eq .Values.kind "LoadBalancer" }}
    policy: Local
    {{- else }}
    policy: Cluster
    {{- end }}
    "#);
}

#[test]
fn one_of_many_by_an_enum_or_nothing() {
    enums! { Kind { Internal, NodePort, LoadBalancer } }
    values! { Values { kind: Kind, port: Port } }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "kind": values.kind,
        "policy": match values.kind {
            Kind::Internal => None,
            Kind::NodePort => Some("Cluster"),
            Kind::LoadBalancer => Some("Local"),
        },
        "nodePort": (values.kind == Kind::NodePort).then_some(values.port),
    })), @r#"
    kind: {{ .Values.kind }}
    {{- if eq .Values.kind "NodePort" }}
    nodePort: {{ .Values.port | int64 }}
    {{- end }}
    {{- if eq .Values.kind "NodePort" }}
    policy: Cluster
    {{- else if eq .Values.kind "LoadBalancer" }}
    policy: Local
    {{- end }}
    "#);
}

#[test]
fn items_by_an_enum() {
    enums! { Level { Debug, Info, Quiet } }
    values! { Values { level: Level } }
    insta::assert_snapshot!(field(|values: &Values| {
        let mut args = vec!["serve"];
        match values.level {
            Level::Debug => args.extend(["--verbose", "--trace"]),
            Level::Info => args.push("--verbose"),
            Level::Quiet => args.push("--quiet"),
        }
        args.push("--color=never");
        json!({"args": args})
    }), @r#"
    args:
      - serve
      {{- if ne .Values.level "Quiet" }}
      - "--verbose"
      {{- if eq .Values.level "Debug" }}
      - "--trace"
      {{- end }}
      {{- else }}
      - "--quiet"
      {{- end }}
      - "--color=never"
    "#);
}

#[test]
fn lines_that_depend_on_choices() {
    enums! { Level { Debug, Info, Quiet } }
    values! {
        Values { port: Port, level: Level, cluster: Option<Cluster>, debug: bool, cache: bool }
        Cluster { name: DnsLabel, routes: Vec<DnsLabel> }
    }
    insta::assert_snapshot!(field(|values: &Values| {
        let mut lines = vec![format!("port: {}", values.port)];
        lines.push(match values.level {
            Level::Debug => "level: 7".to_owned(),
            Level::Info => "level: 4".to_owned(),
            Level::Quiet => "level: 0".to_owned(),
        });
        if let Some(cluster) = &values.cluster {
            lines.extend(["cluster {".to_owned(), format!("  name: {}", cluster.name), "  routes = [".to_owned()]);
            lines.extend(cluster.routes.iter().map(|route| format!("    nats://{route}:6222")));
            lines.extend(["  ]".to_owned(), "}".to_owned()]);
        } else if values.cache {
            lines.push("cache: on".to_owned());
        } else {
            lines.push("alone: true".to_owned());
        }
        if values.debug {
            lines.push("debug: true".to_owned());
        }
        lines.push(String::new());
        json!({"nats.conf": lines.join("\n")})
    }), @r#"
    nats.conf: |
      port: {{ .Values.port | int64 }}
      {{- if eq .Values.level "Debug" }}
      level: 7
      {{- else if eq .Values.level "Info" }}
      level: 4
      {{- else }}
      level: 0
      {{- end }}
      {{- if .Values.cluster }}
      cluster {
        name: {{ .Values.cluster.name }}
        routes = [
      {{- range $route := .Values.cluster.routes }}
          nats://{{ $route }}:6222
      {{- end }}
        ]
      }
      {{- else if .Values.cache }}
      cache: on
      {{- else }}
      alone: true
      {{- end }}
      {{- if .Values.debug }}
      debug: true
      {{- end }}
    "#);
}

#[test]
fn numbers_and_flags_that_may_be_unset() {
    values! {
        Values { grace: Option<i64>, weight: Option<i32>, read_only: Option<bool>, on: bool, off: bool }
    }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "name": "x",
        "grace": values.grace,
        "weight": values.weight.map_or(json!("unset"), |weight| json!(weight)),
        "label": values.weight.map(|weight| format!("weight-{weight}")),
        "readOnly": values.read_only,
        "automount": values.read_only == Some(true),
        "on": values.on,
        "notOff": !values.off,
    })), @r#"
    name: x
    {{- if not (kindIs "invalid" .Values.readOnly) }}
    automount: {{ .Values.readOnly }}
    {{- else }}
    automount: false
    {{- end }}
    {{- if not (kindIs "invalid" .Values.grace) }}
    grace: {{ .Values.grace | int64 }}
    {{- end }}
    {{- if not (kindIs "invalid" .Values.weight) }}
    label: "weight-{{ .Values.weight | int64 }}"
    {{- end }}
    notOff: {{ not .Values.off }}
    "on": {{ .Values.on }}
    {{- if not (kindIs "invalid" .Values.readOnly) }}
    readOnly: {{ .Values.readOnly }}
    {{- end }}
    {{- if not (kindIs "invalid" .Values.weight) }}
    weight: {{ .Values.weight | int64 }}
    {{- else }}
    weight: unset
    {{- end }}
    "#);
}

#[test]
fn texts_that_may_be_unset() {
    enums! { Policy { Always, Never } }
    values! {
        Values { class: Option<DnsLabel>, storage: Option<DnsLabel>, global: Global, policy: Option<Policy>, note: Option<String> }
        Global { storage: Option<DnsLabel> }
    }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "name": "x",
        "class": values.class,
        "storage": values.storage.as_ref().or(values.global.storage.as_ref()),
        "secret": values.class.as_ref().map_or("none".to_owned(), |class| format!("{class}-tls")),
        "policy": values.policy,
        "note": values.note,
    })), @r#"
    name: x
    {{- with .Values.class }}
    class: {{ . | quote }}
    {{- end }}
    {{- if not (kindIs "invalid" .Values.note) }}
    note: {{ .Values.note | quote }}
    {{- end }}
    {{- with .Values.policy }}
    policy: {{ . | quote }}
    {{- end }}
    {{- if .Values.class }}
    secret: "{{ .Values.class }}-tls"
    {{- else }}
    secret: none
    {{- end }}
    {{- if or .Values.storage .Values.global.storage }}
    storage: {{ .Values.storage | default .Values.global.storage | quote }}
    {{- end }}
    "#);
}

#[test]
fn texts_of_any_characters() {
    values! { Values { text: String, name: DnsLabel, port: Port } }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "whole": values.text,
        "part": format!("a \"{}\" text", values.text),
        "url": format!("http://{}:{}/", values.name, values.port),
        "number": values.port.to_string(),
    })), @r#"
    number: "{{ .Values.port | int64 }}"
    part: {{ printf `a "%s" text` .Values.text | quote }}
    url: "http://{{ .Values.name }}:{{ .Values.port | int64 }}/"
    whole: {{ .Values.text | quote }}
    "#);
}

#[test]
fn maps() {
    values! { Values { labels: Labels, env: BTreeMap<String, String>, sizes: BTreeMap<String, Size> } Size { width: i32 } }
    insta::assert_snapshot!(field(|values: &Values| {
        let mut labels = json!({"own": "label"});
        for (key, value) in values.labels.iter() {
            labels[format!("user-{key}")] = json!(value);
        }
        let env = values.env.iter().map(|(key, value)| json!({"name": key, "value": value}));
        let sizes = values.sizes.iter().map(|(key, size)| json!({"name": key, "width": size.width}));
        json!({
            "passedOn": values.labels.clone(),
            "ifAny": (!values.labels.is_empty()).then_some(values.labels.clone()),
            "labels": labels,
            "env": own_env().chain(env).chain(sizes).collect::<Vec<_>>(),
        })
    }), @r#"
      labels:
        own: label
        {{- range $key, $value := .Values.labels }}
        "user-{{ $key }}": {{ $value | quote }}
        {{- end }}
      env:
        - name: OWN
          value: "1"
        {{- range $key, $value := .Values.env }}
        - name: {{ $key | quote }}
          value: {{ $value | quote }}
        {{- end }}
        {{- range $key, $value := .Values.sizes }}
        - name: {{ $key | quote }}
          width: {{ $value.width | int64 }}
        {{- end }}
      {{- with .Values.labels }}
      ifAny:
        {{- toYaml . | nindent 4 }}
      {{- end }}
      passedOn:
        {{- toYaml .Values.labels | nindent 4 }}
    # The end; Helm 3 would cut empty lines off a text that ends here.
    "#);
}

#[test]
fn types_of_kubernetes() {
    values! { Values { resources: ResourceRequirements, env: Vec<EnvVar>, sidecars: Vec<Map<String, Value>> } }
    insta::assert_snapshot!(field(|values: &Values| json!({
        "always": values.resources,
        "ifAny": non_empty(&values.resources),
        "env": own_env().chain(values.env.iter().map(|variable| json!(variable))).collect::<Vec<_>>(),
        "sidecars": (!values.sidecars.is_empty()).then_some(values.sidecars.clone()),
    })), @r#"
      env:
        - name: OWN
          value: "1"
        {{- with .Values.env }}
        {{- toYaml . | nindent 4 }}
        {{- end }}
      always:
        {{- toYaml .Values.resources | nindent 4 }}
      {{- with .Values.resources }}
      ifAny:
        {{- toYaml . | nindent 4 }}
      {{- end }}
      {{- with .Values.sidecars }}
      sidecars:
        {{- toYaml . | nindent 4 }}
      {{- end }}
    # The end; Helm 3 would cut empty lines off a text that ends here.
    "#);
}

#[test]
fn braces_of_other_languages() {
    values! { Values { name: DnsLabel, debug: bool } }
    insta::assert_snapshot!(field(|values: &Values| {
        let mut script = vec![
            "#!/bin/sh".to_owned(),
            "docker inspect --format '{{ .State.Status }}'".to_owned(),
            format!("echo '{{{{ {} }}}}' }}}}", values.name),
        ];
        if values.debug {
            script.push("echo '{{- trim -}}'".to_owned());
        }
        json!({
            "summary": "{{ $labels.pod }} is down",
            "whole": "{{",
            "around": format!("{{{{ {} }}}}", values.name),
            "script": script.join("\n"),
        })
    }), @r#"
    around: "{{ "{{" }} {{ .Values.name }} }}"
    script: |-
      #!/bin/sh
      docker inspect --format '{{ "{{" }} .State.Status }}'
      echo '{{ "{{" }} {{ .Values.name }} }}' }}
      {{- if .Values.debug }}
      echo '{{ "{{" }}- trim -}}'
      {{- end }}
    summary: "{{ "{{" }} $labels.pod }} is down"
    whole: "{{ "{{" }}"
    "#);
}

#[test]
fn objects_that_may_be_absent() {
    values! { Values { enabled: bool, rules: bool, name: DnsLabel } }
    insta::assert_snapshot!(templates(|_, values: &Values| {
        let object = |kind: &str| json!({"kind": kind, "metadata": {"name": values.name}});
        let mut objects = Vec::new();
        if values.enabled {
            objects.push(object("Monitor"));
            if values.rules {
                objects.push(object("Rule"));
            }
        } else {
            objects.push(object("Nothing"));
        }
        objects
    }), @r"
    {{- if .Values.enabled }}
    kind: Monitor
    metadata:
      name: {{ .Values.name | quote }}
    {{- end }}
    {{- if not .Values.enabled }}
    kind: Nothing
    metadata:
      name: {{ .Values.name | quote }}
    {{- end }}
    {{- if and .Values.enabled .Values.rules }}
    kind: Rule
    metadata:
      name: {{ .Values.name | quote }}
    {{- end }}
    ");
}

#[test]
fn an_object_for_each_item() {
    values! { Values { topics: Vec<Topic> } Topic { name: DnsLabel, partitions: i32, compact: bool } }
    insta::assert_snapshot!(templates(|_, values: &Values| {
        let topic = |topic: &Topic| json!({
            "kind": "Topic",
            "metadata": {"name": topic.name},
            "spec": {"partitions": topic.partitions, "cleanup": topic.compact.then_some("compact")},
        });
        values.topics.iter().map(topic).collect()
    }), @r"
    {{- range $topic := .Values.topics }}
    ---
    kind: Topic
    metadata:
      name: {{ $topic.name | quote }}
    spec:
      {{- if $topic.compact }}
      cleanup: compact
      {{- end }}
      partitions: {{ $topic.partitions | int64 }}
    {{- end }}
    ");
}

#[test]
fn a_line_for_each_pod() {
    values! { Values { replicas: Replicas } }
    insta::assert_snapshot!(templates(|intrinsics, values: &Values| {
        let name = intrinsics.fullname("case", &BTreeMap::new());
        let mut lines = vec!["servers:".to_owned()];
        for ordinal in intrinsics.ordinals(values.replicas.get()) {
            lines.push(format!("  - {name}-{ordinal}"));
        }
        lines.push(String::new());
        let data = BTreeMap::from([("servers.yaml".to_owned(), lines.join("\n"))]);
        let checksum = intrinsics.checksum(&format!("ConfigMap/{name}"), &data);
        vec![
            json!({"kind": "ConfigMap", "metadata": {"name": name}, "data": data}),
            json!({"kind": "Pod", "metadata": {"name": name, "annotations": {"checksum/config": checksum}}}),
        ]
    }), @r#"
    {{/* The name that the objects of case start with, cut to 52 characters. */}}
    {{- define "case.fullname" -}}
    {{- $name := get (.Values.global.fullnameOverrides | default dict) "case" }}
    {{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
    {{- $release = $release | trunc 47 | trimAll "-" }}
    {{- $name | default (printf "%s-case" $release) }}
    {{- end }}

    {{/* The data of the object, apart so that its checksum can be taken. */}}
    {{- define "case.data" -}}
    servers.yaml: |
      servers:
      {{- range $ordinal := until (.Values.replicas | int) }}
        - {{ include "case.fullname" $ }}-{{ $ordinal }}
      {{- end }}
    {{ end }}
    kind: ConfigMap
    metadata:
      name: {{ include "case.fullname" . | quote }}
    data:
      {{- include "case.data" . | nindent 2 }}
    kind: Pod
    metadata:
      name: {{ include "case.fullname" . | quote }}
      annotations:
        checksum/config: {{ include "case.data" . | fromYaml | toRawJson | sha256sum | quote }}
    "#);
}
