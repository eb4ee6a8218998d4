#!/usr/bin/env python3
"""CPU time of simulations as one would write them in PyTorch, NumPy and scikit-learn, beside those of `overlaps`, in one run.

- gradient descent of a linear network, width 10^5, d = 100: the layers themselves, in single precision, by PyTorch;
- samples of the exact flow of a mixture of three modes at d = 10^6, by NumPy, x itself;
- logistic regression of a logistic teacher, d = 1000, n = 2000, by scikit-learn, to the same gap.

Each pair measures the same quantity, which is printed. Needs numpy, torch, scikit-learn, and `cargo build --release` before. A few minutes.

    python3 benches/peers/simulations.py [--repeat 3]
"""

import argparse
import csv
import os
import pathlib
import resource
import subprocess
import tempfile
import time

import numpy
import sklearn.linear_model
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--repeat", type=int, default=3)
options = parser.parse_args()
root = pathlib.Path(__file__).resolve().parent.parent.parent
program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "release" / "overlaps"
folder = pathlib.Path(tempfile.mkdtemp())


def overlaps(*arguments):
    """CPU seconds of the command, and the rows of its table."""
    output = folder / "table.csv"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([program, *map(str, arguments), "--quiet", "--output", output], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    with output.open() as file:
        rows = list(csv.DictReader(file))
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, rows


def timed(work):
    """CPU seconds of a piece of work in this process, and what it gives."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


# ---- a linear network ----

STEPS, WIDTH, D, T = 100, 100_000, 100, 0.1


def layers():
    """Gradient descent of W2 W1, T = σ²w = 0.1 d, step 0.01/d, to B = A* + E; the error on the training data over d²."""
    generator = torch.Generator().manual_seed(0)
    sigma = (T * D / WIDTH) ** 0.5
    w1 = sigma * torch.randn(WIDTH, D, generator=generator)
    w2 = sigma * torch.randn(D, WIDTH, generator=generator)
    u, _ = torch.linalg.qr(torch.randn(D, 2, generator=generator))
    v, _ = torch.linalg.qr(torch.randn(D, 2, generator=generator))
    b = D * (u * torch.tensor([1.0, 0.8])) @ v.T + torch.randn(D, D, generator=generator)
    for _ in range(STEPS):
        error = w2 @ w1 - b
        w1, w2 = w1 - 0.01 / D * (w2.T @ error), w2 - 0.01 / D * (error @ w1.T)
    return float(((w2 @ w1 - b) ** 2).sum() / D**2)


def network():
    seconds, rows = overlaps("simulate", "linear-network", f"d={D}", f"w={WIDTH}", f"T={T}", "eta=0.01", f"t={STEPS * 0.01}", "--seeds", 1)
    return seconds, float(rows[0]["train"])


# ---- three modes ----

DIMENSION, EULER = 10**6, 60
WEIGHTS, FEW, MANY = numpy.array([0.5, 0.3, 0.2]), 4, 20_000
(folder / "means.toml").write_text("weights = [0.5, 0.3, 0.2]\ngram = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]\n")


def samples():
    """Ends of Euler's method for the linear interpolant, two phases of as many steps; how many are nearest to each mode."""
    random = numpy.random.default_rng(0)
    means = numpy.zeros((3, DIMENSION))
    third = DIMENSION // 3
    for k in range(3):
        means[k, k * third : (k + 1) * third] = (DIMENSION / third) ** 0.5
    knot = min(1.0, 5 * 2**0.5 / DIMENSION**0.5)
    times = numpy.concatenate([numpy.linspace(0, knot, EULER // 2 + 1), numpy.linspace(knot, 1, EULER // 2 + 1)[1:]])
    counts = numpy.zeros(3)
    for _ in range(FEW):
        x = random.standard_normal(DIMENSION)
        for now, then in zip(times, times[1:]):
            s = (1 - now) ** 2 + now**2
            logits = numpy.log(WEIGHTS) + (now * (means @ x) - 0.5 * now**2 * DIMENSION) / s
            posterior = numpy.exp(logits - logits.max())
            posterior /= posterior.sum()
            guess = now / s * x + (1 - now) ** 2 / s * (posterior @ means)
            x += (then - now) / (1 - now) * (guess - x)
        counts[(means @ x).argmax()] += 1
    return counts


def modes():
    seconds, rows = overlaps("modes", folder / "means.toml", "--steps", EULER, "--samples", MANY, f"d={DIMENSION}")
    return seconds / MANY, [float(row["fraction"]) for row in rows]


# ---- logistic regression ----

ROWS, COLUMNS, PENALTY = 2000, 1000, 0.1


def logistic():
    """The minimum of Σ log(1 + exp(−y w·x/√d)) + λ|w|²/2; drawing the data is not counted."""
    random = numpy.random.default_rng(0)
    x = random.standard_normal((ROWS, COLUMNS)) / COLUMNS**0.5
    teacher = random.standard_normal(COLUMNS)
    y = numpy.where(random.random(ROWS) < 1 / (1 + numpy.exp(-(x @ teacher))), 1, -1)
    model = sklearn.linear_model.LogisticRegression(C=1 / PENALTY, fit_intercept=False, solver=SOLVER, tol=1e-8, max_iter=10_000)
    seconds, model = timed(lambda: model.fit(x, y))
    w = model.coef_[0]
    return seconds, (w @ teacher / COLUMNS, w @ w / COLUMNS)


def risk():
    """Data in law, or drawn as a matrix, which is counted."""
    point = [f"d={COLUMNS}", "rho=1", f"lambda={PENALTY}", f"alpha={ROWS / COLUMNS}", f"data={DATA}"]
    seconds, rows = overlaps("simulate", "logistic-teacher", *point, "--seeds", 8)
    mean = lambda name: sum(float(row[name]) for row in rows) / len(rows)
    return seconds / 8, (mean("m"), mean("q"))


def table(title, theirs, ours):
    """Smallest of several, in turns."""
    pairs = [(theirs(), ours()) for _ in range(options.repeat)]
    slow, fast = (min((pair[side] for pair in pairs), key=lambda run: run[0]) for side in (0, 1))
    text = lambda result: ", ".join(f"{x:.3g}" for x in numpy.atleast_1d(result))
    print(f"{title}: {slow[0]:.3g} s ({text(slow[1])}), overlaps {fast[0]:.3g} s ({text(fast[1])}): ratio {slow[0] / fast[0]:.3g}", flush=True)


table(f"linear network, w = {WIDTH}, d = {D}, {STEPS} steps, PyTorch {torch.__version__} (training error)", lambda: timed(layers), network)


def one_sample():
    seconds, counts = timed(samples)
    return seconds / FEW, counts / FEW


table(f"a sample of three modes, d = {DIMENSION}, {EULER} steps, NumPy {numpy.__version__} (fractions)", one_sample, modes)
for SOLVER, DATA in (("lbfgs", "reduced"), ("newton-cholesky", "reduced"), ("lbfgs", "explicit")):
    table(f"logistic regression, {ROWS} × {COLUMNS}, scikit-learn {sklearn.__version__}, {SOLVER}, {DATA} (m, q)", logistic, risk)
