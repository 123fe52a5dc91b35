"""How far two distributions are apart: one statistic, one function, plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

EMPTY_CELL_ROWS = 0.5


def psi(expected_counts: ArrayLike, actual_counts: ArrayLike) -> Any:
    """Population stability index between two histograms on the same bins.

    Idea: the symmetrised Kullback-Leibler divergence (Jeffreys) of the bins' shares p and q.
    Formula: sum of (q - p) ln(q / p) over the bins.
    Source: Siddiqi, Credit Risk Scorecards, 2006, ch. 8; rule of thumb 0.1 some, 0.25 much.

    Smoothing: a logarithm needs no zero. An empty bin stands for half a row, 0.5 / n of its own
    histogram, or for the other's share where that is smaller: then the emptiness says nothing.
    Bins without zeros are not touched.

    Shapes: ``expected_counts`` (k,), ``actual_counts`` (..., k); returns a float, or an array of
    the leading shape. It is nan where either histogram is empty.

    >>> round(psi([50, 50], [80, 20]), 4)
    0.4159
    >>> psi([10, 20, 0], [10, 20, 0])
    0.0
    """
    total = psi_terms(expected_counts, actual_counts).sum(axis=-1)
    return float(total) if total.ndim == 0 else total


def psi_terms(expected_counts: ArrayLike, actual_counts: ArrayLike) -> Any:
    """What each bin adds to the PSI: the same shapes, not summed over the last axis."""
    expected = np.asarray(expected_counts, dtype=float)
    actual = np.asarray(actual_counts, dtype=float)
    rows_expected = expected.sum()
    rows_actual = actual.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = expected / rows_expected, actual / rows_actual
        p, q = (
            np.where(p == 0, np.minimum(EMPTY_CELL_ROWS / rows_expected, q), p),
            np.where(q == 0, np.minimum(EMPTY_CELL_ROWS / rows_actual, p), q),
        )
        return np.where(p == q, 0.0, (q - p) * np.log(q / p))


def js_distance(expected_counts: ArrayLike, actual_counts: ArrayLike) -> float:
    """Jensen-Shannon distance between two histograms on the same bins, from 0 to 1.

    Idea: how far each lies from their mixture m; unlike PSI it is bounded and needs no smoothing.
    Formula: sqrt((KL(p, m) + KL(q, m)) / 2) with m = (p + q) / 2 and logarithms to base 2.
    Source: Endres & Schindelin, IEEE Trans. Inf. Theory 49(7), 2003. nan if either is empty.

    >>> js_distance([1, 0], [0, 1])
    1.0
    """
    p, q = np.asarray(expected_counts, dtype=float), np.asarray(actual_counts, dtype=float)
    if not p.sum() or not q.sum():
        return float("nan")
    p, q = p / p.sum(), q / q.sum()
    mixture = (p + q) / 2
    divergence = (_relative_entropy(p, mixture) + _relative_entropy(q, mixture)) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def ks(
    reference: ArrayLike,
    window: ArrayLike,
    reference_weights: ArrayLike | None = None,
    window_weights: ArrayLike | None = None,
) -> float:
    """Two-sample Kolmogorov-Smirnov statistic, from 0 to 1.

    Idea: the largest vertical gap between the two empirical distribution functions.
    Formula: max over x of |F(x) - G(x)|.
    Source: Smirnov, Ann. Math. Stat. 19, 1948; agrees with scipy.stats.ks_2samp.

    Weights say how often each value occurred (once, if None). Infinities are ordinary values
    here; NaN must be left out before. nan if either side is empty.

    >>> ks([1, 2, 3, 4], [3, 4, 5, 6])
    0.5
    """
    values, cumulated = _cumulated(reference, reference_weights)
    other, reached = _cumulated(window, window_weights)
    if not len(values) or not len(other):
        return float("nan")
    # between two reference values F is flat, so the gap peaks at a step of either function: it is
    # enough to look at reference values, from the right and just before them
    at = np.unique(values)
    gaps = []
    for side in ("left", "right"):
        f = cumulated[np.searchsorted(values, at, side=side)] / cumulated[-1]
        g = reached[np.searchsorted(other, at, side=side)] / reached[-1]
        gaps.append(np.abs(f - g).max())
    return float(max(gaps))


def wasserstein_normalised(
    reference: ArrayLike,
    window: ArrayLike,
    reference_std: float | None = None,
    reference_weights: ArrayLike | None = None,
    window_weights: ArrayLike | None = None,
) -> float:
    """First Wasserstein distance in standard deviations of the reference.

    Idea: how far the values have to be moved, on average, to turn one sample into the other.
    Formula: integral of |F(x) - G(x)| dx, over std(reference).
    Source: Ramdas, Garcia & Cuturi, Entropy 19(2), 2017; scipy.stats.wasserstein_distance.

    ``reference_std`` is taken from ``reference`` if None; weights as for ``ks``. Values must be
    finite. nan for a constant reference (nothing to measure by), for an empty side, and where
    floats overflow.

    >>> wasserstein_normalised([0, 2], [1, 3])
    1.0
    """
    from scipy.stats import wasserstein_distance

    values, other = np.asarray(reference, dtype=float), np.asarray(window, dtype=float)
    if not len(values) or not len(other):
        return float("nan")
    with np.errstate(over="ignore", invalid="ignore"):
        std = _weighted_std(values, reference_weights) if reference_std is None else reference_std
        if not np.isfinite(std) or std <= 0:
            return float("nan")
        distance = wasserstein_distance(values, other, reference_weights, window_weights) / std
    return float(distance) if np.isfinite(distance) else float("nan")


def chi_squared(expected_counts: ArrayLike, actual_counts: ArrayLike) -> tuple[float, float]:
    """Pearson's chi-squared test that two rows of counts come from the same shares.

    Idea: squared differences from the counts that common shares would give, each over that count.
    Formula: sum of (observed - expected)² / expected over both rows; k - 1 degrees of freedom.
    Source: Pearson, Phil. Mag. 50, 1900; scipy.stats.chi2_contingency without correction.

    Categories empty in both are left out. Returns (statistic, p-value): (0, 1) where only one
    category is left, (nan, nan) where either row is empty.

    >>> statistic, p_value = chi_squared([50, 50], [80, 20])
    >>> round(statistic, 2), p_value < 0.001
    (19.78, True)
    """
    from scipy.stats import chi2_contingency

    table = np.array([expected_counts, actual_counts], dtype=float)
    if not table.sum(axis=1).all():
        return float("nan"), float("nan")
    table = table[:, table.sum(axis=0) > 0]
    result = chi2_contingency(table, correction=False)
    return float(result.statistic), float(result.pvalue)


def _cumulated(values: ArrayLike, weights: ArrayLike | None) -> tuple[Any, Any]:
    """Values in ascending order, and the weight before each of them and of all together."""
    given = np.asarray(values, dtype=float)
    order = np.argsort(given, kind="stable")
    each = np.ones(len(given)) if weights is None else np.asarray(weights, dtype=float)[order]
    return given[order], np.concatenate([[0.0], np.cumsum(each)])


def _relative_entropy(p: Any, q: Any) -> float:
    inside = p > 0
    return float((p[inside] * np.log2(p[inside] / q[inside])).sum())


def _weighted_std(values: Any, weights: ArrayLike | None) -> float:
    mean = np.average(values, weights=weights)
    return float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
