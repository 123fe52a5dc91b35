"""The metrics of a binary classifier: what each one says, its value, its best threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from core.evaluation.resampling import Interval, bootstrap_intervals
from core.evaluation.tally import Confusion, ScoredLabels, Tally, check_labels

__all__ = [
    "METRICS",
    "Interval",
    "MetricInfo",
    "Metrics",
    "best_f1",
    "binary_metrics",
    "bootstrap_intervals",
    "constant_log_loss",
    "metrics_of",
]


@dataclass(frozen=True)
class MetricInfo:
    """What a person needs to read a metric.

    ``title`` stands alone (a column head), ``word`` inside a sentence, ``explanation`` is one line.
    """

    key: str
    title: str
    word: str
    better: Literal["higher", "lower"]
    explanation: str

    def gain(self, difference: float) -> float:
        """``difference`` with the sign turned so that above 0 is an improvement."""
        return difference if self.better == "higher" else -difference


_CATALOGUE = (
    MetricInfo(
        "roc_auc",
        "ROC AUC",
        "ROC AUC",
        "higher",
        "Chance that a random positive is scored above a random negative; 0.5 is guessing.",
    ),
    MetricInfo(
        "log_loss",
        "Log loss",
        "log loss",
        "lower",
        "How surprised the probabilities are by what happened; punishes confident mistakes.",
    ),
    MetricInfo(
        "f1",
        "F1",
        "F1",
        "higher",
        "Harmonic mean of precision and recall: high only when both are.",
    ),
    MetricInfo(
        "accuracy",
        "Accuracy",
        "accuracy",
        "higher",
        "Share of rows decided rightly; compare it with the share of the larger class.",
    ),
    MetricInfo(
        "precision",
        "Precision",
        "precision",
        "higher",
        "Of the rows called positive, the share that is.",
    ),
    MetricInfo(
        "recall",
        "Recall",
        "recall",
        "higher",
        "Of the rows that are positive, the share that was found.",
    ),
    MetricInfo(
        "kappa",
        "Kappa",
        "kappa",
        "higher",
        "Agreement with the labels beyond what chance would give; 0 is chance, 1 is perfect.",
    ),
    MetricInfo(
        "mcc",
        "MCC",
        "MCC",
        "higher",
        "Correlation of prediction and label, from -1 to 1; fair when the classes are uneven.",
    ),
    MetricInfo(
        "brier",
        "Brier score",
        "Brier score",
        "lower",
        "Mean squared distance of the probability from what happened; 0.25 is always saying 0.5.",
    ),
)

METRICS: Mapping[str, MetricInfo] = MappingProxyType({info.key: info for info in _CATALOGUE})
"""Every metric by key, the most telling first."""


@dataclass(frozen=True)
class Metrics:
    """One model on one set of labelled rows, decided at ``threshold``; nan where undefined."""

    n: int
    positives: int
    threshold: float
    accuracy: float
    roc_auc: float
    recall: float
    precision: float
    f1: float
    kappa: float
    mcc: float
    log_loss: float
    brier: float
    predicted_positives: int
    true_positives: int

    @property
    def confusion(self) -> Confusion:
        """The four counts behind the decision metrics."""
        false_positives = self.predicted_positives - self.true_positives
        return Confusion(
            true_negatives=self.n - self.positives - false_positives,
            false_positives=false_positives,
            false_negatives=self.positives - self.true_positives,
            true_positives=self.true_positives,
        )

    def as_dict(self) -> dict[str, float | None]:
        """The metrics alone, by key, for JSON: nan becomes None."""
        values = {key: float(getattr(self, key)) for key in METRICS}
        return {key: None if math.isnan(value) else value for key, value in values.items()}


def check_threshold(threshold: float) -> float:
    """Return ``threshold`` if it lies in [0, 1]; raise ValueError if not."""
    if not 0 <= threshold <= 1:
        raise ValueError(f"The decision threshold must lie in 0 to 1; found {threshold!r}.")
    return float(threshold)


def binary_metrics(y: np.ndarray, probability: np.ndarray, threshold: float = 0.5) -> Metrics:
    """Every metric of ``probability`` (n,), that of class 1, against the labels ``y`` (n,).

    A row is called positive iff probability > threshold, strictly: at a tie of 0.5 to 0.5
    scikit-learn's ``predict`` takes the first class (argmax), and a linear model wants a
    decision value above 0, so only this rule gives back what the model itself predicts.
    (PyCaret's wrapper for a threshold of one's own takes ties as positive; we do not.)

    Undefined is nan (ROC AUC of one class, kappa where label and prediction are one and the
    same constant, everything on no rows); recall, precision, F1 and MCC with a zero denominator
    are 0. Values are scikit-learn's on float64 input. Raises ValueError where lengths differ,
    labels are not 0 or 1, or probabilities are missing or outside [0, 1].
    """
    return metrics_of(ScoredLabels.of(y, probability).tally(), threshold)


def metrics_of(tally: Tally, threshold: float = 0.5) -> Metrics:
    """The same metrics of rows that were counted already, by score and label."""
    threshold = check_threshold(threshold)
    confusion = tally.confusion(threshold)
    return Metrics(
        n=confusion.n,
        positives=confusion.positives,
        predicted_positives=confusion.predicted_positives,
        true_positives=confusion.true_positives,
        threshold=threshold,
        **tally.measure(threshold),
    )


def constant_log_loss(y: np.ndarray) -> float:
    """Log loss, in nats, of always saying the base rate of ``y`` (n,); nan on no rows.

    A model above it would do better to say nothing. It is the entropy of the base rate.
    """
    labels = check_labels(y)
    if not len(labels):
        return math.nan
    rate = float(labels.mean())
    if rate in (0.0, 1.0):
        return 0.0
    return -rate * math.log(rate) - (1 - rate) * math.log1p(-rate)


def best_f1(y: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """(threshold, F1): the best F1 that any threshold in [0, 1] reaches on these rows.

    The threshold lies halfway between two neighbouring scores, so that it carries over to
    scores not seen. Where no threshold finds a true positive it is (0.5, 0), on no rows
    (0.5, nan). Chosen on the same rows, F1 flatters: judge it on others.
    """
    scored = ScoredLabels.of(y, probability)
    if not len(scored):
        return 0.5, math.nan
    tally, score = scored.tally(), scored.score
    # Entry i: rows at score[i] and above are called positive.
    found = np.cumsum(tally.positives[::-1])[::-1]
    called = found + np.cumsum(tally.negatives[::-1])[::-1]
    f1 = 2 * found / (called + tally.positives.sum())
    # Nothing in [0, 1] lies below a score of 0, so such rows can never be called positive.
    f1[score == 0] = 0.0
    best = int(np.argmax(f1))
    if f1[best] == 0:
        return 0.5, 0.0
    below = float(score[best - 1]) if best else 0.0
    halfway = (below + float(score[best])) / 2
    # Between neighbouring floats halfway may round up to the score itself.
    return (halfway if halfway < score[best] else below), float(f1[best])
