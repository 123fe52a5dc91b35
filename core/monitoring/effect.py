"""Does the drift matter? What the model makes of each feature's drift, by undoing it.

Idea: put one feature back to where it was in training, leave the others as they are, and see how
far the probabilities move. A feature may have moved far and not matter, because the model hardly
looks at it, or little and matter much.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.monitoring.features import Array, FeatureProfile, NumericFeature, numbers
from core.monitoring.profile import ReferenceProfile

if TYPE_CHECKING:
    import pandas as pd

    Predict = Callable[[pd.DataFrame], Array]
else:
    Predict = Callable

MAX_ROWS = 2000  # the mean of |change| is known to about a fiftieth there


@dataclass(frozen=True)
class FeatureEffect:
    """``size``: mean absolute change of the probability; ``direction``: its mean with sign.

    A positive direction: the drift raised the probabilities.
    """

    name: str
    size: float
    direction: float


def drift_effects(
    profile: ReferenceProfile, frame: pd.DataFrame, predict: Predict, seed: int = 0
) -> tuple[FeatureEffect, ...]:
    """One effect per feature of the profile, the largest first; empty without rows.

    Rows to which the model has no answer, and features of which all rows are such, are left out.

    ``predict`` takes a frame with the profile's features in their order and returns
    probabilities, shape (n,). Numbers go back by rank: the window's lowest value becomes
    training's lowest, its median training's median (optimal transport in one dimension,
    Villani 2003, ch. 2). Categories are drawn from training's shares.
    """
    if not len(frame) or not profile.features:
        return ()
    generator = np.random.default_rng(seed)
    window = frame[list(profile.features)]
    if len(window) > MAX_ROWS:
        window = window.iloc[np.sort(generator.choice(len(window), MAX_ROWS, replace=False))]
    now = np.asarray(predict(window), dtype=float)
    found = []
    for name, feature in profile.features.items():
        undone = window.assign(**{name: _as_in_training(feature, window[name], generator)})
        change = now - np.asarray(predict(undone), dtype=float)
        change = change[np.isfinite(change)]  # a model may have no answer to a gap
        if len(change):
            found.append(FeatureEffect(name, float(np.abs(change).mean()), float(change.mean())))
    return tuple(sorted(found, key=lambda one: -one.size))


def _as_in_training(
    feature: FeatureProfile, values: pd.Series, generator: np.random.Generator
) -> Array:
    if isinstance(feature, NumericFeature):
        return _by_rank(feature, numbers(values), generator)
    known = np.asarray(feature.counts[:-2], dtype=float)
    if not known.sum():
        return values.to_numpy()
    drawn = generator.choice(len(known), len(values), p=known / known.sum())
    if feature.kind == "boolean":
        truth = np.array([float(name == "yes") for name in feature.categories])
        return truth[drawn]
    return np.asarray(feature.categories, dtype=object)[drawn]


def _by_rank(feature: NumericFeature, given: Array, generator: np.random.Generator) -> Array:
    if not feature.values:
        return given
    gaps = np.isnan(given)
    if gaps.any():  # missing values are part of the drift: they get a rank by chance
        present = given[~gaps]
        given = given.copy()
        given[gaps] = generator.choice(present, gaps.sum()) if len(present) else 0.0
    # Ties too, or a window of one value would go back to a single one.
    order = np.lexsort((generator.random(len(given)), given))
    rank = np.empty(len(given))
    rank[order] = (np.arange(len(given)) + 0.5) / len(given)
    weights = np.cumsum(feature.weights)
    place = np.searchsorted(weights, rank * weights[-1])
    return np.asarray(feature.values)[np.minimum(place, len(weights) - 1)]
