"""Kubernetes' API, with the rights of the pod's service account, and a watch over the targets' pods."""

import json
import os
import ssl
import threading
import time
from urllib.parse import quote

from experiment_http import Client, Cut, NotSent, words
from experiment_log import LogFull

TIMEOUT = 10  # seconds for one answer, and for asking again
INTERVAL = 1  # seconds between two looks at the pods
PAUSE = "experiment.chaos-mesh.org/pause"
CHAOS = "/apis/chaos-mesh.org/v1alpha1"
# Faults that Chaos Mesh makes of pods, by the plural of their kind.
KINDS = ("podchaos", "networkchaos", "iochaos", "stresschaos", "dnschaos", "timechaos", "httpchaos")
ONE_SHOT = ("pod-kill", "container-kill")  # without an end: injected is over


class ClusterError(Exception):
    """Kubernetes' API cannot be asked, or does not let us."""


class Forbidden(ClusterError):
    """The service account lacks a right. Asking again will not help."""


class Busy(ClusterError):
    """It may work in a moment."""


class Cluster:
    def __init__(self, settings):
        directory = settings.service_account
        try:
            context = ssl.create_default_context(cafile=os.path.join(directory, "ca.crt"))
        except OSError as error:  # An SSLError is one.
            raise ClusterError("%s/ca.crt: %s" % (directory, words(error)))
        self.client = Client(settings.kubernetes, TIMEOUT, context)
        self.token = os.path.join(directory, "token")
        self.namespace = quote(settings.namespace)

    def ask(self, method, path, body=None, kind="application/json"):
        """The JSON answer; None for 404. What Kubernetes cannot do just now is asked again for a while."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                return self.ask_once(method, path, body, kind)
            except Busy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def ask_once(self, method, path, body, kind):
        with open(self.token, encoding="ascii") as file:  # It is renewed on the disk.
            head = {"Authorization": "Bearer " + file.read().strip(), "Content-Type": kind}
        data = (json.dumps(body).encode(),) if body is not None else ()
        what = "Kubernetes' API: %s %s" % (method, path)
        try:
            status, answer = self.client.request(method, path, data, head)
        except NotSent as error:
            raise Busy("%s: %s" % (what, error))
        except Cut as error:
            raise ClusterError("%s: %s" % (what, error))
        if status == 404:
            return None
        if status == 403:
            raise Forbidden("Kubernetes' API: a right is missing: %s" % message(answer))
        if status not in (200, 201, 202):
            kind = Busy if status == 429 or status >= 500 else ClusterError
            raise kind("%s: %d: %s" % (what, status, message(answer)))
        try:
            return json.loads(answer)
        except ValueError:
            raise ClusterError("%s: not JSON: %s" % (what, words(answer)))

    def pods(self):
        found = self.ask("GET", "/api/v1/namespaces/%s/pods" % self.namespace)
        return found["items"] if found else []

    def delete_pod(self, pod):
        """Kills a pod; whether it was there. Never one of the same name that came after it."""
        meta = pod["metadata"]
        path = "/api/v1/namespaces/%s/pods/%s" % (self.namespace, quote(meta["name"]))
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
        body["preconditions"] = {"uid": meta["uid"]}
        try:
            return self.ask("DELETE", path, body) is not None
        except ClusterError as error:
            if ": 409: " in str(error):
                return False
            raise

    def chaos(self, plural):
        """Chaos Mesh's objects of a kind; none where it is not installed."""
        found = self.ask("GET", "%s/namespaces/%s/%s" % (CHAOS, self.namespace, plural))
        return found["items"] if found else []

    def schedule(self, name):
        return self.ask("GET", "%s/namespaces/%s/schedules/%s" % (CHAOS, self.namespace, quote(name)))

    def pause(self, name, paused):
        """Stops a Schedule from making faults, or lets it; whether there is one of this name."""
        path = "%s/namespaces/%s/schedules/%s" % (CHAOS, self.namespace, quote(name))
        body = {"metadata": {"annotations": {PAUSE: "true" if paused else None}}}
        return self.ask("PATCH", path, body, "application/merge-patch+json") is not None

    def active_chaos(self):
        """What makes faults now, in words."""
        active = [
            "Schedule %s is not paused" % item["metadata"]["name"]
            for item in self.chaos("schedules")
            if not is_paused(item)
        ]
        for plural in KINDS:
            going = [item for item in self.chaos(plural) if is_active(item)]
            active += ["%s %s is active" % (item["kind"], item["metadata"]["name"]) for item in going]
        return active


def message(answer):
    """What a Status says."""
    try:
        return words(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        return words(answer)


def is_paused(item):
    return (item["metadata"].get("annotations") or {}).get(PAUSE) == "true"


def records(item):
    return ((item.get("status") or {}).get("experiment") or {}).get("containerRecords") or []


def is_active(item):
    """Whether a fault is under way or about to be, as Chaos Mesh itself judges it.

    Past ones are kept. A one-shot fault is over when all is injected; another when it is to stop
    and nothing is injected any more.
    """
    phases = [record.get("phase", "") for record in records(item)]
    if item["spec"].get("action") in ONE_SHOT:
        return not phases or any(phase != "Injected" for phase in phases)
    stopped = ((item.get("status") or {}).get("experiment") or {}).get("desiredPhase") == "Stop"
    injected = any(not phase.startswith("Not Injected") for phase in phases)
    return injected or not (stopped or is_paused(item))


def is_ready(pod):
    conditions = (pod.get("status") or {}).get("conditions") or []
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def selected(pods, target):
    """The target's pods that have not run to their end."""
    wanted = dict(label.split("=", 1) for label in target["labels"].split(","))
    return [
        pod
        for pod in pods
        if wanted.items() <= (pod["metadata"].get("labels") or {}).items()
        and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]


def not_ready(pods, targets):
    """What lacks, in words: each target has its pods at least, and all it has are ready."""
    lacking = []
    for target in targets:
        own, component = selected(pods, target), target["component"]
        ready = sum(map(is_ready, own))
        if ready < max(target["pods"], len(own)):
            value = "experiment.targets.%s.pods" % camel(component)
            words = "%s: %d of %d pods are ready, and %d must be (labels %s; %s in the values)"
            lacking.append(words % (component, ready, len(own), target["pods"], target["labels"], value))
    return lacking


def camel(component):
    """A component as the chart's values write it."""
    first, *more = component.split("-")
    return first + "".join(word.capitalize() for word in more)


class Watch:
    """Looks at the targets' pods each second and logs whose UID is gone, and who is ready again.

    A pod that is to be deleted counts as gone at once: nothing brings it back.
    """

    def __init__(self, cluster, targets, log):
        self.cluster, self.targets, self.log = cluster, targets, log
        self.known = {}  # component -> UID -> name
        self.down = set()
        self.wanted = {}  # component -> pods that it had at the start
        self.injected = set()
        self.seen = {}  # component -> number of pods that were hit
        self.stopped = threading.Event()
        self.thread = None

    def start(self):
        self.look()
        self.seen.clear()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped.wait(INTERVAL):
            try:
                self.look()
            except ClusterError:
                pass  # Pods that go meanwhile are missed at the next look.
            except LogFull:
                return

    def stop(self):
        if self.thread:
            self.stopped.set()
            self.thread.join()
            self.thread = None

    def look(self):
        pods = self.cluster.pods()
        for target in self.targets:
            component = target["component"]
            own = selected(pods, target)
            metas = [pod["metadata"] for pod in own]
            there = {meta["uid"]: meta["name"] for meta in metas if not meta.get("deletionTimestamp")}
            for uid in set(self.known.get(component, {})) - set(there):
                self.hit(component, self.known[component][uid], uid, "gone")
            self.known[component] = there
            if sum(map(is_ready, own)) < self.wanted.setdefault(component, len(own)):
                if component not in self.down:
                    self.log.write("unready", component=component)
                self.down.add(component)
            elif component in self.down:
                self.down.discard(component)
                self.log.write("ready", component=component)

    def hit(self, component, pod, uid, how):
        self.seen[component] = self.seen.get(component, 0) + 1
        self.log.write("hit", component=component, pod=pod, uid=uid, how=how)

    def look_at_chaos(self, old=False):
        """Faults that leave a pod its UID are known from the records that Chaos Mesh keeps of them.

        Those of earlier runs are there too: what is `old` is only remembered.
        """
        for plural in KINDS:
            for item in self.cluster.chaos(plural):
                if item["spec"].get("action") == "pod-kill":
                    continue
                for record in records(item):
                    name = (record["id"].split("/") + [""])[1]
                    mark = (item["metadata"]["uid"], record["id"], record.get("injectedCount", 0))
                    if record.get("injectedCount", 0) > 0 and mark not in self.injected:
                        self.injected.add(mark)
                        if not old:
                            self.injected_into(name, item["kind"])

    def injected_into(self, name, kind):
        for component, pods in self.known.items():
            for uid, pod in pods.items():
                if pod == name:
                    self.hit(component, pod, uid, kind)
