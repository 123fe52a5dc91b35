import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, wasserstein_distance

from core.monitoring import column_tally
from core.monitoring.column_tally import CategoryTally, NumericTally
from core.monitoring.distances import ks
from core.monitoring.drift import DriftTally, feature_drift
from core.monitoring.features import category_feature, numeric_feature, quantiles_of


def test_a_window_in_pieces_is_the_window_at_once(profile, population):
    window, *_ = population(3000, seed=2)
    window["distance"] = (window["distance"] + 4).where(np.arange(3000) % 7 > 0)
    window["zone"] = window["zone"].replace("right", "bench")
    tally = DriftTally(profile)
    for first in range(0, 3000, 700):
        tally.add(window.iloc[first : first + 700])
    assert tally.drift() == feature_drift(profile, window)
    words = " ".join(found.change for found in tally.drift())
    assert "missing 0% → 14%" in words
    assert "such as 'bench'" in words


@pytest.mark.parametrize("digits", [0, 1, 9])
def test_counts_are_those_of_the_values(digits):
    generator = np.random.default_rng(digits)
    feature = numeric_feature("x", generator.normal(size=500).round(digits))
    values = np.append(generator.normal(size=3000).round(digits), [np.nan, np.inf, -np.inf])
    tally = NumericTally(feature)
    for piece in np.array_split(values, 4):
        tally.add(piece)
    present = np.sort(values[~np.isnan(values)])
    distinct, counts = np.unique(present, return_counts=True)
    assert (tally.values.tolist(), tally.counts.tolist()) == (distinct.tolist(), counts.tolist())
    assert (tally.rows, tally.missing) == (3003, 1)
    assert tally.binned().tolist() == feature.count(pd.Series(values)).tolist()
    at = np.linspace(0, 1, 50)
    assert tally.quantiles(at).tolist() == quantiles_of(present, at).tolist()


def test_very_many_distinct_values_are_put_together_within_the_stated_bound(monkeypatch):
    monkeypatch.setattr(column_tally, "MOST_VALUES", 2000)
    generator = np.random.default_rng(3)
    feature = numeric_feature("x", generator.integers(0, 40, 900) / 10)
    values = generator.gamma(2, 1, 40_000)
    tally = NumericTally(feature)
    pieces = np.array_split(values, 20)
    for piece in pieces:
        tally.add(piece)
        assert len(tally.values) <= 4000
    assert tally.rows == 40_000
    assert tally.binned().tolist() == feature.count(pd.Series(values)).tolist()
    reference = np.repeat(feature.values, np.array(feature.weights, dtype=int))
    gap = ks(reference, tally.values, window_weights=tally.counts)
    assert gap == pytest.approx(ks_2samp(reference, values).statistic, abs=1e-12)
    found = wasserstein_distance(reference, tally.values, v_weights=tally.counts)
    exact = wasserstein_distance(reference, values)
    assert found == pytest.approx(exact, abs=len(pieces) / 2000 * np.ptp(values))
    assert found == pytest.approx(exact, rel=1e-4)


def test_infinite_and_huge_values_stay_apart_when_values_are_put_together(monkeypatch):
    monkeypatch.setattr(column_tally, "MOST_VALUES", 100)
    tally = NumericTally(numeric_feature("x", [0.0, 1.0]))
    tally.add(np.append(np.linspace(2, 1.7e308, 5000), [np.inf] * 3 + [-np.inf]))
    assert len(tally.values) < 200
    assert (tally.counts[0], tally.counts[-1]) == (1, 3)
    assert np.isinf(tally.values).sum() == 2


def test_names_beyond_the_list_are_kept_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(column_tally, "MOST_UNLISTED", 10)
    feature = category_feature("zone", ["left", "right"] * 50, "categorical")
    tally = CategoryTally(feature)
    for turn in range(30):
        tally.add(pd.Series(["left", "bench", "bench", None, f"a{turn}", f"b{turn}"]))
    assert len(tally.unlisted) <= 20
    assert tally.unlisted["bench"] == 60
    assert tally.counts.tolist() == [30, 0, 120, 30]


@pytest.mark.parametrize("dtype", ["bool", "int8", "float32", "object", "category", "boolean"])
def test_a_category_is_the_same_in_every_type_of_column(dtype):
    feature = category_feature("playoffs", [True, False, False], "boolean")
    tally = CategoryTally(feature)
    tally.add(pd.Series([True, True, False]).astype(dtype))
    assert dict(zip(feature.categories, tally.counts.tolist(), strict=False)) == {"no": 1, "yes": 2}
