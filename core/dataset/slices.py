"""Parts of a table worth looking at by themselves: categories, quantile ranges, pairs of both.

A slice is defined once, on reference rows, and can be cut from any rows later: training's
quartiles stay training's quartiles in production. Sums over all slices at once are matrix
products, so thousands of pairs cost little more than one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from core.dataset.columns import MISSING, as_booleans, as_categories, as_numbers

if TYPE_CHECKING:
    import pandas as pd

_BLOCK_ROWS = 100_000


@dataclass(frozen=True)
class Condition:
    """What a slice asks of one column.

    Either one ``value`` (text; "true" or "false" of a boolean column), or numbers from ``low``
    up to but not at ``high``, or, with ``missing``, that there is no value. ``kind`` is the
    column's, one of the specification's KINDS.
    """

    column: str
    kind: str
    value: str | None = None
    low: float = -np.inf
    high: float = np.inf
    missing: bool = False

    @property
    def words(self) -> str:
        """E.g. "zone is left", "age from 20 to 35", "age 35 or more"."""
        if self.missing:
            return f"{self.column} missing"
        if self.value is not None:
            return f"{self.column} is {self.value}"
        if np.isinf(self.low) and np.isinf(self.high):
            return f"{self.column} any"
        if np.isinf(self.low):
            return f"{self.column} below {self.high:.6g}"
        if np.isinf(self.high):
            return f"{self.column} {self.low:.6g} or more"
        return f"{self.column} from {self.low:.6g} to {self.high:.6g}"

    def mask(self, frame: pd.DataFrame) -> np.ndarray:
        """Which of the frame's n rows meet it, shape (n,); KeyError where the column is absent."""
        return self.holds(_read(frame[self.column], self.kind))

    def holds(self, values: np.ndarray) -> np.ndarray:
        """``mask`` for values as ``_read`` gives them: floats, or text with MISSING for a gap."""
        if self.kind == "categorical":
            return np.asarray(values == (MISSING if self.missing else self.value), dtype=bool)
        if self.missing:
            return np.isnan(values)
        if self.value is not None:
            return np.asarray(values == (1.0 if self.value == "true" else 0.0))
        return np.asarray((values >= self.low) & (values < self.high))


@dataclass(frozen=True)
class Slice:
    """Rows that meet one condition, or two on different columns."""

    conditions: tuple[Condition, ...]

    @property
    def words(self) -> str:
        return " and ".join(condition.words for condition in self.conditions)

    def mask(self, frame: pd.DataFrame) -> np.ndarray:
        """Which of the frame's n rows lie in it, shape (n,)."""
        found = np.ones(len(frame), dtype=bool)
        for condition in self.conditions:
            found &= condition.mask(frame)
        return found


@dataclass(frozen=True, eq=False)
class Cut:
    """A table's rows by slice. ``rows``: how many lie in each of ``slices``, shape (k,)."""

    slices: tuple[Slice, ...]
    rows: np.ndarray
    _masks: np.ndarray
    _places: np.ndarray

    def __len__(self) -> int:
        return len(self.slices)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of ``values`` (n,), one a row of the table, over each slice: (k,)."""
        return _pair_sums(self._masks, np.asarray(values, dtype=float))[tuple(self._places.T)]

    def mask(self, place: int) -> np.ndarray:
        """The rows of ``slices[place]``, shape (n,)."""
        first, second = self._places[place]
        return np.asarray(self._masks[first] & self._masks[second])


def find_conditions(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    quantiles: int = 4,
    minimum_share: float = 0.05,
) -> tuple[Condition, ...]:
    """Conditions on the columns of ``kinds`` that at least ``minimum_share`` of the rows meet.

    Each category and truth value; for numbers the ``quantiles`` ranges between quantiles, of
    which equal ones fall together; missing values. Raises ValueError on a share outside (0, 1).
    """
    if not 0 < minimum_share < 1:
        raise ValueError(f"The least share of a slice lies between 0 and 1; found {minimum_share}.")
    if quantiles < 2:
        raise ValueError(f"Quantile ranges are at least 2; found {quantiles}.")
    found = []
    for column, kind in kinds.items():
        values = _read(frame[column], kind)
        least = max(minimum_share * len(values), 1)
        for condition in _of_column(column, kind, values, quantiles, least):
            if least <= condition.holds(values).sum() < len(values):
                found.append(condition)
    return tuple(found)


def cut(
    frame: pd.DataFrame,
    conditions: Sequence[Condition],
    minimum_share: float = 0.05,
    pairs: bool = True,
) -> Cut:
    """Cut ``frame`` (n rows) by every condition and, with ``pairs``, by two on different columns.

    Slices with fewer than ``minimum_share`` of the rows are left out, and pairs that hold the
    same rows as one of their parts.
    """
    n = len(frame)
    read = {c.column: _read(frame[c.column], c.kind) for c in conditions}
    masks = np.array([c.holds(read[c.column]) for c in conditions], dtype=bool).reshape(-1, n)
    counts = _pair_sums(masks, np.ones(n))
    least = max(minimum_share * n, 1)
    places = [(place, place) for place in range(len(conditions)) if counts[place, place] >= least]
    if pairs:
        for first, second in combinations(range(len(conditions)), 2):
            rows = counts[first, second]
            whole = min(counts[first, first], counts[second, second])
            other = conditions[first].column != conditions[second].column
            if other and least <= rows < whole:
                places.append((first, second))
    slices = tuple(
        Slice((conditions[a],) if a == b else (conditions[a], conditions[b])) for a, b in places
    )
    listed = np.array(places, dtype=int).reshape(-1, 2)
    return Cut(slices, counts[tuple(listed.T)].astype(int), masks, listed)


def _read(values: pd.Series, kind: str) -> np.ndarray:
    """A column as conditions see it: text with MISSING for a gap, else floats, true being 1."""
    readers = {"categorical": as_categories, "boolean": as_booleans}
    return np.asarray(readers.get(kind, as_numbers)(values))


def _of_column(
    column: str, kind: str, values: np.ndarray, quantiles: int, least: float
) -> tuple[Condition, ...]:
    """What a column can be cut by; of its categories those alone that ``least`` rows hold."""
    gap = Condition(column, kind, missing=True)
    if kind == "categorical":
        names, counts = np.unique(values.astype(str), return_counts=True)
        named = [str(name) for name in names[counts >= least] if name != MISSING]
        return (*(Condition(column, kind, value=name) for name in named), gap)
    if kind == "boolean":
        return (*(Condition(column, kind, value=name) for name in ("true", "false")), gap)
    known = values[np.isfinite(values)]
    if not len(known):
        return (gap,)
    # Values that occur, so that a range can be said in the data's own digits.
    inner = np.quantile(known, np.linspace(0, 1, quantiles + 1)[1:-1], method="higher")
    edges = np.unique(inner[inner > known.min()])
    bounds = [-np.inf, *edges.tolist(), np.inf]
    ranges = (Condition(column, kind, low=low, high=high) for low, high in pairwise(bounds))
    return (*ranges, gap)


def _pair_sums(masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(s, s): the sum of ``values`` over the rows where both masks hold; ``masks`` is (s, n)."""
    total = np.zeros((len(masks), len(masks)))
    for start in range(0, masks.shape[1], _BLOCK_ROWS):
        block = masks[:, start : start + _BLOCK_ROWS].astype(float)
        total += (block * values[start : start + _BLOCK_ROWS]) @ block.T
    return total
