"""Uncertainty of metrics by the bootstrap (Efron & Tibshirani 1993, chapter 13)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.evaluation.tally import ScoredLabels


@dataclass(frozen=True)
class Interval:
    """A figure and the interval around it; nan where undefined."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float | None]:
        """For JSON: nan becomes None."""
        pairs = (("value", self.value), ("low", self.low), ("high", self.high))
        return {key: None if math.isnan(number) else number for key, number in pairs}


def check_level(level: float) -> float:
    """Return ``level`` if it lies strictly between 0 and 1; raise ValueError if not."""
    if not 0 < level < 1:
        raise ValueError(f"The level must lie between 0 and 1, such as 0.95; found {level!r}.")
    return level


def draws(n: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """``resamples`` times n row positions drawn with replacement; the same for the same seed."""
    if resamples < 1:
        raise ValueError(f"At least 1 resample is needed; found {resamples}.")
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        yield rng.integers(0, n, size=n)


def percentile_interval(values: np.ndarray, level: float) -> tuple[float, float]:
    """The middle ``level`` of the defined values; nan, nan where none is defined."""
    defined = values[~np.isnan(values)]
    if not defined.size:
        return math.nan, math.nan
    outside = (1 - check_level(level)) / 2
    low, high = np.quantile(defined, [outside, 1 - outside])
    return float(low), float(high)


def bootstrap_intervals(
    y: np.ndarray,
    probability: np.ndarray,
    threshold: float = 0.5,
    resamples: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Percentile bootstrap interval of every metric, by key.

    ``y``: (n,) of 0 and 1; ``probability``: (n,) in [0, 1]. Rows are drawn without
    stratification, since the share of positives is uncertain too; resamples in which a metric
    is undefined (ROC AUC with one class) are left out of that metric's interval. Time grows
    with n × resamples. Raises ValueError on input that ``binary_metrics`` refuses.
    """
    check_level(level)
    scored = ScoredLabels.of(y, probability)
    value = scored.tally().measure(threshold)
    if not len(scored):
        return {key: Interval(math.nan, math.nan, math.nan) for key in value}
    found = [
        list(scored.tally(rows).measure(threshold).values())
        for rows in draws(len(scored), resamples, seed)
    ]
    intervals = {}
    for column, (key, figure) in zip(np.array(found).T, value.items(), strict=True):
        low, high = percentile_interval(column, level)
        defined = not math.isnan(figure)
        intervals[key] = (
            Interval(figure, low, high) if defined else Interval(figure, figure, figure)
        )
    return intervals
