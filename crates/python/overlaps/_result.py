"""What comes out: a table with named columns, and what else there is to say of it."""

from __future__ import annotations

import html
import json
import os
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Union

import numpy as np

from . import _overlaps
from ._errors import translated

#: Rows of a table in a notebook.
ROWS_SHOWN = 10


class System(NamedTuple):
    """A built-in system."""

    name: str
    subject: str
    title: str
    source: str
    describes: List[str]

    def text(self) -> str:
        """Everything about it in small letters."""
        return " ".join([self.name, self.subject, self.title, self.source, *self.describes]).lower()


class Column(NamedTuple):
    """The heading of a column."""

    name: str
    symbol: str
    meaning: str
    role: str


class Result:
    """A table with named columns.

    ``result["m"]`` and ``result.m`` are the column m: numbers as a numpy array that cannot be written to (NaN where there is none), words as
    a list. Names may be spelled with Greek letters.
    """

    def __init__(self, outcome: "_overlaps.Outcome", path: Optional[str]) -> None:
        self._outcome = outcome
        self._columns: Dict[int, Any] = {}
        said = json.loads(outcome.said())
        #: The columns, in the order of the table.
        self.columns: List[Column] = [Column(*column) for column in outcome.columns()]
        #: The name of the system; of a check, what is compared.
        self.system: str = said["system"]
        #: The parameters that are not swept.
        self.parameters: Dict[str, Any] = {name: _number(value) for name, value in said["parameters"].items()}
        #: Changes of the global branch, ends of branches, rows that did not converge.
        self.events: List[Dict[str, Any]] = said.get("events", [])
        #: The verdict on each theory; of a check.
        self.verdicts: List[Dict[str, Any]] = said.get("verdicts", [])
        #: What a reader should know.
        self.notes: List[str] = outcome.notes()
        #: What is not as it should be.
        self.warnings: List[str] = outcome.warnings()
        #: The CSV; of a sweep.
        self.path: Optional[str] = path

    def __len__(self) -> int:
        return self._outcome.rows()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    @property
    def names(self) -> List[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    def keys(self) -> List[str]:
        """The names of the columns: ``dict(result)`` has them all."""
        return self.names

    def __getitem__(self, name: str) -> Any:
        with translated():
            place = self._outcome.place(name)
        if place not in self._columns:
            kind, values = self._outcome.series(place)
            self._columns[place] = values if kind == "O" else np.frombuffer(values, dtype=kind)
        return self._columns[place]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except ValueError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> List[str]:
        return [*super().__dir__(), *self.names]

    @property
    def branches(self) -> Dict[str, Dict[str, Any]]:
        """The columns of each branch, by its name."""
        if "branch" not in self:
            return {}
        labels = np.asarray(self["branch"], dtype=object)
        names = [name for name in dict.fromkeys(self["branch"]) if name is not None]
        return {name: self._rows(labels == name) for name in names}

    def _rows(self, mask: "np.ndarray") -> Dict[str, Any]:
        def kept(column: Any) -> Any:
            return column[mask] if isinstance(column, np.ndarray) else [x for x, keep in zip(column, mask) if keep]

        return {name: kept(self[name]) for name in self.names}

    def csv(self) -> str:
        """The CSV, byte for byte that of the command."""
        with translated():
            return self._outcome.csv()

    def write_csv(self, path: Union[str, "os.PathLike[str]"]) -> None:
        """Writes it to a file, whole or not at all."""
        with translated():
            self._outcome.write_csv(os.fspath(path))

    def to_pandas(self) -> Any:
        """The table as a pandas frame."""
        import pandas

        return pandas.DataFrame({name: self[name] for name in self.names}, copy=False)

    def to_polars(self) -> Any:
        """The table as a polars frame; missing numbers are null."""
        import polars

        frame = polars.DataFrame({name: self[name] for name in self.names})
        return frame.with_columns(polars.col(polars.Float64).fill_nan(None))

    def svg(self, columns: Sequence[str] = ()) -> Optional[str]:
        """The figure of the command; none where rows are neither curves nor maps."""
        with translated():
            return self._outcome.svg(list(columns))

    def plot(self, columns: Sequence[str] = (), ax: Any = None) -> Any:
        """Draws the figure with matplotlib, a panel for each column, and gives the array of axes. ``ax`` are axes to draw on."""
        from ._plot import draw

        with translated():
            figure = self._outcome.figure([columns] if isinstance(columns, str) else list(columns))
        if figure is None:
            raise ValueError("the rows are neither curves nor maps; draw what you need from the columns")
        return draw(json.loads(figure), ax)

    def __repr__(self) -> str:
        outputs = [column.name for column in self.columns if column.role == "output"]
        return f"<overlaps.Result of {self.system}: {len(self)} rows; {', '.join(outputs)}>"

    def _repr_html_(self) -> str:
        try:
            figure = self.svg() or ""
        except ValueError as error:
            figure = f"<p>{html.escape(str(error))}</p>"
        figure = figure[figure.index("<svg") :] if "<svg" in figure else figure
        shown = [c for c in self.columns if c.role != "certificate" or c.name in ("quadrature_error", "status")]
        head = "".join(f'<th title="{html.escape(c.meaning)}">{html.escape(c.symbol)}</th>' for c in shown)
        columns = [self[column.name] for column in shown]
        rows = range(len(self))
        kept = rows if len(self) <= ROWS_SHOWN else [*rows[: ROWS_SHOWN // 2], *rows[-(ROWS_SHOWN // 2) :]]
        body = ""
        for before, row in zip([-1, *kept], kept):
            if row > before + 1:
                body += f'<tr><td colspan="{len(shown)}">…</td></tr>'
            body += "<tr>" + "".join(f"<td>{html.escape(_short(column[row]))}</td>" for column in columns) + "</tr>"
        notes = "".join(f"<p><b>{html.escape(warning)}</b></p>" for warning in self.warnings)
        said = [f"{each['theory']}: {each['verdict']}" for each in self.verdicts]
        said += [f"note: {note}" for note in self.notes]
        after = "".join(f"<p>{html.escape(line)}</p>" for line in said)
        return f"<div>{figure}{notes}<table><tr>{head}</tr>{body}</table>{after}</div>"


def _short(value: Any) -> str:
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else f"{value:.7g}"


def _number(value: Any) -> Any:
    """A parameter of a side file: infinities are words there."""
    return float(value) if value in ("inf", "-inf") else value
