#!/usr/bin/env python3
"""Times costly steps of three papers beside independent programs for the same steps.

Usage: swift build -c release --product bench && Benchmarks/papers.py [--oracles FOLDER] [--rounds N]

FOLDER holds <paper>/oracle/: gd.c of sarao2020 and oymak2019 (compiled here with gcc -O3 -march=native -ffast-math), and
proto.py of martin2023 and oymak2019. What is not there is skipped and said to be. One thread on either side, the same
machine, rounds of both in turn, the least processor time of each; prints a Markdown table.
"""
import argparse
import ctypes
import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = []


def refig():
    """One round of the Swift side: name -> value."""
    command = [ROOT / ".build/release/bench", "papers"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    pairs = (line.split(maxsplit=1) for line in lines.splitlines())
    return {name: value if name == "core" else float(value) for name, value in pairs}


def least(repetitions, body):
    times = []
    for _ in range(repetitions):
        before = time.process_time()
        body()
        times.append(time.process_time() - before)
    return min(times)


def library(oracles, paper, folder):
    """A paper's gd.c as a shared library, None if it is not there."""
    source = oracles and oracles / paper / "oracle" / "gd.c"
    if not source or not source.exists():
        SKIPPED.append(f"{paper}: gd.c")
        return None
    target = Path(folder) / f"{paper}.so"
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, source, "-o", target, "-lm"], check=True)
    return ctypes.CDLL(str(target))


def module(oracles, paper):
    """A paper's proto.py, None if it is not there or needs what is not there."""
    source = oracles and oracles / paper / "oracle" / "proto.py"
    if not source or not source.exists():
        SKIPPED.append(f"{paper}: proto.py")
        return None
    spec = importlib.util.spec_from_file_location(paper, source)
    loaded = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(source.parent))
    try:
        spec.loader.exec_module(loaded)
    except (ImportError, OSError) as error:
        SKIPPED.append(f"{paper}: proto.py ({error})")
        return None
    finally:
        sys.path.pop(0)
    return loaded


def pointer(array):
    return None if array is None else array.ctypes.data_as(ctypes.c_void_p)


def sarao2020(gd, result):
    if gd is None:
        return
    random = np.random.default_rng(2)
    for d, n in [(8, 15), (32, 64)]:
        v, data = random.standard_normal((d, 1)), random.standard_normal((n, d))
        teacher = np.ascontiguousarray(v @ v.T)
        labels = np.ascontiguousarray(((data @ v) ** 2).sum(1))
        start = random.standard_normal((d, d)) / np.sqrt(d)
        count = 16_000 // d
        steps, final = ctypes.c_long(0), np.zeros(6)

        def run():
            weights = start.copy()
            gd.gd_run(
                n, d, d, pointer(data), pointer(labels), pointer(teacher), pointer(weights), ctypes.c_double(1e-4),
                ctypes.c_long(count), ctypes.c_double(0), ctypes.c_double(0), 0, pointer(final), ctypes.byref(steps),
                pointer(final), 0)
            assert steps.value == count

        result[f"sarao2020.step{d}"] = least(40, run) * 1e6 / count


def martin2023(proto, result, is_first):
    if proto is None:
        return
    shapes = [(0.5, 0.25), (0.5, 0.5), (0.25, 0.5)]
    gammas = np.geomspace(1e-3, 10, 200)
    for index, (alpha, alpha_star) in enumerate(shapes):
        result[f"martin2023.limit{index}"] = least(2, lambda: proto.hd_limit(alpha, alpha_star, gammas)) * 1e3
        d = 2000
        m, m_star = int(alpha * d), int(alpha_star * d)
        times = np.geomspace(1e-3 * d, 10 * d, 25)
        overlaps = proto.sample_y_fast(np.random.default_rng(index), d, m, m_star)
        explicit = lambda: proto.ortho_scalar_explicit(overlaps, d, m, m_star, times)
        result[f"martin2023.orthonormal{index}"] = least(1, explicit)
        if is_first:
            implicit = lambda: proto.ortho_scalar(overlaps, d, m, m_star, times)
            result[f"martin2023.implicit{index}"] = least(1, implicit)
    if is_first:
        d = 250
        random = np.random.default_rng(4)
        weights, levels = proto.gauss_instance(random, d, d // 2, d // 4)[:2]
        times = np.geomspace(1e-3 * d, 10 * d, 25)
        march = lambda: [proto.riccati_march(weights, levels, times, substeps) for substeps in (1, 2)]
        result["martin2023.march250"] = least(1, march)


def oymak2019(gd, proto, result):
    random = np.random.default_rng(5)
    for code, activation in enumerate(["softplus", "relu"]):
        for n, k, d in [(200, 20, 10), (400, 200, 20)]:
            data = random.standard_normal((n, d))
            data /= np.linalg.norm(data, axis=1, keepdims=True)
            labels = random.choice([-1.0, 1.0], n)
            outputs = np.where(np.arange(k) < k // 2, 1.0, -1.0) / np.sqrt(k)
            start = random.standard_normal((k, d))
            count = 8_000_000 // (n * k * d)
            final = ctypes.c_double(0)

            def run():
                weights = np.ascontiguousarray(start.T)
                gd.gd(
                    code, n, d, k, pointer(data), pointer(labels), pointer(outputs), pointer(weights), None,
                    ctypes.c_double(1e-4), count, ctypes.c_double(0), ctypes.byref(final), None, None)

            if gd is not None:
                result[f"oymak2019.{activation}{k}"] = least(30, run) * 1e6 / count
            if proto is not None:
                loop = lambda: proto.gd_numpy(activation, data, labels, outputs, start.copy(), 1e-4, 100, 0.0)
                result[f"oymak2019.numpy.{activation}{k}"] = least(3, loop) * 1e6 / 100



def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracles", type=Path, help="folder of the independent programs")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ours, theirs = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        sarao, oymak = (library(options.oracles, paper, folder) for paper in ["sarao2020", "oymak2019"])
        martin, oymak_proto = (module(options.oracles, paper) for paper in ["martin2023", "oymak2019"])
        for index in range(options.rounds):
            for best, new in [(ours, refig()), (theirs, {})]:
                if best is theirs:
                    sarao2020(sarao, new)
                    martin2023(martin, new, index == 0)
                    oymak2019(oymak, oymak_proto, new)
                for name, value in new.items():
                    best[name] = value if name not in best or isinstance(value, str) else min(best[name], value)
    rows = [
        ("sarao2020: descent step, d = 8, n = 15 (us)", "sarao2020.step8", "sarao2020.step8", "C, gcc -ffast-math"),
        ("sarao2020: descent step, d = 32, n = 64 (us)", "sarao2020.step32", "sarao2020.step32", "C, gcc -ffast-math"),
    ]
    for index, shape in enumerate(["m* < m", "m* = m", "m* > m"]):
        rows.append(
            (f"martin2023: limit of high dimension, {shape} (ms)", f"martin2023.limit{index}", f"martin2023.limit{index}",
             "SciPy DOP853, rtol 1e-12"))
    for index, shape in enumerate(["m* < m", "m* = m", "m* > m"]):
        name = f"martin2023.orthonormal{index}"
        what = f"martin2023: orthonormal flow, d = 2000, {shape} (s)"
        rows.append((what, name, name, "SciPy RK45, same tolerances"))
        rows.append((what, name, f"martin2023.implicit{index}", "SciPy Radau, rtol 1e-10"))
    rows.append(("martin2023: Riccati march, d = 250 (s)", "martin2023.march250", "martin2023.march250", "SciPy"))
    for activation in ["softplus", "relu"]:
        for k, n, d in [(20, 200, 10), (200, 400, 20)]:
            what = f"oymak2019: descent step, {activation}, n = {n}, k = {k}, d = {d} (us)"
            name = f"oymak2019.{activation}{k}"
            rows.append((what, name, name, "C, gcc -ffast-math"))
            rows.append((what, name, f"oymak2019.numpy.{activation}{k}", "NumPy"))
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{model}, {platform.system()}; OpenBLAS core {ours['core']} (ours), one thread, ", end="")
    print(f"least of {options.rounds} rounds.\n")
    print("| what | refig | other | other / refig | other is |\n| --- | ---: | ---: | ---: | --- |")
    for what, mine, other, peer in rows:
        if other in theirs:
            print(f"| {what} | {ours[mine]:.3g} | {theirs[other]:.3g} | {theirs[other] / ours[mine]:.2f} | {peer} |")
        else:
            print(f"| {what} | {ours[mine]:.3g} | | | {peer}: skipped |")
    print("\n| what | value |\n| --- | ---: |")
    for d in (8, 32):
        share = ours[f"sarao2020.products{d}"] / ours[f"sarao2020.step{d}"]
        print(f"| sarao2020: matrix products alone / step, d = {d} | {share:.2f} |")
    for d in (250, 500, 1000):
        print(f"| martin2023: Riccati march to gamma = 10, d = {d} (s) | {ours[f'martin2023.march{d}']:.3g} |")
    exponent = np.log2(ours["martin2023.march1000"] / ours["martin2023.march500"])
    print(f"| martin2023: exponent of that in d, 500 to 1000 | {exponent:.2f} |")
    print(f"| martin2023: direct flow, d = 200, GFLOP/s | {ours['martin2023.directRate']:.1f} |")
    print(f"| martin2023: dgemm, 400 x 400, GFLOP/s | {ours['martin2023.dgemmRate']:.1f} |")
    print(f"| martin2023: the flow's own products alone / flow | {ours['martin2023.directProductShare']:.2f} |")
    share = ours["oymak2019.products200"] / ours["oymak2019.softplus200"]
    print(f"| oymak2019: matrix products alone / step, softplus, k = 200 | {share:.2f} |")
    for what in SKIPPED:
        print(f"\nSkipped, not found: {what}.")


if __name__ == "__main__":
    main()
