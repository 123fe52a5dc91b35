"""Charts of the data before there is a model: distributions by class, and shots on a court."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.expression import Expression
from core.dataset.spec import Column, Court, ProjectSpec
from core.palette import MUTED, NEGATIVE, POSITIVE, layout

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

MAX_POINTS = 2_000
MAX_CATEGORIES = 15
_BINS = 30


def distribution_figure(
    values: pd.DataFrame, labels: np.ndarray, column: Column, spec: ProjectSpec
) -> Figure:
    """Share of rows by value, one series per class; ``values`` are coerced raw columns."""
    import plotly.graph_objects as go

    known = ~np.isnan(labels)
    names = {0.0: spec.target.negative_words, 1.0: spec.target.positive_words}
    positions, counts, width = _binned(values[column.name].to_numpy(), labels, column.kind)
    figure = go.Figure()
    for label, colour in ((0.0, NEGATIVE), (1.0, POSITIVE)):
        total = max(int((labels == label).sum()), 1)
        figure.add_bar(
            x=positions,
            y=counts[label] / total,
            width=width,
            name=names[label],
            marker_color=colour,
            opacity=0.62,
            hovertemplate="%{x}: %{y:.1%}<extra>" + names[label] + "</extra>",
        )
    unit = f" ({column.unit})" if column.unit else ""
    figure.update_layout(
        **layout(
            _finding(values[column.name].to_numpy()[known], labels[known], column, spec),
            barmode="overlay",
            xaxis={"title": {"text": f"{column.title}{unit}"}},
            yaxis={"title": {"text": "share of its class"}, "tickformat": ".0%"},
            height=300,
        )
    )
    return figure


def _binned(
    values: np.ndarray, labels: np.ndarray, kind: str
) -> tuple[Any, dict[float, np.ndarray], float | None]:
    if kind == "numeric":
        present = values[np.isfinite(values)]
        edges = _edges(present) if len(present) else np.array([0.0, 1.0])
        counts = {
            label: np.histogram(values[(labels == label) & np.isfinite(values)], edges)[0]
            for label in (0.0, 1.0)
        }
        return (edges[:-1] + edges[1:]) / 2, counts, float(edges[1] - edges[0])
    text = np.array(
        ["missing" if _is_missing(v) else _category_word(v, kind) for v in values], dtype=object
    )
    names, sizes = np.unique(text.astype(str), return_counts=True)
    shown = names[np.argsort(-sizes)][:MAX_CATEGORIES]
    counts = {
        label: np.array([((text == name) & (labels == label)).sum() for name in shown])
        for label in (0.0, 1.0)
    }
    return list(shown), counts, None


def _edges(present: np.ndarray) -> np.ndarray:
    """One bin per whole number where there are few of them; equal widths otherwise."""
    low, high = float(present.min()), float(present.max())
    if high == low:
        return np.array([low - 0.5, high + 0.5])
    if np.all(present == np.round(present)) and high - low <= 2 * _BINS:
        return np.arange(low - 0.5, high + 1.0)
    return np.linspace(low, high, _BINS + 1)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _category_word(value: object, kind: str) -> str:
    if kind == "boolean":
        return "yes" if value else "no"
    return str(value)


def _finding(values: np.ndarray, labels: np.ndarray, column: Column, spec: ProjectSpec) -> str:
    title = column.title[:1].upper() + column.title[1:]
    if column.kind != "numeric":
        return f"{title} by outcome"
    medians = [
        float(np.median(part))
        for label in (1.0, 0.0)
        if len(part := values[(labels == label) & np.isfinite(values)])
    ]
    if len(medians) < 2:
        return f"{title} by outcome"
    unit = f" {column.unit}" if column.unit else ""
    return (
        f"{title}: median {medians[0]:.4g}{unit} when {spec.target.positive_words}, "
        f"{medians[1]:.4g}{unit} when {spec.target.negative_words}"
    )


def class_balance_figure(positives: int, labelled: int, rows: int, spec: ProjectSpec) -> Figure:
    """One stacked bar: positive, negative and unlabelled rows."""
    import plotly.graph_objects as go

    parts = [
        (spec.target.positive_words, positives, POSITIVE),
        (spec.target.negative_words, labelled - positives, NEGATIVE),
        ("no label", rows - labelled, MUTED),
    ]
    figure = go.Figure()
    for name, count, colour in parts:
        figure.add_bar(
            x=[count],
            y=[""],
            orientation="h",
            name=f"{name} {count:,}",
            marker_color=colour,
            hovertemplate=f"{name}: {count:,} of {rows:,}<extra></extra>",
        )
    share = positives / labelled if labelled else 0.0
    figure.update_layout(
        **layout(
            f"{100 * share:.1f}% of the labelled rows: {spec.target.positive_words}",
            barmode="stack",
            height=170,
            xaxis={"title": {"text": "rows"}, "tickformat": ",", "range": [0, max(rows, 1)]},
            yaxis={"showgrid": False},
            legend={"traceorder": "normal"},  # as the parts stand in the bar
            margin={"l": 8, "r": 16, "t": 64, "b": 40},
        )
    )
    return figure


def court_positions(values: pd.DataFrame, court: Court) -> tuple[np.ndarray, np.ndarray]:
    """Feet from the basket, x to the right and y towards mid-court, each of shape (n,)."""
    numbers = {
        name: values[name].to_numpy(dtype=np.float64)
        for name in {*Expression(court.x).columns, *Expression(court.y).columns}
    }
    return Expression(court.x).evaluate(numbers), Expression(court.y).evaluate(numbers)


def court_figure(
    x: np.ndarray, y: np.ndarray, labels: np.ndarray, spec: ProjectSpec, seed: int = 0
) -> Figure:
    """Shots on a half court; at most ``MAX_POINTS`` of them, drawn at random."""
    import plotly.graph_objects as go

    shown = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & (y < 47))
    if len(shown) > MAX_POINTS:
        shown = np.random.default_rng(seed).choice(shown, MAX_POINTS, replace=False)
    figure = go.Figure()
    series = (
        (np.isnan(labels[shown]), "no label", MUTED, "circle-open"),
        (labels[shown] == 0, spec.target.negative_words, NEGATIVE, "x-thin-open"),
        (labels[shown] == 1, spec.target.positive_words, POSITIVE, "circle"),
    )
    for mask, name, colour, symbol in series:
        if mask.any():
            figure.add_scatter(
                x=x[shown][mask],
                y=y[shown][mask],
                mode="markers",
                name=name,
                marker={"color": colour, "size": 5, "opacity": 0.75, "symbol": symbol},
                hovertemplate="%{x} ft across, %{y} ft out<extra>" + name + "</extra>",
            )
    draw_court(figure)
    figure.update_layout(
        **layout(
            f"{len(shown):,} shots, by outcome",
            height=460,
            xaxis={
                "title": {"text": "feet across"},
                "range": [-27, 27],
                "hoverformat": ".0f",
                "showgrid": False,
                "constrain": "domain",
            },
            yaxis={
                "title": {"text": "feet from the basket"},
                "range": [-7, 42],
                "hoverformat": ".0f",
                "showgrid": False,
                "scaleanchor": "x",
                "constrain": "domain",
            },
        )
    )
    return figure


def draw_court(figure: Figure) -> None:
    """Add an NBA half court in feet: rim, board, key, arc (23.75 ft, 22 ft in the corners)."""
    line = {"color": "rgba(128,138,155,0.75)", "width": 1.4}
    figure.add_shape(type="rect", x0=-25, x1=25, y0=-5.25, y1=41.75, line=line, layer="below")
    figure.add_shape(type="rect", x0=-8, x1=8, y0=-5.25, y1=13.75, line=line, layer="below")
    figure.add_shape(type="circle", x0=-6, x1=6, y0=7.75, y1=19.75, line=line, layer="below")
    figure.add_shape(type="circle", x0=-0.75, x1=0.75, y0=-0.75, y1=0.75, line=line, layer="below")
    figure.add_shape(type="line", x0=-3, x1=3, y0=-1.25, y1=-1.25, line=line, layer="below")
    reach = np.arccos(22 / 23.75)
    angles = np.linspace(reach, np.pi - reach, 60)
    points = [(22.0, -5.25)]
    points += [(23.75 * np.cos(a), 23.75 * np.sin(a)) for a in angles]
    points += [(-22.0, -5.25)]
    path = "M " + " L ".join(f"{px:.2f},{py:.2f}" for px, py in points)
    figure.add_shape(type="path", path=path, line=line, layer="below")
