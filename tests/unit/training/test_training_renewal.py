"""What chooses a retraining's challenger: its cross-validated loss on recent rows alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import log_loss

from core.training.renewal import recent_log_loss


class Echo(ClassifierMixin, BaseEstimator):
    """Says what it is told: the feature is the probability."""

    def fit(self, x: np.ndarray, y: np.ndarray) -> Any:
        self.classes_ = np.unique(y)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return (x[:, 0] > 0.5).astype(int)

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return np.column_stack([1 - x[:, 0], x[:, 0]])


def test_recent_rows_alone_are_counted() -> None:
    generator = np.random.default_rng(1)
    places = generator.permutation(60)
    x, y = generator.uniform(0.1, 0.9, (60, 1)), generator.integers(0, 2, 60)
    found = recent_log_loss(Echo(), (places, x, y), old_rows=40, folds=3, seed=0, workers=1)
    recent = places >= 40
    assert found == pytest.approx(log_loss(y[recent], x[recent, 0]), abs=1e-12)


def test_no_recent_row_gives_none() -> None:
    x, y = np.full((4, 1), 0.5), np.array([0, 1, 0, 1])
    assert math.isnan(recent_log_loss(Echo(), (np.arange(4), x, y), 10, 2, 0, 1))
