"""The experiment's log: a JSON object a line, appended before and after each step.

A line is in the kernel's hands before the step it announces is taken, so a program that is killed
loses an outcome at most, and a post without one is known as *unknown*. It is on the disk a second
later, against the death of the machine.

Events: `run` (settings), `phase`, `invoke` (post, key, age), `ok` (post, id, user, seconds), `fail`
(post, status, words), `unknown` (post, words), `completed` (post), `probe`, `fault` (asked
for), `hit` (a pod that is gone), `unready` and `ready` (of a target's pods), `invalid` (words), `model`,
`end`.
"""

import json
import os
import threading
import time


class LogFull(Exception):
    """The log cannot be written: nothing may be posted that it would not know."""


class Log:
    """Appends. Safe between threads."""

    def __init__(self, path):
        self.path = path
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.lock = threading.Lock()
        self.dirty = False
        self.closed = threading.Event()
        self.error = None
        if os.fstat(self.file).st_size and not ends_whole(path):
            os.write(self.file, b"\n")  # What a kill cut off stays a line of its own.
        self.thread = threading.Thread(target=self.keep_synced, daemon=True)
        self.thread.start()

    def write(self, event, **fields):
        line = json.dumps(dict(fields, event=event, time=round(time.time(), 3))).encode() + b"\n"
        with self.lock:
            try:
                if os.write(self.file, line) != len(line):
                    raise OSError("the disk is full")
            except OSError as error:
                self.error = "%s: %s" % (self.path, error)
                raise LogFull(self.error)
            self.dirty = True

    def keep_synced(self):
        while not self.closed.wait(1):
            self.sync()

    def sync(self):
        if self.dirty:
            self.dirty = False
            try:
                os.fsync(self.file)
            except OSError as error:
                self.error = "%s: %s" % (self.path, error)

    def close(self):
        self.closed.set()
        self.thread.join()
        self.sync()
        os.close(self.file)


def ends_whole(path):
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


class Post:
    """What the log knows of one post."""

    __slots__ = ("number", "phase", "key", "age", "invoked", "outcome", "ended", "id", "user", "words", "completed",
                 "class_")  # fmt: skip

    def __init__(self, event, phase):
        self.number, self.key, self.age = event["post"], event["key"], event["age"]
        self.phase, self.invoked = phase, event["time"]
        self.outcome, self.ended, self.words = "unknown", None, "the log ends before an outcome"
        self.id = self.user = self.completed = self.class_ = None

    def end(self, event):
        self.outcome, self.ended = event["event"], event["time"]
        self.id, self.user = event.get("id"), event.get("user")
        self.words = event.get("words", "")


class Run:
    """A run as its log tells it."""

    def __init__(self):
        self.id, self.settings, self.began = None, {}, None
        self.posts, self.phases, self.faults, self.hits = {}, [], [], []
        self.probes, self.unready, self.ready, self.invalid, self.torn = [], [], [], [], 0
        self.model, self.ended, self.last = None, False, None

    @property
    def phase(self):
        return self.phases[-1][0] if self.phases else ""

    def span(self, name):
        """When a phase began and ended; None if it did not begin."""
        for at, (phase, since) in enumerate(self.phases):
            if phase == name:
                return since, self.phases[at + 1][1] if at + 1 < len(self.phases) else None
        return None

    def add(self, event):
        kind = event["event"]
        self.last = event["time"]
        if kind == "run":
            self.id, self.settings, self.began = event["run"], event["settings"], event["time"]
        elif kind == "phase":
            self.phases.append((event["phase"], event["time"]))
        elif kind == "invoke":
            self.posts[event["post"]] = Post(event, self.phase)
        elif kind in ("ok", "fail", "unknown"):
            self.posts[event["post"]].end(event)
        elif kind == "completed":
            self.posts[event["post"]].completed = event["time"]
        elif kind == "model":
            self.model = event["model"]
        elif kind == "end":
            self.ended = True
        elif kind == "invalid":
            self.invalid.append(event["words"])
        else:
            lists = {"probe": self.probes, "fault": self.faults, "hit": self.hits}
            lists.update(unready=self.unready, ready=self.ready)
            lists.get(kind, []).append(event)


def read(path):
    """The run of a log. A line that a kill has cut is counted and passed over."""
    run = Run()
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                event = json.loads(line)
                run.add(event)
            except (ValueError, KeyError, TypeError):
                run.torn += 1
    return run
