{{/* The name that the objects of api-server start with, cut to 52 characters. */}}
{{- define "nats.api-server.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "api-server" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-api-server" $release) }}
{{- end }}

{{/* The name that the objects of inference-server start with, cut to 52 characters. */}}
{{- define "nats.inference-server.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "inference-server" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 35 | trimAll "-" }}
{{- $name | default (printf "%s-inference-server" $release) }}
{{- end }}

{{/* The name that the objects of nats start with, cut to 52 characters. */}}
{{- define "nats.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "nats" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 47 | trimAll "-" }}
{{- $name | default (printf "%s-nats" $release) }}
{{- end }}

{{/* The chart's name and version, for the label helm.sh/chart. */}}
{{- define "nats.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the pods, which never change over a release's life: those of box. */}}
{{- define "nats.box.selectorLabels" -}}
app.kubernetes.io/component: nats-box
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: nats
{{- end }}

{{/* The labels that select the pods, which never change over a release's life. */}}
{{- define "nats.selectorLabels" -}}
app.kubernetes.io/component: nats
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: nats
{{- end }}

{{/* The labels of every object. */}}
{{- define "nats.labels4" -}}
namespace: {{ .Release.Namespace | quote }}
component: nats
release: {{ .Release.Name | quote }}
severity: critical
{{- end }}

{{/* The labels of every object. */}}
{{- define "nats.labels3" -}}
namespace: {{ .Release.Namespace | quote }}
component: nats
release: {{ .Release.Name | quote }}
severity: warning
{{- end }}

{{/* The labels of every object: those of box. */}}
{{- define "nats.box.labels" -}}
{{ include "nats.box.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "nats.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "nats.labels" -}}
{{ include "nats.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "nats.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "nats.labels2" -}}
{{ include "nats.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "nats.chart" . | quote }}
{{- range $key, $value := .Values.global.commonLabels }}
{{- if not (hasKey $.Values.global.monitoring.labels $key) }}
{{ $key | quote }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- with .Values.global.monitoring.labels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The reference of an image: registry, repository, tag or the chart's appVersion, digest. */}}
{{- define "nats.image" -}}
{{- with .image.registry | default .root.Values.global.imageRegistry }}{{ . }}/{{ end }}
{{- .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* A credential: the given one, what the live Secret holds, else random letters and digits. */}}
{{- define "nats.credential" -}}
{{- $secret := lookup "v1" "Secret" .root.Release.Namespace .secret | default dict }}
{{- $live := get ($secret.data | default dict) .key | b64dec }}
{{- /* No program would read one with a line break. */}}
{{- $isBroken := contains "\n" $live }}
{{- if .given }}
{{- .given }}
{{- else if and $live (not $isBroken) }}
{{- $live }}
{{- else if and .root.Values.global.secrets.generate (not $isBroken) }}
{{- /* One for the whole rendering, whoever asks first. */}}
{{- $made := printf "made %s/%s" .secret .key }}
{{- if not (hasKey .root.Values $made) }}{{ $_ := set .root.Values $made (randAlphaNum 32) }}{{ end }}
{{- get .root.Values $made }}
{{- else if .root.Chart.IsRoot }}
{{- fail (printf "credentials are missing, or have a line break in their live Secret:\n\n- %s" .value) }}
{{- else }}
{{- /* The umbrella, whose templates come last, names all that are missing. */}}
{{- $missing := get .root.Values "missing credentials" | default list }}
{{- $_ := set .root.Values "missing credentials" (append $missing .value) }}
{{- end }}
{{- end }}

{{/* The data of the object, apart so that its checksum can be taken. */}}
{{- define "nats.configData" -}}
nats.conf: |
  server_name: $SERVER_NAME
  port: {{ .Values.global.connections.nats.port | int64 }}
  http_port: 8222
  lame_duck_grace_period: 10s
  lame_duck_duration: 30s
  cluster {
    name: "{{ include "nats.fullname" . }}"
    port: 6222
    no_advertise: true
    routes: [
  {{- range $ordinal := until (.Values.replicas | int) }}
      "nats://{{ include "nats.fullname" $ }}-{{ $ordinal }}.{{ include "nats.fullname" $ }}-headless:6222"
  {{- end }}
    ]
  }
  {{- if .Values.jetstream.enabled }}
  jetstream {
    store_dir: /data
    max_memory_store: {{ .Values.jetstream.memory }}
    max_file_store: {{ .Values.jetstream.size }}
  }
  {{- end }}
  {{- if .Values.global.connections.nats.auth.enabled }}
  authorization {
    user: "{{ .Values.global.connections.nats.auth.username }}"
    password: $CLIENT_PASSWORD
  }
  {{- end }}
{{ end }}
