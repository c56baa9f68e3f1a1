{{/*
Every API that the values need and the cluster lacks, with what brings it; empty if there is none.
Without a cluster (helm template) Helm does not know the kinds, from which nothing follows.
*/}}
{{- define "spira.preflight" }}
{{- $served := .Capabilities.APIVersions }}
{{- if and .Values.global.preflight ($served.Has "v1/Pod") }}
{{- $parts := .Subcharts }}
{{- $lines := list }}

{{- $lacks := list }}
{{- if not ($served.Has "mongodbcommunity.mongodb.com/v1/MongoDBCommunity") }}
{{- with index $parts "mongodb" }}
{{- $lacks = append $lacks "- mongodbcommunity.mongodb.com/v1/MongoDBCommunity (needed by mongodb)" }}
{{- end }}
{{- end }}
{{- if $lacks }}
{{- $ways := `  from the Community operator (mongodb.operator: community), at its end of life:
    helm install community-operator community-operator \
      --repo https://mongodb.github.io/helm-charts \
      --namespace mongodb --create-namespace --set operator.watchNamespace='*'
  or from its successor, the MongoDB controllers for Kubernetes (mongodb.operator: kubernetes):
    helm install mongodb-kubernetes mongodb-kubernetes \
      --repo https://mongodb.github.io/helm-charts \
      --namespace mongodb --create-namespace --set operator.watchNamespace='*'` }}
{{- $lines = concat $lines $lacks (list $ways) }}
{{- end }}

{{- $lacks := list }}
{{- if not ($served.Has "minio.min.io/v2/Tenant") }}
{{- with index $parts "minio" }}
{{- $lacks = append $lacks "- minio.min.io/v2/Tenant (needed by minio)" }}
{{- end }}
{{- end }}
{{- if $lacks }}
{{- $ways := `  from the MinIO operator:
    helm install minio-operator operator --repo https://operator.min.io \
      --namespace minio-operator --create-namespace` }}
{{- $lines = concat $lines $lacks (list $ways) }}
{{- end }}

{{- $lacks := list }}
{{- if not ($served.Has "acid.zalan.do/v1/postgresql") }}
{{- with index $parts "postgresql" }}
{{- if eq .Values.global.connections.postgresql.operator "zalando" }}
{{- $lacks = append $lacks "- acid.zalan.do/v1/postgresql (needed by postgresql)" }}
{{- end }}
{{- end }}
{{- end }}
{{- if $lacks }}
{{- $ways := `  from Zalando's Postgres operator:
    helm install postgres-operator postgres-operator \
      --repo https://opensource.zalando.com/postgres-operator/charts/postgres-operator \
      --namespace postgres-operator --create-namespace` }}
{{- $lines = concat $lines $lacks (list $ways) }}
{{- end }}

{{- $lacks := list }}
{{- if not ($served.Has "postgresql.cnpg.io/v1/Cluster") }}
{{- with index $parts "postgresql" }}
{{- if eq .Values.global.connections.postgresql.operator "cloudnative-pg" }}
{{- $lacks = append $lacks "- postgresql.cnpg.io/v1/Cluster (needed by postgresql)" }}
{{- end }}
{{- end }}
{{- end }}
{{- if $lacks }}
{{- $ways := `  from CloudNativePG:
    helm install cnpg cloudnative-pg --repo https://cloudnative-pg.github.io/charts \
      --namespace cnpg-system --create-namespace` }}
{{- $lines = concat $lines $lacks (list $ways) }}
{{- end }}

{{- $lacks := list }}
{{- if not ($served.Has "gateway.networking.k8s.io/v1/HTTPRoute") }}
{{- with index $parts "api-server" }}
{{- if .Values.httpRoute.enabled }}
{{- $lacks = append $lacks "- gateway.networking.k8s.io/v1/HTTPRoute (needed by api-server)" }}
{{- end }}
{{- end }}
{{- end }}
{{- if not ($served.Has "gateway.networking.k8s.io/v1/Gateway") }}
{{- with index $parts "api-server" }}
{{- if and .Values.httpRoute.enabled .Values.httpRoute.gateway.create }}
{{- $lacks = append $lacks "- gateway.networking.k8s.io/v1/Gateway (needed by api-server)" }}
{{- end }}
{{- end }}
{{- end }}
{{- if $lacks }}
{{- $ways := `  from the Gateway API, of which the cluster also needs an implementation:
    kubectl apply --server-side \
      -f https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.2/standard-install.yaml` }}
{{- $lines = concat $lines $lacks (list $ways) }}
{{- end }}

{{- $lacks := list }}
{{- if not ($served.Has "monitoring.coreos.com/v1/PodMonitor") }}
{{- with index $parts "nats" }}
{{- if .Values.global.monitoring.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PodMonitor (needed by nats)" }}
{{- end }}
{{- end }}
{{- with index $parts "mlflow" }}
{{- if .Values.global.monitoring.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PodMonitor (needed by mlflow)" }}
{{- end }}
{{- end }}
{{- with index $parts "api-server" }}
{{- if and .Values.guard.enabled .Values.global.monitoring.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PodMonitor (needed by api-server)" }}
{{- end }}
{{- end }}
{{- with index $parts "redelivery" }}
{{- if .Values.global.monitoring.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PodMonitor (needed by redelivery)" }}
{{- end }}
{{- end }}
{{- end }}
{{- if not ($served.Has "monitoring.coreos.com/v1/ServiceMonitor") }}
{{- with index $parts "mongodb" }}
{{- if .Values.global.monitoring.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/ServiceMonitor (needed by mongodb)" }}
{{- end }}
{{- end }}
{{- with index $parts "minio" }}
{{- if .Values.global.monitoring.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/ServiceMonitor (needed by minio)" }}
{{- end }}
{{- end }}
{{- with index $parts "postgresql" }}
{{- if .Values.global.monitoring.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/ServiceMonitor (needed by postgresql)" }}
{{- end }}
{{- end }}
{{- end }}
{{- if not ($served.Has "monitoring.coreos.com/v1/PrometheusRule") }}
{{- with index $parts "nats" }}
{{- if and .Values.global.monitoring.enabled .Values.global.monitoring.rules.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PrometheusRule (needed by nats)" }}
{{- end }}
{{- end }}
{{- with index $parts "mongodb" }}
{{- if and .Values.global.monitoring.enabled .Values.global.monitoring.rules.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PrometheusRule (needed by mongodb)" }}
{{- end }}
{{- end }}
{{- with index $parts "minio" }}
{{- if and .Values.global.monitoring.enabled .Values.global.monitoring.rules.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PrometheusRule (needed by minio)" }}
{{- end }}
{{- end }}
{{- with index $parts "postgresql" }}
{{- if and .Values.global.monitoring.enabled .Values.global.monitoring.rules.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PrometheusRule (needed by postgresql)" }}
{{- end }}
{{- end }}
{{- with index $parts "mlflow" }}
{{- if and .Values.global.monitoring.enabled .Values.global.monitoring.rules.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PrometheusRule (needed by mlflow)" }}
{{- end }}
{{- end }}
{{- with index $parts "bootstrap" }}
{{- if and .Values.global.monitoring.enabled .Values.global.monitoring.rules.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PrometheusRule (needed by bootstrap)" }}
{{- end }}
{{- end }}
{{- with index $parts "api-server" }}
{{- if and .Values.global.monitoring.enabled .Values.global.monitoring.rules.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PrometheusRule (needed by api-server)" }}
{{- end }}
{{- end }}
{{- with index $parts "inference-server" }}
{{- if and .Values.global.monitoring.enabled .Values.global.monitoring.rules.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PrometheusRule (needed by inference-server)" }}
{{- end }}
{{- end }}
{{- with index $parts "redelivery" }}
{{- if and .Values.global.monitoring.enabled .Values.global.monitoring.rules.enabled }}
{{- $lacks = append $lacks "- monitoring.coreos.com/v1/PrometheusRule (needed by redelivery)" }}
{{- end }}
{{- end }}
{{- end }}
{{- if $lacks }}
{{- $ways := `  from kube-prometheus-stack:
    helm install kube-prom kube-prometheus-stack \
      --repo https://prometheus-community.github.io/helm-charts \
      --namespace monitoring --create-namespace` }}
{{- $lines = concat $lines $lacks (list $ways) }}
{{- end }}

{{- $lacks := list }}
{{- if not ($served.Has "chaos-mesh.org/v1alpha1/Schedule") }}
{{- with index $parts "nats" }}
{{- if or (and .Values.chaos.podKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.podFailure.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.containerKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.network.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.stress.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.dns.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.clock.enabled .Values.global.chaos.enabled)
    (and .Values.global.chaos.enabled .Values.global.chaos.nodeFailure.node) }}
{{- $lacks = append $lacks "- chaos-mesh.org/v1alpha1/Schedule (needed by nats)" }}
{{- end }}
{{- end }}
{{- with index $parts "mongodb" }}
{{- if or (and .Values.chaos.podKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.podFailure.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.containerKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.network.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.stress.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.dns.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.clock.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.io.enabled .Values.global.chaos.enabled)
    (and .Values.global.chaos.enabled .Values.global.chaos.nodeFailure.node) }}
{{- $lacks = append $lacks "- chaos-mesh.org/v1alpha1/Schedule (needed by mongodb)" }}
{{- end }}
{{- end }}
{{- with index $parts "minio" }}
{{- if or (and .Values.chaos.podKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.podFailure.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.containerKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.network.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.stress.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.dns.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.clock.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.io.enabled .Values.global.chaos.enabled)
    (and .Values.global.chaos.enabled .Values.global.chaos.nodeFailure.node) }}
{{- $lacks = append $lacks "- chaos-mesh.org/v1alpha1/Schedule (needed by minio)" }}
{{- end }}
{{- end }}
{{- with index $parts "postgresql" }}
{{- if or (and .Values.chaos.podKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.podFailure.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.containerKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.network.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.stress.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.dns.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.clock.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.io.enabled .Values.global.chaos.enabled)
    (and .Values.global.chaos.enabled .Values.global.chaos.nodeFailure.node) }}
{{- $lacks = append $lacks "- chaos-mesh.org/v1alpha1/Schedule (needed by postgresql)" }}
{{- end }}
{{- end }}
{{- with index $parts "mlflow" }}
{{- if or (and .Values.chaos.podKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.podFailure.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.containerKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.network.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.stress.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.dns.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.clock.enabled .Values.global.chaos.enabled)
    (and .Values.global.chaos.enabled .Values.global.chaos.nodeFailure.node) }}
{{- $lacks = append $lacks "- chaos-mesh.org/v1alpha1/Schedule (needed by mlflow)" }}
{{- end }}
{{- end }}
{{- with index $parts "api-server" }}
{{- if or (and .Values.chaos.podKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.podFailure.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.containerKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.network.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.stress.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.dns.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.clock.enabled .Values.global.chaos.enabled)
    (and .Values.global.chaos.enabled .Values.global.chaos.nodeFailure.node) }}
{{- $lacks = append $lacks "- chaos-mesh.org/v1alpha1/Schedule (needed by api-server)" }}
{{- end }}
{{- end }}
{{- with index $parts "inference-server" }}
{{- if or (and .Values.chaos.podKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.podFailure.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.containerKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.network.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.stress.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.dns.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.clock.enabled .Values.global.chaos.enabled)
    (and .Values.global.chaos.enabled .Values.global.chaos.nodeFailure.node) }}
{{- $lacks = append $lacks "- chaos-mesh.org/v1alpha1/Schedule (needed by inference-server)" }}
{{- end }}
{{- end }}
{{- with index $parts "redelivery" }}
{{- if or (and .Values.chaos.podKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.podFailure.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.containerKill.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.network.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.stress.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.dns.enabled .Values.global.chaos.enabled)
    (and .Values.chaos.clock.enabled .Values.global.chaos.enabled)
    (and .Values.global.chaos.enabled .Values.global.chaos.nodeFailure.node) }}
{{- $lacks = append $lacks "- chaos-mesh.org/v1alpha1/Schedule (needed by redelivery)" }}
{{- end }}
{{- end }}
{{- end }}
{{- if $lacks }}
{{- $ways := `  from Chaos Mesh:
    helm install chaos-mesh chaos-mesh --repo https://charts.chaos-mesh.org \
      --namespace chaos-mesh --create-namespace --set chaosDaemon.runtime=containerd \
      --set chaosDaemon.socketPath=/run/containerd/containerd.sock` }}
{{- $lines = concat $lines $lacks (list $ways) }}
{{- end }}

{{- with $lines }}
{{- printf "the cluster lacks APIs that the values need:\n\n%s\n\nRun what brings them, then try again. With global.preflight=false nothing is checked." (join "\n" .) }}
{{- end }}
{{- end }}
{{- end }}
