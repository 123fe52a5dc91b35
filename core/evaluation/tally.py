"""Labelled scores, condensed: every metric here is a function of two histograms.

Rows that share a score are interchangeable, so all that a metric can know is how many
positives and how many negatives each distinct score has. A bootstrap resample is another
such pair of counts over the same scores: it costs one ``bincount``, no sorting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


def check_labels(y: Any) -> np.ndarray:
    """Labels as an int64 array (n,); raises ValueError unless all are 0 or 1."""
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise ValueError(f"Labels must be one column of values; found shape {labels.shape}.")
    strange = labels[~np.isin(labels, (0, 1))]
    if strange.size:
        raise ValueError(
            f"Labels must be 0 or 1; found {strange[0]!r} ({strange.size:,} such rows). "
            "Leave unlabelled rows out first."
        )
    return labels.astype(np.int64)


def check_probability(probability: Any) -> np.ndarray:
    """Probabilities as a float64 array (n,); raises ValueError on gaps or values outside [0, 1]."""
    values = np.asarray(probability, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(
            "Probabilities must be one column, that of the positive class; "
            f"found shape {values.shape}."
        )
    missing = int(np.isnan(values).sum())
    if missing:
        raise ValueError(f"Probabilities must not be missing; {missing:,} rows have none.")
    if values.size and (values.min() < 0 or values.max() > 1):
        raise ValueError(
            f"Probabilities must lie in 0 to 1; found {values.min():g} to {values.max():g}."
        )
    return values


def check_pair(y: Any, probability: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both arrays checked, and of one length; raises ValueError otherwise."""
    labels, values = check_labels(y), check_probability(probability)
    if len(labels) != len(values):
        raise ValueError(
            "Labels and probabilities must belong to the same rows; "
            f"found {len(labels):,} labels and {len(values):,} probabilities."
        )
    return labels, values


@dataclass(frozen=True, eq=False)
class ScoredLabels:
    """Rows as places in a table of distinct score × label, ready to be counted again and again.

    ``score``, ``loss_if_positive``, ``loss_if_negative``: (k,) by distinct score, ascending;
    ``cell``: (n,) by row, twice the place of its score plus its label.
    """

    score: np.ndarray
    loss_if_positive: np.ndarray
    loss_if_negative: np.ndarray
    cell: np.ndarray

    @classmethod
    def of(cls, y: Any, probability: Any) -> ScoredLabels:
        """Check and condense; raises ValueError as ``check_pair`` does."""
        labels, values = check_pair(y, probability)
        score, place = np.unique(values, return_inverse=True)
        return cls(score, *_losses(score), 2 * place + labels)

    @classmethod
    def without_rows(cls, score: np.ndarray) -> ScoredLabels:
        """The table of distinct scores, ascending, for counts that are known already."""
        return cls(score, *_losses(score), np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.cell)

    def tally(self, rows: np.ndarray | None = None) -> Tally:
        """Count all rows, or those at the positions ``rows`` (repeats count again)."""
        cells = self.cell if rows is None else self.cell[rows]
        counts = np.bincount(cells, minlength=2 * len(self.score)).astype(np.float64)
        return Tally(self, negatives=counts[0::2], positives=counts[1::2])


def _losses(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a row at each score costs, in nats, if it is positive and if it is negative."""
    # scikit-learn's clip: a certain and wrong answer costs 36 nats, not infinity.
    tiny = np.finfo(np.float64).eps
    inside = np.clip(score, tiny, 1 - tiny)
    return -np.log(inside), -np.log1p(-inside)


@dataclass(frozen=True, eq=False)
class Tally:
    """How many negatives and positives each distinct score has: (k,) each."""

    of: ScoredLabels
    negatives: np.ndarray
    positives: np.ndarray

    def confusion(self, threshold: float) -> Confusion:
        """Counts at the rule "positive iff score > threshold"."""
        first = int(np.searchsorted(self.of.score, threshold, side="right"))
        return Confusion(
            true_negatives=int(self.negatives[:first].sum()),
            false_positives=int(self.negatives[first:].sum()),
            false_negatives=int(self.positives[:first].sum()),
            true_positives=int(self.positives[first:].sum()),
        )

    def roc_auc(self) -> float:
        """Chance that a positive outranks a negative, ties half (Hanley & McNeil 1982)."""
        pairs = float(self.positives.sum() * self.negatives.sum())
        if pairs == 0:
            return math.nan
        below = np.cumsum(self.negatives) - self.negatives
        return float(self.positives @ (below + self.negatives / 2)) / pairs

    def log_loss(self) -> float:
        """Mean of -ln(probability given to what happened), in nats."""
        n = self.positives.sum() + self.negatives.sum()
        if n == 0:
            return math.nan
        total = (
            self.positives @ self.of.loss_if_positive + self.negatives @ self.of.loss_if_negative
        )
        return float(total / n)

    def brier(self) -> float:
        """Mean squared distance of the probability from what happened (Brier 1950)."""
        n = self.positives.sum() + self.negatives.sum()
        if n == 0:
            return math.nan
        score = self.of.score
        return float((self.positives @ (1 - score) ** 2 + self.negatives @ score**2) / n)

    def measure(self, threshold: float) -> dict[str, float]:
        """Every metric by its key; nan where it is undefined."""
        confusion = self.confusion(threshold)
        return {
            "roc_auc": self.roc_auc(),
            "log_loss": self.log_loss(),
            "f1": confusion.f1,
            "accuracy": confusion.accuracy,
            "precision": confusion.precision,
            "recall": confusion.recall,
            "kappa": confusion.kappa,
            "mcc": confusion.mcc,
            "brier": self.brier(),
        }


@dataclass(frozen=True)
class Confusion:
    """The four counts of a decision, and what follows from them alone.

    Python integers: their products are exact at any number of rows. On no rows at all every
    metric is nan; otherwise recall, precision, F1 and MCC are 0 where their denominator is 0,
    and kappa is nan where chance alone would agree everywhere (as in scikit-learn).
    """

    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int

    @property
    def n(self) -> int:
        return (
            self.true_negatives + self.false_positives + self.false_negatives + self.true_positives
        )

    @property
    def positives(self) -> int:
        return self.true_positives + self.false_negatives

    @property
    def predicted_positives(self) -> int:
        return self.true_positives + self.false_positives

    def _ratio(self, part: float, whole: float) -> float:
        if self.n == 0:
            return math.nan
        return part / whole if whole else 0.0

    @property
    def accuracy(self) -> float:
        return self._ratio(self.true_positives + self.true_negatives, self.n)

    @property
    def recall(self) -> float:
        return self._ratio(self.true_positives, self.positives)

    @property
    def precision(self) -> float:
        return self._ratio(self.true_positives, self.predicted_positives)

    @property
    def f1(self) -> float:
        return self._ratio(2 * self.true_positives, self.positives + self.predicted_positives)

    @property
    def _determinant(self) -> int:
        return (
            self.true_positives * self.true_negatives - self.false_positives * self.false_negatives
        )

    @property
    def kappa(self) -> float:
        """Cohen (1960), written with integers so that nothing cancels."""
        negatives, predicted_negatives = self.n - self.positives, self.n - self.predicted_positives
        whole = self.predicted_positives * negatives + self.positives * predicted_negatives
        return 2 * self._determinant / whole if whole else math.nan

    @property
    def mcc(self) -> float:
        """Matthews (1975): the correlation of the label with the prediction."""
        actual = self.positives * (self.n - self.positives)
        predicted = self.predicted_positives * (self.n - self.predicted_positives)
        return self._ratio(self._determinant, math.sqrt(actual) * math.sqrt(predicted))
