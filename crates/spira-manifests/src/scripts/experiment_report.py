"""The report: JSON, JUnit, a table for people, and the timeline."""

import json
import os
import xml.etree.ElementTree as xml

import experiment_timeline
from experiment_checker import CLASSES
from experiment_verdict import FAIL, INVALID, SKIPPED, checks, counts, faults_that_hit, figures, in_phase
from experiment_verdict import recoveries, verdict

PHASES = ("baseline", "control", "faults", "load")


class Report:
    def __init__(self, run, problem=None, still_falling=False):
        self.run = run
        self.checks = checks(run, problem, still_falling)
        self.verdict = verdict(self.checks)
        # Without the documents nothing can be said of what became of the posts.
        self.classed = problem is None

    def summary(self):
        """What the last line says: no list grows with the run."""
        run, hits = self.run, {}
        for hit in faults_that_hit(run):
            hits.setdefault(hit["component"], set()).add(hit["uid"])
        posts = run.posts.values()
        found = {
            "verdict": self.verdict,
            "reasons": ["%s: %s" % (c.name, c.words) for c in self.checks if c.outcome in (FAIL, INVALID)],
            "run": run.id,
            "faults": run.settings["faults"],
            "seed": run.settings["seed"],
            "hits": {component: len(uids) for component, uids in sorted(hits.items())},
        }
        if self.classed:
            found.update(figures(run))
            found["classes"] = {c: sum(post.class_ == c for post in posts) for c in CLASSES}
        return found

    def whole(self):
        run = self.run
        probes = len(run.probes)
        return dict(
            self.summary(),
            checks=[{"name": c.name, "outcome": c.outcome, "words": c.words} for c in self.checks],
            phases={phase: counts(in_phase(run, phase)) for phase in PHASES if run.span(phase)},
            spans={phase: run.span(phase) for phase, _ in run.phases},
            recoveries=recoveries(run),
            probes={"asked": probes, "answered": sum(probe["ok"] for probe in run.probes)},
            posts_not_completed=[
                {"key": p.key, "id": p.id, "outcome": p.outcome, "class": p.class_, "words": p.words}
                for p in run.posts.values()
                if p.class_ != "completed"
            ][:1000],
            torn_lines=run.torn,
            settings=run.settings,
        )

    def write(self, directory):
        put(directory, "report.json", json.dumps(self.whole(), indent=1) + "\n")
        put(directory, "report.xml", self.junit())
        put(directory, "timeline.svg", experiment_timeline.draw(self.run))

    def junit(self):
        """A failure is what was refuted, an error what could not be shown."""
        tags = {FAIL: "failure", INVALID: "error", SKIPPED: "skipped"}
        number = {outcome: sum(c.outcome == outcome for c in self.checks) for outcome in tags}
        took = (self.run.last or 0) - (self.run.began or 0)
        suite = xml.Element("testsuite", {
            "name": "spira-experiment", "tests": str(len(self.checks)), "failures": str(number[FAIL]),
            "errors": str(number[INVALID]), "skipped": str(number[SKIPPED]), "time": "%.3f" % took,
        })  # fmt: skip
        for check in self.checks:
            case = xml.SubElement(suite, "testcase", {"classname": "spira-experiment", "name": check.name})
            if check.outcome in tags:
                xml.SubElement(case, tags[check.outcome], {"message": printable(check.words)})
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(suite, encoding="unicode") + "\n"

    def text(self):
        """The tables for standard output."""
        phases = [p for p in PHASES if self.run.span(p)]
        rows = [("phase",) + phases_head(self.classed)]
        for phase in phases:
            found = counts(in_phase(self.run, phase))
            rows.append((phase,) + tuple(str(found[name]) for name in phases_head(self.classed)))
        text = [table(rows), ""] if phases else []
        felt = by_component(recoveries(self.run))
        if felt:
            head = ("component", "hits", "posts succeed after", "backlog steady after", "pods ready after")
            words = "seconds, median and longest of all hits; 0: not felt; -: not before the next"
            text += [table([head] + felt), words, ""]
        for check in self.checks:
            text.append("%-8s%s%s" % (check.outcome, check.name, ": " + check.words if check.words else ""))
        return "\n".join(text + ["", "verdict: " + self.verdict])


def phases_head(classed):
    return ("posts", "acknowledged", "refused", "unknown") + (CLASSES if classed else ())


def by_component(found):
    rows = []
    for component in sorted({one["component"] for one in found}):
        own = [one for one in found if one["component"] == component]
        columns = ("posts_succeed_after_seconds", "backlog_steady_after_seconds", "pods_ready_after_seconds")
        rows.append((component, str(len(own))) + tuple(spread([one[c] for one in own]) for c in columns))
    return rows


def spread(values):
    known = sorted(value for value in values if value is not None)
    if not known:
        return "-"
    text = "%.1f, %.1f" % (known[len(known) // 2], known[-1])
    return text if len(known) == len(values) else "%s (- %d)" % (text, len(values) - len(known))


def table(rows):
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def printable(text):
    """XML takes no control characters."""
    return "".join(c if c.isprintable() else "?" for c in text)


def put(directory, name, text):
    """Whole or not at all."""
    path = os.path.join(directory, name)
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)
