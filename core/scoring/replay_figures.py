"""A replay drawn: what was said then beside what is said now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core import palette
from core.scoring.replay import BINS, Replayed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_SAME = 0.0005  # what the title shows as equal


def then_and_now(found: Replayed, now: str, threshold: float, positive: str) -> Figure:
    """Shares of rows by probability, as logged and as ``now`` says; both over the same rows."""
    import plotly.graph_objects as go

    edges = np.linspace(0, 1, BINS + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure()
    for counts, name, colour, fill in (
        (found.counts_then, "as logged", palette.REFERENCE, "tozeroy"),
        (found.counts_now, now, palette.ACCENT, None),
    ):
        figure.add_scatter(
            x=centres,
            y=counts / max(1, found.rows),
            name=name,
            mode="lines",
            fill=fill,
            line={"shape": "hvh", "color": colour, "width": 2},
            hovertemplate="%{x:.2f}: %{y:.2%}",
        )
    figure.add_vline(
        x=threshold,
        line={"dash": "dash", "color": palette.MUTED},
        annotation={"text": f"threshold {threshold:g}", "font": {"size": 11}},
    )
    figure.update_layout(
        palette.layout(
            _title(found, now, positive),
            xaxis={"title": {"text": f"probability of {positive}"}, "range": [0, 1]},
            yaxis={"title": {"text": "share of rows"}, "tickformat": ".0%", "rangemode": "tozero"},
        )
    )
    return figure


def _title(found: Replayed, now: str, positive: str) -> str:
    then, today = found.mean_probability_then, found.mean_probability_now
    if abs(then - today) < _SAME:
        return f"{now} gives {positive} {100 * today:.1f}% on average, as was said"
    way = "more" if today > then else "less"
    return (
        f"{now} gives {positive} {100 * today:.1f}% on average, {way} than the "
        f"{100 * then:.1f}% that were said"
    )
