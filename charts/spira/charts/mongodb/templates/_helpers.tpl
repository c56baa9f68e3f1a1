{{/* The name that the objects of mongodb start with, cut to 52 characters. */}}
{{- define "mongodb.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mongodb" }}
{{- $release := .Release.Name | replace "." "-" | trunc 44 | trimAll "-" }}
{{- $name | default (printf "%s-mongodb" $release) }}
{{- end }}

{{/* The chart's name and version, for the label helm.sh/chart. */}}
{{- define "mongodb.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the pods, which never change over a release's life. */}}
{{- define "mongodb.selectorLabels" -}}
app.kubernetes.io/component: mongodb
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: mongodb
{{- end }}

{{/* The labels of every object. */}}
{{- define "mongodb.labels" -}}
{{ include "mongodb.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "mongodb.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* A credential: the given one, what the live Secret holds, else random letters and digits. */}}
{{- define "mongodb.credential" -}}
{{- $secret := lookup "v1" "Secret" .root.Release.Namespace .secret | default dict }}
{{- $live := get ($secret.data | default dict) .key }}
{{- if .given }}
{{- .given }}
{{- else if $live }}
{{- $live | b64dec }}
{{- else if .root.Values.global.secrets.generate }}
{{- randAlphaNum 32 }}
{{- else }}
{{- fail (printf "%s is missing: give it, name an existing Secret, or set global.secrets.generate" .value) }}
{{- end }}
{{- end }}
