"""Where one single value lies among the training values."""

from __future__ import annotations

import math

import numpy as np

from core.monitoring.features import NumericFeature

EDGE_PERCENT = 1.0
MIDDLE_PERCENT = 5.0


def percentile_of(feature: NumericFeature, value: float) -> float:
    """Percentile, 0 to 100, of ``value`` in training: those below, and half of those equal.

    Source: mid-rank percentile, scipy.stats.percentileofscore(kind="mean"). nan for a missing
    value or a profile without values.
    """
    if math.isnan(value) or not feature.values:
        return math.nan
    values, weights = np.asarray(feature.values), np.asarray(feature.weights)
    below, equal = weights[values < value].sum(), weights[values == value].sum()
    return float(100 * (below + equal / 2) / weights.sum())


def percentile_words(feature: NumericFeature, value: float) -> str:
    """``beyond every training value``, ``above 97% of training`` …"""
    percentile = percentile_of(feature, value)
    low, high = feature.minimum, feature.maximum
    if math.isnan(percentile) or low is None or high is None:
        return "cannot be placed"
    if value > high:
        return "beyond every training value"
    if value < low:
        return "below every training value"
    if low == high:
        return "the one value that training has"
    if percentile >= 100 - EDGE_PERCENT:
        return "among the highest 1% of training"
    if percentile <= EDGE_PERCENT:
        return "among the lowest 1% of training"
    if abs(percentile - 50) < MIDDLE_PERCENT:
        return "in the middle of training"
    if percentile >= 50:
        return f"above {percentile:.0f}% of training"
    return f"below {100 - percentile:.0f}% of training"
