#!/usr/bin/env python3
"""Times random numbers, an adaptive integration and matrices of refig beside NumPy and SciPy.

Usage: swift build -c release --product bench && Benchmarks/numerics.py [rounds]
One thread on either side, the same machine, rounds of both in turn, the least time of each; prints a Markdown table.
"""
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import scipy
from scipy.integrate import solve_ivp

ROOT = Path(__file__).resolve().parent.parent


def refig():
    """One round of the Swift side: name -> value."""
    lines = subprocess.run([ROOT / ".build/release/bench"], check=True, capture_output=True, text=True).stdout
    pairs = (line.split(maxsplit=1) for line in lines.splitlines())
    return {name: value if name == "core" else float(value) for name, value in pairs}


def least(repetitions, body):
    times = []
    for _ in range(repetitions):
        before = time.perf_counter()
        body()
        times.append(time.perf_counter() - before)
    return min(times)


def numpy_side():
    """One round of the Python side, same names and units."""
    count = 1 << 16
    random = np.random.default_rng(1)
    buffer = np.empty(count)
    ns = 1e9 / count
    result = {
        "normals": least(100, lambda: random.standard_normal(out=buffer)) * ns,
        "normal": least(5, lambda: [random.standard_normal() for _ in range(count)]) * ns,
        "uniforms": least(100, lambda: random.random(out=buffer)) * ns,
        "gamma": least(20, lambda: random.standard_gamma(2.5, out=buffer)) * ns,
    }
    teacher = np.zeros((8, 8))
    teacher[0, 0] = 1
    evaluations = 0

    def derivative(_, numbers):
        nonlocal evaluations
        evaluations += 1
        weights = numbers.reshape(8, 8)
        difference = weights @ weights.T - teacher
        return -(2 * difference @ weights + np.trace(difference) * weights).ravel()

    start = np.array([0.35 * np.cos(float(i * i) + 1) for i in range(64)])
    for name in ["DOP853", "RK45"]:
        end = None

        def integrate():
            nonlocal end, evaluations
            evaluations = 0
            end = solve_ivp(derivative, (0, 1000), start, method=name, rtol=1e-10, atol=1e-12).y[:, -1]

        result["flow" + name] = least(3, integrate)
        result["flowEvaluations" + name] = evaluations
        result["flowTrace" + name] = float(end @ end)
    for size in [100, 300]:
        a = random.standard_normal((size, size))
        c = np.empty_like(a)
        symmetric = a.T @ a
        result[f"multiply{size}"] = least(100, lambda: np.matmul(a, a, out=c)) * 1e3
        result[f"eigen{size}"] = least(20, lambda: np.linalg.eigh(symmetric)) * 1e3
        result[f"qr{size}"] = least(20, lambda: np.linalg.qr(a)) * 1e3
    return result


def merged(best, new):
    return {k: v if k not in best or isinstance(v, str) else min(best[k], v) for k, v in new.items()}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    ours, theirs = {}, {}
    for _ in range(rounds):
        ours = merged(ours, refig())
        theirs = merged(theirs, numpy_side())
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{model}, {platform.system()}; NumPy {np.__version__}, SciPy {scipy.__version__}, ", end="")
    print(f"OpenBLAS core {ours['core']} (ours; NumPy's chooses for itself), one thread, least of {rounds} rounds.\n")
    rows = [
        ("normals, bulk (ns each)", "normals", "normals", "default_rng().standard_normal"),
        ("normals, one call each (ns)", "normal", "normal", "default_rng().standard_normal"),
        ("uniforms, bulk (ns each)", "uniforms", "uniforms", "default_rng().random"),
        ("gamma of shape 2.5 (ns each)", "gamma", "gamma", "default_rng().standard_gamma, bulk"),
        ("population flow, t = 1000, rtol 1e-10 (s)", "flow", "flowDOP853", "solve_ivp DOP853"),
        ("population flow, t = 1000, rtol 1e-10 (s)", "flow", "flowRK45", "solve_ivp RK45"),
    ]
    for size in [100, 300]:
        rows += [
            (f"matrix product, {size} (ms)", f"multiply{size}", f"multiply{size}", "matmul"),
            (f"symmetric eigenvectors, {size} (ms)", f"eigen{size}", f"eigen{size}", "linalg.eigh"),
            (f"QR, {size} (ms)", f"qr{size}", f"qr{size}", "linalg.qr"),
        ]
    print("| what | refig | NumPy / SciPy | ratio | peer |\n| --- | ---: | ---: | ---: | --- |")
    for what, mine, other, peer in rows:
        print(f"| {what} | {ours[mine]:.3g} | {theirs[other]:.3g} | {theirs[other] / ours[mine]:.1f} | {peer} |")
    print(f"\nEvaluations of the flow's derivative: {ours['flowEvaluations']:.0f} (ours), ", end="")
    print(f"{theirs['flowEvaluationsDOP853']} (DOP853), {theirs['flowEvaluationsRK45']} (RK45); |W|^2 at the end ", end="")
    print(f"{ours['flowTrace']:.12f}, {theirs['flowTraceDOP853']:.12f}, {theirs['flowTraceRK45']:.12f}.")


if __name__ == "__main__":
    main()
