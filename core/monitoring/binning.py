"""Bins and thinned points for the charts: computed here, drawn in figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.monitoring.features import Array, NumericFeature, quantiles_of

MOST_POINTS = 2000
MOST_BARS = 40
MOST_STEPS = 500  # beyond it, values with a step look continuous
LARGEST_STEP = 1e300  # beyond it, the range of values overflows
MOST_RANGES = 4  # training keeps at least a ninth of the chart's width


def edges(feature: NumericFeature, given: Array) -> Array:
    """Common edges: whole steps where values have a step, else forty over the range of both.

    They end where training would no longer be seen: what lies further out goes into the
    outermost bar.
    """
    pooled = np.unique(np.concatenate([np.asarray(feature.values), given]))
    if not len(pooled):
        return np.array([0.0, 1.0])
    low, high = _reach(feature, pooled)
    pooled = np.unique(np.clip(pooled, low, high))
    if low == high:
        return np.array([low - 0.5, low + 0.5])
    step = float(np.diff(pooled / 2).min()) * 2
    if 0 < step < LARGEST_STEP and (high / 2 - low / 2) / step <= MOST_STEPS:
        # bars of equally many possible values, or whole numbers would show a comb
        width = step * np.ceil(((high - low) / step + 1) / MOST_BARS)
        return np.arange(low - step / 2, high + width, width)
    return 2 * np.linspace(low / 2, high / 2, MOST_BARS + 1)  # halves: the range may overflow


def _reach(feature: NumericFeature, pooled: Array) -> tuple[float, float]:
    low, high = float(pooled[0]), float(pooled[-1])
    if feature.minimum is None or feature.maximum is None or feature.minimum == feature.maximum:
        return low, high
    with np.errstate(over="ignore"):
        extra = MOST_RANGES * np.subtract(feature.maximum, feature.minimum)
        return (
            max(low, float(feature.minimum - extra)),
            min(high, float(feature.maximum + extra)),
        )


def further_out(edges: Array, given: Array) -> str:
    """What to say on the axis if some of ``given`` lie outside the edges; else nothing."""
    beyond = bool(((given < edges[0]) | (given > edges[-1])).any())
    return "; the outermost bar holds what lies further out" if beyond else ""


def shares(edges: Array, values: Any, weights: Any = None) -> Array:
    """Share of ``values`` in each bar, shape (len(edges) - 1,); the outermost take the rest."""
    given = np.asarray(values, dtype=float)
    mass = np.ones(len(given)) if weights is None else np.asarray(weights, dtype=float)
    place = np.clip(np.searchsorted(edges, given, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(place, weights=mass, minlength=len(edges) - 1)
    return counts / max(counts.sum(), 1.0)


def spread(values: Any, weights: Any = None) -> Array:
    """At most 2,000 points with the same distribution: its own values, or its quantiles."""
    given = np.asarray(values, dtype=float)
    order = np.argsort(given, kind="stable")
    if weights is None:
        if len(given) <= MOST_POINTS:
            return given[order]
        return quantiles_of(given[order], (np.arange(MOST_POINTS) + 0.5) / MOST_POINTS)
    if not len(given):
        return given
    reached = np.cumsum(np.asarray(weights)[order])
    at = (np.arange(MOST_POINTS) + 0.5) / MOST_POINTS * reached[-1]
    return given[order][np.searchsorted(reached, at)]
