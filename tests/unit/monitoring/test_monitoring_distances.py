import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

from core.monitoring import distances

counts = st.lists(st.integers(0, 500), min_size=4, max_size=4).filter(any)
samples = st.lists(st.integers(-8, 8).map(lambda i: i / 4), min_size=1, max_size=40)


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(distances).failed == 0


def test_psi_is_the_textbook_sum_where_no_bin_is_empty():
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.5, 0.25, 0.25])
    assert distances.psi(p * 1000, q * 400) == pytest.approx(((q - p) * np.log(q / p)).sum())


def test_psi_counts_an_empty_bin_as_half_a_row():
    expected = (0.005 - 0.5) * np.log(0.005 / 0.5) + (1 - 0.5) * np.log(1 / 0.5)
    assert distances.psi([50, 50], [0, 100]) == pytest.approx(expected)


def test_psi_ignores_an_empty_bin_that_was_too_rare_to_be_met():
    assert distances.psi([1, 99_999], [0, 20]) == pytest.approx(0, abs=1e-4)


def test_psi_of_many_windows_at_once_equals_one_by_one():
    windows = [[5, 0, 5], [1, 2, 3], [0, 0, 9]]
    one_by_one = [distances.psi([4, 4, 2], window) for window in windows]
    assert distances.psi([4, 4, 2], windows) == pytest.approx(one_by_one)


@given(counts, counts)
def test_psi_and_js_are_never_negative_and_zero_for_the_same_shares(p, q):
    assert distances.psi(p, q) >= 0
    assert distances.psi(p, p) == 0
    assert 0 <= distances.js_distance(p, q) <= 1 + 1e-12
    assert distances.js_distance(p, np.multiply(p, 3)) == pytest.approx(0, abs=1e-7)


@given(counts, counts)
def test_js_distance_agrees_with_scipy(p, q):
    expected = np.nan_to_num(jensenshannon(p, q, base=2))
    assert distances.js_distance(p, q) == pytest.approx(expected, abs=1e-7)


@given(samples.filter(lambda x: len(x) > 1), samples.filter(lambda y: len(y) > 1))
def test_ks_agrees_with_scipy(x, y):
    assert distances.ks(x, y) == pytest.approx(ks_2samp(x, y, method="asymp").statistic, abs=1e-12)


@given(samples, samples)
def test_weights_stand_for_repetitions(x, y):
    values, weights = np.unique(x, return_counts=True)
    assert distances.ks(values, y, weights) == pytest.approx(distances.ks(x, y), abs=1e-12)
    weighted = distances.wasserstein_normalised(values, y, reference_weights=weights)
    assert weighted == pytest.approx(distances.wasserstein_normalised(x, y), nan_ok=True)


def test_ks_takes_infinities_as_ordinary_values():
    assert distances.ks([1, 2], [np.inf, -np.inf]) == 0.5


def test_wasserstein_is_in_standard_deviations():
    x, y = np.random.default_rng(0).normal(0, 3, 500), np.random.default_rng(1).normal(2, 3, 400)
    expected = wasserstein_distance(x, y) / x.std()
    assert distances.wasserstein_normalised(x, y) == pytest.approx(expected)
    assert distances.wasserstein_normalised(x * 50, y * 50) == pytest.approx(expected)


def test_chi_squared_agrees_with_scipy_and_leaves_out_empty_categories():
    expected = chi2_contingency([[30, 20, 9], [8, 12, 3]], correction=False)
    found = distances.chi_squared([30, 0, 20, 9], [8, 0, 12, 3])
    assert found == pytest.approx((expected.statistic, expected.pvalue))


@pytest.mark.parametrize(
    "call",
    [
        lambda: distances.psi([0, 0], [1, 2]),
        lambda: distances.psi([1, 2], [0, 0]),
        lambda: distances.js_distance([0, 0], [1, 2]),
        lambda: distances.ks([], [1.0]),
        lambda: distances.wasserstein_normalised([1.0], []),
        lambda: distances.wasserstein_normalised([3, 3, 3], [1, 2]),
        lambda: distances.wasserstein_normalised([-1e308, 1e308], [1e308]),
        lambda: distances.chi_squared([0, 0], [1, 2])[0],
    ],
)
def test_what_cannot_be_had_is_nan(call):
    assert np.isnan(call())
