"""One scored row drawn with Plotly: what moved it, where it lies in training, what if.

Towards the positive class is drawn in its colour, towards the negative in the other's; the row
itself is in the accent colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.palette import ACCENT, ALARM, NEGATIVE, POSITIVE, REFERENCE, layout
from core.scoring.explain import LOG_ODDS, Explanation
from core.scoring.what_if import Curve
from core.signs import signed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_BARS = 10
_TICKS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
_MOST_TICKS = 4
_BAND = "rgba(128,138,155,0.16)"
_ROW_HEIGHT = 46
_EDGE = 4.0  # percent beyond the ends, where values outside training are drawn


@dataclass(frozen=True)
class Place:
    """One value in training: ``percentile`` 0 to 100, nan for a category or a gap.

    ``side`` is -1 below every training value, 1 beyond, else 0; ``strange`` where training never
    had such a value.
    """

    column: str
    title: str
    shown: str
    words: str
    percentile: float
    side: int = 0
    strange: bool = False

    @property
    def ranked(self) -> bool:
        """Whether it has a percentile."""
        return not np.isnan(self.percentile)


@dataclass(frozen=True)
class _Step:
    """One bar of the waterfall."""

    title: str
    shown: str
    amount: float
    standard_error: float


def contributions_figure(
    explanation: Explanation,
    labels: Mapping[str, tuple[str, str]],
    outcomes: tuple[str, str],
) -> Figure:
    """A waterfall from the base to the answer, the largest step first.

    ``labels``: feature to its title and its value in words; ``outcomes``: the positive and the
    negative class in words. A log-odds axis is marked in probabilities.
    """
    import plotly.graph_objects as go

    steps = _steps(explanation, labels)
    amounts = np.array([step.amount for step in steps])
    starts = explanation.base + np.concatenate([[0.0], np.cumsum(amounts)[:-1]])
    figure = go.Figure()
    for rising, colour, outcome in ((True, POSITIVE, outcomes[0]), (False, NEGATIVE, outcomes[1])):
        chosen = np.flatnonzero((amounts >= 0) == rising)
        figure.add_bar(
            x=amounts[chosen],
            y=chosen,
            base=starts[chosen],
            width=0.62,
            orientation="h",
            name=f"towards {outcome}",
            marker={"color": colour},
            customdata=[[steps[at].title, _exactly(explanation, steps[at])] for at in chosen],
            hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
        )
    ends = ((explanation.base, REFERENCE, "dot"), (explanation.output, ACCENT, "solid"))
    for at, colour, dash in ends:
        figure.add_vline(x=at, line={"color": colour, "width": 2, "dash": dash}, layer="below")
    reach = np.array([explanation.base, *(starts + amounts)])
    room = 0.08 * max(float(np.ptp(reach)), 1e-3)
    low, high = float(reach.min()) - room, float(reach.max()) + room
    return figure.update_layout(
        layout(
            "",
            barmode="overlay",
            height=96 + _ROW_HEIGHT * len(steps),
            margin={"l": 8, "r": 12, "t": 40, "b": 48},
            xaxis={
                "title": {"text": _axis(explanation, outcomes[0])},
                "range": [low, high],
                **_probability_ticks(explanation, low, high),
            },
            yaxis={
                "range": [len(steps) - 0.5, -0.5],
                "tickvals": list(range(len(steps))),
                "ticktext": [
                    f"<b>{step.title}</b> {step.shown}<br>{_amount_words(explanation, step)}"
                    for step in steps
                ],
                "showgrid": False,
            },
            legend={"x": 0, "xanchor": "left"},
        )
    )


def places_figure(places: Sequence[Place]) -> Figure:
    """Each value's percentile in training on a line of its own; those outside stand in red."""
    import plotly.graph_objects as go

    shown = [place for place in places if place.ranked]
    at = [place.percentile + _EDGE * place.side for place in shown]
    rows = [str(number) for number in range(len(shown))]
    figure = go.Figure()
    figure.add_vrect(x0=5, x1=95, fillcolor=_BAND, line_width=0, layer="below")
    figure.add_vline(x=50, line={"color": REFERENCE, "width": 1, "dash": "dot"}, layer="below")
    figure.add_scatter(
        x=at,
        y=rows,
        mode="markers",
        name="this row",
        marker={
            "color": [ALARM if place.side else ACCENT for place in shown],
            "symbol": [
                {-1: "triangle-left", 1: "triangle-right"}.get(p.side, "circle") for p in shown
            ],
            "size": 13,
        },
        customdata=[[place.title, place.shown, place.words] for place in shown],
        hovertemplate="%{customdata[0]} %{customdata[1]}: %{customdata[2]}<extra></extra>",
    )
    return figure.update_layout(
        layout(
            "",
            height=64 + _ROW_HEIGHT * len(shown),
            margin={"l": 8, "r": 12, "t": 8, "b": 48},
            showlegend=False,
            xaxis={
                "title": {"text": "percentile in training"},
                "range": [-2 * _EDGE, 100 + 2 * _EDGE],
                "tickvals": [0, 25, 50, 75, 100],
            },
            yaxis={
                "autorange": "reversed",
                "type": "category",
                "tickvals": rows,
                "ticktext": [
                    f"<b>{_capital(place.title)}</b> {place.shown}<br>{place.words}"
                    for place in shown
                ],
            },
        )
    )


def curve_figure(
    curve: Curve,
    now: tuple[Any, float],
    scored: tuple[Any, float],
    threshold: float,
    words: tuple[str, str],
    training: tuple[Any, Any] | None = None,
) -> Figure:
    """Probability along one column, the others held, over training's distribution of it.

    ``now`` and ``scored``: (value, probability) as explored and as it was asked for; ``words``:
    the axis' title and the positive class; ``training``: bars as (positions, shares).
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    if training is not None:
        shares = np.asarray(training[1], dtype=float)
        figure.add_bar(
            x=training[0],
            y=0.3 * shares / max(float(shares.max()), 1e-12),
            name="training",
            marker={"color": REFERENCE, "opacity": 0.3},
            customdata=shares,
            hovertemplate="%{x}: %{customdata:.1%} of training<extra></extra>",
        )
    numeric = not isinstance(curve.values[0], str)
    figure.add_scatter(
        x=list(curve.values),
        y=curve.probability,
        mode="lines" if numeric else "markers",
        name="the model",
        line={"color": POSITIVE, "width": 2.5},
        marker={"size": 10},
        hovertemplate="%{x}: %{y:.1%}<extra></extra>",
    )
    for name, (value, probability), symbol in (
        ("as scored", scored, "circle-open"),
        ("now", now, "circle"),
    ):
        figure.add_scatter(
            x=[value],
            y=[probability],
            mode="markers",
            name=name,
            marker={"color": ACCENT, "size": 13, "symbol": symbol, "line": {"width": 2.5}},
            hovertemplate=f"{name}: %{{x}}, %{{y:.1%}}<extra></extra>",
        )
    figure.add_hline(y=threshold, line={"color": REFERENCE, "dash": "dot"}, layer="below")
    return figure.update_layout(
        layout(
            "",
            height=330,
            margin={"t": 36, "l": 48, "r": 12, "b": 48},
            bargap=0.05,
            xaxis={"title": {"text": words[0]}, "type": None if numeric else "category"},
            yaxis={
                "title": {"text": f"probability of {words[1]}"},
                "range": [0, 1],
                "tickformat": ".0%",
            },
        )
    )


def _steps(explanation: Explanation, labels: Mapping[str, tuple[str, str]]) -> list[_Step]:
    """Largest first; beyond ten the smallest become one."""
    ranked = explanation.ranked
    most = len(ranked) if len(ranked) <= MOST_BARS else MOST_BARS - 1
    steps = [
        _Step(*labels.get(one.feature, (one.feature, "")), one.amount, one.standard_error)
        for one in ranked[:most]
    ]
    rest = ranked[most:]
    if rest:
        error = float(np.sqrt(sum(one.standard_error**2 for one in rest)))
        amount = sum(one.amount for one in rest)
        steps.append(_Step(f"{len(rest)} others", "together", amount, error))
    return steps


def _amount_words(explanation: Explanation, step: _Step) -> str:
    if explanation.scale == LOG_ODDS:
        return f"odds × {np.exp(step.amount):.2f}"
    return f"{signed(100 * step.amount, 1)} points"


def _exactly(explanation: Explanation, step: _Step) -> str:
    if explanation.scale == LOG_ODDS:
        return f"{signed(step.amount, 4)} in log-odds, odds × {np.exp(step.amount):.3f}"
    uncertain = (
        f" ± {100 * step.standard_error:.2f} (standard error)" if step.standard_error else ""
    )
    return f"{signed(100 * step.amount, 2)}{uncertain} percentage points"


def _axis(explanation: Explanation, outcome: str) -> str:
    scale = " (log-odds)" if explanation.scale == LOG_ODDS else ""
    return f"probability of {outcome}{scale}"


def _probability_ticks(explanation: Explanation, low: float, high: float) -> dict[str, Any]:
    if explanation.scale != LOG_ODDS:
        return {"tickformat": ".0%" if high - low > 0.05 else ".1%", "nticks": 6}
    ends = 1 / (1 + np.exp(-np.array([low, high])))
    inside = [p for p in _TICKS if ends[0] <= p <= ends[1]]
    if len(inside) < 3:
        digits = max(2, int(np.ceil(-np.log10(ends[1] - ends[0]))) + 1)
        inside = sorted({round(float(p), digits) for p in np.linspace(ends[0], ends[1], 7)[1:-1]})
    inside = inside[:: 1 + (len(inside) - 1) // _MOST_TICKS]
    return {
        "tickangle": 0,
        "tickvals": [float(np.log(p / (1 - p))) for p in inside if 0 < p < 1],
        "ticktext": [f"{100 * p:.3g}%" for p in inside if 0 < p < 1],
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
