"""Charts of curves: ROC, precision-recall, calibration; several models on one chart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core.evaluation.curves import Calibration, PrCurve, RocCurve
from core.evaluation.figure_parts import (
    chosen,
    colours,
    digits,
    empty_figure,
    legend_below,
    line,
)
from core.palette import MUTED, layout

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

NO_ROWS = "No labelled rows"
ONE_CLASS = "Labelled rows of both classes are needed"

_UNIT = {"range": [-0.01, 1.01]}


_INSIDE_AT_MOST = 3


def _legend(side: str, entries: int) -> dict[str, Any]:
    """Few names stand in the lower corner that these curves leave empty, more under the chart."""
    if entries > _INSIDE_AT_MOST:
        return legend_below(entries)
    corner = {"x": 0.01 if side == "left" else 0.99, "xanchor": side, "y": 0.02}
    return {"legend": {"orientation": "v", "tracegroupgap": 0, "yanchor": "bottom", **corner}}


def _reference_line(x: list[float], y: list[float], name: str) -> Scatter:
    import plotly.graph_objects as go

    style = {"color": MUTED, "width": 1.5, "dash": "dash"}
    return go.Scatter(x=x, y=y, name=name, mode="lines", line=style, hoverinfo="skip")


def _drawing_order(names: list[str], highlight: str | None) -> list[str]:
    """The highlighted one last: what is drawn last lies on top."""
    return sorted(names, key=lambda name: name == highlight)


def _standing(name: str, scores: Mapping[str, float], word: str) -> str:
    """Where ``name`` stands among all by a score of which more is better."""
    said = f"{name}: {word} {digits(scores[name])}"
    if len(scores) == 1:
        return said
    best = max(scores, key=lambda other: scores[other])
    if scores[name] >= scores[best]:
        return f"{said}, the best of {len(scores)}"
    if digits(scores[name]) == digits(scores[best]):
        return f"{said}, level with {best}"
    return f"{said}, behind {best} with {digits(scores[best])}"


def roc_figure(curves: Mapping[str, RocCurve], highlight: str | None = None) -> Figure:
    """ROC curves by model name, the highlighted one strong, with the line of chance.

    Curves without points (rows of one class) are left out; if that is all, the chart says so.
    """
    import plotly.graph_objects as go

    drawn = {name: curve for name, curve in curves.items() if curve.fpr}
    if not drawn:
        return empty_figure("ROC curve", ONE_CLASS if curves else NO_ROWS)
    figure = go.Figure(_reference_line([0, 1], [0, 1], "chance"))
    colour = colours(drawn, highlight)
    for name in _drawing_order(list(drawn), highlight):
        curve = drawn[name]
        figure.add_scatter(
            x=curve.fpr,
            y=curve.tpr,
            customdata=np.array([curve.threshold]).T,
            meta=["Threshold"],
            name=f"{name} · {digits(curve.auc)}",
            legendgroup=name,
            mode="lines",
            line=line(colour[name], name == highlight),
            hovertemplate="finds %{y:.1%} of positives, at %{x:.1%} false alarms"
            "<br>above a threshold of %{customdata[0]:.3f}",
        )
    scores = {name: curve.auc for name, curve in drawn.items()}
    title = _standing(chosen(list(drawn), highlight), scores, "ROC AUC")
    return figure.update_layout(
        layout(
            title,
            xaxis={**_UNIT, "title": {"text": "False positive rate (share of negatives)"}},
            **_legend("right", len(figure.data)),
            yaxis={**_UNIT, "title": {"text": "True positive rate (share of positives)"}},
        )
    )


def pr_figure(curves: Mapping[str, PrCurve], highlight: str | None = None) -> Figure:
    """Precision-recall curves by model name, with the base rate as the line to beat.

    Curves without points (no positives) are left out; if that is all, the chart says so.
    """
    import plotly.graph_objects as go

    drawn = {name: curve for name, curve in curves.items() if curve.recall}
    if not drawn:
        no_rows = all(math.isnan(curve.base_rate) for curve in curves.values())
        reason = NO_ROWS if no_rows else "No positives among the labelled rows"
        return empty_figure("Precision and recall", reason)
    figure = go.Figure()
    for rate in sorted({curve.base_rate for curve in drawn.values()}):
        figure.add_trace(_reference_line([0, 1], [rate, rate], f"base rate {digits(rate)}"))
    colour = colours(drawn, highlight)
    for name in _drawing_order(list(drawn), highlight):
        curve = drawn[name]
        figure.add_scatter(
            x=curve.recall,
            y=curve.precision,
            customdata=np.array([curve.threshold]).T,
            meta=["Threshold"],
            name=f"{name} · {digits(curve.average_precision)}",
            legendgroup=name,
            mode="lines",
            line=line(colour[name], name == highlight),
            hovertemplate="finds %{x:.1%} of positives, right in %{y:.1%} of calls"
            "<br>above a threshold of %{customdata[0]:.3f}",
        )
    scores = {name: curve.average_precision for name, curve in drawn.items()}
    title = _standing(chosen(list(drawn), highlight), scores, "average precision")
    return figure.update_layout(
        layout(
            title,
            xaxis={**_UNIT, "title": {"text": "Recall (share of positives found)"}},
            **_legend("left", len(figure.data)),
            yaxis={**_UNIT, "title": {"text": "Precision (share of calls that are right)"}},
        )
    )


def calibration_figure(
    calibrations: Mapping[str, Calibration], highlight: str | None = None
) -> Figure:
    """Observed share against predicted probability by model name; the diagonal is honest.

    Bins without rows have no point. Marks grow with the rows behind them.
    """
    import plotly.graph_objects as go

    drawn = {name: bins for name, bins in calibrations.items() if sum(bins.count)}
    if not drawn:
        return empty_figure("Calibration", NO_ROWS)
    figure = go.Figure(_reference_line([0, 1], [0, 1], "honest probabilities"))
    colour = colours(drawn, highlight)
    for name in _drawing_order(list(drawn), highlight):
        strong = name == highlight
        figure.add_scatter(
            **_calibration_points(drawn[name]),
            meta=["Rows"],
            name=name,
            mode="lines+markers",
            line=line(colour[name], strong),
            hovertemplate="said %{x:.1%}, happened %{y:.1%}<br>%{customdata[0]:,} rows",
        )
    name = chosen(list(drawn), highlight)
    gap = digits(100 * drawn[name].expected_error)
    return figure.update_layout(
        layout(
            f"{name}: probabilities are off by {gap} percentage points on average",
            xaxis={**_UNIT, "title": {"text": "Mean predicted probability"}},
            **_legend("right", len(figure.data)),
            yaxis={**_UNIT, "title": {"text": "Observed share of positives"}},
        )
    )


def _calibration_points(calibration: Calibration) -> dict[str, Any]:
    filled = np.array(calibration.count) > 0
    count = np.array(calibration.count)[filled]
    return {
        "x": np.array(calibration.mean_predicted)[filled],
        "y": np.array(calibration.observed)[filled],
        "customdata": count[:, None],
        # Area, not diameter, is what the eye takes for size.
        "marker": {"size": 4 + 10 * np.sqrt(count / count.max())},
    }
