"""The load generator: users who post inferences at a rate, and questions about what became of them."""

import collections
import json
import math
import random
import struct
import threading
import time

from experiment_http import Account, Cut, NotSent, Refused, parse, words
from experiment_log import LogFull

BOUNDARY = "boundary-of-the-parts-of-spira"
FILES = ("aceite", "sustentada", "parlenda", "frase")
SAMPLES = 16000  # a second, of 16 bits
FIELDS = {
    "gender": "M", "covid_status": "Sim", "mask_type": "None", "local": "hospital_1",
    "respiratory_frequency": "123", "respiratory_insufficiency_status": "Sim", "location": "h1",
    "last_positive_diagnose_date": "", "hospitalized": "TRUE", "spo2": "98", "bpm": "72",
    "hospitalization_start": "2022-07-18T17:07:16.954632",
    "hospitalization_end": "2022-07-18T17:07:16.954632",
}  # fmt: skip
LONGEST_PAUSE = 5  # seconds that a user waits after failures
QUESTIONS = 20  # about posts that are not complete, in a round, or twice the rate
MOST_WAITING = 20000  # that are asked about; the checker finds the others
FEWEST = 10  # outcomes without which nothing is aborted


def audio(seconds, seed):
    """A WAV file: a tone with noise, so that it does not compress to nothing."""
    noise = random.Random(seed)
    count = max(1, int(seconds * SAMPLES))
    tone = [int(8000 * math.sin(i * 2 * math.pi * 220 / SAMPLES)) for i in range(SAMPLES)]
    samples = struct.pack("<%dh" % count, *(tone[i % SAMPLES] + noise.randrange(-2000, 2000) for i in range(count)))
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLES, 2 * SAMPLES, 2, 16)
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data


def sent(key, age, model):
    """The form's fields. `rgh` and `cid` are the post's own: by them it is found again."""
    return dict(FIELDS, rgh=key, cid=key, age=str(age), model_id=model)


def recordings(seconds, seed):
    """The files' part of the body, the same for all posts."""
    wav, parts = audio(seconds, seed), []
    for name in FILES:
        head = '--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s.wav"\r\n'
        head += "Content-Type: audio/wav\r\n\r\n"
        parts += [(head % (BOUNDARY, name, name)).encode(), wav, b"\r\n"]
    return b"".join(parts + [("--%s--\r\n" % BOUNDARY).encode()])


def form(fields):
    line = '--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    return "".join(line % (BOUNDARY, name, value) for name, value in fields.items()).encode()


class Pace:
    """Gives out moments at a rate. What was missed is not made up for: that would be another rate."""

    def __init__(self, rate):
        self.pause, self.lock, self.next = 1.0 / rate, threading.Lock(), time.monotonic()

    def due(self):
        with self.lock:
            due = max(self.next, time.monotonic())
            self.next = due + self.pause
            return due


class Recent:
    """Outcomes of the last minute."""

    def __init__(self, percent):
        self.percent, self.lock, self.outcomes, self.failed = percent, threading.Lock(), collections.deque(), 0

    def add(self, failed, now=None):
        now = time.monotonic() if now is None else now
        with self.lock:
            self.outcomes.append((now, failed))
            self.failed += failed
            while self.outcomes[0][0] < now - 60:
                self.failed -= self.outcomes.popleft()[1]

    def too_many(self):
        with self.lock:
            count = len(self.outcomes)
            return count >= FEWEST and self.failed * 100 > self.percent * count


class Generator:
    """Posts and asks from threads of its own between `start` and `stop`."""

    def __init__(self, settings, client, log, run):
        self.settings, self.client, self.log, self.run = settings, client, log, run
        self.files = recordings(settings.audio_seconds, settings.seed)
        self.account = Account(client, settings)
        self.model = None
        self.lock, self.count = threading.Lock(), 0
        self.counts = collections.Counter()
        self.waiting = collections.OrderedDict()  # id -> post, acknowledged and not seen completed
        self.recent = Recent(settings.abort_percent)
        self.posters, self.watcher = [], None
        self.posting, self.watching = threading.Event(), threading.Event()

    def prepare(self):
        """Logs in and finds the model; raises what stands in the way."""
        models = self.account.models()
        if not models:
            raise Refused(200, b"the API server knows no model")
        self.model = models[0]
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()

    def start(self):
        self.posting.clear()
        self.recent = Recent(self.settings.abort_percent)
        pace = Pace(self.settings.rate)
        threading.stack_size(512 * 1024)
        users = range(self.settings.users)
        self.posters = [threading.Thread(target=self.user, args=(pace,), daemon=True) for _ in users]
        threading.stack_size(0)
        for poster in self.posters:
            poster.start()

    def stop(self):
        """No further post; waits for those under way."""
        self.posting.set()
        for poster in self.posters:
            poster.join()

    def close(self):
        self.posting.set()
        self.watching.set()
        if self.watcher:
            self.watcher.join()

    def user(self, pace):
        account, pause = Account(self.client, self.settings), 0.0
        while not self.posting.wait(max(0.0, pace.due() - time.monotonic()) + pause):
            try:
                failed = self.post(account)
            except LogFull:
                return
            pause = min(LONGEST_PAUSE, 2 * pause or 0.25) if failed else 0.0

    def post(self, account):
        """One post, from its `invoke` to its outcome; whether it failed."""
        with self.lock:
            self.count += 1
            number = self.count
        key, age = "%s-%06d" % (self.run, number), 18 + (number * 7 + self.settings.seed) % 70
        self.log.write("invoke", post=number, key=key, age=age)
        began = time.monotonic()
        outcome, fields = self.attempt(account, key, age)
        seconds = time.monotonic() - began
        with self.lock:
            self.counts[outcome] += 1
            if outcome == "ok" and len(self.waiting) < MOST_WAITING:
                self.waiting[fields["id"]] = number
        self.recent.add(outcome != "ok")
        self.log.write(outcome, post=number, seconds=round(seconds, 4), **fields)
        return outcome != "ok"

    def attempt(self, account, key, age):
        try:
            head = account.head()
        except (NotSent, Cut, Refused) as error:
            return "fail", {"status": getattr(error, "status", 0), "words": "login: %s" % error}
        head["Content-Type"] = "multipart/form-data; boundary=" + BOUNDARY
        body = (form(sent(key, age, self.model)), self.files)
        path = "/v1/users/%s/inferences" % account.id
        try:
            status, answer = self.client.request("POST", path, body, head)
        except NotSent as error:
            return "fail", {"status": 0, "words": str(error)}
        except Cut as error:
            return "unknown", {"words": str(error)}
        if status != 200:
            if status == 401:
                account.expired()
            return "fail", {"status": status, "words": words(answer)}
        try:
            return "ok", {"id": str(json.loads(answer)["inference_id"]), "user": account.id}
        except (ValueError, KeyError, TypeError):
            return "unknown", {"words": "200 without an inference_id: " + words(answer)}

    def watch(self):
        """Asks each second whether the API answers, and in turn about what is not complete."""
        while not self.watching.wait(1):
            try:
                if self.probe():
                    self.ask()
            except LogFull:
                return

    def probe(self):
        began = time.monotonic()
        try:
            self.account.models()
            fields = {"ok": True}
        except (NotSent, Cut, Refused) as error:
            fields = {"ok": False, "words": str(error)}
        self.log.write("probe", seconds=round(time.monotonic() - began, 4), **fields)
        return fields["ok"]

    def ask(self):
        with self.lock:
            ids = list(self.waiting)[: max(QUESTIONS, int(2 * self.settings.rate))]
        for inference in ids:
            if self.watching.is_set():
                return
            try:
                done = self.is_completed(inference)
            except (NotSent, Cut, Refused):
                return  # The next probe tells.
            with self.lock:
                number = self.waiting[inference]
                self.waiting.move_to_end(inference)
                if done:
                    del self.waiting[inference]
            if done:
                self.log.write("completed", post=number)

    def is_completed(self, inference):
        path = "/v1/users/%s/inferences/%s" % (self.account.id, inference)
        status, body = self.client.request("GET", path, (), self.account.head())
        if status == 404:
            return False  # The checker will say lost.
        answer = parse(status, body)
        return isinstance(answer, dict) and (answer.get("inference") or answer).get("status") == "completed"
