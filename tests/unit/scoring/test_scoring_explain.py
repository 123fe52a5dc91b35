"""What moved a prediction: the sums check out, and known games give their known values."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from core.dataset import spec as specs
from core.errors import NotReady
from core.scoring import explain_shapley
from core.scoring.explain import background_rows, explain
from core.scoring.explain_inputs import inputs_of
from core.training.pipeline import assemble, feature_steps

SPEC = """
title: Shots
target: {column: made, positive: 1, positive_words: made, negative_words: missed}
columns:
  distance: {kind: numeric, unit: ft}
  home: {kind: boolean}
  zone: {kind: categorical}
  idle: {kind: numeric}
derived: {squared: distance ** 2 / 10}
features: [zone, distance, home, squared, idle]
"""


@pytest.fixture(scope="module")
def shots():
    spec = specs.from_text(SPEC, "shots")
    generator = np.random.default_rng(5)
    rows = pd.DataFrame(
        {
            "distance": generator.gamma(4, 3, 600),
            "home": (generator.random(600) < 0.5).astype(float),
            "zone": generator.choice(["left", "middle", "right wing"], 600),
            "idle": np.full(600, 3.0),
        }
    )
    rows.loc[::17, "distance"] = np.nan
    chance = 1 / (1 + np.exp((rows["distance"].fillna(12) - 12) / 3 - (rows["zone"] == "left")))
    return spec, rows, (generator.random(600) < chance).astype(int).to_numpy()


def fitted(shots, estimator):
    spec, rows, labels = shots
    steps = feature_steps(spec)
    x = steps.fit_transform(rows)
    return assemble(steps, estimator.fit(x, labels))


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(max_iter=500),
        CalibratedClassifierCV(RidgeClassifier(), method="sigmoid", ensemble=False),
        CalibratedClassifierCV(LogisticRegression(max_iter=500), method="sigmoid", ensemble=False),
    ],
)
def test_a_linear_models_contributions_are_exact_in_log_odds(shots, estimator):
    pipeline = fitted(shots, estimator)
    rows = shots[1]
    found = explain(pipeline, rows.iloc[[3]], rows)
    assert (found.scale, found.method, found.background_rows) == ("log-odds", "linear", 600)
    assert found.gap < 1e-9
    said = pipeline.predict_proba(rows.iloc[[3]])[0, 1]
    assert 1 / (1 + np.exp(-found.total)) == pytest.approx(said, abs=1e-6)  # it reads float32
    inputs = inputs_of(pipeline, rows.iloc[[3]], rows.iloc[:40])

    def log_odds(masks, places):
        probability = inputs.hybrid(masks, places)
        return np.log(probability / (1 - probability))

    few = explain(pipeline, rows.iloc[[3]], rows.iloc[:40])
    values, base = explain_shapley.exact(log_odds, 5, 40)
    assert [one.amount for one in few.contributions] == pytest.approx(values, abs=1e-9)
    assert few.base == pytest.approx(base, abs=1e-9)


@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeClassifier(max_depth=4, random_state=0),
        GaussianNB(),
        CalibratedClassifierCV(LogisticRegression(), method="isotonic", ensemble=False),
        CalibratedClassifierCV(GaussianNB(), method="sigmoid", ensemble=False),
    ],
)
def test_any_other_models_contributions_add_up_in_probability(shots, estimator):
    pipeline = fitted(shots, estimator)
    rows = shots[1]
    found = explain(pipeline, rows.iloc[[8]], rows)
    assert (found.scale, found.method) == ("probability", "exact")
    assert found.background_rows == background_rows(5) == 400
    assert found.gap < 1e-9
    assert found.output == pytest.approx(pipeline.predict_proba(rows.iloc[[8]])[0, 1], abs=1e-6)


def test_contributions_carry_the_models_features_and_their_values(shots):
    rows = shots[1]
    tree = fitted(shots, DecisionTreeClassifier(max_depth=4, random_state=0))
    found = explain(tree, rows.iloc[[3]], rows)
    named = {one.feature: one for one in found.contributions}
    assert list(named) == ["zone", "distance", "home", "squared", "idle"]
    assert named["zone"].value == rows["zone"].iloc[3]
    assert named["squared"].value == pytest.approx(rows["distance"].iloc[3] ** 2 / 10, rel=1e-6)
    assert named["idle"].amount == 0  # the same in every row, so nothing changes with it
    amounts = [abs(one.amount) for one in found.ranked]
    assert amounts == sorted(amounts, reverse=True)


def test_a_model_that_is_no_pipeline_of_ours_is_explained_on_its_raw_columns():
    class Nearer:
        def predict_proba(self, frame):
            positive = 1 / (1 + np.exp(frame["a"].to_numpy(float) - 1))
            return np.column_stack([1 - positive, positive])

    rows = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": ["x", None, "y"]})
    found = explain(Nearer(), rows.iloc[[0]], rows)
    assert [one.feature for one in found.contributions] == ["a", "b"]
    assert found.contributions[1].amount == 0
    assert found.gap < 1e-9


def test_many_features_are_sampled_with_their_error_stated():
    class Wide:
        def predict_proba(self, frame):
            a = frame.to_numpy(float)
            positive = 1 / (1 + np.exp(-a[:, 0] * a[:, 1] - a[:, 2]))
            return np.column_stack([1 - positive, positive])

    names = [f"f{place}" for place in range(12)]
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 12)), columns=names)
    found = explain(Wide(), rows.iloc[[1]], rows)
    assert (found.method, found.background_rows) == ("sampled", 200)
    assert found.gap < 1e-9
    assert found.contributions[5].amount == found.contributions[5].standard_error == 0
    assert 0 < found.contributions[0].standard_error < 0.05


def test_without_training_rows_it_says_what_to_do(shots):
    pipeline = fitted(shots, LogisticRegression(max_iter=500))
    with pytest.raises(NotReady, match="train it again"):
        explain(pipeline, shots[1].iloc[[0]], shots[1].iloc[:0])


def test_the_glove_game_has_its_known_values():
    def pair(masks, rows):  # one right glove (2) and two left ones (0, 1)
        return (masks[:, 2] & (masks[:, 0] | masks[:, 1])).astype(float)

    values, base = explain_shapley.exact(pair, 3, 1)
    assert values == pytest.approx([1 / 6, 1 / 6, 2 / 3], abs=1e-12)
    assert base == 0


def test_sampling_comes_within_its_errors_of_the_exact_values():
    generator = np.random.default_rng(1)
    own, others = generator.normal(size=6), generator.normal(size=(200, 6))

    def answers(masks, rows):
        x = np.where(masks, own, others[rows])
        return np.tanh(x[:, 0] * x[:, 1]) + x[:, 2] * (x[:, 3] > 0) + x[:, 4]

    exact, exact_base = explain_shapley.exact(answers, 6, 200)
    values, errors, base = explain_shapley.sampled(answers, 6, 200)
    assert base == pytest.approx(exact_base, abs=1e-12)
    assert values.sum() == pytest.approx(exact.sum(), abs=1e-9)
    assert (np.abs(values - exact) <= 4 * errors + 1e-12).all()
    assert exact[5] == values[5] == 0
