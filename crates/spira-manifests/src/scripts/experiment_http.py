"""One request over HTTP, bounded in time, and a login that is renewed.

Each request has a connection of its own: kept ones would stick to one pod, and whether a request
that meets a dead connection was taken nobody could tell.
"""

import base64
import http.client
import json
import ssl
import threading
import time
from urllib.parse import urlencode, urlsplit

CONNECT = 5  # seconds until a connection must stand, at most
MOST = 512 * 1024 * 1024  # bytes of an answer
UNKNOWN_LIFE = 600  # seconds that a token is used which does not say how long it lives


class NotSent(Exception):
    """The request did not leave: there was no connection."""


class Cut(Exception):
    """The request may have been taken: the connection broke, or no whole answer came in time."""


class Refused(Exception):
    """An answer that is not the one hoped for: its status and the start of its body."""

    def __init__(self, status, body):
        super().__init__("%d: %s" % (status, words(body)))
        self.status = status


def words(body):
    """The start of a body or an error, on one line."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    return " ".join(text.split())[:200]


def named(error):
    return "%s: %s" % (type(error).__name__, words(error))


class Client:
    """Sends requests to one server. Safe between threads."""

    def __init__(self, base, timeout, context=None):
        parts = urlsplit(base)
        self.host, self.port, self.timeout = parts.hostname, parts.port, timeout
        self.context = context or (ssl.create_default_context() if parts.scheme == "https" else None)

    def request(self, method, path, body=(), head=None):
        """Status and body of the answer. `body` is a sequence of bytes.

        Each step is bounded by what is left of the timeout, so that neither a server that says
        nothing nor one that says a byte a second can hold the caller much longer.
        """
        deadline = time.monotonic() + self.timeout
        connection = self.connect(min(CONNECT, self.timeout))
        try:
            # The connection forgets its socket once the answer is known to be the last.
            sock = connection.sock
            sock.settimeout(self.timeout)
            head = dict(head or {}, Connection="close")
            if body or method == "POST":
                head["Content-Length"] = str(sum(len(part) for part in body))
            connection.request(method, path, iter(body) if body else None, head)
            answer = connection.getresponse()
            return answer.status, self.whole(sock, answer, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Cut(named(error))
        finally:
            connection.close()

    def connect(self, patience):
        if self.context:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=patience, context=self.context)
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=patience)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise NotSent(named(error))
        return connection

    def whole(self, sock, answer, deadline):
        parts, length = [], 0
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Cut("the answer was not whole after %d s" % self.timeout)
            sock.settimeout(left)
            part = answer.read1(65536)
            if not part:
                if answer.length:
                    raise Cut("the answer lacks %d bytes" % answer.length)
                return b"".join(parts)
            parts.append(part)
            length += len(part)
            if length > MOST:
                raise Cut("the answer is longer than %d bytes" % MOST)


def parse(status, body):
    """The JSON of an answer with 200, or Refused: an error may be plain text, and so may a 200."""
    if status != 200:
        raise Refused(status, body)
    try:
        return json.loads(body)
    except ValueError:
        raise Refused(status, body)


def life(token, now):
    """Seconds for which a token is good, as far as it says so."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return max(1.0, float(claims["exp"]) - now)
    except (IndexError, KeyError, TypeError, ValueError):
        return UNKNOWN_LIFE


class Account:
    """A login at SPIRA. Each user of the generator has one."""

    def __init__(self, client, settings):
        self.client = client
        self.form = urlencode({"username": settings.user, "password": settings.password}).encode()
        self.id = None
        self.token, self.renew_at = None, 0.0
        self.lock = threading.Lock()

    def head(self):
        """The head of a request by this user; logs in first if it is time."""
        with self.lock:
            if self.token is None or time.monotonic() >= self.renew_at:
                self.log_in()
            return {"Authorization": "Bearer " + self.token}

    def log_in(self):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, body = self.client.request("POST", "/v1/users/auth", (self.form,), kind)
        answer = parse(status, body)
        try:
            self.id, self.token = str(answer["id"]), str(answer["access_token"])
        except (KeyError, TypeError):
            raise Refused(status, body)
        self.renew_at = time.monotonic() + 0.8 * life(self.token, time.time())

    def expired(self):
        """The token was refused, whatever it says of itself."""
        with self.lock:
            self.token = None

    def get(self, path):
        """The JSON at a path of the API. A token that was refused is renewed once."""
        for last in (False, True):
            status, body = self.client.request("GET", path, (), self.head())
            if status != 401 or last:
                return parse(status, body)
            self.expired()

    def models(self):
        answer = self.get("/v1/models/")
        try:
            return [str(model["id"]) for model in answer["models"]]
        except (KeyError, TypeError):
            raise Refused(200, json.dumps(answer).encode())
