{{/* The name that the objects of mongodb start with, cut to 52 characters. */}}
{{- define "mongodb.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mongodb" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 44 | trimAll "-" }}
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
{{- define "mongodb.labels4" -}}
namespace: {{ .Release.Namespace | quote }}
component: mongodb
release: {{ .Release.Name | quote }}
severity: critical
{{- end }}

{{/* The labels of every object. */}}
{{- define "mongodb.labels3" -}}
namespace: {{ .Release.Namespace | quote }}
component: mongodb
release: {{ .Release.Name | quote }}
severity: warning
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

{{/* The labels of every object. */}}
{{- define "mongodb.labels2" -}}
{{ include "mongodb.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "mongodb.chart" . | quote }}
{{- range $key, $value := .Values.global.commonLabels }}
{{- if not (hasKey $.Values.global.monitoring.labels $key) }}
{{ $key | quote }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- with .Values.global.monitoring.labels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* A credential: the given one, what the live Secret holds, else random letters and digits. */}}
{{- define "mongodb.credential" -}}
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
