"""Metrics of probabilities against labels, or against expected labels (shares of a positive).

Monitoring needs them on soft labels, which no library offers: with y in [0, 1] each row counts
as y positives and 1 - y negatives. With hard labels they are the ordinary metrics.
"""

from __future__ import annotations

import numpy as np

from core.monitoring.features import Array

SMALLEST = 1e-15  # as scikit-learn's log_loss clips


def metrics_of(label: Array, probability: Array, threshold: float) -> dict[str, float]:
    """roc_auc, log_loss, accuracy, precision, recall, f1 of shape (n,) arrays; nan if undefined.

    A row is positive strictly above the threshold, as everywhere here.
    """
    positive = probability > threshold
    hits, fired = label[positive].sum(), positive.sum()
    everyone = label.sum()
    return {
        "roc_auc": roc_auc(label, probability),
        "log_loss": log_loss(label, probability),
        "accuracy": float((hits + (~positive).sum() - (everyone - hits)) / len(label)),
        "precision": _ratio(hits, fired),
        "recall": _ratio(hits, everyone),
        "f1": _ratio(2 * hits, fired + everyone),
    }


def roc_auc(label: Array, probability: Array) -> float:
    """Chance that a positive is ranked above a negative, ties half (Hanley & McNeil, 1982).

    nan where there is only one class.
    """
    levels, group = np.unique(probability, return_inverse=True)
    positives = np.bincount(group, weights=label, minlength=len(levels))
    negatives = np.bincount(group, weights=1 - label, minlength=len(levels))
    below = np.cumsum(negatives) - negatives
    return _ratio((positives * (below + negatives / 2)).sum(), positives.sum() * negatives.sum())


def log_loss(label: Array, probability: Array) -> float:
    """Mean of -y ln p - (1 - y) ln(1 - p), probabilities clipped at 1e-15."""
    return float(row_log_loss(label, probability).mean())


def row_log_loss(label: Array, probability: Array) -> Array:
    """The same for each row, shape (n,)."""
    p = np.clip(probability, SMALLEST, 1 - SMALLEST)
    loss: Array = -(label * np.log(p) + (1 - label) * np.log1p(-p))
    return loss


def best_f1(label: Array, probability: Array) -> tuple[float, float]:
    """The highest F1 over all thresholds, and the highest threshold that gives it.

    The threshold lies halfway down to the next lower probability (to 0 below the lowest), since
    a row is positive strictly above it.
    """
    levels, group = np.unique(probability, return_inverse=True)
    hits = np.bincount(group, weights=label)[::-1].cumsum()
    fired = np.bincount(group)[::-1].cumsum()
    f1 = 2 * hits / (fired + label.sum())
    f1[levels[::-1] == 0] = 0.0  # nothing in [0, 1] lies below 0: such a row is never positive
    best = int(f1.argmax())
    place = len(levels) - 1 - best
    level, below = float(levels[place]), float(levels[place - 1]) if place else 0.0
    halfway = (level + below) / 2
    # Between neighbouring floats halfway may round up to the level itself.
    return float(f1[best]), halfway if halfway < level else below


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
