"""A drawn figure, read back: what its gnuplot script says of panels, series and axes, and where the picture, made by
that script as SVG, has lines, marks, fills and texts. Lengths are in pixels of the picture, y downwards."""

import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

SVG = "{http://www.w3.org/2000/svg}"
# Advance widths of DejaVu Sans in ems, to 0.02 for most signs. One that is not here is taken as 0.64. The width of a
# text should be right to 3 %, and to 10 % where most of its signs are rare. Its height is that of capitals.
ADVANCES = {c: w for w, signs in {
    0.28: "ijl′'IJ", 0.32: " ,.·", 0.34: "/:;\\|f-", 0.39: "()[]t!r", 0.5: '"*_`sz?', 0.55: "cεζLνξΓ",
    0.59: "Fkχvxyγκλ", 0.6: "PπτTYaoδθ", 0.63: "eESbdghnpquηρσΣ", 0.67: "KαφψAVΔΛ", 0.69: "BRXZC",
    0.75: "UHNΩDG", 0.79: "&OQΘΦΨ",
    0.84: "w∞#+<=>^~−×≤≥≈→ω", 0.86: "M", 0.96: "%m", 0.99: "W@", 0: "​"}.items() for c in signs}
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"


@dataclass
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other):
        """How far the two reach into each other, the smaller of both directions; negative apart."""
        return min(min(self.right, other.right) - max(self.left, other.left),
                   min(self.bottom, other.bottom) - max(self.top, other.top))

    def meets(self, a, b):
        """Whether the straight line from a to b runs through the box (Liang and Barsky)."""
        low, high = 0.0, 1.0
        for start, end, near, far in ((a[0], b[0], self.left, self.right), (a[1], b[1], self.top, self.bottom)):
            step = end - start
            if step == 0:
                if not near < start < far:
                    return False
                continue
            ends = sorted(((near - start) / step, (far - start) / step))
            low, high = max(low, ends[0]), min(high, ends[1])
        return low < high

    def grown(self, by):
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def distance(self, x, y):
        return math.hypot(max(self.left - x, 0, x - self.right), max(self.top - y, 0, y - self.bottom))


@dataclass
class Text:
    words: str
    box: Box
    sizes: list  # (size in pixels, whether an index)
    isKey: bool = False


@dataclass
class Element:
    """One of the things that a `plot` command draws: from the script, and what the picture has of it."""
    data: str
    kind: str
    look: str
    title: str
    lines: list = field(default_factory=list)  # (points, width, dashes)
    marks: list = field(default_factory=list)  # (x, y, radius, whether filled)
    fills: list = field(default_factory=list)
    texts: list = field(default_factory=list)

    @property
    def isEdge(self):
        """The white edge of a series on a map, which is drawn again on top."""
        return "'#ffffff'" in self.look

    @property
    def isKey(self):
        return bool(self.title)


@dataclass
class Panel:
    name: str
    of: str = ""  # Of a key outside of the axes: the panel that it is for; empty for all.
    labels: list = field(default_factory=list)
    ranges: dict = field(default_factory=dict)
    logs: dict = field(default_factory=lambda: {"x": False, "y": False})
    place: tuple = ()
    plots: list = field(default_factory=list)

    @property
    def owner(self):
        """The panel that it belongs to, or `key`."""
        return self.of or self.name

    def elements(self):
        return [element for plot in self.plots for element in plot if element.data != "NaN"]


class Figure:
    def __init__(self, name, script, picture):
        self.name, self.trouble = name, ""
        self.blocks = {}
        data = r"(?:^# panel \d+, (\w+).*\n)?^(\$\w+) << EOD\n((?:.*\n)*?)EOD$"
        for comment, block, rows in re.findall(data, script, re.M):
            numbers = [[float(word) for word in line.split()] for line in rows.splitlines() if not line.startswith("#")]
            self.blocks[block] = (comment, [row for row in numbers if len(row) > 1])
        inches = re.search(r"set terminal pdfcairo size (\S+?)in,", script)
        self.centimetres = float(inches[1]) * 2.54 if inches else 0
        self.panels = self.read_script(re.sub(r"\\\n", "", script))
        self.read_picture(ElementTree.fromstring(picture))

    # What the script says.

    def read_script(self, script):
        panels = []
        for line in script.splitlines():
            if header := re.fullmatch(r"# (?:panel (\d+)|(key)(?: of panel (\d+))?)", line):
                panels.append(Panel(header[1] or header[2], header[3] or ""))
            if not panels:
                continue
            panel = panels[-1]
            for axis in "xy":
                if match := re.search(rf"set {axis}range \[({NUMBER}):({NUMBER})\]", line):
                    panel.ranges[axis] = (float(match[1]), float(match[2]))
                if re.search(rf"(?<!un)set logscale {axis}\b", line):
                    panel.logs[axis] = True
            if match := re.match(r"set margins at " + ", ".join([rf"screen ({NUMBER})"] * 4), line):
                panel.place = tuple(map(float, match.groups()))
            if match := re.match(r"set label '((?:[^']|'')*)'", line):
                panel.labels.append(match[1])
            if line.startswith("plot "):
                panel.plots.append([self.element(part) for part in self.parts(line[5:])])
        return panels

    @staticmethod
    def parts(text):
        """The text between commas that stand in no quotes and no brackets."""
        return re.findall(r"(?:'(?:[^']|'')*'|\([^)]*\)|[^,'(])+", text)

    @staticmethod
    def element(text):
        title = re.search(r" title '((?:[^']|'')*)'", text)
        how = re.search(r" with (\w+) (.*?)(?: notitle| title |$)", text)
        return Element(text.split()[0], how[1] if how else "", how[2] if how else "", title[1] if title else "")

    # What the picture has.

    def read_picture(self, root):
        self.width, self.height = float(root.get("width")), float(root.get("height"))
        plots = [plot for panel in self.panels for plot in panel.plots]
        self.texts, place, last = [], -1, None
        for node in root.iter(SVG + "g"):
            if match := re.search(r"_plot_(\d+)([a-z]*)$", node.get("id", "")):
                number = int(match[1])
                # A plot's things are numbered from 1 again, and its letter is often that of the plot before.
                if last is None or number <= last[0] or match[2] != last[1]:
                    place += 1
                last = (number, match[2])
                if place >= len(plots) or number > len(plots[place]):
                    self.trouble = "the picture has more series than the script"
                    return
                self.read_drawn(node, plots[place][number - 1], 1.0)
        if place + 1 != len(plots):
            self.trouble = f"the picture has {place + 1} plots, the script {len(plots)}"
        keyTexts = [text for plot in plots for element in plot for text in element.texts]
        known = {(text.words, text.box.left, text.box.top) for text in keyTexts}
        others = [text for node in root.iter(SVG + "g") if (text := self.text(node))]
        self.texts = keyTexts + [t for t in others if (t.words, t.box.left, t.box.top) not in known]

    def read_drawn(self, node, element, width):
        width = float(node.get("stroke-width", width))
        for child in node:
            kind = child.tag.removeprefix(SVG)
            if kind == "g":
                if text := self.text(child):
                    text.isKey = element.isKey
                    element.texts.append(text)
                else:
                    self.read_drawn(child, element, width)
            elif kind == "path" and "gridline" not in child.get("class", ""):
                dashes = [float(word) for word in child.get("stroke-dasharray", "").replace(",", " ").split()]
                element.lines += [(points, width, dashes) for points in paths(child.get("d"))]
            elif kind == "polygon":
                element.fills.append(pairs(child.get("points")))
            elif kind == "use":
                x, y, scale = map(float, re.findall(NUMBER, child.get("transform", ""))[:3])
                shape = child.get("{http://www.w3.org/1999/xlink}href", "").removeprefix("#gpPt")
                if scale > 0.1:  # Bars come with a mark of no size below that of their point.
                    element.marks.append((x, y, scale, shape in ("4", "6", "8", "10", "12", "14")))

    @staticmethod
    def text(node):
        label = node.find(SVG + "text")
        move = re.match(rf"translate\(({NUMBER}),({NUMBER})\)( rotate)?", node.get("transform", ""))
        if label is None or not move:
            return None
        normal = float(node.get("font-size"))
        size, shift, width, words, sizes = normal, 0.0, 0.0, "", []
        top, bottom = 0.0, 0.0
        for run in label.iter():
            size = float(run.get("font-size", size))
            shift += float(run.get("dy", "0").removesuffix("px"))
            signs = run.text or ""
            if run.tag == SVG + "text" and not signs.strip():
                continue
            width += size * sum(ADVANCES.get(sign, 0.64) for sign in signs)
            words += signs.replace("​", "")
            if signs.strip("​ "):
                sizes.append((size, abs(shift) > 0.1))
                top = min(top, shift - 0.73 * size)
                bottom = max(bottom, shift + (0.2 * size if set(signs) & set("gjpqyQ,;()[]{}|_") else 0))
        if not sizes:
            return None
        x, y = float(move[1]), float(move[2])
        start = {"middle": -width / 2, "end": -width}.get(node.get("text-anchor"), 0)
        box = Box(x + start, y + top, x + start + width, y + bottom)
        if move[3]:  # A quarter turn against the clock.
            box = Box(x + top, y - start - width, x + bottom, y - start)
        return Text(words.strip(), box, sizes)


def pairs(text):
    numbers = list(map(float, re.findall(NUMBER, text)))
    return list(zip(numbers[::2], numbers[1::2]))


def paths(text):
    """The strokes of a path of M, L and Z, each a list of points."""
    strokes = [pairs(part) for part in text.split("M")[1:]]
    return [stroke for stroke in strokes if len(stroke) > 1]
