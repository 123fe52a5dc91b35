"""Permutation importance: against scikit-learn, against what is known of a made problem."""

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.linear_model import LogisticRegression

from core.evaluation.importance import Importance, permutation_importance

COLUMNS = ["strong", "weak", "noise"]


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((2_000, 3)), columns=COLUMNS)
    logit = 2 * frame["strong"] + 0.7 * frame["weak"]
    y = (rng.random(2_000) < 1 / (1 + np.exp(-logit))).astype(int).to_numpy()
    return frame, y, LogisticRegression().fit(frame, y)


def run(problem, columns=COLUMNS, **options):
    frame, y, model = problem
    return permutation_importance(
        lambda table: model.predict_proba(table)[:, 1], frame, y, columns, **options
    )


def test_agrees_with_sklearn(problem):
    frame, y, model = problem
    theirs = sklearn_importance(model, frame, y, scoring="roc_auc", n_repeats=10, random_state=1)
    ours = run(problem, repeats=10)
    assert [importance.feature for importance in ours] == COLUMNS
    for importance in ours:
        place = COLUMNS.index(importance.feature)
        error = theirs.importances_std[place] / np.sqrt(10)
        assert importance.mean == pytest.approx(theirs.importances_mean[place], abs=5 * error)
        assert importance.std == pytest.approx(theirs.importances_std[place], rel=1.0)


def test_a_column_the_model_does_not_read_costs_exactly_nothing():
    frame = pd.DataFrame({"used": np.linspace(0, 1, 50), "unused": range(50)})
    y = (frame["used"] > 0.5).astype(int).to_numpy()
    used, unused = permutation_importance(
        lambda table: table["used"].to_numpy(), frame, y, ["unused", "used"]
    )
    assert unused == Importance("unused", 0.0, 0.0)
    assert used.mean == pytest.approx(0.5, abs=0.15)  # from perfect to guessing


def test_the_seed_decides_and_other_columns_do_not(problem):
    assert run(problem, seed=3) == run(problem, seed=3)
    assert run(problem, seed=3) != run(problem, seed=4)
    alone = run(problem, ["weak"], seed=3)
    assert alone[0] in run(problem, seed=3)


def test_rows_are_sampled_and_stay_with_their_labels(problem):
    frame, y, model = problem
    seen = []

    def predict(table):
        seen.append(len(table))
        return model.predict_proba(table)[:, 1]

    found = permutation_importance(predict, frame, y, COLUMNS, repeats=2, max_rows=600)
    assert seen == [600, 1200, 1200, 1200]
    assert [importance.feature for importance in found[:2]] == ["strong", "weak"]


def test_the_frame_is_left_alone_and_keeps_its_types():
    frame = pd.DataFrame(
        {
            "kind": pd.Categorical(["a", "b"] * 20),
            "day": pd.date_range("2024-01-01", periods=40),
            "count": pd.array([1, None] * 20, dtype="Int64"),
        },
        index=range(100, 140),
    )
    before = frame.copy()
    types = frame.dtypes.to_dict()

    def predict(table):
        assert table.dtypes.to_dict() == types
        return (table["kind"] == "a").to_numpy(dtype=float)

    found = permutation_importance(predict, frame, np.array([1, 0] * 20), list(frame.columns))
    assert found[0].feature == "kind"
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("rows", "y", "columns", "repeats", "message"),
    [
        (2, [0, 1, 1], ["a"], 1, "2 rows and 3 labels"),
        (2, [0, 1], ["b"], 1, "lacks b; it has a"),
        (2, [1, 1], ["a"], 1, "both classes"),
        (0, [], ["a"], 1, "both classes"),
        (2, [0, 1], ["a"], 0, "1 repeat"),
    ],
)
def test_refused(rows, y, columns, repeats, message):
    frame = pd.DataFrame({"a": np.linspace(0, 1, rows)})
    with pytest.raises(ValueError, match=message):
        permutation_importance(
            lambda table: table["a"].to_numpy(), frame, np.array(y), columns, repeats
        )
