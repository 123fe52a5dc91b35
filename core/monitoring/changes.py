"""What changed in a feature, in its own unit and in words."""

from __future__ import annotations

import numpy as np

from core.monitoring.column_tally import CategoryTally, NumericTally
from core.monitoring.features import NumericFeature
from core.monitoring.reference import TRAINING, Reference
from core.monitoring.thresholds import MIN_ROWS
from core.monitoring.words import number, percent, with_unit

NO_CHANGE = "no change to speak of"
TELLING_SHIFT = 0.25  # of a standard deviation: a median that moved less is not the story
TELLING_SHARE = 0.05
TELLING_MISSING = 0.02


def too_few(rows: int) -> str:
    """Why nothing is said."""
    if rows >= MIN_ROWS:
        return "cannot be judged: the reference profile has no values of it"
    return f"too few rows to judge ({rows} of at least {MIN_ROWS})"


def numeric_change(tally: NumericTally, drifted: bool, reference: Reference = TRAINING) -> str:
    """``median 12 → 25 ft; 94% lie beyond 99% of training's values``."""
    if not drifted:
        return NO_CHANGE
    feature = tally.feature
    parts = [_missing_change(feature.missing / feature.rows, tally.missing / tally.rows)]
    if tally.present and feature.minimum is not None:
        parts += [_moved(feature, tally), _outside(feature, tally, reference)]
    return "; ".join(filter(None, parts)) or "its distribution changed"


def category_change(tally: CategoryTally, drifted: bool, reference: Reference = TRAINING) -> str:
    """``'x': 3% → 41%``; the category whose share changed most, and a new one by its name."""
    if not drifted:
        return NO_CHANGE
    feature, counts = tally.feature, tally.counts
    present, known = counts[:-1].sum(), sum(feature.counts[:-1])
    parts = [_missing_change(feature.missing / feature.rows, counts[-1] / counts.sum())]
    if present and known:
        before, after = np.array(feature.counts[:-2]) / known, counts[:-2] / present
        most = int(np.abs(after - before).argmax()) if len(before) else None
        new = counts[-2] / present if feature.complete else 0.0
        if most is not None and (gap := abs(after[most] - before[most])) > 0 and gap >= new / 2:
            share = f"{percent(before[most])} → {percent(after[most])}"
            parts.append(f"'{feature.categories[most]}': {share}")
        if new > 0:
            parts.append(_new_categories(tally, new, reference))
    return "; ".join(filter(None, parts)) or "its distribution changed"


def _missing_change(before: float, after: float) -> str:
    if abs(after - before) < TELLING_MISSING:
        return ""
    return f"missing {percent(before)} → {percent(after)}"


def _moved(feature: NumericFeature, tally: NumericTally) -> str:
    spread = feature.std or 0.0
    before, after = feature.quantile(0.5) or 0.0, float(tally.quantiles(0.5))
    if before != after and abs(after / 2 - before / 2) >= TELLING_SHIFT * spread / 2:
        text = f"median {number(before, spread)} → {number(after, spread)}"
        return with_unit(text, feature.unit)
    old = [feature.quantile(0.1), feature.quantile(0.9)]
    new = [float(value) for value in tally.quantiles([0.1, 0.9])]
    if old == new:
        return ""
    low, high = (number(value, spread) for value in old)
    new_low, new_high = (number(value, spread) for value in new)
    if (low, high) == (new_low, new_high):
        return ""
    text = f"middle 80% from {low} to {high} → from {new_low} to {new_high}"
    return with_unit(text, feature.unit)


def _outside(feature: NumericFeature, tally: NumericTally, reference: Reference) -> str:
    outside = tally.share_outside(feature.minimum, feature.maximum)
    if outside >= TELLING_SHARE:
        these = "all" if outside == 1 else percent(outside)
        return f"{these} of these lie beyond all {reference.kind} values"
    unusual = tally.share_outside(feature.quantile(0.005), feature.quantile(0.995))
    if unusual >= TELLING_SHARE:
        return f"{percent(unusual)} lie outside {reference.noun}'s central 99%"
    return ""


def _new_categories(tally: CategoryTally, share: float, reference: Reference) -> str:
    _, example = max((count, name) for name, count in tally.unlisted.items())
    return f"{percent(share)} in categories {reference.noun} never had, such as '{example}'"
