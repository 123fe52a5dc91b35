"""The learning curve: score against rows, with what more rows would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.figure_parts import digits, empty_figure
from core.evaluation.learning import LearningCurve
from core.palette import CHAMPION, MUTED, REFERENCE, layout
from core.signs import signed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def learning_figure(curve: LearningCurve | None, reason: str = "") -> Figure:
    """Mean cross-validated ROC AUC by fitted rows, one standard deviation about it.

    Where there is no curve the chart gives ``reason``.
    """
    import plotly.graph_objects as go

    if curve is None or not curve.rows:
        return empty_figure("Learning curve", reason or "Not measured")
    figure = go.Figure()
    figure.add_scatter(
        x=curve.rows,
        y=curve.fitted_score,
        name="on the fitted rows",
        mode="lines+markers",
        line={"color": REFERENCE, "width": 1.5, "dash": "dot"},
        hovertemplate="%{x:,} rows: ROC AUC %{y:.4f}",
    )
    figure.add_scatter(
        x=curve.rows,
        y=curve.score,
        error_y={"type": "data", "array": curve.deviation, "color": MUTED, "thickness": 1.5},
        name="on rows left out",
        mode="lines+markers",
        line={"color": CHAMPION, "width": 3.5},
        marker={"size": 9},
        hovertemplate="%{x:,} rows: ROC AUC %{y:.4f}",
    )
    figure.add_annotation(
        text=_measured(curve),
        showarrow=False,
        x=0,
        xref="paper",
        xanchor="left",
        y=-0.2,
        yref="paper",
        yanchor="top",
        font={"size": 11, "color": REFERENCE},
    )
    return figure.update_layout(
        layout(
            _finding(curve),
            height=380,
            margin={"l": 56, "r": 16, "t": 64, "b": 88},
            xaxis={"title": {"text": "Rows fitted"}, "rangemode": "tozero"},
            yaxis={"title": {"text": "ROC AUC"}},
        )
    )


def _finding(curve: LearningCurve) -> str:
    if len(curve.rows) < 2:
        return f"ROC AUC {digits(curve.score[0])} with {curve.rows[0]:,} rows"
    gain = curve.score[-1] - curve.score[-2]
    # The folds' own noise: a step within it says nothing.
    noise = float(np.hypot(curve.deviation[-1], curve.deviation[-2]) / np.sqrt(curve.folds))
    step = f"the last {curve.rows[-1] - curve.rows[-2]:,} brought {signed(gain, 4)} ROC AUC"
    if gain > noise:
        return f"More rows would probably help: {step}"
    return f"More rows would hardly help: {step}, within noise"


def _measured(curve: LearningCurve) -> str:
    said = (
        f"Mean and standard deviation of {curve.folds} folds of the fitted rows; the tuned "
        "hyperparameters are kept at every size."
    )
    if len(curve.rows) < curve.sizes_planned:
        said += (
            f"<br>Measured at {len(curve.rows)} of {curve.sizes_planned} sizes: "
            "the larger ones would have taken too long."
        )
    return said
