"""Charts of models side by side: metrics with intervals, decisions, gain, scores, weak spots."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.decisions import DecisionTable, Payoff
from core.evaluation.figure_curves import NO_ROWS
from core.evaluation.figure_parts import (
    CLASS_NAMES,
    colours,
    digits,
    empty_figure,
    legend_below,
    line,
)
from core.evaluation.metrics import METRICS
from core.evaluation.resampling import Interval
from core.evaluation.tally import Confusion
from core.evaluation.weak_spots import WeakSpot, summary
from core.palette import ALARM, MUTED, NEGATIVE, POSITIVE, WARNING, layout
from core.signs import decimal

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_SPOTS_SHOWN = 12


def interval_figure(
    intervals: Mapping[str, Interval], metric: str, highlight: str | None = None
) -> Figure:
    """One metric of several models with their 95% intervals, by model name."""
    import plotly.graph_objects as go

    info = METRICS[metric]
    drawn = {name: i for name, i in intervals.items() if not math.isnan(i.value)}
    if not drawn:
        return empty_figure(info.title, NO_ROWS)
    colour, figure = colours(drawn, highlight), go.Figure()
    for name, interval in drawn.items():
        figure.add_scatter(
            x=[interval.value],
            y=[name],
            name=name,
            mode="markers",
            marker={"color": colour[name], "size": 11},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [interval.high - interval.value],
                "arrayminus": [interval.value - interval.low],
                "thickness": 2.5,
                "width": 6,
                "color": colour[name],
            },
            customdata=[[interval.low, interval.high]],
            meta=["low", "high"],
            hovertext=[_spelt(interval)],
            hovertemplate="%{hovertext}",
        )
    best = max(drawn, key=lambda name: info.gain(drawn[name].value))
    finding = f"{best} has the best {info.word}: {digits(drawn[best].value)}"
    if len(drawn) == 1:
        finding = f"{info.title} {digits(drawn[best].value)}"
    return figure.update_layout(
        layout(
            finding,
            height=130 + 30 * len(drawn),
            showlegend=False,
            xaxis={"title": {"text": f"{info.title} (95% interval, the same resamples for all)"}},
            yaxis={"type": "category", "autorange": "reversed"},
        )
    )


def _spelt(interval: Interval) -> str:
    value, low, high = (decimal(v, 4) for v in (interval.value, interval.low, interval.high))
    return f"{value}, interval {low} to {high}"


def decisions_figure(
    counts: Mapping[str, Confusion],
    class_names: tuple[str, str] = CLASS_NAMES,
    highlight: str | None = None,
) -> Figure:
    """The four counts of several models at their thresholds, as bars of all rows."""
    import plotly.graph_objects as go

    drawn = {name: found for name, found in counts.items() if found.n}
    if not drawn:
        return empty_figure("Decisions", NO_ROWS)
    negative, positive = class_names
    kinds = (
        (f"called {positive}, was {positive}", "true_positives", POSITIVE),
        (f"called {negative}, was {negative}", "true_negatives", NEGATIVE),
        (f"called {positive}, was {negative} (false alarm)", "false_positives", WARNING),
        (f"called {negative}, was {positive} (overlooked)", "false_negatives", ALARM),
    )
    figure = go.Figure()
    for words, field, colour in kinds:
        values = [getattr(found, field) for found in drawn.values()]
        figure.add_bar(
            x=values,
            y=list(drawn),
            name=words,
            orientation="h",
            marker={"color": colour},
            text=[f"{value:,}" for value in values],
            textposition="inside",
            insidetextanchor="middle",
            hovertemplate="%{y}: %{x:,} rows",
        )
    wrong = {name: c.false_positives + c.false_negatives for name, c in drawn.items()}
    best = min(wrong, key=lambda name: wrong[name])
    title = f"{best} decides wrongly least often: {wrong[best]:,} of {drawn[best].n:,} rows"
    return figure.update_layout(
        layout(
            title,
            barmode="stack",
            height=170 + 40 * len(drawn),
            xaxis={"title": {"text": "Rows"}},
            yaxis={"type": "category", "autorange": "reversed"},
            legend={"orientation": "h", "x": 0, "xanchor": "left"},
        )
    )


def gain_figure(
    tables: Mapping[str, DecisionTable],
    payoff: Payoff,
    threshold: float | None = None,
    highlight: str | None = None,
) -> Figure:
    """What a row's decision is worth at each threshold; the best point of each is marked."""
    import plotly.graph_objects as go

    drawn = {n: t for n, t in tables.items() if not np.isnan(t.gain(payoff)).any()}
    if not drawn:
        return empty_figure("Gain", NO_ROWS)
    colour, figure = colours(drawn, highlight), go.Figure()
    best = {name: table.best(payoff) for name, table in drawn.items()}
    for name, table in drawn.items():
        figure.add_scatter(
            x=table.thresholds,
            y=table.gain(payoff),
            name=name,
            mode="lines",
            line=line(colour[name], name == highlight),
            hovertemplate="%{y} a row at a threshold of %{x:.3f}",
        )
        figure.add_scatter(
            x=[best[name][0]],
            y=[best[name][1]],
            name=f"{name}, best",
            showlegend=False,
            mode="markers",
            marker={"color": colour[name], "size": 10, "symbol": "diamond"},
            hovertemplate="best: %{y} a row at %{x:.3f}",
        )
    if threshold is not None:
        figure.add_vline(x=threshold, line={"color": MUTED, "dash": "dash"})
    top = max(best, key=lambda name: best[name][1])
    at, worth = best[top]
    finding = f"can be worth most: {worth:.3g}" if worth > 0 else f"can cost least: {-worth:.3g}"
    return figure.update_layout(
        layout(
            f"{top} {finding} a row, at a threshold of {at:g}",
            **legend_below(len(drawn)),
            xaxis={"title": {"text": "Decision threshold"}, "range": [0, 1]},
            yaxis={"title": {"text": "Worth of a row (in your unit)"}, "hoverformat": ".4f"},
        )
    )


def density_figure(
    densities: Mapping[str, np.ndarray],
    class_names: tuple[str, str] = CLASS_NAMES,
    highlight: str | None = None,
) -> Figure:
    """Where each model puts the rows, by probability; ``densities`` hold (2, bins) row counts.

    Solid: rows of class 1; dotted: of class 0. Each as a share of its class, so that models that
    tell the classes apart draw two hills that stand apart.
    """
    import plotly.graph_objects as go

    drawn = {name: counts for name, counts in densities.items() if counts.sum()}
    if not drawn:
        return empty_figure("Predicted probabilities", NO_ROWS)
    colour, figure = colours(drawn, highlight), go.Figure()
    for name, counts in drawn.items():
        bins = counts.shape[1]
        centre = (np.arange(bins) + 0.5) / bins
        for label, dash in ((1, "solid"), (0, "dot")):
            total = counts[label].sum()
            if not total:
                continue
            figure.add_scatter(
                x=centre,
                y=counts[label] / total,
                name=name,
                legendgroup=f"{name}, {class_names[label]}",
                showlegend=label == 1,
                mode="lines",
                line={**line(colour[name], name == highlight), "dash": dash, "shape": "hvh"},
                hovertemplate="around %{x:.2f}: %{y:.1%} of them",
            )
    return figure.update_layout(
        layout(
            f"Where the rows lie: solid {class_names[1]}, dotted {class_names[0]}",
            **legend_below(len(drawn)),
            xaxis={"title": {"text": "Predicted probability"}, "range": [0, 1]},
            yaxis={"title": {"text": "Share of the class"}, "tickformat": ".0%"},
        )
    )


def weak_spots_figure(spots: Sequence[WeakSpot], what: str) -> Figure:
    """The slices where a challenger is worst against the champion, worst on top.

    ``what`` is "log loss" or "calibration"; grey ones are not shown to be worse.
    """
    import plotly.graph_objects as go

    if not spots:
        return empty_figure(summary(spots, what), "Slices need 5% of the rows")
    drawn = list(spots[:_SPOTS_SHOWN])
    figure = go.Figure(
        go.Bar(
            x=[spot.difference for spot in drawn],
            y=[spot.words for spot in drawn],
            orientation="h",
            marker={"color": [ALARM if spot.shown else MUTED for spot in drawn]},
            customdata=[
                [spot.rows, spot.champion, spot.challenger, spot.p_value] for spot in drawn
            ],
            meta=["rows", "champion", "challenger", "adjusted p"],
            hovertemplate="%{y}<br>champion %{customdata[1]:.4f}, challenger %{customdata[2]:.4f}"
            "<br>%{customdata[0]:,} rows, adjusted p %{customdata[3]:.2g}<extra></extra>",
        )
    )
    units = {"log loss": "Log loss above champion's (nats)"}
    return figure.update_layout(
        layout(
            summary(spots, what),
            height=140 + 26 * len(drawn),
            xaxis={"title": {"text": units.get(what, "Further off than champion")}},
            yaxis={"type": "category", "autorange": "reversed"},
        )
    )
