"""The pages that tell what the ledger holds: ledger.py compares the committed ones with what refig says today; ledger.py
--update writes them."""

import json
import pathlib
import re
import subprocess
import sys

REFIG = ".build/release/refig"
STATUS = [REFIG, "ledger", "status", "--profile", "paper"]
PAGE = pathlib.Path("Benchmarks/paper-profile.md")
README = pathlib.Path("README.md")
BLOCK = re.compile(r"(<!-- ledger -->\n).*?(<!-- end of ledger -->)", re.DOTALL)
FINDINGS = re.compile(r"(?<=<!-- findings -->\n).*?(?=<!-- end of findings -->)", re.DOTALL)


def said(*options):
    return subprocess.run([*STATUS, *options], check=True, capture_output=True, text=True).stdout


def readme(text):
    papers = json.loads(said("--json"))
    cells, recorded = (sum(paper[key] for paper in papers) for key in ("cells", "recordedCells"))
    claims, judged, expected = (sum(paper[key] for paper in papers) for key in ("claims", "judgedClaims", "asExpected"))
    audits = re.search(r"^Audits: (.*)\.$", said("--markdown"), re.MULTILINE)[1]
    block = (
        f"At the paper's sizes, {recorded} of {cells} cells are on record and {judged} of {claims} claims judged, "
        f"{expected} of them as expected. Audits: {audits}.\n"
        "[What that means](docs/ledger.md), [all numbers](Benchmarks/paper-profile.md).\n"
    )
    new, count = BLOCK.subn(lambda match: match[1] + block + match[2], text)
    assert count == 1, "README.md has no place for the ledger"
    return new


def findings(text, page):
    """The README with the last column of its findings filled: what the ledger says of the claims."""
    estimates = dict(re.findall(r"^\| (\w+/[\w-]+) \| \w+ \| (\S+) \|", page, re.MULTILINE))
    paper = ""

    def filled(row):
        nonlocal paper
        cells = [cell.strip() for cell in row.split("|")[1:-1]]
        paper = cells[0].strip("`") or paper
        numbers = [(claim, estimates.get(f"{paper}/{claim}")) for claim in cells[2].split(", ")]
        cells[4] = ", ".join(f"{claim}: {number}" for claim, number in numbers if number)
        return "| " + " | ".join(cells) + " |"

    def table(match):
        head, rule, *rows = match[0].splitlines()
        return "\n".join([head, rule, *map(filled, rows)]) + "\n"

    new, count = FINDINGS.subn(table, text)
    assert count == 1, "README.md has no place for the findings"
    return new


def main():
    page = said("--markdown")
    wanted = {PAGE: page, README: findings(readme(README.read_text()), page)}
    if "--update" in sys.argv:
        for path, text in wanted.items():
            path.write_text(text)
        return 0
    stale = [str(path) for path, text in wanted.items() if path.read_text() != text]
    print("ledger:", f"{', '.join(stale)} to be renewed by `make ledger`" if stale else "its pages are current")
    return bool(stale)


sys.exit(main())
