"""Scores of any number of rows in bounded memory: how often each score came, by outcome.

As long as the distinct scores fit, nothing is lost. Beyond that, neighbouring scores are merged,
never across a bound (a decision threshold, a bin's edge): counts, confusion, histogram and
calibration stay exact, and the error of the ROC AUC is known: within a merged score the order of
positives and negatives is lost, and those pairs count half (``roc_auc_error``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.tally import ScoredLabels, Tally

MOST_SCORES = 500_000
BINS = 50
EDGES = np.linspace(0.0, 1.0, BINS + 1)


@dataclass(frozen=True, eq=False)
class ScoreCounts:
    """Rows by distinct score (k,), ascending: with label 0, with label 1, and without a label.

    ``roc_auc_error``: the most by which the ROC AUC of these counts can be off; 0 if exact.
    """

    score: np.ndarray
    negatives: np.ndarray
    positives: np.ndarray
    unknown: np.ndarray
    roc_auc_error: float = 0.0

    @property
    def rows(self) -> int:
        return int(self.negatives.sum() + self.positives.sum() + self.unknown.sum())

    @property
    def labelled(self) -> int:
        return int(self.negatives.sum() + self.positives.sum())

    def tally(self) -> Tally:
        """The labelled rows, for every metric and curve."""
        seen = (self.negatives + self.positives) > 0
        table = ScoredLabels.without_rows(self.score[seen])
        return Tally(
            table,
            negatives=self.negatives[seen].astype(np.float64),
            positives=self.positives[seen].astype(np.float64),
        )

    def above(self, threshold: float) -> int:
        """Rows whose score lies strictly above a threshold that is one of the bounds."""
        first = int(np.searchsorted(self.score, threshold, side="right"))
        return int(sum(c[first:].sum() for c in (self.negatives, self.positives, self.unknown)))

    def histogram(self) -> dict[str, list[int]]:
        """Rows in ``BINS`` equal bins of the score, by outcome; the last bin holds 1.0 too."""
        place = np.clip(np.searchsorted(EDGES, self.score, side="right") - 1, 0, BINS - 1)
        return {
            name: np.bincount(place, weights=counts, minlength=BINS).astype(int).tolist()
            for name, counts in (
                ("positive", self.positives),
                ("negative", self.negatives),
                ("unknown", self.unknown),
            )
        }


class RunningScores:
    """Adds up scores and labels piece by piece; ``counts`` at any time."""

    def __init__(self, bounds: Sequence[float] = (), most_scores: int = MOST_SCORES) -> None:
        self._bounds = np.unique(np.concatenate([EDGES, np.asarray(bounds, dtype=np.float64)]))
        self._most = most_scores
        self._score = np.empty(0)
        self._counts = np.empty((3, 0), dtype=np.int64)
        self._lost_pairs = 0.0
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []
        self._rows_waiting = 0

    def add(self, probability: np.ndarray, label: np.ndarray) -> None:
        """Rows with their scores in 0 to 1 and their labels 0, 1 or nan; both of shape (n,)."""
        outcome = np.where(np.isnan(label), 2, label).astype(np.int8)
        self._waiting.append((np.asarray(probability, dtype=np.float64), outcome))
        self._rows_waiting += len(outcome)
        if self._rows_waiting >= self._most:
            self._take_in()

    def counts(self) -> ScoreCounts:
        """All rows so far."""
        self._take_in()
        negatives, positives, unknown = self._counts
        pairs = float(negatives.sum()) * float(positives.sum())
        error = self._lost_pairs / pairs if pairs else 0.0
        return ScoreCounts(self._score, negatives, positives, unknown, error)

    def _take_in(self) -> None:
        if not self._waiting:
            return
        fresh = np.concatenate([score for score, _ in self._waiting])
        outcome = np.concatenate([outcome for _, outcome in self._waiting])
        self._waiting, self._rows_waiting = [], 0
        # Sorting each outcome by itself costs a third of sorting all with their places.
        found = [np.unique(fresh[outcome == which], return_counts=True) for which in range(3)]
        score = np.unique(np.concatenate([self._score, *(values for values, _ in found)]))
        counts = np.zeros((3, len(score)), dtype=np.int64)
        counts[:, np.searchsorted(score, self._score)] = self._counts
        for which, (values, rows) in enumerate(found):
            counts[which, np.searchsorted(score, values)] += rows
        self._score, self._counts = score, counts
        if len(score) > self._most:
            self._merge()

    def _merge(self) -> None:
        """Half as many scores as allowed, of about equal rows, none across a bound."""
        rows = self._counts.sum(axis=0)
        step = max(1.0, rows.sum() / (self._most // 2))
        share = np.floor((np.cumsum(rows) - rows) / step)
        # side="left": a score that equals a threshold lies below it, as the decision has it.
        cell = np.searchsorted(self._bounds, self._score, side="left")
        edge = np.searchsorted(self._bounds, self._score, side="right")
        new = (np.diff(share) > 0) | (np.diff(cell) > 0) | (np.diff(edge) > 0)
        starts = np.concatenate([[0], np.flatnonzero(new) + 1])
        before = _pairs_in_order(self._counts)
        weight = np.add.reduceat(rows, starts)
        mean = np.add.reduceat(self._score * rows, starts) / weight
        first = self._score[starts]
        last = self._score[np.append(starts[1:], len(self._score)) - 1]
        self._score = np.clip(mean, first, last)
        self._counts = np.add.reduceat(self._counts, starts, axis=1)
        self._lost_pairs += (_pairs_in_order(self._counts) - before) / 2


def _pairs_in_order(counts: np.ndarray) -> float:
    """Pairs of a positive and a negative with the same score, whose order nobody knows."""
    negatives, positives, _ = counts.astype(np.float64)
    return float(negatives @ positives)
