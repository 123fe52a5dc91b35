"""What a threshold does: the four counts at every one of them, and what they are worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.evaluation.tally import Confusion, ScoredLabels

STEPS = 200
"""A decision table has a threshold at every 1/200, both ends included."""


@dataclass(frozen=True)
class Payoff:
    """What a decision about one row is worth, in any unit; costs are below 0."""

    true_negative: float = 0.0
    false_positive: float = -1.0
    false_negative: float = -1.0
    true_positive: float = 0.0

    def of(self, counts: Confusion) -> float:
        """The worth of all decisions together; nan on no rows."""
        if not counts.n:
            return math.nan
        return (
            self.true_negative * counts.true_negatives
            + self.false_positive * counts.false_positives
            + self.false_negative * counts.false_negatives
            + self.true_positive * counts.true_positives
        )

    def of_a_row(self, counts: Confusion) -> float:
        """The worth of one row's decision on average; nan on no rows."""
        return self.of(counts) / counts.n if counts.n else math.nan


@dataclass(frozen=True, eq=False)
class DecisionTable:
    """The counts at each of ``thresholds``: arrays of shape (STEPS + 1,)."""

    thresholds: np.ndarray
    true_negatives: np.ndarray
    false_positives: np.ndarray
    false_negatives: np.ndarray
    true_positives: np.ndarray

    def at(self, threshold: float) -> Confusion:
        """The counts at the nearest threshold of the table."""
        place = int(np.abs(self.thresholds - threshold).argmin())
        return Confusion(
            int(self.true_negatives[place]),
            int(self.false_positives[place]),
            int(self.false_negatives[place]),
            int(self.true_positives[place]),
        )

    def gain(self, payoff: Payoff) -> np.ndarray:
        """Worth of a row on average at each threshold; nan on no rows."""
        rows = float(self.true_negatives[0] + self.false_positives[0])
        rows += float(self.false_negatives[0] + self.true_positives[0])
        total = (
            payoff.true_negative * self.true_negatives
            + payoff.false_positive * self.false_positives
            + payoff.false_negative * self.false_negatives
            + payoff.true_positive * self.true_positives
        )
        return total / rows if rows else np.full(len(total), math.nan)

    def best(self, payoff: Payoff) -> tuple[float, float]:
        """(threshold, worth of a row) where it is largest, the lowest of equal ones.

        Chosen on the rows it is judged on, it flatters a little: read it as what is possible.
        """
        gain = self.gain(payoff)
        place = int(np.argmax(gain))
        return float(self.thresholds[place]), float(gain[place])


def decision_table(y: np.ndarray, probability: np.ndarray) -> DecisionTable:
    """Counts by threshold of ``probability`` (n,) against ``y`` (n,); positive is strictly above.

    Raises ValueError as ``binary_metrics`` does.
    """
    scored = ScoredLabels.of(y, probability)
    tally = scored.tally()
    thresholds = np.round(np.linspace(0, 1, STEPS + 1), 6)
    first = np.searchsorted(scored.score, thresholds, side="right")
    negatives = np.concatenate([[0.0], np.cumsum(tally.negatives)])
    positives = np.concatenate([[0.0], np.cumsum(tally.positives)])
    return DecisionTable(
        thresholds,
        true_negatives=negatives[first],
        false_positives=negatives[-1] - negatives[first],
        false_negatives=positives[first],
        true_positives=positives[-1] - positives[first],
    )
