"""What can be said of the rows of one scored file: counted piece by piece, kept as small values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.dataset.values import by_distinct
from core.evaluation.curves import Calibration, RocCurve, calibration_of, roc_of
from core.evaluation.metrics import metrics_of
from core.evaluation.running import RunningScores, ScoreCounts
from core.evaluation.spread import intervals_of
from core.scoring.job import Model, ScoredPiece


@dataclass(frozen=True)
class TrainingRange:
    """What training had of a column: from ``low`` to ``high``, or these ``categories``."""

    low: float | None = None
    high: float | None = None
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OutOfRange:
    """Rows of a file whose value of a column training never had, and their share of those known."""

    column: str
    below: int
    above: int
    unseen: int
    known: int

    @property
    def rows(self) -> int:
        return self.below + self.above + self.unseen

    @property
    def share(self) -> float:
        return self.rows / self.known if self.known else 0.0


@dataclass(frozen=True)
class Findings:
    """Figures of the first model's predictions, and every model's metrics on labelled rows.

    ``histogram``: rows by bin of the probability and outcome; ``above``: rows predicted positive;
    ``roc`` and ``calibration`` are None without labelled rows of both classes. ``metrics`` by
    version, None without labels. ``roc_auc_error``: the most by which merging scores can have moved
    the ROC AUC. ``intervals``: the first model's metrics as {value, low, high}, 95%; an older
    result has none.
    """

    rows: int
    labelled: int
    above: int
    threshold: float
    histogram: dict[str, list[int]]
    roc: RocCurve | None
    calibration: Calibration | None
    metrics: dict[str, dict[str, float | None] | None]
    out_of_range: tuple[OutOfRange, ...] = ()
    roc_auc_error: float = 0.0
    intervals: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        curves = {
            "roc": self.roc.as_dict() if self.roc else None,
            "calibration": self.calibration.as_dict() if self.calibration else None,
            "out_of_range": [asdict(one) for one in self.out_of_range],
        }
        return {**vars(self), **curves}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Findings:
        """What ``as_dict`` gave."""
        roc, calibration = stored["roc"], stored["calibration"]
        return cls(
            **{
                **stored,
                "roc": RocCurve.from_dict(roc) if roc else None,
                "calibration": Calibration.from_dict(calibration) if calibration else None,
                "out_of_range": tuple(OutOfRange(**one) for one in stored["out_of_range"]),
            }
        )


@dataclass
class Watcher:
    """Sees every scored piece; ``findings`` at the end."""

    models: Sequence[Model]
    ranges: Mapping[str, TrainingRange] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scores = {m.version: RunningScores([m.threshold]) for m in self.models}
        self._outside = {name: np.zeros(4, dtype=np.int64) for name in self.ranges}

    def __call__(self, piece: ScoredPiece) -> None:
        for version, scored in piece.scored.items():
            self._scores[version].add(scored.probability, piece.labels)
        for name, seen in self.ranges.items():
            self._outside[name] += _outside(piece.values[name].to_numpy(), seen)

    def findings(self) -> Findings:
        """What was seen so far."""
        counts = {m.version: self._scores[m.version].counts() for m in self.models}
        first = self.models[0]
        scores = counts[first.version]
        both = bool(scores.positives.any() and scores.negatives.any())
        return Findings(
            rows=scores.rows,
            labelled=scores.labelled,
            above=scores.above(first.threshold),
            threshold=first.threshold,
            histogram=scores.histogram(),
            roc=roc_of(scores.tally()) if both else None,
            calibration=calibration_of(scores.tally()) if both else None,
            metrics={m.version: _metrics(counts[m.version], m.threshold) for m in self.models},
            out_of_range=tuple(
                OutOfRange(name, *map(int, found)) for name, found in self._outside.items()
            ),
            roc_auc_error=scores.roc_auc_error,
            intervals={
                name: one.as_dict()
                for name, one in intervals_of(scores.tally(), first.threshold).items()
            },
        )


def _metrics(counts: ScoreCounts, threshold: float) -> dict[str, float | None] | None:
    return metrics_of(counts.tally(), threshold).as_dict() if counts.labelled else None


def _outside(values: np.ndarray, seen: TrainingRange) -> np.ndarray:
    """(below, above, unseen, known) of one column's values, shape (4,)."""
    if values.dtype == object:
        import pyarrow as pa

        text = pa.chunked_array([pa.array(values, pa.string())])
        places, distinct = by_distinct(text)
        strange = np.array([v is not None and v not in seen.categories for v in distinct])
        known = np.array([v is not None for v in distinct])
        return np.array([0, 0, strange[places].sum(), known[places].sum()])
    known_rows = int((~np.isnan(values)).sum())
    below = 0 if seen.low is None else int((values < seen.low).sum())
    above = 0 if seen.high is None else int((values > seen.high).sum())
    return np.array([below, above, 0, known_rows])
