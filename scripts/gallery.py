"""The figures of the README: gallery.py compares the committed gnuplot scripts with those of the quick profile, numbers to
six digits; gallery.py --update commits to the new ones. Run `make figures` first."""

import math
import pathlib
import re
import shutil
import sys

FIGURES = ["sarao2020/fig1", "oymak2019/success-map", "martin2023/fig1", "martin2026/fig6", "bocchi2026/fig1"]
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
# The digest of the data is another number for every change of a last bit.
KEY = re.compile(r"[0-9a-f]{64}")


def same(old, new):
    """Whether two lines are the same text around the same numbers."""
    if NUMBER.sub("#", KEY.sub("key", old)) != NUMBER.sub("#", KEY.sub("key", new)):
        return False
    pairs = zip(*(map(float, NUMBER.findall(KEY.sub("key", line))) for line in (old, new)))
    return all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-12) for a, b in pairs)


def main():
    failed = False
    for figure in FIGURES:
        drawn = pathlib.Path("figures/quick", figure)
        kept = pathlib.Path("figures/gallery", figure.replace("/", "-"))
        if "--update" in sys.argv:
            for ending in (".gp", ".svg"):
                shutil.copyfile(f"{drawn}{ending}", f"{kept}{ending}")
            continue
        old, new = (pathlib.Path(f"{path}.gp").read_text().splitlines() for path in (kept, drawn))
        other = [f"{kept}.gp:{n}: {a!r} is now {b!r}" for n, (a, b) in enumerate(zip(old, new), 1) if not same(a, b)]
        if len(old) != len(new):
            other.append(f"{kept}.gp has {len(old)} lines, {drawn}.gp {len(new)}")
        if other:
            failed = True
            print(*other[:5], f"{len(other)} differences; if they are meant: make gallery", sep="\n")
    print("gallery:", "differs" if failed else f"{len(FIGURES)} figures")
    return failed


sys.exit(main())
