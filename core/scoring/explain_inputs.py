"""What the estimator inside a pipeline sees of a row, and which feature each number comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Inputs:
    """One row and some background rows as the estimator takes them.

    ``row`` has shape (1, c), ``background`` (m, c); ``owner``, shape (c,), is the position of
    each column's feature in ``features``; ``values`` are the row's own, before any encoding.
    """

    estimator: Any
    features: tuple[str, ...]
    values: tuple[Any, ...]
    row: pd.DataFrame
    background: pd.DataFrame
    owner: Array

    def probability(self, frame: pd.DataFrame) -> Array:
        """Probability of the positive class, float64 of shape (n,)."""
        return np.asarray(self.estimator.predict_proba(frame)[:, 1], dtype=np.float64)

    def hybrid(self, masks: Array, rows: Array) -> Array:
        """Answers where the features in ``masks`` (q, k) are the row's, others of ``rows`` (q,)."""
        import pandas as pd

        own = masks[:, self.owner]
        mixed = {
            name: np.where(own[:, place], self.row[name].iloc[0], self.background[name].array[rows])
            for place, name in enumerate(self.row.columns)
        }
        return self.probability(pd.DataFrame(mixed))


def inputs_of(pipeline: Any, row: pd.DataFrame, background: pd.DataFrame) -> Inputs:
    """Take a pipeline apart: ``row`` (1, raw columns), ``background`` (m, raw columns).

    The features are the model's own. A model that is not one of our pipelines is explained on
    the raw columns that it takes.
    """
    steps = getattr(pipeline, "named_steps", {})
    if not {"features", "columns", "classifier"} <= set(steps):
        names = tuple(str(name) for name in row.columns)
        return Inputs(pipeline, names, tuple(row.iloc[0]), row, background, np.arange(len(names)))
    features = steps["features"].transform(row)
    names = tuple(str(name) for name in features.columns)
    columns = steps["columns"]
    # Double precision, so that sums can be checked to the last digits.
    numbers = columns.transform(features).astype(np.float64)
    others = columns.transform(steps["features"].transform(background)).astype(np.float64)
    owner = np.array([names.index(name) for name in _owners(columns)])
    return Inputs(steps["classifier"], names, tuple(features.iloc[0]), numbers, others, owner)


def _owners(columns: Any) -> list[str]:
    """The feature behind each output of the ``ColumnTransformer``: one-hot columns share theirs."""
    found: list[str] = []
    for name, step, taken in columns.transformers_:
        if name == "text" and len(taken):
            for feature, categories in zip(taken, step.categories_, strict=True):
                found += [str(feature)] * len(categories)
        else:
            found += [str(feature) for feature in taken]
    return found
