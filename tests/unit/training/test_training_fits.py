"""What travels to a fitting process is plain, and scores what PyCaret's own task scores."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from core.training.fits import Plainer, plain_fits

VALUES, LABELS = make_classification(200, 5, random_state=2)
X = pd.DataFrame(VALUES.astype("float32"), columns=list("abcde"))
Y = pd.Series(LABELS, name="made")
THEIRS = make_scorer(f1_score, average="binary")


def plainer() -> Plainer:
    return Plainer({id(THEIRS): get_scorer("f1")})


def wrapped(estimator: Any, first: Any = "passthrough") -> Pipeline:
    return Pipeline([("placeholder", first), ("actual_estimator", estimator)])


def task(pipeline: Any, **named: Any) -> Any:
    given = {"scorer": THEIRS, "parameters": {"actual_estimator__C": 2.0}, **named}
    return (print, (pipeline, X, Y), given)


def test_the_classifier_travels_alone_with_arrays_and_a_plain_scorer() -> None:
    _, (estimator, x, y), named = plainer().task(task(wrapped(LogisticRegression())))
    assert isinstance(estimator, LogisticRegression)
    assert isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
    assert x.dtype == np.float32
    assert named["parameters"] == {"C": 2.0}
    assert named["scorer"] is get_scorer("f1") or str(named["scorer"]) == str(get_scorer("f1"))
    assert b"Pipeline" not in pickle.dumps((estimator, x, y, named))


@pytest.mark.parametrize("threads", [-1, 2, 1, None])
def test_a_fit_beside_others_keeps_to_one_thread(threads: int | None) -> None:
    forest = RandomForestClassifier(n_jobs=threads)
    _, (estimator, *_), _ = plainer().task(task(wrapped(forest), parameters=None))
    assert estimator.n_jobs == (None if threads is None else 1)


def test_one_table_becomes_one_array() -> None:
    made = plainer()
    first, second = (made.task(task(wrapped(LogisticRegression())))[1][1] for _ in range(2))
    assert first is second, "joblib and Dask send what is the same object once"


def test_whose_sums_depend_on_the_order_in_memory_keeps_the_table() -> None:
    _, (estimator, x, _), _ = plainer().task(task(wrapped(GaussianNB()), parameters=None))
    assert isinstance(estimator, GaussianNB)
    assert x is X


@pytest.mark.parametrize(
    "pipeline", [wrapped(LogisticRegression(), StandardScaler()), LogisticRegression()]
)
def test_what_does_more_than_classify_travels_as_it_is(pipeline: Any) -> None:
    given = task(pipeline)
    assert plainer().task(given) is given


@pytest.mark.parametrize("estimator", [LogisticRegression(), GaussianNB()])
def test_cross_validation_gives_the_same_digits(estimator: Any) -> None:
    settings = {"cv": 4, "scoring": {"f1": THEIRS, "accuracy": get_scorer("accuracy")}}
    before = cross_validate(wrapped(estimator), X, Y, **settings)
    with plain_fits(plainer()):
        after = cross_validate(wrapped(estimator), X, Y, **settings)
    for name in ("test_f1", "test_accuracy"):
        np.testing.assert_array_equal(before[name], after[name])


def test_a_search_gives_the_same_digits_and_names() -> None:
    def search() -> Any:
        grid = {"actual_estimator__C": [0.001, 0.1, 9.0]}
        return GridSearchCV(wrapped(LogisticRegression()), grid, cv=3, scoring=THEIRS)

    before = search().fit(X, Y)
    with plain_fits(plainer()):
        after = search().fit(X, Y)
    assert after.best_params_ == before.best_params_
    np.testing.assert_array_equal(
        before.cv_results_["mean_test_score"], after.cv_results_["mean_test_score"]
    )
