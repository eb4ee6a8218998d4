#!/usr/bin/env python3
"""The curve of `first-phase` as one would write it in SciPy, JAX and PyTorch, beside `overlaps`: CPU time of a row, and rows that are wrong.

All solve for the same rows in one run, one thread each, in turns; the least of several times counts, since other work on the machine only
ever adds. A row is wrong where its energy lies above that of the row of `overlaps`, or an overlap differs, by more than 1e-6.
The time of `overlaps` is that of its command without its start (that of one row); it includes the search for all solutions, certificates
and the file. Needs numpy, scipy, jax, torch, a C compiler for the fused loop, and `cargo build --release` before; takes about two minutes.

    python3 benches/peers/first_phase.py [--rows 101] [--many 1001] [--markdown]
"""

import argparse
import ctypes
import csv
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

for threads in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[threads] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
n, p, sigma, kappa, lam, ell = 128.0, 0.8, 1.0, 4.0, 0.1, 0.01
n_class = np.array([n * p, n * (1 - p)])
sign, share = np.array([1.0, -1.0]), np.array([p, 1 - p])
width = np.sqrt(1 + sigma**2 / 4 * (1 / n_class).sum())
CONSTANT = -((n * (2 * p - 1)) ** 2 + n * sigma**2) / (lam + n)


def nodes(count):
    z, w = np.polynomial.hermite_e.hermegauss(count)
    return z, w / w.sum()


def energy(xp, omega, b, t, z, w):
    """Twice the loss over d: the energy of the equation file. xp: numpy, jax.numpy or torch."""
    gain = kappa * t * sign * (1 + sigma**2 / (2 * n_class))
    first = second = squares = 0.0
    for c in range(2):
        phi = xp.tanh(float(gain[c] / t) * t * omega + b + omega * float(width) * z) if False else xp.tanh(
            kappa * float(sign[c] * (1 + sigma**2 / (2 * n_class[c]))) * t * omega + b + omega * float(width) * z
        )
        mean = (w * phi).sum()
        first = first + float(share[c] * sign[c]) * mean
        second = second + float(share[c]) * (w * phi * phi).sum()
        squares = squares + float(share[c]) * mean * mean
    return -((n * first) ** 2 + n * sigma**2 * squares) / (lam + n * second) + ell * (omega * float(width)) ** 2
