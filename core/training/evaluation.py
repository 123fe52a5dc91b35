"""What is measured of a fitted pipeline on the holdout, as one value that can be stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.spec import ProjectSpec
from core.evaluation.curves import calibration_points, pr_points, roc_points
from core.evaluation.importance import Importance, permutation_importance
from core.evaluation.metrics import Metrics, binary_metrics
from core.training.pipeline import probability_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Holdout:
    """A pipeline's figures on the holdout; ``probability`` has shape (n,)."""

    probability: np.ndarray
    metrics: Metrics
    importance: list[Importance]
    curves: dict[str, dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """JSON: metrics, curves and importance, without the rows."""
        return {
            "metrics": self.metrics.as_dict(),
            "confusion": asdict(self.metrics.confusion),
            "importance": [asdict(one) for one in self.importance],
            **self.curves,
        }


def evaluate(
    pipeline: Any, test: pd.DataFrame, spec: ProjectSpec, threshold: float, seed: int
) -> Holdout:
    """Measure a fitted pipeline on raw holdout rows with their target (0 or 1)."""
    raw = test[list(spec.raw_columns)]
    y = test[spec.target.column].to_numpy()
    probability = probability_of(pipeline, raw)
    return Holdout(
        probability=probability,
        metrics=binary_metrics(y, probability, threshold),
        importance=permutation_importance(
            lambda rows: probability_of(pipeline, rows), raw, y, spec.raw_columns, seed=seed
        ),
        curves={
            "roc": roc_points(y, probability).as_dict(),
            "precision_recall": pr_points(y, probability).as_dict(),
            "calibration": calibration_points(y, probability).as_dict(),
        },
    )
