"""Shows whether SPIRA completes all inferences that it acknowledged, while its pods are killed.

usage: experiment.py              the whole experiment
       experiment.py load         the load generator alone
       experiment.py check LOG    the checker alone, on the log of a run that may have been cut short

What to do comes from variables (experiment_settings.py). Exit: 0 it is shown, 1 it is refuted,
2 the run is not valid and shows nothing. The last line on standard output is the verdict as JSON.
"""

import json
import os
import signal
import sys
import threading
import time

from experiment_checker import CannotCheck, Checker
from experiment_cluster import Cluster, ClusterError, Forbidden, Watch, not_ready
from experiment_faults import pick
from experiment_generator import Generator
from experiment_http import Client, Cut, NotSent, Refused
from experiment_log import Log, LogFull, read
from experiment_report import Report
from experiment_settings import BadSettings, read as read_settings
from experiment_verdict import EXIT, INVALID

SAY = 10  # seconds between two lines of progress
LOG = "log.jsonl"


class Invalid(Exception):
    """The run cannot show anything, and why."""


class Interrupted(Invalid):
    """We were told to end."""


def say(text):
    print(text, flush=True)


class Experiment:
    def __init__(self, settings, path):
        self.settings = settings
        self.log = Log(path)
        self.name = "spira-%d-%06x" % (time.time(), settings.seed & 0xFFFFFF)
        self.client = Client(settings.base, settings.timeout)
        self.generator = Generator(settings, self.client, self.log, self.name)
        self.cluster = Cluster(settings) if settings.kubernetes else None
        self.watch = Watch(self.cluster, settings.targets, self.log)
        self.faults = pick(settings, self.cluster, self.watch, self.log)
        self.stopped = threading.Event()

    def interrupt(self, number, _):
        self.words = "interrupted by %s" % signal.Signals(number).name
        self.stopped.set()

    def start(self, phase):
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self.interrupt)
        self.log.write("run", run=self.name, settings=self.settings.public())
        say("run %s, seed %d, log %s" % (self.name, self.settings.seed, self.log.path))
        self.log.write("phase", phase=phase)

    def conduct(self):
        """All phases. Whatever happens, the faults are stopped."""
        self.start("before")
        try:
            self.before()
            self.baseline("baseline", self.settings.baseline)
            if self.settings.control:
                self.baseline("control", self.settings.duration)
            self.during()
            self.log.write("phase", phase="quiescence")
        except (Invalid, ClusterError, LogFull) as error:
            self.invalid(str(error))
        finally:
            self.end_faults()
            self.generator.stop()
        self.generator.close()

    def invalid(self, words):
        say("invalid: %s" % words)
        try:
            self.log.write("invalid", words=words)
        except LogFull:
            pass  # It is what is invalid.

    def end_faults(self):
        try:
            self.faults.stop()
        except (ClusterError, LogFull) as error:
            self.invalid(str(error))

    def before(self):
        """Everything is there, and nothing disturbs it."""
        if self.cluster:
            self.until_ready()
            active = self.cluster.active_chaos()
            if active:
                raise Invalid("chaos is active before: %s" % "; ".join(active))
            missing = self.faults.missing()
            if missing:
                words = "there is no Schedule %s in namespace %s"
                raise Invalid(words % (", ".join(missing), self.settings.namespace))
            self.watch.start()
        try:
            self.generator.prepare()
        except (NotSent, Cut, Refused) as error:
            raise Invalid("the API at %s does not answer as it should: %s" % (self.settings.base, error))
        self.log.write("model", model=self.generator.model)

    def until_ready(self):
        """Pods may be starting still; they have as long as the baseline takes."""
        deadline = time.monotonic() + self.settings.baseline
        while True:
            lacking = not_ready(self.cluster.pods(), self.settings.targets)
            if not lacking:
                return
            if time.monotonic() > deadline:
                raise Invalid("targets are not ready: %s" % "; ".join(lacking))
            self.pause(1)

    def pause(self, seconds):
        if self.stopped.wait(seconds):
            raise Interrupted(self.words)

    def baseline(self, phase, seconds):
        """Posts without faults: each must be acknowledged and completed, and no pod may go."""
        self.hold(phase, seconds)
        self.generator.stop()
        deadline = time.monotonic() + self.settings.quiescence
        while self.generator.waiting and time.monotonic() < deadline:
            self.pause(0.5)
        counts = self.generator.counts
        if counts["ok"] == 0:
            raise Invalid("no steady state in the %s: nothing was acknowledged" % phase)
        if counts["fail"] + counts["unknown"]:
            failed = counts["fail"] + counts["unknown"]
            words = "no steady state in the %s: %d of %d posts failed"
            raise Invalid(words % (phase, failed, sum(counts.values())))
        if self.generator.waiting:
            words = "no steady state in the %s: %d acknowledged inferences are not completed after %d s"
            raise Invalid(words % (phase, len(self.generator.waiting), self.settings.quiescence))
        if self.watch.seen:
            gone = ", ".join("%s %d" % one for one in sorted(self.watch.seen.items()))
            raise Invalid("no steady state in the %s: pods went without our doing: %s" % (phase, gone))

    def during(self):
        self.faults.start()
        self.hold("faults", self.settings.duration, self.faults.step)
        self.end_faults()
        self.generator.stop()

    def hold(self, phase, seconds, step=lambda: None):
        """A phase under load."""
        self.log.write("phase", phase=phase)
        self.generator.start()
        end = time.monotonic() + seconds
        said = time.monotonic()
        while time.monotonic() < end:
            self.pause(0.1)
            if self.log.error:
                raise LogFull(self.log.error)
            if self.generator.recent.too_many():
                words = "aborted: more than %d %% of the posts of the last minute failed (EXPERIMENT_ABORT_PERCENT)"
                raise Invalid(words % self.settings.abort_percent)
            try:
                step()
            except Forbidden:
                raise
            except ClusterError as error:  # Kubernetes may be disturbed too, for a while.
                say("%s: %s" % (phase, error))
            if time.monotonic() - said >= SAY:
                said = time.monotonic()
                self.tell(phase, seconds - (end - said), seconds)

    def tell(self, phase, done, seconds):
        counts, hits = self.generator.counts, sorted(self.watch.seen.items())
        words = "%s: %d of %d s: %d acknowledged, %d failed, %d unknown, %d not completed yet%s"
        pods = "; pods hit: " + ", ".join("%s %d" % hit for hit in hits) if hits else ""
        failed, unknown = counts["fail"], counts["unknown"]
        say(words % (phase, done, seconds, counts["ok"], failed, unknown, len(self.generator.waiting), pods))


def experiment(settings):
    path = os.path.join(settings.directory, LOG)
    old = read(path) if os.path.exists(path) else None
    if old and old.id and not old.ended:
        return resume(settings, path, old)
    if old:
        os.replace(path, os.path.join(settings.directory, "log-%s.jsonl" % (old.id or int(time.time()))))
    running = Experiment(settings, path)
    running.conduct()
    try:
        if running.stopped.is_set():
            # There may be seconds left only. The next start checks what this one has posted.
            report = Report(read(path), "interrupted before the check")
        else:
            report = check(settings, path, running.log)
    finally:
        running.watch.stop()
    return finish(report, settings.directory)


def resume(settings, path, old):
    """A run of ours was killed: what it left is cleaned up, and its posts are checked."""
    say("run %s was cut short in phase %r: its posts are checked" % (old.id, old.phase))
    if settings.faults == "chaos-mesh" and old.span("faults"):
        log = Log(path)
        faults = pick(settings, Cluster(settings), None, log)
        faults.running = True
        faults.stop()
        log.close()
    return finish(check(settings, path), settings.directory)


def check(settings, path, log=None):
    """Waits until the posts of a log came to their end, and classes them."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: sys.exit(EXIT[INVALID]))  # The log is good for another check.
    run, log = read(path), log or Log(path)
    if not run.span("quiescence"):
        if not run.invalid:
            log.write("invalid", words="the run was cut short in phase %r" % run.phase)
        log.write("phase", phase="quiescence")
    checker, problem = Checker(settings, Client(settings.base, settings.timeout), run, log), None
    if run.posts:
        say("waiting until nothing more completes, for %d s at most" % settings.quiescence)
        try:
            checker.settle()
        except CannotCheck as error:
            problem = str(error)
    checker.run = run = read(path)  # Pods have come back meanwhile.
    if problem is None:
        checker.classify()
    report = Report(run, problem, checker.still_falling)
    log.write("end", verdict=report.verdict)
    return report


def load(settings):
    """The load generator alone: no watch, no faults, no check. A signal ends it before its time."""
    path = os.path.join(settings.directory, LOG)
    if os.path.exists(path):
        sys.exit("%s is there already: check it, or take another EXPERIMENT_DIRECTORY" % path)
    running = Experiment(settings, path)
    running.start("load")
    try:
        running.generator.prepare()
        running.log.write("model", model=running.generator.model)
        try:
            running.hold("load", settings.duration)
        except Interrupted as end:
            say(str(end))
        running.generator.stop()
        running.log.write("phase", phase="quiescence")
    except (Invalid, LogFull, NotSent, Cut, Refused) as error:
        running.invalid(str(error))
    running.generator.stop()
    running.generator.close()
    running.tell("load", settings.duration, settings.duration)
    running.log.close()
    return 0 if running.generator.counts["ok"] else EXIT[INVALID]


def finish(report, directory):
    try:
        report.write(directory)
    except OSError as error:
        say("the report could not be written: %s" % error)
    say(report.text())
    say(json.dumps(report.summary()))
    return EXIT[report.verdict]


def refuse(words):
    say(words)
    say(json.dumps({"verdict": INVALID, "reasons": str(words).splitlines()}))
    return EXIT[INVALID]


def main(arguments):
    if arguments not in ([], ["load"]) and not (len(arguments) == 2 and arguments[0] == "check"):
        sys.exit(__doc__)
    try:
        settings = read_settings(os.environ, faults=not arguments)
        if arguments[:1] == ["check"]:
            path = arguments[1]
            if not os.path.isfile(path) or read(path).id is None:
                return refuse("%s is not the log of a run" % path)
            return finish(check(settings, path), os.path.dirname(path) or ".")
        os.makedirs(settings.directory, exist_ok=True)
        return load(settings) if arguments else experiment(settings)
    except (BadSettings, ClusterError, LogFull, OSError) as error:
        return refuse(str(error))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
