"""The checker: waits until nothing more completes, then says of every post what became of it.

A post is *acknowledged* if it was answered with 200 and an id. Its classes, each post in one:

completed   acknowledged, and completed as it was sent
lost        acknowledged, and not completed
duplicated  stored more than once
corrupt     acknowledged and completed, but with other fields than were sent, or without its result
resolved    not acknowledged, completed nevertheless
stuck       not acknowledged, stored, and not completed: nothing was promised
failed      not acknowledged, and nothing was stored
"""

import time

from experiment_http import Account, Cut, NotSent, Refused
from experiment_generator import sent

CLASSES = ("completed", "lost", "duplicated", "corrupt", "resolved", "stuck", "failed")
NOT_AVAILABLE = "not available"  # the diagnosis of a result that was not predicted yet
UNPROMISED = 10  # seconds in which nothing changes, after which stuck ones are not waited for
REACH = 60  # seconds past the bound in which the API must answer at last


class CannotCheck(Exception):
    """The API does not tell what became of the posts."""


def same(value, got):
    """Whether a field holds what was sent: forms send text, and an empty one is none."""
    return str(got).lower() == value.lower() or (value == "" and got is None)


def differences(post, document, model):
    """Names of the fields that are not as they were sent."""
    fields = sent(post.key, post.age, model) if model else sent(post.key, post.age, "")
    return [n for n, v in fields.items() if not (n == "model_id" and not model) and not same(v, document.get(n))]


class Checker:
    def __init__(self, settings, client, run, log):
        self.settings, self.run, self.log = settings, run, log
        self.account = Account(client, settings)
        self.verified = set()  # ids whose result is there
        self.by_key, self.by_id = {}, {}
        self.still_falling = False
        self.took = 0.0

    def settle(self):
        """Asks until all is complete, or nothing completes any more, or time is up."""
        began = changed = time.monotonic()
        bound, before, asked = began + self.settings.quiescence, None, False
        while True:
            now = time.monotonic()
            try:
                self.look()
                asked = True
                promised, others = self.waiting()
                if (promised, others) != before:
                    before, changed = (promised, others), time.monotonic()
                idle = time.monotonic() - changed
                if not promised and (not others or idle > min(UNPROMISED, self.settings.quiescence / 2)):
                    break
                if idle > self.settings.quiescence / 2:
                    break
            except (NotSent, Cut, Refused) as error:
                if now > bound + REACH or (asked and now > bound):
                    if not asked:
                        raise CannotCheck("the API does not list the inferences: %s" % error)
                    break
            if now > bound and asked:
                self.still_falling = bool(promised)  # Else it would have been idle.
                break
            time.sleep(min(10.0, max(0.5, 4 * (time.monotonic() - now))))
        self.took = time.monotonic() - began

    def look(self):
        self.account.head()
        users = {post.user for post in self.run.posts.values() if post.user}
        if users - {self.account.id}:
            raise CannotCheck(
                "the login %r was user %s and is user %s now: there are several of that name, and each sees "
                "only its own inferences" % (self.settings.user, ", ".join(sorted(users)), self.account.id)
            )
        answer = self.account.get("/v1/users/%s/inferences" % self.account.id)
        try:
            documents = answer["inferences"]
            ids = {post.id for post in self.run.posts.values() if post.id}
            by_key, by_id = {}, {}
            for document in documents:
                inference, key = document.get("id") or document["_id"], str(document.get("rgh"))
                if key.startswith(self.run.id + "-") or inference in ids:
                    by_key.setdefault(key, []).append(document)
                    by_id[inference] = document
        except (KeyError, TypeError, AttributeError) as error:
            raise CannotCheck("the API lists inferences in a way that is not known: %r" % error)
        self.by_key, self.by_id = by_key, by_id
        self.look_at_results()

    def look_at_results(self):
        for post in self.run.posts.values():
            document = self.by_id.get(post.id) if post.id else None
            if document is None or document.get("status") != "completed":
                continue
            if post.completed is None:
                post.completed = time.time()
                self.log.write("completed", post=post.number)
            if post.id not in self.verified and self.has_result(post.id):
                self.verified.add(post.id)

    def has_result(self, inference):
        try:
            path = "/v1/users/%s/inferences/%s/result" % (self.account.id, inference)
            result = self.account.get(path).get("result") or {}
        except Refused as refused:  # 500 while there is no result document.
            if refused.status in (404, 500):
                return False
            raise
        of = result.get("inference_id", inference)
        return of == inference and result.get("diagnosis") not in (None, "", NOT_AVAILABLE)

    def waiting(self):
        """How many posts may still come to their end: acknowledged ones, and others."""
        promised = others = 0
        for post in self.run.posts.values():
            if post.outcome == "ok":
                promised += post.id not in self.verified
            else:
                others += any(d.get("status") != "completed" for d in self.by_key.get(post.key, ()))
        return promised, others

    def classify(self):
        for post in self.run.posts.values():
            post.class_, words = self.class_of(post)
            if words:
                post.words = words

    def class_of(self, post):
        copies = self.by_key.get(post.key, [])
        if post.outcome == "ok":
            document = self.by_id.get(post.id)
            if document is None:
                return "lost", "there is no inference %s" % post.id
            if document.get("status") != "completed":
                return "lost", "inference %s is %s" % (post.id, document.get("status"))
            if len(copies) > 1:
                return "duplicated", "stored as %s" % ", ".join(str(d.get("id")) for d in copies)
            changed = differences(post, document, self.run.model)
            if changed:
                return "corrupt", "inference %s: not as sent: %s" % (post.id, ", ".join(changed))
            if post.id not in self.verified:
                return "corrupt", "inference %s is completed without its result" % post.id
            return "completed", ""
        if len(copies) > 1:
            return "duplicated", "stored as %s" % ", ".join(str(d.get("id")) for d in copies)
        if not copies:
            return "failed", ""
        return ("resolved" if copies[0].get("status") == "completed" else "stuck"), ""
