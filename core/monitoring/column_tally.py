"""One column of a window in counts: all that its drift needs, piece by piece, in bounded memory.

Tallies keep distinct values with how often each came, so a million rows of whole numbers are a
dozen counts. Of a numeric column with very many distinct values, neighbours are replaced by their
mean: never across a value that the profile knows, so PSI, the Jensen-Shannon distance and the
Kolmogorov-Smirnov statistic stay exact. A group of several values holds a hundred thousandth of the
rows at the most, so each time this happens moves the Wasserstein distance by at most a hundred
thousandth of the values' range (far less, since means keep sums), and a quantile by as small a
share of the rows.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import pandas as pd

from core.monitoring.features import (
    Array,
    CategoryFeature,
    FeatureProfile,
    NumericFeature,
    category_codes,
    numbers,
)

MOST_VALUES = 100_000  # twice as many may wait before they are put together: 3 MB a column
MOST_UNLISTED = 1000
PROBED = 20_000  # enough to see whether values repeat, which says how to count them


class NumericTally:
    """``values``, shape (k,): distinct and ascending, infinities too; ``counts``: of each."""

    def __init__(self, feature: NumericFeature) -> None:
        self.feature = feature
        self.values = np.empty(0)
        self.counts = np.empty(0, dtype=np.int64)
        self.missing = 0

    @property
    def present(self) -> int:
        return int(self.counts.sum())

    @property
    def rows(self) -> int:
        return self.present + self.missing

    def add(self, given: Any) -> None:
        """Count the values of a column, a series or an array; what is no number is missing."""
        found = numbers(given)
        present = found[~np.isnan(found)]
        self.missing += len(found) - len(present)
        if not len(present):
            return
        values, counts = _distinct(present)
        self.values, self.counts = _merged(
            np.concatenate([self.values, values]), np.concatenate([self.counts, counts])
        )
        if len(self.values) > 2 * MOST_VALUES:
            self._thin()

    def binned(self) -> Array:
        """Counts in the profile's bins, shape (len(cuts) + 3,)."""
        places = self.feature.places(self.values)
        binned = np.bincount(places, weights=self.counts, minlength=len(self.feature.counts))
        binned[-1] = self.missing
        return binned.astype(np.int64)

    def quantiles(self, at: Any) -> Array:
        """Inverse of the empirical distribution of the values; IndexError where there are none."""
        rank = np.ceil(np.asarray(at) * self.present).astype(int) - 1
        place = np.searchsorted(np.cumsum(self.counts), np.maximum(rank, 0), side="right")
        return self.values[np.minimum(place, len(self.values) - 1)]

    def share_outside(self, low: float | None, high: float | None) -> float:
        """Share of the present values below ``low`` or above ``high``; 0 without such bounds."""
        if low is None or high is None:
            return 0.0
        outside = (self.values < low) | (self.values > high)
        return float(self.counts[outside].sum() / self.present)

    def _thin(self) -> None:
        feature = self.feature
        known = np.unique([-np.inf, *feature.values, *feature.cuts, *feature.quantiles, np.inf])
        cell = np.searchsorted(known, self.values) + np.searchsorted(known, self.values, "right")
        piece = np.cumsum(self.counts) * MOST_VALUES // self.present
        first = np.flatnonzero(np.concatenate([[True], (np.diff(cell) > 0) | (np.diff(piece) > 0)]))
        last = np.append(first[1:], len(self.values)) - 1
        counts = np.add.reduceat(self.counts, first)
        part = self.counts / np.repeat(counts, last - first + 1)  # before the sum: no overflow
        means = np.add.reduceat(self.values * part, first)
        self.values = np.clip(means, self.values[first], self.values[last])
        self.counts = counts


class CategoryTally:
    """``counts`` in the feature's bins; ``unlisted``: the most frequent names beyond them."""

    def __init__(self, feature: CategoryFeature) -> None:
        self.feature = feature
        self.counts = np.zeros(len(feature.counts), dtype=np.int64)
        self.unlisted: dict[str, int] = {}

    @property
    def rows(self) -> int:
        return int(self.counts.sum())

    def add(self, given: Any) -> None:
        """Count the values of a column, a series or an array."""
        codes, names = category_codes(given, self.feature.kind)
        each = np.bincount(np.where(codes < 0, len(names), codes), minlength=len(names) + 1)
        places = self.feature.places_of(names)
        self.counts += np.bincount(places, weights=each, minlength=len(self.counts)).astype(int)
        for position in np.flatnonzero(places == len(self.feature.categories)):
            name = names[position]
            self.unlisted[name] = self.unlisted.get(name, 0) + int(each[position])
        if len(self.unlisted) > 2 * MOST_UNLISTED:
            kept = heapq.nlargest(MOST_UNLISTED, self.unlisted.items(), key=lambda one: one[1])
            self.unlisted = dict(kept)


ColumnTally = NumericTally | CategoryTally


def empty_tally(feature: FeatureProfile) -> ColumnTally:
    """Of no rows yet."""
    return NumericTally(feature) if isinstance(feature, NumericFeature) else CategoryTally(feature)


def _distinct(present: Array) -> tuple[Array, Array]:
    """Distinct values and how often each came: hashed where values repeat, sorted where not."""
    if len(np.unique(present[:PROBED])) > PROBED // 2:
        ordered = np.sort(present)
        first = _firsts(ordered)
        return ordered[first], np.diff(np.append(first, len(ordered)))
    codes, values = pd.factorize(present)
    order = np.argsort(values)
    return values[order], np.bincount(codes, minlength=len(values))[order]


def _merged(values: Array, counts: Array) -> tuple[Array, Array]:
    order = np.argsort(values, kind="stable")  # linear in two runs that are sorted already
    values, counts = values[order], counts[order]
    first = _firsts(values)
    return values[first], np.add.reduceat(counts, first)


def _firsts(ordered: Array) -> Array:
    """Where each distinct value begins."""
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
