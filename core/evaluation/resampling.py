"""Uncertainty of metrics by the bootstrap (Efron & Tibshirani 1993, chapter 13)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.tally import Confusion, ScoredLabels, check_labels, check_probability

# Rows times resamples of a block: the counts, and what is made of them, stay in the cache.
_BLOCK_CELLS = 500_000


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


@dataclass(frozen=True, eq=False)
class Resampled:
    """Metrics of several models on all rows, and on resamples of them that are the same for all.

    ``metrics`` are keys of METRICS; ``values``: (models, metrics); ``drawn``: (models, metrics,
    resamples); nan where a metric is undefined. ``n`` rows.
    """

    n: int
    metrics: tuple[str, ...]
    values: np.ndarray
    drawn: np.ndarray

    def intervals(self, model: int, level: float = 0.95) -> dict[str, Interval]:
        """The percentile interval of every metric of one model, by key."""
        found = {}
        for place, key in enumerate(self.metrics):
            value = float(self.values[model, place])
            low, high = percentile_interval(self.drawn[model, place], level)
            found[key] = Interval(value, *((value, value) if math.isnan(value) else (low, high)))
        return found


def resample_models(
    y: np.ndarray,
    probabilities: Sequence[np.ndarray],
    thresholds: Sequence[float],
    resamples: int = 1000,
    seed: int = 0,
) -> Resampled:
    """Every metric of every model, on all rows and on the same ``resamples`` draws of them.

    ``y``: (n,) of 0 and 1; ``probabilities``: (n,) for each model, positive above its own of
    ``thresholds``. Rows are drawn without stratification, since the share of positives is
    uncertain too. Raises ValueError on input that ``binary_metrics`` refuses.

    A resample is how often each row was drawn, so all but ROC AUC is a matrix product for a block
    of resamples, and ROC AUC a running sum over rows that were put in order once.
    """
    labels = check_labels(y)
    scored = [ScoredLabels.of(labels, p) for p in probabilities]
    tables = [
        _Rows.of(labels, check_probability(p), threshold)
        for p, threshold in zip(probabilities, thresholds, strict=True)
    ]
    measured = [
        one.tally().measure(threshold) for one, threshold in zip(scored, thresholds, strict=True)
    ]
    keys = tuple(measured[0]) if measured else ()
    values = np.array([list(one.values()) for one in measured]).reshape(len(tables), len(keys))
    if not len(labels):
        return Resampled(0, keys, values, np.full((*values.shape, 0), math.nan))
    blocks = [
        np.array([table.measure(counts, keys) for table in tables])
        for counts in _blocks(len(labels), resamples, seed)
    ]
    drawn = np.concatenate(blocks, axis=2) if tables else np.empty((0, 0, resamples))
    return Resampled(len(labels), keys, values, drawn)


def _blocks(n: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each row was drawn, (n, b): together as many columns as ``resamples``."""
    size = max(1, min(resamples, _BLOCK_CELLS // n))
    waiting: list[np.ndarray] = []
    for place, rows in enumerate(draws(n, resamples, seed)):
        waiting.append(rows)
        if len(waiting) == size or place == resamples - 1:
            b = len(waiting)
            cells = np.array(waiting) * b + np.arange(b)[:, None]
            yield np.bincount(cells.ravel(), minlength=n * b).reshape(n, b).astype(np.float64)
            waiting = []


@dataclass(frozen=True, eq=False)
class _Rows:
    """One model's rows, ready to be weighed.

    ``sums``: (6, n), what each row adds to log loss, Brier score and the four counts.
    ``negatives``: rows of class 0 by rising score; ``positives``: rows of class 1, of which
    ``below`` and ``upto`` negatives lie below and not above.
    """

    sums: np.ndarray
    negatives: np.ndarray
    positives: np.ndarray
    below: np.ndarray
    upto: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray, values: np.ndarray, threshold: float) -> _Rows:
        tiny = np.finfo(np.float64).eps
        inside = np.clip(values, tiny, 1 - tiny)
        positive, called = labels == 1, values > threshold
        loss = np.where(positive, -np.log(inside), -np.log1p(-inside))
        cells = [~called & ~positive, called & ~positive, ~called & positive, called & positive]
        negatives = np.flatnonzero(~positive)
        negatives = negatives[np.argsort(values[negatives], kind="stable")]
        positives, ordered = np.flatnonzero(positive), values[negatives]
        return cls(
            np.array([loss, (values - labels) ** 2, *cells], dtype=np.float64),
            negatives,
            positives,
            np.searchsorted(ordered, values[positives], side="left"),
            np.searchsorted(ordered, values[positives], side="right"),
        )

    def measure(self, counts: np.ndarray, keys: Sequence[str]) -> np.ndarray:
        """(metrics, b) for ``counts`` (n, b), each column a resample."""
        loss, brier, *cells = self.sums @ counts
        n = counts.sum(axis=0)
        known = {"log_loss": loss / n, "brier": brier / n, "roc_auc": self._roc_auc(counts)}
        decisions = [Confusion(*map(round, four)) for four in zip(*cells, strict=True)]
        return np.array(
            [known[k] if k in known else [getattr(one, k) for one in decisions] for k in keys]
        )

    def _roc_auc(self, counts: np.ndarray) -> np.ndarray:
        """Pairs in the right order, ties half, over all pairs; nan with one class: (b,)."""
        passed = np.zeros((len(self.negatives) + 1, counts.shape[1]))
        np.cumsum(counts[self.negatives], axis=0, out=passed[1:])
        weight = counts[self.positives]
        won = np.einsum("ij,ij->j", passed[self.below] + passed[self.upto], weight) / 2
        pairs = weight.sum(axis=0) * passed[-1]
        return np.where(pairs > 0, won / np.where(pairs > 0, pairs, 1), math.nan)


def bootstrap_intervals(
    y: np.ndarray,
    probability: np.ndarray,
    threshold: float = 0.5,
    resamples: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Percentile bootstrap interval of every metric of one model, by key.

    As ``resample_models``; resamples in which a metric is undefined (ROC AUC with one class) are
    left out of that metric's interval. Time grows with n × resamples.
    """
    check_level(level)
    return resample_models(y, [probability], [threshold], resamples, seed).intervals(0, level)
