"""What the charts of this package share: colours by name, the empty chart, numbers for download."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.palette import CHAMPION, OTHERS, layout

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CLASS_NAMES = ("0", "1")
_PLOT_HEIGHT = 240
_AXIS_HEIGHT = 68  # ticks and title, under which a legend starts
_LEGEND_LINE = 20
_TOP = 36


def digits(value: float) -> str:
    """Three significant digits, trailing zeros kept: 0.5 reads 0.500."""
    if math.isnan(value):
        return "n/a"
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 2
    return f"{value:.{min(max(decimals, 0), 9)}f}"


def colours(names: Iterable[str], highlight: str | None) -> dict[str, str]:
    """A colour for each name, in order; the highlighted one has the champion's."""
    others = [name for name in names if name != highlight]
    found = {name: OTHERS[place % len(OTHERS)] for place, name in enumerate(others)}
    return found if highlight is None else {**found, highlight: CHAMPION}


def line(colour: str, strong: bool) -> dict[str, Any]:
    """A Plotly line: the champion's stands out in width as well as in colour."""
    return {"color": colour, "width": 3.5 if strong else 1.5}


def legend_below(entries: int) -> dict[str, Any]:
    """Height and legend of a chart whose names stand under it: many take no room from the lines."""
    below = _AXIS_HEIGHT + _LEGEND_LINE * entries
    return {
        "height": _TOP + _PLOT_HEIGHT + below,
        "margin": {"t": _TOP, "b": below},
        "legend": {
            "orientation": "v",
            "tracegroupgap": 0,
            "x": 0,
            "xanchor": "left",
            "y": -_AXIS_HEIGHT / _PLOT_HEIGHT,
            "yanchor": "top",
        },
    }


def chosen(names: Sequence[str], highlight: str | None) -> str:
    """The name that a title speaks of: the highlighted one, else the first."""
    return highlight if highlight is not None and highlight in names else names[0]


def empty_figure(title: str, message: str) -> Figure:
    """A chart that says why there is nothing to see."""
    import plotly.graph_objects as go

    figure = go.Figure(layout=layout(title))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure.add_annotation(
        text=message, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper", font={"size": 14}
    )


def numbers_of(figure: Figure) -> pd.DataFrame:
    """The numbers behind a chart, one row a point, for download.

    Columns: ``series`` and the axis titles (``x`` and ``y`` where an axis has none), ``±`` for
    error bars, and whatever else a trace carries in ``customdata`` under the names in its
    ``meta``. A heatmap gives a row for each cell, its value under ``value``. Reference lines,
    which hide their hover, are left out; a chart of nothing gives no rows.
    """
    x_title = figure.layout.xaxis.title.text or "x"
    y_title = figure.layout.yaxis.title.text or "y"
    tables = [
        _of_heatmap(trace, x_title, y_title)
        if trace.type == "heatmap"
        else _of_points(trace, x_title, y_title)
        for trace in figure.data
        if trace.hoverinfo != "skip"
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _of_points(trace: Any, x_title: str, y_title: str) -> pd.DataFrame:
    table = pd.DataFrame({x_title: list(trace.x), y_title: list(trace.y)})
    for error in (trace.error_x, trace.error_y):
        if error.array is not None:
            table["±"] = list(error.array)
    if trace.customdata is not None:
        for name, values in zip(trace.meta, np.asarray(trace.customdata).T, strict=True):
            table[name] = values
    name = trace.legendgroup or trace.name
    if name:
        table.insert(0, "series", name)
    return table


def _of_heatmap(trace: Any, x_title: str, y_title: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {y_title: y, x_title: x, "value": trace.z[row][column]}
            for row, y in enumerate(trace.y)
            for column, x in enumerate(trace.x)
        ]
    )
