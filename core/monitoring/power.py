"""The smallest shift that a window of this size would show: the power behind a threshold.

A quiet window of 50 rows and one of 50,000 are not equally reassuring. Beside each threshold
stands the shift that would exceed it in four windows of five.

How it is computed: training's own distribution is shifted a little by exponential tilting (value
x gets weight e^(t x): a normal distribution moves as a whole, whole numbers stay whole, nothing
leaves the range), windows are drawn from it, and t is raised by bisection until 80% of them
exceed the threshold; in the direction that is harder to see. A category gains share from all
others alike: the most frequent one, whose gain is hardest to see.
Source: Cohen, Statistical power analysis, 1988 (80%); Siegmund, Ann. Stat. 4, 1976 (tilting).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from core.monitoring.distances import psi
from core.monitoring.features import Array, CategoryFeature, FeatureProfile, NumericFeature
from core.monitoring.thresholds import rounded_down
from core.monitoring.words import number, percent, with_unit

POWER = 0.8
WINDOWS = 400  # ±4 points on the power
STEPS = 14
STEEPEST = 8.0  # a tilt by e^8 a standard deviation leaves the outermost values only


def detectable(feature: FeatureProfile, rows: int, threshold: float) -> str | None:
    """``a mean 1.2 ft higher or lower``; None where no such shift would be seen, or none can be."""
    if isinstance(feature, NumericFeature):
        change = smallest_mean_shift(feature, rows, threshold)
        if change is None:
            return None
        text = with_unit(number(change, (feature.std or change) / 10), feature.unit)
        return f"a mean {text} higher or lower"
    gain = smallest_share_gain(feature, rows, threshold)
    return (
        None if gain is None else f"'{feature.categories[0]}' gaining {percent(gain)} of the rows"
    )


def smallest_mean_shift(feature: NumericFeature, rows: int, threshold: float) -> float | None:
    """Change of the mean, in the feature's unit, that ``rows`` rows show with power 80%."""
    return _mean_shift(feature, rounded_down(rows), threshold)


def smallest_share_gain(feature: CategoryFeature, rows: int, threshold: float) -> float | None:
    """Gain in share of the most frequent category that ``rows`` rows show with power 80%."""
    return _share_gain(feature, rounded_down(rows), threshold)


@lru_cache(maxsize=4096)
def _mean_shift(feature: NumericFeature, rows: int, threshold: float) -> float | None:
    if not feature.std or feature.mean is None:
        return None
    values, weights = np.asarray(feature.values), np.asarray(feature.weights)
    standard = (values - feature.mean) / feature.std
    if not np.isfinite(standard).all():
        return None
    place = np.searchsorted(np.asarray(feature.cuts), values, side="left") + 1
    missing = feature.missing / feature.rows

    def tilted(tilt: float) -> Array:
        log_weight = tilt * standard
        weight: Array = weights * np.exp(log_weight - log_weight.max())
        return weight / weight.sum()

    def shares_at(tilt: float) -> Array:
        inside = np.bincount(place, weights=tilted(tilt), minlength=len(feature.counts))
        shares: Array = inside * (1 - missing)
        shares[-1] = missing
        return shares

    def seen(tilt: float) -> float:
        return min(_power(feature, shares_at(sign * tilt), rows, threshold) for sign in (1.0, -1.0))

    tilt = _smallest(seen, STEEPEST)
    if tilt is None:
        return None
    centre = float(tilted(0.0) @ standard)
    moved = [abs(float(tilted(sign * tilt) @ standard) - centre) for sign in (1.0, -1.0)]
    return max(moved) * feature.std


@lru_cache(maxsize=4096)
def _share_gain(feature: CategoryFeature, rows: int, threshold: float) -> float | None:
    counts = np.asarray(feature.counts, dtype=float)
    if len(feature.categories) < 2 or not counts.sum():
        return None
    before = counts / counts.sum()

    def shares(moved: float) -> Array:
        after: Array = before * (1 - moved)
        after[0] += moved
        return after

    moved = _smallest(lambda part: _power(feature, shares(part), rows, threshold), 1.0)
    return None if moved is None else float(shares(moved)[0] - before[0])


def _power(feature: FeatureProfile, shares: Array, rows: int, threshold: float) -> float:
    """How often a window from ``shares`` exceeds the threshold; the same draws every time."""
    windows = np.random.default_rng(0).multinomial(rows, shares / shares.sum(), size=WINDOWS)
    return float((psi(feature.counts, windows) > threshold).mean())


def _smallest(power_of: Callable[[float], float], most: float) -> float | None:
    """The smallest argument in (0, most] with enough power, by bisection; None if there is none."""
    if power_of(most) < POWER:
        return None
    low, high = 0.0, most
    for _ in range(STEPS):
        middle = (low + high) / 2
        if power_of(middle) < POWER:
            low = middle
        else:
            high = middle
    return high
