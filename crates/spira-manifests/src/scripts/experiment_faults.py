"""The faults: who makes them, how they begin, and that they end."""

import random
import time

from experiment_cluster import ClusterError, is_paused, is_ready, selected

PATIENCE = 60  # seconds to pause a Schedule while Kubernetes' API fails


class NoFaults:
    """The run is its own control."""

    def start(self):
        pass

    def step(self):
        pass

    def stop(self):
        pass

    def missing(self):
        return []


class DeletePods:
    """Kills one pod of each target, chosen at random, each interval."""

    def __init__(self, settings, cluster, watch, log):
        self.settings, self.cluster, self.watch, self.log = settings, cluster, watch, log
        self.random = random.Random(settings.seed)
        self.next = None

    def start(self):
        self.next = time.monotonic()

    def step(self):
        if self.next is None or time.monotonic() < self.next:
            return
        # What was missed is not made up for.
        self.next = max(self.next + self.settings.interval, time.monotonic())
        pods = self.cluster.pods()
        for target in self.settings.targets:
            own = sorted(selected(pods, target), key=lambda pod: pod["metadata"]["name"])
            # One that is down already would not feel it.
            own = [pod for pod in own if is_ready(pod)]
            if not own:
                self.log.write("fault", component=target["component"], words="no pod is ready to be killed")
                continue
            pod = self.random.choice(own)
            name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
            self.log.write("fault", component=target["component"], pod=name, uid=uid)
            self.cluster.delete_pod(pod)

    def stop(self):
        self.next = None

    def missing(self):
        return []


class ChaosMesh:
    """Lets the release's Schedules make their faults, and pauses them again."""

    def __init__(self, settings, cluster, watch, log):
        self.settings, self.cluster, self.watch, self.log = settings, cluster, watch, log
        self.running = False
        self.next = 0.0

    def missing(self):
        return [name for name in self.settings.schedules if self.cluster.schedule(name) is None]

    def start(self):
        self.watch.look_at_chaos(old=True)
        self.running = True
        for name in self.settings.schedules:
            self.log.write("fault", schedule=name, words="not paused any more")
            self.cluster.pause(name, False)

    def step(self):
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + 5
            self.watch.look_at_chaos()

    def stop(self):
        """Tries again for a while: a fault that goes on is worse than a late end."""
        if not self.running:
            return
        deadline = time.monotonic() + PATIENCE
        left = list(self.settings.schedules)
        while left:
            try:
                left = [name for name in left if not self.is_over(name)]
            except ClusterError as error:
                if time.monotonic() > deadline:
                    raise ClusterError("Schedules are not paused (%s): %s" % (", ".join(left), error))
                time.sleep(1)
        self.running = False

    def is_over(self, name):
        if self.cluster.pause(name, True):
            self.log.write("fault", schedule=name, words="paused")
            return is_paused(self.cluster.schedule(name) or {"metadata": {"annotations": {}}})
        return True  # It is gone.


def pick(settings, cluster, watch, log):
    if settings.faults == "none":
        return NoFaults()
    kind = {"delete-pods": DeletePods, "chaos-mesh": ChaosMesh}[settings.faults]
    return kind(settings, cluster, watch, log)
