#!/usr/bin/env python3
"""lint-figures.py [FOLDER…] looks at drawn figures for what a reader would trip over, and prints a line for each
finding: figure, panel, kind, what, where. FOLDER is figures/PROFILE; unless given, all that are there. Run `make
figures` first.

key     an entry that is not drawn so in the panels of its key, a line or points that their entry does not show, a look
        of a panel that only the key of another explains, or a key of several panels that does not say so
legend  a text or sample of a key on a curve, a point, a panel that is not its own, or another text
text    two other texts on each other, or a text that leaves the picture
hidden  a series under another, within a line's width over 80 % of its length or points, that does not show through
cut     numbers of a series beyond its axes
looks   more than eight looks in a panel, or one look with two meanings in a key
small   text below 6 pt in print, or indices below 4.8 pt, which gnuplot makes from it
unread  a picture that this script does not understand

figures/lint.txt excuses what is right as it is, in lines `figure panel kind: reason`, with commas between panels. With
a profile in front, `paper/sarao2020/fig1 1,2 cut: reason`, a line counts for this profile alone. An excuse that excuses
nothing is an error. lint-figures.py --self-test draws nothing and shows that each kind is found where it is, and not
where it is not. Status 1: findings or errors."""

import itertools
import math
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

from drawn import Box, Figure

EXCUSES = pathlib.Path("figures/lint.txt")
KINDS = ["key", "legend", "text", "hidden", "cut", "looks", "small", "unread"]
WIDTHS = [8.6, 17.2]  # Centimetres in print, one column and two.
COVERED = 0.8
# How gnuplot draws what a key has a sample of.
SAMPLES = {"lines": {"line"}, "steps": {"line"}, "points": {"marks"}, "impulses": {"marks"},
           "linespoints": {"line", "marks"}, "yerrorbars": {"marks"}, "xerrorbars": {"marks"}, "xyerrorbars": {"marks"},
           "filledcurves": {"band"}, "fillsteps": {"bars"}, "boxes": {"bars"}}


class LintedFigure(Figure):
    def __init__(self, *parts):
        super().__init__(*parts)
        self.findings = [("-", "unread", self.trouble)] if self.trouble else []

    def find(self, panel, kind, what, at=None):
        where = f" at {at[0] * self.scale:.1f}, {at[1] * self.scale:.1f} cm" if at else ""
        self.findings.append((panel, kind, what + where))

    @property
    def scale(self):
        """Centimetres in print of a pixel."""
        return self.centimetres / self.width

    def lint(self):
        if self.findings:
            return self.findings
        if all(abs(self.centimetres - width) > 0.01 for width in WIDTHS):
            self.find("-", "unread", f"{self.centimetres:.2f} cm is no width of print")
            return self.findings
        self.check_texts()
        self.check_keys()
        for panel in self.panels:
            self.check_key(panel)
            self.check_looks(panel)
            if panel.name != "key":
                self.check_hidden(panel)
                self.check_cut(panel)
        return self.findings

    def rectangle(self, panel):
        left, right, bottom, top = panel.place
        return Box(left * self.width, (1 - top) * self.height, right * self.width, (1 - bottom) * self.height)

    def nearest(self, text):
        for panel in self.panels:
            if panel.name == "key" and any(text in element.texts for element in panel.elements()):
                return panel.owner
        x, y = (text.box.left + text.box.right) / 2, (text.box.top + text.box.bottom) / 2
        return min((p for p in self.panels if p.name != "key"), key=lambda p: self.rectangle(p).distance(x, y)).name

    def check_texts(self):
        smallest = {}
        for text in self.texts:
            box = text.box
            if min(box.left, box.top, self.width - box.right, self.height - box.bottom) < -1:
                self.find(self.nearest(text), "text", f"{text.words!r} leaves the picture", (box.left, box.top))
            for size, isIndex in text.sizes:
                points = size * self.scale / 2.54 * 72
                if points < (4.8 if isIndex else 6) - 0.05:
                    smallest.setdefault(self.nearest(text), []).append((points, text.words))
        for panel, texts in smallest.items():
            self.find(panel, "small", f"{len(texts)} texts, {min(texts)[1]!r} has {min(texts)[0]:.1f} pt")
        # Why 1 pixel: the boxes may be wrong by that much, and less is not seen.
        for one, other in itertools.combinations(self.texts, 2):
            if one.box.overlap(other.box) > 1:
                kind = "legend" if one.isKey or other.isKey else "text"
                self.find(self.nearest(one), kind, f"{one.words!r} is on {other.words!r}", (one.box.left, one.box.top))

    def check_key(self, panel):
        drawn = [element for element in panel.elements() if not element.isKey]
        for entry in (element for element in panel.elements() if element.isKey):
            boxes = [text.box for text in entry.texts] + [around(fill) for fill in entry.fills]
            boxes += [around(points).grown(width / 2) for points, width, _ in entry.lines]
            boxes += [Box(x, y, x, y).grown(radius) for x, y, radius, _ in entry.marks]
            if panel.name == "key":
                for other in self.panels:
                    if other.name != "key" and any(box.overlap(self.rectangle(other)) > 1 for box in boxes):
                        what = f"{plain(entry.title)!r} is in panel {other.name}"
                        self.find(panel.owner, "legend", what, corner(boxes))
                continue
            hit = {element.data for element in drawn for box in boxes if touches(element, box)}
            if hit:
                self.find(panel.name, "legend", f"{plain(entry.title)!r} is on {', '.join(sorted(hit))}", corner(boxes))

    def check_keys(self):
        panels = [panel for panel in self.panels if panel.name != "key"]
        entries = {panel.name: [] for panel in panels}
        for key in self.panels:
            shown = [element for element in key.elements() if element.isKey]
            isForAll = key.owner == "key"
            for name in entries if isForAll else [key.owner]:
                entries[name] += shown
            if isForAll and len(panels) > 1 and not key.labels:
                self.find("key", "key", "does not say which panels it is for")
        known = {look(entry): plain(entry.title) for shown in entries.values() for entry in shown}
        for panel in panels:
            drawn, told = {}, {}
            filled = {element.data for element in panel.elements() if element.kind == "fillsteps"}
            for element in panel.elements():
                if element.isKey or element.isEdge or element.kind not in SAMPLES:
                    continue
                # The outline of a histogram.
                samples = {"bars"} if element.data in filled else SAMPLES[element.kind]
                drawn.setdefault(look(element), set()).update(samples)
            for entry in entries[panel.name]:
                told.setdefault(look(entry), set()).update(SAMPLES[entry.kind])
                if SAMPLES[entry.kind] - drawn.get(look(entry), set()):
                    self.find(panel.name, "key", f"{plain(entry.title)!r} is not drawn so")
            for its, samples in drawn.items():
                if its not in told and its in known and its[0].startswith("lt"):
                    self.find(panel.name, "key", f"{known[its]!r} of another panel explains {', '.join(its)}")
                elif its in told and (missing := samples - told[its] - {"band", "bars"}):
                    self.find(panel.name, "key", f"{known[its]!r} is without {' and '.join(missing)}")

    def check_hidden(self, panel):
        drawn = [element for element in panel.elements() if not element.isKey and not element.isEdge]
        # A histogram is seen by its fill.
        filled = {element.data for element in drawn if element.fills}
        lines = [e for e in drawn if e.kind in ("lines", "steps") and e.lines and e.data not in filled]
        for under, over in itertools.combinations(lines, 2):
            # Why: between dashes a solid line of another colour shows, and that is how one draws theory on theory.
            if under.data == over.data or (over.lines[0][2] and not under.lines[0][2]):
                continue
            width = max(under.lines[0][1], over.lines[0][1])
            short, long = sorted(([point for points, _, _ in element.lines for point in along(points)]
                                  for element in (under, over)), key=len)
            if len(short) >= 10 and (share := near(short, long, width)) >= COVERED:
                what = f"{over.data} is drawn on {share:.0%} of {under.data}"
                self.find(panel.name, "hidden", what, short[len(short) // 2])
        points = [element for element in drawn if element.kind.endswith(("points", "errorbars")) and element.marks]
        for under, over in itertools.combinations(points, 2):
            # Points that are open or smaller let those below be seen.
            if under.data == over.data or not over.marks[0][3] or over.marks[0][2] < 0.8 * under.marks[0][2]:
                continue
            short = [(x, y) for x, y, _, _ in under.marks]
            if len(short) > 1 and (share := near(short, [(x, y) for x, y, _, _ in over.marks], 1.6)) >= COVERED:
                self.find(panel.name, "hidden", f"{over.data} is drawn on {share:.0%} of {under.data}", short[0])

    def check_cut(self, panel):
        for element in panel.elements():
            comment, rows = self.blocks.get(element.data, ("", []))
            if element.isKey or element.isEdge or element.kind == "fillsteps" or comment == "guide":
                continue
            # The edges of a band are data. A bar may end beyond an axis: its point is there.
            columns = {"x": [0], "y": [1, 2] if element.kind == "filledcurves" else [1]}
            rows = [row for row in rows if all(map(math.isfinite, row[:1 + max(columns["y"])]))]
            inside = rows
            for axis, places in columns.items():
                low, high = ends = panel.ranges[axis]
                slack = 1e-3 * (high - low)
                low, high = (low * 0.999, high * 1.001) if panel.logs[axis] else (low - slack, high + slack)
                numbers = [row[i] for row in inside for i in places if not low <= row[i] <= high]
                before = len(inside)
                inside = [row for row in inside if all(low <= row[i] <= high for i in places)]
                if numbers:
                    self.find(panel.name, "cut",
                              f"{before - len(inside)} of {len(rows)} numbers of {comment} {element.data}, {axis} from "
                              f"{min(numbers):.3g} to {max(numbers):.3g}, are not within {ends[0]:g} to {ends[1]:g}")

    def check_looks(self, panel):
        entries = [element for element in panel.elements() if element.isKey]
        for one, other in itertools.combinations(entries, 2):
            if (one.kind, one.look) == (other.kind, other.look) and one.title != other.title:
                self.find(panel.owner, "looks", f"{plain(one.title)!r} and {plain(other.title)!r} look the same")
        drawn = [e for e in panel.elements() if not e.isKey and not e.isEdge and e.kind != "boxxyerror"]
        looks = {look(element) for element in drawn}
        if len(looks) > 8:
            self.find(panel.name, "looks", f"{len(looks)} looks")


def look(element):
    """A line and points of one number belong together and are one look."""
    return tuple(re.findall(r"(?:lt|ls) \d+|lc (?:rgb '[^']*'|palette frac \S+)", element.look))


def around(points):
    xs, ys = zip(*points)
    return Box(min(xs), min(ys), max(xs), max(ys))


def corner(boxes):
    return min(box.left for box in boxes), min(box.top for box in boxes)


def along(points):
    """Points a pixel apart on a stroke."""
    for (x, y), (u, v) in zip(points, points[1:]):
        steps = max(1, math.ceil(math.hypot(u - x, v - y)))
        yield from ((x + (u - x) * i / steps, y + (v - y) * i / steps) for i in range(steps))


def near(points, others, distance):
    """The share of points that have one of the others within a distance."""
    cells = {}
    for x, y in others:
        cells.setdefault((int(x // distance), int(y // distance)), []).append((x, y))
    def isNear(x, y):
        i, j = int(x // distance), int(y // distance)
        return any(math.hypot(x - u, y - v) <= distance
                   for a in (i - 1, i, i + 1) for b in (j - 1, j, j + 1) for u, v in cells.get((a, b), ()))
    return sum(isNear(x, y) for x, y in points) / len(points)


def touches(element, box):
    if any(box.distance(x, y) < r for x, y, r, _ in element.marks):
        return True
    if any(box.grown(w / 2).meets(a, b) for points, w, _ in element.lines for a, b in zip(points, points[1:])):
        return True
    middle = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    return any(box.meets(a, b) for fill in element.fills for a, b in zip(fill, fill[1:] + fill[:1])) \
        or any(contains(fill, *middle) for fill in element.fills)


def contains(polygon, x, y):
    crossings = [(a, b) for a, b in zip(polygon, polygon[1:] + polygon[:1]) if (a[1] > y) != (b[1] > y)]
    return sum(x < a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]) for a, b in crossings) % 2 == 1


def plain(markup):
    return re.sub(r"\{/:\w+ ([^}]*)\}|​", r"\1", markup)


def read_excuses(text):
    excuses, errors = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(r"(?:([^/\s]+)/)?([^/\s]+/\S+) (\S+) (\w+): (.+)", line)
        if not match or match[4] not in KINDS:
            errors.append(f"{EXCUSES}:{number}: {line!r} is not `figure panel kind: reason`, kinds {', '.join(KINDS)}")
            continue
        for panel in match[3].split(","):
            key = (match[1], match[2], panel, match[4])
            if key in excuses:
                errors.append(f"{EXCUSES}:{number}: the same is excused in line {excuses[key]}")
            excuses[key] = number
    return excuses, errors


def judge(profile, drawn, excuses):
    """What to print of the findings of a profile, {figure: findings}."""
    lines, used = [], set()
    for name, findings in drawn.items():
        for panel, kind, what in findings:
            mine = [key for key in ((profile, name, panel, kind), (None, name, panel, kind)) if key in excuses]
            used.update(mine)
            if not mine:
                lines.append(f"{profile}/{name} panel {panel}: {kind}: {what}")
    lines += [f"{EXCUSES}:{number}: {profile}/{key[1]} panel {key[2]} has no finding {key[3]} to excuse; take it out"
              for key, number in excuses.items() if key[1] in drawn and key[0] in (None, profile) and key not in used]
    return lines


def curve(points, dashes=""):
    return f"<path stroke-dasharray='{dashes}' d='M" + " L".join(f"{x},{y}" for x, y in points) + "'/>"


def points(places, shape=4):
    return "".join(f"<use xlink:href='#gpPt{sign}' transform='translate({x},{y}) scale({scale})'/>"
                   for x, y in places for sign, scale in ((6, 0.03), (shape, 2)))  # As gnuplot draws points with bars.


def words(text, x, y, size=9.33):
    return f"<g transform='translate({x},{y})' font-size='{size}'><text><tspan>{text}</tspan></text></g>"


def sample(*series, other="", groups=None, panels=1, above=None, of="", label=""):
    """A figure of equal panels with series of (draw, kind, look, title, rows, what is drawn), maybe with a key above."""
    blocks = "".join(f"# panel 1, {draw}\n$data{n} << EOD\n# x y\n{rows}\nEOD\n"
                     for n, (draw, _, _, _, rows, _) in enumerate(series, 1) if draw != "key")
    elements = [f"keyentry with {kind} {look} title '{title}'" if draw == "key" else
                f"$data{n - (kind == 'steps')} using 1:2 with {kind} {look} notitle"
                for n, (draw, kind, look, title, _, _) in enumerate(series, 1)]
    script = f"{blocks}set terminal pdfcairo size 3.38583in,2.4in\n" + "".join(
        f"# panel {panel}\nset margins at screen 0.1, screen 0.9, screen 0.1, screen 0.9\n"
        "unset logscale x; set xrange [0:10]\nunset logscale y; set yrange [1:100]; set logscale y\n"
        "plot \\\n  " + ", \\\n  ".join(elements) + "\n" for panel in range(1, panels + 1))
    drawn = "".join(f"<g id='test_plot_{n}a'><g stroke-width='1.6'>{parts[-1]}</g></g>"
                    for n, parts in enumerate(series, 1)) * panels
    if above:
        script += f"# key{of}\n" + f"set label '{label}' at screen 0, screen 1\n" * bool(label) + \
            f"plot NaN notitle, keyentry with {above[1]} {above[2]} title '{above[3]}'\n"
        drawn += f"<g id='test_plot_1b'/><g id='test_plot_2b'><g stroke-width='1.6'>{above[-1]}</g></g>"
    return LintedFigure("test/fig1", script, "<svg xmlns='http://www.w3.org/2000/svg' width='325' height='230' "
                        "xmlns:xlink='http://www.w3.org/1999/xlink'>"
                        f"{other}{drawn if groups is None else groups}</svg>")


def self_test():
    flat, lower, steep = ([(x, y + slope * (x - 40)) for x in range(40, 280, 5)]
                          for y, slope in ((60, 0), (66, 0), (60, 0.5)))
    low = [(40, 190), (280, 190)]
    line = lambda at, number=1, dashes="": ("line", "lines", f"lt {number}", "", "1 10\n2 20", curve(at, dashes))
    dots = lambda at, number=1, shape=4: ("points", "points", f"lt {number}", "", "1 10\n2 20", points(at, shape))
    entry = lambda x, y, number=1, title="some words", kind="lines": (
        "key", kind, f"lt {number}", title, "", words(title, x, y) + curve([(x - 25, y - 3), (x - 5, y - 3)]))
    rows = lambda draw, kind, numbers: (draw, kind, "lt 1", "", numbers, curve(steep))
    cases = [
        ("legend", sample(line(flat), entry(100, 64))),
        ("legend", sample(line([(40, 60), (105, 60)]), entry(124, 64))),  # Its sample alone.
        ("legend", sample(dots([(120, 60), (240, 60)]), entry(100, 64, kind="points"))),
        ("legend", sample(line(flat), entry(100, 120), other=words("title", 110, 122))),
        ("", sample(line(flat), entry(100, 120), other=words("title", 110, 135))),
        ("text", sample(line(flat), other=words("10", 50, 220) + words("100", 55, 220))),
        ("", sample(line(flat), other=words("10", 50, 220) + words("100", 65, 220))),
        ("text", sample(line(flat), other=words("number of samples", 260, 220))),
        ("hidden", sample(line(flat), line(flat, 2))),
        ("hidden", sample(line(flat, 1, "3,2"), line(flat, 2, "5,1"))),
        ("", sample(line(flat), line(flat, 2, "5,1"))),
        ("", sample(line(flat), line(lower, 2))),
        ("", sample(("histogram", "fillsteps", "lt 1", "", "1 10\n2 20", "<polygon points='40,60 280,60 280,200'/>"),
                    ("histogram", "steps", "lt 1", "", "", curve(flat)), line(flat, 2))),
        ("", sample(line(flat), line(steep, 2))),
        ("hidden", sample(dots(flat), dots(flat, 2))),
        ("", sample(dots(flat), dots(flat, 2, shape=5))),  # Open ones.
        ("", sample(line(flat), dots(flat))),
        ("cut", sample(rows("line", "lines", "1 10\n2 200"))),
        ("cut", sample(rows("line", "lines", "1 10\n12 20"))),
        ("cut", sample(rows("band", "filledcurves", "1 10 20\n2 0.5 20"))),
        ("cut", sample(rows("vertical", "lines", "11 1\n11 100"))),
        ("", sample(rows("line", "lines", "0 1\n10 100\n12 NaN"))),
        ("", sample(rows("points", "yerrorbars", "1 10 0.5 200"))),
        ("", sample(rows("guide", "lines", "1 0.1\n10 1000"))),
        ("looks", sample(*(line([(40, y), (280, y)], y // 10) for y in range(40, 130, 10)))),
        ("", sample(*(line([(40, y), (280, y)], y // 10) for y in range(40, 120, 10)), dots([(40, 150)], 4))),
        ("looks", sample(line(steep), entry(100, 60), entry(100, 30, title="others"))),
        ("", sample(line(steep), line(low, 2), entry(100, 60), entry(100, 30, 2, title="others"))),
        ("key", sample(line(low), entry(100, 60), entry(100, 30, 2, title="others"))),  # Nothing has the second look.
        ("key", sample(line(low), dots(steep), entry(100, 60))),
        ("key", sample(line(low), dots(steep), entry(100, 60, kind="points"))),
        ("", sample(line(low), dots(steep), entry(100, 60, kind="linespoints"))),
        ("", sample(line(low), dots(steep), entry(100, 60), entry(100, 30, title="others", kind="points"))),
        ("key", sample(dots(low), entry(100, 60, kind="linespoints"))),
        ("", sample(("histogram", "fillsteps", "lt 1", "", "1 10\n2 20", "<polygon points='40,190 280,190 280,200'/>"),
                    ("histogram", "steps", "lt 1", "", "", curve(low)), entry(100, 60, kind="boxes"))),
        ("", sample(line(low), dots(steep, 2), entry(100, 60))),  # What no key has may have no need of one.
        ("key", sample(line(low), above=entry(100, 20), panels=2)),  # Of two panels without a word.
        ("", sample(line(low), above=entry(100, 20), panels=2, label="(a, b)")),
        ("key", sample(line(low), above=entry(100, 20, 2), panels=2, label="(a, b)")),
        ("key", sample(line(low), above=entry(100, 20), panels=2, of=" of panel 1")),  # The other has its look.
        ("", sample(line(low), above=entry(100, 20), of=" of panel 1")),
        ("small", sample(line(flat), other=words("10", 50, 220, 7.5))),
        ("", sample(line(flat), other=words("10</tspan><tspan dy='-3' font-size='7'>2", 50, 220, 8.3))),
        ("small", sample(line(flat), other=words("10</tspan><tspan dy='-3' font-size='6'>2", 50, 220, 8.3))),
        ("unread", sample(line(flat), groups="")),
        ("unread", sample(line(flat), groups="<g id='test_plot_2a'/>")),
    ]
    wrong = [f"case {n}: {sorted(found)} in place of {kind or 'nothing'}" for n, (kind, figure) in enumerate(cases, 1)
             if (found := {finding[1] for finding in figure.lint()}) != ({kind} - {""})]

    drawn = {"test/fig1": [("1", "cut", "a line")]}
    for text, count in (
            ("", 1), ("test/fig1 1 cut: why", 0), ("quick/test/fig1 1 cut: why", 0), ("paper/test/fig1 1 cut: why", 1),
            ("test/fig1 2 cut: why", 2), ("test/fig1 1,2 cut: why", 1), ("test/other 1 cut: why", 1),
            ("test/fig1 1 cut: why\ntest/fig1 1 text: why", 1), ("test/fig1 1 cut: why\ntest/fig1 1 cut: so", 1),
            ("test/fig1 1 cut", 2), ("test/fig1 1 cute: why", 2)):
        excuses, errors = read_excuses(text)
        if len(errors + judge("quick", drawn, excuses)) != count:
            wrong.append(f"excuses {text!r} leave {errors + judge('quick', drawn, excuses)}")
    print(*wrong, f"lint-figures: {len(cases)} pictures, {len(wrong)} mistakes", sep="\n")
    return bool(wrong)


def isKnown(figure):
    paper, name = figure.split("/", 1)
    path = pathlib.Path(f"figures/{paper}.yaml")
    return path.exists() and re.search(rf"^  {re.escape(name)}:", path.read_text(), re.M)


def main(folders):
    excuses, lines = read_excuses(EXCUSES.read_text() if EXCUSES.exists() else "")
    lines += [f"{EXCUSES}:{number}: figures/*.yaml have no {key[1]}"
              for key, number in excuses.items() if not isKnown(key[1])]
    if not folders:
        folders = sorted({script.parent.parent for script in pathlib.Path("figures").glob("*/*/*.gp")}) or ["figures"]
    count = total = 0
    for folder in map(pathlib.Path, folders):
        drawn = {}
        for script in sorted(folder.glob("*/*.gp")):
            name = f"{script.parent.name}/{script.stem}"
            try:
                drawn[name] = LintedFigure(name, script.read_text(), script.with_suffix(".svg").read_text()).lint()
            except (OSError, ElementTree.ParseError) as error:
                drawn[name] = [("-", "unread", str(error))]
        if not drawn:
            lines.append(f"{folder}: no figures; run `make figures` first")
        lines += judge(folder.name, drawn, excuses)
        count += len(drawn)
        total += sum(map(len, drawn.values()))
    print(*lines, f"lint: {count} figures, {total} findings, {len(lines)} not excused", sep="\n")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(self_test() if "--self-test" in sys.argv else main(sys.argv[1:]))
