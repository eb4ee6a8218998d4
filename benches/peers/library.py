#!/usr/bin/env python3
"""Other programs on rows of the library of theories, beside `overlaps`: what book/src/peers.md says was run.

Gives a row's largest error, relative to tests/theories/library.csv, and its CPU time (the least of three; once where a row takes
more than ten seconds), for the other program and for `overlaps`, one thread each. The other program's time is that of
the call that solves the row, without imports; that of `overlaps` is the whole command. The other program must be importable:

    cargo build --release
    PYTHONPATH=COPY_OF_IT python3 benches/peers/library.py tramp

Names: tramp, tramp-tight, mixture-hinge, mixture-logistic (GaussMixtureProject/K2mix), huber (RobustRegression),
statphys, statphys-ridge.
"""

import csv
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

os.environ["OMP_NUM_THREADS"] = "1"
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def tramp(tight=False):
    """Bayes-optimal compressed sensing by tramp's state evolution from no information; its own tolerance, or 1e-15."""
    from tramp.algos import CustomInit, EarlyStopping, StateEvolution
    from tramp.models import glm_state_evolution

    def row(alpha, Delta, rho=0.25):
        model = glm_state_evolution(
            alpha=alpha, prior_type="gauss_bernoulli", output_type="gaussian", prior_rho=rho, output_var=Delta
        )
        evolution = StateEvolution(model)
        stop = dict(max_iter=2000, callback=EarlyStopping(tol=1e-15)) if tight else {}
        evolution.iterate(initializer=CustomInit(a_init=[("x", "bwd", 0)]), **stop)
        return dict(v=evolution.get_variable_data(id="x")["v"])

    rows = [dict(alpha=0.2, rho=0.25, Delta=1e-5), dict(alpha=0.5, rho=0.25, Delta=1e-5), dict(alpha=0.4, rho=0.25, Delta=0.01)]
    return "compressed-sensing", rows, row


def mixture(loss, penalty, rows):
    """Two Gaussian clusters by the scripts of Loureiro et al. 2021, with no damping."""
    from saddle_point.experiments.learning_curve import LearningCurve

    def row(alpha):
        curve = LearningCurve(loss=loss, penalty="l2", regularisation=penalty, variances=[0.5], ratios=[1], probability=0.5)
        curve.learning_curve(sc_range=[alpha])
        values = curve.get_curve().iloc[0]
        return {name: values[name] for name in ["V", "q", "m", "test_error"]}

    return "gaussian-mixture-" + loss, [dict(alpha=alpha) for alpha in rows], row


def huber():
    """Huber regression with outliers by the scripts of Vilucchio et al. 2023."""
    from robust_regression.fixed_point_equations.fpe_Huber_loss import var_hat_func_Huber_decorrelated_noise as loss
    from robust_regression.fixed_point_equations.fpe_L2_regularization import var_func_L2
    from robust_regression.fixed_point_equations.fpeqs import fixed_point_finder

    def row(alpha):
        noise = dict(alpha=alpha, delta_in=1.0, delta_out=5.0, percentage=0.3, beta=0.0, a=1.0)
        m, q, V = fixed_point_finder(var_func_L2, loss, (0.6, 0.01, 0.9), {"reg_param": 0.1}, noise)
        return dict(V=V, q=q, m=m, error=1 + q - 2 * m)

    return "huber", [dict(alpha=alpha) for alpha in [0.5, 2, 50]], row


def statphys():
    """The Sherrington–Kirkpatrick model, its equation given to StatPhys-ML's solver; the averages by its adaptive rule."""
    import numpy
    from statphys.theory.replica import SaddlePointSolver
    from statphys.utils.integration import gaussian_expectation

    def equation(q, alpha, H):
        return (gaussian_expectation(lambda z: numpy.tanh((H + numpy.sqrt(q) * z) / alpha) ** 2, method="quad"),)

    def row(T, H):
        solver = SaddlePointSolver(equations=equation, order_params=["q"])
        return dict(q=solver.solve([T], init_values=(0.5,), H=H).order_params["q"][0])

    return "sherrington-kirkpatrick", [dict(T=0.1, H=0), dict(T=0.6, H=0), dict(T=0.5, H=0.3)], row


def statphys_ridge():
    """Ridge regression as it is built into StatPhys-ML."""
    from statphys.theory.replica import GaussianLinearRidgeEquations, SaddlePointSolver

    def row(alpha, **other):
        equations = GaussianLinearRidgeEquations(rho=1.0, eta=0.1, reg_param=other["lambda"])
        solution = SaddlePointSolver(equations=equations, order_params=["m", "q"]).solve([alpha])
        return {name: solution.order_params[name][0] for name in ["m", "q"]}

    return "ridge", [{"alpha": alpha, "lambda": 1e-3} for alpha in [0.5, 1]], row


PEERS = {
    "tramp": tramp,
    "tramp-tight": lambda: tramp(tight=True),
    "mixture-hinge": lambda: mixture("hinge", 0.1, [0.5, 3]),
    "mixture-logistic": lambda: mixture("logistic", 0.01, [0.01]),
    "huber": huber,
    "statphys": statphys,
    "statphys-ridge": statphys_ridge,
}


def reference(theory, row):
    """The values of a row in the library's table."""
    values = {}
    with open(ROOT / "tests/theories/library.csv", encoding="utf-8") as table:
        for line in csv.DictReader(table):
            pairs = [pair.split("=") for pair in line["parameters"].split(";") if "=" in pair]
            if line["theory"] == theory and {name: float(value) for name, value in pairs} == row:
                values[line["quantity"]] = float(line["value"])
    return values


def overlaps(theory, row):
    """The row by `overlaps solve`, of a copy in which an alpha from 0.1 begins at 0.01."""
    with tempfile.TemporaryDirectory() as folder:
        (source,) = ROOT.glob("equations/**/%s.toml" % theory)
        text = re.sub('(control .*"alpha", from = )0.1,', r"\g<1>0.01,", source.read_text(encoding="utf-8"))
        pathlib.Path(folder, "row.toml").write_text(text, encoding="utf-8")
        command = [os.environ.get("OVERLAPS", ROOT / "target/release/overlaps"), "solve", "row.toml", "--quiet", "--threads", "1"]
        command += ["--output", folder + "/row.csv"]
        for name, value in row.items():
            command += ["--set", "%s=%r" % (name, value)]
        subprocess.run(command, check=True, cwd=folder)
        with open(folder + "/row.csv", encoding="utf-8") as table:
            (line,) = csv.DictReader(table)
    assert line["status"] == "converged", line
    return line


def least(solve, who):
    """What `solve` gives, and the least CPU time of three."""
    times = []
    while len(times) < 3 and max(times, default=0) < 10:
        start = resource.getrusage(who)
        values = solve()
        end = resource.getrusage(who)
        times.append(end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime)
    return values, min(times)


def error(values, right):
    return max(abs(float(values[name]) / right[name] - 1) for name in right if name in values)


theory, rows, solve = PEERS[sys.argv[1]]()
print("theory, row: error, CPU s | overlaps: error, CPU s | ratio of the times")
for row in rows:
    right = reference(theory, row)
    theirs, their_time = least(lambda: solve(**row), resource.RUSAGE_SELF)
    ours, our_time = least(lambda: overlaps(theory, row), resource.RUSAGE_CHILDREN)
    place = " ".join("%s=%.4g" % pair for pair in row.items())
    figures = (error(theirs, right), their_time, error(ours, right), our_time, their_time / our_time)
    print(theory, place + ": %.0e, %.3f | %.0e, %.3f | %.2g" % figures, flush=True)
