"""Curves: by hand, against scikit-learn, thinned without loss, to JSON and back."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from core.evaluation.curves import (
    Calibration,
    PrCurve,
    RocCurve,
    calibration_points,
    pr_points,
    roc_points,
)

coarse = st.integers(0, 12).map(lambda step: step / 12)
both_classes = st.lists(st.tuples(st.integers(0, 1), coarse), min_size=2, max_size=50).filter(
    lambda pairs: len({y for y, _ in pairs}) == 2
)


def arrays(pairs):
    return np.array([y for y, _ in pairs]), np.array([p for _, p in pairs])


def sample(n, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return (rng.random(n) < p).astype(int), p


def test_roc_by_hand():
    found = roc_points(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.6, 0.9]))
    assert found.fpr == (0, 0, 0.5, 0.5, 1)
    assert found.tpr == (0, 0.5, 0.5, 1, 1)
    assert found.threshold[:4] == (0.9, 0.6, 0.4, 0.1)
    assert found.auc == 0.75


@settings(deadline=None)
@given(both_classes)
def test_roc_agrees_with_sklearn(pairs):
    y, p = arrays(pairs)
    found = roc_points(y, p)
    fpr, tpr, _ = sk.roc_curve(y, p, drop_intermediate=False)
    # Ours has the corners only: every point of theirs lies on it, and ours are among theirs.
    along = np.add(found.fpr, found.tpr)
    assert np.interp(fpr + tpr, along, found.fpr) == pytest.approx(fpr, abs=1e-12)
    assert np.interp(fpr + tpr, along, found.tpr) == pytest.approx(tpr, abs=1e-12)
    theirs = set(zip(fpr.round(9), tpr.round(9), strict=True))
    assert set(zip(np.round(found.fpr, 9), np.round(found.tpr, 9), strict=True)) <= theirs
    assert found.auc == pytest.approx(sk.roc_auc_score(y, p), abs=1e-12)


@settings(deadline=None)
@given(both_classes)
def test_each_threshold_gives_its_point(pairs):
    y, p = arrays(pairs)
    roc, pr = roc_points(y, p), pr_points(y, p)
    for fpr, tpr, threshold in zip(roc.fpr, roc.tpr, roc.threshold, strict=True):
        assert (p[y == 0] > threshold).mean() == pytest.approx(fpr)
        assert (p[y == 1] > threshold).mean() == pytest.approx(tpr)
    for recall, threshold in zip(pr.recall, pr.threshold, strict=True):
        assert (p[y == 1] > threshold).mean() == pytest.approx(recall)


@settings(deadline=None)
@given(both_classes)
def test_pr_agrees_with_sklearn(pairs):
    y, p = arrays(pairs)
    found = pr_points(y, p)
    precision, recall, _ = sk.precision_recall_curve(y, p)
    assert found.recall == pytest.approx(recall[::-1], abs=1e-12)
    assert found.precision == pytest.approx(precision[::-1], abs=1e-12)
    assert found.average_precision == pytest.approx(sk.average_precision_score(y, p), abs=1e-12)
    assert found.base_rate == y.mean()


def test_thinned_curves_keep_their_ends_and_shape():
    y, p = sample(20_000)
    roc, pr = roc_points(y, p, 100), pr_points(y, p, 100)
    assert 50 <= len(roc.fpr) <= 100
    assert 50 <= len(pr.recall) <= 100
    assert (roc.fpr[0], roc.tpr[0], roc.fpr[-1], roc.tpr[-1]) == (0, 0, 1, 1)
    assert (pr.recall[0], pr.precision[0], pr.recall[-1]) == (0, 1, 1)
    assert pr.precision[-1] == y.mean()
    assert roc.auc == pytest.approx(sk.roc_auc_score(y, p), abs=1e-12)
    assert np.trapz(roc.tpr, roc.fpr) == pytest.approx(roc.auc, abs=1e-3)
    assert np.trapz(pr.precision, pr.recall) == pytest.approx(pr.average_precision, abs=5e-3)


def test_two_points_are_the_fewest():
    y, p = sample(50)
    assert roc_points(y, p, 2).fpr == (0, 1)
    with pytest.raises(ValueError, match="2 points"):
        roc_points(y, p, 1)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_calibration_agrees_with_sklearn(strategy):
    y, p = sample(500, 4)
    p = p.round(2)
    found = calibration_points(y, p, 8, strategy)
    observed, predicted = calibration_curve(y, p, n_bins=8, strategy=strategy)
    assert found.observed == pytest.approx(observed, abs=1e-12)
    assert found.mean_predicted == pytest.approx(predicted, abs=1e-12)
    assert sum(found.count) == 500
    assert len(found.edges) == 9


def test_calibration_by_hand():
    y, p = np.array([0, 1, 1, 1]), np.array([0.2, 0.4, 0.9, 1.0])
    found = calibration_points(y, p, bins=3)
    assert found.count == (1, 1, 2)
    assert found.observed == (0, 1, 1)
    assert found.mean_predicted == pytest.approx((0.2, 0.4, 0.95))
    assert found.edges == pytest.approx((0, 1 / 3, 2 / 3, 1))
    assert found.expected_error == pytest.approx((0.2 + 0.6 + 2 * 0.05) / 4)


def test_calibration_of_empty_bins_and_ties():
    found = calibration_points(np.array([0, 1]), np.array([0.5, 0.5]), bins=2)
    assert found.count == (2, 0)  # an edge belongs to the bin below
    assert math.isnan(found.observed[1])
    tied = calibration_points(np.array([0, 1]), np.array([0.5, 0.5]), 10, "quantile")
    assert (tied.count, tied.edges) == ((2,), (0.0, 1.0))
    with pytest.raises(ValueError, match="1 bin"):
        calibration_points(np.array([0]), np.array([0.5]), bins=0)


def test_one_class_and_no_rows():
    nobody = np.array([], int), np.array([])
    for y, p in (nobody, (np.zeros(2, int), np.array([0.1, 0.2]))):
        roc, pr = roc_points(y, p), pr_points(y, p)
        assert roc.fpr == pr.recall == ()
        assert math.isnan(roc.auc)
        assert math.isnan(pr.average_precision)
    assert sum(calibration_points(*nobody).count) == 0
    assert math.isnan(calibration_points(*nobody).expected_error)


@settings(deadline=None)
@given(both_classes)
def test_json_round_trip(pairs):
    y, p = arrays(pairs)
    for curve in (roc_points(y, p), pr_points(y, p)):
        stored = json.loads(json.dumps(curve.as_dict(), allow_nan=False))
        assert type(curve).from_dict(stored) == curve


def test_json_round_trip_of_what_is_undefined():
    y, p = np.zeros(3, int), np.array([0.1, 0.2, 0.9])
    for curve in (roc_points(y, p), pr_points(y, p), calibration_points(y, p)):
        stored = json.loads(json.dumps(curve.as_dict(), allow_nan=False))
        again = type(curve).from_dict(stored)
        assert repr(again) == repr(curve)  # nan does not equal itself
        assert again.as_dict() == curve.as_dict()


@pytest.mark.parametrize("kind", [RocCurve, PrCurve, Calibration])
def test_a_stored_curve_with_a_field_missing(kind):
    with pytest.raises(ValueError, match=f"stored {kind.__name__} must have"):
        kind.from_dict({})
