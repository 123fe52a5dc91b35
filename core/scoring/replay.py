"""Logged rows through another version: what would it have said? Streamed, nothing is logged.

Memory is bounded by a piece of the log, the furthest changed rows that are kept, and 18 bytes for
every row whose label is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.spec import Column, ProjectSpec
from core.dataset.validate import coerce
from core.errors import SchemaError
from core.scoring.predict import score

if TYPE_CHECKING:
    import pandas as pd

BINS = 50
KEPT_CHANGES = 1_000
_ORIGIN = ("logged_at", "prediction_id", "source", "model_version")


@dataclass(frozen=True)
class Which:
    """Which of the logged rows: all that are None or empty leave that side open."""

    since: datetime | None = None
    until: datetime | None = None
    source: str | None = None
    scored_by: str | None = None
    last_rows: int | None = None

    def matches(self, piece: pd.DataFrame) -> np.ndarray:
        """Mask of shape (n,) by source and version; the window is the log's own business."""
        kept = np.ones(len(piece), dtype=bool)
        if self.source:
            kept &= (piece["source"] == self.source).to_numpy(dtype=bool)
        if self.scored_by:
            kept &= (piece["model_version"].astype(str) == self.scored_by).to_numpy(dtype=bool)
        return kept


@dataclass(frozen=True)
class Asked:
    """Logged rows with both answers, then and now; arrays of shape (n,), ``label`` nan unknown."""

    rows: pd.DataFrame
    label: np.ndarray
    probability_then: np.ndarray
    prediction_then: np.ndarray
    probability: np.ndarray
    prediction: np.ndarray

    @property
    def changed(self) -> np.ndarray:
        return self.prediction != self.prediction_then

    def table(self) -> pd.DataFrame:
        """What ``--out`` holds: where the row came from, its inputs, both answers."""
        return self.rows.assign(
            label=self.label,
            logged_probability=self.probability_then,
            logged_prediction=self.prediction_then,
            probability=self.probability,
            prediction=self.prediction,
            changed=self.changed,
        )


@dataclass
class Replayed:
    """What a replay found, added up piece by piece.

    ``skipped``: rows that the version cannot score, by reason. ``counts_then`` and ``counts_now``:
    rows by probability in ``BINS`` equal bins. ``furthest``: the changed rows with the largest
    differences. Shares and means are nan where no row was replayed.
    """

    rows_read: int = 0
    rows: int = 0
    to_positive: int = 0
    to_negative: int = 0
    positives_then: int = 0
    positives_now: int = 0
    largest_difference: float = 0.0
    skipped: dict[str, int] = field(default_factory=dict)
    scored_by: dict[str, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    furthest: pd.DataFrame | None = None
    counts_then: np.ndarray = field(default_factory=lambda: np.zeros(BINS, dtype=np.int64))
    counts_now: np.ndarray = field(default_factory=lambda: np.zeros(BINS, dtype=np.int64))
    _difference: float = 0.0
    _sum_then: float = 0.0
    _sum_now: float = 0.0
    _labelled: list[tuple[np.ndarray, ...]] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return self.to_positive + self.to_negative

    @property
    def agreement(self) -> float:
        """Share of the rows whose decision stays the same."""
        return 1 - self.changed / self.rows if self.rows else np.nan

    @property
    def mean_absolute_difference(self) -> float:
        """Mean of |probability now - probability then|."""
        return self._difference / self.rows if self.rows else np.nan

    @property
    def mean_probability_then(self) -> float:
        return self._sum_then / self.rows if self.rows else np.nan

    @property
    def mean_probability_now(self) -> float:
        return self._sum_now / self.rows if self.rows else np.nan

    def labelled(self) -> tuple[np.ndarray, ...]:
        """Of the rows with a label: label, probability then and now, decision then and now."""
        if not self._labelled:
            return tuple(np.empty(0) for _ in range(5))
        return tuple(np.concatenate(parts) for parts in zip(*self._labelled, strict=True))

    def skip(self, reason: str, rows: int) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + rows

    def add(self, asked: Asked) -> None:
        """Add a piece; rows without any are fine."""
        if not len(asked.rows):
            return
        apart = np.abs(asked.probability - asked.probability_then)
        self.rows += len(asked.rows)
        self.to_positive += int((asked.changed & (asked.prediction == 1)).sum())
        self.to_negative += int((asked.changed & (asked.prediction == 0)).sum())
        self.positives_then += int(asked.prediction_then.sum())
        self.positives_now += int(asked.prediction.sum())
        self._difference += float(apart.sum())
        self._sum_then += float(asked.probability_then.sum())
        self._sum_now += float(asked.probability.sum())
        self.largest_difference = max(self.largest_difference, float(apart.max()))
        self.counts_then += _binned(asked.probability_then)
        self.counts_now += _binned(asked.probability)
        for version, count in asked.rows["model_version"].value_counts().items():
            self.scored_by[str(version)] = self.scored_by.get(str(version), 0) + int(count)
        times = asked.rows["logged_at"]
        self.first = self.first or times.iloc[0].to_pydatetime()
        self.last = times.iloc[-1].to_pydatetime()
        self._keep_labelled(asked)
        self._keep_furthest(asked)

    def _keep_labelled(self, asked: Asked) -> None:
        known = ~np.isnan(asked.label)
        if known.any():
            decisions = (asked.prediction_then[known], asked.prediction[known])
            chances = (asked.probability_then[known], asked.probability[known])
            self._labelled.append((asked.label[known].astype(np.int8), *chances, *decisions))

    def _keep_furthest(self, asked: Asked) -> None:
        import pandas as pd

        if not asked.changed.any():
            return
        fresh = asked.table()[asked.changed].drop(columns="changed")
        fresh = fresh.assign(difference=fresh["probability"] - fresh["logged_probability"])
        known = fresh if self.furthest is None else pd.concat([self.furthest, fresh])
        order = np.argsort(-np.abs(known["difference"].to_numpy()), kind="stable")
        self.furthest = known.iloc[order[:KEPT_CHANGES]].reset_index(drop=True)


def needed_columns(pipeline: Any, spec: ProjectSpec) -> dict[str, str]:
    """Raw columns that a pipeline takes, with their kinds; the project's where it does not tell."""
    steps = [step for _, step in getattr(pipeline, "steps", [])]
    found = next((step.kinds for step in steps if hasattr(step, "kinds")), None)
    return dict(found) if found else dict(spec.kinds)


def ask_again(
    pieces: Iterable[pd.DataFrame],
    which: Which,
    spec: ProjectSpec,
    kinds: Mapping[str, str],
    pipeline: Any,
    threshold: float,
    late: Mapping[str, float],
    found: Replayed,
) -> Iterator[Asked]:
    """Put logged rows through ``pipeline`` piece by piece; everything is added up in ``found``.

    ``kinds``: the raw columns that the pipeline takes. ``late``: prediction id to a label that
    came after logging. Rows that the version cannot score are counted in ``found.skipped``.
    """
    fitting = _spec_for(spec, kinds)
    for piece in pieces:
        rows = piece[which.matches(piece)]
        found.rows_read += len(rows)
        for asked in _asked(rows, fitting, pipeline, threshold, late, found.skip):
            found.add(asked)
            yield asked


def count_matching(pieces: Iterable[pd.DataFrame], which: Which) -> int:
    """How many rows match by source and version."""
    return sum(int(which.matches(piece).sum()) for piece in pieces)


def only_last(
    pieces: Iterable[pd.DataFrame], which: Which, leave_out: int, count: int
) -> Iterator[Any]:
    """``count`` matching rows after the first ``leave_out``; what was logged since is not asked."""
    for piece in pieces:
        rows = piece[which.matches(piece)]
        first = min(leave_out, len(rows))
        leave_out -= first
        kept = rows.iloc[first : first + count]
        count -= len(kept)
        if len(kept):
            yield kept
        if not count:
            return


def _spec_for(spec: ProjectSpec, kinds: Mapping[str, str]) -> ProjectSpec:
    """The project as this version knows it: its own columns, needed values as they are now."""
    return replace(spec, columns=tuple(Column(name, kind) for name, kind in kinds.items()))


def _asked(
    rows: pd.DataFrame,
    spec: ProjectSpec,
    pipeline: Any,
    threshold: float,
    late: Mapping[str, float],
    skip: Callable[[str, int], None],
) -> Iterator[Asked]:
    if rows.empty:
        return
    absent = [name for name in spec.raw_columns if name not in rows.columns]
    if absent:
        skip(f"{', '.join(absent)}: not logged then", len(rows))
        return
    try:
        coerced = coerce(rows, spec, "The inference log")
    except SchemaError as exc:
        skip(str(exc), len(rows))
        return
    usable = coerced.usable
    for reason in coerced.reasons[~usable]:
        skip(str(reason), 1)
    if not usable.any():
        return
    kept = rows[usable]
    now = score(pipeline, coerced.values[usable], threshold)
    inputs = coerced.values[usable]
    yield Asked(
        rows=kept[list(_ORIGIN)].join(inputs),
        label=_labels(kept, late),
        probability_then=kept["probability"].to_numpy(np.float64),
        prediction_then=kept["prediction"].to_numpy(np.int8),
        probability=now.probability,
        prediction=now.prediction,
    )


def _labels(rows: pd.DataFrame, late: Mapping[str, float]) -> np.ndarray:
    label: np.ndarray = rows["label"].to_numpy(dtype=np.float64, na_value=np.nan)
    if late:
        joined = rows["prediction_id"].map(late).to_numpy(dtype=np.float64, na_value=np.nan)
        label = np.where(np.isnan(label), joined, label)
    return label


def _binned(probability: np.ndarray) -> np.ndarray:
    place = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    return np.bincount(place, minlength=BINS)
