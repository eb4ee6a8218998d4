#!/usr/bin/env python3
"""The public runs of arXiv:2405.17580 (gradient descent, d = 200, rank 5), beside the same networks simulated by `overlaps`.

The notebook main.ipynb of github.com/aranguri/phase-diagram prints of 900 networks the step at which they were stopped and the errors there.
Every network (or every N-th) is simulated in law to the same step, with a target of our own draw: singular values as those of a product of Gaussian
d×5 matrices have in the mean. Prints how far the test errors are apart. Needs numpy, and `cargo build --release` before; two to ten seconds for a network.

    python3 benches/peers/phase_diagram.py main.ipynb [--every 9]
"""

import argparse
import csv
import io
import json
import os
import pathlib
import subprocess

import numpy

parser = argparse.ArgumentParser()
parser.add_argument("notebook", type=pathlib.Path)
parser.add_argument("--every", type=int, default=9)
options = parser.parse_args()
root = pathlib.Path(__file__).resolve().parent.parent.parent
program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "release" / "overlaps"
D, RANK = 200, 5


def printed():
    """γ_σ², γ_w, last step, training and test error of every network that the notebook prints."""
    cells = json.loads(options.notebook.read_text(), strict=False)["cells"]
    text = "".join("".join(output.get("text", [])) for cell in cells for output in cell.get("outputs", []))
    runs = []
    for block in text.split("\n\n"):
        lines = [line.split() for line in block.strip().splitlines()]
        if len(lines) > 1 and len(lines[0]) == 2:
            (sigma, width), (step, train, test) = map(float, lines[0]), map(float, lines[-1])
            runs.append((sigma, width, int(step), train, test))
    return runs


def target():
    """Mean singular values, over d, of U Vᵀ with entries N(0, 1/√5)."""
    random = numpy.random.default_rng(0)
    draws = [random.standard_normal((2, D, RANK)) * RANK ** (-1 / 4) for _ in range(200)]
    return numpy.mean([numpy.linalg.svd(u @ v.T, compute_uv=False)[:RANK] / D for u, v in draws], axis=0)


spikes = target()
away, steps = [], []
for sigma, width, step, train, test in printed()[:: options.every]:
    w, variance = D**width, D**sigma
    # The step size of the notebook, times d, as times are in units of 1/d.
    eta = D / (50 * w * variance) if sigma + width > 1 else 1 / (50 * spikes[0])
    point = [f"d={D}", f"r={RANK}", f"s_1={spikes[0]}", f"s_r={spikes[-1]}", f"w={int(w)}", f"sigma2={variance}", f"eta={eta}", f"t={step * eta}"]
    command = [program, "simulate", "linear-network", *point, "--seeds", "1", "--format", "csv", "--quiet"]
    row = next(csv.DictReader(io.StringIO(subprocess.run(command, check=True, capture_output=True, text=True).stdout)))
    ratio = float(row["test"]) / test - 1
    away.append((ratio, 2 * sigma + width, sigma + width))
    print(f"γ_σ² = {sigma:.3f}, γ_w = {width:.3f}, step {step}: test error {test:.4f}, overlaps {float(row['test']):.4f} ({100 * ratio:+.2f} %), train {train:.4f} and {float(row['train']):.4f}", flush=True)

away = numpy.array(away)
for name, chosen in [("all", away[:, 1] < 9), ("below σ⁴w = 1", away[:, 1] < 0), ("of these active", (away[:, 1] < 0) & (away[:, 2] < 1)), ("of these lazy", (away[:, 1] < 0) & (away[:, 2] >= 1))]:
    off = numpy.abs(away[chosen, 0])
    if len(off):
        print(f"{name}: {len(off)} networks, |difference| median {100 * numpy.median(off):.2f} %, nine of ten within {100 * numpy.quantile(off, 0.9):.2f} %")
