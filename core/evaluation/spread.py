"""How far chance alone may have moved a metric, from counts by score and label.

Where rows were counted and not kept there is nothing to resample. These intervals need the counts
alone, in time that grows with the distinct scores and not with the rows.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from core.evaluation.resampling import Interval, check_level
from core.evaluation.tally import Tally


def intervals_of(tally: Tally, threshold: float, level: float = 0.95) -> dict[str, Interval]:
    """An interval by key for ROC AUC, log loss, F1, accuracy, precision and recall.

    ROC AUC by DeLong's variance, log loss by that of a mean, shares by Wilson's interval. F1 is
    2J / (1 + J), where J is the share of true positives among the rows that are positive or called
    so: the interval of J, carried over. Where no row is called positive, precision counts as 0, as
    everywhere here, and may be off by as much as the share of such calls may. A metric that is
    undefined is absent. Close to the bootstrap's from some 30 rows of each class on.
    """
    check_level(level)
    reach = NormalDist().inv_cdf((1 + level) / 2)
    cells = tally.confusion(threshold)
    hits = cells.true_positives
    found = {
        "roc_auc": _roc_auc(tally, reach),
        "log_loss": _log_loss(tally, reach),
        "accuracy": _share(hits + cells.true_negatives, cells.n, reach),
        "precision": _share(hits, cells.predicted_positives or cells.n, reach),
        "recall": _share(hits, cells.positives, reach),
        "f1": _f1(_share(hits, cells.n - cells.true_negatives, reach)),
    }
    return {name: one for name, one in found.items() if one is not None}


def _share(part: int, whole: int, reach: float) -> Interval | None:
    """Wilson's score interval of a share; it has a width where all or none are hits, too."""
    if whole == 0:
        return None
    value, weight = part / whole, reach**2 / whole
    middle = (value + weight / 2) / (1 + weight)
    margin = reach / (1 + weight) * math.sqrt(value * (1 - value) / whole + weight / (4 * whole))
    # Rounding must not put the value itself outside.
    return Interval(value, min(value, middle - margin), max(value, middle + margin))


def _f1(jaccard: Interval | None) -> Interval | None:
    if jaccard is None:
        return None
    return Interval(
        *(2 * one / (1 + one) for one in (jaccard.value, jaccard.low, jaccard.high)),
    )


def _roc_auc(tally: Tally, reach: float) -> Interval | None:
    """DeLong, DeLong & Clarke-Pearson (1988); None with fewer than two rows of a class."""
    positives, negatives = float(tally.positives.sum()), float(tally.negatives.sum())
    if min(positives, negatives) < 2:
        return None
    below = np.cumsum(tally.negatives) - tally.negatives / 2
    above = positives - np.cumsum(tally.positives) + tally.positives / 2
    of_positives, of_negatives = below / negatives, above / positives
    value = tally.roc_auc()
    error = math.sqrt(
        _variance_of_mean(of_positives, tally.positives, value)
        + _variance_of_mean(of_negatives, tally.negatives, value)
    )
    return Interval(value, max(0.0, value - reach * error), min(1.0, value + reach * error))


def _log_loss(tally: Tally, reach: float) -> Interval | None:
    losses = np.concatenate([tally.of.loss_if_positive, tally.of.loss_if_negative])
    counts = np.concatenate([tally.positives, tally.negatives])
    if counts.sum() < 2:
        return None
    value = tally.log_loss()
    margin = reach * math.sqrt(_variance_of_mean(losses, counts, value))
    return Interval(value, max(0.0, value - margin), value + margin)


def _variance_of_mean(values: np.ndarray, counts: np.ndarray, mean: float) -> float:
    """Of the mean of ``values`` that came ``counts`` times each, (k,) both; two rows at least."""
    rows = float(counts.sum())
    return float(counts @ (values - mean) ** 2) / (rows - 1) / rows
