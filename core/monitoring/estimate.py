"""Performance without labels: confidence-based performance estimation (CBPE), or a refusal.

Idea: a calibrated probability says how often the label is 1, so it stands in for the label that
has not come yet, and every metric follows in expectation. It holds while the relation between
features and label does (covariate shift inside the training's support), and it cannot see a
relation that changed. Where production leaves the support, calibration is extrapolation: then
nothing is estimated, and the reason is given.

Source: NannyML, "Estimation of performance: CBPE"; Kivimäki, Białek, Nurminen & Kuberski,
"Confidence-based estimators for predictive performance in model monitoring", JAIR 82, 2025.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.monitoring.calibration import calibration_rows, calibrator
from core.monitoring.domain import DomainResult, domain_classifier
from core.monitoring.drift import FeatureDrift, feature_drift
from core.monitoring.features import Array
from core.monitoring.profile import ReferenceProfile
from core.monitoring.ranking import metrics_of
from core.monitoring.reference import MIN_CALIBRATION_ROWS, Reference
from core.monitoring.thresholds import MIN_ROWS
from core.monitoring.words import percent

# At 0.9 a held-out row is told apart nine times in ten: hardly any training rows lie where the
# window does, so none of the calibration was learned there.
MAX_DOMAIN_AUC = 0.9
# One row in twenty where the model has never seen anything moves accuracy by up to 5 points,
# more than the drop that anybody would want to detect.
MAX_OUTSIDE_SHARE = 0.05
MAX_ROWS = 20_000  # the interval is ±0.004 there already
DRAWS = 200
COVERAGE = 0.95


@dataclass(frozen=True)
class Interval:
    """A value with the interval in which the realised one lies 95 times of 100."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """``metrics`` is empty if refused; ``reason`` says why, or on what the estimate rests."""

    status: Literal["estimated", "refused"]
    reason: str
    metrics: Mapping[str, Interval] = field(default_factory=dict)


def estimate_performance(
    profile: ReferenceProfile,
    window_frame: pd.DataFrame,
    probability: Any,
    threshold: float = 0.5,
    domain: DomainResult | None = None,
    drift: Sequence[FeatureDrift] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Estimate roc_auc, log_loss, accuracy, precision, recall and f1 at ``threshold``.

    ``probability``, shape (len(window_frame),), are the model's. ``drift`` is computed here
    unless given; so is ``domain``, where the drift does not refuse already. Each draw resamples
    the calibration rows, fits them again and draws labels, so intervals hold the noise of both;
    a metric that is undefined in most draws is left out. Rows without a probability do not count.
    """
    given = np.asarray(probability, dtype=float)
    given = given[np.isfinite(given)]
    if len(given) < MIN_ROWS:
        return Estimate("refused", f"{len(given)} scored rows are too few; {MIN_ROWS} are needed.")
    drift = feature_drift(profile, window_frame) if drift is None else drift
    if domain is None and not _outside_reason(drift, profile.reference):
        domain = domain_classifier(profile, window_frame, seed=seed)
    if reason := _domain_reason(domain, profile.reference) or _outside_reason(
        drift, profile.reference
    ):
        return Estimate("refused", reason)
    generator = np.random.default_rng(seed)
    if len(given) > MAX_ROWS:
        given = generator.choice(given, MAX_ROWS, replace=False)
    scores, labels = calibration_rows(profile)
    if 0 < len(scores) < MIN_CALIBRATION_ROWS:
        return Estimate(
            "refused",
            f"The reference profile has {len(scores)} labelled rows to calibrate with; "
            f"{MIN_CALIBRATION_ROWS} are needed.",
        )
    metrics = _estimated(scores, labels, given, threshold, draws, generator)
    return Estimate("estimated", _basis(len(scores)), metrics)


def _outside_reason(drift: Sequence[FeatureDrift], reference: Reference) -> str:
    outside = [feature for feature in drift if feature.outside_share > MAX_OUTSIDE_SHARE]
    if not outside:
        return ""
    worst = max(outside, key=lambda feature: feature.outside_share)
    unlike = f"{percent(worst.outside_share)} of the values of {worst.name} are unlike any"
    allowed = f"(at most {percent(MAX_OUTSIDE_SHARE)} is allowed)"
    if reference.is_production:
        return (
            f"{unlike} of {reference.data} {allowed}, so nothing shows what its probabilities "
            "are worth there; only labels can tell."
        )
    return (
        f"{unlike} that the model was trained on {allowed}, so its probabilities mean nothing "
        "certain there; only labels can tell."
    )


def _domain_reason(domain: DomainResult | None, reference: Reference) -> str:
    if domain is None:
        return ""
    if domain.roc_auc is None:
        return f"Production cannot be compared with {reference.noun}: {domain.reason}."
    if domain.roc_auc < MAX_DOMAIN_AUC:
        return ""
    names = ", ".join(name for name, share in domain.importances[:3] if share >= 0.1)
    told = f"almost without fail (ROC AUC {domain.roc_auc:.2f}, mostly by {names})"
    if reference.is_production:
        return (
            f"These rows can be told from {reference.data} {told}, so nothing shows what its "
            "probabilities are worth there; only labels can tell."
        )
    return (
        f"These rows can be told from the training rows {told}, so the model has learned nothing "
        "about rows like them; only labels can tell."
    )


def _basis(labelled: int) -> str:
    if labelled:
        return (
            f"Estimated from the model's probabilities, calibrated on {labelled:,} labelled "
            "rows it was not trained on; it assumes that the same inputs still lead to the "
            "same outcomes."
        )
    return (
        "Estimated from the model's probabilities as they are, because the reference profile "
        "has no labels to calibrate them with."
    )


def _estimated(
    scores: Array, labels: Array, given: Array, threshold: float, draws: int, generator: Any
) -> dict[str, Interval]:
    calibrated = calibrator(scores, labels)(given) if len(scores) else given
    values = metrics_of(calibrated, given, threshold)
    sampled: dict[str, list[float]] = {name: [] for name in values}
    for _ in range(draws):
        drawn = calibrated
        if len(scores):
            picked = generator.integers(len(scores), size=len(scores))
            drawn = calibrator(scores[picked], labels[picked])(given)
        outcome = (generator.random(len(given)) < drawn).astype(float)
        for name, value in metrics_of(outcome, given, threshold).items():
            sampled[name].append(value)
    return {
        name: _interval(value, np.array(sampled[name]))
        for name, value in values.items()
        if np.isfinite(value) and np.isfinite(sampled[name]).mean() > 0.5
    }


def _interval(value: float, sampled: Array) -> Interval:
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(sampled[np.isfinite(sampled)], [tail, 1 - tail])
    return Interval(value, float(min(low, value)), float(max(high, value)))
