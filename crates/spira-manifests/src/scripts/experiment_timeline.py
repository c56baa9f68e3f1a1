"""The timeline, as SVG: posts by outcome, completions, the backlog, and which component was hit when."""

import math
from xml.sax.saxutils import escape

from experiment_verdict import backlog, faults_that_hit

WIDTH, LEFT, RIGHT, HEIGHT, ROW = 1000, 130, 20, 150, 22
BINS = 120
GAP = 52  # between panels
COLOURS = {
    "ok": "#3a7d44", "fail": "#c0392b", "unknown": "#e39b2d", "completed": "#1f4e9c", "backlog": "#6c3483",
    "hit": "#111111", "probe": "#c0392b",
}  # fmt: skip
NAMES = {
    "ok": "acknowledged", "fail": "refused or not sent", "unknown": "unknown", "completed": "completed",
    "backlog": "acknowledged, not completed", "hit": "pod hit", "probe": "probe not answered",
}  # fmt: skip
BANDS = ("#f2f2f2", "#fdfdfd")


class Drawing:
    def __init__(self, span):
        self.span, self.parts = max(1.0, span), []

    def x(self, seconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, seconds / self.span))

    def add(self, form, *values):
        self.parts.append(form % values)

    def text(self, x, y, words, anchor="start", size=12):
        form = '<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d">%s</text>'
        self.add(form, x, y, anchor, size, escape(words))

    def line(self, x1, y1, x2, y2, colour="#999", width=1.0):
        form = '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%.1f"/>'
        self.add(form, x1, y1, x2, y2, colour, width)

    def box(self, x, y, width, height, colour):
        self.add('<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>', x, y, width, height, colour)

    def path(self, points, colour):
        text = " ".join("%.1f,%.1f" % point for point in points)
        self.add('<polyline points="%s" fill="none" stroke="%s" stroke-width="1.6"/>', text, colour)


def nice(value):
    """The next of 1, 2 and 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * (1 - 1e-9))


def axes(drawing, top, greatest, words):
    """A panel's frame; returns where a value is."""
    step = nice(max(1, greatest) / 4.0)
    ticks = max(1, math.ceil(greatest / step - 1e-9))
    bottom, scale = top + HEIGHT, HEIGHT / (ticks * step)
    for tick in range(ticks + 1):
        y = bottom - tick * step * scale
        drawing.line(LEFT, y, WIDTH - RIGHT, y, "#ddd")
        drawing.text(LEFT - 6, y + 4, "%g" % (tick * step), "end")
    drawing.text(LEFT, top - 8, words, size=13)
    return lambda value: bottom - value * scale


def time_axis(drawing, y):
    step = nice(drawing.span / 10.0)
    for tick in range(int(drawing.span / step) + 1):
        drawing.line(drawing.x(tick * step), y, drawing.x(tick * step), y + 5)
        drawing.text(drawing.x(tick * step), y + 18, "%g" % (tick * step), "middle")
    drawing.text((LEFT + WIDTH - RIGHT) / 2.0, y + 36, "seconds since the start", "middle", 13)


def phases(drawing, run, began, top, bottom):
    for at, (phase, since) in enumerate(run.phases):
        end = run.phases[at + 1][1] if at + 1 < len(run.phases) else began + drawing.span
        left, right = drawing.x(since - began), drawing.x(end - began)
        drawing.box(left, top, right - left, bottom - top, BANDS[at % 2])
        if right - left > 7 * len(phase):
            drawing.text((left + right) / 2.0, top - 6, phase, "middle")


def posts_panel(drawing, run, began, top):
    """Stacked bars of outcomes, and completions as a line over them."""
    width = drawing.span / BINS
    stacks = [dict.fromkeys(("ok", "unknown", "fail"), 0) for _ in range(BINS)]
    completed = [0] * BINS
    for post in run.posts.values():
        stacks[place(post.ended or post.invoked, began, width)][post.outcome] += 1
        if post.completed is not None:
            completed[place(post.completed, began, width)] += 1
    greatest = max([1] + [sum(stack.values()) for stack in stacks] + completed)
    y = axes(drawing, top, greatest, "posts by outcome and completions, in %.3g s each" % width)
    for at, stack in enumerate(stacks):
        below, left = 0, drawing.x(at * width)
        for outcome, number in stack.items():
            if number:
                wide = drawing.x((at + 1) * width) - left
                high = y(below + number)
                drawing.box(left, high, max(1.0, wide - 0.5), y(below) - high, COLOURS[outcome])
            below += number
    drawing.path([(drawing.x((at + 0.5) * width), y(n)) for at, n in enumerate(completed)], COLOURS["completed"])


def place(when, began, width):
    return min(BINS - 1, max(0, int((when - began) / width)))


def backlog_panel(drawing, run, began, top):
    series = backlog(run)
    most = max([1] + [level for _, level in series])
    y = axes(drawing, top, most, "backlog: acknowledged and not seen completed")
    points, level, column = [(drawing.x(0), y(0))], 0, []
    for when, now in series:
        x = drawing.x(when - began)
        if column and x - column[0][0] >= 1:
            points += strip(column)
            column = []
        column += [(x, y(level)), (x, y(now))]
        level = now
    drawing.path(points + strip(column) + [(drawing.x(drawing.span), y(level))], COLOURS["backlog"])


def strip(column):
    """What a pixel's width shows of many points: where they enter and leave, and how far they reach."""
    if len(column) <= 4:
        return column
    x, heights = column[0][0], [height for _, height in column]
    return [(x, heights[0]), (x, min(heights)), (x, max(heights)), (x, heights[-1])]


def hits_panel(drawing, run, began, top, components):
    drawing.text(LEFT, top - 8, "pods hit, and probes of the API that were not answered", size=13)
    for at, component in enumerate(components):
        y = top + at * ROW + ROW / 2.0
        drawing.text(LEFT - 6, y + 4, component, "end")
        drawing.line(LEFT, y, WIDTH - RIGHT, y, "#ddd")
        for hit in faults_that_hit(run):
            if hit["component"] == component:
                x = drawing.x(hit["time"] - began)
                drawing.line(x, y - 8, x, y + 8, COLOURS["hit"], 2.0)
    y = top + len(components) * ROW + ROW / 2.0
    drawing.text(LEFT - 6, y + 4, "API", "end")
    drawing.line(LEFT, y, WIDTH - RIGHT, y, "#ddd")
    for probe in run.probes:
        if not probe["ok"]:
            x = drawing.x(probe["time"] - began)
            drawing.line(x, y - 8, x, y + 8, COLOURS["probe"], 2.0)


def legend(drawing, y):
    x = LEFT
    for name, colour in COLOURS.items():
        drawing.box(x, y - 10, 12, 12, colour)
        drawing.text(x + 16, y, NAMES[name])
        x += 34 + 6.4 * len(NAMES[name])


def draw(run):
    """The whole picture."""
    began = run.began or 0.0
    drawing = Drawing((run.last or began) - began)
    components = [target["component"] for target in run.settings.get("targets", ())]
    top = 62
    second = top + GAP + HEIGHT + 12
    third = second + HEIGHT + GAP
    bottom = third + (len(components) + 1) * ROW
    drawing.text(LEFT, 22, "SPIRA experiment %s: faults %s" % (run.id, run.settings.get("faults", "none")), size=15)
    phases(drawing, run, began, top, bottom)
    posts_panel(drawing, run, began, top + 28)
    backlog_panel(drawing, run, began, second)
    hits_panel(drawing, run, began, third, components)
    time_axis(drawing, bottom)
    legend(drawing, bottom + 62)
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
        'font-family="sans-serif">'
    )
    height = bottom + 80
    page = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return "\n".join([head % (WIDTH, height, WIDTH, height), page] + drawing.parts + ["</svg>", ""])
