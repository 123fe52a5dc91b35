"""The quick scorers give scikit-learn's figures, to the last digit."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import get_scorer

from core.training import scorers

QUICK = ("f1", "precision", "recall", "accuracy")
_LABELS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60)


@dataclass(eq=False)
class Fixed:
    """A classifier that predicts what it was told to; its features are of no account."""

    predictions: np.ndarray
    classes_ = np.array([0, 1])
    _estimator_type = "classifier"

    def fit(self) -> Fixed:
        return self

    def predict(self, features: object) -> np.ndarray:
        return self.predictions


def theirs(name: str, labels: np.ndarray, predicted: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn remarks on dividing by nothing
        return float(get_scorer(name)(Fixed(predicted), None, labels))


@pytest.mark.parametrize("name", QUICK)
@given(pairs=_LABELS)
def test_figures_are_those_of_scikit_learn_to_the_last_digit(
    name: str, pairs: list[tuple[int, int]]
) -> None:
    labels, predicted = np.array(pairs).T
    assert scorers.quick(name)(Fixed(predicted), None, labels) == theirs(name, labels, predicted)


@pytest.mark.parametrize("name", QUICK)
def test_labels_may_be_a_column_of_a_table_and_predictions_floats(name: str) -> None:
    labels, predicted = np.array([0, 1, 1, 0, 1, 0, 1]), np.array([0, 1, 0, 1, 1, 0, 1])
    column = pd.Series(labels, index=range(7, 0, -1))
    ours = scorers.quick(name)(Fixed(predicted.astype("float32")), None, column)
    assert ours == theirs(name, labels, predicted)


def test_rankings_are_left_to_scikit_learn() -> None:
    assert scorers.quick("roc_auc") is not None
    assert type(scorers.quick("roc_auc")) is type(get_scorer("roc_auc"))


def test_a_scorer_travels_to_another_process() -> None:
    scorer = scorers.quick("f1")
    assert pickle.loads(pickle.dumps(scorer)) == scorer
