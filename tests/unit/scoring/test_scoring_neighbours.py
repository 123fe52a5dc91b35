"""The nearest training rows, and other values of one row."""

import numpy as np
import pandas as pd
import pytest

from core.scoring import what_if
from core.scoring.neighbours import Space

KINDS = {"a": "numeric", "b": "boolean", "c": "categorical"}


def rows(count=400, seed=0):
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "a": generator.normal(0, 2, count),
            "b": generator.random(count) < 0.5,
            "c": generator.choice(["x", "y"], count),
        }
    )


def test_a_training_row_is_its_own_nearest():
    training = rows()
    found = Space(training, KINDS).nearest(training.iloc[[7]], 3)
    assert (found.places[0], found.distances[0]) == (7, 0)
    assert list(found.distances) == sorted(found.distances)
    assert found.percentile < 10


def test_distances_are_in_standard_deviations_and_a_new_category_is_one_apart():
    training = pd.DataFrame({"a": [-1.0, 1.0], "b": [True, True], "c": ["x", "x"]})
    row = pd.DataFrame({"a": [3.0], "b": [True], "c": ["new"]})
    found = Space(training, KINDS).nearest(row)
    assert list(found.places) == [1, 0]
    assert found.distances == pytest.approx([np.sqrt((4 + 1) / 3), np.sqrt((16 + 1) / 3)])


def test_gaps_are_one_apart_from_values_and_alike_among_themselves():
    training = pd.DataFrame({"a": [np.nan, 0.0, 2.0], "b": [None, True, False], "c": "x"})
    row = pd.DataFrame({"a": [np.nan], "b": [None], "c": ["x"]})
    found = Space(training, KINDS).nearest(row)
    assert found.distances == pytest.approx([0, np.sqrt(2 / 3), np.sqrt(2 / 3)])


def test_a_far_row_is_further_than_training_ever_was():
    found = Space(rows(), KINDS).nearest(pd.DataFrame({"a": [40.0], "b": [True], "c": ["x"]}))
    assert found.percentile == 100
    assert found.distances[0] > 100 * found.typical


def test_one_training_row_or_none_cannot_be_compared():
    lone = Space(rows(1), KINDS).nearest(rows(1, seed=1))
    assert len(lone.places) == 1
    assert np.isnan(lone.percentile)
    assert not len(Space(rows(0), KINDS).nearest(rows(1)).places)


class Logistic:
    def predict_proba(self, frame):
        positive = 1 / (1 + np.exp(-frame["a"].to_numpy(float)))
        return np.column_stack([1 - positive, positive])


def test_a_curve_changes_one_column_and_leaves_the_row_alone():
    row = pd.DataFrame({"a": [0.0], "b": ["x"]})
    found = what_if.curve(Logistic(), row, "a", what_if.along(-2, 2, whole=True))
    assert found.values == (-2, -1, 0, 1, 2)
    assert found.probability[2] == 0.5
    assert (np.diff(found.probability) > 0).all()
    assert row["a"].iloc[0] == 0
    held = what_if.curve(Logistic(), row, "b", ("x", "y"))
    assert list(held.probability) == [0.5, 0.5]


def test_a_wide_range_is_thinned():
    assert len(what_if.along(0, 1e6, whole=True)) == what_if.POINTS
    assert what_if.along(0, 1, whole=False)[-1] == 1
