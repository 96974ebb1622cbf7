#!/usr/bin/env python3
"""How often intervals of means miss, over how often they say: docs/yaml.md on skewness.

For each law and number n of replicas: the share of samples that are judged, |skewness| <= max(1, sqrt(n) / 8); how often an
interval that is to miss once in 3000 misses the mean, among those that are judged, by Student's t alone and as refig lengthens it
where |skewness| > min(1, sqrt(6 / n)); and by how much that makes intervals wider on average. Needs numpy and scipy; takes a
quarter of an hour. usage: skewed-means.py [DRAWS]
"""
import sys

import numpy as np
from scipy.stats import t

draws = int(float(sys.argv[1])) if len(sys.argv) > 1 else 60_000_000
tail = 1 / 6000
laws = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0),
    "Student's t, 5": (lambda rng, shape: rng.standard_t(5, size=shape), 0),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 1),
    "squared normal": (lambda rng, shape: rng.normal(size=shape) ** 2, 1),
    "chi squared, 3": (lambda rng, shape: rng.chisquare(3, size=shape), 3),
    "lognormal 0.5": (lambda rng, shape: np.exp(0.5 * rng.normal(size=shape)), np.exp(0.125)),
    "lognormal 1": (lambda rng, shape: np.exp(rng.normal(size=shape)), np.exp(0.5)),
    "Pareto 3.5": (lambda rng, shape: rng.random(shape) ** (-1 / 3.5), 3.5 / 2.5),
}
for name, (draw, mean) in laws.items():
    for n in (5, 8, 12, 20, 32, 64, 256, 600, 1500):
        rng = np.random.default_rng(n)
        quantile = t.ppf(1 - tail, n - 1)
        samples = judged = plain = longer = 0
        growth = 0.0
        while samples * n < draws:
            values = draw(rng, (min(20_000, 2_000_000 // n), n))
            deviations = values - values.mean(axis=1, keepdims=True)
            variance = (deviations**2).mean(axis=1)
            skewness = (deviations**3).mean(axis=1) / variance**1.5
            off = (mean - values.mean(axis=1)) / np.sqrt(variance / (n - 1))
            shown = abs(skewness) > min(1, np.sqrt(6 / n))
            extra = np.where(shown, abs(skewness) * (1 + 2 * quantile**2) / (6 * np.sqrt(n)), 0)
            is_judged = abs(skewness) <= max(1, np.sqrt(n) / 8)
            above, below = np.where(skewness > 0, extra, 0), np.where(skewness < 0, extra, 0)
            samples += len(values)
            growth += (extra[is_judged] / (2 * quantile)).sum()
            judged += is_judged.sum()
            plain += (is_judged & (abs(off) > quantile)).sum()
            longer += (is_judged & ((off > quantile + above) | (off < -quantile - below))).sum()
        print(
            f"{name:15} n = {n:4}: judged {judged / samples:.3f}, misses over what is said: Student's "
            f"{plain / judged / (2 * tail):.2f}, longer {longer / judged / (2 * tail):.2f}; wider by {growth / judged:.1%}",
            flush=True)
