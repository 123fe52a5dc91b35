"""Charts of evaluation: values in, Plotly figures out. Drawn here, rendered by the pages.

Titles state the finding, axes carry their units, and where there is nothing to draw the chart
says why. ``numbers_of`` gives back the numbers behind any of them.
"""

from core.evaluation.figure_bars import (
    confusion_figure,
    importance_comparison_figure,
    importance_figure,
    metric_bars,
)
from core.evaluation.figure_curves import calibration_figure, pr_figure, roc_figure
from core.evaluation.figure_learning import learning_figure
from core.evaluation.figure_parts import empty_figure, numbers_of
from core.evaluation.figure_scores import counted_histogram, probability_histogram

__all__ = [
    "calibration_figure",
    "confusion_figure",
    "counted_histogram",
    "empty_figure",
    "importance_comparison_figure",
    "importance_figure",
    "learning_figure",
    "metric_bars",
    "numbers_of",
    "pr_figure",
    "probability_histogram",
    "roc_figure",
]
