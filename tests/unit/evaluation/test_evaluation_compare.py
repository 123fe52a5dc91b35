"""Paired comparison: DeLong against its O(n²) definition, the bootstrap, the words."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from core.evaluation.compare import (
    PairedDifference,
    compare_roc_auc,
    minimum_detectable,
    paired_bootstrap,
    verdict,
)
from core.evaluation.metrics import METRICS, binary_metrics


def delong_by_definition(y, p_a, p_b):
    """DeLong et al. (1988), equations 4 to 8, every pair of rows looked at."""
    structural = []
    for p in (p_a, p_b):
        above, below = p[y == 1][:, None], p[y == 0][None, :]
        psi = (above > below) + 0.5 * (above == below)
        structural.append((psi.mean(axis=1), psi.mean(axis=0)))
    auc = [v10.mean() for v10, _ in structural]
    s10 = np.cov([v10 for v10, _ in structural])
    s01 = np.cov([v01 for _, v01 in structural])
    s = s10 / (y == 1).sum() + s01 / (y == 0).sum()
    contrast = np.array([-1, 1])
    return auc[1] - auc[0], math.sqrt(max(contrast @ s @ contrast, 0))


coarse = st.integers(0, 10).map(lambda step: step / 10)
rows = st.lists(st.tuples(st.integers(0, 1), coarse, coarse), min_size=4, max_size=40).filter(
    lambda found: 2 <= sum(y for y, _, _ in found) <= len(found) - 2
)


@settings(deadline=None)
@given(rows)
def test_delong_is_its_definition(found):
    y, p_a, p_b = (np.array(column) for column in zip(*found, strict=True))
    diff = compare_roc_auc(y, p_a, p_b)
    difference, standard_error = delong_by_definition(y, p_a, p_b)
    assert diff.difference == pytest.approx(difference, abs=1e-12)
    assert diff.standard_error == pytest.approx(standard_error, abs=1e-7)
    assert diff.standard_error**2 == pytest.approx(standard_error**2, abs=1e-12)
    assert diff.champion_value == pytest.approx(roc_auc_score(y, p_a), abs=1e-12)
    assert diff.challenger_value == pytest.approx(roc_auc_score(y, p_b), abs=1e-12)
    turned = compare_roc_auc(y, p_b, p_a)
    assert turned.difference == pytest.approx(-diff.difference, abs=1e-12)
    assert turned.low == pytest.approx(-diff.high, abs=1e-12)


def two_models(n, seed=0, advantage=0.6):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    signal = y + rng.standard_normal(n)
    p_a = stats.norm.cdf(signal - 0.5 + rng.standard_normal(n))
    p_b = stats.norm.cdf(signal - 0.5 + (1 - advantage) * rng.standard_normal(n))
    return y, p_a, p_b


def test_interval_and_p_value_are_the_normal_ones():
    diff = compare_roc_auc(*two_models(400), level=0.9)
    z = diff.difference / diff.standard_error
    assert diff.p_value == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)
    low, high = stats.norm.interval(0.9, diff.difference, diff.standard_error)
    assert (diff.low, diff.high) == pytest.approx((low, high), rel=1e-9)
    assert (diff.metric, diff.method, diff.n, diff.level) == ("roc_auc", "DeLong", 400, 0.9)


def test_under_no_difference_p_values_are_uniform():
    found = [compare_roc_auc(*two_models(200, seed, advantage=0)).p_value for seed in range(300)]
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_the_two_methods_agree():
    data = two_models(1_500, 3)
    delong, boot = compare_roc_auc(*data), paired_bootstrap(*data, "roc_auc", resamples=600)
    assert boot.difference == pytest.approx(delong.difference, abs=1e-12)
    assert boot.standard_error == pytest.approx(delong.standard_error, rel=0.15)
    assert boot.low == pytest.approx(delong.low, abs=0.005)
    assert boot.high == pytest.approx(delong.high, abs=0.005)


@pytest.mark.parametrize("metric", list(METRICS))
def test_identical_predictions_differ_by_nothing(metric):
    y, p, _ = two_models(120)
    found = [paired_bootstrap(y, p, p, metric, resamples=30)]
    if metric == "roc_auc":
        found.append(compare_roc_auc(y, p, p))
    for diff in found:
        assert (diff.difference, diff.low, diff.high, diff.p_value) == (0, 0, 0, 1)
        assert minimum_detectable(diff) == 0
        assert verdict(diff) == f"no difference: the same {METRICS[metric].word} on 120 rows"


@pytest.mark.parametrize("metric", ["f1", "log_loss"])
def test_the_bootstrap_measures_both_on_the_same_rows_at_their_own_thresholds(metric):
    y, p_a, p_b = two_models(150, 8)
    diff = paired_bootstrap(y, p_a, p_b, metric, 0.3, 0.6, resamples=50, seed=4, level=0.8)
    rng, differences = np.random.default_rng(4), []
    for _ in range(50):
        drawn = rng.integers(0, 150, 150)
        a = getattr(binary_metrics(y[drawn], p_a[drawn], 0.3), metric)
        b = getattr(binary_metrics(y[drawn], p_b[drawn], 0.6), metric)
        differences.append(b - a)
    assert (diff.low, diff.high) == pytest.approx(tuple(np.quantile(differences, [0.1, 0.9])))
    smaller = min(sum(d <= 0 for d in differences), sum(d >= 0 for d in differences))
    assert diff.p_value == pytest.approx(min(1, 2 * (smaller + 1) / 51))
    assert diff.standard_error == pytest.approx(np.std(differences, ddof=1))
    assert diff.champion_value == getattr(binary_metrics(y, p_a, 0.3), metric)
    assert diff.challenger_value == getattr(binary_metrics(y, p_b, 0.6), metric)
    assert diff == paired_bootstrap(y, p_a, p_b, metric, 0.3, 0.6, resamples=50, seed=4, level=0.8)


def test_minimum_detectable_is_found_four_times_in_five():
    diff = compare_roc_auc(*two_models(400))
    least = minimum_detectable(diff)
    assert least == pytest.approx((1.959964 + 0.841621) * diff.standard_error, rel=1e-6)
    power = stats.norm.sf(1.959964 - least / diff.standard_error)
    assert power == pytest.approx(0.8, abs=1e-6)


def known(**changes):
    base = PairedDifference(
        "roc_auc", 0.6, 0.615, 0.015, 0.004, 0.026, 0.008, 4057, "DeLong", 0.0056
    )
    return replace(base, **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "better by 0.015 ROC AUC, 95% interval 0.004 to 0.026"),
        (
            {"difference": -0.015, "low": -0.026, "high": -0.004},
            "worse by 0.015 ROC AUC, 95% interval 0.004 to 0.026",
        ),
        (
            {"metric": "log_loss", "difference": -0.015, "low": -0.026, "high": -0.004},
            "better by 0.015 log loss, 95% interval 0.004 to 0.026",
        ),
        ({"metric": "brier", "level": 0.9}, "worse by 0.015 Brier score, 90% interval 0.004 to"),
        (
            {"low": -0.002, "high": 0.026, "standard_error": 0.00714},
            "no evidence of a difference: with 4,057 rows, a difference in ROC AUC smaller than "
            "0.020 can hardly be told from chance",
        ),
        (
            {"difference": 0.0013, "low": 0.00021, "high": 0.0024},
            "better by 0.0013 ROC AUC, 95% interval 0.0002 to 0.0024",
        ),
        ({"difference": math.nan}, "cannot be compared: ROC AUC is undefined on 4,057 rows"),
        ({"low": math.nan, "n": 1}, "cannot be compared: 1 row, too few"),
    ],
)
def test_verdict(changes, words):
    assert verdict(known(**changes)).startswith(words)


def test_rows_of_one_class_have_no_comparison():
    y, p = np.ones(5, int), np.linspace(0, 1, 5)
    for diff in (compare_roc_auc(y, p, p[::-1]), paired_bootstrap(y, p, p, "roc_auc")):
        assert math.isnan(diff.difference)
        assert "undefined on 5 rows" in verdict(diff)
        assert diff.as_dict()["p_value"] is None
        json.dumps(diff.as_dict(), allow_nan=False)


def test_a_single_positive_has_a_difference_but_no_interval():
    y, p = np.array([0, 0, 1]), np.array([0.1, 0.5, 0.9])
    diff = compare_roc_auc(y, p[::-1], p)
    assert diff.difference == 1.0
    assert math.isnan(diff.low)
    assert math.isnan(diff.p_value)
    assert "too few" in verdict(diff)


def test_no_rows():
    y, p = np.array([], int), np.array([])
    assert math.isnan(compare_roc_auc(y, p, p).difference)
    assert math.isnan(paired_bootstrap(y, p, p, "f1").difference)


def test_refused():
    y, p = np.array([0, 1]), np.array([0.2, 0.8])
    with pytest.raises(ValueError, match="one of roc_auc"):
        paired_bootstrap(y, p, p, "auc")
    with pytest.raises(ValueError, match="2 labels and 1"):
        compare_roc_auc(y, p, p[:1])
    with pytest.raises(ValueError, match="level"):
        compare_roc_auc(y, p, p, level=95)
