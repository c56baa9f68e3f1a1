"""The verdict: what was shown, what was not, and how long each fault was felt."""

from experiment_checker import CLASSES

ROUND = 5  # seconds within which faults count as one blow
LATE = 5  # seconds after the faults' end in which the last of them may show
MEANT = {"lost": "acknowledged and not completed", "duplicated": "stored more than once", "corrupt": "not as sent"}
PASS, FAIL, INVALID, SKIPPED = "pass", "fail", "invalid", "skipped"
EXIT = {PASS: 0, FAIL: 1, INVALID: 2}


class Check:
    """One line of the verdict."""

    def __init__(self, name, outcome, words=""):
        self.name, self.outcome, self.words = name, outcome, words


def counts(posts):
    """Outcomes and classes of some posts."""
    posts = list(posts)
    found = {"posts": len(posts)}
    for outcome, name in (("ok", "acknowledged"), ("fail", "refused"), ("unknown", "unknown")):
        found[name] = sum(post.outcome == outcome for post in posts)
    for class_ in CLASSES:
        found[class_] = sum(post.class_ == class_ for post in posts)
    seconds = sorted(post.ended - post.invoked for post in posts if post.outcome == "ok")
    for share in (50, 95, 100):
        at = min(len(seconds) - 1, len(seconds) * share // 100)
        found["seconds_p%d" % share] = round(seconds[at], 3) if seconds else None
    return found


def in_phase(run, phase):
    return [post for post in run.posts.values() if post.phase == phase]


def figures(run):
    """Named as in the reference, which has nothing of duplicates and contents."""
    posts = run.posts.values()
    return {
        "failed_inference_acks": sum(post.outcome != "ok" for post in posts),
        "ack_and_completed_inferences": sum(post.outcome == "ok" and post.class_ != "lost" for post in posts),
        "ack_and_not_completed_inferences": sum(post.class_ == "lost" for post in posts),
    }


def hits_of(run, phase, late=0):
    """Pods that were hit in a phase."""
    span = run.span(phase)
    if not span:
        return []
    end = (span[1] or run.last) + late
    return [hit for hit in run.hits if span[0] <= hit["time"] <= end]


def faults_that_hit(run):
    """Where we kill, only what we killed counts: a pod may go for other reasons."""
    hits = hits_of(run, "faults", LATE)
    if run.settings["faults"] == "delete-pods":
        asked = {fault.get("uid") for fault in run.faults}
        hits = [hit for hit in hits if hit["uid"] in asked]
    return hits


def checks(run, problem=None, still_falling=False):
    """All that must hold, in the order in which it was looked at."""
    found = []
    valid = "the run is valid"
    found += [Check(valid, INVALID, words) for words in run.invalid] or [Check(valid, PASS)]
    acknowledged = sum(post.outcome == "ok" for post in run.posts.values())
    late = in_phase(run, "faults") if run.span("faults") else run.posts.values()
    if not any(post.outcome == "ok" for post in late):
        words = "%d inferences were acknowledged, none while it mattered: nothing was shown" % acknowledged
        found.append(Check("inferences were posted", INVALID, words))
    else:
        found.append(Check("inferences were posted", PASS, "%d acknowledged" % acknowledged))
    found += hit_checks(run)
    if problem:
        found.append(Check("every post is accounted for", INVALID, problem))
        return found
    if still_falling:
        words = "inferences were still completing when EXPERIMENT_QUIESCENCE_SECONDS was over: late is not lost"
        return found + [Check("every post is accounted for", INVALID, words)]
    found.append(Check("every post is accounted for", PASS, "%d posts" % len(run.posts)))
    for class_, meant in MEANT.items():
        bad = [post for post in run.posts.values() if post.class_ == class_]
        name = "no inference is %s" % class_
        words = "%d %s: %s" % (len(bad), meant, "; ".join("%s %s" % (p.key, p.words) for p in bad[:5]))
        found.append(Check(name, FAIL, words) if bad else Check(name, PASS))
    return found


def hit_checks(run):
    found = []
    alone = run.settings["faults"] == "none"
    for phase in ("baseline", "control") + (("faults",) if alone else ()):
        if run.span(phase):
            found.append(quiet(run, phase))
    if alone:
        return found
    hits = faults_that_hit(run)
    for target in run.settings["targets"]:
        component = target["component"]
        number = len({hit["uid"] for hit in hits if hit["component"] == component})
        name = "faults hit %s" % component
        if not run.span("faults"):
            found.append(Check(name, SKIPPED, "no fault was made"))
        elif number:
            found.append(Check(name, PASS, "%d pods" % number))
        else:
            found.append(Check(name, INVALID, "all its pods kept their UIDs: it was not tested"))
    return found


def quiet(run, phase):
    """Without faults nothing may fail, and no pod may go."""
    name = "steady without faults: %s" % phase
    gone = hits_of(run, phase)
    failed = [post for post in in_phase(run, phase) if post.outcome != "ok"]
    if gone:
        pods = ", ".join(sorted(hit["pod"] for hit in gone)[:5])
        return Check(name, INVALID, "%d pods went without our doing: %s" % (len(gone), pods))
    if failed:
        words = "%d of %d posts failed: %s" % (len(failed), len(in_phase(run, phase)), failed[0].words)
        return Check(name, INVALID, words)
    return Check(name, PASS, "%d posts" % len(in_phase(run, phase)))


def verdict(found):
    """A loss is a loss however it came to light; else what was not shown was not shown."""
    for outcome in (FAIL, INVALID):
        if any(check.outcome == outcome for check in found):
            return outcome
    return PASS


def backlog(run):
    """(time, acknowledged and not seen completed) at each change."""
    changes = []
    for post in run.posts.values():
        if post.outcome == "ok":
            changes.append((post.ended, 1))
            if post.completed is not None:
                changes.append((max(post.completed, post.ended), -1))
    series, now = [], 0
    for when, change in sorted(changes):
        now += change
        series.append((when, now))
    return series


def rounds(hits):
    """Hits that belong to one blow, together."""
    found = []
    for hit in sorted(hits, key=lambda hit: hit["time"]):
        if found and hit["time"] - found[-1][0]["time"] <= ROUND:
            found[-1].append(hit)
        else:
            found.append([hit])
    return found


def recoveries(run):
    """For each fault that hit, the seconds until posts succeed, the backlog is steady, and pods are ready.

    0: it was not felt. None: not before the next blow, or not at all.
    """
    blows, series, found = rounds(faults_that_hit(run)), backlog(run), []
    faults = run.span("faults")
    steady = max([1] + [level for when, level in series if faults and when < faults[0]])
    for at, blow in enumerate(blows):
        start = blow[0]["time"]
        end = blows[at + 1][0]["time"] if at + 1 < len(blows) else run.last
        posts, drained = serving_again(run, start, end), steady_again(series, steady, start, end)
        for hit in blow:
            found.append({
                "component": hit["component"], "pod": hit["pod"], "uid": hit["uid"], "how": hit["how"],
                "time": hit["time"], "posts_succeed_after_seconds": posts,
                "backlog_steady_after_seconds": drained,
                "pods_ready_after_seconds": ready_again(run, hit, end),
            })  # fmt: skip
    return found


def ready_again(run, hit, end):
    """To when the target had as many ready pods as it should; 0 if it never was seen with less."""

    def times(events):
        own = [event["time"] for event in events if event["component"] == hit["component"]]
        return [time for time in own if hit["time"] - 1 <= time < end]

    if not times(run.unready):
        return 0.0
    ready = [when for when in times(run.ready) if when >= hit["time"]]
    return round(min(ready) - hit["time"], 3) if ready else None


def serving_again(run, start, end):
    """To the first success of a post that was begun after the last failure."""
    posts = [p for p in run.posts.values() if p.invoked < end and (p.ended or end) >= start]
    failed = [p.invoked for p in posts if p.outcome != "ok"]
    if not failed:
        return 0.0
    after = [p.ended for p in posts if p.outcome == "ok" and p.invoked > max(failed)]
    return round(max(0.0, min(after) - start), 3) if after else None


def steady_again(series, steady, start, end):
    """To the last moment at which the backlog fell back to what it was before all faults."""
    inside = [(when, level) for when, level in series if start <= when < end]
    levels = [level for when, level in series if when < start][-1:] + [level for _, level in inside]
    if not levels or max(levels) <= steady:
        return 0.0
    if levels[-1] > steady:
        return None
    fell = [at for at in range(1, len(levels)) if levels[at - 1] > steady >= levels[at]]
    return round(inside[fell[-1] - len(levels)][0] - start, 3)
