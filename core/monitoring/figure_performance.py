"""Performance drawn: the holdout, the estimate and what labels say, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core import palette
from core.monitoring.drops import NAMES
from core.monitoring.reference import TRAINING, Reference

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PERFORMANCE = ("roc_auc", "f1", "accuracy", "precision", "recall")


def performance_figure(
    reference: Mapping[str, float],
    estimated: Mapping[str, Any],
    realised: Mapping[str, Any] | None,
    held_against: Reference = TRAINING,
) -> Figure | None:
    """Metrics with their 95% intervals beside those before; None if production has none.

    ``held_against``: what the ``reference`` metrics were measured on.

    ``estimated``: name to an interval with value, low and high as attributes; ``realised``: the
    same as mappings, and ``labelled_rows``.
    """
    import plotly.graph_objects as go

    seen = {n: realised[n] for n in PERFORMANCE if _has_value(realised, n)} if realised else {}
    guessed = {n: vars(estimated[n]) for n in PERFORMANCE if n in estimated}
    if not seen and not guessed:
        return None
    names = [n for n in PERFORMANCE if n in seen or n in guessed]
    known = [n for n in names if reference.get(n) is not None]
    traces: list[Any] = [
        go.Scatter(
            x=[reference[n] for n in known],
            y=[NAMES[n] for n in known],
            name=held_against.judged_title.lower()
            if held_against.is_production
            else "holdout at training",
            mode="markers",
            marker={"color": palette.REFERENCE, "size": 13, "symbol": "diamond"},
            hovertemplate="%{y} %{x:.3f}",
        )
    ]
    for label, figures, symbol in (
        ("estimated without labels", guessed, "circle-open"),
        ("on labelled rows", seen, "circle"),
    ):
        if figures:
            traces.append(_with_intervals(label, figures, symbol))
    return go.Figure(
        traces,
        palette.layout(
            _finding(reference, guessed, seen, realised, held_against.judged),
            height=120 + 46 * len(names),
            xaxis={"title": {"text": "value, with its 95% interval"}, "range": [-0.02, 1.02]},
            yaxis={
                "categoryorder": "array",
                "categoryarray": [NAMES[n] for n in reversed(names)],
            },
            legend={"y": -0.28, "yanchor": "top", "x": 0, "xanchor": "left"},
        ),
    )


def _with_intervals(label: str, figures: Mapping[str, Mapping[str, Any]], symbol: str) -> Any:
    import plotly.graph_objects as go

    shown = list(figures.values())
    return go.Scatter(
        x=[one["value"] for one in shown],
        y=[NAMES[n] for n in figures],
        name=label,
        mode="markers",
        marker={"color": palette.ACCENT, "size": 11, "symbol": symbol},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [_or(one["high"], one["value"]) - one["value"] for one in shown],
            "arrayminus": [one["value"] - _or(one["low"], one["value"]) for one in shown],
            "color": palette.ACCENT,
        },
        customdata=[
            [_or(one["low"], one["value"]), _or(one["high"], one["value"])] for one in shown
        ],
        meta=["low", "high"],
        hovertemplate="%{y} %{x:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})",
    )


def _finding(
    reference: Mapping[str, float],
    guessed: Mapping[str, Mapping[str, Any]],
    seen: Mapping[str, Mapping[str, Any]],
    realised: Mapping[str, Any] | None,
    where: str,
) -> str:
    name = next(iter(seen or guessed))
    before = f"{reference[name]:.3f} on {where}, " if reference.get(name) is not None else ""
    if seen and realised:
        after = f"{seen[name]['value']:.3f} on {realised['labelled_rows']:,} labelled rows"
    else:
        after = f"{guessed[name]['value']:.3f} estimated for production"
    return f"{NAMES[name]}: {before}{after}"


def _has_value(figures: Mapping[str, Any], name: str) -> bool:
    return isinstance(figures.get(name), Mapping) and figures[name].get("value") is not None


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
