"""Errors have the text of the command."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Optional

from . import _overlaps


class Error(ValueError):
    """What cannot be done, and what would be accepted."""


class EquationError(Error):
    """Something is wrong with an equation file, at ``file``, ``line`` and ``column`` (from 1)."""

    file: Optional[str] = None
    line: Optional[int] = None
    column: Optional[int] = None


class NotConvergedWarning(UserWarning):
    """Rows that did not converge, or whose numbers are not finite."""


@contextmanager
def translated(shorter: str = "") -> Iterator[None]:
    """Errors of the extension as those above; ``shorter`` is left out of their text."""
    try:
        yield
    except _overlaps.Failed as failed:
        message, place = failed.args if len(failed.args) == 2 else (str(failed), None)
        if shorter:
            message = message.replace(shorter, "")
        if place is None:
            raise Error(message) from None
        error = EquationError(message)
        error.file, error.line, error.column = place
        raise error from None
