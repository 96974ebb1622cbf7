#!/usr/bin/env python3
"""Times the loops of martin2026 beside NumPy, and beside a Python prototype where its folder is given.

Usage: swift build -c release --product bench && Benchmarks/martin2026.py [rounds] [folder of the prototype]
The folder holds theory.py (long-time equations) and dmft.py (effective process). One thread on either side, rounds of both
in turn, the least processor time of each (other work
on the machine then matters less); prints a Markdown table.
"""
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SIZES = ((24, 0.3), (40, 0.3), (40, 0.6), (60, 0.3), (100, 0.3))


def refig():
    """One round of the Swift side: name -> value."""
    lines = subprocess.run(
        [ROOT / ".build/release/bench", "martin2026"], check=True, capture_output=True, text=True
    ).stdout
    pairs = (line.split() for line in lines.splitlines())
    return {name.split(".", 1)[1]: float(value) for name, value in pairs}


def least(repetitions, body):
    times = []
    for _ in range(repetitions):
        before = time.process_time()
        body()
        times.append(time.process_time() - before)
    return min(times)


class Descent:
    """A step of descent as NumPy does it: the force through S [n, p], p = d(d + 1)/2."""

    def __init__(self, d, alpha, start_count):
        random = np.random.default_rng(0)
        self.rows, self.columns = np.triu_indices(d)
        self.scale = np.where(self.rows == self.columns, 1.0, 2**0.5)
        self.d, self.count = d, int(alpha * d * d + 1e-9)
        self.sensing = random.standard_normal((self.count, len(self.rows))) * (2 / d) ** 0.5
        teacher = random.standard_normal((d, d // 2)) / (d // 2) ** 0.5
        self.labels = self.sensing @ ((teacher @ teacher.T)[self.rows, self.columns] * self.scale)
        width = round(0.7 * d)
        self.weights = random.standard_normal((start_count, d, width)) / width**0.5

    def step(self):
        d = self.d
        squares = self.weights @ self.weights.transpose(0, 2, 1)
        outputs = self.sensing @ (squares[:, self.rows, self.columns] * self.scale).T
        projected = ((outputs - self.labels[:, None]).T @ self.sensing) * (d / self.count) / self.scale
        force = np.zeros_like(squares)
        force[:, self.rows, self.columns] = projected
        force[:, self.columns, self.rows] = projected
        self.weights -= 0.001 * force @ self.weights


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    folder = sys.argv[2] if len(sys.argv) > 2 else None
    if folder:
        sys.path.insert(0, folder)
        import dmft
        import theory
    ours, theirs = {}, {}
    for _ in range(rounds):
        for name, value in refig().items():
            better = max if name in ("memoryBandwidth", "operations") else min
            ours[name] = better(value, ours.get(name, value))
        new = {}
        for d, alpha in SIZES:
            for starts in (1, 3):
                descent = Descent(d, alpha, starts)
                new[f"descent{d}.{alpha}.{starts}"] = 1e6 * least(20 if d < 100 else 5, descent.step)
        if folder:
            for name, regularization in (("0.1", 0.1), ("0.01", 0.01), ("0.0002", 0.0002)):
                new[f"longTime{name}"] = 1e3 / 4 * least(1, lambda: [
                    theory.solve(0.15 * index, 1.0, regularization, 0.4, 0.3) for index in range(1, 5)])
            new["dmft"] = least(1, lambda: dmft.dmft(
                40, 0.4, 0.3, 0.3, 0.5, 0.05, 0.01, 101, np.random.default_rng(1), B=8))
        for name, value in new.items():
            theirs[name] = min(value, theirs.get(name, value))

    print("| what | refig | peer | ratio | peer is |")
    print("| --- | ---: | ---: | ---: | --- |")

    def row(text, name, peer):
        if name in theirs:
            print(f"| {text} | {ours[name]:.3g} | {theirs[name]:.3g} | {theirs[name] / ours[name]:.2g} | {peer} |")
        else:
            print(f"| {text} | {ours[name]:.3g} | skipped | | no folder of the prototype given |")

    for name in ("0.1", "0.01", "0.0002"):
        row(f"long-time solve, λ = {name}, mean over α (ms)", f"longTime{name}", "prototype in NumPy and SciPy")
    for d, alpha in SIZES:
        for starts in (1, 3):
            row(f"step of descent, d = {d}, α = {alpha}, {starts} start{'s' * (starts > 1)} (µs)",
                f"descent{d}.{alpha}.{starts}", "NumPy, two products with S in double precision")
    row("effective process, D = 40, K = 101, B = 8 (s)", "dmft", "prototype in NumPy")
    print()
    print("A product Sᵀ S z against the limits of the machine (4 n p operations; S in single precision, read once):")
    print()
    print("| d | α | n p 4 bytes (MB) | direct (µs) | GB/s | Gop/s | Gram (µs) |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for d, alpha in SIZES:
        count, packed = int(alpha * d * d + 1e-9), d * (d + 1) // 2
        direct = ours[f"productDirect{d}.{alpha}"]
        print(f"| {d} | {alpha} | {4e-6 * count * packed:.3g} | {direct:.4g} | {4e-3 * count * packed / direct:.3g} | "
              f"{4e-3 * count * packed / direct:.3g} | {ours.get(f'productGram{d}.{alpha}', float('nan')):.4g} |")
    print()
    print(f"Limits measured in the same run: {ours['memoryBandwidth']:.3g} GB/s reading memory (a scalar product of 128 MB), "
          f"{ours['operations']:.3g} Gop/s in a matrix product of order 600.")
    print()
    print("The flow to t = 100 by the stabilised method, against descent by 0.01 (10 000 steps):")
    print()
    print("| d | α | evaluations | flow (s) | 10 000 steps (s) | ratio |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for d, alpha in SIZES:
        if f"flow{d}.{alpha}" in ours:
            steps = ours[f"descent{d}.{alpha}.1"] * 1e-2
            print(f"| {d} | {alpha} | {ours[f'flowEvaluations{d}.{alpha}']:.0f} | {ours[f'flow{d}.{alpha}']:.3g} | "
                  f"{steps:.3g} | {steps / ours[f'flow{d}.{alpha}']:.2g} |")
    print()
    print(f"{platform.system()}; NumPy {np.__version__}; one thread, least processor time of {rounds} rounds.")


if __name__ == "__main__":
    main()
