{{/* The name that the objects of postgresql start with, cut to 52 characters. */}}
{{- define "postgresql.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "postgresql" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-postgresql" $release) }}
{{- end }}

{{/* The chart's name and version, for the label helm.sh/chart. */}}
{{- define "postgresql.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the pods, which never change over a release's life. */}}
{{- define "postgresql.selectorLabels" -}}
app.kubernetes.io/component: postgresql
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: postgresql
{{- end }}

{{/* The labels of every object. */}}
{{- define "postgresql.labels4" -}}
namespace: {{ .Release.Namespace | quote }}
component: postgresql
release: {{ .Release.Name | quote }}
severity: critical
{{- end }}

{{/* The labels of every object. */}}
{{- define "postgresql.labels3" -}}
namespace: {{ .Release.Namespace | quote }}
component: postgresql
release: {{ .Release.Name | quote }}
severity: warning
{{- end }}

{{/* The labels of every object. */}}
{{- define "postgresql.labels" -}}
{{ include "postgresql.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "postgresql.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "postgresql.labels2" -}}
{{ include "postgresql.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "postgresql.chart" . | quote }}
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
{{- define "postgresql.image" -}}
{{- with .image.registry | default .root.Values.global.imageRegistry }}{{ . }}/{{ end }}
{{- .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}
