"""The timeline drawn: drift against what chance gives, and performance with its bands."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core import palette
from core.monitoring.drops import NAMES
from core.monitoring.estimate import Interval
from core.monitoring.reference import TRAINING, Reference
from core.monitoring.timeline_value import WindowResult

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_WINDOWS = 200  # beyond it a point is narrower than its mark; the latest are shown
MOST_NAMED, LEVEL_NAMES, LONGEST_NAME = 10, 4, 16
_LEAST_DECADE = -3  # lower is as good as none
_BAND = "rgba(228,87,46,0.16)"


def drift_timeline(windows: Sequence[WindowResult]) -> Figure:
    """The worst feature's PSI over its threshold, per window, oldest first; 1 is chance's limit."""
    import plotly.graph_objects as go

    shown = windows[-MOST_WINDOWS:]
    line = go.Scatter(
        x=_names(shown),
        y=[one.drift for one in shown],
        mode="lines+markers",
        name="worst feature",
        line={"color": palette.REFERENCE, "width": 1},
        marker={
            "size": 10,
            "color": [palette.STATUS_COLOUR[one.level] for one in shown],
            "symbol": ["circle-open" if one.forming else "circle" for one in shown],
        },
        customdata=[
            [one.worst or "too few rows", one.worst_psi, one.threshold, one.rows, one.level]
            for one in shown
        ],
        meta=["feature", "psi", "threshold", "rows", "level"],
        hovertemplate=(
            "%{x}<br>%{customdata[0]}: PSI %{customdata[1]:.3f}, by chance below "
            "%{customdata[2]:.3f}<br>%{customdata[3]:,} rows, %{customdata[4]}<extra></extra>"
        ),
    )
    figure = go.Figure(
        [line],
        palette.layout(
            drift_words(shown),
            xaxis=_window_axis(shown),
            yaxis={"title": "PSI ÷ threshold (log scale)", **_decades(shown)},
            showlegend=False,
            height=300,
        ),
    )
    figure.add_hline(y=1, line={"color": palette.ALARM, "dash": "dot"})
    return figure.add_annotation(
        text="most that chance gives",
        x=0,
        xref="x domain",
        xanchor="left",
        y=0,  # on a logarithmic axis an annotation stands at the exponent
        yref="y",
        yanchor="bottom",
        showarrow=False,
    )


def _decades(windows: Sequence[WindowResult]) -> dict[str, Any]:
    """A logarithmic axis over whole decades, each with its number in full."""
    ratios = [one.drift for one in windows if one.drift]
    low = math.floor(math.log10(min([*ratios, 1.0])))
    high = math.ceil(math.log10(max([*ratios, 1.0])))
    exponents = range(max(low, _LEAST_DECADE), max(high, 1) + 1)
    return {
        "type": "log",
        "range": [exponents[0] - 0.15, exponents[-1] + 0.15],
        "tickvals": [10.0**exponent for exponent in exponents],
        "ticktext": [f"{10.0**exponent:,.{max(0, -exponent)}f}" for exponent in exponents],
    }


def drift_words(windows: Sequence[WindowResult]) -> str:
    """How many windows show more than chance, and which feature mostly."""
    judged = [one for one in windows if one.drift is not None]
    if not judged:
        return "No window has enough rows to be judged yet"
    beyond = [one for one in judged if (one.drift or 0) > 1]
    if len(judged) == 1:
        one = "The one window" if len(windows) == 1 else "The one window with enough rows"
        if not beyond:
            return f"{one} drifts no more than chance gives"
        return f"{one} drifts, mostly by {beyond[0].worst}"
    if not beyond:
        return f"None of {len(judged)} windows drifts by more than chance gives"
    names = [one.worst for one in beyond]
    most = max(dict.fromkeys(names), key=names.count)
    verb = "drifts" if len(beyond) == 1 else "drift"
    return f"{len(beyond)} of {len(judged)} windows {verb}, mostly by {most}"


def performance_timeline(
    windows: Sequence[WindowResult],
    metric: str,
    reference: float | None,
    held_against: Reference = TRAINING,
) -> Figure | None:
    """A metric estimated (band) and realised (bars), per window; None where there is neither."""
    import plotly.graph_objects as go

    shown = windows[-MOST_WINDOWS:]
    names = _names(shown)
    guessed = [one.estimated.get(metric) for one in shown]
    seen = [one.realised.get(metric) for one in shown]
    if not any(guessed) and not any(seen):
        return None
    traces: list[Any] = []
    if any(guessed):
        traces += _band(names, guessed)
    if any(seen):
        traces.append(_bars(names, seen, shown))
    title = NAMES.get(metric, metric)
    figure = go.Figure(
        traces,
        palette.layout(
            _performance_words(title, shown, metric, reference, held_against.judged),
            xaxis=_window_axis(shown),
            yaxis={"title": title},
            height=300,
        ),
    )
    if reference is not None:
        figure.add_hline(
            y=reference,
            line={"color": palette.REFERENCE, "dash": "dot"},
            annotation_text=held_against.judged_title.lower(),
            annotation_position="bottom right",
        )
    return figure


def _band(names: list[str], figures: Sequence[Interval | None]) -> list[Any]:
    import plotly.graph_objects as go

    def values(which: str) -> list[float | None]:
        return [getattr(one, which) if one else None for one in figures]

    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    return [
        go.Scatter(x=names, y=values("high"), name="estimate, upper", **edge),
        go.Scatter(
            x=names,
            y=values("low"),
            name="estimate, lower",
            fill="tonexty",
            fillcolor=_BAND,
            **edge,
        ),
        go.Scatter(
            x=names,
            y=values("value"),
            name="estimated without labels, 95% band",
            mode="lines+markers",
            line={"color": palette.ACCENT, "dash": "dot"},
            marker={"symbol": "circle-open", "size": 8},
            hovertemplate="%{x}<br>estimated %{y:.3f}<extra></extra>",
        ),
    ]


def _bars(
    names: list[str], figures: Sequence[Interval | None], windows: Sequence[WindowResult]
) -> Any:
    import plotly.graph_objects as go

    known = [(n, f, w) for n, f, w in zip(names, figures, windows, strict=True) if f is not None]
    return go.Scatter(
        x=[name for name, _, _ in known],
        y=[figure.value for _, figure, _ in known],
        name="on labelled rows, 95% interval",
        mode="markers",
        marker={"color": palette.ACCENT, "size": 9},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [figure.high - figure.value for _, figure, _ in known],
            "arrayminus": [figure.value - figure.low for _, figure, _ in known],
            "color": palette.ACCENT,
        },
        customdata=[[figure.low, figure.high, one.labelled_rows] for _, figure, one in known],
        meta=["low", "high", "labelled_rows"],
        hovertemplate=(
            "%{x}<br>%{y:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f}) on "
            "%{customdata[2]:,} labelled rows<extra></extra>"
        ),
    )


def _performance_words(
    title: str,
    windows: Sequence[WindowResult],
    metric: str,
    reference: float | None,
    where: str,
) -> str:
    held = "" if reference is None else f", {reference:.3f} on {where}"
    for kind, words in (("realised", "labels"), ("estimated", "an estimate")):
        figures: list[Mapping[str, Interval]] = [getattr(one, kind) for one in windows]
        known = [found[metric] for found in figures if metric in found]
        if known:
            where = "the one window" if len(windows) == 1 else "the latest window"
            return f"{title}: {known[-1].value:.3f} in {where} with {words}{held}"
    return title


def _names(windows: Sequence[WindowResult]) -> list[str]:
    return [one.label + (" (forming)" if one.forming else "") for one in windows]


def _short(window: WindowResult) -> str:
    """A window's name under its mark: "2,501–5,000" of rows; its beginning if its name is long."""
    name = re.sub(r"^rows (\S+) to (\S+)$", "\\1\N{EN DASH}\\2", window.label)
    if len(name) <= LONGEST_NAME:
        return name
    return f"{datetime.fromisoformat(window.first):%d %b %H:%M}".lstrip("0")


def _window_axis(windows: Sequence[WindowResult]) -> dict[str, Any]:
    """Few windows are named by their label or, where that is long, by their beginning."""
    shown = windows if len(windows) <= MOST_NAMED else []
    return {
        "title": "window, oldest first",
        "type": "category",
        "tickvals": _names(shown),
        "ticktext": [_short(one) for one in shown],
        "tickangle": 0 if len(shown) <= LEVEL_NAMES else -30,
        "showgrid": False,
    }
