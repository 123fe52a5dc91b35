import json

import numpy as np
import pandas as pd
import pytest

from core.errors import IntegrityError, SchemaError
from core.monitoring.features import category_feature, numbers, numeric_feature
from core.monitoring.profile import ReferenceProfile, build_profile


def test_a_profile_survives_json(profile):
    stored = json.loads(json.dumps(profile.to_dict(), allow_nan=False))
    read = ReferenceProfile.from_dict(stored)
    assert read.to_dict() == profile.to_dict()
    assert read.features == profile.features
    assert read.probability == profile.probability


def test_awkward_columns_are_json_safe_too():
    frame = pd.DataFrame(
        {
            "hole": [np.nan] * 4,
            "wild": [np.inf, -np.inf, 1e308, -1e308],
            "same": [3, 3, 3, 3],
            "when": pd.to_datetime(["2024-01-01", None, "2024-01-02", "2024-01-02"]),
            "word": pd.Categorical(["a", None, "b", "a"]),
        }
    )
    kinds = {
        "hole": "numeric",
        "wild": "numeric",
        "same": "numeric",
        "when": "categorical",
        "word": "categorical",
    }
    built = build_profile(frame, kinds)
    read = ReferenceProfile.from_dict(json.loads(json.dumps(built.to_dict(), allow_nan=False)))
    assert read.features == built.features
    assert read.features["hole"].missing == 4
    assert read.features["wild"].missing == 2
    assert read.features["same"].std == 0


def test_numbers_of_a_numeric_feature():
    feature = numeric_feature("x", [*range(101), None], "ft")
    assert (feature.rows, feature.missing, feature.minimum, feature.maximum) == (102, 1, 0, 100)
    assert feature.mean == 50
    assert feature.quantile(0.5) == 50
    assert sum(feature.counts) == 102
    assert len(feature.cuts) == 10


@pytest.mark.parametrize(
    "values", [[0] * 70 + [1] * 20 + [2] * 10, [5] * 50, list(range(12)) * 9, [0, 1e-300, 1e300]]
)
def test_ties_give_unique_bins_without_an_empty_one(values):
    feature = numeric_feature("x", values)
    assert list(feature.cuts) == sorted(set(feature.cuts))
    assert all(feature.counts[1:-2])
    assert feature.count(pd.Series(values)).tolist() == list(feature.counts)


def test_a_value_on_a_cut_belongs_to_the_bin_below():
    feature = numeric_feature("x", [0] * 70 + [1] * 20 + [2] * 10)
    window = pd.Series([0, 1, 2, -1, 3, np.inf, -np.inf, None, "what"])
    assert feature.cuts == (0, 1, 2)
    assert feature.count(window).tolist() == [2, 1, 1, 1, 2, 2]


def test_a_distribution_with_few_distinct_values_is_kept_whole():
    feature = numeric_feature("x", [1, 1, 1, 7])
    assert (feature.values, feature.weights) == ((1, 7), (3, 1))


def test_a_distribution_with_many_is_kept_as_quantiles():
    values = np.random.default_rng(0).normal(size=5000)
    feature = numeric_feature("x", values)
    assert len(feature.values) == 1000
    assert np.mean(feature.values) == pytest.approx(values.mean(), abs=0.01)


def test_categories_are_the_same_whatever_type_a_file_gave_them():
    feature = category_feature("period", [1, 2, 2, 4], "categorical")
    assert feature.count(pd.Series(["1", "2", "2", "4"])).tolist() == list(feature.counts)
    assert feature.count(pd.Series([1.0, 2.0, np.nan, 9.0])).tolist() == [1, 1, 0, 1, 1]


@pytest.mark.parametrize(
    "dtype", ["float32", "Int64", "category", "object", "string", "int64[pyarrow]"]
)
def test_numbers_are_the_same_in_every_dtype(dtype):
    found = numbers(pd.Series([1, None, 4]).astype("Int64").astype(dtype))
    assert found == pytest.approx([1, np.nan, 4], nan_ok=True)


def test_a_missing_time_is_missing():
    assert np.isnan(numbers(pd.to_datetime(pd.Series(["2024-01-01", None])))[1])


def test_booleans_are_the_same_in_every_spelling():
    feature = category_feature("home", [True, False, False], "boolean")
    for spelling in ([1, 0, 0], [1.0, 0.0, 0.0], ["True", "false", "no"], ["1", "0", "0.0"]):
        assert feature.count(pd.Series(spelling)).tolist() == [2, 1, 0, 0]


def test_beyond_two_hundred_categories_the_rarest_are_others():
    feature = category_feature("id", [i for i in range(250) for _ in range(250 - i)], "categorical")
    assert len(feature.categories) == 200
    assert feature.counts[-2] == sum(range(1, 51))
    assert not feature.complete


def test_the_sample_is_bounded_deterministic_and_keeps_rows_together(population):
    frame, probability, label = population(600)
    built, again = (
        build_profile(frame, {"distance": "numeric"}, probability, label, sample_rows=100, seed=4)
        for _ in range(2)
    )
    assert built.to_dict() == again.to_dict()
    sampled = np.array(built.sample["distance"])
    assert len(sampled) == 100
    assert built.sample_probability == pytest.approx(1 / (1 + np.exp(0.2 * (sampled - 12))))


def test_rows_that_calibration_can_use_are_sampled_first(population):
    frame, probability, label = population(600)
    probability[80:] = np.nan
    built = build_profile(frame, {"distance": "numeric"}, probability, label, sample_rows=100)
    assert np.isfinite(built.sample_probability).sum() == 80


def test_inputs_are_left_as_they_were(population):
    frame, probability, label = population(50)
    before = frame.copy(deep=True), probability.copy(), label.copy()
    build_profile(frame, {"distance": "numeric", "zone": "categorical"}, probability, label)
    pd.testing.assert_frame_equal(frame, before[0])
    assert (probability == before[1]).all()
    assert (label == before[2]).all()


def test_every_absent_column_is_named(profile):
    with pytest.raises(SchemaError, match="distance, zone"):
        profile.require_columns(pd.DataFrame({"home": [1], "minute": [2]}))
    with pytest.raises(SchemaError, match="speed"):
        build_profile(pd.DataFrame({"a": [1]}), {"speed": "numeric"})


def test_labels_of_another_length_are_refused():
    with pytest.raises(SchemaError, match=r"per row \(2\), found 3"):
        build_profile(pd.DataFrame({"a": [1, 2]}), {"a": "numeric"}, label=[0, 1, 1])


@pytest.mark.parametrize("damage", [{"format_version": 99}, {"format": "other"}, {"sample": None}])
def test_a_foreign_profile_is_refused(profile, damage):
    stored = {**profile.to_dict(), **damage}
    if damage == {"sample": None}:
        del stored["sample"]
    with pytest.raises(IntegrityError, match=r"train the model"):
        ReferenceProfile.from_dict(stored)
