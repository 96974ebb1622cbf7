#!/usr/bin/env python3
"""Times the loops of bocchi2026 beside NumPy and SciPy, and beside a C prototype where its folder is given.

Usage: swift build -c release --product bench && Benchmarks/bocchi2026.py [rounds] [folder of the prototype]
The folder holds sgdsim.c (full and reduced simulation), which is compiled here with the options it names. One thread on
either side, rounds of both in turn, the least processor time of each (other work
on the machine then matters less); prints a Markdown table.
"""
import ctypes
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy
from scipy.integrate import solve_ivp

ROOT = Path(__file__).resolve().parent.parent
WIDTHS = (2, 4, 8)


def refig():
    """One round of the Swift side: name -> value."""
    lines = subprocess.run(
        [ROOT / ".build/release/bench", "bocchi2026"], check=True, capture_output=True, text=True
    ).stdout
    return {name: float(value) for name, value in (line.split() for line in lines.splitlines())}


def least(repetitions, body):
    times = []
    for _ in range(repetitions):
        before = time.process_time()
        body()
        times.append(time.process_time() - before)
    return min(times)


class Prototype:
    """The C functions of the prototype."""

    def __init__(self, folder):
        library = Path(tempfile.mkdtemp()) / "libsgdsim.so"
        options = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
        subprocess.run(["gcc", *options, "-o", library, Path(folder) / "sgdsim.c", "-lm"], check=True)
        self.library = ctypes.CDLL(str(library))
        array = np.ctypeslib.ndpointer(np.float64, flags="C")
        whole, long, real = ctypes.c_int, ctypes.c_long, ctypes.c_double
        self.library.sgd_full.argtypes = [whole] * 3 + [real, long, long, whole, ctypes.c_uint64, array, array, array]
        self.library.sgd_reduced.argtypes = (
            [long, whole, whole, real, long, long, whole, ctypes.c_uint64, array, array, real, array, array]
        )
        self.library.sgd_reduced.restype = long

    def times(self):
        random = np.random.default_rng(0)
        result = {}
        for width in WIDTHS:
            weights = random.standard_normal((width, 1000))
            overlap = np.ascontiguousarray(weights[:, :2] / 1000**0.5)
            rest = weights @ weights.T / 1000 - overlap @ overlap.T
            steps = 100_000
            out_r, out_q = np.zeros((2, width, 2)), np.zeros((2, width, width))
            result[f"reduced{width}"] = 1e9 / steps * least(3, lambda: self.library.sgd_reduced(
                1000, width, 2, 0.02, steps, steps, 0, 1, overlap.copy(), rest.copy(), -1.0, out_r, out_q))
            steps = 10_000
            result[f"full{width}"] = 1e6 / steps * least(3, lambda: self.library.sgd_full(
                1000, width, 2, 0.02, steps, steps, 0, 1, weights.copy(), out_r, out_q))
        return result


def numpy_full(width, steps=2000, dimension=1000, rate=0.02, batch=500):
    """Descent on all weights, inputs drawn many at a time: what of it NumPy can batch."""
    random = np.random.default_rng(1)
    weights = random.standard_normal((width, dimension))
    root = dimension**0.5
    for first in range(0, steps, batch):
        inputs = random.standard_normal((batch, dimension))
        targets = np.sum(inputs[:, :2] ** 2, axis=1) / 2
        for x, target in zip(inputs, targets):
            outputs = weights @ x / root
            error = target - outputs @ outputs / width
            weights += np.outer((2 * rate * error / root) * outputs, x)
    return weights


def overlap_rates(width, rate):
    """Right side of the overlap equations for state (R, Q), written in NumPy."""
    c, c_teacher = 1 / width, 0.5
    size = 2 * width

    def derivative(_, state):
        r, q = state[:size].reshape(width, 2), state[size:].reshape(width, width)
        rr, qq = r @ r.T, q @ q
        delta = 1 - c * np.trace(q)
        square = delta**2 + 2 * (c * c * np.trace(qq) - 2 * c * c_teacher * np.trace(rr) + 2 * c_teacher**2)
        u = c_teacher * rr - c * qq
        v = c_teacher**2 * rr - c * c_teacher * (q @ rr + rr @ q) + c * c * (qq @ q)
        change_r = 2 * rate * (delta * r + 2 * (c_teacher * r - c * q @ r))
        change_q = 4 * rate * (delta * q + 2 * u) + 4 * rate**2 * (square * q + 4 * delta * u + 8 * v)
        return np.concatenate([change_r.ravel(), change_q.ravel()])

    return derivative


def overlap_loss(width, state):
    c = 1 / width
    r, q = state[: 2 * width].reshape(width, 2), state[2 * width :].reshape(width, width)
    return (1 - c * np.trace(q)) ** 2 / 2 + c * c * np.sum(q * q) - c * np.sum(r * r) + 0.5


def scipy_flow(width, tolerance, method):
    start = np.zeros((width, 2))
    start[:2, :2] = np.eye(2) * (width * 2 / (2 * 1000)) ** 0.5
    state = np.concatenate([start.ravel(), np.eye(width).ravel()])
    solution = solve_ivp(
        overlap_rates(width, 0.05), (0, 60), state, method=method, rtol=tolerance, atol=1e-3 * tolerance / 1000**0.5
    )
    return overlap_loss(width, solution.y[:, -1])


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    prototype = Prototype(sys.argv[2]) if len(sys.argv) > 2 else None
    ours, c_side, python_side = {}, {}, {}

    def keep_least(into, new):
        for name, value in new.items():
            into[name] = min(value, into.get(name, value)) if "Loss" not in name else value

    exact = {width: scipy_flow(width, 1e-13, "DOP853") for width in WIDTHS}
    for _ in range(rounds):
        keep_least(ours, {name.split(".", 1)[1]: value for name, value in refig().items()})
        if prototype:
            keep_least(c_side, prototype.times())
        for width in WIDTHS:
            keep_least(python_side, {f"full{width}": 1e6 / 2000 * least(1, lambda: numpy_full(width))})

    print("| what | refig | C prototype | ratio | NumPy / SciPy | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")

    def row(text, mine, c=None, python=None):
        cell = lambda value: "skipped" if value is None else f"{value:.3g}"
        ratio = lambda value: "" if value is None else f"{value / mine:.2g}"
        print(f"| {text} | {mine:.3g} | {cell(c)} | {ratio(c)} | {cell(python) if python else ''} | {ratio(python)} |")

    for width in WIDTHS:
        name = f"reduced{width}"
        row(f"reduced chain, p = {width} (ns a step and replica)", ours[name], c_side.get(name))
    for width in WIDTHS:
        name = f"full{width}"
        row(f"descent on all weights, N = 1000, p = {width} (µs a step)", ours[name], c_side.get(name),
            python_side[name])
    print()
    print("Overlap equations to t = 60, the time of the fastest of several tolerances that reaches the error (relative, of the loss):")
    print()
    print("| p | error | refig (ms) | DOP853 (ms) | ratio | RK45 (ms) | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for width in WIDTHS:
        for digits in (6, 9, 11):
            mine = ours[f"flow{width}.{digits}"] * 1e3
            error = max(abs(ours[f"flowLoss{width}.{digits}"] / exact[width] - 1), 1e-13)
            cells = []
            for method in ("DOP853", "RK45"):
                # The loosest tolerance that is as accurate.
                for tolerance in 10.0 ** -np.arange(3, 13.5, 0.5):
                    if abs(scipy_flow(width, tolerance, method) / exact[width] - 1) <= error:
                        break
                theirs = min(least(2, lambda: scipy_flow(width, tolerance, method)) for _ in range(rounds)) * 1e3
                cells += [f"{theirs:.3g}", f"{theirs / mine:.2g}"]
            print(f"| {width} | {error:.1e} | {mine:.3g} | {' | '.join(cells)} |")
    print()
    if not prototype:
        print("The C prototype was skipped: no folder given.")
    print(f"{platform.system()}; NumPy {np.__version__}, SciPy {scipy.__version__}; one thread, least processor time of {rounds} rounds.")


if __name__ == "__main__":
    main()
