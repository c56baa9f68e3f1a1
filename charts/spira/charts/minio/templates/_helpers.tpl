{{/* The name that the objects of minio start with, cut to 52 characters. */}}
{{- define "minio.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "minio" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 46 | trimAll "-" }}
{{- $name | default (printf "%s-minio" $release) }}
{{- end }}

{{/* The chart's name and version, for the label helm.sh/chart. */}}
{{- define "minio.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the pods, which never change over a release's life. */}}
{{- define "minio.selectorLabels" -}}
app.kubernetes.io/component: minio
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: minio
{{- end }}

{{/* The labels of every object. */}}
{{- define "minio.labels4" -}}
namespace: {{ .Release.Namespace | quote }}
component: minio
release: {{ .Release.Name | quote }}
severity: critical
{{- end }}

{{/* The labels of every object. */}}
{{- define "minio.labels3" -}}
namespace: {{ .Release.Namespace | quote }}
component: minio
release: {{ .Release.Name | quote }}
severity: warning
{{- end }}

{{/* The labels of every object. */}}
{{- define "minio.labels" -}}
{{ include "minio.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "minio.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "minio.labels2" -}}
{{ include "minio.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "minio.chart" . | quote }}
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
{{- define "minio.image" -}}
{{- with .image.registry | default .root.Values.global.imageRegistry }}{{ . }}/{{ end }}
{{- .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* A credential: the given one, what the live Secret holds, else random letters and digits. */}}
{{- define "minio.credential" -}}
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
