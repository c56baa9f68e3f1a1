"""Parts of the experiment by themselves, each with what it must take and what it must not.

usage: experiment_parts.py DIRECTORY_OF_SCRIPTS
"""

import base64
import json
import os
import sys
import tempfile

sys.path.insert(0, sys.argv[1])

from experiment_checker import differences  # noqa: E402
from experiment_cluster import Cluster, ClusterError, Forbidden, Watch, is_active, not_ready  # noqa: E402
from experiment_generator import Pace, Recent, audio, sent  # noqa: E402
from experiment_http import UNKNOWN_LIFE, life  # noqa: E402
from experiment_log import Log, Post, read  # noqa: E402
from experiment_verdict import recoveries  # noqa: E402


def equal(found, wanted):
    assert found == wanted, "%r is not %r" % (found, wanted)


def chaos(action, phases, desired="Run", paused=False):
    records = [{"id": "spira/nats-0", "phase": phase, "injectedCount": 1} for phase in phases]
    annotations = {"experiment.chaos-mesh.org/pause": "true"} if paused else {}
    return {
        "kind": "Chaos",
        "metadata": {"uid": action, "name": action, "annotations": annotations},
        "spec": {"action": action},
        "status": {"experiment": {"desiredPhase": desired, "containerRecords": records}},
    }


def chaos_is_judged():
    # Past kills are kept by their Schedule: they are over once all are injected.
    equal(is_active(chaos("pod-kill", ["Injected"])), False)
    equal(is_active(chaos("pod-kill", ["Injected", "Not Injected"])), True)
    equal(is_active(chaos("pod-kill", [])), True)
    equal(is_active(chaos("delay", ["Injected"])), True)
    equal(is_active(chaos("delay", ["Not Injected"], "Stop")), False)
    equal(is_active(chaos("delay", ["Injected"], "Stop")), True)
    equal(is_active(chaos("delay", ["Not Injected"], paused=True)), False)
    equal(is_active(chaos("delay", ["Not Injected"])), True)


class FakeCluster:
    def __init__(self):
        self.objects = []

    def chaos(self, plural):
        return self.objects if plural == "networkchaos" else []

    def pods(self):
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        return [{"metadata": {"uid": "u0", "name": "nats-0", "labels": {"app": "nats"}}, "status": ready}]


def injections_are_hits(directory):
    log = Log(os.path.join(directory, "watch.jsonl"))
    cluster, target = FakeCluster(), {"component": "nats", "labels": "app=nats", "pods": 1}
    watch = Watch(cluster, [target], log)
    watch.look()
    cluster.objects = [chaos("delay", ["Injected"])]
    watch.look_at_chaos(old=True)
    watch.look_at_chaos()
    equal(watch.seen, {})  # It was there before.
    cluster.objects = [chaos("loss", ["Injected"])]
    watch.look_at_chaos()
    watch.look_at_chaos()
    equal(watch.seen, {"nats": 1})
    log.close()
    hits = read(log.path).hits
    equal([(hit["pod"], hit["uid"], hit["how"]) for hit in hits], [("nats-0", "u0", "Chaos")])
    equal(not_ready(cluster.pods(), [target]), [])
    (words,) = not_ready(cluster.pods(), [dict(target, pods=2)])
    assert words.startswith("nats: 1 of 1 pods are ready, and 2 must be"), words
    starting = cluster.pods() + [{"metadata": {"uid": "u1", "name": "nats-1", "labels": {"app": "nats"}}}]
    (words,) = not_ready(starting, [dict(target, component="nats-box")])
    assert "1 of 2 pods are ready, and 1 must be" in words and "experiment.targets.natsBox.pods" in words, words


def what_kubernetes_cannot_do_just_now_is_asked_again(directory):
    answers, asked = [], []

    class Client:
        def request(self, method, path, body, head):
            asked.append(head["Authorization"])
            return answers.pop(0)

    cluster = Cluster.__new__(Cluster)
    cluster.client, cluster.token = Client(), os.path.join(directory, "token")
    with open(cluster.token, "w", encoding="ascii") as file:
        file.write("t\n")
    answers[:] = [(429, b'{"message": "storage is starting"}'), (200, b"[]")]
    equal(cluster.ask("GET", "/"), [])
    equal(asked, ["Bearer t"] * 2)
    equal((answers.append((404, b"")), cluster.ask("GET", "/")), (None, None))
    for answer, kind in (((403, b'{"message": "no"}'), Forbidden), ((200, b"<html>"), ClusterError)):
        answers[:] = [answer, (200, b"[]")]
        try:
            cluster.ask("GET", "/")
            raise AssertionError("it was asked again")
        except kind as error:
            assert "no" in str(error), error


def recoveries_are_measured(directory):
    events, number = [], 0

    def event(time, event, **fields):
        events.append(dict(fields, event=event, time=time))

    def post(time, outcome, ended, completed=None):
        nonlocal number
        number += 1
        event(time, "invoke", post=number, key="k%d" % number, age=20)
        event(ended, outcome, post=number, id="i%d" % number, user="u")
        if completed:
            event(completed, "completed", post=number)

    event(0, "run", run="k", settings={"faults": "chaos-mesh", "targets": []})
    event(1, "phase", phase="baseline")
    post(2, "ok", 2.1, 3)
    event(90, "phase", phase="faults")
    event(100, "hit", component="nats", pod="nats-0", uid="u0", how="gone")
    event(100, "unready", component="nats")
    event(109, "ready", component="nats")
    post(101, "fail", 102)
    post(103, "ok", 103.2, 115)
    post(104, "ok", 104.2, 114)
    post(105, "unknown", 107)
    post(108, "ok", 108.2, 109)
    # Nothing recovers from this one.
    event(200, "hit", component="minio", pod="minio-0", uid="u1", how="gone")
    event(201, "hit", component="nats", pod="nats-1", uid="u2", how="gone")
    event(200, "unready", component="minio")
    post(202, "ok", 202.1)
    post(203, "ok", 203.1)
    post(204, "fail", 205)
    # A third is not felt, but for what the second has left.
    event(300, "hit", component="nats", pod="nats-2", uid="u3", how="gone")
    event(400, "phase", phase="quiescence")
    path = os.path.join(directory, "recoveries.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(json.dumps(e) + "\n" for e in sorted(events, key=lambda e: e["time"])))
    names = ("component", "posts_succeed_after_seconds", "backlog_steady_after_seconds", "pods_ready_after_seconds")
    found = [tuple(fault[name] for name in names) for fault in recoveries(read(path))]
    equal(found, [
        ("nats", 8.2, 14, 9), ("minio", None, None, None), ("nats", None, None, 0.0), ("nats", 0.0, None, 0.0),
    ])  # fmt: skip


def tokens_say_how_long_they_live():
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1900}).encode()).decode().rstrip("=")
    equal(life("head.%s.sign" % claims, 100), 1800)
    equal(life("head.%s.sign" % claims, 5000), 1)
    equal(life("opaque", 100), UNKNOWN_LIFE)


def failures_of_a_minute_count():
    recent = Recent(50)
    for second in range(9):
        recent.add(True, second)
    equal(recent.too_many(), False)  # Too few to say.
    recent.add(True, 9)
    equal(recent.too_many(), True)
    for second in range(10):
        recent.add(False, 65 + second / 10.0)
    equal(recent.too_many(), False)
    never = Recent(100)
    for second in range(50):
        never.add(True, second)
    equal(never.too_many(), False)


def what_was_missed_is_not_made_up_for():
    pace = Pace(10)
    first = pace.due()
    assert 0.09 < pace.due() - first < 0.2
    pace.next -= 100
    late = pace.due()
    assert pace.due() - late >= 0.09


def fields_are_compared():
    post = Post({"post": 1, "key": "k", "age": 33, "time": 0}, "faults")
    document = dict(sent("k", 33, "m"), age=33, hospitalized=True, last_positive_diagnose_date=None, more="x")
    equal(differences(post, document, "m"), [])
    equal(differences(post, dict(document, age=34, bpm=None), "m"), ["bpm", "age"])
    equal(differences(post, dict(document, model_id="n"), "m"), ["model_id"])


def audio_is_a_file():
    import io
    import wave

    with wave.open(io.BytesIO(audio(0.5, 1))) as file:
        equal((file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()), (1, 2, 16000, 8000))


with tempfile.TemporaryDirectory() as directory:
    chaos_is_judged()
    injections_are_hits(directory)
    what_kubernetes_cannot_do_just_now_is_asked_again(directory)
    recoveries_are_measured(directory)
    tokens_say_how_long_they_live()
    failures_of_a_minute_count()
    what_was_missed_is_not_made_up_for()
    fields_are_compared()
    audio_is_a_file()
print("well")
