"""From the model's scores to probabilities that come true, by the profile's held-out rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.monitoring.features import Array
from core.monitoring.profile import ReferenceProfile


def calibration_rows(profile: ReferenceProfile) -> tuple[Array, Array]:
    """Probabilities and labels of the sampled rows that have both and were not trained on."""
    usable = ~np.isnan(profile.sample_probability) & ~np.isnan(profile.sample_label)
    return profile.sample_probability[usable], profile.sample_label[usable]


def calibrator(scores: Array, labels: Array) -> Callable[[Array], Array]:
    """Isotonic regression of labels on scores (Zadrozny & Elkan, KDD 2002)."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, labels)
    predict: Callable[[Array], Array] = fitted.predict
    return predict


def calibrated(profile: ReferenceProfile, probability: Array) -> Array:
    """The probabilities, shape (n,), calibrated; as they are where the profile has no labels."""
    scores, labels = calibration_rows(profile)
    return calibrator(scores, labels)(probability) if len(scores) else probability
