"""Which rows of the inference log to look at: pure functions, a log frame in, windows out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from core.errors import BadInput
from core.monitoring.distances import psi
from core.monitoring.features import Array
from core.monitoring.profile import ReferenceProfile

TIME_COLUMN = "logged_at"


@dataclass(frozen=True, eq=False)
class Window:
    """Rows of the log, in its order, with a name for people."""

    label: str
    rows: pd.DataFrame


def logged_at(log: pd.DataFrame) -> pd.Series:
    """The log's times as UTC; BadInput where there is no such column or a time is unreadable."""
    if TIME_COLUMN not in log.columns:
        raise BadInput(f"Expected a column {TIME_COLUMN} in the log, found none.")
    return _utc(log[TIME_COLUMN])


def between(
    log: pd.DataFrame, since: str | datetime | None = None, until: str | datetime | None = None
) -> pd.DataFrame:
    """Rows logged at ``since`` or later and before ``until``; without a zone, times are UTC."""
    times = logged_at(log)
    chosen = pd.Series(True, index=log.index)
    if since is not None:
        chosen &= times >= _utc(pd.Series([since])).iloc[0]
    if until is not None:
        chosen &= times < _utc(pd.Series([until])).iloc[0]
    return log[chosen]


def last(log: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The ``rows`` logged last, in the log's order; all of them where there are fewer."""
    _require_positive("rows", rows)
    newest = logged_at(log).to_numpy().argsort(kind="stable")[-rows:]
    return log.iloc[np.sort(newest)]


def by_time(log: pd.DataFrame, every: str = "1D") -> list[Window]:
    """One window per period ("1D", "1h", …) that has rows, the oldest first."""
    starts = logged_at(log).dt.floor(every)
    return [
        Window(f"{start:%Y-%m-%d %H:%M}".removesuffix(" 00:00"), rows)
        for start, rows in log.groupby(starts.to_numpy(), sort=True)
    ]


def by_count(log: pd.DataFrame, rows: int) -> list[Window]:
    """Windows of ``rows`` rows in order of time; the rest, if any, is the last and smaller one."""
    _require_positive("rows", rows)
    ordered = log.iloc[logged_at(log).to_numpy().argsort(kind="stable")]
    return [
        Window(f"rows {start + 1:,} to {min(start + rows, len(log)):,}", ordered[start:][:rows])
        for start in range(0, len(log), rows)
    ]


def by_request(log: pd.DataFrame) -> list[Window]:
    """One window per request, in the order in which they came."""
    return _by_column(log, "request_id")


def by_version(log: pd.DataFrame) -> list[Window]:
    """One window per model version, in the order in which they came."""
    return _by_column(log, "model_version")


class WindowCounts:
    """Bin counts of a growing window: an update costs the new rows only.

    Two of them made with the same profile can be merged: counts of parts add up to the whole's.
    """

    def __init__(self, profile: ReferenceProfile) -> None:
        self._profile = profile
        self._counts: dict[str, Array] = {
            name: np.zeros(len(feature.counts), dtype=np.int64)
            for name, feature in profile.features.items()
        }

    @property
    def rows(self) -> int:
        return int(next(iter(self._counts.values())).sum()) if self._counts else 0

    @property
    def counts(self) -> Mapping[str, tuple[int, ...]]:
        return {name: tuple(counts.tolist()) for name, counts in self._counts.items()}

    def update(self, new_rows: pd.DataFrame) -> None:
        """Count ``new_rows`` too; SchemaError, and nothing counted, where a column is absent."""
        self._profile.require_columns(new_rows)
        for name, feature in self._profile.features.items():
            self._counts[name] += feature.count(new_rows[name])

    def merge(self, other: WindowCounts) -> WindowCounts:
        """A new one that counted the rows of both; BadInput if their bins differ."""
        mine, theirs = self._profile.features, other._profile.features
        if self._profile is not other._profile and dict(mine) != dict(theirs):
            raise BadInput("These counts are against two reference profiles and cannot be merged.")
        merged = WindowCounts(self._profile)
        for name in merged._counts:
            merged._counts[name] = self._counts[name] + other._counts[name]
        return merged

    def psi(self) -> dict[str, float]:
        """PSI of each feature; nan before the first row."""
        return {
            name: psi(feature.counts, self._counts[name])
            for name, feature in self._profile.features.items()
        }


def _by_column(log: pd.DataFrame, column: str) -> list[Window]:
    if column not in log.columns:
        raise BadInput(f"Expected a column {column} in the log, found none.")
    return [Window(str(key), rows) for key, rows in log.groupby(column, sort=False)]


def _utc(values: Any) -> pd.Series:
    try:
        return pd.to_datetime(values, utc=True, format="ISO8601")
    except (ValueError, TypeError) as exc:
        raise BadInput(
            f"Expected times such as 2024-05-01T12:30:00, found one that is not ({exc})."
        ) from exc


def _require_positive(name: str, value: int) -> None:
    if value < 1:
        raise BadInput(f"Expected {name} to be 1 or more, found {value}.")
