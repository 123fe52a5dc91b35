"""Monitoring drawn with Plotly: the reference in neutral grey, production in the accent colour.

Everything is binned or thinned first: no trace has more than 2,000 points, however long the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core import palette
from core.monitoring import binning
from core.monitoring.drift import FeatureDrift
from core.monitoring.features import (
    Array,
    CategoryFeature,
    FeatureProfile,
    NumericFeature,
    numbers,
)
from core.monitoring.reference import TRAINING, Reference
from core.monitoring.words import percent

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_CATEGORIES = 15
_ROOMY = 0.4  # of the longest bar or threshold: the words fit into it, and beside it into as much
PRODUCTION = "production"


def distribution_figure(
    feature: FeatureProfile, values: Any, title: str, reference: Reference = TRAINING
) -> Figure:
    """Shares of the reference and of the window's ``values`` (n,), side by side or overlaid."""
    if isinstance(feature, CategoryFeature):
        return _category_figure(feature, values, title, reference)
    given = numbers(values)
    given = given[np.isfinite(given)]
    edges = binning.edges(feature, given)
    width = np.diff(edges)
    before = binning.shares(edges, feature.values, feature.weights)
    return _figure(
        [
            _bars(edges, width, before, reference.kind),
            _bars(edges, width, binning.shares(edges, given), PRODUCTION, opacity=0.65),
        ],
        title,
        barmode="overlay",
        xaxis={"title": _axis(feature) + binning.further_out(edges, given), "hoverformat": ".4g"},
        yaxis={"title": "share of rows", "tickformat": ".0%"},
    )


def violin_figure(
    feature: NumericFeature, values: Any, title: str, reference: Reference = TRAINING
) -> Figure:
    """Both distributions as violins, each from at most 2,000 of its quantiles."""
    import plotly.graph_objects as go

    given = numbers(values)
    sides = [
        (reference.kind, palette.REFERENCE, binning.spread(feature.values, feature.weights)),
        (PRODUCTION, palette.ACCENT, binning.spread(given[np.isfinite(given)])),
    ]
    traces = [
        go.Violin(
            y=points,
            name=name,
            line={"color": colour},
            meanline={"visible": True},
            points=False,
            spanmode="hard",
        )
        for name, colour, points in sides
        if len(points)
    ]
    return _figure(traces, title, yaxis={"title": _axis(feature)}, showlegend=False)


def drift_bars(drift: Sequence[FeatureDrift], title: str = "") -> Figure:
    """PSI per feature, largest on top, coloured and signed by level, with its threshold marked."""
    import plotly.graph_objects as go

    known = sorted(
        (feature for feature in drift if feature.psi is not None), key=lambda one: one.psi or 0.0
    )
    names = [feature.name for feature in known]
    words = [f"{palette.STATUS_SIGN[one.level]} {_psi(one.psi)} {one.level}" for one in known]
    where, end = _places_of_words(known)
    bars = go.Bar(
        x=[feature.psi for feature in known],
        y=names,
        orientation="h",
        name="PSI",
        showlegend=False,  # the axis names it, and its colours are levels
        marker={"color": [palette.STATUS_COLOUR[feature.level] for feature in known]},
        text=["" if at == "tick" else said for said, at in zip(words, where, strict=True)],
        textposition=["inside" if at == "inside" else "outside" for at in where],
        cliponaxis=False,
        customdata=[[feature.level, feature.change] for feature in known],
        meta=["level", "change"],
        hovertemplate="%{y}: PSI %{x:.3f}<br>%{customdata[1]}<extra></extra>",
    )
    ticks = go.Scatter(
        x=[feature.threshold for feature in known],
        y=names,
        mode="markers+text",
        text=[said if at == "tick" else "" for said, at in zip(words, where, strict=True)],
        textposition="middle right",
        cliponaxis=False,
        name="most that chance gives",
        marker={"symbol": "line-ns-open", "size": 22, "color": palette.REFERENCE},
        hovertemplate="threshold %{x:.4f}<extra></extra>",
    )
    alarmed = sum(feature.level == "alarm" for feature in drift)
    return _figure(
        [bars, ticks],
        title or f"{alarmed} of {len(drift)} features in alarm",
        xaxis={"title": "population stability index (PSI)", "range": [0, end]},
        yaxis={"showgrid": False},  # a line would strike through the words beside short bars
        height=max(220, 120 + 36 * len(known)),
    )


def _places_of_words(known: Sequence[FeatureDrift]) -> tuple[list[str], float]:
    """Where each bar's words stand, and the end of an axis that has room for them.

    In a long bar, else beside it; where its threshold's tick would strike them out, beyond that.
    """
    most = max((max(one.psi or 0.0, one.threshold or 0.0) for one in known), default=0.0) or 1.0
    room, places, end = _ROOMY * most, [], 1.05 * most
    for one in known:
        psi, threshold = one.psi or 0.0, one.threshold or 0.0
        struck = psi - room < threshold <= psi
        places.append("inside" if psi > room and not struck else "bar")
        if places[-1] == "bar" and psi <= threshold < psi + room:
            places[-1] = "tick"
        if places[-1] != "inside":
            end = max(end, room + (threshold if places[-1] == "tick" else psi))
    return places, end


def _psi(value: float | None) -> str:
    """Three decimals, as thresholds have; three digits beyond 1."""
    return f"{value or 0.0:.3f}" if (value or 0.0) < 1 else f"{value:.3g}"


def _category_figure(
    feature: CategoryFeature, values: Any, title: str, reference: Reference
) -> Figure:
    import pandas as pd

    counts = feature.count(pd.Series(values))
    before, after = (
        np.asarray(side, dtype=float) / max(np.sum(side), 1) for side in (feature.counts, counts)
    )
    heaviest = np.argsort(-np.maximum(before, after)[:-2], kind="stable")[:MOST_CATEGORIES]
    names = [feature.categories[position] for position in heaviest]
    columns = []
    for shares in (before, after):
        rest = 1 - shares[heaviest].sum() - shares[-1] if shares.sum() else 0.0
        columns.append([*shares[heaviest], max(rest, 0.0), shares[-1]])
    labels = [*names, "others and new", "missing"]
    import plotly.graph_objects as go

    traces = [
        go.Bar(
            x=labels,
            y=column,
            name=name,
            marker={"color": colour},
            text=[percent(float(share)) if share else "" for share in column],
        )
        for name, colour, column in (
            (reference.kind, palette.REFERENCE, columns[0]),
            (PRODUCTION, palette.ACCENT, columns[1]),
        )
    ]
    return _figure(
        traces,
        title,
        barmode="group",
        xaxis={"title": _axis(feature), "type": "category"},
        yaxis={"title": "share of rows", "tickformat": ".0%"},
    )


def _bars(edges: Array, width: Array, shares: Array, name: str, opacity: float = 1.0) -> Any:
    import plotly.graph_objects as go

    colour = palette.ACCENT if name == PRODUCTION else palette.REFERENCE
    return go.Bar(
        x=edges[:-1] + width / 2,
        y=shares,
        width=width,
        name=name,
        marker={"color": colour, "opacity": opacity},
        hovertemplate="%{x}: %{y:.1%}<extra>" + name + "</extra>",
    )


def _axis(feature: FeatureProfile) -> str:
    return f"{feature.name} ({feature.unit})" if feature.unit else feature.name


def _figure(traces: list[Any], title: str, **extra: Any) -> Figure:
    import plotly.graph_objects as go

    return go.Figure(data=traces, layout=palette.layout(title, **extra))
