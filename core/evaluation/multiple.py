"""Several tests at once: p-values made larger, so that chance does not find something somewhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p-values (k,) that hold the chance of any false finding (family-wise error).

    Step-down Bonferroni, whatever the dependence between the tests: S. Holm, A simple
    sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979).
    nan stays nan and does not count as a test.
    """
    return _adjusted(p_values, _holm)


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p-values (k,) that hold the expected share of false findings among findings.

    Y. Benjamini & Y. Hochberg, JRSS B 57 (1995); valid too under positive dependence, such as
    that of one-sided tests on overlapping slices (Benjamini & Yekutieli 2001). nan stays nan and
    does not count as a test.
    """
    return _adjusted(p_values, _benjamini_hochberg)


def _adjusted(p_values: np.ndarray, adjust: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    values = np.asarray(p_values, dtype=float)
    found = np.full(values.shape, np.nan)
    known = ~np.isnan(values)
    order = np.argsort(values[known], kind="stable")
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(adjust(values[known][order]), 1.0)
    found[known] = adjusted
    return found


def _holm(ascending: np.ndarray) -> np.ndarray:
    k = len(ascending)
    return np.maximum.accumulate(ascending * (k - np.arange(k)))


def _benjamini_hochberg(ascending: np.ndarray) -> np.ndarray:
    k = len(ascending)
    raised = ascending * k / np.arange(1, k + 1)
    return np.minimum.accumulate(raised[::-1])[::-1]
