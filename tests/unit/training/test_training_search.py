"""A search in chunks finds what a search at once finds, and can tell and stop on its way."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.tree import DecisionTreeClassifier

from core.training.search import Searched, watched_search

X, Y = make_classification(120, 5, random_state=1)
GRID = {"max_depth": [1, 2, 3, 4, 5, 6], "min_samples_leaf": [1, 2, 5, 9]}


def search(candidates: int = 11) -> RandomizedSearchCV:
    tree = DecisionTreeClassifier(random_state=3)
    return RandomizedSearchCV(tree, GRID, n_iter=candidates, cv=3, random_state=5, scoring="f1")


def watched(made: Any, deadline: float | None = None) -> tuple[Any, list[Searched], Searched]:
    told: list[Searched] = []
    with watched_search(told.append, workers=2, deadline=deadline) as state:
        made.fit(X, Y)
    return made, told, state()


def test_the_same_candidates_in_the_same_order_with_the_same_scores() -> None:
    plain = search().fit(X, Y)
    found, told, state = watched(search())
    assert len({one.candidates for one in told}) > 2, "it was cut into chunks"
    assert found.cv_results_["params"] == plain.cv_results_["params"]
    for key in ("mean_test_score", "std_test_score", "rank_test_score"):
        np.testing.assert_array_equal(found.cv_results_[key], plain.cv_results_[key])
    assert found.best_params_ == plain.best_params_
    assert state == Searched(33, 33, 11, 11, plain.best_score_)
    assert not state.is_cut_short


def test_a_grid_is_searched_whole() -> None:
    tree = DecisionTreeClassifier(random_state=3)
    plain = GridSearchCV(tree, {"max_depth": [1, 2, 3]}, cv=4).fit(X, Y)
    found, _, state = watched(GridSearchCV(tree, {"max_depth": [1, 2, 3]}, cv=4))
    np.testing.assert_array_equal(
        found.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )
    assert (state.fits_total, state.candidates) == (12, 3)


def test_progress_only_grows_and_the_best_is_the_best_so_far() -> None:
    found, told, _ = watched(search())
    fits = [one.fits for one in told]
    assert fits == sorted(fits)
    assert (fits[0], fits[-1]) == (0, 33)
    assert told[0].best is None
    scores = found.cv_results_["mean_test_score"]
    for one in told:
        if one.best is not None and one.fits == one.candidates * 3:
            assert one.best == scores[: one.candidates].max()


def test_when_time_is_up_it_goes_on_with_what_it_has() -> None:
    plain = search().fit(X, Y)
    found, _, state = watched(search(), deadline=time.monotonic() - 1)
    assert state.is_cut_short
    tried = state.candidates
    assert 1 <= tried < 11
    assert found.cv_results_["params"] == plain.cv_results_["params"][:tried]
    assert found.best_score_ == plain.cv_results_["mean_test_score"][:tried].max()


class Picky(DecisionTreeClassifier):
    """Cannot be fitted with a depth of 1 or 2."""

    def fit(self, *data: Any, **more: Any) -> Any:
        if self.max_depth is not None and self.max_depth <= 2:
            raise ValueError("too shallow")
        return super().fit(*data, **more)


@pytest.mark.filterwarnings("ignore")
def test_a_chunk_of_failures_is_not_the_end() -> None:
    grid = {"max_depth": [1, 2, 3, 4]}
    found, told, state = watched(GridSearchCV(Picky(random_state=3), grid, cv=3, refit=False))
    assert np.isnan(found.cv_results_["mean_test_score"][:2]).all()
    assert found.best_params_["max_depth"] >= 3
    assert told[0].best is None
    assert state.best is not None


@pytest.mark.filterwarnings("ignore")
def test_where_every_fit_fails_it_says_so() -> None:
    with pytest.raises(ValueError, match="All the 6 fits failed"):
        watched(GridSearchCV(Picky(random_state=3), {"max_depth": [1, 2]}, cv=3))


def test_what_the_listener_raises_ends_the_search_and_nothing_stays_patched() -> None:
    from sklearn.model_selection import _search

    before = (_search.Parallel, RandomizedSearchCV._run_search, GridSearchCV._run_search)

    def stop(state: Searched) -> None:
        if state.fits:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), watched_search(stop, workers=1):
        search().fit(X, Y)
    assert before == (_search.Parallel, RandomizedSearchCV._run_search, GridSearchCV._run_search)
