"""The charts of one trained model, from the values that its run keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.evaluation import figures
from core.evaluation.curves import Calibration, PrCurve, RocCurve
from core.evaluation.importance import Importance
from core.evaluation.learning import LearningCurve


def figures_of(evaluation: Mapping[str, Any], title: str) -> dict[str, Any]:
    """Plotly figures by name; ``evaluation``: the content of a run's ``evaluation.json``.

    No learning curve of a model that was fitted elsewhere: only a training knows how it was fitted.
    """
    cells = evaluation["confusion"]
    drawn = {
        "roc": figures.roc_figure({title: RocCurve.from_dict(evaluation["roc"])}, title),
        "precision_recall": figures.pr_figure(
            {title: PrCurve.from_dict(evaluation["precision_recall"])}, title
        ),
        "calibration": figures.calibration_figure(
            {title: Calibration.from_dict(evaluation["calibration"])}, title
        ),
        "confusion": figures.confusion_figure(
            [
                [cells["true_negatives"], cells["false_positives"]],
                [cells["false_negatives"], cells["true_positives"]],
            ]
        ),
        "importance": figures.importance_figure(
            [Importance(**one) for one in evaluation["importance"]]
        ),
    }
    if "learning" in evaluation:
        learning = evaluation["learning"]
        drawn["learning_curve"] = figures.learning_figure(
            LearningCurve.from_dict(learning) if learning else None,
            "Too few rows of one class to fit parts of them",
        )
    return drawn
