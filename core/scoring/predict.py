"""Rows to probabilities and decisions, with one pipeline in this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import IntegrityError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Scored:
    """Probability of the positive class and the decision, each of shape (n,).

    A row is positive where its probability lies strictly above the threshold, as scikit-learn's
    own ``predict`` decides a tie.
    """

    probability: np.ndarray
    prediction: np.ndarray


def score(pipeline: Any, values: pd.DataFrame, threshold: float) -> Scored:
    """Score coerced raw columns; IntegrityError if the model gives something else back."""
    if values.empty:
        return Scored(np.empty(0), np.empty(0, dtype=np.int8))
    answer = np.asarray(pipeline.predict_proba(values))
    if answer.shape != (len(values), 2):
        raise IntegrityError(
            f"The model should give two probabilities for each of {len(values):,} rows; it gave "
            f"an array of shape {answer.shape}."
        )
    return decide(answer[:, 1].astype(np.float64), threshold)


def decide(probability: np.ndarray, threshold: float) -> Scored:
    """Decisions for given probabilities, shape (n,)."""
    return Scored(probability, (probability > threshold).astype(np.int8))
