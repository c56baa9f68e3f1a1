"""Goes once through SPIRA as a user does, then exits 0: logs in, lists models and hospitals, posts an
inference with recordings, waits until it is completed, reads the result.

usage: smoke.py

Says each step with the time that it took. On the first that fails it says which, why, and where to
look, and exits 1. One inference stays behind, in the hospital `smoke-test`.

SPIRA_API_BASE_URL, SPIRA_USER, SPIRA_PASSWORD: where, and who; SPIRA_MODEL: the model's name;
SMOKE_TIMEOUT_SECONDS: how long the inference may take; SMOKE_REQUEST_SECONDS: how long a request may.
"""

import http.client
import io
import json
import os
import sys
import time
import wave
from urllib.parse import urlencode, urlsplit

PAUSE = 1  # seconds between two questions
BOUNDARY = "spira-smoke-test-boundary"
FIELDS = {
    "gender": "M", "age": "30", "rgh": "smoke-test", "covid_status": "Sim", "mask_type": "None",
    "local": "smoke-test", "cid": "smoke-test", "bpm": "60", "respiratory_frequency": "15",
    "respiratory_insufficiency_status": "Sim", "location": "smoke-test",
    "last_positive_diagnose_date": "", "hospitalized": "TRUE",
    "hospitalization_start": "2022-07-18 17:07:16", "hospitalization_end": "2022-07-18 17:07:16",
    "spo2": "98",
}  # fmt: skip
RECORDINGS = ("aceite", "sustentada", "parlenda", "frase")

LOGS = "kubectl logs -l app.kubernetes.io/name=%s --all-containers --tail=50"
API = "look at: " + LOGS % "api-server"
BOOTSTRAP = "the Job of bootstrap makes it; look at: " + LOGS % "bootstrap"
INFERENCE = "look at: %s; the model's subject must be the one that the inference server listens on" % (
    LOGS % "inference-server"
)
RESULT = "the result came before its document, which redelivery mends; look at: " + LOGS % "redelivery"


class Failed(Exception):
    """A step that did not do what it should: why, and where to look."""


class Api:
    def __init__(self, url, patience):
        self.url, self.patience = urlsplit(url), patience
        self.head = {}

    def ask(self, method, path, body=None, kind=None):
        """Status and body; JSON where it is JSON: an error of the program may be plain text."""
        head = dict(self.head, **({"Content-Type": kind} if kind else {}))
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        connection = kinds[self.url.scheme](self.url.netloc, timeout=self.patience)
        try:
            connection.request(method, self.url.path + path, body, head)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            reason = "%s: %s" % (type(error).__name__, error)
            raise Failed("no answer from %s: %s" % (self.url.geturl(), reason), "are pods of it ready? " + API)
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def get(self, path, where):
        status, body = self.ask("GET", path)
        if status != 200:
            raise Failed("GET %s answers %s" % (path, said(status, body)), where)
        return body


def said(status, body):
    return "%d: %s" % (status, (body if isinstance(body, str) else json.dumps(body))[:300])


def log_in(api, user, password):
    form = urlencode({"username": user, "password": password})
    status, body = api.ask("POST", "/v1/users/auth", form, "application/x-www-form-urlencoded")
    if status == 401:
        # The program answers so whatever it was.
        raise Failed(
            "user %s is refused (401): the password is wrong, the user is not there, or MongoDB is away" % user,
            "the Secret of global.user has the password, which bootstrap sets at each upgrade; " + API,
        )
    if status != 200:
        raise Failed("answers %s" % said(status, body), API)
    api.head = {"Authorization": "Bearer " + body["access_token"]}
    return body["id"], "as %s" % user


def find_model(api, name):
    models = api.get("/v1/models/", API)["models"]
    found = [model for model in models if model["name"] == name]
    if not found:
        names = ", ".join(sorted(model["name"] for model in models)) or "none"
        raise Failed("no model %s (there is: %s)" % (name, names), BOOTSTRAP)
    return found[0]["id"], "%s on %s" % (name, found[0]["publishing_channel"])


def list_hospitals(api):
    hospitals = api.get("/v1/hospitals/", API)["hospitals"]
    return None, "%d" % len(hospitals)


def recording():
    """A tenth of a second of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(3200))
    return file.getvalue()


def form(model):
    body = b""
    for name, value in dict(FIELDS, model_id=model).items():
        head = '--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        body += (head % (BOUNDARY, name, value)).encode()
    for name in RECORDINGS:
        head = '--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s.wav"\r\n' % (BOUNDARY, name, name)
        body += (head + "Content-Type: audio/wav\r\n\r\n").encode() + recording() + b"\r\n"
    return body + ("--%s--\r\n" % BOUNDARY).encode()


def post(api, user, model):
    path, kind = "/v1/users/%s/inferences" % user, "multipart/form-data; boundary=" + BOUNDARY
    status, body = api.ask("POST", path, form(model), kind)
    if status != 200:
        where = "500 is an object store or NATS that is away, 503 a guard whose queue is full; " + API
        raise Failed("the inference with its recordings is not taken: %s" % said(status, body), where)
    return body["inference_id"], body["inference_id"]


def wait(read, is_there, deadline, what, where):
    """What `read` gives once it is there; an answer that fails meanwhile is asked for again."""
    while True:
        try:
            last = read()
            if is_there(last):
                return last
            reason = what(last)
        except Failed as failed:
            reason = failed.args[0]
        if time.monotonic() + PAUSE > deadline:
            raise Failed(reason, where)
        time.sleep(PAUSE)


def complete(api, path, deadline):
    read = lambda: api.get(path, API)["status"]
    what = lambda status: "still %s when the time is up" % status
    return None, wait(read, lambda status: status == "completed", deadline, what, INFERENCE)


def read_result(api, path, deadline):
    read = lambda: api.get(path + "/result", API)["result"]
    what = lambda result: "completed, and its result still reads %r when the time is up" % result["diagnosis"]
    result = wait(read, lambda result: result["diagnosis"] != "not available", deadline, what, RESULT)
    return None, "diagnosis %r" % result["diagnosis"]


def step(name, act, *arguments):
    began = time.monotonic()
    try:
        value, words = act(*arguments)
    except Failed as failed:
        what, where = failed.args
        sys.exit("FAILED after %.2f s: %s: %s\n  %s" % (time.monotonic() - began, name, what, where))
    except (KeyError, TypeError, IndexError) as error:
        sys.exit("FAILED: %s: an answer that the API does not give: %r\n  %s" % (name, error, API))
    print("%s: %.2f s: %s" % (name, time.monotonic() - began, words), flush=True)
    return value


def settings():
    names = ("SPIRA_API_BASE_URL", "SPIRA_USER", "SPIRA_PASSWORD", "SPIRA_MODEL")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        sys.exit("not set: %s" % ", ".join(missing))
    url = os.environ["SPIRA_API_BASE_URL"]
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        sys.exit("SPIRA_API_BASE_URL is %r: a URL such as http://api.example.org is needed" % url)
    seconds = []
    for name, default in (("SMOKE_TIMEOUT_SECONDS", "120"), ("SMOKE_REQUEST_SECONDS", "30")):
        text = os.environ.get(name, default)
        if not text.isdigit() or int(text) < 1:
            sys.exit("%s is %r: a whole number of at least 1 is needed" % (name, text))
        seconds.append(int(text))
    return [os.environ[name] for name in names], seconds


def main():
    (url, user, password, model), (timeout, patience) = settings()
    began = time.monotonic()
    api = Api(url.rstrip("/"), patience)
    account = step("log in", log_in, api, user, password)
    model = step("find the model", find_model, api, model)
    step("list hospitals", list_hospitals, api)
    inference = step("post an inference", post, api, account, model)
    path = "/v1/users/%s/inferences/%s" % (account, inference)
    deadline = time.monotonic() + timeout
    step("wait until it is completed", complete, api, path, deadline)
    step("read the result", read_result, api, path, deadline)
    print("passed in %.2f s" % (time.monotonic() - began))


main()
