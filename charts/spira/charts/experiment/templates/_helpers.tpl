{{/* The name that the objects of api-server start with, cut to 52 characters. */}}
{{- define "experiment.api-server.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "api-server" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-api-server" $release) }}
{{- end }}

{{/* The name that the objects of bootstrap start with, cut to 52 characters. */}}
{{- define "experiment.bootstrap.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "bootstrap" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 42 | trimAll "-" }}
{{- $name | default (printf "%s-bootstrap" $release) }}
{{- end }}

{{/* The name that the objects of experiment start with, cut to 52 characters. */}}
{{- define "experiment.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "experiment" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-experiment" $release) }}
{{- end }}

{{/* The name that the objects of inference-server start with, cut to 52 characters. */}}
{{- define "experiment.inference-server.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "inference-server" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 35 | trimAll "-" }}
{{- $name | default (printf "%s-inference-server" $release) }}
{{- end }}

{{/* The name that the objects of minio start with, cut to 52 characters. */}}
{{- define "experiment.minio.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "minio" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 46 | trimAll "-" }}
{{- $name | default (printf "%s-minio" $release) }}
{{- end }}

{{/* The name that the objects of mlflow start with, cut to 52 characters. */}}
{{- define "experiment.mlflow.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mlflow" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 45 | trimAll "-" }}
{{- $name | default (printf "%s-mlflow" $release) }}
{{- end }}

{{/* The name that the objects of mongodb start with, cut to 52 characters. */}}
{{- define "experiment.mongodb.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mongodb" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 44 | trimAll "-" }}
{{- $name | default (printf "%s-mongodb" $release) }}
{{- end }}

{{/* The name that the objects of nats start with, cut to 52 characters. */}}
{{- define "experiment.nats.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "nats" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 47 | trimAll "-" }}
{{- $name | default (printf "%s-nats" $release) }}
{{- end }}

{{/* The name that the objects of postgresql start with, cut to 52 characters. */}}
{{- define "experiment.postgresql.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "postgresql" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-postgresql" $release) }}
{{- end }}

{{/* The name that the objects of redelivery start with, cut to 52 characters. */}}
{{- define "experiment.redelivery.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "redelivery" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-redelivery" $release) }}
{{- end }}

{{/* The chart's name and version, for the label helm.sh/chart. */}}
{{- define "experiment.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the pods, which never change over a release's life. */}}
{{- define "experiment.selectorLabels" -}}
app.kubernetes.io/component: experiment
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: experiment
{{- end }}

{{/* The labels of every object. */}}
{{- define "experiment.labels" -}}
{{ include "experiment.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "experiment.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The reference of an image: registry, repository, tag or the chart's appVersion, digest. */}}
{{- define "experiment.image" -}}
{{- with .image.registry | default .root.Values.global.imageRegistry }}{{ . }}/{{ end }}
{{- .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}
