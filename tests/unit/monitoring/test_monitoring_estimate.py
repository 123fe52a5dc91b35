import numpy as np
import pytest
from sklearn import metrics as sk

from core.monitoring.domain import DomainResult
from core.monitoring.estimate import Interval, estimate_performance
from core.monitoring.profile import build_profile
from core.monitoring.ranking import best_f1, metrics_of

ALIKE = DomainResult(0.5, ())


def test_the_estimate_covers_what_the_labels_show_later(profile, population):
    missed = []
    for seed in range(20, 32):
        window, probability, label = population(1500, seed)
        estimate = estimate_performance(profile, window, probability, domain=ALIKE, draws=60)
        realised = metrics_of(label, probability, 0.5)
        assert estimate.metrics.keys() == realised.keys()
        missed += [
            name
            for name, interval in estimate.metrics.items()
            if not interval.low <= realised[name] <= interval.high
        ]
    assert len(missed) <= 0.2 * 12 * 6


def test_a_milder_shift_is_followed(profile, population):
    """Rows nearer the basket: more positives, and the estimate says so before the labels do."""
    window, probability, label = population(6000, seed=40)
    nearer = window["distance"].to_numpy() < 12
    estimate = estimate_performance(
        profile, window[nearer], probability[nearer], domain=ALIKE, draws=40
    )
    realised = metrics_of(label[nearer], probability[nearer], 0.5)
    assert estimate.metrics["precision"].value == pytest.approx(realised["precision"], abs=0.03)
    assert estimate.metrics["roc_auc"].value == pytest.approx(realised["roc_auc"], abs=0.03)


def test_overconfident_probabilities_are_calibrated_first(population):
    frame, probability, label = population(4000, seed=1)
    loud = np.where(probability > 0.5, 0.99, 0.01)
    built = build_profile(frame, {"distance": "numeric"}, loud, label)
    estimate = estimate_performance(built, frame, loud, domain=ALIKE, draws=20)
    accuracy = (label == (loud > 0.5)).mean()
    assert estimate.metrics["accuracy"].value == pytest.approx(accuracy, abs=0.01)
    bare = build_profile(frame, {"distance": "numeric"}, loud)
    uncalibrated = estimate_performance(bare, frame, loud, domain=ALIKE, draws=20)
    assert uncalibrated.metrics["accuracy"].value == pytest.approx(0.99)
    assert "no labels to calibrate" in uncalibrated.reason


def test_rows_unlike_any_in_training_are_refused(profile, population):
    window, probability, _ = population(300, seed=3)
    window.loc[:29, "distance"] += 500
    estimate = estimate_performance(profile, window, probability)
    assert (estimate.status, dict(estimate.metrics)) == ("refused", {})
    assert estimate.reason.startswith("10% of the values of distance are unlike any")


def test_rows_in_new_categories_are_refused(profile, population):
    window, probability, _ = population(300, seed=3)
    estimate = estimate_performance(profile, window.assign(zone="corner"), probability)
    assert estimate.status == "refused"
    assert "100% of the values of zone" in estimate.reason


def test_rows_that_a_classifier_tells_apart_are_refused(profile, population):
    window, probability, _ = population(2000, seed=3)
    far = (window["distance"] > 20).to_numpy()
    window, probability = window[far], probability[far]
    estimate = estimate_performance(profile, window, probability)
    assert estimate.status == "refused"
    assert "ROC AUC 0.9" in estimate.reason
    assert "distance" in estimate.reason


def test_too_few_rows_or_labels_are_refused(profile, population):
    window, probability, label = population(80, seed=3)
    few = estimate_performance(profile, window[:9], probability[:9])
    assert few.reason == "9 scored rows are too few; 30 are needed."
    young = build_profile(window, {"distance": "numeric"}, probability, label)
    assert "80 labelled rows to calibrate" in (
        estimate_performance(young, window, probability, domain=ALIKE).reason
    )


def test_the_same_call_gives_the_same_estimate(profile, population):
    window, probability, _ = population(200, seed=3)
    first, second = (
        estimate_performance(profile, window, probability, domain=ALIKE, draws=10) for _ in range(2)
    )
    assert first == second
    assert isinstance(first.metrics["f1"], Interval)


def test_metrics_agree_with_scikit_learn():
    generator = np.random.default_rng(0)
    label = generator.integers(0, 2, 400).astype(float)
    probability = np.round(generator.beta(2 + label, 3), 2)
    found = metrics_of(label, probability, 0.4)
    decision = probability > 0.4
    expected = {
        "roc_auc": sk.roc_auc_score(label, probability),
        "log_loss": sk.log_loss(label, probability),
        "accuracy": sk.accuracy_score(label, decision),
        "precision": sk.precision_score(label, decision),
        "recall": sk.recall_score(label, decision),
        "f1": sk.f1_score(label, decision),
    }
    assert found == pytest.approx(expected)
    best, at = best_f1(label, probability)
    assert sk.f1_score(label, probability > at) == pytest.approx(best)
    assert best == max(sk.f1_score(label, probability >= t) for t in np.unique(probability))


def test_a_probability_at_the_threshold_is_negative():
    label, probability = np.array([1.0, 0.0, 1.0]), np.array([0.5, 0.5, 0.7])
    found = metrics_of(label, probability, 0.5)
    assert (found["precision"], found["recall"]) == (1.0, 0.5)


def test_the_best_threshold_lies_below_the_rows_that_it_calls_positive():
    label = np.array([0.0, 1.0, 1.0])
    assert best_f1(label, np.array([0.2, 0.4, 0.9])) == (1.0, pytest.approx(0.3))
    lower, upper = 0.5, np.nextafter(0.5, 1)
    assert best_f1(label, np.array([lower, upper, upper])) == (1.0, lower)
    assert best_f1(np.array([1.0, 1.0]), np.array([0.0, 0.6])) == (pytest.approx(2 / 3), 0.3)


def test_soft_labels_are_the_expectation_over_hard_ones():
    probability, soft = np.array([0.2, 0.6, 0.9]), np.array([0.1, 0.5, 1.0])
    assert metrics_of(soft, probability, 0.5)["accuracy"] == pytest.approx((0.9 + 0.5 + 1) / 3)
    assert np.isnan(metrics_of(np.zeros(3), probability, 0.5)["roc_auc"])
