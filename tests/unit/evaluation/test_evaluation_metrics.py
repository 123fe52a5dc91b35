"""Metrics: worked by hand, against scikit-learn, at the edges; best threshold; intervals."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from core.evaluation.metrics import (
    METRICS,
    Metrics,
    best_f1,
    binary_metrics,
    bootstrap_intervals,
    constant_log_loss,
)

# Coarse probabilities make ties, also at 0, at the threshold and at 1.
coarse = st.integers(0, 20).map(lambda step: step / 20)
fine = st.floats(0, 1)
rows = st.lists(st.tuples(st.integers(0, 1), st.one_of(coarse, fine)), min_size=2, max_size=60)


def arrays(pairs):
    return np.array([y for y, _ in pairs]), np.array([p for _, p in pairs])


def test_worked_by_hand():
    # above 0.5: 0.9 (1), 0.8 (0), 0.6 (1); not above: 0.5 (1), 0.2 (0)
    y, p = np.array([1, 0, 1, 1, 0]), np.array([0.9, 0.8, 0.6, 0.5, 0.2])
    found = binary_metrics(y, p)
    assert (found.n, found.positives, found.predicted_positives) == (5, 3, 3)
    confusion = found.confusion
    assert (confusion.true_positives, confusion.false_positives) == (2, 1)
    assert (confusion.false_negatives, confusion.true_negatives) == (1, 1)
    assert found.accuracy == 3 / 5
    assert found.recall == found.precision == found.f1 == 2 / 3
    assert found.roc_auc == 4 / 6  # of 3 × 2 pairs, 0.6 and 0.5 lie below 0.8
    # chance agreement (3·3 + 2·2)/25 = 0.52, so (0.6 - 0.52)/0.48
    assert found.kappa == pytest.approx(1 / 6, abs=1e-15)
    assert found.mcc == pytest.approx((2 * 1 - 1 * 1) / 6, abs=1e-15)
    product = 0.9 * 0.2 * 0.6 * 0.5 * 0.8
    assert found.log_loss == pytest.approx(-math.log(product) / 5, abs=1e-15)
    assert found.brier == pytest.approx((0.01 + 0.64 + 0.16 + 0.25 + 0.04) / 5, abs=1e-15)


@settings(deadline=None)
@given(pairs=rows, threshold=coarse)
def test_agrees_with_sklearn(pairs, threshold):
    y, p = arrays(pairs)
    called = (p > threshold).astype(int)
    expected = {
        "accuracy": sk.accuracy_score(y, called),
        "recall": sk.recall_score(y, called, zero_division=0),
        "precision": sk.precision_score(y, called, zero_division=0),
        "f1": sk.f1_score(y, called, zero_division=0),
        "mcc": 0.0,
        "log_loss": sk.log_loss(y, p, labels=[0, 1]),
        "brier": np.mean((y - p) ** 2),
    }
    if len(set(y)) == 2:
        expected["roc_auc"] = sk.roc_auc_score(y, p)
    if len({*y, *called}) == 2:
        expected["kappa"] = sk.cohen_kappa_score(y, called)
        expected["mcc"] = sk.matthews_corrcoef(y, called)
    found = binary_metrics(y, p, threshold)
    for key, value in expected.items():
        assert getattr(found, key) == pytest.approx(value, abs=1e-12), key
    assert math.isnan(found.roc_auc) == ("roc_auc" not in expected)
    assert math.isnan(found.kappa) == ("kappa" not in expected)


def test_agrees_with_sklearn_on_many_rows():
    rng = np.random.default_rng(5)
    p = rng.random(50_000).round(3)
    y = (rng.random(50_000) < p).astype(int)
    found = binary_metrics(y, p)
    assert found.roc_auc == pytest.approx(sk.roc_auc_score(y, p), abs=1e-12)
    assert found.log_loss == pytest.approx(sk.log_loss(y, p), abs=1e-12)
    assert found.mcc == pytest.approx(sk.matthews_corrcoef(y, p > 0.5), abs=1e-12)


def test_a_tie_at_the_threshold_is_negative_as_in_the_models_own_predict():
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    x, y = np.zeros((4, 1)), np.array([0, 1, 0, 1])
    models = (DummyClassifier(), DecisionTreeClassifier(), LogisticRegression())
    for model in models:
        model.fit(x, y)
        probability = model.predict_proba(x)[:, 1]
        if not isinstance(model, LogisticRegression):
            assert set(probability) == {0.5}
        decided = binary_metrics(y, probability).predicted_positives
        assert decided == model.predict(x).sum()


def test_one_class():
    found = binary_metrics(np.zeros(3, int), np.array([0.1, 0.2, 0.3]))
    assert math.isnan(found.roc_auc)
    assert math.isnan(found.kappa)
    assert found.accuracy == 1.0
    assert found.recall == found.precision == found.f1 == found.mcc == 0.0
    assert found.log_loss == pytest.approx(-math.log(0.9 * 0.8 * 0.7) / 3)


def test_certain_and_wrong_is_finite():
    found = binary_metrics(np.array([1, 0]), np.array([0.0, 1.0]))
    assert found.log_loss == pytest.approx(-math.log(np.finfo(float).eps))
    assert found.roc_auc == 0.0


def test_no_rows_are_all_undefined():
    found = binary_metrics(np.array([], int), np.array([]))
    assert found.n == 0
    assert set(found.as_dict().values()) == {None}


def test_as_dict_is_json_of_the_registered_metrics():
    found = binary_metrics(np.array([1, 1]), np.array([0.4, 0.6])).as_dict()
    assert list(found) == list(METRICS)
    assert found["roc_auc"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_registry_knows_every_metric_and_its_direction():
    fields = set(Metrics.__dataclass_fields__)
    assert set(METRICS) == fields - {
        "n", "positives", "threshold", "predicted_positives", "true_positives"
    }  # fmt: skip
    y, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9])
    perfect, fair = binary_metrics(y, y.astype(float)), binary_metrics(y, p)
    for key, info in METRICS.items():
        assert info.gain(getattr(perfect, key) - getattr(fair, key)) > 0, key


@pytest.mark.parametrize(
    ("y", "p", "threshold", "message"),
    [
        ([0, 1], [0.5], 0.5, "2 labels and 1 probabilities"),
        ([0, 1], [0.5, np.nan], 0.5, "1 rows have none"),
        ([0, 1], [0.5, 1.2], 0.5, "0 to 1; found 0.5 to 1.2"),
        ([0, 2], [0.5, 0.5], 0.5, "must be 0 or 1"),
        ([0.0, np.nan], [0.5, 0.5], 0.5, "must be 0 or 1"),
        ([0, 1], [[0.5, 0.5], [0.1, 0.9]], 0.5, "positive class"),
        ([[0, 1]], [0.5, 0.5], 0.5, "one column"),
        ([0, 1], [0.5, 0.5], 1.5, "threshold"),
    ],
)
def test_refused_input(y, p, threshold, message):
    with pytest.raises(ValueError, match=message):
        binary_metrics(np.array(y), np.array(p), threshold)


def test_inputs_of_other_kinds_are_the_same_and_untouched():
    y, p = np.array([1, 0, 1]), np.array([0.7, 0.2, 0.4])
    before = y.copy(), p.copy()
    expected = binary_metrics(y, p)
    assert binary_metrics(y.astype(bool), p) == expected
    assert binary_metrics(y.astype(float), list(p)) == expected
    assert (y == before[0]).all()
    assert (p == before[1]).all()


@settings(deadline=None)
@given(pairs=rows)
def test_constant_log_loss_is_that_of_the_base_rate(pairs):
    y, _ = arrays(pairs)
    expected = sk.log_loss(y, np.full(len(y), y.mean()), labels=[0, 1])
    assert constant_log_loss(y) == pytest.approx(expected, abs=1e-12)


def test_constant_log_loss_of_no_rows():
    assert math.isnan(constant_log_loss(np.array([], int)))


@settings(deadline=None)
@given(pairs=rows)
def test_best_f1_is_reached_and_not_beaten(pairs):
    y, p = arrays(pairs)
    threshold, f1 = best_f1(y, p)
    assert 0 <= threshold <= 1
    assert binary_metrics(y, p, threshold).f1 == pytest.approx(f1, abs=1e-15)
    tried = {0.0, *p, *(p / 2)}
    assert f1 >= max(binary_metrics(y, p, other).f1 for other in tried) - 1e-15


def test_best_f1_by_hand():
    # above 0.4: both positives and one negative, F1 = 4/5; above 0.55: one of two, 2/3
    threshold, f1 = best_f1(np.array([0, 0, 1, 1, 0]), np.array([0.1, 0.2, 0.6, 0.5, 0.55]))
    assert (threshold, f1) == (0.35, 0.8)
    assert best_f1(np.array([0, 0]), np.array([0.3, 0.6])) == (0.5, 0.0)
    assert best_f1(np.array([1, 1]), np.array([0.0, 0.0])) == (0.5, 0.0)
    assert math.isnan(best_f1(np.array([], int), np.array([]))[1])


def test_best_f1_between_neighbouring_floats():
    lower = np.nextafter(0.5, 1)
    upper = np.nextafter(lower, 1)
    assert (lower + upper) / 2 == upper  # halfway rounds up
    y, p = np.array([0, 1]), np.array([lower, upper])
    assert best_f1(y, p) == (lower, 1.0)
    assert binary_metrics(y, p, lower).f1 == 1.0


def sample(n, seed, noise=1.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    p = 1 / (1 + np.exp(-(y - 0.5 + noise * rng.standard_normal(n))))
    return y, p


def test_bootstrap_is_that_of_rows_drawn_with_replacement():
    y, p = sample(300, 1)
    found = bootstrap_intervals(y, p, 0.4, resamples=40, seed=9, level=0.9)
    rng = np.random.default_rng(9)
    drawn = [rng.integers(0, 300, 300) for _ in range(40)]
    for key in METRICS:
        values = [getattr(binary_metrics(y[rows], p[rows], 0.4), key) for rows in drawn]
        low, high = np.quantile(values, [0.05, 0.95])
        assert found[key].value == getattr(binary_metrics(y, p, 0.4), key)
        assert found[key].low == pytest.approx(low, abs=1e-12)
        assert found[key].high == pytest.approx(high, abs=1e-12)


def test_bootstrap_width_of_accuracy_is_the_binomial_one():
    y, p = sample(2_000, 2)
    accuracy = bootstrap_intervals(y, p, resamples=500)["accuracy"]
    expected = 2 * 1.96 * math.sqrt(accuracy.value * (1 - accuracy.value) / 2_000)
    assert accuracy.high - accuracy.low == pytest.approx(expected, rel=0.15)


def test_bootstrap_is_repeatable_and_depends_on_the_seed():
    y, p = sample(100, 3)
    again = [bootstrap_intervals(y, p, resamples=50, seed=seed) for seed in (1, 1, 2)]
    assert again[0] == again[1]
    assert again[0] != again[2]


def test_bootstrap_skips_resamples_of_one_class():
    # With one positive in four rows, a third of the resamples has none: AUC stays 1 in the rest.
    found = bootstrap_intervals(np.array([0, 0, 0, 1]), np.array([0.1, 0.2, 0.3, 0.9]))
    assert (found["roc_auc"].low, found["roc_auc"].high) == (1.0, 1.0)


def test_bootstrap_where_nothing_can_be_said():
    one_class = bootstrap_intervals(np.ones(5, int), np.full(5, 0.7), resamples=20)
    assert one_class["roc_auc"].as_dict() == {"value": None, "low": None, "high": None}
    assert one_class["accuracy"].as_dict() == {"value": 1.0, "low": 1.0, "high": 1.0}
    nothing = bootstrap_intervals(np.array([], int), np.array([]))
    assert list(nothing) == list(METRICS)
    assert all(math.isnan(interval.high) for interval in nothing.values())


@pytest.mark.parametrize(("resamples", "level"), [(0, 0.95), (10, 0.0), (10, 1.0)])
def test_bootstrap_refuses(resamples, level):
    with pytest.raises(ValueError, match=r"level|resample"):
        bootstrap_intervals(np.array([0, 1]), np.array([0.1, 0.9]), 0.5, resamples, 0, level)
