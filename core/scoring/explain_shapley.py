"""Shapley values: how a model's answer for one row divides among its features.

The worth of a coalition S of features is the mean answer where the features in S have the row's
values and the others have those of a background row: the interventional value function of
Lundberg & Lee, "A unified approach to interpreting model predictions", NeurIPS 2017. Both ways
below add up: the mean answer of the background plus all values is the row's own answer.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Answers = Callable[[Array, Array], Array]
"""(masks of shape (q, k), background rows of shape (q,)) to the model's answers, shape (q,)."""

ROWS_AT_ONCE = 50_000


def exact(answers: Answers, features: int, background: int) -> tuple[Array, float]:
    """All 2^k coalitions: the values, shape (k,), and the background's mean answer.

    Asks the model about 2^features x background rows.
    """
    masks = _coalitions(features)
    at_once = max(1, ROWS_AT_ONCE // background)
    worths = np.concatenate(
        [
            _worths(answers, masks[first : first + at_once], background)
            for first in range(0, len(masks), at_once)
        ]
    )
    return _values(worths, features), float(worths[0])


def sampled(
    answers: Answers, features: int, background: int, seed: int = 0
) -> tuple[Array, Array, float]:
    """One random order of the features and its reverse for each background row.

    Returns the values, shape (k,), their standard errors, and the background's mean answer. Asks
    the model about 2 x background x (features + 1) rows. Source: Štrumbelj & Kononenko,
    "Explaining prediction models and individual predictions with feature contributions",
    Knowledge and Information Systems 41, 2014; reversed pairs lessen the variance (Mitchell et
    al., "Sampling permutations for Shapley value estimation", JMLR 23, 2022).
    """
    generator = np.random.default_rng(seed)
    gains = np.empty((background, features))
    base = 0.0
    at_once = max(1, ROWS_AT_ONCE // (2 * (features + 1)))
    for first in range(0, background, at_once):
        rows = np.arange(first, min(first + at_once, background))
        forward = np.argsort(generator.random((len(rows), features)), axis=1)
        orders = np.stack([forward, forward[:, ::-1]], axis=1)
        gains[rows], first_answers = _gains_along(answers, orders, rows)
        base += float(first_answers.sum())
    errors = gains.std(axis=0, ddof=1) / np.sqrt(background)
    return gains.mean(axis=0), errors, base / background


def _coalitions(features: int) -> Array:
    """Shape (2^k, k): row number s holds feature j where bit j of s is set."""
    numbers = np.arange(2**features)
    return (numbers[:, None] >> np.arange(features)) & 1 == 1


def _worths(answers: Answers, masks: Array, background: int) -> Array:
    asked = np.repeat(masks, background, axis=0)
    rows = np.tile(np.arange(background), len(masks))
    return answers(asked, rows).reshape(len(masks), background).mean(axis=1)


def _values(worths: Array, features: int) -> Array:
    """phi_j = sum over S without j of |S|! (k - |S| - 1)! / k! (v(S + j) - v(S))."""
    numbers = np.arange(len(worths))
    sizes = _coalitions(features).sum(axis=1)
    weights = np.array(
        [factorial(s) * factorial(features - s - 1) / factorial(features) for s in range(features)]
    )
    values = np.empty(features)
    for feature in range(features):
        without = numbers[(numbers >> feature) & 1 == 0]
        gain = worths[without | (1 << feature)] - worths[without]
        values[feature] = weights[sizes[without]] @ gain
    return values


def _gains_along(answers: Answers, orders: Array, rows: Array) -> tuple[Array, Array]:
    """What each feature adds when it joins, mean of both ``orders`` (n, 2, k); shape (n, k).

    The second array, shape (n,), is the answer for the background rows themselves.
    """
    count, ways, features = orders.shape
    ranks = np.argsort(orders, axis=2)  # at which step a feature joins
    steps = np.arange(features + 1)
    masks = ranks[:, :, None, :] < steps[None, None, :, None]
    asked = answers(masks.reshape(-1, features), np.repeat(rows, ways * (features + 1))).reshape(
        count, ways, features + 1
    )
    gains = np.take_along_axis(np.diff(asked, axis=2), ranks, axis=2)
    return gains.mean(axis=1), asked[:, 0, 0]
