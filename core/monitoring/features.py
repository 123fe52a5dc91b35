"""The profile of one column: its shape in training, and how new values fall into its bins.

Both kinds share one face: ``name``, ``kind``, ``unit``, ``rows``, ``missing``, ``counts`` (the
reference's), ``count(values)`` (new values in the same bins) and ``expected`` (see thresholds).
Values outside everything seen in training, and missing values, have bins of their own: a window
that leaves the training range, or a column that goes missing, shows in every statistic on bins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

Kind = Literal["numeric", "boolean", "categorical"]
Array = np.ndarray[Any, np.dtype[Any]]

QUANTILE_POINTS = 201  # steps of half a percent: the central 99% has its ends among them
MOST_DISTINCT = 1000  # up to here the whole distribution is kept, beyond it 1,000 quantiles
MOST_CATEGORIES = 200
DECILES = tuple(i / 10 for i in range(1, 10))
_TRUE, _FALSE = {"1", "true", "yes", "t", "y"}, {"0", "false", "no", "f", "n"}


@dataclass(frozen=True)
class NumericFeature:
    """A numeric column. ``quantiles`` are at 0, 0.005, … 1; empty if every value was missing.

    ``cuts`` are right-closed upper edges of the bins, the last one the maximum; ``counts`` are
    [below the minimum, one per cut, above the maximum, missing]. ``values`` with ``weights`` are
    the distribution itself: exact up to 1,000 distinct values, else 1,000 quantiles.
    """

    name: str
    unit: str
    rows: int
    missing: int
    mean: float | None
    std: float | None
    quantiles: tuple[float, ...]
    cuts: tuple[float, ...]
    counts: tuple[int, ...]
    values: tuple[float, ...]
    weights: tuple[float, ...]

    kind: Kind = "numeric"

    @property
    def minimum(self) -> float | None:
        return self.quantiles[0] if self.quantiles else None

    @property
    def maximum(self) -> float | None:
        return self.quantiles[-1] if self.quantiles else None

    def quantile(self, q: float) -> float | None:
        """The stored quantile nearest to ``q`` in [0, 1]."""
        if not self.quantiles:
            return None
        return self.quantiles[round(q * (len(self.quantiles) - 1))]

    @property
    def expected(self) -> tuple[float, ...]:
        """Dirichlet parameters of the bins' true shares, given the reference.

        The shares between the order statistics of a sample are Dirichlet distributed, with one
        part below the smallest and one above the largest (David & Nagaraja, Order Statistics,
        2003, §2.5); half a row stands for missing values never met.
        """
        first, *inner, last, missing = self.counts
        return (first + 1.0, *map(float, inner), last + 1.0, missing + 0.5)

    def count(self, values: pd.Series) -> Array:
        """Counts of ``values`` in the bins, shape (len(cuts) + 3,). Infinities lie outside."""
        return self.count_numbers(numbers(values))

    def count_numbers(self, given: Array) -> Array:
        """The same for a float array with NaN where missing."""
        return np.bincount(self._places(given), minlength=len(self.counts))

    def places(self, values: Any) -> Array:
        """The bin of each value, shape (n,)."""
        return self._places(numbers(values))

    def _places(self, given: Array) -> Array:
        position = 1 + np.searchsorted(np.asarray(self.cuts), given, side="left")
        if self.minimum is not None:
            position[given < self.minimum] = 0
        position[np.isnan(given)] = len(self.counts) - 1
        return position


@dataclass(frozen=True)
class CategoryFeature:
    """A boolean or categorical column: ``counts`` are [one per category, others, missing].

    ``categories`` are the most frequent 200, as text. A value outside them counts as "others",
    which is empty in the reference unless there were more than 200.
    """

    name: str
    kind: Kind
    unit: str
    rows: int
    missing: int
    categories: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def complete(self) -> bool:
        """Whether every training category is listed, so that an unlisted one is new."""
        return self.counts[-2] == 0

    @property
    def expected(self) -> tuple[float, ...]:
        """Dirichlet parameters of the shares, given the reference.

        New categories get the number of categories met once: the chance that the next value is
        new is about that over n (Good, Biometrika 40, 1953). Half a row is added for what was
        never met.
        """
        *listed, others, missing = self.counts
        singletons = sum(count == 1 for count in listed) if self.complete else 0
        return (*map(float, listed), others + singletons + 0.5, missing + 0.5)

    def count(self, values: pd.Series) -> Array:
        """Counts of ``values`` by category, shape (len(categories) + 2,)."""
        return np.bincount(self.places(values), minlength=len(self.counts))

    def places(self, values: pd.Series) -> Array:
        """The bin of each value, shape (n,)."""
        codes, names = category_codes(values, self.kind)
        return self.places_of(names)[codes]

    def places_of(self, names: Sequence[str]) -> Array:
        """The bin of each name, shape (len(names) + 1,); the last is that of a missing value."""
        place = {name: position for position, name in enumerate(self.categories)}
        return np.array([place.get(name, len(place)) for name in names] + [len(place) + 1])


FeatureProfile = NumericFeature | CategoryFeature


def numbers(values: Any) -> Array:
    """Floats with NaN for what is missing or not a number; infinities stay."""
    given = pd.Series(values)
    found = pd.to_numeric(given, errors="coerce").to_numpy(float, na_value=np.nan)
    return np.where(given.isna(), np.nan, found)  # a missing time would be a large number


def category_codes(values: Any, kind: Kind) -> tuple[Array, list[str]]:
    """Codes into ``names`` (-1 for missing) and the names as text.

    1, 1.0 and "1" are one category, whatever type a file gave them; booleans are "yes" and "no".
    """
    codes, uniques = pd.factorize(pd.Series(values), use_na_sentinel=True)
    names = [_name(value, kind) for value in pd.Series(uniques, dtype=object)]
    joined = {name: position for position, name in enumerate(dict.fromkeys(names))}
    lookup = np.array([joined[name] for name in names] + [-1])
    return lookup[codes], list(joined)


def quantiles_of(ordered: Array, at: Any) -> Array:
    """Inverse of the empirical distribution of sorted values: always one of the values."""
    position = np.ceil(np.asarray(at) * len(ordered)).astype(int) - 1
    return ordered[np.clip(position, 0, len(ordered) - 1)]


def numeric_feature(name: str, values: Any, unit: str = "") -> NumericFeature:
    """Profile of a numeric column; infinities count as missing, since training cannot use them."""
    given = numbers(values)
    present = np.sort(given[np.isfinite(given)])
    missing = len(given) - len(present)
    if not len(present):
        return NumericFeature(
            name, unit, len(given), missing, None, None, (), (), (0, 0, missing), (), ()
        )
    cuts = np.unique([*quantiles_of(present, DECILES), present[-1]])
    inner = np.bincount(np.searchsorted(cuts, present, side="left"), minlength=len(cuts))
    support, weights = _support(present)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = finite(present.mean()), finite(present.std())
    return NumericFeature(
        name=name,
        unit=unit,
        rows=len(given),
        missing=missing,
        mean=mean,
        # the same number repeated has a standard deviation of rounding errors: say 0
        std=0.0 if present[0] == present[-1] else std,
        quantiles=tuple(quantiles_of(present, np.linspace(0, 1, QUANTILE_POINTS)).tolist()),
        cuts=tuple(cuts.tolist()),
        counts=(0, *inner.tolist(), 0, missing),
        values=tuple(support.tolist()),
        weights=tuple(weights.tolist()),
    )


def category_feature(name: str, values: Any, kind: Kind, unit: str = "") -> CategoryFeature:
    """Profile of a boolean or categorical column."""
    codes, names = category_codes(values, kind)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    order = sorted(range(len(names)), key=lambda position: (-counts[position], names[position]))
    kept, rest = order[:MOST_CATEGORIES], order[MOST_CATEGORIES:]
    missing = int((codes < 0).sum())
    return CategoryFeature(
        name=name,
        kind=kind,
        unit=unit,
        rows=len(codes),
        missing=missing,
        categories=tuple(names[position] for position in kept),
        counts=(*(int(counts[position]) for position in kept), int(counts[rest].sum()), missing),
    )


def feature_to_dict(feature: FeatureProfile) -> dict[str, Any]:
    """JSON-safe: lists, text, finite numbers and null."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(feature).items()
    }


def feature_from_dict(stored: Mapping[str, Any]) -> FeatureProfile:
    """Inverse of ``feature_to_dict``."""
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
    }
    return NumericFeature(**fields) if fields["kind"] == "numeric" else CategoryFeature(**fields)


def finite(value: float | None) -> float | None:
    """The value as a plain float, or None where it is absent, not a number or infinite."""
    return float(value) if value is not None and np.isfinite(value) else None


def _support(ordered: Array) -> tuple[Array, Array]:
    values, weights = np.unique(ordered, return_counts=True)
    if len(values) <= MOST_DISTINCT:
        return values, weights.astype(float)
    midpoints = (np.arange(MOST_DISTINCT) + 0.5) / MOST_DISTINCT
    return quantiles_of(ordered, midpoints), np.ones(MOST_DISTINCT)


def _name(value: Any, kind: Kind) -> str:
    if isinstance(value, bool | np.bool_) or (
        isinstance(value, float | np.floating) and float(value).is_integer()
    ):
        text = str(int(value))
    else:
        text = str(value)
    if kind == "boolean":
        plain = text.strip().lower().removesuffix(".0")
        return "yes" if plain in _TRUE else "no" if plain in _FALSE else text
    return text
