"""Performance with labels, in words: is it the ranking, the calibration or the threshold?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.monitoring.features import Array
from core.monitoring.ranking import best_f1, log_loss, metrics_of, roc_auc
from core.monitoring.reference import TRAINING, Reference
from core.monitoring.thresholds import MIN_ROWS
from core.monitoring.words import number, percent

HARDLY_BETTER = 0.02  # of the base rate's log loss: a gain that nobody would notice
HARDLY_EVER = 0.25  # fires for less than this share of the positives there are
TELLING_F1 = 0.05
Z_95 = 1.96


def explain_performance(
    y: Any,
    p: Any,
    threshold: float,
    reference: Mapping[str, float] | None = None,
    held_against: Reference = TRAINING,
) -> list[str]:
    """Sentences on labels ``y`` (0/1, NaN unknown) and probabilities ``p``, both of shape (n,).

    ``reference`` are the metrics before production (roc_auc, log_loss, f1), if known, measured on
    what ``held_against`` calls so.
    With fewer than 30 labelled rows, or one class only, the one sentence says so.
    """
    label, probability = np.asarray(y, dtype=float), np.asarray(p, dtype=float)
    known = np.isfinite(label) & np.isfinite(probability)
    label, probability = label[known], probability[known]
    if len(label) < MIN_ROWS:
        return [f"{len(label)} labelled rows are too few to judge; {MIN_ROWS} are needed."]
    if label.min() == label.max():
        return [f"All {len(label):,} labels are {label[0]:.0f}; performance needs both classes."]
    reference, where = reference or {}, held_against.judged
    return [
        _ranking_sentence(label, probability, reference.get("roc_auc"), where),
        _base_rate_sentence(label, probability, reference.get("log_loss"), where),
        *_calibration_sentence(label, probability),
        *_decision_sentences(label, probability, threshold, reference.get("f1"), where),
    ]


def roc_auc_error(auc: float, positives: int, negatives: int) -> float:
    """Standard error of a ROC AUC.

    Source: Hanley & McNeil, Radiology 143, 1982, eq. 1 and 2.
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return float(np.sqrt(max(spread, 0.0) / (positives * negatives)))


def _ranking_sentence(label: Array, probability: Array, before: float | None, where: str) -> str:
    auc = roc_auc(label, probability)
    positives = int(label.sum())
    margin = Z_95 * roc_auc_error(auc, positives, len(label) - positives)
    figure = f"ROC AUC {auc:.3f} ± {margin:.3f}"
    if before is not None:
        figure += f", {before:.3f} on {where}"
    if auc + margin < 0.5:
        return f"It ranks the wrong way round: negatives above positives ({figure})."
    if auc - margin <= 0.5:
        return f"It cannot be shown to rank positives above negatives at all ({figure})."
    if before is None:
        return f"It ranks positives above negatives better than chance ({figure})."
    if auc + margin < before:
        return f"It ranks worse than it did on {where} ({figure})."
    return f"Its ranking holds up ({figure})."


def _base_rate_sentence(label: Array, probability: Array, before: float | None, where: str) -> str:
    base = float(label.mean())
    constant = log_loss(label, np.full(len(label), base))
    loss = log_loss(label, probability)
    figure = f"log loss {loss:.3f} against {constant:.3f}"
    if before is not None:
        figure += f"; {before:.3f} on {where}"
    always = f"always saying {percent(base)}, the share of positives"
    if loss > constant:
        return f"The probabilities are worse than {always} ({figure})."
    if loss > (1 - HARDLY_BETTER) * constant:
        return f"The probabilities are hardly better than {always} ({figure})."
    return f"The probabilities are better than {always} ({figure})."


def _calibration_sentence(label: Array, probability: Array) -> list[str]:
    gap = float(probability.mean() - label.mean())
    # the labels' own variance given the probabilities, which is what chance would give
    error = float(np.sqrt((probability * (1 - probability)).sum())) / len(label)
    if abs(gap) <= Z_95 * error:
        return []
    direction = "high" if gap > 0 else "low"
    return [
        f"The probabilities are too {direction} on average: they say "
        f"{percent(float(probability.mean()))}, {percent(float(label.mean()))} came true. "
        "Recalibrating would mend the level, not the ranking."
    ]


def _decision_sentences(
    label: Array, probability: Array, threshold: float, before: float | None, where: str
) -> list[str]:
    f1 = metrics_of(label, probability, threshold)["f1"]
    fired, base = float((probability > threshold).mean()), float(label.mean())
    best, at = best_f1(label, probability)
    everyone = 2 * base / (1 + base)
    held = "" if before is None else f" ({before:.2f} on {where})"
    sentences = []
    if fired < HARDLY_EVER * base:
        sentences.append(
            f"At the threshold {number(threshold)} it says yes to {percent(fired)} of the rows, "
            f"though {percent(base)} are positive: F1 is {f1:.2f}{held}."
        )
    if best - f1 > TELLING_F1:
        lower = "a lower" if at < threshold else "a higher"
        sentences.append(
            f"With {lower} threshold, {number(at)}, F1 would have been {best:.2f}; saying yes to "
            f"every row gives {everyone:.2f}. Chosen on these very rows, that is optimistic."
        )
    return sentences
