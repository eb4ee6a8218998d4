#!/usr/bin/env python3
"""The curve of `first-phase` in C, SciPy, JAX and PyTorch, as a careful user would write it, beside `overlaps`.

All solve the same rows in one run, one thread each, in turns; the least CPU time of several counts, since other work on the machine only ever
adds. A row is wrong where an overlap differs from that of `overlaps` (which certifies every row) by more than 1e-6. The others start
where the file of the theory starts, or at the row before (from the solution at t = 1 on), and know that the constant network may be better; they search nothing and estimate
no error. The time of `overlaps` is that of its command for these rows, less that for one row: search, certificate and file included.

Needs numpy, scipy, jax, torch, a C compiler, and `cargo build --release` before; takes about four minutes.

    python3 benches/peers/first_phase.py [--rows 101]
"""

import argparse
import csv
import ctypes
import os
import pathlib
import resource
import subprocess
import tempfile
import time

for threads in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[threads] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
import torch

jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

HERE = pathlib.Path(__file__).resolve().parent
n, p, sigma, kappa, lam, ell = 128.0, 0.8, 1.0, 4.0, 0.1, 0.01
SIGN, SHARE = (1.0, -1.0), (p, 1 - p)
N_S = (n * p, n * (1 - p))
WIDTH = (1 + sigma**2 / 4 * (1 / N_S[0] + 1 / N_S[1])) ** 0.5
CONSTANT = -((n * (2 * p - 1)) ** 2 + n * sigma**2) / (lam + n)


def energy(lib, x, t, z, w):
    """The energy of the equation file; `lib` is numpy, jax.numpy or torch."""
    S = squares = second = 0.0
    for c in range(2):
        h = kappa * SIGN[c] * (1 + sigma**2 / (2 * N_S[c])) * t * x[0] + x[1] + x[0] * WIDTH * z
        phi = lib.tanh(h)
        mean = (w * phi).sum()
        S = S + n * SHARE[c] * SIGN[c] * mean
        squares = squares + SHARE[c] * mean * mean
        second = second + SHARE[c] * (w * phi * phi).sum()
    return -(S**2 + n * sigma**2 * squares) / (lam + n * second) + ell * (x[0] * WIDTH) ** 2


def start(t):
    """The first start of the equation file."""
    return np.array([min(kappa * t, 20 / (kappa * max(t, 1e-9) * WIDTH**2)), np.arctanh(2 * p - 1)])


def chosen(x, energies):
    """ω and b of each row; of the constant network where that is better."""
    better = np.asarray(energies) < CONSTANT
    return np.where(better[:, None], np.asarray(x), [0.0, np.inf])


def rule(count):
    z, w = np.polynomial.hermite_e.hermegauss(count)
    return z, w / w.sum()


def in_scipy(controls, nodes):
    """BFGS with the gradient by hand, from the start of the file at every row."""
    z, w = rule(nodes)

    def both(x, t):
        S, D, Q, dS, dD, dQ = 0.0, lam, 0.0, np.zeros(2), np.zeros(2), np.zeros(2)
        for c in range(2):
            slope = kappa * SIGN[c] * (1 + sigma**2 / (2 * N_S[c])) * t + WIDTH * z
            phi = np.tanh(slope * x[0] + x[1])
            ws = w * (1 - phi * phi)
            m, d = w @ phi, np.array([ws @ slope, ws.sum()])
            S, D, Q = S + n * SHARE[c] * SIGN[c] * m, D + n * SHARE[c] * (w @ (phi * phi)), Q + n * sigma**2 * SHARE[c] * m * m
            dS = dS + n * SHARE[c] * SIGN[c] * d
            dD = dD + 2 * n * SHARE[c] * np.array([(ws * phi) @ slope, ws @ phi])
            dQ = dQ + 2 * n * sigma**2 * SHARE[c] * m * d
        N = S * S + Q
        gradient = -(2 * S * dS + dQ) / D + N * dD / D**2 + np.array([2 * ell * x[0] * WIDTH**2, 0.0])
        return -N / D + ell * (x[0] * WIDTH) ** 2, gradient

    found = [scipy.optimize.minimize(both, start(t), args=(t,), jac=True, method="BFGS", options={"gtol": 1e-10}) for t in controls]
    return chosen([r.x for r in found], [r.fun for r in found])


def jax_programs(nodes, steps=30):
    """Newton's method, compiled: all rows at once from the starts of the file, and row by row from the row before."""
    z, w = map(jnp.asarray, rule(nodes))
    f = lambda x, t: energy(jnp, x, t, z, w)
    gradient, hessian = jax.grad(f), jax.hessian(f)

    def newton(x, t, steps):
        def step(_, x):
            H, g = hessian(x, t), gradient(x, t)
            det = H[0, 0] * H[1, 1] - H[0, 1] * H[1, 0]
            return x - jnp.array([H[1, 1] * g[0] - H[0, 1] * g[1], H[0, 0] * g[1] - H[1, 0] * g[0]]) / det

        return jax.lax.fori_loop(0, steps, step, x)

    def one(x, t):
        x = newton(x, t, steps)
        return x, f(x, t)

    def scan(first, controls):
        def row(x, t):
            x = newton(x, t, 6)
            return x, (x, f(x, t))

        return jax.lax.scan(row, first, controls)[1]

    return jax.jit(jax.vmap(one)), jax.jit(scan)


def in_torch(controls, first, nodes):
    """Newton's method with derivatives by torch.func, row by row from the row before."""
    z, w = map(torch.as_tensor, rule(nodes))
    f = lambda x, t: energy(torch, x, t, z, w)
    gradient, hessian = torch.func.grad(f), torch.func.hessian(f)
    x, rows, energies = torch.as_tensor(first), [], []
    for i, t in enumerate(controls[::-1]):
        for _ in range(6):
            x = x - torch.linalg.solve(hessian(x, t), gradient(x, t))
        rows.append(x.numpy())
        energies.append(float(f(x, t)))
    return chosen(rows[::-1], energies[::-1])


class Parameters(ctypes.Structure):
    _fields_ = [(name, ctypes.c_double) for name in ["n", "p", "sigma", "kappa", "lambda_", "ell"]]


def in_c(folder):
    """The fused loop of fused.c, compiled for this machine."""
    path = pathlib.Path(folder) / "fused.so"
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, "-o", path, HERE / "fused.c", "-lm"], check=True)
    library = ctypes.CDLL(str(path))
    library.many.restype = ctypes.c_double
    return library, ctypes.byref(Parameters(n, p, sigma, kappa, lam, ell))


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def overlaps(rows, folder):
    """CPU time of the command, and ω and b of its rows."""
    target = os.environ.get("CARGO_TARGET_DIR", HERE.parent.parent / "target")
    path = pathlib.Path(folder) / f"{rows}.csv"
    command = [pathlib.Path(target) / "release" / "overlaps", "solve", "first-phase", "--quiet", "--threads", "1"]
    command += ["--sweep", f"t=0.01:1:{rows}" if rows > 1 else "t=1:1:1", "--output", path]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with open(path) as file:
        table = list(csv.DictReader(file))
    return taken, np.array([[float(row["omega"]), float(row["b"])] for row in table])


def cpu(work):
    before = time.process_time()
    result = work()
    return time.process_time() - before, result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=101)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    controls = np.linspace(0.01, 1, options.rows)
    with tempfile.TemporaryDirectory() as folder:
        library, parameters = in_c(folder)
        programs = {count: jax_programs(count) for count in [64, 192]}
        starts = jnp.array([start(t) for t in controls])
        # Where the curves begin that lean on the row before: the solution at t = 1.
        last = overlaps(1, folder)[1][0]

        def c(count):
            z, w = (np.ascontiguousarray(a) for a in rule(count))
            ts, x = controls[::-1].copy(), np.zeros((options.rows, 2))
            x[0] = last
            library.follow(parameters, options.rows, pointer(ts), pointer(x), count, pointer(z), pointer(w))
            x = x[::-1]
            return chosen(x, [energy(np, row, t, z, w) for row, t in zip(x, controls)])

        def vmap(count):
            x, e = jax.block_until_ready(programs[count][0](starts, jnp.asarray(controls)))
            return chosen(x, e)

        def scan(count):
            x, e = jax.block_until_ready(programs[count][1](jnp.asarray(last), jnp.asarray(controls[::-1].copy())))
            return chosen(x[::-1], e[::-1])

        peers = {
            "C, fused loop, warm": (c, options.runs),
            "JAX, Newton, vmap": (vmap, options.runs),
            "JAX, Newton, warm scan": (scan, options.runs),
            "SciPy, BFGS, gradient by hand": (lambda count: in_scipy(controls, count), options.runs),
            "PyTorch, Newton, warm": (lambda count: in_torch(controls, last, count), 1),
        }
        times, results, ours = {}, {}, []
        for run in range(options.runs):
            (one, _), (many, truth) = overlaps(1, folder), overlaps(options.rows, folder)
            ours.append((many - one) / (options.rows - 1))
            for name, (solve, runs) in peers.items():
                for count in [64, 192] if run < runs else []:
                    if run == 0 and runs > 1:
                        solve(count)  # compiled, and what it allocates once
                    taken, results[name, count] = cpu(lambda: solve(count))
                    times.setdefault((name, count), []).append(taken / options.rows)
        z, w = (np.ascontiguousarray(a) for a in rule(128))
        count = 20000
        evaluation = min(cpu(lambda: library.many(parameters, count, 128, pointer(z), pointer(w)))[0] for _ in range(options.runs)) / count
    least = min(ours)
    print(f"first-phase, n = 128, {options.rows} rows of t from 0.01 to 1; CPU time of a row, the least of {options.runs}\n")
    print("| program | nodes | µs a row | its time over that of `overlaps` | rows wrong |")
    print("|---|---|---|---|---|")
    print(f"| `overlaps`: all solutions, certified | chosen | {1e6 * least:.0f} | 1 | |")
    for (name, count), taken in times.items():
        difference = np.abs(results[name, count] - truth)
        wrong = ~(difference <= 1e-6 * (1 + np.abs(truth))).all(axis=1) & ~(results[name, count] == truth).all(axis=1)
        print(f"| {name} | {count} | {1e6 * min(taken):.0f} | {min(taken) / least:.2f} | {wrong.mean():.0%} |")
    print(f"\nEnergy, gradient and Hessian in C, 2 × 128 nodes: {1e6 * evaluation:.2f} µs (here: `cargo bench --bench rows -- parts`).")


main()
