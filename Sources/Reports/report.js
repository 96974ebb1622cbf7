// The page is whole without this: it sorts and filters the table of claims, and opens what a link points into.
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
  document.getElementById("filter-count").textContent = `${count} of ${claims.length} claims`;
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
