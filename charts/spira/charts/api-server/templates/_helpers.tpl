{{/* The name that the objects of api-server start with, cut to 52 characters. */}}
{{- define "api-server.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "api-server" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-api-server" $release) }}
{{- end }}

{{/* The name that the objects of inference-server start with, cut to 52 characters. */}}
{{- define "api-server.inference-server.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "inference-server" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 35 | trimAll "-" }}
{{- $name | default (printf "%s-inference-server" $release) }}
{{- end }}

{{/* The name that the objects of minio start with, cut to 52 characters. */}}
{{- define "api-server.minio.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "minio" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 46 | trimAll "-" }}
{{- $name | default (printf "%s-minio" $release) }}
{{- end }}

{{/* The name that the objects of mlflow start with, cut to 52 characters. */}}
{{- define "api-server.mlflow.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mlflow" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 45 | trimAll "-" }}
{{- $name | default (printf "%s-mlflow" $release) }}
{{- end }}

{{/* The name that the objects of mongodb start with, cut to 52 characters. */}}
{{- define "api-server.mongodb.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mongodb" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 44 | trimAll "-" }}
{{- $name | default (printf "%s-mongodb" $release) }}
{{- end }}

{{/* The name that the objects of nats start with, cut to 52 characters. */}}
{{- define "api-server.nats.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "nats" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 47 | trimAll "-" }}
{{- $name | default (printf "%s-nats" $release) }}
{{- end }}

{{/* The name that the objects of postgresql start with, cut to 52 characters. */}}
{{- define "api-server.postgresql.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "postgresql" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-postgresql" $release) }}
{{- end }}

{{/* The name that the objects of redelivery start with, cut to 52 characters. */}}
{{- define "api-server.redelivery.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "redelivery" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-redelivery" $release) }}
{{- end }}

{{/* The chart's name and version, for the label helm.sh/chart. */}}
{{- define "api-server.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the pods, which never change over a release's life. */}}
{{- define "api-server.selectorLabels" -}}
app.kubernetes.io/component: api-server
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: api-server
{{- end }}

{{/* The labels of every object. */}}
{{- define "api-server.labels4" -}}
namespace: {{ .Release.Namespace | quote }}
component: api-server
release: {{ .Release.Name | quote }}
severity: critical
{{- end }}

{{/* The labels of every object. */}}
{{- define "api-server.labels3" -}}
namespace: {{ .Release.Namespace | quote }}
component: api-server
release: {{ .Release.Name | quote }}
severity: warning
{{- end }}

{{/* The labels of every object. */}}
{{- define "api-server.labels" -}}
{{ include "api-server.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "api-server.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "api-server.labels2" -}}
{{ include "api-server.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "api-server.chart" . | quote }}
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
{{- define "api-server.image" -}}
{{- with .image.registry | default .root.Values.global.imageRegistry }}{{ . }}/{{ end }}
{{- .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* A credential: the given one, what the live Secret holds, else random letters and digits. */}}
{{- define "api-server.credential" -}}
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

{{/* The environment that several containers have in common. */}}
{{- define "api-server.env" -}}
- name: M_CONN_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.global.connections.mongodb.existingSecret
          | default (printf "%s-connection" (include "api-server.mongodb.fullname" .))
          | quote }}
      {{- if .Values.global.connections.mongodb.existingSecret }}
      key: {{ .Values.global.connections.mongodb.existingSecretKey | quote }}
      {{- else }}
      key: connectionString.standard
      {{- end }}
{{- if .Values.global.connections.nats.auth.enabled }}
- name: NATS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .Values.global.connections.nats.auth.existingSecret
          | default (printf "%s-auth" (include "api-server.nats.fullname" .))
          | quote }}
      {{- if .Values.global.connections.nats.auth.existingSecret }}
      key: {{ .Values.global.connections.nats.auth.existingSecretKey | quote }}
      {{- else }}
      key: password
      {{- end }}
- name: nats_conn_url
  {{- if .Values.global.connections.nats.host }}
  value: {{ printf "nats://%s:$(NATS_PASSWORD)@%s:%d" .Values.global.connections.nats.auth.username
      .Values.global.connections.nats.host (.Values.global.connections.nats.port | int64)
      | quote }}
  {{- else }}
  value: {{ printf "nats://%s:$(NATS_PASSWORD)@%s:%d" .Values.global.connections.nats.auth.username
      (include "api-server.nats.fullname" .) (.Values.global.connections.nats.port | int64)
      | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The data of the object, apart so that its checksum can be taken. */}}
{{- define "api-server.envData" -}}
CLIENT_URL: {{ .Values.corsOrigin | quote }}
DATABASE_NAME: {{ .Values.global.connections.mongodb.database | quote }}
algorithm: {{ .Values.jwt.algorithm }}
bucket_name: {{ .Values.global.connections.objectStore.audioBucket | quote }}
central_channel: {{ .Values.global.centralChannel | quote }}
context_scheme: bcrypt
deprecated: auto
expire_time: "{{ .Values.jwt.expireMinutes | int64 }}"
file_extension: {{ .Values.global.fileExtension | quote }}
hospital_collection_name: hospitals
inference_collection_name: {{ .Values.global.connections.mongodb.collections.inferences | quote }}
loop_interval: {{ .Values.loopInterval | quote }}
{{- if .Values.global.connections.objectStore.host }}
minio_conn_url: {{ printf "%s:%d" .Values.global.connections.objectStore.host
    (.Values.global.connections.objectStore.port | int64)
    | quote }}
{{- else }}
minio_conn_url: "minio:{{ .Values.global.connections.objectStore.port | int64 }}"
{{- end }}
model_collection_name: {{ .Values.global.connections.mongodb.collections.models | quote }}
{{- if .Values.global.connections.nats.host }}
nats_conn_url: "nats://{{ .Values.global.connections.nats.host }}:{{ .Values.global.connections.nats.port | int64 }}"
{{- else }}
nats_conn_url: "nats://{{ include "api-server.nats.fullname" . }}:{{ .Values.global.connections.nats.port | int64 }}"
{{- end }}
result_collection_name: {{ .Values.global.connections.mongodb.collections.results | quote }}
user_collection_name: {{ .Values.global.connections.mongodb.collections.users | quote }}
{{ end }}

{{/* The data of the object, apart so that its checksum can be taken. */}}
{{- define "api-server.guardData" -}}
haproxy.cfg: |
  global
    log stdout format raw daemon notice
    nbthread 1
    maxconn 512
    tune.bufsize {{ .Values.guard.maxBodyBytes | int64 }}
    hard-stop-after 15s

  defaults
    mode http
    log global
    option dontlognull
    option forwardfor
    timeout connect 5s
    timeout check 5s
    timeout http-request 10s
    timeout http-keep-alive 30s
    timeout client {{ .Values.guard.requestTimeoutSeconds | int64 }}s
    timeout server {{ .Values.guard.requestTimeoutSeconds | int64 }}s
    timeout queue {{ .Values.guard.queueTimeoutSeconds | int64 }}s
    http-error status 400 content-type application/json string '{"detail":"bad request, or without its length"}'
    http-error status 408 content-type application/json string '{"detail":"the upload took too long"}'
    http-error status 413 content-type application/json string '{"detail":"the request is too large"}'
    http-error status 503 content-type application/json string '{"detail":"busy or away, try again later"}'
    http-error status 504 content-type application/json string '{"detail":"no answer in time, outcome unknown"}'

  frontend api
    bind :8080
    acl post method POST
    acl inferences path_reg ^/v1/users/[^/]+/inferences/?$
    acl length req.hdr(content-length) -m found
    acl large req.hdr(content-length),add(32768) gt {{ .Values.guard.maxBodyBytes | int64 }}
    acl full sc0_conn_cur(pending) gt {{ .Values.guard.maxPending | int64 }}
    http-request deny deny_status 400 if post inferences !length
    http-request deny deny_status 413 if post inferences large
    http-request track-sc0 int(1) table pending if post inferences
    http-request deny deny_status 503 if post inferences full
    http-request wait-for-body time {{ .Values.guard.uploadTimeoutSeconds | int64 }}s if post inferences
    use_backend inferences if post inferences
    default_backend others

  backend pending
    stick-table type integer size 1 store conn_cur

  backend inferences
    http-reuse never
    retries 2
    retry-on conn-failure
    server program 127.0.0.1:8000 maxconn 1 track others/program

  backend others
    retries 2
    retry-on conn-failure empty-response
    http-request disable-l7-retry if !METH_GET
    option httpchk GET /docs
    http-check expect status 200
    server program 127.0.0.1:8000 maxconn 128 check inter 5s fastinter 1s fall 3 rise 1

  frontend status
    bind :8404
    option dontlog-normal
    http-request use-service prometheus-exporter if { path /metrics }
    http-request return status 200 content-type text/plain string ok if { path /live }
    http-request return status 200 content-type text/plain string ok if { path /ready } { nbsrv(others) gt 0 }
    http-request return status 503 content-type text/plain string away if { path /ready }
    http-request return status 404
{{ end }}
