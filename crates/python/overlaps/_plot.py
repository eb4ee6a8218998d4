"""The figure of a result on matplotlib axes."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np

#: How lines are broken, by the names of the library.
LINES = {"Solid": "-", "Dashed": "--", "Dotted": ":", "DashDotted": "-."}


def draw(figure: Dict[str, Any], ax: Any) -> Any:
    """Draws the panels of a figure on these axes, or on new ones."""
    import matplotlib.pyplot as plt

    panels = figure["panels"]
    if ax is None:
        columns = min(len(panels), 2)
        lines = -(-len(panels) // columns)
        drawing, grid = plt.subplots(lines, columns, squeeze=False, figsize=(4.2 * columns, 3.0 * lines))
        drawing.suptitle(figure["title"], fontsize="medium", wrap=True)
        axes = grid.ravel()
        for spare in axes[len(panels) :]:
            spare.remove()
        axes = axes[: len(panels)]
    else:
        axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        if len(axes) < len(panels):
            raise ValueError(f"the figure has {len(panels)} panels, and ax {len(axes)} axes; name fewer columns")
    palette = [tuple(part / 255 for part in colour) for colour in figure["palette"]]
    for panel, place in zip(panels, axes):
        _panel(panel, place, palette)
    if ax is None:
        drawing.tight_layout()
    return axes


def _panel(panel: Dict[str, Any], ax: Any, palette: Any) -> None:
    if panel["map"]:
        x, y, values = np.array(panel["map"]["cells"], dtype=float).T
        xs, ys = np.unique(x), np.unique(y)
        grid = np.full((len(ys), len(xs)), np.nan)
        grid[np.searchsorted(ys, y), np.searchsorted(xs, x)] = values
        ax.figure.colorbar(ax.pcolormesh(xs, ys, grid, shading="nearest"), ax=ax, label=panel["map"]["label"])
    labels = set()

    def label(text: str) -> Any:
        first = text not in labels
        labels.add(text)
        return text if first and text else None

    for curve in panel["curves"]:
        colour, style = palette[curve["colour"] % len(palette)], LINES[curve["line"]]
        for segment in curve["segments"] or [[]]:
            x, y = np.array(segment, dtype=float).reshape(-1, 2).T
            marker = "." if len(x) == 1 else None
            ax.plot(x, y, style, color=colour, marker=marker, label=label(curve["label"]))
    for points in panel["points"]:
        x, y, error = np.array(points["data"], dtype=float).reshape(-1, 3).T
        colour = palette[points["colour"] % len(palette)]
        ax.errorbar(x, y, np.nan_to_num(error), fmt="o", ms=4, color=colour, label=label(points["label"]))
    ax.set_xlabel(panel["x_label"])
    ax.set_ylabel(panel["y_label"])
    ax.set_title(panel["caption"], fontsize="small")
    ax.set_xscale("log" if panel["x_log"] else "linear")
    ax.set_yscale("log" if panel["y_log"] else "linear")
    if len(labels - {""}) > 1:
        ax.legend(fontsize="small")
