"""ROC, precision-recall and calibration curves as small values that outlive the data.

Each holds plain tuples, at most a few hundred points, and goes to JSON and back unchanged:
stored with a model version, it can be drawn later without the rows it came from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

import numpy as np

from core.evaluation.tally import ScoredLabels, Tally, check_pair

Numbers = tuple[float, ...]


def _to_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_from_json(item) for item in value)
    return math.nan if value is None else value


class _Stored:
    """To JSON and back; nan is None there."""

    def as_dict(self) -> dict[str, Any]:
        """Lists and numbers by field, ready for JSON."""
        return {key: _to_json(value) for key, value in asdict(self).items()}  # type: ignore[call-overload]

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What ``as_dict`` gave; raises ValueError where a field is missing."""
        names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        missing = [name for name in names if name not in stored]
        if missing:
            raise ValueError(f"A stored {cls.__name__} must have {', '.join(missing)}.")
        return cls(**{name: _from_json(stored[name]) for name in names})


@dataclass(frozen=True)
class RocCurve(_Stored):
    """Points from (0, 0) to (1, 1); rows above ``threshold[i]`` are called positive.

    No points and an ``auc`` of nan where there are not rows of both classes.
    """

    fpr: Numbers
    tpr: Numbers
    threshold: Numbers
    auc: float


@dataclass(frozen=True)
class PrCurve(_Stored):
    """Points by rising recall; rows above ``threshold[i]`` are called positive.

    The first, where nothing is called positive, has precision 1 by convention. No points
    where there are no positives. ``base_rate`` is the precision of calling all rows positive.
    """

    recall: Numbers
    precision: Numbers
    threshold: Numbers
    average_precision: float
    base_rate: float


@dataclass(frozen=True)
class Calibration(_Stored):
    """By bin of predicted probability: its mean, the observed share of positives, the rows.

    ``edges`` has one entry more than the others; bins without rows hold nan and count 0.
    """

    mean_predicted: Numbers
    observed: Numbers
    count: tuple[int, ...]
    edges: Numbers

    @property
    def expected_error(self) -> float:
        """Expected calibration error: the mean gap, weighted by rows (Naeini et al. 2015)."""
        rows = sum(self.count)
        bins = zip(self.count, self.mean_predicted, self.observed, strict=True)
        gaps = [count * abs(predicted - seen) for count, predicted, seen in bins if count]
        return sum(gaps) / rows if rows else math.nan


def _numbers(values: np.ndarray) -> Numbers:
    return tuple(float(value) for value in values)


def _descending(tally: Tally) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(false positives, true positives, threshold), each (k + 1,), threshold falling.

    Entry 0 calls nothing positive. "Above t" is strict, so the threshold that lets in the
    rows at one score is the next score down, and the last lies just below the lowest.
    """
    score = tally.of.score[::-1]
    false_positives = np.concatenate([[0.0], np.cumsum(tally.negatives[::-1])])
    true_positives = np.concatenate([[0.0], np.cumsum(tally.positives[::-1])])
    threshold = np.append(score, np.nextafter(score[-1], -1.0))
    return false_positives, true_positives, threshold


def _spread(along: np.ndarray, max_points: int) -> np.ndarray:
    """At most ``max_points`` positions, both ends among them, evenly spread over ``along``."""
    if max_points < 2:
        raise ValueError(f"A curve needs 2 points at least; found max_points={max_points}.")
    if len(along) <= max_points:
        return np.arange(len(along))
    wanted = np.linspace(along[0], along[-1], max_points)
    found = np.searchsorted(along, wanted)
    found[0], found[-1] = 0, len(along) - 1
    return np.unique(found)


def _corners(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Positions where a path turns, both ends among them: the rest lie on straight lines."""
    turns = np.diff(x)[:-1] * np.diff(y)[1:] != np.diff(x)[1:] * np.diff(y)[:-1]
    return np.flatnonzero(np.concatenate([[True], turns, [True]]))


def roc_points(y: np.ndarray, probability: np.ndarray, max_points: int = 400) -> RocCurve:
    """ROC curve of ``probability`` (n,) against labels ``y`` (n,), thinned to ``max_points``.

    ``auc`` is that of all rows, not of the thinned curve. Raises ValueError as
    ``binary_metrics`` does.
    """
    return roc_of(ScoredLabels.of(y, probability).tally(), max_points)


def roc_of(tally: Tally, max_points: int = 400) -> RocCurve:
    """The same curve of rows that were counted already, by score and label."""
    auc = tally.roc_auc()
    if math.isnan(auc):
        return RocCurve((), (), (), auc)
    false_positives, true_positives, threshold = _descending(tally)
    corners = _corners(false_positives, true_positives)
    fpr = (false_positives / false_positives[-1])[corners]
    tpr = (true_positives / true_positives[-1])[corners]
    kept = _spread(fpr + tpr, max_points)
    return RocCurve(
        _numbers(fpr[kept]), _numbers(tpr[kept]), _numbers(threshold[corners][kept]), auc
    )


def pr_points(y: np.ndarray, probability: np.ndarray, max_points: int = 400) -> PrCurve:
    """Precision-recall curve, thinned to ``max_points``; input and errors as ``roc_points``.

    ``average_precision`` is the sum of precision × gain in recall over all scores, without
    interpolation (as in scikit-learn).
    """
    scored = ScoredLabels.of(y, probability)
    labels = scored.cell % 2
    base_rate = float(labels.mean()) if len(scored) else math.nan
    if not labels.any():
        return PrCurve((), (), (), math.nan, base_rate)
    false_positives, true_positives, threshold = _descending(scored.tally())
    recall = true_positives / true_positives[-1]
    precision = np.ones_like(recall)
    precision[1:] = true_positives[1:] / (true_positives[1:] + false_positives[1:])
    average_precision = float(np.diff(recall) @ precision[1:])
    # By recall alone, the tail of negatives after the last positive would have one point.
    kept = _spread(recall + np.arange(len(recall)) / len(recall), max_points)
    return PrCurve(
        _numbers(recall[kept]),
        _numbers(precision[kept]),
        _numbers(threshold[kept]),
        average_precision,
        base_rate,
    )


def calibration_points(
    y: np.ndarray,
    probability: np.ndarray,
    bins: int = 10,
    strategy: Literal["uniform", "quantile"] = "uniform",
) -> Calibration:
    """Reliability of probabilities in ``bins`` bins, of equal width or of equal counts.

    A probability on an edge belongs to the bin below it (as in scikit-learn). Fewer bins
    come back with "quantile" where many rows share a score. Raises ValueError as
    ``binary_metrics`` does.
    """
    if bins < 1:
        raise ValueError(f"At least 1 bin is needed; found {bins}.")
    labels, values = check_pair(y, probability)
    if strategy == "uniform" or not len(values):
        edges = np.linspace(0, 1, bins + 1)
    else:
        edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
        edges = edges if len(edges) > 1 else np.array([0.0, 1.0])
    return _binned(edges, values, np.ones(len(values)), labels)


def calibration_of(tally: Tally, bins: int = 10) -> Calibration:
    """The same, in bins of equal width, of rows that were counted already by score and label."""
    rows = tally.positives + tally.negatives
    return _binned(np.linspace(0, 1, bins + 1), tally.of.score, rows, tally.positives)


def _binned(
    edges: np.ndarray, score: np.ndarray, rows: np.ndarray, positives: np.ndarray
) -> Calibration:
    cells = len(edges) - 1
    place = np.searchsorted(edges[1:-1], score)

    def summed(weights: np.ndarray) -> np.ndarray:
        return np.bincount(place, weights=weights, minlength=cells)

    count = summed(rows)
    known = np.where(count, count, np.nan)
    return Calibration(
        mean_predicted=_numbers(summed(score * rows) / known),
        observed=_numbers(summed(positives) / known),
        count=tuple(int(number) for number in count),
        edges=_numbers(edges),
    )
