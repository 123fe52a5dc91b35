"""From raw columns to features: the part of Courtside that travels inside every model.

This file and the two beside it are stored with each registered model, so that the model
takes raw columns in an environment that has scikit-learn but not Courtside. They must import
nothing of the project.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from courtside_columns import as_booleans, as_categories, as_numbers
from courtside_expressions import Expression
from sklearn.base import BaseEstimator, TransformerMixin


def encoded_name(feature: str, category: object) -> str:
    """Name of a one-hot column: plain characters only, unique for each category."""
    text = str(category)
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", text)
    suffix = "" if plain == text else f"_{zlib.crc32(text.encode()):08x}"
    return f"{feature}_{plain}{suffix}"


def _refuse_unread(raw: pd.Series, read: np.ndarray, kind: str) -> None:
    """A missing value may be filled in; one that is not what it should be may not."""
    unread = np.isnan(read) & raw.notna().to_numpy(dtype=bool)
    if not unread.any():
        return
    found = raw.to_numpy(dtype=object)[unread]
    wrong = [value for value in found if not (isinstance(value, str) and not value.strip())]
    if wrong:
        wanted = "a finite number" if kind == "numeric" else "true or false"
        raise ValueError(f"Column {raw.name!r} needs {wanted}; found {str(wrong[0])[:60]!r}.")


class RawFeatures(TransformerMixin, BaseEstimator):
    """Turn raw columns into the model's features.

    Parameters
    ----------
    kinds
        Raw column name to "numeric", "boolean" or "categorical".
    derived
        Derived feature name to its expression over numeric and boolean raw columns and the derived
        features before it.
    features
        Names of the features in the order in which the model was trained.

    ``transform`` takes a table that holds the raw columns (in any order, others are ignored) and
    gives one column per feature: float32 for numbers and booleans (nan where missing), text for
    categories.
    """

    def __init__(
        self, kinds: dict[str, str], derived: dict[str, str], features: Sequence[str]
    ) -> None:
        self.kinds = kinds
        self.derived = derived
        self.features = features

    def fit(self, X: pd.DataFrame, y: object = None) -> RawFeatures:
        """Learn nothing; only check that the columns are there."""
        self._require(X)
        self.is_fitted_ = True
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def _require(self, X: pd.DataFrame) -> None:
        missing = [name for name in self.kinds if name not in X.columns]
        if missing:
            raise ValueError(
                f"The model needs the columns {', '.join(self.kinds)}; "
                f"missing: {', '.join(missing)}."
            )

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Features of shape (n, len(features)).

        Raises ValueError where a column is absent, or holds something else than its kind.
        """
        self._require(X)
        numbers: dict[str, np.ndarray] = {}
        columns: dict[str, np.ndarray] = {}
        for name, kind in self.kinds.items():
            if kind == "categorical":
                if name in self.features:
                    columns[name] = as_categories(X[name])
                continue
            read = as_numbers(X[name]) if kind == "numeric" else as_booleans(X[name])
            _refuse_unread(X[name], read, kind)
            numbers[name] = columns[name] = read
        for name, text in self.derived.items():
            numbers[name] = columns[name] = Expression(text).evaluate(numbers)
        return pd.DataFrame(
            {
                name: columns[name]
                if columns[name].dtype == object
                else columns[name].astype(np.float32)
                for name in self.features
            },
            index=X.index,
        )

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        return np.asarray(list(self.features), dtype=object)
