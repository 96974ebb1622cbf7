// The page is whole without this: it sorts and filters the table of claims, opens what a link points into, and tells the
// numbers of a figure under the pointer.
"use strict";

const table = document.querySelector("table.sortable");
// A claim is a body of two rows: its numbers, and folded where they come from.
const claims = table ? [...table.tBodies] : [];

function sortBy(header) {
  const column = header.cellIndex;
  const descending = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const key = (claim) => {
    const cell = claim.rows[0].cells[column];
    return cell.dataset.sort ?? cell.textContent.trim();
  };
  const isNumber = header.classList.contains("number");
  const order = (a, b) => {
    if (!isNumber) return key(a).localeCompare(key(b), "en", { numeric: true });
    const [x, y] = [key(a), key(b)].map((text) => (text === "" ? NaN : Number(text)));
    return x - y;
  };
  const isMissing = (claim) => isNumber && (key(claim) === "" || Number.isNaN(Number(key(claim))));
  // What has no number stands last in either direction.
  const present = claims.filter((claim) => !isMissing(claim)).sort((a, b) => (descending ? -order(a, b) : order(a, b)));
  table.append(...present, ...claims.filter(isMissing));
}

function filter() {
  const words = document.getElementById("filter-text").value.toLowerCase().split(/\s+/);
  const verdict = document.getElementById("filter-verdict").value;
  let count = 0;
  for (const claim of claims) {
    const text = claim.textContent.toLowerCase();
    claim.hidden =
      !words.every((word) => text.includes(word)) || (verdict !== "" && !claim.dataset.verdict.split(" ").includes(verdict));
    if (!claim.hidden) count += 1;
  }
  document.getElementById("filter-count").textContent = `${count} of ${claims.length} ${claims.length === 1 ? "claim" : "claims"}`;
}

// Opens the details that hold the target of a link, and the target itself.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.hidden) {
    document.getElementById("filter-text").value = "";
    document.getElementById("filter-verdict").value = "";
    filter();
  }
  const inner = target.matches("tbody") ? target.querySelector("details") : target;
  for (let node = inner; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  target.scrollIntoView();
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// A column of a chart: a field that is empty repeats the one before.
function fields(text) {
  let last = "";
  return text.split(",").map((field) => (last = field === "" ? last : field));
}

// The numbers of a picture: the nearest to the pointer, or with the arrow keys one after the other; and one of its series
// alone.
class Chart {
  static intro = "Point at the picture, or focus it and press the arrow keys, to read its numbers.";
  // So many pixels a mark reaches around its point.
  static reach = 6;
  current = null;

  constructor(picture, { panels, drawings, columns, commands }) {
    Object.assign(this, { picture, panels, commands, columns: columns.map(fields) });
    this.canvas = this.picture.firstElementChild;
    this.image = this.canvas.querySelector("img");
    this.drawings = drawings.map((drawing) => this.place(drawing)).filter((drawing) => drawing.points.length > 0);
    if (this.drawings.length === 0) return;
    this.words = element("p", { textContent: Chart.intro, ariaLive: "polite" });
    this.readout = element("div", { className: "readout small" }, this.words);
    this.picture.after(this.readout);
    this.mark = element("i", { className: "mark", hidden: true });
    this.tip = element("div", { className: "tip", hidden: true, ariaHidden: "true" });
    this.canvas.append(this.mark, this.tip);
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-roledescription", "chart");
    this.canvas.setAttribute("aria-label", `${this.canvas.dataset.name}: arrow keys walk along its points`);
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerdown", (event) => this.point(event));
    // A finger leaves wherever it has asked.
    this.canvas.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && this.show(null));
    this.canvas.addEventListener("blur", () => this.show(null));
    this.canvas.addEventListener("keydown", (event) => this.walk(event));
    this.offerSeries();
  }

  // Where each point is, in shares of the picture; those beyond the axes are left out.
  place(drawing) {
    const panel = this.panels[drawing.panel];
    const [left, right, top, bottom] = panel.box;
    const share = ([low, high, isLog], value) =>
      isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    const across = (value) => left + (right - left) * share(panel.x, value);
    const up = (value) => bottom + (top - bottom) * share(panel.y, value);
    const columns = drawing.columns.map((place) => this.columns[place]);
    // Behind x, y and a heat map's z stand the half length of a bar or both its ends.
    const count = drawing.draw === "heatmap" ? 3 : 2;
    const bars = columns.slice(count).map((column) => column.map(Number));
    const ends = (row, y) => (bars.length === 1 ? [y - bars[0][row], y + bars[0][row]] : bars.map((bar) => bar[row])).map(up);
    const all = columns[0].map((x, row) => ({
      drawing, values: columns.map((column) => column[row]), x: across(Number(x)), y: up(Number(columns[1][row])),
      ends: ends(row, Number(columns[1][row])), command: this.commands[this.columns[drawing.at]?.[row]],
    }));
    const slack = 1e-6;
    const isSeen = (point) =>
      point.x >= left - slack && point.x <= right + slack && point.y >= top - slack && point.y <= bottom + slack;
    return { ...drawing, all, points: all.filter(isSeen) };
  }

  get shown() { return this.alone ? this.drawings.filter((drawing) => drawing.label === this.alone) : this.drawings; }

  // The nearest of some points to a place, no further than `reach` pixels.
  nearest(points, x, y, reach = Infinity) {
    const { width, height } = this.image.getBoundingClientRect();
    let [best, least] = [null, reach];
    for (const point of points) {
      const distance = Math.hypot((point.x - x) * width, (point.y - y) * height);
      if (distance < least) [best, least] = [point, distance];
    }
    return best;
  }

  point(event) {
    const { left, top, width, height } = this.image.getBoundingClientRect();
    const points = this.shown.flatMap((drawing) => drawing.points);
    this.show(this.nearest(points, (event.clientX - left) / width, (event.clientY - top) / height, 40));
  }

  walk(event) {
    if (event.key === "Escape") return this.show(null);
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey || this.other) return;
    event.preventDefault();
    const from = this.current;
    if (!from) return this.show(this.shown[0].points[0]);
    const { points, draw } = this.drawings.find((drawing) => drawing.points.includes(from));
    if (draw === "heatmap") {
      // The next cell that way; one that is not straight ahead counts as further.
      const ahead = (point) => (point.x - from.x) * way[0] + (point.y - from.y) * way[1];
      const aside = (point) => Math.abs((point.x - from.x) * way[1]) + Math.abs((point.y - from.y) * way[0]);
      const next = points.filter((point) => ahead(point) > 1e-6);
      next.sort((a, b) => ahead(a) + 9 * aside(a) - ahead(b) - 9 * aside(b));
      return next.length > 0 && this.show(next[0]);
    }
    if (way[0] !== 0) return this.show(points[points.indexOf(from) + way[0]] ?? from);
    // Up and down lead to the neighbours among the series, as the key lists them.
    const series = this.shown.findIndex((drawing) => drawing.points === points);
    const next = this.shown[series + way[1]];
    if (next) this.show(this.nearest(next.points, from.x, from.y));
  }

  // Marks a point and says its numbers.
  show(point) {
    if (point === this.current || this.other) return;
    this.current = point;
    this.mark.hidden = this.tip.hidden = !point;
    if (!point) return;
    const { drawing, values, command } = point;
    const isHalf = drawing.names.length === 3 && drawing.draw !== "heatmap";
    const numbers = drawing.names.flatMap((name, index) =>
      values[index] === "n" ? [] : isHalf && index === 2 ? `± ${values[2]} (${name})` : `${name} ${values[index]}`);
    if (command) numbers.push(command.about);
    const panel = this.panels.length > 1 ? `(${String.fromCharCode(97 + (drawing.panel % 26))}) ` : "";
    const title = panel + drawing.label;
    const { text } = command ?? this.commands[drawing.run];
    this.tip.replaceChildren(...[title, ...numbers].filter(Boolean).map((line) => element("div", { textContent: line })));
    this.words.replaceChildren(
      [title, numbers.join(", ")].filter(Boolean).join(": "), !command ? "; all again: " : command.isSample ? "; one of them again: " : "; again: ",
      element("code", { textContent: text.replace(/\{([01])\}/g, (_, index) => values[index]) }));
    this.mark.style.left = `${100 * point.x}%`;
    this.mark.style.top = `${100 * point.y}%`;
    // Beside the point where there is more room of what is in sight, and within it, whatever the width of the font.
    const [whole, sight] = [this.canvas, this.picture].map((box) => box.getBoundingClientRect());
    const [x, y, gap] = [point.x * whole.width, point.y * whole.height, 13];
    this.tip.style.maxWidth = `min(16rem, ${sight.width / 2 - gap}px)`;
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const [first, last] = [Math.max(0, sight.left - whole.left), Math.min(whole.width, sight.right - whole.left) - width];
    const left = x > (first + last + width) / 2 ? x - gap - width : x + gap;
    this.tip.style.left = `${Math.max(first, Math.min(left, last))}px`;
    this.tip.style.top = `${Math.max(0, Math.min(point.y > 0.5 ? y - height : y, whole.height - height))}px`;
  }

  // Hides what belongs to its own picture while that of another profile stands in its place, and says where the numbers of
  // that one are; nothing hides nothing.
  giveWay(profile) {
    this.show(null);
    this.other = profile !== null;
    this.canvas.classList.toggle("other", this.other);
    // A picture without points has no words of its own.
    if (!this.readout) {
      this.words = element("p", { ariaLive: "polite" });
      this.readout = element("div", { className: "readout small" }, this.words);
      this.picture.after(this.readout);
    }
    if (this.series) this.series.hidden = this.other;
    const id = this.canvas.dataset.name;
    const command = (text) => element("code", { textContent: `${text} --profile ${profile}` });
    if (this.other) this.words.replaceChildren("Its numbers: ", command(`refig data fig:${id} --csv`), "; again: ", command(`refig run fig:${id}`));
    else this.words.textContent = this.drawings.length > 0 ? Chart.intro : "";
  }

  // Buttons that show one series alone.
  offerSeries() {
    const labels = [...new Set(this.drawings.filter(({ draw, label }) => draw !== "heatmap" && label).map(({ label }) => label))];
    if (labels.length < 2) return;
    const buttons = labels.map((label) => element("button", { type: "button", textContent: label, ariaPressed: "false" }));
    for (const button of buttons) {
      button.addEventListener("click", () => {
        this.isolate(this.alone === button.textContent ? null : button.textContent);
        for (const other of buttons) other.ariaPressed = String(other.textContent === this.alone);
      });
    }
    this.series = element("div", { className: "series", role: "group", ariaLabel: "Show one series alone" }, "alone: ", ...buttons);
    this.readout.append(this.series);
  }

  // Pales the picture and draws the series of one label over it.
  isolate(label) {
    this.alone = label;
    this.show(null);
    this.veil?.remove();
    if (!label) return;
    const make = (name, attributes) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      return made;
    };
    this.veil = make("svg", { class: "veil", viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
    // A mark on an axis reaches beyond it.
    const image = this.image.getBoundingClientRect();
    const [across, up] = [Chart.reach / image.width, Chart.reach / image.height];
    const insides = this.panels.map(({ box: [left, right, top, bottom] }) => {
      const [width, height] = [right - left, bottom - top];
      this.veil.append(make("rect", { x: left - across, y: top - up, width: width + 2 * across, height: height + 2 * up }));
      this.veil.append(make("path", { class: "axes", d: `M${left} ${top}V${bottom}H${right}` }));
      // Lines end where the axes do.
      return make("svg", { x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}`, preserveAspectRatio: "none" });
    });
    this.veil.append(...insides);
    for (const { panel, draw, all, points, color } of this.shown) {
      const look = color ? { style: `stroke: ${color}` } : {};
      if (["points", "impulses"].includes(draw)) {
        const bars = points.filter(({ ends }) => ends.length === 2 && ends.every(Number.isFinite)).map(({ x, ends }) => `M${x} ${ends[0]}V${ends[1]}`);
        this.veil.append(make("path", { ...look, d: bars.join("") }));
        this.veil.append(make("path", { ...look, class: "dots", d: points.map(({ x, y }) => `M${x} ${y}h0`).join("") }));
        continue;
      }
      // The band of a line, each piece of it there along its upper end and back along the lower.
      let edge = [];
      const pieces = [];
      for (const { x, ends } of [...all, { ends: [] }]) {
        if (ends.length === 2 && [x, ...ends].every(Number.isFinite)) edge.push([x, ...ends]);
        else if (edge.length > 0) pieces.push(edge.splice(0));
      }
      const areas = pieces.map((piece) =>
        `M${[...piece.map(([x, low]) => `${x} ${low}`), ...piece.reverse().map(([x, , high]) => `${x} ${high}`)].join("L")}Z`);
      if (draw === "line" && areas.length > 0) {
        insides[panel].append(make("path", { class: "area", ...(color ? { style: `fill: ${color}` } : {}), d: areas.join("") }));
      }
      const isStep = ["steps", "histogram"].includes(draw);
      let [path, begins] = ["", true];
      for (const { x, y } of all) {
        if (Number.isFinite(x) && Number.isFinite(y)) path += begins ? `M${x} ${y}` : isStep ? `H${x}V${y}` : `L${x} ${y}`;
        begins = !(Number.isFinite(x) && Number.isFinite(y));
      }
      insides[panel].append(make("path", { ...look, d: path }));
    }
    this.mark.before(this.veil);
  }
}

// The picture of another profile in the place of this one, instead of a page of its own.
function offerProfiles(chart, links) {
  const own = { name: links.dataset.profile, source: chart.image.getAttribute("src") };
  const choices = [own, ...[...links.querySelectorAll("a")].map((link) => ({ name: link.textContent, source: link.getAttribute("href") }))];
  const buttons = choices.map(({ name, source }) => {
    const button = element("button", { type: "button", textContent: name, ariaPressed: String(source === own.source) });
    button.addEventListener("click", () => {
      chart.image.src = source;
      chart.giveWay(source === own.source ? null : name);
      for (const other of buttons) other.ariaPressed = String(other === button);
    });
    return button;
  });
  links.replaceChildren("profile: ", ...buttons);
}

// The numbers of all pictures, in the order of the page: JSON, compressed, in base 64.
async function readCharts() {
  const bytes = Uint8Array.from(atob(document.getElementById("charts").textContent), (sign) => sign.charCodeAt(0));
  const json = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const charts = await new Response(json).json();
  for (const [index, picture] of document.querySelectorAll("figure .picture").entries()) {
    const chart = new Chart(picture, charts[index]);
    const links = picture.parentElement.querySelector(".profiles");
    if (links) offerProfiles(chart, links);
  }
}

// The commands of each claim, which the text above the table tells for all.
for (const claim of claims) {
  const [id, stage] = [claim.id.slice("claim:".length), claim.querySelector('a[href^="#stage:"]')?.textContent];
  const commands = [["in the terminal", `show claim:${id}`], ["judge it again", `verify ${id}`]];
  if (stage) commands.push(["recompute a sample", `store audit stage:${stage} --sample 5`]);
  claim.querySelector("dl").append(...commands.flatMap(([name, text]) =>
    [element("dt", { textContent: name }), element("dd", {}, element("code", { textContent: `refig ${text}${table.dataset.option}` }))]));
}
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}
for (const id of ["filter-text", "filter-verdict"]) document.getElementById(id)?.addEventListener("input", filter);
for (const picture of document.querySelectorAll(".picture")) {
  picture.addEventListener("click", (event) => {
    // A finger on a picture asks for the number under it.
    if (event.pointerType === "touch" && picture.nextElementSibling.matches(".readout")) return;
    const lineage = picture.closest("article").querySelector(".lineage");
    lineage.open = !lineage.open;
    if (lineage.open) lineage.scrollIntoView({ block: "nearest" });
  });
}
// Tables and drawings that are wider than their boxes say so.
const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) target.classList.toggle("wide", target.scrollWidth > target.clientWidth + 1);
});
for (const box of document.querySelectorAll(".scroll, .graph")) widths.observe(box);
window.addEventListener("hashchange", reveal);
// A link followed twice changes no hash, but what it points into may have been closed since.
document.addEventListener("click", (event) => {
  if (event.target.closest('a[href^="#"]')) setTimeout(reveal);
});
// What a link points to stands where it stays once the charts have their words under them.
readCharts().finally(reveal);
