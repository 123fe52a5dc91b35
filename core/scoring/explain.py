"""What moved one prediction: a contribution for each of the model's features.

A linear model's are exact, in log-odds. Every other model's are Shapley values in probability,
exact over all coalitions up to ten features, sampled with a standard error beyond.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import NotReady
from core.scoring import explain_shapley
from core.scoring.explain_inputs import Inputs, inputs_of

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

LOG_ODDS, PROBABILITY = "log-odds", "probability"
LINEAR, EXACT, SAMPLED = "linear", "exact", "sampled"
MOST_EXACT_FEATURES = 10
ROWS_TO_ASK = 25_600  # 64 coalitions of six features against 400 background rows
FEWEST_BACKGROUND, MOST_BACKGROUND = 64, 400
SAMPLED_BACKGROUND = 200
_SAME = 1e-9


@dataclass(frozen=True)
class Contribution:
    """What one feature adds to the base on the explanation's scale; error 0.0 where exact."""

    feature: str
    value: Any
    amount: float
    standard_error: float = 0.0


@dataclass(frozen=True)
class Explanation:
    """``base`` plus all contributions is ``output``, the model's answer for the row.

    ``scale`` is log-odds or probability, ``method`` linear, exact or sampled; ``base`` is the
    answer for the mean training row (linear) or the mean answer over ``background_rows``.
    """

    scale: str
    method: str
    base: float
    output: float
    contributions: tuple[Contribution, ...]
    background_rows: int

    @property
    def total(self) -> float:
        return self.base + sum(one.amount for one in self.contributions)

    @property
    def gap(self) -> float:
        """How far the sum is from the answer: rounding, if all is well."""
        return abs(self.total - self.output)

    @property
    def ranked(self) -> tuple[Contribution, ...]:
        """The contributions, those that moved most first."""
        return tuple(sorted(self.contributions, key=lambda one: -abs(one.amount)))


def explain(
    pipeline: Any, row: pd.DataFrame, background: pd.DataFrame, seed: int = 0
) -> Explanation:
    """Divide the answer for ``row`` (1, raw columns) among the model's features.

    ``background`` (m, raw columns) are training rows; a linear model is compared with the mean of
    them all, any other with at most 400 of them. Raises NotReady where there are none.
    """
    if background.empty:
        raise NotReady("No training rows were kept with this version; train it again.")
    inputs = inputs_of(pipeline, row, background)
    return _linear(inputs) or _shapley(_bounded(inputs, seed), seed)


def background_rows(features: int) -> int:
    """How many training rows a model of so many features is compared with."""
    if features > MOST_EXACT_FEATURES:
        return SAMPLED_BACKGROUND
    return int(np.clip(ROWS_TO_ASK >> features, FEWEST_BACKGROUND, MOST_BACKGROUND))


def _shapley(inputs: Inputs, seed: int) -> Explanation:
    features, rows = len(inputs.features), len(inputs.background)
    errors = np.zeros(features)
    if features <= MOST_EXACT_FEATURES:
        method = EXACT
        amounts, base = explain_shapley.exact(inputs.hybrid, features, rows)
    else:
        method = SAMPLED
        amounts, errors, base = explain_shapley.sampled(inputs.hybrid, features, rows, seed)
    output = float(inputs.probability(inputs.row)[0])
    return Explanation(
        PROBABILITY, method, base, output, _contributions(inputs, amounts, errors), rows
    )


def _linear(inputs: Inputs) -> Explanation | None:
    """w_j (x_j - mean_j) in log-odds, summed over a feature's columns; None if it is not linear.

    Interventional Shapley values of a linear function have this form (Štrumbelj & Kononenko 2014).
    """
    terms = _linear_terms(inputs.estimator)
    if terms is None or len(terms[0]) != inputs.row.shape[1]:
        return None
    weights, intercept = terms
    own = inputs.row.to_numpy(dtype=np.float64)[0]
    mean = inputs.background.to_numpy(dtype=np.float64).mean(axis=0)
    output = float(weights @ own + intercept)
    said = float(inputs.probability(inputs.row)[0])
    if not abs(_logistic(output) - said) <= _SAME:
        return None
    amounts = np.bincount(
        inputs.owner, weights=weights * (own - mean), minlength=len(inputs.features)
    )
    errors = np.zeros(len(amounts))
    return Explanation(
        LOG_ODDS,
        LINEAR,
        float(weights @ mean + intercept),
        output,
        _contributions(inputs, amounts, errors),
        len(inputs.background),
    )


def _linear_terms(estimator: Any) -> tuple[Array, float] | None:
    """Weights and intercept of the log-odds, also behind Platt's calibration of one estimator."""
    calibrated = getattr(estimator, "calibrated_classifiers_", None)
    if calibrated is not None:
        inner = _linear_terms(calibrated[0].estimator) if len(calibrated) == 1 else None
        map_of = calibrated[0].calibrators[0]
        if inner is None or not hasattr(map_of, "a_"):
            return None
        return -map_of.a_ * inner[0], -float(map_of.a_ * inner[1] + map_of.b_)
    weights = getattr(estimator, "coef_", None)
    if weights is None or np.ndim(weights) not in (1, 2):
        return None
    weights = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    if len(weights) != 1:
        return None
    return weights[0], float(np.ravel(estimator.intercept_)[0])


def _contributions(inputs: Inputs, amounts: Array, errors: Array) -> tuple[Contribution, ...]:
    return tuple(
        Contribution(name, value, float(amount), float(error))
        for name, value, amount, error in zip(
            inputs.features, inputs.values, amounts, errors, strict=True
        )
    )


def _bounded(inputs: Inputs, seed: int) -> Inputs:
    most, rows = background_rows(len(inputs.features)), inputs.background
    if len(rows) <= most:
        return inputs
    chosen = np.random.default_rng(seed).choice(len(rows), most, replace=False)
    return replace(inputs, background=rows.iloc[np.sort(chosen)])


def _logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))
