"""Decisions that hardly depend on the row: nearly all of one class, whatever F1 says of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.evaluation.metrics import binary_metrics
from core.evaluation.thresholds import best_youden

# Of the rows that are of the other class, fewer than this share is called so: a model with some
# sense of the base rate calls about as many as there are.
_LEAST_OF_THE_OTHER = 0.1
# Fewer rows of the other class than this, and chance alone may leave them all out.
_LEAST_ROWS = 20
# Closer than this to what calling every row gives is the same to the reader.
_SAME = 0.02
# The choices as the Training page names them.
REMEDY = (
    "A version keeps its threshold: for another one, train with the decision threshold “Best "
    "Youden's J” or “Cheapest errors”."
)


@dataclass(frozen=True)
class OneSided:
    """A model that calls nearly all of ``rows`` rows ``called`` at ``threshold``.

    ``share``: of the rows, called so; ``base_rate``: of the rows, positive. ``figure`` is its F1
    where nearly all are called positive, its accuracy otherwise; ``of_all`` what calling every
    row so gives. ``better``: the threshold with the largest Youden's J on these rows, and
    ``better_share`` of the rows called positive there, ``better_f1``.
    """

    called: Literal["positive", "negative"]
    rows: int
    threshold: float
    share: float
    base_rate: float
    figure: float
    of_all: float
    better: float
    better_share: float
    better_f1: float

    def finding(self, name: str, positive: str, negative: str) -> str:
        """What it does, and what its figure is worth, in a sentence without its full stop."""
        word, metric = (positive, "F1") if self.called == "positive" else (negative, "accuracy")
        said = (
            f"{name} calls {_percent(self.share)} of the {self.rows:,} rows {word} at its "
            f"threshold {self.threshold:.3g}, while {_percent(self.base_rate)} are {positive}; "
        )
        if abs(self.figure - self.of_all) <= _SAME:
            return (
                f"{said}its {metric} {self.figure:.3f} is what calling every row {word} gives "
                f"({self.of_all:.3f})"
            )
        return (
            f"{said}its {metric} is {self.figure:.3f}, that of calling every row {word} "
            f"{self.of_all:.3f}"
        )

    def advice(self, positive: str) -> str:
        """Which threshold would help, in a sentence."""
        return (
            f"At a threshold of {self.better:.3g}, where Youden's J is largest on these rows, it "
            f"would call {_percent(self.better_share)} {positive} (F1 {self.better_f1:.3f})."
        )


def one_sided(y: np.ndarray, probability: np.ndarray, threshold: float) -> OneSided | None:
    """Whether a model decides nearly every row alike; None where it does not.

    ``y``: (n,) of 0 and 1; ``probability``: (n,) of the positive class; positive is what lies
    strictly above ``threshold``. Measured by the base rate p: "nearly all positive" where fewer
    than a tenth of 1 - p of the rows are called negative, "nearly all negative" where fewer than
    a tenth of p are called positive. With F1, calling every row positive has precision p and
    recall 1, hence 2p / (1 + p): that needs no model. None, too, where a class has fewer than
    20 rows. Raises ValueError as ``binary_metrics`` does.
    """
    found = binary_metrics(y, probability, threshold)
    positives, negatives = found.positives, found.n - found.positives
    if min(positives, negatives) < _LEAST_ROWS:
        return None
    called = found.predicted_positives
    p = positives / found.n
    if found.n - called < _LEAST_OF_THE_OTHER * negatives:
        kind: Literal["positive", "negative"] = "positive"
        share, figure, of_all = called / found.n, found.f1, 2 * p / (1 + p)
    elif called < _LEAST_OF_THE_OTHER * positives:
        kind, share, figure, of_all = "negative", 1 - called / found.n, found.accuracy, 1 - p
    else:
        return None
    better, _ = best_youden(y, probability)
    there = binary_metrics(y, probability, better)
    return OneSided(
        called=kind,
        rows=found.n,
        threshold=threshold,
        share=share,
        base_rate=p,
        figure=0.0 if math.isnan(figure) else figure,
        of_all=of_all,
        better=better,
        better_share=there.predicted_positives / found.n,
        better_f1=there.f1,
    )


def _percent(share: float) -> str:
    """One decimal; never 100% where a row is left, nor 0% where one is there."""
    shown = f"{100 * share:.1f}%"
    if shown == "100.0%":
        return "all" if share == 1 else "over 99.9%"
    return "none" if share == 0 else shown
