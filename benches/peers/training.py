#!/usr/bin/env python3
"""Time per epoch and t: the training loop as one would write it in PyTorch, beside `overlaps simulate --method trained`.

Both train f(x) = c x + u tanh(w·x/√d + b) with Adam on the full batch and fresh noise at every epoch, in single precision
on all cores. Needs torch, and `cargo build --release` before. Prints both times and their ratio, from one run.

    python3 benches/peers/training.py [--n 128] [--d 5000] [--epochs 200]
"""

import argparse
import os
import pathlib
import subprocess
import time

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--n", type=int, default=128)
parser.add_argument("--d", type=int, default=5000)
parser.add_argument("--epochs", type=int, default=200)
options = parser.parse_args()
n, d, kappa, t = options.n, options.d, 4.0, 0.5


def pytorch(epochs):
    """Seconds for so many epochs of one network."""
    tau = kappa * t / d**0.5
    labels = torch.ones(n)
    labels[round(0.8 * n) :] = -1
    x1 = labels[:, None] + torch.randn(n, d)
    u = torch.randn(d, requires_grad=True)
    w = torch.randn(d, requires_grad=True)
    b = torch.zeros((), requires_grad=True)
    c = torch.zeros((), requires_grad=True)
    optimiser = torch.optim.Adam([u, w, b, c], lr=0.01)
    start = time.perf_counter()
    for _ in range(epochs):
        xt = (1 - tau) * torch.randn(n, d) + tau * x1
        f = c * xt + torch.tanh(xt @ w / d**0.5 + b)[:, None] * u
        loss = 0.5 * ((f - x1) ** 2).sum() + 0.05 * (u**2).sum() + 0.005 * (w**2).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.perf_counter() - start


def overlaps(epochs, networks):
    """Seconds for so many epochs of several networks at once."""
    target = os.environ.get("CARGO_TARGET_DIR", pathlib.Path(__file__).resolve().parent.parent.parent / "target")
    times = f"t=0.3:0.7:{networks}"
    command = [pathlib.Path(target) / "release" / "overlaps", "simulate", "--method", "trained", "--quiet"]
    command += ["--set", f"n={n}", "--set", f"d={d}", "--sweep", times, "--seeds", "1", "--epochs", str(epochs)]
    start = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - start


cores = len(os.sched_getaffinity(0))
pytorch(5)
ours, theirs = [], []
for _ in range(5):
    # Alternating, so that a busy machine slows both. Drawing the data is not part of an epoch, so differences are taken.
    theirs.append(pytorch(options.epochs) / options.epochs)
    few, many = 100, 100 + 10 * options.epochs
    ours.append((overlaps(many, cores) - overlaps(few, cores)) / (many - few) / cores)
theirs, ours = sorted(theirs)[2], sorted(ours)[2]
print(f"n = {n}, d = {d}, {cores} cores, time per epoch and t (median of 5):")
print(f"  PyTorch {torch.__version__}: {1e3 * theirs:8.3f} ms")
print(f"  overlaps:             {1e3 * ours:8.3f} ms")
print(f"  ratio:                {theirs / ours:8.1f}")
