"""Does it matter, and where does it sit: effects and slices drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core import palette
from core.listing import listed
from core.monitoring.drift import FeatureDrift
from core.monitoring.effect import FeatureEffect
from core.monitoring.reference import TRAINING, Reference
from core.monitoring.slices import FeatureSlices
from core.monitoring.words import percent
from core.signs import signed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

TELLING_POINTS = 1.0  # percentage points: a smaller change of a probability is not the story


def effect_figure(effects: Sequence[FeatureEffect], drift: Sequence[FeatureDrift]) -> Figure:
    """What each feature's drift does to the probability, the largest on top, by its level."""
    import plotly.graph_objects as go

    level = {one.name: one.level for one in drift}
    psi = {one.name: one.psi for one in drift}
    shown = list(reversed(effects))
    bars = go.Bar(
        x=[100 * one.size for one in shown],
        y=[one.name for one in shown],
        orientation="h",
        name="mean change of the probability",
        marker={"color": [palette.STATUS_COLOUR[level.get(one.name, "unknown")] for one in shown]},
        text=[_told(one, level.get(one.name, "unknown")) for one in shown],
        textposition="auto",
        customdata=[[level.get(one.name, ""), psi.get(one.name), one.direction] for one in shown],
        meta=["level", "psi", "direction"],
        hovertemplate="%{y}: %{x:.1f} points<br>PSI %{customdata[1]:.3f}<extra></extra>",
    )
    return go.Figure(
        [bars],
        palette.layout(
            effect_words(effects),
            height=max(220, 120 + 36 * len(shown)),
            xaxis={
                "title": "change of the probability (percentage points)",
                "rangemode": "tozero",
            },
            yaxis={"showgrid": False},
            showlegend=False,
        ),
    )


def effect_words(effects: Sequence[FeatureEffect]) -> str:
    """Which features' drift the model makes something of."""
    telling = [one for one in effects if 100 * one.size >= TELLING_POINTS]
    if not telling:
        return "No feature's drift moves the probabilities by a point"
    lead = listed([one.name for one in telling])
    return f"The model makes most of the drift in {lead}: {100 * telling[0].size:.1f} points"


def slice_figure(found: FeatureSlices, reference: Reference = TRAINING) -> Figure:
    """Shares of rows in the slices that explain most, in the reference and in production."""
    import plotly.graph_objects as go

    shown = list(reversed(found.slices))
    names = [one.words for one in shown]
    traces = [
        go.Bar(
            x=shares,
            y=names,
            orientation="h",
            name=name,
            marker={"color": colour},
            text=[percent(share) for share in shares],
            textposition="auto",
        )
        for name, colour, shares in (
            ("production", palette.ACCENT, [one.window_share for one in shown]),
            (reference.kind, palette.REFERENCE, [one.reference_share for one in shown]),
        )
    ]
    return go.Figure(
        traces,
        palette.layout(
            found.sentence.rstrip("."),
            barmode="group",
            height=max(220, 130 + 60 * len(shown)),
            xaxis={"title": "share of rows", "tickformat": ".0%", "rangemode": "tozero"},
            yaxis={"title": found.feature, "type": "category", "showgrid": False},
            legend={"traceorder": "reversed"},
        ),
    )


def _told(effect: FeatureEffect, level: str) -> str:
    leaning = f"{100 * abs(effect.direction):.1f}"
    if leaning != "0.0":
        leaning = signed(100 * effect.direction, 1)
    lean = f" ({leaning} on balance)" if effect.size >= 0.001 else ""
    return f"{palette.STATUS_SIGN[level]} {100 * effect.size:.1f}{lean}"
