{{/* The name that the objects of minio start with, cut to 52 characters. */}}
{{- define "redelivery.minio.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "minio" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 46 | trimAll "-" }}
{{- $name | default (printf "%s-minio" $release) }}
{{- end }}

{{/* The name that the objects of mongodb start with, cut to 52 characters. */}}
{{- define "redelivery.mongodb.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "mongodb" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 44 | trimAll "-" }}
{{- $name | default (printf "%s-mongodb" $release) }}
{{- end }}

{{/* The name that the objects of nats start with, cut to 52 characters. */}}
{{- define "redelivery.nats.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "nats" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 47 | trimAll "-" }}
{{- $name | default (printf "%s-nats" $release) }}
{{- end }}

{{/* The name that the objects of redelivery start with, cut to 52 characters. */}}
{{- define "redelivery.fullname" -}}
{{- $name := get (.Values.global.fullnameOverrides | default dict) "redelivery" }}
{{- $release := regexReplaceAll "^[0-9]" .Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc 41 | trimAll "-" }}
{{- $name | default (printf "%s-redelivery" $release) }}
{{- end }}

{{/* The chart's name and version, for the label helm.sh/chart. */}}
{{- define "redelivery.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* The labels that select the pods, which never change over a release's life. */}}
{{- define "redelivery.selectorLabels" -}}
app.kubernetes.io/component: redelivery
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: redelivery
{{- end }}

{{/* The labels of every object. */}}
{{- define "redelivery.labels4" -}}
namespace: {{ .Release.Namespace | quote }}
component: redelivery
release: {{ .Release.Name | quote }}
severity: critical
{{- end }}

{{/* The labels of every object. */}}
{{- define "redelivery.labels3" -}}
namespace: {{ .Release.Namespace | quote }}
component: redelivery
release: {{ .Release.Name | quote }}
severity: warning
{{- end }}

{{/* The labels of every object. */}}
{{- define "redelivery.labels" -}}
{{ include "redelivery.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "redelivery.chart" . | quote }}
{{- with .Values.global.commonLabels }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "redelivery.labels2" -}}
{{ include "redelivery.selectorLabels" . }}
app.kubernetes.io/managed-by: Helm
app.kubernetes.io/part-of: spira
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ include "redelivery.chart" . | quote }}
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
{{- define "redelivery.image" -}}
{{- with .image.registry | default .root.Values.global.imageRegistry }}{{ . }}/{{ end }}
{{- .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- with .image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* The environment that several containers have in common. */}}
{{- define "redelivery.env" -}}
- name: M_CONN_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.global.connections.mongodb.existingSecret
          | default (printf "%s-connection" (include "redelivery.mongodb.fullname" .))
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
          | default (printf "%s-auth" (include "redelivery.nats.fullname" .))
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
      (include "redelivery.nats.fullname" .) (.Values.global.connections.nats.port | int64)
      | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The data of the object, apart so that its checksum can be taken. */}}
{{- define "redelivery.envData" -}}
DATABASE_NAME: {{ .Values.global.connections.mongodb.database | quote }}
REDELIVERY_AGE_SECONDS: "{{ .Values.ageSeconds | int64 }}"
REDELIVERY_BACKOFF_SECONDS: "{{ .Values.backoffSeconds | int64 }}"
REDELIVERY_INTERVAL_SECONDS: "{{ .Values.intervalSeconds | int64 }}"
REDELIVERY_MAX_ATTEMPTS: "{{ .Values.maxAttempts | int64 }}"
REDELIVERY_MAX_IN_FLIGHT: "{{ .Values.maxInFlight | int64 }}"
REDELIVERY_PORT: "9464"
bucket_name: {{ .Values.global.connections.objectStore.audioBucket | quote }}
file_extension: {{ .Values.global.fileExtension | quote }}
hospital_collection_name: hospitals
inference_collection_name: {{ .Values.global.connections.mongodb.collections.inferences | quote }}
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
nats_conn_url: "nats://{{ include "redelivery.nats.fullname" . }}:{{ .Values.global.connections.nats.port | int64 }}"
{{- end }}
result_collection_name: {{ .Values.global.connections.mongodb.collections.results | quote }}
user_collection_name: {{ .Values.global.connections.mongodb.collections.users | quote }}
{{ end }}

{{/* The data of the object, apart so that its checksum can be taken. */}}
{{- define "redelivery.scriptsData" -}}
exposition.py: |
  """Metrics in Prometheus's text format, and whether the program lives, over HTTP.

      metrics = Metrics()
      metrics.counter("spira_things_total", "Things done.")
      metrics.add("spira_things_total", 1, kind="a")
      serve(metrics, 9464, alive=lambda: True)

  `/metrics` gives the metrics, `/healthz` 200 or 503. The standard library alone.
  """

  import http.server
  import threading


  class Metrics:
      """Values by name and labels. Safe between threads."""

      def __init__(self):
          self._lock = threading.Lock()
          self._kinds = {}
          self._values = {}

      def counter(self, name, text):
          self._declare(name, "counter", text)

      def gauge(self, name, text):
          self._declare(name, "gauge", text)

      def _declare(self, name, kind, text):
          self._kinds[name] = (kind, text)
          self._values[name] = {}

      def set(self, name, value, **labels):
          with self._lock:
              self._values[name][tuple(sorted(labels.items()))] = value

      def add(self, name, value, **labels):
          """Adding 0 makes a series that can be told from one that does not exist."""
          with self._lock:
              series = self._values[name]
              key = tuple(sorted(labels.items()))
              series[key] = series.get(key, 0) + value

      def text(self):
          lines = []
          with self._lock:
              for name, (kind, text) in self._kinds.items():
                  lines.append("# HELP %s %s" % (name, text))
                  lines.append("# TYPE %s %s" % (name, kind))
                  for labels, value in sorted(self._values[name].items()):
                      inside = ",".join('%s="%s"' % label for label in labels)
                      lines.append("%s%s %s" % (name, "{%s}" % inside if inside else "", value))
          return "\n".join(lines) + "\n"


  def serve(metrics, port, alive):
      """Serves from a thread that ends with the process."""

      class Handler(http.server.BaseHTTPRequestHandler):
          protocol_version = "HTTP/1.1"

          def do_GET(self):
              if self.path == "/metrics":
                  self.answer(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text())
              elif self.path == "/healthz":
                  well = alive()
                  self.answer(200 if well else 503, "text/plain", "ok\n" if well else "stuck\n")
              else:
                  self.answer(404, "text/plain", "there are /metrics and /healthz\n")

          def answer(self, status, kind, text):
              body = text.encode()
              self.send_response(status)
              self.send_header("Content-Type", kind)
              self.send_header("Content-Length", str(len(body)))
              self.end_headers()
              self.wfile.write(body)

          def log_message(self, *_):
              """Probes and scrapes are not worth a line each."""

      server = http.server.ThreadingHTTPServer(("", port), Handler)
      server.daemon_threads = True
      threading.Thread(target=server.serve_forever, daemon=True).start()
      return server.server_port
redeliver.py: |
  """Publishes again what SPIRA has acknowledged and not completed, until it is completed.

  usage: redeliver.py

  NATS keeps nothing: a request or a result that meets a pod which just died is gone, and nobody asks
  again. This program finds such inferences in MongoDB and publishes their request once more, on their
  model's channel and exactly as the API server does. All that follows is idempotent, so a repeat does
  no harm, and several of these programs may run.

  An inference counts as acknowledged only if it has a result document, which the API server inserts
  last. One that was answered with an error has none, and stays as it is.

  Who tried what, and when, stands in a collection of our own, REDELIVERIES, so that it survives a
  restart and two programs do not do the same. SPIRA's documents are only read.
  """

  import asyncio
  import datetime
  import json
  import os
  import signal
  import sys
  import time

  from exposition import Metrics, serve

  PATIENCE = 5  # seconds for one answer
  BATCH = 500  # documents in one question
  PER_WAITING = 0.25  # seconds that an inference server takes for one: what waits is not lost yet
  LONGEST = 3600  # seconds between two tries, at most
  ABANDONED = 3600  # seconds after which a request without a result document cannot get one any more
  REDELIVERIES = "redeliveries"
  NOT_AVAILABLE = "not available"  # the diagnosis of a result that was not predicted yet

  # What the API server publishes beside the id.
  FIELDS = (
      "user_id", "model_id", "status", "created_in", "age", "rgh", "mask_type", "gender",
      "covid_status", "local", "cid", "bpm", "respiratory_frequency",
      "respiratory_insufficiency_status", "location", "last_positive_diagnose_date", "hospitalized",
      "hospitalization_start", "hospitalization_end", "spo2",
  )  # fmt: skip
  RECORDINGS = ("aceite", "sustentada", "parlenda")

  TEXTS = (
      "M_CONN_URL", "DATABASE_NAME", "inference_collection_name", "result_collection_name",
      "model_collection_name", "nats_conn_url", "minio_conn_url", "minio_access_key",
      "minio_secret_key", "bucket_name", "file_extension",
  )  # fmt: skip
  NUMBERS = (
      "REDELIVERY_AGE_SECONDS", "REDELIVERY_INTERVAL_SECONDS", "REDELIVERY_BACKOFF_SECONDS",
      "REDELIVERY_MAX_ATTEMPTS", "REDELIVERY_MAX_IN_FLIGHT", "REDELIVERY_PORT",
  )  # fmt: skip


  class Unavailable(Exception):
      """A service that this program needs does not do its part."""

      def __init__(self, dependency, error):
          super().__init__("%s: %s" % (type(error).__name__, " ".join(str(error).split())[:300]))
          self.dependency = dependency


  def log(text):
      print(text, flush=True)


  def settings():
      """The variables, checked all at once."""
      problems, found = [], {}
      for name in TEXTS:
          found[name] = os.environ.get(name, "")
          if not found[name]:
              problems.append("%s is not set" % name)
      for name in NUMBERS:
          text = os.environ.get(name, "")
          found[name] = int(text) if text.isascii() and text.isdigit() else 0
          if found[name] < 1:
              problems.append("%s is %r: a whole number of at least 1 is needed" % (name, text))
      if problems:
          sys.exit("\n".join(problems))
      return found


  def payload(document):
      """The message that the API server publishes for this document."""
      message = {name: document.get(name) for name in FIELDS}
      # Published while it was so; a completed one is predicted again like any other.
      message["status"] = "processing"
      message["id"] = str(document["_id"])
      return json.dumps(message).encode()


  def utc():
      return datetime.datetime.now(datetime.timezone.utc)


  class Documents:
      """MongoDB. Blocking: each call is for a thread."""

      def __init__(self, settings):
          from pymongo import MongoClient

          client = MongoClient(
              settings["M_CONN_URL"],
              serverSelectionTimeoutMS=PATIENCE * 1000,
              connectTimeoutMS=PATIENCE * 1000,
              socketTimeoutMS=6 * PATIENCE * 1000,
              tz_aware=True,
          )
          database = client[settings["DATABASE_NAME"]]
          self.inferences = database[settings["inference_collection_name"]]
          self.results = database[settings["result_collection_name"]]
          self.models = database[settings["model_collection_name"]]
          self.redeliveries = database[REDELIVERIES]
          self.abandoned = set()

      def waiting(self, age):
          """Ids of acknowledged inferences of this age that are not complete, oldest first."""
          from bson import ObjectId

          before = {"$lt": ObjectId.from_datetime(utc() - datetime.timedelta(seconds=age))}
          found = {}
          for ids in self._batches(self.inferences, {"status": "processing", "_id": before}, "_id"):
              known = [i for i in ids if i not in self.abandoned]
              acknowledged = self._having_results(known)
              found.update((i, "processing") for i in acknowledged)
              self._abandon(set(known) - acknowledged)
          # The status was written and the result was not, or was not there yet to be written to.
          for ids in self._batches(self.results, {"diagnosis": NOT_AVAILABLE}, "inference_id"):
              ids = [ObjectId(i) for i in ids if ObjectId.is_valid(i)]
              query = {"_id": dict(before, **{"$in": ids}), "status": "completed"}
              found.update((d["_id"], "result") for d in self.inferences.find(query, {"_id": 1}))
          return sorted(found.items())

      def _batches(self, collection, query, field):
          batch = []
          for document in collection.find(query, {field: 1}).batch_size(BATCH):
              batch.append(document.get(field))
              if len(batch) == BATCH:
                  yield batch
                  batch = []
          if batch:
              yield batch

      def _having_results(self, ids):
          from bson import ObjectId

          query = {"inference_id": {"$in": [str(i) for i in ids]}}
          found = self.results.find(query, {"inference_id": 1}) if ids else ()
          return {ObjectId(d["inference_id"]) for d in found}

      def _abandon(self, ids):
          limit = utc() - datetime.timedelta(seconds=ABANDONED)
          self.abandoned.update(i for i in ids if i.generation_time < limit)

      def tries(self):
          return {d["_id"]: d for d in self.redeliveries.find({})}

      def forget(self, ids):
          if ids:
              self.redeliveries.delete_many({"_id": {"$in": list(ids)}})

      def claim(self, inference, pause):
          """Whether it is ours to try now; another program that asks next gets no."""
          from pymongo.errors import DuplicateKeyError

          now = utc()
          due = {"_id": inference, "next": {"$lte": now}}
          until = {"$set": {"next": now + datetime.timedelta(seconds=pause)}}
          try:
              self.redeliveries.update_one(due, until, upsert=True)
          except DuplicateKeyError:  # There is one that is not due.
              return False
          return True

      def tried(self, ids):
          self.redeliveries.update_many(
              {"_id": {"$in": ids}}, {"$inc": {"attempts": 1}, "$set": {"sent": utc()}}
          )

      def message(self, inference):
          """The channel of an inference's model and what to publish there; None if one is gone."""
          from bson import ObjectId

          document = self.inferences.find_one({"_id": inference})
          model = document and document.get("model_id")
          if not model or not ObjectId.is_valid(model):
              return None
          found = self.models.find_one({"_id": ObjectId(model)})
          return found and (found["publishing_channel"], payload(document))

      def count(self, status):
          return self.inferences.count_documents({"status": status})


  class Recordings:
      """The object store. Blocking, as above."""

      def __init__(self, settings):
          import urllib3
          from minio import Minio

          self.bucket = settings["bucket_name"]
          self.extension = settings["file_extension"]
          self.store = Minio(
              settings["minio_conn_url"],
              access_key=settings["minio_access_key"],
              secret_key=settings["minio_secret_key"],
              secure=False,
              # The client's own pool obeys a `Retry-After: 60` of a MinIO that is starting.
              http_client=urllib3.PoolManager(timeout=PATIENCE, retries=False),
          )

      def complete(self, inference):
          from minio.error import S3Error

          for name in RECORDINGS:
              try:
                  self.store.stat_object(self.bucket, "%s/%s%s" % (inference, name, self.extension))
              except S3Error as error:
                  if error.code in ("NoSuchKey", "NoSuchObject"):
                      return False
                  raise
          return True


  async def ignore(_):
      """What matters of it comes out of the call that fails."""


  class Publisher:
      """NATS, on one connection that is kept while it works."""

      def __init__(self, settings):
          self.url = settings["nats_conn_url"]
          self.client = None

      async def publish(self, messages):
          """Publishes (key, channel, payload); the keys of those that somebody listened for.

          Each asks for an answer that nobody gives, because NATS then says when nobody listens.
          """
          import nats

          try:
              if self.client is None:
                  # Whatever the client would try again, the next round tries anew.
                  connecting = nats.connect(
                      self.url,
                      allow_reconnect=False,
                      max_reconnect_attempts=0,
                      connect_timeout=PATIENCE,
                      ping_interval=PATIENCE,
                      error_cb=ignore,
                  )
                  self.client = await asyncio.wait_for(connecting, 2 * PATIENCE)
              inbox = self.client.new_inbox()
              unheard = await self.client.subscribe(inbox + ".*")
              for number, (_, channel, message) in enumerate(messages):
                  await self.client.publish(channel, message, reply="%s.%d" % (inbox, number))
              # Only what the server has taken counts. The client sends its PING before what it has
              # still to send, so that only the second one comes after all of it.
              await self.client.flush(PATIENCE)
              await self.client.flush(PATIENCE)
              silent = set()
              while not unheard._pending_queue.empty():
                  answer = unheard._pending_queue.get_nowait()
                  silent.add(int(answer.subject.rsplit(".", 1)[1]))
              await unheard.unsubscribe()
          except Exception as error:
              await self.close()
              raise Unavailable("nats", error)
          return [key for number, (key, _, _) in enumerate(messages) if number not in silent]

      async def close(self):
          client, self.client = self.client, None
          if client is not None:
              try:
                  await asyncio.wait_for(client.close(), PATIENCE)
              except Exception:  # It was broken already.
                  pass


  class Redelivery:
      def __init__(self, settings):
          self.age = settings["REDELIVERY_AGE_SECONDS"]
          self.interval = settings["REDELIVERY_INTERVAL_SECONDS"]
          self.backoff = settings["REDELIVERY_BACKOFF_SECONDS"]
          self.max_attempts = settings["REDELIVERY_MAX_ATTEMPTS"]
          self.max_in_flight = settings["REDELIVERY_MAX_IN_FLIGHT"]
          self.documents = Documents(settings)
          self.recordings = Recordings(settings)
          self.publisher = Publisher(settings)
          self.metrics = declared()
          self.down = {}
          self.last = time.monotonic()
          self.counted = 0.0

      def alive(self):
          """A round ends, well or not, however long services make it wait."""
          return time.monotonic() - self.last < self.interval + 60 * PATIENCE

      async def ask(self, dependency, function, *arguments):
          """Asks in a thread, so that a slow store stops neither NATS nor the answer to a probe."""
          loop = asyncio.get_event_loop()
          try:
              return await loop.run_in_executor(None, function, *arguments)
          except Exception as error:
              raise Unavailable(dependency, error)

      async def mongodb(self, function, *arguments):
          return await self.ask("mongodb", function, *arguments)

      async def run(self, stopped):
          while not stopped.is_set():
              try:
                  await self.round()
                  self.say_up()
              except Unavailable as error:
                  self.metrics.add("spira_redelivery_failures_total", 1, dependency=error.dependency)
                  self.say_down(error)
              self.last = time.monotonic()
              try:
                  await asyncio.wait_for(stopped.wait(), self.interval)
              except asyncio.TimeoutError:
                  pass
          await self.publisher.close()

      def say_down(self, error):
          if self.down.get(error.dependency) is None:
              log("%s: away: %s" % (error.dependency, error))
          self.down[error.dependency] = str(error)

      def say_up(self):
          for dependency in self.down:
              log("%s: back" % dependency)
          self.down = {}

      async def round(self):
          waiting = await self.mongodb(self.documents.waiting, self.age)
          tries = await self.mongodb(self.documents.tries)
          await self.mongodb(self.documents.forget, set(tries) - {i for i, _ in waiting})
          self.measure(waiting, tries)
          chosen = await self.choose(waiting, tries)
          if chosen:
              heard = await self.publisher.publish([(c[0], c[2], c[3]) for c in chosen])
              if heard:
                  await self.mongodb(self.documents.tried, heard)
              for inference, reason, _, _ in chosen:
                  if inference in heard:
                      self.metrics.add("spira_inferences_redelivered_total", 1, reason=reason)
              self.metrics.add("spira_redelivery_unheard_total", len(chosen) - len(heard))
              log("published again: %d of %d waiting%s" % (
                  len(heard), len(waiting),
                  "" if len(heard) == len(chosen) else "; nobody listened for %d" % (len(chosen) - len(heard)),
              ))  # fmt: skip
          await self.count()
          self.metrics.set("spira_redelivery_last_round_timestamp_seconds", time.time())

      async def choose(self, waiting, tries):
          """What to publish now, oldest first: (id, reason, channel, message)."""
          # What is only late must not be done twice while there is much to do.
          late = len(waiting) * PER_WAITING
          old = utc() - datetime.timedelta(seconds=self.age + late)
          recent = utc() - datetime.timedelta(seconds=self.age)
          ids = {i for i, _ in waiting}
          in_flight = sum(1 for i, t in tries.items() if i in ids and t.get("sent", recent) > recent)
          chosen, without = [], 0
          for inference, reason in waiting:
              attempts = tries.get(inference, {}).get("attempts", 0)
              due = tries.get(inference, {}).get("next", old) <= utc()
              if in_flight + len(chosen) >= self.max_in_flight:
                  break
              if inference.generation_time > old or attempts >= self.max_attempts or not due:
                  continue
              if not await self.ask("object-store", self.recordings.complete, inference):
                  without += 1
                  continue
              message = await self.mongodb(self.documents.message, inference)
              if not message:
                  without += 1
                  continue
              pause = min(LONGEST, self.backoff * 2 ** min(attempts, 20)) + late
              if await self.mongodb(self.documents.claim, inference, pause):
                  chosen.append((inference, reason) + message)
          self.metrics.set("spira_inferences_unrecoverable", without)
          return chosen

      def measure(self, waiting, tries):
          reasons = [reason for _, reason in waiting]
          set_ = self.metrics.set
          set_("spira_inferences_waiting", reasons.count("processing"))
          set_("spira_results_missing", reasons.count("result"))
          oldest = waiting[0][0].generation_time if waiting else utc()
          set_("spira_inference_oldest_waiting_seconds", max(0, (utc() - oldest).total_seconds()))
          ids = {i for i, _ in waiting}
          given_up = [i for i, t in tries.items() if i in ids and t.get("attempts", 0) >= self.max_attempts]
          set_("spira_inferences_given_up", len(given_up))

      async def count(self):
          """Counting all reads an index from end to end, so it is done once in a while."""
          if time.monotonic() - self.counted < 30:
              return
          for status in ("processing", "completed"):
              self.metrics.set("spira_inferences", await self.mongodb(self.documents.count, status), status=status)
          self.counted = time.monotonic()


  def declared():
      metrics = Metrics()
      gauge, counter = metrics.gauge, metrics.counter
      gauge("spira_inferences", "Inferences in MongoDB, by status.")
      gauge("spira_inferences_waiting", "Acknowledged inferences that are processing past the age.")
      gauge("spira_inference_oldest_waiting_seconds", "Age of the oldest inference that waits; 0 if none does.")
      gauge("spira_results_missing", "Completed inferences whose result is not available.")
      gauge("spira_inferences_given_up", "Waiting inferences that were tried as often as allowed.")
      words = "Waiting inferences without recordings or model, seen in the last round."
      gauge("spira_inferences_unrecoverable", words)
      counter("spira_inferences_redelivered_total", "Requests published again and taken, by reason.")
      counter("spira_redelivery_unheard_total", "Requests published again while nobody listened.")
      counter("spira_redelivery_failures_total", "Rounds that failed, by what was away.")
      gauge("spira_redelivery_last_round_timestamp_seconds", "When a round last went through.")
      for reason in ("processing", "result"):
          metrics.add("spira_inferences_redelivered_total", 0, reason=reason)
      for dependency in ("mongodb", "nats", "object-store"):
          metrics.add("spira_redelivery_failures_total", 0, dependency=dependency)
      metrics.add("spira_redelivery_unheard_total", 0)
      return metrics


  async def main():
      found = settings()
      redelivery = Redelivery(found)
      stopped = asyncio.Event()
      # As process 1 of its container a program without a handler would ignore SIGTERM.
      for name in (signal.SIGTERM, signal.SIGINT):
          asyncio.get_event_loop().add_signal_handler(name, stopped.set)
      port = serve(redelivery.metrics, found["REDELIVERY_PORT"], redelivery.alive)
      log("watching: age %d s, every %d s; metrics on port %d" % (redelivery.age, redelivery.interval, port))
      await redelivery.run(stopped)
      log("stopped")


  if len(sys.argv) != 1:
      sys.exit(__doc__)
  asyncio.run(main())
wait.py: |
  """Waits until what SPIRA's program needs at its start is there, then exits 0.

  usage: wait.py SECONDS DEPENDENCY...

  A dependency is mongodb, object-store, nats, postgresql, mlflow or model. Each is asked every few
  seconds, each answer is logged, and after SECONDS in all the script gives up with 1, so that the
  pod's status shows it. Where to ask comes from the variables that the program itself reads.
  """

  import http.client
  import json
  import os
  import socket
  import struct
  import sys
  import time
  from urllib.error import HTTPError
  from urllib.parse import urlencode, urlsplit
  from urllib.request import urlopen

  PAUSE = 3  # seconds between two questions
  PATIENCE = 5  # seconds for one answer


  class NotReady(Exception):
      """The dependency answers, but cannot serve yet."""


  def mongodb():
      """A primary accepts our login. Only the driver knows how to find one."""
      from pymongo import MongoClient

      client = MongoClient(os.environ["M_CONN_URL"], serverSelectionTimeoutMS=PATIENCE * 1000)
      try:
          client.admin.command("ping")
      finally:
          client.close()


  def object_store():
      """MinIO can write. Another store knows nothing of this path and answers 403 or 404.

      A store that answers 503 would silence the API server for a minute a try.
      """
      connection = http.client.HTTPConnection(os.environ["minio_conn_url"], timeout=PATIENCE)
      try:
          connection.request("GET", "/minio/health/cluster")
          status = connection.getresponse().status
      finally:
          connection.close()
      if status >= 500:
          raise NotReady("answers %d" % status)


  def nats():
      """NATS greets a new client, as it does before any login."""
      url = urlsplit(os.environ["nats_conn_url"])
      with socket.create_connection((url.hostname, url.port or 4222), timeout=PATIENCE) as connection:
          if connection.recv(5) != b"INFO ":
              raise NotReady("%s does not speak NATS" % url.hostname)


  def postgresql():
      """PostgreSQL answers a client that asks for TLS, as it does before any login."""
      host, port = os.environ["PGHOST"], int(os.environ.get("PGPORT", "5432"))
      with socket.create_connection((host, port), timeout=PATIENCE) as connection:
          connection.sendall(struct.pack("!ii", 8, 80877103))
          if connection.recv(1) not in (b"S", b"N"):
              raise NotReady("%s does not speak PostgreSQL" % host)


  def mlflow():
      """MLflow serves. It asks its database at its start, so then that was there too."""
      with urlopen("%s/health" % os.environ["mlflow_conn_url"], timeout=PATIENCE):
          pass


  def model():
      """The registry has the version of the model that the inference server will load."""
      _, name, version = os.environ["model_path"].split("/")
      if version.isdigit():
          found = [registry("model-versions/get", name=name, version=version)["model_version"]]
      elif version == "latest":
          found = latest_versions(name=name)
      else:
          found = latest_versions(name=name, stages=version)
      if not any(item.get("status", "READY") == "READY" for item in found):
          raise NotReady("model %s has no version that is %s" % (name, version))


  def latest_versions(**query):
      return registry("registered-models/get-latest-versions", **query).get("model_versions", [])


  def registry(path, **query):
      url = "%s/api/2.0/mlflow/%s?%s" % (os.environ["mlflow_conn_url"], path, urlencode(query))
      try:
          with urlopen(url, timeout=PATIENCE) as answer:
              return json.load(answer)
      except HTTPError as error:
          raise NotReady("%s: %s" % (error, error.read(300).decode(errors="replace").strip()))


  # What to ask, and which value says where.
  DEPENDENCIES = {
      "mongodb": (mongodb, "global.connections.mongodb"),
      "object-store": (object_store, "global.connections.objectStore"),
      "nats": (nats, "global.connections.nats"),
      "postgresql": (postgresql, "global.connections.postgresql"),
      "mlflow": (mlflow, "global.connections.mlflow"),
      "model": (model, "global.connections.mlflow and global.model"),
  }


  def log(text):
      print(text, flush=True)


  def wait(name, deadline):
      ask, values = DEPENDENCIES[name]
      while True:
          try:
              ask()
          except Exception as error:  # Whatever it is, the answer is the same: ask again.
              reason = "%s: %s" % (type(error).__name__, error)
          else:
              log("%s: ready" % name)
              return
          if time.monotonic() + PAUSE > deadline:
              sys.exit("%s: gave up: %s (see %s in the values)" % (name, reason, values))
          log("%s: not ready: %s" % (name, reason))
          time.sleep(PAUSE)


  def main(arguments):
      if len(arguments) < 2 or not set(arguments[1:]) <= set(DEPENDENCIES):
          sys.exit(__doc__)
      deadline = time.monotonic() + float(arguments[0])
      for name in arguments[1:]:
          wait(name, deadline)


  main(sys.argv[1:])
{{ end }}
