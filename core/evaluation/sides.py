"""Models side by side: all that is shown of each on the same rows, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.brier import BrierParts, brier_parts
from core.evaluation.compare import (
    Judgement,
    PairedDifference,
    compare_roc_auc,
    judge_together,
    paired_difference,
)
from core.evaluation.curves import (
    Calibration,
    PrCurve,
    RocCurve,
    calibration_points,
    pr_points,
    roc_points,
)
from core.evaluation.decisions import DecisionTable, decision_table
from core.evaluation.metrics import METRICS
from core.evaluation.resampling import Interval, Resampled, resample_models

DENSITY_BINS = 50
RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class Side:
    """One model on the common rows.

    ``density``: (2, DENSITY_BINS), rows of class 0 and of class 1 by probability. ``differences``
    and ``judgements``, by metric, are against the champion: empty for itself, or without one.
    """

    metrics: dict[str, Interval]
    brier: BrierParts
    calibration: Calibration
    roc: RocCurve
    precision_recall: PrCurve
    decisions: DecisionTable
    density: np.ndarray
    differences: dict[str, PairedDifference]
    judgements: dict[str, Judgement]


def side_by_side(
    y: np.ndarray,
    probabilities: Sequence[np.ndarray],
    thresholds: Sequence[float],
    champion: int | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Side]:
    """Everything about models with ``probabilities`` (n,) each on labels ``y`` (n,).

    ``champion``: the place of the one the others are compared with. ROC AUC by DeLong, the rest by
    the paired bootstrap, the same resamples for all; each metric's verdicts corrected together
    for the number of challengers (Holm). Raises ValueError as ``binary_metrics`` does.
    """
    resampled = resample_models(y, probabilities, thresholds, resamples, seed)
    against = _against(y, probabilities, champion, resampled)
    judged = _judged(against)
    edges = np.linspace(0, 1, DENSITY_BINS + 1)
    return [
        Side(
            metrics=resampled.intervals(place),
            brier=brier_parts(y, p),
            calibration=calibration_points(y, p),
            roc=roc_points(y, p),
            precision_recall=pr_points(y, p),
            decisions=decision_table(y, p),
            density=np.array([np.histogram(p[y == label], bins=edges)[0] for label in (0, 1)]),
            differences=against.get(place, {}),
            judgements=judged.get(place, {}),
        )
        for place, p in enumerate(probabilities)
    ]


def _against(
    y: np.ndarray, probabilities: Sequence[np.ndarray], champion: int | None, resampled: Resampled
) -> dict[int, dict[str, PairedDifference]]:
    if champion is None:
        return {}
    return {
        place: {
            metric: compare_roc_auc(y, probabilities[champion], p)
            if metric == "roc_auc"
            else paired_difference(resampled, champion, place, metric)
            for metric in METRICS
        }
        for place, p in enumerate(probabilities)
        if place != champion
    }


def _judged(against: dict[int, dict[str, PairedDifference]]) -> dict[int, dict[str, Judgement]]:
    found: dict[int, dict[str, Judgement]] = {place: {} for place in against}
    for metric in METRICS:
        together = judge_together([against[place][metric] for place in against])
        for place, judgement in zip(against, together, strict=True):
            found[place][metric] = judgement
    return found
