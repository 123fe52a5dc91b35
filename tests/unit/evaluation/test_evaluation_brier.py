"""The Brier score's parts: they add up, and are what their names say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.brier import brier_parts
from core.evaluation.curves import calibration_points

rows = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=80)


@given(rows, st.integers(1, 25))
def test_the_parts_add_up_to_the_score(found, bins):
    y, p = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    parts = brier_parts(y, p, bins)
    assert parts.total == pytest.approx(np.mean((p - y) ** 2), abs=1e-12)
    assert parts.brier == pytest.approx(parts.total, abs=1e-12)
    assert parts.brier == pytest.approx(
        parts.reliability - parts.generalised_resolution + parts.uncertainty, abs=1e-12
    )


def test_murphys_three_are_enough_where_bins_hold_one_probability():
    rng = np.random.default_rng(0)
    p = rng.choice([0.15, 0.35, 0.75], 500)
    y = (rng.random(500) < p).astype(int)
    parts = brier_parts(y, p)
    assert parts.within_variance == pytest.approx(0, abs=1e-15)
    assert parts.within_covariance == pytest.approx(0, abs=1e-15)
    # Murphy (1973), worked over the three probabilities that occur.
    shares = {value: (p == value).mean() for value in np.unique(p)}
    seen = {value: y[p == value].mean() for value in shares}
    reliability = sum(shares[v] * (v - seen[v]) ** 2 for v in shares)
    resolution = sum(shares[v] * (seen[v] - y.mean()) ** 2 for v in shares)
    assert parts.reliability == pytest.approx(reliability, abs=1e-12)
    assert parts.resolution == pytest.approx(resolution, abs=1e-12)
    assert parts.uncertainty == pytest.approx(y.mean() * (1 - y.mean()), abs=1e-12)


def test_bins_are_those_of_the_reliability_curve():
    rng = np.random.default_rng(1)
    p = rng.random(300).round(1)
    y = (rng.random(300) < p).astype(int)
    curve = calibration_points(y, p)
    count = np.array(curve.count)
    gaps = np.nan_to_num(np.array(curve.mean_predicted) - np.array(curve.observed))
    reliability = (count * gaps**2).sum() / 300
    assert brier_parts(y, p).reliability == pytest.approx(reliability, abs=1e-12)


def test_one_constant_and_no_rows():
    parts = brier_parts(np.array([1, 0, 0, 0]), np.full(4, 0.25))
    assert (parts.reliability, parts.resolution, parts.uncertainty) == (0, 0, 0.1875)
    assert all(
        math.isnan(value) for value in vars(brier_parts(np.array([]), np.array([]))).values()
    )
    assert set(brier_parts(np.array([]), np.array([])).as_dict().values()) == {None}
    with pytest.raises(ValueError, match="1 bin"):
        brier_parts(np.array([1]), np.array([0.5]), 0)
