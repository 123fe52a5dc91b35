"""A row on the court: where to click, its neighbours, the model's answer over all positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.figures import draw_court
from core.palette import ACCENT, NEGATIVE, POSITIVE, REFERENCE, layout
from core.scoring.what_if import COURT_X, COURT_Y, CourtMap

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Array = np.ndarray[Any, np.dtype[Any]]

TARGETS = "targets"
_HEIGHT = 400

# The chart's tools stand in the right margin, from the top.
_BELOW_TOOLS = {"y": 0, "yanchor": "bottom", "len": 0.6}


def pick_figure(row: tuple[float, float], training: tuple[Array, Array]) -> Figure:
    """Training's shots, the row, and invisible targets a foot apart that take a click.

    ``row``: (x, y) in feet from the basket; ``training``: x and y of some training rows, (n,).
    """
    import plotly.graph_objects as go

    x, y = (grid.ravel() for grid in np.meshgrid(COURT_X, COURT_Y))
    hidden = {"marker": {"opacity": 0}}
    figure = go.Figure(
        [
            go.Scatter(
                x=np.round(training[0], 1),
                y=np.round(training[1], 1),
                mode="markers",
                name="training",
                marker={"color": REFERENCE, "size": 4, "opacity": 0.35},
                selected={"marker": {"opacity": 0.35}},
                unselected={"marker": {"opacity": 0.35}},
                hoverinfo="skip",
            ),
            go.Scatter(
                x=x,
                y=y,
                mode="markers",
                name=TARGETS,
                showlegend=False,
                marker={"size": 11, "opacity": 0},
                selected=hidden,
                unselected=hidden,
                hovertemplate="%{x} ft across, %{y} ft out: click to place<extra></extra>",
            ),
            _row_marker(row),
        ]
    )
    draw_court(figure)
    return figure.update_layout(_court_layout(row, dragmode=False, clickmode="event+select"))


def neighbours_figure(
    row: tuple[float, float],
    near: tuple[Array, Array, Array],
    outcomes: tuple[str, str],
) -> Figure:
    """The row and its nearest training rows: x, y and label of each, shape (n,)."""
    import plotly.graph_objects as go

    x, y, labels = near
    figure = go.Figure()
    for label, name, colour, symbol in (
        (1.0, outcomes[0], POSITIVE, "circle"),
        (0.0, outcomes[1], NEGATIVE, "x"),
    ):
        mask = labels == label
        figure.add_scatter(
            x=x[mask],
            y=y[mask],
            mode="markers",
            name=name,
            marker={"color": colour, "size": 9, "symbol": symbol},
            hovertemplate="%{x} ft across, %{y} ft out<extra>" + name + "</extra>",
        )
    figure.add_trace(_row_marker(row))
    draw_court(figure)
    return figure.update_layout(_court_layout(row))


def map_figure(found: CourtMap, row: tuple[float, float], outcome: str) -> Figure:
    """The probability from every foot of the court; the row where it is."""
    import plotly.graph_objects as go

    figure = go.Figure(
        [
            go.Heatmap(
                x=found.x,
                y=found.y,
                z=np.round(found.probability, 4),
                colorscale=[
                    [0, "rgba(107,122,143,0.55)"],
                    [0.5, "rgba(160,180,190,0.25)"],
                    [1, POSITIVE],
                ],
                colorbar={"tickformat": ".0%", "thickness": 10, "outlinewidth": 0, **_BELOW_TOOLS},
                hovertemplate=f"%{{x}} ft across, %{{y}} ft out: %{{z:.0%}} {outcome}"
                "<extra></extra>",
            ),
            _row_marker(row),
        ]
    )
    draw_court(figure)
    return figure.update_layout(_court_layout(row, showlegend=False)).update_shapes(layer="above")


def _row_marker(row: tuple[float, float]) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=[row[0]],
        y=[row[1]],
        mode="markers",
        name="this row",
        marker={"color": ACCENT, "size": 16, "line": {"color": "white", "width": 2}},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        hovertemplate="%{x} ft across, %{y} ft out<extra>this row</extra>",
    )


def _court_layout(row: tuple[float, float], **extra: Any) -> dict[str, Any]:
    """Both axes in feet on one scale; a row further out is still on the picture."""
    known = [value if np.isfinite(value) else 0.0 for value in row]
    reach = max(27.0, abs(known[0]) + 3)
    axis = {"visible": False, "constrain": "domain", "fixedrange": True, "hoverformat": ".0f"}
    return layout(
        "",
        **{
            "height": _HEIGHT,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 32},
            "xaxis": {**axis, "range": [-reach, reach]},
            "yaxis": {
                **axis,
                "range": [min(-7.0, known[1] - 3), max(42.0, known[1] + 3)],
                "scaleanchor": "x",
                "constraintoward": "top",
            },
            "legend": {"y": 0, "yanchor": "top", "x": 0.5, "xanchor": "center"},
            **extra,
        },
    )
