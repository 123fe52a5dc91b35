"""Where to cut a probability into yes and no, chosen on labelled rows.

Every rule calls a row positive iff its probability lies strictly above the threshold, as
everywhere else, and returns a threshold halfway between two neighbouring scores, so that it
carries over to scores not seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.evaluation.metrics import best_f1
from core.evaluation.tally import ScoredLabels

__all__ = ["best_f1", "best_youden", "least_cost"]


def best_youden(y: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """(threshold, J) with the largest J = true positive rate - false positive rate.

    ``y`` 0 or 1, ``probability`` in [0, 1], both of shape (n,). The lowest of equally good
    thresholds; (0.5, nan) where one class is absent. Source: W. J. Youden, Index for rating
    diagnostic tests, Cancer 3 (1950).
    """
    ways = _Cuts.of(y, probability)
    if ways is None:
        return 0.5, math.nan
    j = ways.true_positives / ways.positives - ways.false_positives / ways.negatives
    best = int(np.argmax(j))
    return float(ways.threshold[best]), float(j[best])


def least_cost(y: np.ndarray, probability: np.ndarray, ratio: float) -> tuple[float, float]:
    """(threshold, cost a row) at which errors cost least.

    A false negative costs ``ratio``, a false positive 1; ``y`` and ``probability`` as above. The
    lowest of equally good thresholds; (0.5, nan) where one class is absent. Raises ValueError
    where ``ratio`` is not a positive number. For calibrated probabilities it tends to
    1 / (1 + ratio): C. Elkan, The foundations of cost-sensitive learning, IJCAI 2001.
    """
    if not (math.isfinite(ratio) and ratio > 0):
        raise ValueError(f"The cost ratio is a number above 0; found {ratio!r}.")
    ways = _Cuts.of(y, probability)
    if ways is None:
        return 0.5, math.nan
    cost = ratio * (ways.positives - ways.true_positives) + ways.false_positives
    best = int(np.argmin(cost))
    return float(ways.threshold[best]), float(cost[best] / (ways.positives + ways.negatives))


@dataclass(frozen=True, eq=False)
class _Cuts:
    """Every way to cut these rows in two, from all positive to none; arrays of shape (k,)."""

    threshold: np.ndarray
    true_positives: np.ndarray
    false_positives: np.ndarray
    positives: float
    negatives: float

    @classmethod
    def of(cls, y: np.ndarray, probability: np.ndarray) -> _Cuts | None:
        """None where one class is absent; raises ValueError as ``ScoredLabels.of`` does."""
        scored = ScoredLabels.of(y, probability)
        tally, score = scored.tally(), scored.score
        positives, negatives = float(tally.positives.sum()), float(tally.negatives.sum())
        if not positives or not negatives:
            return None
        below = np.concatenate([[0.0], score[:-1]])
        halfway = (below + score) / 2
        # Between neighbouring floats halfway may round up to the score itself.
        halfway = np.where(halfway < score, halfway, below)
        # Nothing in [0, 1] lies below a score of 0, so such rows can never be called positive.
        reachable = slice(1 if score[0] == 0 else 0, None)
        return cls(
            np.append(halfway, (score[-1] + 1) / 2)[reachable],
            np.append(np.cumsum(tally.positives[::-1])[::-1], 0.0)[reachable],
            np.append(np.cumsum(tally.negatives[::-1])[::-1], 0.0)[reachable],
            positives,
            negatives,
        )
