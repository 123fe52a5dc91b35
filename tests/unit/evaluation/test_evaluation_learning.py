"""The learning curve: what it measures, what it costs, what its chart says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from core.evaluation.figures import learning_figure, numbers_of
from core.evaluation.learning import LearningCurve, learning_curve


def rows(n: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    y = (rng.random(n) < 1 / (1 + np.exp(-2 * x[:, 0]))).astype(int)
    return pd.DataFrame(x, columns=list("abc"), index=rng.permutation(n)), y


def test_five_sizes_up_to_all_the_rows_of_the_folds() -> None:
    x, y = rows(900)
    curve = learning_curve(LogisticRegression(), x, y, seconds=60)
    assert curve.rows[-1] == 600
    assert len(curve.rows) == curve.sizes_planned == 5
    assert curve.rows == tuple(sorted(curve.rows))
    assert all(0.7 < score < 1 for score in curve.score)
    assert curve.score[-1] > curve.score[0]
    assert LearningCurve.from_dict(curve.as_dict()) == curve
    assert curve == learning_curve(LogisticRegression(), x, y, seconds=60)


def test_the_last_point_is_the_cross_validated_score_itself() -> None:
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    x, y = rows(600)
    folds = StratifiedKFold(3, shuffle=True, random_state=4)
    # Fitted in another order of rows, so up to the solver's tolerance.
    expected = cross_val_score(LogisticRegression(), x, y, cv=folds, scoring="roc_auc")
    curve = learning_curve(LogisticRegression(), x, y, seconds=60, seed=4)
    assert curve.score[-1] == pytest.approx(expected.mean(), abs=1e-3)
    assert curve.deviation[-1] == pytest.approx(expected.std(), abs=1e-3)


def test_decision_values_do_where_there_are_no_probabilities() -> None:
    x, y = rows(300)
    curve = learning_curve(RidgeClassifier(), x, y, seconds=60)
    assert all(score > 0.7 for score in curve.score)


class Clock:
    """Each look is a second later."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_it_stops_where_the_next_size_would_take_too_long() -> None:
    x, y = rows(300)
    cut = learning_curve(LogisticRegression(), x, y, seconds=0, clock=Clock())
    assert (len(cut.rows), cut.sizes_planned) == (1, 5)
    figure = learning_figure(cut)
    assert "Measured at 1 of 5 sizes" in figure.layout.annotations[0].text


def test_it_tells_and_what_telling_raises_ends_it() -> None:
    x, y = rows(300)
    told: list[tuple[int, int]] = []

    def stop(done: int, of: int) -> None:
        told.append((done, of))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learning_curve(LogisticRegression(), x, y, seconds=60, tell=stop)
    assert told == [(0, 5), (1, 5), (2, 5)]


def test_rare_positives_are_in_every_part() -> None:
    x, _ = rows(400)
    y = np.zeros(400, dtype=int)
    y[::80] = 1
    curve = learning_curve(LogisticRegression(), x, y, seconds=60)
    assert np.isfinite(curve.score).all()
    with pytest.raises(ValueError, match="needs 3 rows of each class; found 2"):
        learning_curve(LogisticRegression(), x[:160], y[:160], seconds=60)


def curve(**changes: Any) -> LearningCurve:
    values: dict[str, Any] = {
        "rows": (100, 200),
        "score": (0.70, 0.75),
        "deviation": (0.01, 0.01),
        "fitted_score": (0.9, 0.8),
        "folds": 3,
        "sizes_planned": 2,
    }
    return LearningCurve(**{**values, **changes})


def test_the_chart_says_whether_more_rows_would_help() -> None:
    helped = learning_figure(curve())
    assert helped.layout.title.text.startswith("More rows would probably help: the last 100")
    assert "3 folds" in helped.layout.annotations[0].text
    flat = learning_figure(curve(score=(0.75, 0.751)))
    assert flat.layout.title.text.startswith("More rows would hardly help")
    assert learning_figure(None, "Too few").layout.annotations[0].text == "Too few"
    table = numbers_of(helped)
    left_out = table[table["series"] == "on rows left out"]
    assert left_out["ROC AUC"].tolist() == [0.70, 0.75]
