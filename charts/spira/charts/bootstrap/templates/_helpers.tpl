{{/* The name that the objects of bootstrap start with, cut to 52 characters. */}}
{{- define "bootstrap.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "bootstrap" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 42 | trimAll "-" }}
{{- $name | default (printf "%s-bootstrap" $release) }}
{{- end }}

{{/* The name that the objects of minio start with, cut to 52 characters. */}}
{{- define "bootstrap.minio.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "minio" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 46 | trimAll "-" }}
{{- $name | default (printf "%s-minio" $release) }}
{{- end }}

{{/* The name that the objects of mlflow start with, cut to 52 characters. */}}
{{- define "bootstrap.mlflow.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mlflow" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 45 | trimAll "-" }}
{{- $name | default (printf "%s-mlflow" $release) }}
{{- end }}

{{/* The name that the objects of mongodb start with, cut to 52 characters. */}}
{{- define "bootstrap.mongodb.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mongodb" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 44 | trimAll "-" }}
{{- $name | default (printf "%s-mongodb" $release) }}
{{- end }}

{{/* The chart's name and version, for the label helm.sh/chart. */}}
{{- define "bootstrap.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the pods, which never change over a release's life. */}}
{{- define "bootstrap.selectorLabels" -}}
app.kubernetes.io/component: bootstrap
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: bootstrap
{{- end }}

{{/* The labels of every object. */}}
{{- define "bootstrap.labels2" -}}
namespace: {{ .Release.Namespace | quote }}
component: bootstrap
release: {{ .Release.Name | quote }}
severity: warning
{{- end }}

{{/* The labels of every object. */}}
{{- define "bootstrap.labels" -}}
{{ include "bootstrap.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "bootstrap.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The reference of an image: registry, repository, tag or the chart's appVersion, digest. */}}
{{- define "bootstrap.image" -}}
{{- with .image.registry | default .root.Values.global.imageRegistry }}{{ . }}/{{ end }}
{{- .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* A credential: the given one, what the live Secret holds, else random letters and digits. */}}
{{- define "bootstrap.credential" -}}
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

{{/* The pod of the Job, apart so that its checksum can be taken. */}}
{{- define "bootstrap.podTemplate" -}}
metadata:
  labels:
    {{- include "bootstrap.selectorLabels" . | nindent 4 }}
    {{- range $key, $value := .Values.global.commonLabels }}
    {{- if not (hasKey $.Values.podLabels $key) }}
    {{ $key | quote }}: {{ $value | quote }}
    {{- end }}
    {{- end }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include "bootstrap.envData" . | fromYaml | toRawJson | sha256sum | quote }}
    helm.sh/chart: {{ include "bootstrap.chart" . | quote }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- if .Values.serviceAccount.name }}
  serviceAccountName: {{ .Values.serviceAccount.name | quote }}
  {{- else if .Values.serviceAccount.create }}
  serviceAccountName: {{ include "bootstrap.fullname" . | quote }}
  {{- else }}
  serviceAccountName: default
  {{- end }}
  automountServiceAccountToken: {{ .Values.serviceAccount.automountServiceAccountToken }}
  {{- if .Values.global.imagePullSecrets }}
  imagePullSecrets:
    {{- range $imagePullSecret := .Values.global.imagePullSecrets }}
    - name: {{ $imagePullSecret | quote }}
    {{- end }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds | int64 }}
  enableServiceLinks: false
  restartPolicy: OnFailure
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: data
      image: {{ include "bootstrap.image" (dict "image" .Values.image "root" .) | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command:
        - python3
        - /scripts/bootstrap_data.py
        - "{{ .Values.waitTimeoutSeconds | int64 }}"
      env:
        - name: M_CONN_URL
          valueFrom:
            secretKeyRef:
              name: {{ .Values.global.connections.mongodb.existingSecret
                  | default (printf "%s-connection" (include "bootstrap.mongodb.fullname" .))
                  | quote }}
              {{- if .Values.global.connections.mongodb.existingSecret }}
              key: {{ .Values.global.connections.mongodb.existingSecretKey | quote }}
              {{- else }}
              key: connectionString.standard
              {{- end }}
        - name: BOOTSTRAP_MONGO_PASSWORD
          valueFrom:
            secretKeyRef:
              name: {{ .Values.global.user.existingSecret
                  | default (printf "%s-user" (include "bootstrap.fullname" .))
                  | quote }}
              {{- if .Values.global.user.existingSecret }}
              key: {{ .Values.global.user.existingSecretKey | quote }}
              {{- else }}
              key: password
              {{- end }}
        - name: minio_access_key
          valueFrom:
            secretKeyRef:
              name: {{ .Values.global.connections.objectStore.existingSecret
                  | default (printf "%s-credentials" (include "bootstrap.minio.fullname" .))
                  | quote }}
              {{- if .Values.global.connections.objectStore.existingSecret }}
              key: {{ .Values.global.connections.objectStore.existingSecretAccessKey | quote }}
              {{- else }}
              key: accessKey
              {{- end }}
        - name: minio_secret_key
          valueFrom:
            secretKeyRef:
              name: {{ .Values.global.connections.objectStore.existingSecret
                  | default (printf "%s-credentials" (include "bootstrap.minio.fullname" .))
                  | quote }}
              {{- if .Values.global.connections.objectStore.existingSecret }}
              key: {{ .Values.global.connections.objectStore.existingSecretSecretKey | quote }}
              {{- else }}
              key: secretKey
              {{- end }}
        - name: HOME
          value: /tmp
        - name: USER
          value: spira
        - name: PYTHONDONTWRITEBYTECODE
          value: "1"
        - name: PYTHONUNBUFFERED
          value: "1"
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      envFrom:
        - configMapRef:
            name: {{ include "bootstrap.fullname" . }}-env
        {{- with .Values.extraEnvFrom }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - name: scripts
          mountPath: /scripts
          readOnly: true
        - name: tmp
          mountPath: /tmp
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- if .Values.stubModel.enabled }}
    - name: model
      image: {{ include "bootstrap.image" (dict "image" .Values.stubModel.image "root" .) | quote }}
      imagePullPolicy: {{ .Values.stubModel.image.pullPolicy }}
      command:
        - python3
        - /scripts/bootstrap_model.py
        - "{{ .Values.waitTimeoutSeconds | int64 }}"
      env:
        - name: AWS_ACCESS_KEY_ID
          valueFrom:
            secretKeyRef:
              name: {{ .Values.global.connections.objectStore.existingSecret
                  | default (printf "%s-credentials" (include "bootstrap.minio.fullname" .))
                  | quote }}
              {{- if .Values.global.connections.objectStore.existingSecret }}
              key: {{ .Values.global.connections.objectStore.existingSecretAccessKey | quote }}
              {{- else }}
              key: accessKey
              {{- end }}
        - name: AWS_SECRET_ACCESS_KEY
          valueFrom:
            secretKeyRef:
              name: {{ .Values.global.connections.objectStore.existingSecret
                  | default (printf "%s-credentials" (include "bootstrap.minio.fullname" .))
                  | quote }}
              {{- if .Values.global.connections.objectStore.existingSecret }}
              key: {{ .Values.global.connections.objectStore.existingSecretSecretKey | quote }}
              {{- else }}
              key: secretKey
              {{- end }}
        - name: HOME
          value: /tmp
        - name: USER
          value: spira
        - name: PYTHONDONTWRITEBYTECODE
          value: "1"
        - name: PYTHONUNBUFFERED
          value: "1"
      envFrom:
        - configMapRef:
            name: {{ include "bootstrap.fullname" . }}-env
      {{- with .Values.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.stubModel.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - name: scripts
          mountPath: /scripts
          readOnly: true
        - name: tmp
          mountPath: /tmp
    {{- end }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: scripts
      configMap:
        name: {{ include "bootstrap.fullname" . }}-scripts
    - name: tmp
      emptyDir:
        sizeLimit: {{ .Values.tmpSize | quote }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- with .Values.topologySpreadConstraints }}
    {{- toYaml . | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "bootstrap.selectorLabels" . | nindent 10 }}
    {{- end }}
{{ end }}

{{/* The data of the object, apart so that its checksum can be taken. */}}
{{- define "bootstrap.envData" -}}
BOOTSTRAP_EMAIL: {{ .Values.email | quote }}
{{- if .Values.hospitals }}
BOOTSTRAP_HOSPITALS: {{ printf `["%s"]` (join `", "` .Values.hospitals) | quote }}
{{- else }}
BOOTSTRAP_HOSPITALS: "[]"
{{- end }}
BOOTSTRAP_MODEL_CHANNEL: "{{ .Values.global.model.name }}-topic"
BOOTSTRAP_MODEL_NAME: {{ .Values.global.model.name | quote }}
BOOTSTRAP_MONGO_USER: {{ .Values.global.user.username | quote }}
DATABASE_NAME: {{ .Values.global.connections.mongodb.database | quote }}
MLFLOW_BUCKET_NAME: {{ .Values.global.connections.objectStore.modelBucket | quote }}
{{- if .Values.global.connections.objectStore.host }}
MLFLOW_S3_ENDPOINT_URL: {{ printf "http://%s:%d" .Values.global.connections.objectStore.host
    (.Values.global.connections.objectStore.port | int64)
    | quote }}
{{- else }}
MLFLOW_S3_ENDPOINT_URL: "http://minio:{{ .Values.global.connections.objectStore.port | int64 }}"
{{- end }}
bucket_name: {{ .Values.global.connections.objectStore.audioBucket | quote }}
context_scheme: bcrypt
hospital_collection_name: hospitals
inference_collection_name: {{ .Values.global.connections.mongodb.collections.inferences | quote }}
{{- if .Values.global.connections.objectStore.host }}
minio_conn_url: {{ printf "%s:%d" .Values.global.connections.objectStore.host
    (.Values.global.connections.objectStore.port | int64)
    | quote }}
{{- else }}
minio_conn_url: "minio:{{ .Values.global.connections.objectStore.port | int64 }}"
{{- end }}
mlflow_conn_url: {{ .Values.global.connections.mlflow.url
    | default (printf "http://%s:5000" (include "bootstrap.mlflow.fullname" .))
    | quote }}
model_collection_name: {{ .Values.global.connections.mongodb.collections.models | quote }}
model_path: "models:/{{ .Values.global.model.name }}/{{ .Values.global.model.version }}"
result_collection_name: {{ .Values.global.connections.mongodb.collections.results | quote }}
user_collection_name: {{ .Values.global.connections.mongodb.collections.users | quote }}
{{ end }}
