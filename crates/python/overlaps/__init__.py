"""Solves the self-consistent equations of high-dimensional learning theory and certifies every number.

>>> import overlaps
>>> result = overlaps.solve("first-phase", [0.01, 0.5, 1.0], n=8)
>>> result.status
['converged', 'converged', 'converged']
>>> round(float(result["m"][1]), 6)
0.995608

A system is the name of a built-in one, the path of an equation file, or the text of one. Parameters are given by name, with Greek
letters or without (``λ=0.1``, ``lambda_=0.1``): a number or a word fixes one, a list or an array sweeps it.
"""

from ._errors import EquationError, Error, NotConvergedWarning
from ._functions import check, critical, flow, limit, show, simulate, solve, solve_text, sweep, systems
from ._overlaps import __version__
from ._result import Column, Result, System

__all__ = [
    "Column",
    "EquationError",
    "Error",
    "NotConvergedWarning",
    "Result",
    "System",
    "check",
    "critical",
    "flow",
    "limit",
    "show",
    "simulate",
    "solve",
    "solve_text",
    "sweep",
    "systems",
    "__version__",
]
