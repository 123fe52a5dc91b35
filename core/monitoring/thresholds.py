"""Alert thresholds with a stated false-alarm rate.

A fixed PSI of 0.1 cries wolf on 50 rows and sleeps on 50,000: by chance alone the index is about
(bins - 1) (1/n + 1/m) for n new and m training rows. So the threshold is what chance gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from core.monitoring.distances import psi

Level = Literal["ok", "warning", "alarm", "unknown"]

FALSE_ALARM_RATE = 0.01  # of one check over all its features, while nothing has changed
MIN_ROWS = 30  # fewer rows leave most decile bins with under three: nothing can be told apart
PRACTICAL_PSI = 0.1  # below it a shift is real but small (Siddiqi's rule of thumb)
DRAWS = 20_000  # 33 beyond the threshold at 1% over six features
MOST_CELLS = 2_000_000  # memory for draws by bins; a wide feature gets fewer draws
KEPT_DIGITS = 2
DRAWN_BELOW = 1000  # rows; from here on a threshold is linear in 1 / rows


def psi_threshold(
    counts: Sequence[int],
    expected: Sequence[float],
    window_rows: int,
    rate: float = FALSE_ALARM_RATE,
    features: int = 1,
) -> float:
    """The PSI that an unchanged feature exceeds with probability ``rate / features``.

    Idea: draw windows that differ from the reference by chance alone and take the quantile of
    their PSI. The bins' true shares are themselves known from the reference only, so each draw
    first draws them: shares from Dirichlet(``expected``), then a multinomial window. ``features``
    are tested together, so the rate is divided among them (Bonferroni): any alarm at all on an
    unchanged window has probability ``rate`` at the most.

    Shapes: ``counts`` and ``expected`` (k,), the reference's bins. Beyond two significant digits
    ``window_rows`` is rounded down: a slightly higher threshold, and windows of about the same
    size share one computation. From 1,000 rows on it is drawn at 1, 2, 5, 10 … thousand rows and
    interpolated in 1 / rows, in which it is linear but for the noise of the draws: a window that
    grows row by row must not draw anew each time. Seeded: the same arguments, the same threshold.
    """
    rows, each = rounded_down(window_rows), rate / max(features, 1)
    below, above = _nodes(rows)
    low = _threshold(tuple(counts), tuple(expected), below, each)
    if below == above:
        return low
    high = _threshold(tuple(counts), tuple(expected), above, each)
    return high + (low - high) * (1 / rows - 1 / above) / (1 / below - 1 / above)


def level_of(statistic: float, threshold: float | None, rows: int) -> Level:
    """``alarm`` above threshold and 0.1, ``warning`` above the threshold only, else ``ok``.

    ``unknown`` where there are fewer than 30 rows or no statistic.
    """
    if rows < MIN_ROWS or threshold is None or np.isnan(statistic):
        return "unknown"
    if statistic <= threshold:
        return "ok"
    return "alarm" if statistic >= PRACTICAL_PSI else "warning"


def _nodes(rows: int) -> tuple[int, int]:
    """The sizes to draw at on either side; twice the size itself where it is one, or small."""
    if rows < DRAWN_BELOW:
        return rows, rows
    power: int = 10 ** (len(str(rows)) - 1)
    steps = [power * step for step in (1, 2, 5, 10)]
    below = max(step for step in steps if step <= rows)
    return below, min(step for step in steps if step >= rows)


@lru_cache(maxsize=4096)
def _threshold(
    counts: tuple[int, ...], expected: tuple[float, ...], rows: int, rate: float
) -> float:
    generator = np.random.default_rng(0)
    draws = min(DRAWS, MOST_CELLS // len(counts))
    shares = generator.standard_gamma(expected, size=(draws, len(expected)))
    shares /= shares.sum(axis=1, keepdims=True)
    windows = generator.multinomial(rows, shares)
    return float(np.quantile(psi(counts, windows), 1 - rate))


def rounded_down(rows: int) -> int:
    """Two significant digits, downwards, so that windows of about one size share an answer."""
    step = 10 ** max(len(str(rows)) - KEPT_DIGITS, 0)
    return rows // step * step
