"""A challenger against the champion on the same rows, beside what no model at all would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.evaluation.compare import (
    PairedDifference,
    compare_roc_auc,
    paired_bootstrap,
    verdict,
)
from core.evaluation.metrics import METRICS, constant_log_loss
from core.evaluation.tally import check_labels
from core.signs import signed

COMPARED = ("log_loss", "roc_auc", "f1")


@dataclass(frozen=True)
class Scores:
    """What one model says of the rows: probabilities (n,) and its own decision threshold."""

    name: str
    probability: np.ndarray
    threshold: float


@dataclass(frozen=True)
class Baseline:
    """What needs no model: the base rate as every row's probability; every row called positive."""

    log_loss: float
    roc_auc: float
    f1: float


@dataclass(frozen=True)
class Challenge:
    """Differences of one challenger from the champion on ``rows`` rows, by metric."""

    rows: int
    champion: str
    challenger: str
    differences: dict[str, PairedDifference]
    baseline: Baseline

    def as_dict(self) -> dict[str, Any]:
        """For JSON: nan becomes None."""
        return {
            "rows": self.rows,
            "champion": self.champion,
            "challenger": self.challenger,
            "baseline": {k: None if np.isnan(v) else v for k, v in vars(self.baseline).items()},
            "differences": {
                name: {**one.as_dict(), "verdict": verdict(one)}
                for name, one in self.differences.items()
            },
        }


def baseline(y: np.ndarray) -> Baseline:
    """Figures of a constant on labels (n,) of 0 and 1; nan where they are undefined.

    With a share p of positives, calling every row positive has precision p and recall 1, hence
    F1 = 2p / (1 + p). Log loss is that of the base rate of these very rows: no constant does
    better.
    """
    labels = check_labels(y)
    p = float(labels.mean()) if len(labels) else np.nan
    undefined = not 0 < p < 1
    return Baseline(
        log_loss=np.nan if undefined else constant_log_loss(labels),
        roc_auc=np.nan if undefined else 0.5,
        f1=2 * p / (1 + p) if p > 0 else np.nan,
    )


def challenge(
    y: np.ndarray, champion: Scores, challenger: Scores, resamples: int = 1000, seed: int = 0
) -> Challenge:
    """Paired differences, challenger minus champion: ROC AUC by DeLong, the others by bootstrap.

    ``y``: (n,) of 0 and 1. Raises ValueError as ``binary_metrics`` does.
    """
    pair = champion.probability, challenger.probability
    thresholds = champion.threshold, challenger.threshold
    found = {
        metric: compare_roc_auc(y, *pair)
        if metric == "roc_auc"
        else paired_bootstrap(y, *pair, metric, *thresholds, resamples=resamples, seed=seed)
        for metric in COMPARED
    }
    return Challenge(len(y), champion.name, challenger.name, found, baseline(y))


def in_words(one: Challenge, rows: str) -> str:
    """One sentence with every figure; ``rows`` says which rows, e.g. "the 2,706 latest rows"."""
    return f"On {rows}, " + "; ".join(_of_metric(one, metric) for metric in COMPARED) + "."


def _of_metric(one: Challenge, metric: str) -> str:
    difference = one.differences[metric]
    info = METRICS[metric]
    if np.isnan(difference.difference):
        return f"{info.word} is undefined"
    figures = f"{difference.challenger_value:.3f} against {difference.champion_value:.3f}"
    if np.isnan(difference.low):
        return f"{info.word} is {figures}, too few rows to tell a difference from chance"
    gains = sorted((info.gain(difference.low), info.gain(difference.high)))
    if gains[0] > 0:
        judged = "better"
    elif gains[1] < 0:
        judged = "worse"
    else:
        judged = "not shown to differ"
    interval = f"{signed(difference.low, 3)} to {signed(difference.high, 3)}"
    constant = getattr(one.baseline, metric)
    beside = f", {constant:.3f} for a constant" if metric != "roc_auc" else ""
    return f"{info.word} is {judged} ({figures}{beside}; difference {interval})"
