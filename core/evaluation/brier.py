"""The Brier score taken apart: what calibration costs, what telling rows apart earns."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from core.evaluation.tally import check_pair


@dataclass(frozen=True)
class BrierParts:
    """Brier = reliability - resolution + uncertainty + within_variance - within_covariance.

    ``reliability`` (lower is better) is what probabilities that do not keep their word cost;
    ``resolution`` (higher is better) what telling rows apart earns; ``uncertainty`` the score of
    always saying the base rate. The last two are left of the spread of probabilities inside a
    bin: without them the parts do not add up unless all rows of a bin share one probability.
    All nan on no rows.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within_variance: float
    within_covariance: float

    @property
    def total(self) -> float:
        """The parts put together again: the Brier score to rounding."""
        return (
            self.reliability
            - self.resolution
            + self.uncertainty
            + self.within_variance
            - self.within_covariance
        )

    @property
    def generalised_resolution(self) -> float:
        """Resolution that hardly depends on the bins: with the terms within bins."""
        return self.resolution - self.within_variance + self.within_covariance

    def as_dict(self) -> dict[str, float | None]:
        """By part, for JSON: nan becomes None."""
        return {key: None if math.isnan(value) else value for key, value in asdict(self).items()}


def brier_parts(y: np.ndarray, probability: np.ndarray, bins: int = 10) -> BrierParts:
    """Take the Brier score of ``probability`` (n,) on ``y`` (n,) apart, by ``bins`` equal widths.

    A. H. Murphy, A new vector partition of the probability score, J. Applied Meteorology 12
    (1973); the terms within bins: D. B. Stephenson, C. A. S. Coelho & I. T. Jolliffe, Two extra
    components in the Brier score decomposition, Weather and Forecasting 23 (2008). A probability
    on an edge belongs to the bin below it, as in ``calibration_points``. Raises ValueError as
    ``binary_metrics`` does.
    """
    if bins < 1:
        raise ValueError(f"At least 1 bin is needed; found {bins}.")
    labels, said = check_pair(y, probability)
    n = len(labels)
    if not n:
        return BrierParts(*[math.nan] * 6)
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], said)
    count = np.bincount(place, minlength=bins)
    rows = np.maximum(count, 1)
    mean_said = np.bincount(place, weights=said, minlength=bins) / rows
    mean_seen = np.bincount(place, weights=labels, minlength=bins) / rows
    base = float(labels.mean())
    off_said, off_seen = said - mean_said[place], labels - mean_seen[place]
    return BrierParts(
        brier=float(np.mean((said - labels) ** 2)),
        reliability=float(count @ (mean_said - mean_seen) ** 2) / n,
        resolution=float(count @ (mean_seen - base) ** 2) / n,
        uncertainty=base * (1 - base),
        within_variance=float(np.mean(off_said**2)),
        within_covariance=2 * float(np.mean(off_said * off_seen)),
    )
