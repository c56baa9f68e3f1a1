{{/* The name that the objects of minio start with, cut to 52 characters. */}}
{{- define "mlflow.minio.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "minio" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 46 | trimAll "-" }}
{{- $name | default (printf "%s-minio" $release) }}
{{- end }}

{{/* The name that the objects of mlflow start with, cut to 52 characters. */}}
{{- define "mlflow.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mlflow" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 45 | trimAll "-" }}
{{- $name | default (printf "%s-mlflow" $release) }}
{{- end }}

{{/* The name that the objects of postgresql start with, cut to 52 characters. */}}
{{- define "mlflow.postgresql.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "postgresql" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-postgresql" $release) }}
{{- end }}

{{/* The chart's name and version, for the label helm.sh/chart. */}}
{{- define "mlflow.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the pods, which never change over a release's life. */}}
{{- define "mlflow.selectorLabels" -}}
app.kubernetes.io/component: mlflow
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: mlflow
{{- end }}

{{/* The labels of every object. */}}
{{- define "mlflow.labels3" -}}
namespace: {{ .Release.Namespace | quote }}
component: mlflow
release: {{ .Release.Name | quote }}
severity: warning
{{- end }}

{{/* The labels of every object. */}}
{{- define "mlflow.labels" -}}
{{ include "mlflow.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "mlflow.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "mlflow.labels2" -}}
{{ include "mlflow.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "mlflow.chart" . | quote }}
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
{{- define "mlflow.image" -}}
{{- with .image.registry | default .root.Values.global.imageRegistry }}{{ . }}/{{ end }}
{{- .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* The environment that several containers have in common. */}}
{{- define "mlflow.env" -}}
- name: PGHOST
  {{- if .Values.global.connections.postgresql.host }}
  value: {{ .Values.global.connections.postgresql.host | quote }}
  {{- else if eq .Values.global.connections.postgresql.operator "zalando" }}
  value: {{ include "mlflow.postgresql.fullname" . | quote }}
  {{- else }}
  value: {{ include "mlflow.postgresql.fullname" . }}-rw
  {{- end }}
- name: PGPORT
  value: "{{ .Values.global.connections.postgresql.port | int64 }}"
- name: PGDATABASE
  value: {{ .Values.global.connections.postgresql.database | quote }}
- name: PGSSLMODE
  value: {{ .Values.global.connections.postgresql.sslMode }}
- name: PGUSER
  valueFrom:
    secretKeyRef:
      {{- if .Values.global.connections.postgresql.existingSecret }}
      name: {{ .Values.global.connections.postgresql.existingSecret | quote }}
      key: {{ .Values.global.connections.postgresql.existingSecretUsernameKey | quote }}
      {{- else }}
      {{- if eq .Values.global.connections.postgresql.operator "zalando" }}
      name: {{ printf "%s.%s.credentials.postgresql.acid.zalan.do"
          .Values.global.connections.postgresql.owner (include "mlflow.postgresql.fullname" .)
          | quote }}
      {{- else }}
      name: {{ include "mlflow.postgresql.fullname" . }}-app
      {{- end }}
      key: username
      {{- end }}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef:
      {{- if .Values.global.connections.postgresql.existingSecret }}
      name: {{ .Values.global.connections.postgresql.existingSecret | quote }}
      key: {{ .Values.global.connections.postgresql.existingSecretPasswordKey | quote }}
      {{- else }}
      {{- if eq .Values.global.connections.postgresql.operator "zalando" }}
      name: {{ printf "%s.%s.credentials.postgresql.acid.zalan.do"
          .Values.global.connections.postgresql.owner (include "mlflow.postgresql.fullname" .)
          | quote }}
      {{- else }}
      name: {{ include "mlflow.postgresql.fullname" . }}-app
      {{- end }}
      key: password
      {{- end }}
{{- end }}
