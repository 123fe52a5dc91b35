"""One row with other values: a model's answers along one column, or over the court."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.placing import Placing

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

POINTS = 61
COURT_X, COURT_Y = np.arange(-25.0, 26.0), np.arange(-5.0, 42.0)


@dataclass(frozen=True, eq=False)
class Curve:
    """Probability, shape (n,), at ``values`` of one column, all others held.

    Source: individual conditional expectation, Goldstein et al., "Peeking inside the black box",
    Journal of Computational and Graphical Statistics 24, 2015.
    """

    column: str
    values: tuple[Any, ...]
    probability: Array


@dataclass(frozen=True, eq=False)
class CourtMap:
    """Probability, shape (len(y), len(x)), where the row's shot is taken at (x, y) feet."""

    x: Array
    y: Array
    probability: Array


def along(low: float, high: float, whole: bool, points: int = POINTS) -> tuple[float, ...]:
    """Values from ``low`` to ``high``: every whole number where they are few, else evenly spread.

    >>> along(1, 4, whole=True)
    (1.0, 2.0, 3.0, 4.0)
    """
    if whole and high - low < points:
        return tuple(np.arange(low, high + 1).tolist())
    return tuple(np.linspace(low, high, points).tolist())


def curve(pipeline: Any, row: pd.DataFrame, column: str, values: tuple[Any, ...]) -> Curve:
    """Ask the model about ``row`` (1, raw columns) with each of ``values`` in ``column``."""
    varied = row.iloc[np.zeros(len(values), dtype=int)].reset_index(drop=True)
    varied = varied.assign(**{column: list(values)})
    return Curve(column, tuple(values), _probability(pipeline, varied))


def over_court(pipeline: Any, row: pd.DataFrame, placing: Placing) -> CourtMap:
    """Ask the model about ``row`` from every foot of the half court."""
    x, y = (grid.ravel() for grid in np.meshgrid(COURT_X, COURT_Y))
    varied = row.iloc[np.zeros(len(x), dtype=int)].reset_index(drop=True)
    varied = varied.assign(**placing.columns_at(x, y))
    shape = (len(COURT_Y), len(COURT_X))
    return CourtMap(COURT_X, COURT_Y, _probability(pipeline, varied).reshape(shape))


def _probability(pipeline: Any, rows: pd.DataFrame) -> Array:
    return np.asarray(pipeline.predict_proba(rows)[:, 1], dtype=np.float64)
