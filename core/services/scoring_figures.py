"""Charts of scored files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def probabilities(
    probability: np.ndarray, threshold: float, labels: np.ndarray, words: tuple[str, str]
) -> Figure:
    """Rows by probability; by outcome where labels are known. ``words``: positive, negative."""
    from core.evaluation.figures import probability_histogram

    known = bool((~np.isnan(labels)).any())
    return probability_histogram(
        probability, threshold, labels if known else None, (words[1], words[0])
    )


def roc(probability: np.ndarray, labels: np.ndarray, name: str) -> Figure | None:
    """The ROC curve on the labelled rows; None unless both classes occur."""
    from core.evaluation.curves import roc_points
    from core.evaluation.figures import roc_figure

    known = ~np.isnan(labels)
    y = labels[known].astype(np.int8)
    if len(np.unique(y)) < 2:
        return None
    return roc_figure({name: roc_points(y, probability[known])}, name)
