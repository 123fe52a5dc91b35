"""The training rows nearest to one row, and whether training ever was this near."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.columns import as_booleans, as_categories, as_numbers

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

ROWS_MEASURED = 300


@dataclass(frozen=True, eq=False)
class Neighbours:
    """``places`` in the sample, shape (n,), nearest first, with their ``distances``.

    ``typical`` is the median distance of a training row to its own nearest, and ``percentile``
    (0 to 100) how many training rows have a nearer one than this row has; nan without rows.
    """

    places: Array
    distances: Array
    typical: float
    percentile: float


class Space:
    """Training rows as points, kept for many questions.

    The distance is the root mean square over features of: the difference in standard deviations
    for numbers; 0 or 1, same or not, for categories; 1 where one value is missing. Source: the
    heterogeneous Euclidean metric of Wilson & Martinez, "Improved heterogeneous distance
    functions", JAIR 6, 1997, with standard deviations in place of ranges.
    """

    def __init__(self, rows: pd.DataFrame, kinds: Mapping[str, str]) -> None:
        """``rows`` (m, features); ``kinds``: feature to numeric, boolean or categorical."""
        self._kinds = dict(kinds)
        self._codes = {
            name: {
                value: code for code, value in enumerate(dict.fromkeys(as_categories(rows[name])))
            }
            for name, kind in self._kinds.items()
            if kind == "categorical"
        }
        self._columns = {name: self._points(rows, name) for name in self._kinds}
        self._spread = {
            name: _spread(points)
            for name, points in self._columns.items()
            if self._kinds[name] == "numeric"
        }
        self._rows = len(rows)
        self._own = self._own_nearest(rows)

    def nearest(self, row: pd.DataFrame, count: int = 8) -> Neighbours:
        """The nearest training rows to ``row`` (1, features)."""
        distances = self._distances(row)[0]
        places = np.argsort(distances, kind="stable")[:count]
        if not len(self._own) or not len(places):
            return Neighbours(places, distances[places], float("nan"), float("nan"))
        # Half of the equal ones count, as for every percentile here.
        nearer = (self._own < distances[places[0]]).mean()
        equal = (self._own == distances[places[0]]).mean()
        return Neighbours(
            places,
            distances[places],
            float(np.median(self._own)),
            float(100 * (nearer + equal / 2)),
        )

    def _own_nearest(self, rows: pd.DataFrame) -> Array:
        """Distance to the nearest other row for at most 300 of the rows, drawn at random."""
        if self._rows < 2:
            return np.empty(0)
        drawn = np.random.default_rng(0).permutation(self._rows)[:ROWS_MEASURED]
        distances = self._distances(rows.iloc[drawn])
        distances[np.arange(len(drawn)), drawn] = np.inf
        return distances.min(axis=1)

    def _distances(self, rows: pd.DataFrame) -> Array:
        """Shape (len(rows), m)."""
        squared = np.zeros((len(rows), self._rows))
        for name, kind in self._kinds.items():
            given, known = self._points(rows, name)[:, None], self._columns[name][None, :]
            if kind == "numeric":
                part = ((given - known) / self._spread[name]) ** 2
                one, other = np.isnan(given), np.isnan(known)
                squared += np.where(one & other, 0.0, np.where(one | other, 1.0, part))
            else:
                squared += given != known
        return np.sqrt(squared / max(len(self._kinds), 1))

    def _points(self, rows: pd.DataFrame, name: str) -> Array:
        """A column as numbers: nan where missing; categories as codes, -1 for one never met."""
        if self._kinds[name] == "numeric":
            return as_numbers(rows[name])
        if self._kinds[name] == "boolean":
            return np.nan_to_num(as_booleans(rows[name]), nan=-1.0)
        codes = self._codes[name]
        return np.array([codes.get(value, -1) for value in as_categories(rows[name])])


def _spread(values: Array) -> float:
    known = values[~np.isnan(values)]
    spread = float(known.std()) if len(known) else 0.0
    return spread or 1.0
