"""One false alarm in a hundred windows: the stated rate, and the power that it leaves.

What is tested is the whole check over several features, as the page makes it. Windows come from
the reference itself. A threshold also allows for what the reference does not know of its own
population (see thresholds), so the reference is large here; that a small one does not raise the
rate is tested beside the drift.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from core.monitoring.drift import feature_drift
from core.monitoring.power import POWER, smallest_mean_shift, smallest_share_gain
from core.monitoring.profile import build_profile
from core.monitoring.thresholds import psi_threshold

WINDOWS = 2000
RATE = 0.01
KINDS = {"a": "numeric", "b": "numeric", "c": "numeric", "minute": "numeric", "zone": "categorical"}


def drawn(generator, rows):
    return pd.DataFrame(
        {
            "a": generator.normal(size=rows),
            "b": generator.gamma(2, 3, rows),
            "c": generator.random(rows),
            "minute": generator.integers(0, 12, rows),
            "zone": generator.choice(["left", "middle", "right"], rows, p=[0.3, 0.5, 0.2]),
        }
    )


def alarms(profiles, windows):
    return sum(
        any(one.drifted for one in feature_drift(profile, window, RATE))
        for profile, window in zip(profiles, windows, strict=True)
    )


@pytest.fixture(scope="module")
def reference():
    frame = drawn(np.random.default_rng(5), 200_000)
    return frame, build_profile(frame, KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [50, 500, 5000])
def test_2000_windows_from_the_reference_itself(reference, rows):
    frame, profile = reference
    generator = np.random.default_rng(rows)
    picked = (frame.iloc[generator.integers(len(frame), size=rows)] for _ in range(WINDOWS))
    found = alarms([profile] * WINDOWS, picked)
    low, high = binom.ppf([0.005, 0.995], WINDOWS, RATE)
    assert low <= found <= high, f"{found} of {WINDOWS} windows of {rows} rows"


@pytest.mark.parametrize("rows", [100, 1000])
def test_the_smallest_shift_is_seen_four_times_in_five(reference, rows):
    """A normal distribution shifts as a whole, which is what the power assumes of it."""
    _, profile = reference
    feature = profile.features["a"]
    threshold = psi_threshold(feature.counts, feature.expected, rows, RATE, len(KINDS))
    shift = smallest_mean_shift(feature, rows, threshold)
    generator = np.random.default_rng(1)
    windows = 400
    seen = sum(
        feature_drift(
            build_one(profile, "a"),
            pd.DataFrame({"a": generator.normal(shift, 1, rows)}),
            RATE,
            tests=len(KINDS),
        )[0].drifted
        for _ in range(windows)
    )
    low, high = binom.ppf([0.001, 0.999], windows, POWER)
    assert low - 0.05 * windows <= seen <= high + 0.05 * windows


def build_one(profile, name):
    return profile.restricted([name])


def test_more_rows_show_smaller_shifts(reference):
    _, profile = reference
    found = []
    for rows in (50, 500, 5000):
        by_feature = {}
        for name in ("b", "minute", "zone"):
            feature = profile.features[name]
            threshold = psi_threshold(feature.counts, feature.expected, rows, RATE, len(KINDS))
            smallest = smallest_share_gain if name == "zone" else smallest_mean_shift
            by_feature[name] = smallest(feature, rows, threshold)
        found.append(by_feature)
    for name in found[0]:
        shifts = [one[name] for one in found]
        assert shifts == sorted(shifts, reverse=True)
        assert 0 < shifts[-1] < 0.5 * shifts[0]


def test_what_cannot_shift_has_no_smallest_shift():
    built = build_profile(
        pd.DataFrame({"x": [5.0] * 200, "only": ["a"] * 200, "none": [None] * 200}),
        {"x": "numeric", "only": "categorical", "none": "numeric"},
    )
    window = pd.DataFrame({"x": [5.0] * 60, "only": ["a"] * 60, "none": [None] * 60})
    assert [one.detectable for one in feature_drift(built, window)] == [None, None, None]


def test_the_smallest_shift_is_told_in_the_features_own_unit(profile, population):
    found = {one.name: one.detectable for one in feature_drift(profile, population(500, 3)[0])}
    assert found["distance"].startswith("a mean ")
    assert found["distance"].endswith(" ft higher or lower")
    assert found["zone"].startswith("'middle' gaining ")
    few = feature_drift(profile, population(10, 3)[0])
    assert {one.detectable for one in few} == {None}
