"""What is measured of a fitted pipeline on the holdout, as one value that can be stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.spec import ProjectSpec
from core.evaluation.curves import calibration_points, pr_points, roc_points
from core.evaluation.importance import Importance, permutation_importance
from core.evaluation.learning import FOLDS, LearningCurve, learning_curve
from core.evaluation.metrics import Metrics, binary_metrics
from core.training.pipeline import probability_of

if TYPE_CHECKING:
    import pandas as pd

# A model that calls so many rows the same tells nothing by its decisions.
_ONE_CLASS = 0.99


@dataclass(frozen=True)
class Holdout:
    """A pipeline's figures on the holdout; ``probability`` has shape (n,)."""

    probability: np.ndarray
    metrics: Metrics
    importance: list[Importance]
    curves: dict[str, dict[str, Any]]

    @property
    def warnings(self) -> list[str]:
        """What makes these figures mean less than they seem to, in words."""
        found = self.metrics.confusion
        positive = found.true_positives + found.false_positives
        actual = found.true_positives + found.false_negatives
        rows = positive + found.true_negatives + found.false_negatives
        for word, decided, true in (
            ("positive", positive, actual),
            ("negative", rows - positive, rows - actual),
        ):
            # Rare as the other class may be: far less of it is called than there is.
            if rows and decided >= _ONE_CLASS * rows and 2 * (rows - decided) < rows - true:
                return [
                    f"It calls {100 * decided / rows:.1f}% of the holdout rows {word}, where "
                    f"{100 * true / rows:.1f}% are: above its threshold of "
                    f"{self.metrics.threshold:.3g} it hardly decides at all, whatever F1 "
                    "or accuracy say."
                ]
        return []

    def as_dict(self) -> dict[str, Any]:
        """JSON: metrics, curves and importance, without the rows."""
        return {
            "metrics": self.metrics.as_dict(),
            "confusion": asdict(self.metrics.confusion),
            "importance": [asdict(one) for one in self.importance],
            **self.curves,
        }


def learned(
    estimator: Any,
    x: pd.DataFrame,
    y: Any,
    seconds: float,
    seed: int,
    workers: int,
    tell: Callable[[int, int], None],
) -> LearningCurve | None:
    """The learning curve of a tuned estimator; None where its rows are too few for one."""
    if np.bincount(np.asarray(y).astype(int), minlength=2).min() < FOLDS:
        return None
    return learning_curve(estimator, x, y, seconds=seconds, seed=seed, workers=workers, tell=tell)


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
