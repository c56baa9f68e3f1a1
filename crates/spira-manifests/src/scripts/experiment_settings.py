"""The experiment's settings: environment variables, all checked before anything is done."""

import json
import os
import random
import re
from urllib.parse import urlsplit

MOST_POSTS = 50000  # of one run: the checker needs about 3 KiB for each
FAULTS = ("chaos-mesh", "delete-pods", "none")
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
LABEL = re.compile(r"^[A-Za-z0-9./_-]+=[A-Za-z0-9._-]*$")
# What SPIRA is made of. A target that is none of these is a mistake in writing.
COMPONENTS = (
    "api-server", "inference-server", "minio", "mlflow", "mongodb", "nats", "postgresql", "redelivery",
)  # fmt: skip


class BadSettings(Exception):
    """One line for each variable that is wrong: its name, its value, and what would be right."""


class Settings:
    """What the run is to be. Fields are set by `read`."""

    def public(self):
        """What may be written down: all but the password."""
        return {k: v for k, v in sorted(vars(self).items()) if k not in ("password", "service_account")}


class Reader:
    def __init__(self, environment):
        self.environment = environment
        self.problems = []

    def wrong(self, name, right):
        self.problems.append("%s is %r: %s is needed" % (name, self.environment.get(name, ""), right))

    def is_wrong(self, name):
        return any(problem.startswith(name + " ") for problem in self.problems)

    def text(self, name, right, accept=bool, default=""):
        value = self.environment.get(name) or default
        if not accept(value):
            self.wrong(name, right)
        return value

    def number(self, name, least, most, default, kind=int):
        """A decimal has digits and a point only: no `inf`, no `1e9`."""
        text = self.environment.get(name) or str(default)
        pattern = r"[0-9]{1,9}" if kind is int else r"[0-9]{1,9}(\.[0-9]{1,9})?"
        value = kind(text) if re.fullmatch(pattern, text, re.ASCII) else None
        if value is None or value > most or value < least or (kind is float and value <= 0):
            whole = "a whole number from %d to %d" % (least, most)
            self.wrong(name, whole if kind is int else "a decimal above 0 and up to %d" % most)
            return default
        return value

    def lines(self, name, right, accept, parse):
        """One item a line; a JSON list is taken too."""
        text = self.environment.get(name, "").strip()
        try:
            lines = [line.strip() for line in text.splitlines()]
            lines = [line for line in lines if line and not line.startswith("#")]
            value = json.loads(text) if text.startswith("[") else [parse(line) for line in lines]
        except ValueError:
            value = None
        if value is None or not all(accept(item) for item in value):
            self.wrong(name, right)
            return []
        return value


def is_base(url):
    try:
        parts = urlsplit(url)
        port, path = parts.port != 0, parts.path in ("", "/")
        return parts.scheme in ("http", "https") and bool(parts.hostname) and port and path
    except ValueError:  # A port that is none.
        return False


def is_name(item):
    return isinstance(item, str) and bool(NAME.match(item))


def is_target(item):
    return (
        isinstance(item, dict)
        and set(item) == {"component", "labels", "pods"}
        and isinstance(item["component"], str)
        and isinstance(item["labels"], str)
        and all(LABEL.match(label) for label in item["labels"].split(","))
        and type(item["pods"]) is int
        and 1 <= item["pods"] <= 1000
    )


def read_load(reader, found):
    """What the load generator needs."""
    right = "a URL such as http://api.example.org, without a path"
    found.base = reader.text("SPIRA_API_BASE_URL", right, is_base)
    found.user = reader.text("SPIRA_USER", "the name of a user of SPIRA")
    found.password = reader.environment.get("SPIRA_PASSWORD", "")
    if not found.password:
        # The value of a password is never shown.
        reader.problems.append("SPIRA_PASSWORD is not set: the password of SPIRA_USER is needed")
    found.users = reader.number("EXPERIMENT_USERS", 1, 1000, 4)
    found.rate = reader.number("EXPERIMENT_RATE", 0, 1000, 1.0, float)
    found.baseline = reader.number("EXPERIMENT_BASELINE_SECONDS", 1, 86400, 60)
    found.duration = reader.number("EXPERIMENT_DURATION_SECONDS", 1, 604800, 600)
    found.quiescence = reader.number("EXPERIMENT_QUIESCENCE_SECONDS", 1, 86400, 300)
    found.timeout = reader.number("EXPERIMENT_TIMEOUT_SECONDS", 1, 600, 30)
    found.abort_percent = reader.number("EXPERIMENT_ABORT_PERCENT", 1, 100, 90)
    found.audio_seconds = reader.number("EXPERIMENT_AUDIO_SECONDS", 0, 60, 1.0, float)
    found.directory = reader.text("EXPERIMENT_DIRECTORY", "a directory", default="/results")
    unset = reader.environment.get("EXPERIMENT_SEED", "") == ""
    drawn = random.SystemRandom().randrange(10**9)
    found.seed = drawn if unset else reader.number("EXPERIMENT_SEED", 0, 999999999, 0)


def bound_posts(reader, found, seconds):
    """All posts of a run must be checked."""
    if found.rate * seconds > MOST_POSTS:
        right = "a rate at which no more than %d are posted in all, with EXPERIMENT_DURATION_SECONDS %d,"
        reader.wrong("EXPERIMENT_RATE", right % (MOST_POSTS, found.duration))


def read_faults(reader, found):
    """What is broken meanwhile, and whose pods are watched."""
    control = reader.text("EXPERIMENT_CONTROL", "true or false", ("true", "false").__contains__, "true")
    faults = reader.text("EXPERIMENT_FAULTS", " or ".join(FAULTS), FAULTS.__contains__, "delete-pods")
    found.faults, found.control = faults, control == "true" and faults != "none"
    found.interval = reader.number("EXPERIMENT_INTERVAL_SECONDS", 1, 86400, 60)
    found.namespace = reader.text("EXPERIMENT_NAMESPACE", "the name of a namespace", NAME.match)
    right = 'a line of JSON for each, {"component": "nats", "labels": "name=value,name=value", "pods": 3},'
    found.targets = reader.lines("EXPERIMENT_TARGETS", right, is_target, json.loads)
    unknown = [t["component"] for t in found.targets if t["component"] not in COMPONENTS]
    if unknown:
        reader.wrong("EXPERIMENT_TARGETS", "no %s but one of %s" % (", ".join(unknown), ", ".join(COMPONENTS)))
    right = "the name of a Schedule a line"
    found.schedules = reader.lines("EXPERIMENT_SCHEDULES", right, is_name, str)
    if faults != "none" and not found.targets and not reader.is_wrong("EXPERIMENT_TARGETS"):
        reader.wrong("EXPERIMENT_TARGETS", "at least one target, or EXPERIMENT_FAULTS none,")
    if faults == "chaos-mesh" and not found.schedules and not reader.is_wrong("EXPERIMENT_SCHEDULES"):
        reader.wrong("EXPERIMENT_SCHEDULES", "at least one Schedule, or EXPERIMENT_FAULTS other than chaos-mesh,")
    read_kubernetes(reader, found)


def read_kubernetes(reader, found):
    """Where Kubernetes' API is. A run without faults and targets can do without it."""
    host = reader.environment.get("KUBERNETES_SERVICE_HOST", "")
    port = reader.environment.get("KUBERNETES_SERVICE_PORT", "443")
    in_pod = "https://%s:%s" % ("[%s]" % host if ":" in host else host, port) if host else ""
    right = "an https URL, or a pod in which KUBERNETES_SERVICE_HOST is set,"
    accept = lambda url: is_base(url) and url.startswith("https:")  # noqa: E731
    needed = bool(found.targets) or found.faults != "none"
    found.kubernetes = reader.environment.get("EXPERIMENT_KUBERNETES_URL") or in_pod
    if needed or found.kubernetes:
        reader.text("EXPERIMENT_KUBERNETES_URL", right, accept, in_pod)
    directory = reader.environment.get("EXPERIMENT_SERVICE_ACCOUNT_DIRECTORY") or SERVICE_ACCOUNT
    missing = [f for f in ("ca.crt", "token") if not os.path.isfile(os.path.join(directory, f))]
    if missing and found.kubernetes:
        name = "EXPERIMENT_SERVICE_ACCOUNT_DIRECTORY"
        reader.problems.append("%s is %r: a directory with ca.crt and token is needed" % (name, directory))
    found.service_account = directory


def read(environment, faults=True):
    """The settings, or BadSettings. The load generator alone needs nothing of faults."""
    reader, found = Reader(environment), Settings()
    read_load(reader, found)
    if faults:
        read_faults(reader, found)
        bound_posts(reader, found, found.baseline + found.duration * (1 + found.control))
    else:
        bound_posts(reader, found, found.duration)
        found.faults, found.control, found.targets, found.schedules = "none", False, [], []
        found.namespace = found.kubernetes = ""
    if reader.problems:
        raise BadSettings("\n".join(reader.problems))
    return found
