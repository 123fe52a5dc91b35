"""Where the drift sits, and where performance is lost: the fewest slices that explain most of it.

A slice is one category, or a range of neighbouring bins of the reference profile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from core.listing import listed
from core.monitoring.calibration import calibrated
from core.monitoring.distances import psi_terms
from core.monitoring.drift import FeatureDrift, most_drifted
from core.monitoring.features import Array, FeatureProfile, NumericFeature
from core.monitoring.profile import ReferenceProfile
from core.monitoring.ranking import row_log_loss
from core.monitoring.thresholds import MIN_ROWS
from core.monitoring.words import number, percent, with_unit

if TYPE_CHECKING:
    import pandas as pd

MOST = 0.8  # of the drift or the loss: the rest is detail
TELLING_LOSS = 0.005  # log loss: below it nothing is lost that anybody would notice
MOST_FEATURES = 3
Z_95 = 1.96

Measure = Literal["psi", "estimated log loss", "realised log loss"]


@dataclass(frozen=True)
class Slice:
    """``part`` is explained by rows that are ``words``; shares are of all rows.

    ``loss`` is the mean log loss inside it, None where drift is explained.
    """

    words: str
    reference_share: float
    window_share: float
    part: float
    loss: float | None = None


@dataclass(frozen=True)
class FeatureSlices:
    """The fewest slices by one feature that explain at least 80% of ``total``, largest first."""

    feature: str
    measure: Measure
    total: float
    slices: tuple[Slice, ...]
    sentence: str


def drift_slices(
    profile: ReferenceProfile, drift: Sequence[FeatureDrift], counts: Mapping[str, Array]
) -> tuple[FeatureSlices, ...]:
    """Of each drifted feature, those that moved most first: which of its ranges make up the PSI.

    ``counts``: the window's rows in the bins of each feature.
    The index is a sum over bins, so each bin has a term in it. Neighbouring bins that moved the
    same way are one range. What one range gained, others lost, so only the ranges that gained are
    told: ``part`` is of their terms.
    """
    return tuple(
        _drift_of(profile.features[one.name], counts[one.name]) for one in most_drifted(drift)
    )


def loss_slices(
    profile: ReferenceProfile,
    frame: pd.DataFrame,
    probability: Array,
    label: Array,
    estimated: bool,
) -> tuple[FeatureSlices, ...]:
    """The features by which lost performance is most concentrated: at most three.

    A row loses -ln(probability given to its outcome); where labels have not come, the calibrated
    probability stands in for the outcome (see estimate), if ``estimated`` says that it may. What
    is explained is the loss above the mean of the training's own held-out rows: a slice of share
    q and mean loss L holds q (L - mean) of it. Empty where too few rows are known or nothing is
    lost beyond chance. Shapes: ``probability`` and ``label`` (nan unknown) are (len(frame),).
    """
    found = _row_losses(profile, probability, label, estimated)
    before = _reference_losses(profile)
    if found is None or before is None:
        return ()
    losses, known, measure = found
    reference = float(before.mean())
    total = float(losses.mean()) - reference
    by_chance = Z_95 * float(np.sqrt(losses.var() / len(losses) + before.var() / len(before)))
    if total < max(TELLING_LOSS, by_chance):
        return ()
    rows = frame[known]
    all_of_them = [
        one
        for feature in profile.features.values()
        if (one := _loss_of(feature, rows, losses, reference, total, measure)) is not None
    ]
    all_of_them.sort(key=lambda one: sum(part.window_share for part in one.slices))
    return tuple(all_of_them[:MOST_FEATURES])


def range_words(feature: FeatureProfile, first: int, last: int) -> str:
    """Bins ``first`` to ``last`` of a feature as a person would say them: ``above 22 ft``."""
    final = len(feature.counts) - 1
    if first == final:
        return "missing"
    if not isinstance(feature, NumericFeature):
        known = first < len(feature.categories)
        rest = "new" if feature.complete else "rare or new"
        return f"'{feature.categories[first]}'" if known else rest
    if not feature.cuts:
        return "not missing"
    edges = (feature.minimum, *feature.cuts)

    def text(value: float | None) -> str:
        return with_unit(number(value, feature.std), feature.unit)

    if last == 0:
        return f"below {text(edges[0])}"
    if first > len(feature.cuts):
        return f"above {text(edges[-1])}"
    if last > len(feature.cuts):
        return f"above {text(edges[first - 1])}" if first > 1 else "any value"
    if first <= 1:
        return f"up to {text(edges[last])}"
    if number(edges[first - 1], feature.std) == number(edges[last], feature.std):
        return f"about {text(edges[last])}"
    return f"above {number(edges[first - 1], feature.std)} up to {text(edges[last])}"


def _drift_of(feature: FeatureProfile, actual: Array) -> FeatureSlices:
    expected = np.asarray(feature.counts)
    terms = psi_terms(expected, actual)
    before, after = expected / expected.sum(), actual / actual.sum()
    ranges = _ranges(feature, np.sign(after - before))
    gained = terms[after > before].sum()
    parts = [
        Slice(
            range_words(feature, first, last),
            float(before[first : last + 1].sum()),
            float(after[first : last + 1].sum()),
            float(terms[first : last + 1].sum() / gained),
        )
        for first, last in ranges
        if after[first] > before[first]
    ]
    kept = _fewest(parts)
    told = listed(
        [f"{s.words} ({percent(s.reference_share)} → {percent(s.window_share)})" for s in kept]
    )
    sentence = f"The drift in {feature.name} sits where it is {told}."
    return FeatureSlices(feature.name, "psi", float(terms.sum()), kept, sentence)


def _loss_of(
    feature: FeatureProfile,
    frame: pd.DataFrame,
    losses: Array,
    reference: float,
    total: float,
    measure: Measure,
) -> FeatureSlices | None:
    place = feature.places(frame[feature.name])
    bins = len(feature.counts)
    rows = np.bincount(place, minlength=bins)
    excess = np.bincount(place, weights=losses - reference, minlength=bins)
    # A bin of a few rows has a loss by luck.
    direction = np.where(rows >= MIN_ROWS, np.sign(excess), 0.0)
    lost = excess[direction > 0].sum()
    if lost <= 0:
        return None
    before = np.asarray(feature.counts) / max(sum(feature.counts), 1)
    parts = []
    for first, last in _ranges(feature, direction):
        if direction[first] <= 0:
            continue
        inside = slice(first, last + 1)
        count = rows[inside].sum()
        parts.append(
            Slice(
                range_words(feature, first, last),
                float(before[inside].sum()),
                float(count / len(losses)),
                float(excess[inside].sum() / lost),
                float(reference + excess[inside].sum() / count),
            )
        )
    kept = _fewest(parts)
    told = listed([f"{s.words} ({percent(s.window_share)} of the rows)" for s in kept])
    sentence = f"By {feature.name}, {_share(kept)} of the lost log loss lies where it is {told}."
    return FeatureSlices(feature.name, measure, total, kept, sentence)


def _row_losses(
    profile: ReferenceProfile, probability: Array, label: Array, estimated: bool
) -> tuple[Array, Array, Measure] | None:
    """Loss per row, which rows those are, and whether the labels are real."""
    scored = np.isfinite(probability)
    known = scored & ~np.isnan(label)
    if known.sum() >= MIN_ROWS:
        return row_log_loss(label[known], probability[known]), known, "realised log loss"
    if estimated and scored.sum() >= MIN_ROWS:
        expected = calibrated(profile, probability[scored])
        return row_log_loss(expected, probability[scored]), scored, "estimated log loss"
    return None


def _reference_losses(profile: ReferenceProfile) -> Array | None:
    label, probability = profile.sample_label, profile.sample_probability
    known = ~np.isnan(label) & ~np.isnan(probability)
    if known.sum() < MIN_ROWS:
        return None
    return row_log_loss(label[known], probability[known])


def _ranges(feature: FeatureProfile, direction: Array) -> list[tuple[int, int]]:
    """Bins as ranges (first, last): neighbours of a number that go the same way are together."""
    final = len(direction) - 1
    if not isinstance(feature, NumericFeature):
        return [(place, place) for place in range(final + 1)]
    found: list[tuple[int, int]] = []
    for place in range(final):
        if found and direction[place] == direction[found[-1][0]]:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return [*found, (final, final)]


def _fewest(parts: Sequence[Slice]) -> tuple[Slice, ...]:
    """The largest parts, until they make up 80%."""
    kept: list[Slice] = []
    for part in sorted(parts, key=lambda one: -one.part):
        if sum(one.part for one in kept) >= MOST or part.part <= 0:
            break
        kept.append(part)
    return tuple(kept)


def _share(kept: Sequence[Slice]) -> str:
    return percent(min(sum(one.part for one in kept), 1.0))
