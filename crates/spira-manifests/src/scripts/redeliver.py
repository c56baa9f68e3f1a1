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
