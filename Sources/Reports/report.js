// The page is whole without this: it sorts and filters the table of claims, and opens what a link points into.
"use strict";

const table = document.querySelector("table.sortable");
const rows = table ? [...table.tBodies[0].rows] : [];

function sortBy(header) {
  const column = header.cellIndex;
  const descending = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
  const isNumber = header.classList.contains("number");
  const order = (a, b) => {
    if (!isNumber) return key(a).localeCompare(key(b), "en", { numeric: true });
    const [x, y] = [key(a), key(b)].map((text) => (text === "" ? NaN : Number(text)));
    return x - y;
  };
  const isMissing = (row) => isNumber && (key(row) === "" || Number.isNaN(Number(key(row))));
  // What has no number stands last in either direction.
  const present = rows.filter((row) => !isMissing(row)).sort((a, b) => (descending ? -order(a, b) : order(a, b)));
  table.tBodies[0].append(...present, ...rows.filter(isMissing));
}

function filter() {
  const words = document.getElementById("filter-text").value.toLowerCase().split(/\s+/);
  const verdict = document.getElementById("filter-verdict").value;
  let count = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word)) || (verdict !== "" && !row.dataset.verdict.split(" ").includes(verdict));
    if (!row.hidden) count += 1;
  }
  document.getElementById("filter-count").textContent = `${count} of ${rows.length} claims`;
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
  const inner = target.matches("tr") ? target.querySelector("details") : target;
  for (let node = inner; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  target.scrollIntoView();
}

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}
for (const id of ["filter-text", "filter-verdict"]) document.getElementById(id)?.addEventListener("input", filter);
for (const picture of document.querySelectorAll(".picture")) {
  picture.addEventListener("click", () => {
    const lineage = picture.closest("article").querySelector(".lineage");
    lineage.open = !lineage.open;
    if (lineage.open) lineage.scrollIntoView({ block: "nearest" });
  });
}
window.addEventListener("hashchange", reveal);
// A link followed twice changes no hash, but what it points into may have been closed since.
document.addEventListener("click", (event) => {
  if (event.target.closest('a[href^="#"]')) setTimeout(reveal);
});
reveal();
