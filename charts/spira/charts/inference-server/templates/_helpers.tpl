{{/* The name that the objects of inference-server start with, cut to 52 characters. */}}
{{- define "inference-server.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "inference-server" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 35 | trimAll "-" }}
{{- $name | default (printf "%s-inference-server" $release) }}
{{- end }}

{{/* The name that the objects of minio start with, cut to 52 characters. */}}
{{- define "inference-server.minio.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "minio" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 46 | trimAll "-" }}
{{- $name | default (printf "%s-minio" $release) }}
{{- end }}

{{/* The name that the objects of mlflow start with, cut to 52 characters. */}}
{{- define "inference-server.mlflow.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mlflow" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 45 | trimAll "-" }}
{{- $name | default (printf "%s-mlflow" $release) }}
{{- end }}

{{/* The name that the objects of nats start with, cut to 52 characters. */}}
{{- define "inference-server.nats.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "nats" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 47 | trimAll "-" }}
{{- $name | default (printf "%s-nats" $release) }}
{{- end }}

{{/* The name that the objects of redelivery start with, cut to 52 characters. */}}
{{- define "inference-server.redelivery.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "redelivery" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-redelivery" $release) }}
{{- end }}

{{/* The chart's name and version, for the label helm.sh/chart. */}}
{{- define "inference-server.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the pods, which never change over a release's life. */}}
{{- define "inference-server.selectorLabels" -}}
app.kubernetes.io/component: inference-server
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: inference-server
{{- end }}

{{/* The labels of every object. */}}
{{- define "inference-server.labels2" -}}
namespace: {{ .Release.Namespace | quote }}
component: inference-server
release: {{ .Release.Name | quote }}
severity: warning
{{- end }}

{{/* The labels of every object. */}}
{{- define "inference-server.labels" -}}
{{ include "inference-server.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "inference-server.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The reference of an image: registry, repository, tag or the chart's appVersion, digest. */}}
{{- define "inference-server.image" -}}
{{- with .image.registry | default .root.Values.global.imageRegistry }}{{ . }}/{{ end }}
{{- .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* The data of the object, apart so that its checksum can be taken. */}}
{{- define "inference-server.envData" -}}
{{- if .Values.global.connections.objectStore.host }}
MLFLOW_S3_ENDPOINT_URL: {{ printf "http://%s:%d" .Values.global.connections.objectStore.host
    (.Values.global.connections.objectStore.port | int64)
    | quote }}
{{- else }}
MLFLOW_S3_ENDPOINT_URL: "http://minio:{{ .Values.global.connections.objectStore.port | int64 }}"
{{- end }}
bucket_name: {{ .Values.global.connections.objectStore.audioBucket | quote }}
central_channel: {{ .Values.global.centralChannel | quote }}
default_extension: {{ .Values.global.fileExtension | quote }}
loop_interval: {{ .Values.loopInterval | quote }}
{{- if .Values.global.connections.objectStore.host }}
minio_conn_url: {{ printf "%s:%d" .Values.global.connections.objectStore.host
    (.Values.global.connections.objectStore.port | int64)
    | quote }}
{{- else }}
minio_conn_url: "minio:{{ .Values.global.connections.objectStore.port | int64 }}"
{{- end }}
mlflow_conn_url: {{ .Values.global.connections.mlflow.url
    | default (printf "http://%s:5000" (include "inference-server.mlflow.fullname" .))
    | quote }}
model_path: "models:/{{ .Values.global.model.name }}/{{ .Values.global.model.version }}"
{{- if .Values.global.connections.nats.host }}
nats_conn_url: "nats://{{ .Values.global.connections.nats.host }}:{{ .Values.global.connections.nats.port | int64 }}"
{{- else }}
nats_conn_url: {{ printf "nats://%s:%d" (include "inference-server.nats.fullname" .)
    (.Values.global.connections.nats.port | int64)
    | quote }}
{{- end }}
receiving_channel: "{{ .Values.global.model.name }}-topic"
{{ end }}
