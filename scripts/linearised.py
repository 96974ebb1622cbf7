#!/usr/bin/env python3
"""Numbers of linearised networks that reasons of oymak2019's claims quote, by NumPy alone, in half a minute.

Usage: scripts/linearised.py (needs NumPy; with h5py also the numbers of digits)
Normalisation as in Sources/Papers/Oymak2019/Problem.swift. Prints a line for each number: claim, what, value with the standard
error of its last digits in brackets, 1.43(2). Drawn with seed 1.
"""
import sys
from pathlib import Path

import numpy as np

DIGITS = Path(__file__).resolve().parent.parent / "data/digits.h5"
STEPS = 10_000
random = np.random.default_rng(1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


FUNCTIONS = {
    "softplus": (lambda x: np.logaddexp(0, x), sigmoid),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
}


def hermite(function, count=40):
    """Squares of the coefficients in normalised Hermite polynomials."""
    x, w = np.polynomial.hermite_e.hermegauss(200)
    w = w / np.sqrt(2 * np.pi)
    values, before, polynomial = [], np.zeros_like(x), np.ones_like(x)
    for order in range(count):
        values.append((w * function(x) * polynomial).sum() ** 2)
        before, polynomial = polynomial, (x * polynomial - np.sqrt(order) * before) / np.sqrt(order + 1)
    return np.array(values), (w * function(x) ** 2).sum()


def concise(value, error):
    """A number with the error of its last digits: one digit of the error, two where it begins with 1."""
    places = -int(np.floor(np.log10(error)))
    if round(error * 10**places) in (1, 10):
        places += 1
    places = max(0, places)
    return f"{value:.{places}f}({round(error * 10**places)})"


def mean(values):
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


def median(values):
    """The median, and its error by the bootstrap."""
    draws = random.choice(values, (400, len(values)))
    return np.median(values), np.median(draws, axis=1).std()


SQUARES = [hermite(function) for function in FUNCTIONS["softplus"]]


def limits(name, data):
    """Covariance of the outputs at the start, and the kernel, of infinitely wide networks."""
    cosines = np.clip(data @ data.T, -1, 1)
    np.fill_diagonal(cosines, 1)
    if name == "relu":
        angle = np.arccos(cosines)
        outputs = (np.sin(angle) + (np.pi - angle) * cosines - 1) / (2 * np.pi)
        return outputs, cosines * (np.pi - angle) / (2 * np.pi)
    (outputs, square), (slopes, slope_square) = SQUARES
    covariance = np.polynomial.polynomial.polyval(cosines, np.r_[0, outputs[1:]])
    kernel = cosines * np.polynomial.polynomial.polyval(cosines, slopes)
    np.fill_diagonal(covariance, square - outputs[0])
    np.fill_diagonal(kernel, slope_square)
    return covariance, kernel


def sphere(n, d):
    data = random.normal(size=(n, d))
    return data / np.linalg.norm(data, axis=1, keepdims=True)


def signs(n):
    return random.choice([-1.0, 1.0], n)


def distances(name, data, labels):
    """How far the infinitely wide network goes for each of some labels, from the same start."""
    covariance, kernel = limits(name, data)
    values, vectors = np.linalg.eigh(covariance)
    start = vectors @ (np.sqrt(np.maximum(values, 0)) * random.normal(size=len(values)))
    return [np.sqrt((start - y) @ np.linalg.solve(kernel, start - y)) for y in labels]


def exponent(name, sets=1000):
    sizes = [(12, 36), (16, 64), (24, 144)]
    logs = np.log([[distances(name, sphere(n, d), [signs(n)])[0] for d, n in sizes] for _ in range(sets)])
    return median([np.polyfit(np.log([n for _, n in sizes]), row, 1)[0] for row in logs])


def linear_teacher(sets=300):
    ratios = []
    for _ in range(sets):
        data = sphere(100, 20)
        clean, noisy = distances("softplus", data, [np.sign(data @ random.normal(size=20)), signs(100)])
        ratios.append(np.log(clean / noisy))
    value, error = mean(ratios)
    return np.exp(value), np.exp(value) * error


def digits(sets=300):
    import h5py

    with h5py.File(DIGITS) as file:
        images, digit = file["pixels"][:], file["digit"][:]
    images = (images - images.mean(axis=0))[:, np.ptp(images, axis=0) > 0]
    parity = np.where(digit % 2 == 1, 1.0, -1.0)
    ratios = []
    for _ in range(sets):
        chosen = random.permutation(len(images))[:100]
        data = images[chosen] / np.linalg.norm(images[chosen], axis=1, keepdims=True)
        true, noisy = distances("softplus", data, [parity[chosen], signs(100)])
        ratios.append(true / noisy)
    return median(ratios)


def start(name, k, d, n):
    """Data, weights, output weights, slopes and residuals of a network of width k at its start."""
    phi, slope = FUNCTIONS[name]
    data, weights, output = sphere(n, d), random.normal(size=(k, d)), np.repeat([1.0, -1.0], k // 2) / np.sqrt(k)
    products = data @ weights.T
    return data, weights, output, slope(products) * output, phi(products) @ output - signs(n)


def middle(positions, fits):
    """Where a logistic curve through outcomes [position, trial] is 1/2, by Newton's method with a small ridge on the slope."""
    shares, count = fits.mean(axis=1), fits.shape[1]
    centre = np.average(positions, weights=shares * (1 - shares) + 1e-3)
    x, fit = positions - centre, np.array([0.0, 20.0])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(fit[0] + fit[1] * x, -35, 35)))
        weight = count * chance * (1 - chance)
        gradient = np.array([count * (shares - chance).sum(), (count * (shares - chance) * x).sum() - 1e-3 * fit[1]])
        cross = (weight * x).sum()
        step = np.linalg.solve(
            [[weight.sum() + 1e-9, cross], [cross, (weight * x * x).sum() + 1e-3]], gradient)
        fit += step / max(1, np.abs(step).max() / 5)
    return centre - fit[0] / fit[1]


def transition(name, k, d, steps, sets=24):
    """ln(kd/n) at which half of the networks linearised at their starts come down to |r|/|y| = 0.01, and its error."""
    ratios = np.geomspace(1.02, 3, 28)
    fits = np.zeros((len(ratios), sets))
    for place, ratio in enumerate(ratios):
        n = round(k * d / ratio)
        for trial in range(sets):
            data, _, _, slopes, residuals = start(name, k, d, n)
            values, vectors = np.linalg.eigh((slopes @ slopes.T) * (data @ data.T))
            left = (1 - np.maximum(values, 0) / values[-1]) ** steps * (vectors.T @ residuals)
            fits[place, trial] = np.linalg.norm(left) <= 0.01 * np.sqrt(n)
    positions = np.log([k * d / round(k * d / ratio) for ratio in ratios])
    # As many draws as say the error to a seventh.
    draws = [middle(positions, np.take_along_axis(fits, random.integers(sets, size=fits.shape), 1)) for _ in range(25)]
    return middle(positions, fits), np.std(draws, ddof=1)


def flips(sets=40):
    """Slope of ln(share of sign changes) against ln k, n = 64, d = 16."""
    widths, slopes = [64, 128, 256, 512], []
    for _ in range(sets):
        shares = []
        for k in widths:
            data, weights, _, factors, residuals = start("relu", k, 16, 64)
            solved = np.linalg.solve((factors @ factors.T) * (data @ data.T), residuals)
            end = weights - (factors * solved[:, None]).T @ data
            shares.append(np.mean((data @ weights.T > 0) != (data @ end.T > 0)))
        slopes.append(np.polyfit(np.log(widths), np.log(shares), 1)[0])
    return mean(slopes)


def main():
    softplus, relu = [(6, 10), (6, 20), (8, 15), (12, 10), (12, 20)], [(10, 10), (10, 20), (20, 10), (16, 15)]
    for claim, what, name, shapes, steps in [
        ("O1", "kd/n of linearised networks, 10 000 steps", "softplus", softplus, STEPS),
        ("O1", "the same, 40 000 steps", "softplus", softplus, 4 * STEPS),
        ("O2", "kd/n of linearised networks, 10 000 steps", "relu", relu, STEPS),
    ]:
        found = np.array([transition(name, k, d, steps) for k, d in shapes])
        each = ", ".join(
            f"k = {k}, d = {d}: {concise(np.exp(value), np.exp(value) * error)}"
            for (k, d), (value, error) in zip(shapes, found))
        total = np.exp(found[:, 0].mean())
        error = total * np.sqrt((found[:, 1] ** 2).sum()) / len(found)
        print(f"{claim}\t{what}\t{concise(total, error)}, the geometric mean of {each}", flush=True)
    print(f"O13a\texponent of the distance, softplus\t{concise(*exponent('softplus'))}")
    print(f"O13b\texponent of the distance, relu\t{concise(*exponent('relu'))}")
    print(f"O15\texponent of sign changes\t{concise(*flips())}")
    print(f"O17b\tdistance, linear teacher over random labels\t{concise(*linear_teacher())}", flush=True)
    try:
        print(f"O17f\tdistance, true over random labels of digits\t{concise(*digits())}")
    except ImportError:
        print("O17f needs h5py", file=sys.stderr)


if __name__ == "__main__":
    main()
