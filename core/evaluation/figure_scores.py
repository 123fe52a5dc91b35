"""Charts of predicted probabilities: how many rows have which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.figure_parts import CLASS_NAMES, empty_figure
from core.evaluation.metrics import check_threshold
from core.evaluation.tally import check_probability
from core.palette import ACCENT, CHAMPION, MUTED, NEGATIVE, POSITIVE, layout

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_BINS = 50
_HEADROOM = 1.15  # for the threshold's name above the tallest bar


def probability_histogram(
    probability: np.ndarray,
    threshold: float = 0.5,
    label: np.ndarray | None = None,
    class_names: tuple[str, str] = ("label 0", "label 1"),
) -> Figure:
    """Rows by predicted probability in 50 bins, with the threshold; counted here, not drawn raw.

    ``probability``: (n,); ``label``, if given: (n,) outcomes 0 or 1, nan where unknown, which
    splits the bars by what happened, named after ``class_names``: of class 0, of class 1.
    Raises ValueError where lengths differ or values are not probabilities.
    """
    values, threshold = check_probability(probability), check_threshold(threshold)
    edges = np.linspace(0, 1, _BINS + 1)
    bars = [
        (name, colour, np.histogram(part, bins=edges)[0])
        for name, colour, part in _by_outcome(values, label, class_names)
    ]
    return _histogram(bars, threshold, int((values > threshold).sum()), label is not None)


def counted_histogram(
    counts: Mapping[str, Sequence[int]],
    above: int,
    threshold: float = 0.5,
    class_names: tuple[str, str] = CLASS_NAMES,
) -> Figure:
    """The same chart of rows that were counted already.

    ``counts``: rows in equal bins of the probability by outcome, "positive", "negative" and
    "unknown" (see ``running.ScoreCounts.histogram``); ``above``: rows above the threshold.
    """
    named = {
        "positive": (class_names[1], POSITIVE),
        "negative": (class_names[0], NEGATIVE),
        "unknown": ("no label yet", MUTED),
    }
    labelled = any(counts["positive"]) or any(counts["negative"])
    if not labelled:
        named = {"unknown": ("scored", ACCENT)}
    bars = [(*named[which], np.asarray(counts[which])) for which in named if any(counts[which])]
    return _histogram(bars, check_threshold(threshold), above, labelled)


def _histogram(
    bars: Sequence[tuple[str, str, np.ndarray]], threshold: float, above: int, legend: bool
) -> Figure:
    """``bars``: name, colour and rows by bin, of each part."""
    import plotly.graph_objects as go

    rows = sum(int(count.sum()) for *_, count in bars)
    if not rows:
        return empty_figure("Predicted probabilities", "No scored rows")
    edges = np.linspace(0, 1, len(bars[0][2]) + 1)
    figure = go.Figure()
    for name, colour, count in bars:
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=count,
            width=1 / len(count),
            name=name,
            marker={"color": colour},
            hovertemplate="around %{x:.2f}: %{y:,} rows",
        )
    figure.add_vline(
        x=threshold,
        line={"color": CHAMPION, "dash": "dash"},
        annotation_text=f"threshold {threshold:.3g}",
        annotation_position="top left" if threshold > 0.5 else "top right",
        annotation_xshift=-4 if threshold > 0.5 else 4,
    )
    highest = int(np.sum([count for *_, count in bars], axis=0).max())
    are = "row is" if rows == 1 else "rows are"
    return figure.update_layout(
        layout(
            f"{100 * above / rows:.1f}% of {rows:,} {are} above the threshold of {threshold:.3g}",
            barmode="stack",
            bargap=0,
            showlegend=legend,
            xaxis={"title": {"text": "Predicted probability"}, "range": [0, 1]},
            yaxis={
                "title": {"text": "Rows"},
                "range": [0, _HEADROOM * highest],
                "tickformat": ",",
            },
        )
    )


def _by_outcome(
    values: np.ndarray, label: np.ndarray | None, class_names: tuple[str, str]
) -> list[tuple[str, str, np.ndarray]]:
    """(name, colour, probabilities) of each outcome that occurs."""
    if label is None:
        return [("scored", ACCENT, values)]
    outcome = np.asarray(label, dtype=np.float64)
    if outcome.shape != values.shape:
        raise ValueError(
            "Labels and probabilities must belong to the same rows; "
            f"found {len(outcome):,} labels and {len(values):,} probabilities."
        )
    parts = [
        (class_names[1], POSITIVE, values[outcome == 1]),
        (class_names[0], NEGATIVE, values[outcome == 0]),
        ("no label yet", MUTED, values[np.isnan(outcome)]),
    ]
    if sum(len(part) for *_, part in parts) != len(values):
        raise ValueError("Labels must be 0, 1 or missing; found other values.")
    return [part for part in parts if len(part[2])]
