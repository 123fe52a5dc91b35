"""Plotly's axes for matplotlib: names or numbers, ranges, direction, titles, grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_GRID = "#DDE1E7"
_INK = "#333333"
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Scale:
    """Where values stand on an axis; ``names`` in their order, None on an axis of numbers."""

    names: tuple[str, ...] | None

    def places(self, values: Sequence[Any]) -> np.ndarray:
        """Positions (n,) of values."""
        if self.names is None:
            return np.asarray(values, dtype=float)
        order = {name: place for place, name in enumerate(self.names)}
        return np.array([order[str(value)] for value in values], dtype=float)


def scale_of(figure: Figure, which: Literal["x", "y"]) -> Scale:
    """The scale of an axis: names where it says so, or where any of its values is text."""
    axis = figure.layout[f"{which}axis"]
    values = [v for trace in figure.data if trace[which] is not None for v in trace[which]]
    if axis.type != "category" and not any(isinstance(value, str) for value in values):
        return Scale(None)
    return Scale(tuple(dict.fromkeys(str(v) for v in [*(axis.categoryarray or ()), *values])))


def dress(axes: Any, figure: Figure, x: Scale, y: Scale) -> None:
    """Titles, ticks, ranges, direction and grid of both axes."""
    for scale, which in ((x, "x"), (y, "y")):
        _dress(getattr(axes, f"{which}axis"), axes, figure, scale, which)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side, which in (("left", "y"), ("bottom", "x")):
        axes.spines[side].set_color(_GRID)
        axes.spines[side].set_visible(figure.layout[f"{which}axis"].visible is not False)
    axes.tick_params(colors=_INK, labelsize=9, length=0)
    axes.set_axisbelow(True)


def _dress(line: Any, axes: Any, figure: Figure, scale: Scale, which: str) -> None:
    from matplotlib.ticker import FuncFormatter

    wanted = figure.layout[f"{which}axis"]
    limits = getattr(axes, f"set_{which}lim")
    line.set_visible(wanted.visible is not False)
    getattr(axes, f"set_{which}label")(wanted.title.text or "", fontsize=10, color=_INK)
    if scale.names is not None:
        line.set_ticks(range(len(scale.names)), [_short(name) for name in scale.names])
        limits(-0.5, len(scale.names) - 0.5)
    else:
        line.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
        line.grid(True, color=_GRID, linewidth=0.8)
    if wanted.range is not None:
        limits(*wanted.range)
    elif wanted.rangemode == "tozero":
        low, high = getattr(axes, f"get_{which}lim")()
        limits(min(low, 0), max(high, 0))
    if wanted.autorange == "reversed":
        low, high = getattr(axes, f"get_{which}lim")()
        if low < high:
            limits(high, low)
    if any(trace.type == "heatmap" for trace in figure.data):
        line.grid(False)
        if which == "y":
            line.set_tick_params(rotation=90)
            for label in line.get_ticklabels():
                label.set_verticalalignment("center")


def _short(name: str) -> str:
    text = name.replace("$", r"\$")
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
