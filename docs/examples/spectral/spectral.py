"""Phase retrieval by the spectral method: y_i = <a_i, x>^2 for i = 1 … n, with normal a_i and |x|^2 = d, in dimension d.

The estimate is the eigenvector of the greatest eigenvalue of D = 1/n sum_i T(y_i) a_i a_i^T. Preprocessing by
T(y) = 1 - 1/y finds x, up to its sign, as soon as n/d exceeds 1/2: Mondelli and Montanari, Fundamental limits of weak
recovery with applications to phase retrieval (2018); Luo, Alghamdi and Lu, Optimal spectral initialization for signal
recovery with applications to phase retrieval (2019). The overlap in the limit of large d, n at a fixed ratio: Lu and Li,
Phase transitions of spectral initialization for high-dimensional non-convex estimation (2020).
"""

import numpy as np
import refig


def weights(y, preprocessing):
    """T(y)."""
    if preprocessing == "optimal":
        return 1 - 1 / y
    if preprocessing == "trimmed":  # T(y) = y as far as it is bounded: Chen and Candes (2015), truncated at 3 times the mean
        return np.where(y < 3, y, 0.0)
    raise ValueError(f"preprocessing is optimal or trimmed, not '{preprocessing}'")


@refig.experiment
def overlap(p, rng, cell):
    """Squared cosine between signal and estimate, in one sample."""
    d, n = p.dimension, round(p.ratio * p.dimension)
    signal = rng("signal").normal(size=d)
    a = rng("measurements").normal(size=(n, d))
    y = (a @ signal) ** 2 / (signal @ signal)
    if cell.mutant == "shuffled":
        y = y[rng("shuffle").permutation(n)]
    weight = weights(y, p.preprocessing)
    if cell.mutant == "half-of-the-samples":
        weight[n // 2 :] = 0
    _, vectors = np.linalg.eigh(a.T @ (weight[:, None] * a))
    return {"overlap": (vectors[:, -1] @ signal) ** 2 / (signal @ signal)}


def normal_mean(function, count=4000):
    """E f(s^2) for a normal s: a midpoint rule in s, whose weight is below 1e-32 beyond 12."""
    s = (np.arange(count) + 0.5) * 12 / count
    return 2 * 12 / count * np.sum(function(s * s) * np.exp(-s * s / 2)) / np.sqrt(2 * np.pi)


@refig.experiment
def limit(p):
    """Squared cosine for d, n -> infinity: Lu and Li, theorem 1, for z = T(s^2) and greatest value 1 of T."""

    def phi(x):  # x = lambda
        return x * normal_mean(lambda y: y * ratio(y, x))

    def psi(x):
        return x * (1 / p.ratio + normal_mean(lambda y: ratio(y, x)))

    def ratio(y, x):  # z / (x - z), without dividing by a small y
        return (y - 1) / ((x - 1) * y + 1)

    def slope(function, x):
        return (function(x * (1 + 1e-5)) - function(x * (1 - 1e-5))) / (2e-5 * x)

    def root(function):  # of one that increases
        low, high = 1 + 1e-7, 1e4
        for _ in range(200):
            middle = (low * high) ** 0.5
            low, high = (middle, high) if function(middle) < 0 else (low, middle)
        return middle

    least = root(lambda x: slope(psi, x))  # psi is convex, phi decreases
    solution = root(lambda x: psi(max(x, least)) - phi(x))
    rise = slope(psi, solution)
    return {"limit": rise / (rise - slope(phi, solution)) if solution > least else 0.0}


refig.main()
