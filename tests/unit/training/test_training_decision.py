"""Probabilities and thresholds are learned on left-out rows of the training data."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB

from core.dataset.training_options import ThresholdRule
from core.evaluation.metrics import binary_metrics
from core.evaluation.thresholds import best_f1, best_youden, least_cost
from core.training.catalogue import CATALOGUE
from core.training.decision import calibrated, calibration_method, choose_threshold

X, Y = make_classification(600, 12, n_informative=3, n_redundant=6, weights=[0.8], random_state=2)
FOLDS = StratifiedKFold(5)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_decision_values_become_probabilities(method: str) -> None:
    bare = RidgeClassifier().fit(X, Y)
    found = calibrated(bare, X, Y, FOLDS, method, 1)
    probability = found.predict_proba(X)[:, 1]
    assert ((probability >= 0) & (probability <= 1)).all()
    order = np.argsort(bare.decision_function(X))
    assert (np.diff(probability[order]) >= -1e-12).all(), "the ranking stays"
    assert probability.mean() == pytest.approx(Y.mean(), abs=0.02)
    assert not hasattr(bare, "calibrated_classifiers_")


def test_calibration_mends_overconfident_probabilities() -> None:
    fresh, labels = X[400:], Y[400:]
    bare = GaussianNB().fit(X[:400], Y[:400])
    mended = calibrated(bare, X[:400], Y[:400], FOLDS, "sigmoid", 1)
    before = binary_metrics(labels, bare.predict_proba(fresh)[:, 1]).log_loss
    after = binary_metrics(labels, mended.predict_proba(fresh)[:, 1]).log_loss
    assert after < before


@pytest.mark.parametrize(
    ("algorithm", "wished", "method"),
    [
        ("lr", "none", "none"),
        ("lr", "isotonic", "isotonic"),
        ("ridge", "none", "sigmoid"),
        ("svm", "isotonic", "isotonic"),
    ],
)
def test_what_has_no_probabilities_is_always_calibrated(
    algorithm: str, wished: str, method: str
) -> None:
    assert calibration_method(CATALOGUE[algorithm], wished) == method


def test_the_threshold_is_that_of_the_left_out_predictions() -> None:
    model = LogisticRegression().fit(X, Y)
    left_out = cross_val_predict(LogisticRegression(), X, Y, cv=FOLDS, method="predict_proba")[:, 1]
    rules = {
        "f1": best_f1(Y, left_out)[0],
        "youden": best_youden(Y, left_out)[0],
        "cost:5": least_cost(Y, left_out, 5)[0],
        "0.3": 0.3,
    }
    for text, wanted in rules.items():
        found = choose_threshold(ThresholdRule.read(text), model, X, Y, FOLDS, 1)
        assert found == wanted, text
    assert rules["cost:5"] < 0.5


def test_only_rows_that_count_decide_the_threshold() -> None:
    model = LogisticRegression().fit(X, Y)
    left_out = cross_val_predict(LogisticRegression(), X, Y, cv=FOLDS, method="predict_proba")[:, 1]
    late = np.arange(len(Y)) >= 2 * len(Y) // 3
    found = choose_threshold(ThresholdRule("youden"), model, X, Y, FOLDS, 1, late)
    assert found == best_youden(Y[late], left_out[late])[0]
    assert found != best_youden(Y, left_out)[0]
    one_class = np.asarray(Y) == 1
    everything = choose_threshold(ThresholdRule("youden"), model, X, Y, FOLDS, 1, one_class)
    assert everything == best_youden(Y, left_out)[0]
