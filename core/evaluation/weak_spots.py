"""Where a challenger is worse than the champion: slices tested, corrected and ranked.

Many slices are looked at, and some look bad by chance alone. p-values are therefore adjusted by
Benjamini-Hochberg: among the slices reported, at most the chosen share is expected to be noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.dataset.slices import Cut
from core.evaluation.multiple import benjamini_hochberg
from core.evaluation.tally import check_pair

FALSE_SHARE = 0.05
LEAST_ROWS = 30  # below, the normal approximation of a mean's error is not to be trusted


@dataclass(frozen=True)
class WeakSpot:
    """One slice. ``difference`` is the challenger's figure minus the champion's.

    For log loss above 0 is worse. For calibration the figures are mean probability minus share
    of positives (above 0: promises too much), and ``difference`` that of their sizes. ``p_value``
    is adjusted; ``shown`` where it is at most FALSE_SHARE and the challenger is the worse one.
    ``low`` and ``high``: 95% interval of the difference for log loss, of the challenger's
    figure for calibration; neither is adjusted.
    """

    words: str
    columns: tuple[str, ...]
    rows: int
    share: float
    champion: float
    challenger: float
    difference: float
    low: float
    high: float
    p_value: float
    shown: bool


def log_losses(y: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Each row's -ln(probability given to what happened), in nats: (n,)."""
    labels, values = check_pair(y, probability)
    tiny = np.finfo(np.float64).eps
    inside = np.clip(values, tiny, 1 - tiny)
    return np.where(labels == 1, -np.log(inside), -np.log1p(-inside))


def log_loss_spots(
    cut: Cut, y: np.ndarray, champion: np.ndarray, challenger: np.ndarray
) -> list[WeakSpot]:
    """Every slice by how much more log loss the challenger has there, most first.

    ``y``, ``champion``, ``challenger``: (n,), labels and two probabilities of the rows that were
    cut. One-sided paired t test of the rows' differences in each slice (normal approximation).
    """
    mine, theirs = log_losses(y, challenger), log_losses(y, champion)
    n, rows = len(mine), cut.rows
    apart = mine - theirs
    mean = cut.sums(apart) / rows
    variance = np.maximum(cut.sums(apart**2) / rows - mean**2, 0) * rows / np.maximum(rows - 1, 1)
    error = np.sqrt(variance / rows)
    error[rows < LEAST_ROWS] = math.nan
    p_values = benjamini_hochberg(_upper_tail(mean, error))
    return _ranked(
        cut,
        n,
        cut.sums(theirs) / rows,
        cut.sums(mine) / rows,
        mean,
        (mean - 1.96 * error, mean + 1.96 * error),
        p_values,
        mean > 0,
    )


def calibration_spots(
    cut: Cut, y: np.ndarray, champion: np.ndarray, challenger: np.ndarray
) -> list[WeakSpot]:
    """Every slice by how much further the challenger's probabilities are off on average there.

    A slice's figure is mean probability minus share of positives. Tested two-sided against what
    chance gives honest probabilities: D. J. Spiegelhalter, Statistics in Medicine 5 (1986), for
    the mean. Only slices where the champion is nearer to the truth count as worse.
    """
    labels, mine = check_pair(y, challenger)
    _, theirs = check_pair(labels, champion)
    n, rows = len(mine), cut.rows
    gap, base = cut.sums(mine - labels) / rows, cut.sums(theirs - labels) / rows
    error = np.sqrt(cut.sums(mine * (1 - mine))) / rows
    error[rows < LEAST_ROWS] = math.nan
    p_values = benjamini_hochberg(2 * _upper_tail(np.abs(gap), error))
    difference = np.abs(gap) - np.abs(base)
    return _ranked(
        cut,
        n,
        base,
        gap,
        difference,
        (gap - 1.96 * error, gap + 1.96 * error),
        p_values,
        difference > 0,
    )


def _upper_tail(value: np.ndarray, error: np.ndarray) -> np.ndarray:
    """P(Z > value / error); where nothing varies, 0 above 0 and 1 otherwise; nan stays nan."""
    from scipy.stats import norm

    with np.errstate(divide="ignore", invalid="ignore"):
        tail = norm.sf(value / error)
    return np.where(error == 0, np.where(value > 0, 0.0, 1.0), tail)


def _ranked(
    cut: Cut,
    n: int,
    champion: np.ndarray,
    challenger: np.ndarray,
    difference: np.ndarray,
    interval: tuple[np.ndarray, np.ndarray],
    p_values: np.ndarray,
    is_worse: np.ndarray,
) -> list[WeakSpot]:
    found = [
        WeakSpot(
            words=one.words,
            columns=tuple(condition.column for condition in one.conditions),
            rows=int(cut.rows[place]),
            share=float(cut.rows[place]) / n,
            champion=float(champion[place]),
            challenger=float(challenger[place]),
            difference=float(difference[place]),
            low=float(interval[0][place]),
            high=float(interval[1][place]),
            p_value=float(p_values[place]),
            shown=bool(is_worse[place] and p_values[place] <= FALSE_SHARE),
        )
        for place, one in enumerate(cut.slices)
    ]
    return sorted(found, key=lambda spot: (not spot.shown, -spot.difference))


def worst(spots: Sequence[WeakSpot]) -> WeakSpot | None:
    """The worst slice that was shown to be one, or None."""
    return next((spot for spot in spots if spot.shown), None)


def summary(spots: Sequence[WeakSpot], what: str) -> str:
    """The finding in one sentence; ``what`` is "log loss" or "calibration"."""
    if not spots:
        return f"No slice is large enough to judge {what} by itself"
    shown = [spot for spot in spots if spot.shown]
    if not shown:
        return f"Not shown to be worse in {what} in any of {len(spots):,} slices"
    first = shown[0]
    return (
        f"Worse in {what} in {len(shown):,} of {len(spots):,} slices, most where {first.words} "
        f"({first.rows:,} rows)"
    )
