import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, ks_2samp, wasserstein_distance

from core.errors import BadInput, SchemaError
from core.monitoring.distances import psi
from core.monitoring.domain import domain_classifier
from core.monitoring.drift import feature_drift, most_drifted, prediction_drift
from core.monitoring.features import NumericFeature, numeric_feature
from core.monitoring.profile import build_profile
from core.monitoring.thresholds import level_of, psi_threshold


def by_name(profile, window):
    return {feature.name: feature for feature in feature_drift(profile, window)}


def test_an_unchanged_window_is_quiet(profile, population):
    window, probability, _ = population(3000, seed=2)
    assert [feature.level for feature in feature_drift(profile, window)] == ["ok"] * 4
    assert {feature.change for feature in feature_drift(profile, window)} == {
        "no change to speak of"
    }
    assert not prediction_drift(profile, probability).drifted


@pytest.mark.parametrize("rows", [50, 500, 5000])
def test_false_alarms_come_at_the_stated_rate(profile, population, rows):
    """Four features at a rate of 10%: any alarm in at most that share of unchanged windows."""
    windows = 200
    alarms = sum(
        any(
            feature.drifted
            for feature in feature_drift(profile, population(rows, seed=100 + i)[0], rate=0.1)
        )
        for i in range(windows)
    )
    assert alarms <= binom.ppf(0.999, windows, 0.1)


@pytest.mark.parametrize("rows", [50, 500, 5000])
def test_a_single_threshold_is_neither_loose_nor_tight(rows):
    """Fresh reference and fresh window each time: the rate of 10% is met from both sides."""
    generator = np.random.default_rng(rows)
    trials, alarms = 200, 0
    for _ in range(trials):
        feature = numeric_feature("x", generator.normal(size=1000))
        counts = feature.count(pd.Series(generator.normal(size=rows)))
        threshold = psi_threshold(feature.counts, feature.expected, rows, 0.1)
        alarms += psi(feature.counts, counts) > threshold
    low, high = binom.ppf([0.001, 0.999], trials, 0.1)
    assert low <= alarms <= high


def test_a_shift_is_named_in_the_features_own_unit(profile, population):
    window, _, _ = population(500, seed=3)
    found = by_name(profile, window.assign(distance=window["distance"] + 60))["distance"]
    assert found.level == "alarm"
    assert found.out_of_range_share > 0.99
    assert found.change == "median 10.9 → 71.3 ft; all of these lie beyond all training values"


def test_the_statistics_are_scipys_on_the_training_values():
    generator = np.random.default_rng(0)
    reference, window = generator.integers(0, 60, 2000), generator.integers(10, 70, 700)
    built = build_profile(pd.DataFrame({"x": reference}), {"x": "numeric"})
    found = by_name(built, pd.DataFrame({"x": window}))["x"]
    assert found.ks == pytest.approx(ks_2samp(reference, window).statistic, abs=1e-12)
    expected = wasserstein_distance(reference, window) / reference.std()
    assert found.wasserstein == pytest.approx(expected)
    assert found.chi_squared is None


def test_a_shifted_category_is_named_with_its_shares(profile, population):
    window, _, _ = population(1000, seed=4)
    found = by_name(profile, window.assign(zone="left"))["zone"]
    assert found.level == "alarm"
    assert found.change == "'left': 30% → 100%"
    assert found.ks is None
    assert found.chi_squared_p < 1e-9


def test_an_unseen_category_is_named(profile, population):
    window, _, _ = population(400, seed=5)
    window.loc[:199, "zone"] = "corner"
    found = by_name(profile, window)["zone"]
    assert found.new_category_share == 0.5
    assert "50% in categories training never had, such as 'corner'" in found.change


def test_a_real_but_small_shift_is_a_warning(profile, population):
    window, _, _ = population(20_000, seed=6)
    found = by_name(profile, window.assign(distance=window["distance"] * 1.06))["distance"]
    assert found.threshold < found.psi < 0.1
    assert found.level == "warning"
    assert found.drifted


def test_a_column_that_went_missing_alarms(profile, population):
    window, _, _ = population(200, seed=7)
    found = by_name(profile, window.assign(distance=np.nan, zone=None))
    for name in ("distance", "zone"):
        assert found[name].level == "alarm"
        assert found[name].missing_share == 1
        assert found[name].change == "missing 0% → 100%"
    assert found["distance"].ks is None


def test_few_rows_are_unknown_not_fine(profile, population):
    for rows in (0, 1, 29):
        for feature in feature_drift(profile, population(rows, seed=8)[0]):
            assert (feature.level, feature.drifted) == ("unknown", False)
            assert feature.change == f"too few rows to judge ({rows} of at least 30)"
    assert {f.level for f in feature_drift(profile, population(30, seed=8)[0])} <= {"ok", "warning"}


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e308, -1e308, 5e-324])
def test_wild_values_are_measured_not_fatal(profile, population, value):
    window, _, _ = population(100, seed=9)
    found = by_name(profile, window.assign(distance=value))["distance"]
    assert found.level == "alarm"
    assert found.out_of_range_share == 1
    assert found.change


def test_a_constant_reference_notices_another_value():
    built = build_profile(pd.DataFrame({"x": [5.0] * 500}), {"x": "numeric"})
    assert by_name(built, pd.DataFrame({"x": [5.0] * 80}))["x"].level == "ok"
    other = by_name(built, pd.DataFrame({"x": [5.0] * 40 + [6.0] * 40}))["x"]
    assert (other.level, other.wasserstein) == ("alarm", None)


def test_a_reference_without_values_notices_that_there_are_some():
    built = build_profile(pd.DataFrame({"x": [None] * 500}), {"x": "numeric"})
    assert by_name(built, pd.DataFrame({"x": [None] * 80}))["x"].level == "ok"
    assert by_name(built, pd.DataFrame({"x": range(80)}))["x"].change == "missing 100% → 0%"


def test_absent_columns_are_named(profile):
    with pytest.raises(SchemaError, match="lack minute, home, zone"):
        feature_drift(profile, pd.DataFrame({"distance": [1.0]}))


def test_prediction_drift_needs_a_reference(population):
    frame, probability, _ = population(100)
    bare = build_profile(frame, {"zone": "categorical"})
    with pytest.raises(BadInput, match="no probabilities"):
        prediction_drift(bare, probability)


def test_prediction_drift_sees_probabilities_move(profile, population):
    _, probability, _ = population(500, seed=3)
    found = prediction_drift(profile, probability / 2)
    assert (found.name, found.level) == ("probability", "alarm")


def test_the_window_is_left_as_it_was(profile, population):
    window, _, _ = population(100, seed=3)
    before = window.copy(deep=True)
    feature_drift(profile, window)
    domain_classifier(profile, window, folds=2)
    pd.testing.assert_frame_equal(window, before)


def test_most_drifted_puts_alarms_first(profile, population):
    window, _, _ = population(500, seed=3)
    shifted = window.assign(distance=window["distance"] + 60, zone="left")
    assert [one.name for one in most_drifted(feature_drift(profile, shifted))] == [
        "distance",
        "zone",
    ]


def test_thresholds_shrink_with_rows_and_grow_with_features():
    counts, expected = (0, 100, 100, 100, 0, 0), (1.0, 100.0, 100.0, 100.0, 1.0, 0.5)
    small, large = (psi_threshold(counts, expected, rows) for rows in (50, 5000))
    assert small > large > 0
    assert psi_threshold(counts, expected, 50, features=20) > small
    assert psi_threshold(counts, expected, 5123) == psi_threshold(counts, expected, 5100)


@pytest.mark.parametrize(
    ("statistic", "threshold", "rows", "level"),
    [
        (0.3, 0.05, 100, "alarm"),
        (0.07, 0.05, 100, "warning"),
        (0.05, 0.05, 100, "ok"),
        (0.3, 0.4, 100, "ok"),
        (0.3, 0.05, 29, "unknown"),
        (float("nan"), 0.05, 100, "unknown"),
        (0.3, None, 100, "unknown"),
    ],
)
def test_levels(statistic, threshold, rows, level):
    assert level_of(statistic, threshold, rows) == level


def test_domain_classifier_cannot_tell_an_unchanged_window(profile, population):
    result = domain_classifier(profile, population(800, seed=10)[0], max_rows=800)
    assert result.roc_auc == pytest.approx(0.5, abs=0.06)


def test_domain_classifier_sees_what_no_single_feature_shows(population):
    generator = np.random.default_rng(0)
    x = generator.normal(size=1500)
    built = build_profile(
        pd.DataFrame({"x": x, "y": x + 0.1 * generator.normal(size=1500)}),
        {"x": "numeric", "y": "numeric"},
    )
    window = pd.DataFrame({"x": x[:700], "y": generator.permutation(built.sample["y"])[:700]})
    assert not any(feature.drifted for feature in feature_drift(built, window))
    assert domain_classifier(built, window).roc_auc > 0.85


def test_domain_classifier_names_the_giveaway(profile, population):
    window, _, _ = population(400, seed=11)
    window = window.assign(distance=np.where(np.arange(400) % 50, window["distance"] + 60, np.nan))
    result = domain_classifier(profile, window, max_rows=400)
    assert result.roc_auc > 0.99
    assert result.importances[0][0] == "distance"
    assert sum(share for _, share in result.importances) == pytest.approx(1)
    assert result == domain_classifier(profile, window, max_rows=400)


def test_domain_classifier_says_when_rows_are_too_few(profile, population):
    result = domain_classifier(profile, population(12)[0])
    assert result.roc_auc is None
    assert result.reason.startswith("12 rows are too few")


def test_numeric_features_have_one_bin_each_side(profile):
    assert all(
        feature.counts[0] == feature.counts[-2] == 0
        for feature in profile.features.values()
        if isinstance(feature, NumericFeature)
    )
