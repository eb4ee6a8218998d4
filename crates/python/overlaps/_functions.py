"""What can be computed: each function says to the library what the command of its name would say."""

from __future__ import annotations

import os
import tempfile
import warnings
from typing import Any, Callable, Iterable, List, Mapping, Optional, Sequence, Union

import numpy as np

from . import _overlaps
from ._errors import Error, NotConvergedWarning, translated
from ._progress import told
from ._result import Result, System

Control = Union[None, float, str, Sequence[float], "np.ndarray"]
Progress = Union[bool, Callable[[int, int], Any], None]


def solve(
    system: Union[str, "os.PathLike[str]"],
    control: Control = None,
    *,
    compare: Iterable[str] = (),
    branches: bool = False,
    stationary: Optional[str] = None,
    verify: bool = False,
    tolerance: float = 1e-12,
    threads: Optional[int] = None,
    progress: Progress = None,
    parameters: Optional[Mapping[str, Any]] = None,
    **named: Any,
) -> Result:
    """Solves a system along its control.

    ``control`` are the values of the control: a number, an array, or text as the command has it (``"0:1:101"``); none are those of the
    file. ``branches`` gives all solutions, ``verify`` computes every row again by other means. ``parameters`` is a mapping for names
    that are arguments here.

    >>> import overlaps
    >>> overlaps.solve("first-phase", 0.5, n=[8, 16])["n"].tolist()
    [8.0, 16.0]
    """
    words = ["solve", _system(system)]
    others = [_system(other) for other in compare]
    words += [f"--compare={','.join(others)}"] if others else []
    words += ["--branches"] if branches else []
    words += [f"--stationary={stationary}"] if stationary else []
    words += ["--verify"] if verify else []
    return _computed(words, control, tolerance, threads, progress, {**(parameters or {}), **named}, system)


def solve_text(text: str, control: Control = None, **options: Any) -> Result:
    """Solves the equations of a text; see :func:`solve`.

    >>> import overlaps
    >>> text = '''
    ... title = "magnet"
    ... [control]
    ... name = "J"
    ... from = 1.5
    ... to = 2
    ... points = 3
    ... meaning = "coupling"
    ... [unknowns]
    ... m = { meaning = "magnetisation", range = [0.1, 1] }
    ... [fixed_point]
    ... m = "tanh(J*m)"
    ... '''
    >>> overlaps.solve_text(text).status
    ['converged', 'converged', 'converged']
    """
    return solve(text if "\n" in text else text + "\n", control, **options)


def flow(system: Union[str, "os.PathLike[str]"], control: Control = None, **options: Any) -> Result:
    """Follows what moves from its start, in time or step by step; see :func:`solve`. ``control`` are the times.

    >>> import overlaps
    >>> overlaps.flow("first-phase")
    Traceback (most recent call last):
    overlaps._errors.Error: first-phase does not move: it has no [flow] or [iterate]; use solve
    """
    with translated():
        name, _, moves = _overlaps.runs_along(_system(system))
    if not moves:
        raise Error(f"{name} does not move: it has no [flow] or [iterate]; use solve")
    return solve(system, control, **options)


def critical(
    system: Union[str, "os.PathLike[str]"],
    control: Control = None,
    *,
    zero: Optional[str] = None,
    branches: bool = False,
    tolerance: float = 1e-12,
    threads: Optional[int] = None,
    progress: Progress = None,
    parameters: Optional[Mapping[str, Any]] = None,
    **named: Any,
) -> Result:
    """The control values at which the global branch changes, or at which the output ``zero`` is zero."""
    words = ["critical", _system(system)]
    words += [f"--zero={zero}"] if zero else []
    words += ["--branches"] if branches else []
    return _computed(words, control, tolerance, threads, progress, {**(parameters or {}), **named}, system)


def limit(
    system: Union[str, "os.PathLike[str]"],
    control: Control = None,
    *,
    tolerance: float = 1e-12,
    threads: Optional[int] = None,
    progress: Progress = None,
    parameters: Optional[Mapping[str, Any]] = None,
    **named: Any,
) -> Result:
    """A system along its limit parameter beside the system that it tends to: the largest deviation of every output."""
    words = ["limit", _system(system)]
    return _computed(words, control, tolerance, threads, progress, {**(parameters or {}), **named}, system)


def simulate(
    model: str = "denoiser",
    control: Control = None,
    *,
    seeds: int = 16,
    first_seed: int = 0,
    options: Optional[Mapping[str, Any]] = None,
    tolerance: float = 1e-12,
    threads: Optional[int] = None,
    progress: Progress = None,
    parameters: Optional[Mapping[str, Any]] = None,
    **named: Any,
) -> Result:
    """Simulates a model at finite dimension. ``options`` are further ones of the command: ``{"method": "trained", "epochs": 100}``."""
    words = ["simulate", model, f"--seeds={seeds}", f"--first-seed={first_seed}", *_options(options)]
    return _computed(words, control, tolerance, threads, progress, {**(parameters or {}), **named}, model)


def check(
    system: Union[str, "os.PathLike[str]"],
    measurements: Any = None,
    control: Control = None,
    *,
    compare: Optional[Iterable[str]] = None,
    level: float = 0.05,
    resolution: float = 0.1,
    size: Optional[str] = None,
    ignore: Iterable[str] = (),
    corrections: Optional[str] = None,
    seeds: Optional[int] = None,
    first_seed: Optional[int] = None,
    options: Optional[Mapping[str, Any]] = None,
    tolerance: float = 1e-12,
    threads: Optional[int] = None,
    progress: Progress = None,
    parameters: Optional[Mapping[str, Any]] = None,
    **named: Any,
) -> Result:
    """Compares a system with measurements: a file, a pandas or polars frame, a mapping of columns, a :class:`Result`; or, without any,
    with simulations that are made here. ``result.verdicts`` says what was decided. ``size`` is the column with the size of the system,
    ``ignore`` names columns to pass over; ``corrections="1/N"`` says how measurements approach the limit."""
    words = ["check", _system(system), f"--level={level!r}", f"--resolution={resolution!r}", *_options(options)]
    words += [f"--compare={','.join(map(_system, compare))}"] if compare is not None else []
    words += [f"--size={size}"] if size is not None else []
    words += [f"--ignore={name}" for name in ignore]
    words += [f"--corrections={corrections}"] if corrections is not None else []
    words += [f"--seeds={seeds}"] if seeds is not None else []
    words += [f"--first-seed={first_seed}"] if first_seed is not None else []
    given = {**(parameters or {}), **named}
    if measurements is None:
        return _computed(words, control, tolerance, threads, progress, given, system)
    if isinstance(measurements, (str, os.PathLike)):
        words.append(f"--against={os.fspath(measurements)}")
        return _computed(words, control, tolerance, threads, progress, given, system)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "measurements")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(_csv(measurements))
        words.append(f"--against={path}")
        return _computed(words, control, tolerance, threads, progress, given, system, folder + os.sep)


def sweep(
    study: Union[str, "os.PathLike[str]"],
    *,
    output: Union[None, str, "os.PathLike[str]"] = None,
    extend: bool = False,
    threads: Optional[int] = None,
) -> Result:
    """Computes a study file, each cell kept on the disk when it is done; stopped, the same call goes on. The table is that of the CSV
    which the study names."""
    words = ["sweep", os.fspath(study), "--quiet"]
    words += [f"--output={os.fspath(output)}"] if output is not None else []
    words += ["--extend"] if extend else []
    with translated():
        outcome, path, code = _overlaps.sweep(words, _threads(threads))
    result = Result(outcome, path)
    if code == 3:
        warnings.warn("some rows did not converge; see the column status", NotConvergedWarning, stacklevel=2)
    return result


def show(system: Union[str, "os.PathLike[str]"]) -> str:
    """What a system is: equations, parameters, source, as the command shows it."""
    with translated():
        return _overlaps.show(_system(system))


def systems(about: str = "") -> List[System]:
    """The built-in systems; those with all words of ``about`` in their name, subject, title, source, or in what they describe.

    >>> import overlaps
    >>> [system.name for system in overlaps.systems("two-phase")]
    ['two-phase', 'two-phase-limit', 'two-phase-printed', 'finite-d']
    """
    with translated():
        every = [System(*fields) for fields in _overlaps.systems()]
    words = about.lower().split()
    return [system for system in every if all(word in system.text() for word in words)]


def _system(system: Union[str, "os.PathLike[str]"]) -> str:
    if isinstance(system, os.PathLike):
        path = os.fspath(system)
        # A path without a folder could be a name.
        return path if os.sep in path or "/" in path else os.path.join(".", path)
    return system


def _threads(threads: Optional[int]) -> Optional[int]:
    if threads is not None and not 1 <= threads <= 65535:
        raise Error(f"threads = {threads}: use 1 or more, or None for all cores")
    return threads


def _options(options: Optional[Mapping[str, Any]]) -> List[str]:
    words = []
    for name, value in (options or {}).items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif value is not False and value is not None:
            words.append(f"{flag}={_text(name, value)}")
    return words


def _text(name: str, value: Any) -> str:
    """A value as the command has it: the shortest digits that give the number again."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        raise Error(f"{name} = {value}: a parameter is a number or a word")
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    try:
        return repr(float(value))
    except (TypeError, ValueError):
        raise Error(f"{name} = {value!r}: a parameter is a number, a word, or a list of them") from None


def _given(name: str, value: Any) -> str:
    """``--set`` of one value, ``--sweep`` of several."""
    # `lambda` is a word of the language.
    name = name[:-1] if name.endswith("_") else name
    if isinstance(value, str):
        is_list = not value.lstrip().startswith("[") and (":" in value or "," in value)
        return f"--{'sweep' if is_list else 'set'}={name}={value}"
    if np.ndim(value) == 0 and not isinstance(value, (range, Mapping)):
        value = value.item() if isinstance(value, np.ndarray) else value
        return f"--set={name}={_text(name, value)}"
    values = [_text(name, each) for each in value]
    if not values:
        raise Error(f"{name}: a list without values has nothing to solve")
    return f"--{'sweep' if len(values) > 1 else 'set'}={name}={','.join(values)}"


def _control(system: Union[str, "os.PathLike[str]"], is_model: bool) -> str:
    """The name of the control."""
    if is_model:
        # A model that there is not is refused by the library.
        return dict(_overlaps.models()).get(system, "t")
    with translated():
        return _overlaps.runs_along(_system(system))[1]


def _computed(
    words: List[str],
    control: Control,
    tolerance: float,
    threads: Optional[int],
    progress: Progress,
    given: Mapping[str, Any],
    system: Any,
    shorter: str = "",
) -> Result:
    if control is not None:
        given = {_control(system, words[0] == "simulate"): control, **given}
    words = words + [f"--tolerance={tolerance!r}"] + [_given(name, value) for name, value in given.items()]
    with translated(shorter), told(progress) as callback:
        result = Result(_overlaps.compute(words, _threads(threads), callback), None)
    if shorter:
        result.system = result.system.replace(shorter, "")
        result.notes = [note.replace(shorter, "") for note in result.notes]
        result.warnings = [warning.replace(shorter, "") for warning in result.warnings]
    if result.warnings:
        warnings.warn("\n".join(result.warnings), NotConvergedWarning, stacklevel=3)
    return result


def _csv(measurements: Any) -> str:
    """A table as CSV, every number with the digits that give it again."""
    if isinstance(measurements, Result):
        return measurements.csv()
    if hasattr(measurements, "write_csv"):
        return measurements.write_csv()
    if hasattr(measurements, "to_csv"):
        return measurements.to_csv(index=any(name is not None for name in measurements.index.names))
    if isinstance(measurements, Mapping):
        columns = {str(name): list(column) for name, column in measurements.items()}
        if len({len(column) for column in columns.values()}) > 1:
            lengths = ", ".join(f"{name}: {len(column)}" for name, column in columns.items())
            raise Error(f"the columns of the measurements have different lengths ({lengths})")
        rows = zip(*columns.values())
        lines = [",".join(columns)] + [",".join("" if x is None else _text("", x) for x in row) for row in rows]
        return "\n".join(lines) + "\n"
    raise Error(
        f"measurements are a file, a frame of pandas or polars, or a mapping of columns, not a {type(measurements).__name__}"
    )
