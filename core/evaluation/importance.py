"""Which raw columns a model lives on: permutation importance (Breiman 2001).

Shuffle one column, so that it keeps its values but loses its tie to the label, and see how far
ROC AUC falls. It needs nothing of the model but its probabilities, and speaks of the columns a
person knows rather than of the features derived from them. Columns that say the same thing
share the fall: each looks less important than the two are together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.evaluation.tally import ScoredLabels, check_labels


@dataclass(frozen=True)
class Importance:
    """Fall in ROC AUC when ``feature`` is shuffled: mean and standard deviation over repeats.

    ``dataclasses.asdict`` and ``Importance(**stored)`` take it to JSON and back.
    """

    feature: str
    mean: float
    std: float


def permutation_importance(
    predict_probability: Callable[[pd.DataFrame], np.ndarray],
    frame: pd.DataFrame,
    y: np.ndarray,
    columns: Sequence[str],
    repeats: int = 5,
    seed: int = 0,
    max_rows: int = 5000,
) -> list[Importance]:
    """Importance of each of ``columns`` on the rows of ``frame`` (n), largest mean first.

    ``predict_probability`` takes a frame like ``frame`` and gives each row's probability
    (rows,), one row independently of another. ``y``: (n,) of 0 and 1. More than ``max_rows``
    rows are sampled. Every column is shuffled by the same permutations, so a figure does not
    depend on which other columns were asked for. ``frame`` is left as it is. Raises
    ValueError where lengths differ, a column is absent or the rows are of one class.
    """
    labels = check_labels(y)
    _check(frame, labels, columns, repeats)
    rng = np.random.default_rng(seed)
    if len(frame) > max_rows:
        kept = np.sort(rng.choice(len(frame), size=max_rows, replace=False))
        frame, labels = frame.iloc[kept], labels[kept]
    n = len(frame)
    baseline = _roc_auc(labels, predict_probability(frame))
    if np.isnan(baseline):
        raise ValueError("Permutation importance needs labelled rows of both classes.")
    shuffled = np.concatenate([rng.permutation(n) for _ in range(repeats)])
    # All repeats of a column in one call: a pipeline's cost per call outweighs that of rows.
    tiled = frame.iloc[np.tile(np.arange(n), repeats)].reset_index(drop=True)
    found = []
    for column in columns:
        changed = tiled.copy(deep=False)
        changed[column] = frame[column].array[shuffled]
        probability = np.asarray(predict_probability(changed)).reshape(repeats, n)
        falls = np.array([baseline - _roc_auc(labels, part) for part in probability])
        found.append(Importance(str(column), float(falls.mean()), float(falls.std())))
    return sorted(found, key=lambda importance: -importance.mean)


def _roc_auc(labels: np.ndarray, probability: np.ndarray) -> float:
    return ScoredLabels.of(labels, probability).tally().roc_auc()


def _check(frame: pd.DataFrame, labels: np.ndarray, columns: Sequence[str], repeats: int) -> None:
    if len(frame) != len(labels):
        raise ValueError(
            f"Rows and labels must match; found {len(frame):,} rows and {len(labels):,} labels."
        )
    absent = [str(column) for column in columns if column not in frame.columns]
    if absent:
        raise ValueError(
            f"The table lacks {', '.join(absent)}; it has {', '.join(map(str, frame.columns))}."
        )
    if repeats < 1:
        raise ValueError(f"At least 1 repeat is needed; found {repeats}.")
