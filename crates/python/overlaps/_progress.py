"""How far a computation is, in a terminal or a notebook."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional, Union


@contextmanager
def told(progress: Union[bool, Callable[[int, int], Any], None]) -> Iterator[Optional[Callable[[int, int], Any]]]:
    """What is called with what is done and of how much: a bar for ``True``, nothing for ``None``."""
    if progress is None or progress is False:
        yield None
    elif progress is True:
        bar = Bar()
        try:
            yield bar
        finally:
            bar.close()
    elif callable(progress):
        yield progress
    else:
        raise TypeError("progress is True, False, or a function of two numbers: what is done, and of how much")


class Bar:
    """A line that is written over: a terminal and a notebook both show it."""

    def __init__(self) -> None:
        self.last = ""

    def __call__(self, done: int, total: int) -> None:
        part = done / total if total else 0.0
        line = f"\r[{'#' * int(40 * part):<40}] {done}/{total}"
        if line != self.last:
            sys.stderr.write(line)
            sys.stderr.flush()
            self.last = line

    def close(self) -> None:
        if self.last:
            sys.stderr.write("\r" + " " * (len(self.last) - 1) + "\r")
            sys.stderr.flush()
