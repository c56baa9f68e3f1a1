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
