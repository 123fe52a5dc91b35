"""The chart of paired evidence: how far each challenger is from the champion, and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.evaluation.figure_parts import empty_figure
from core.evaluation.metrics import METRICS
from core.palette import ALARM, CHAMPION, MUTED, OK, layout
from core.signs import signed

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_WORDS = {"better": OK, "worse": ALARM, "no evidence": MUTED}


def difference_figure(
    differences: Mapping[str, Mapping[str, Any]],
    metric: str,
    judged_as: Mapping[str, str] | None = None,
) -> Figure:
    """Challenger minus champion by challenger's name, around the champion's line at 0.

    ``differences`` holds ``PairedDifference.as_dict()``; undefined ones (None) are left out.
    ``judged_as``: by name "better", "worse" or "neither", as ``judge_together`` gave it; without
    it the interval alone decides.
    """
    import plotly.graph_objects as go

    info = METRICS[metric]
    drawn = {name: d for name, d in differences.items() if d["low"] is not None}
    if not drawn:
        return empty_figure(
            f"Difference in {info.word}", "Undefined: rows of both classes are needed"
        )
    judged = {name: _judged(d, metric) for name, d in drawn.items()}
    for name, word in (judged_as or {}).items():
        if name in judged:
            judged[name] = "no evidence" if word == "neither" else word
    figure = go.Figure()
    for word, colour in _WORDS.items():
        names = [name for name in drawn if judged[name] == word]
        if not names:
            continue
        values = [drawn[name]["difference"] for name in names]
        figure.add_scatter(
            x=values,
            y=names,
            name=word,
            mode="markers",
            marker={"color": colour, "size": 11},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [drawn[n]["high"] - drawn[n]["difference"] for n in names],
                "arrayminus": [drawn[n]["difference"] - drawn[n]["low"] for n in names],
                "thickness": 2.5,
                "width": 6,
                "color": colour,
            },
            customdata=[[drawn[n]["low"], drawn[n]["high"]] for n in names],
            meta=["low", "high"],
            hovertext=[_spelt(drawn[n]) for n in names],
            hovertemplate="%{y}: %{hovertext}",
        )
    figure.add_vline(
        x=0,
        line={"color": CHAMPION, "width": 2},
        annotation_text="champion",
        annotation_xshift=4,
        layer="below",
    )
    level = next(iter(drawn.values()))["level"]
    return figure.update_layout(
        layout(
            _finding(judged, info.word),
            height=170 + 34 * len(drawn),
            xaxis={
                "title": {"text": f"Difference in {info.word} ({100 * level:g}% interval)"},
                "tickformat": ".3~g",
            },
            yaxis={
                "type": "category",
                "categoryorder": "array",
                "categoryarray": list(drawn),
                "range": [len(drawn) - 0.5, -1.0],  # room above the first for the line's name
            },
        )
    )


def _spelt(difference: Mapping[str, Any]) -> str:
    value, low, high = (signed(difference[key], 4) for key in ("difference", "low", "high"))
    return f"{value}, interval {low} to {high}"


def _judged(difference: Mapping[str, Any], metric: str) -> str:
    low, high = difference["low"], difference["high"]
    if low <= 0 <= high:
        return "no evidence"
    return "better" if METRICS[metric].gain(low) > 0 else "worse"


def _finding(judged: Mapping[str, str], word: str) -> str:
    better = [name for name, found in judged.items() if found == "better"]
    worse = [name for name, found in judged.items() if found == "worse"]
    if better:
        return f"Better {word} than the champion: {', '.join(better)}"
    if len(worse) == len(judged):
        return f"The champion has the better {word}"
    return f"Nobody is shown to have a better {word} than the champion"
