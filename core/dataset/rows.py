"""Rows as whole: which of them repeat an earlier one."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def repeated(frame: pd.DataFrame) -> np.ndarray:
    """Mask of shape (n,) of the rows that equal an earlier row in every column."""
    try:
        return frame.duplicated().to_numpy(dtype=bool)
    except TypeError:
        return frame.apply(hashable).duplicated().to_numpy(dtype=bool)


def hashable(values: pd.Series) -> pd.Series:
    """The column itself, or its spelling where it holds lists or mappings, which have no hash."""
    if values.dtype == object and any(not isinstance(value, Hashable) for value in values):
        return values.map(repr, na_action="ignore")
    return values
