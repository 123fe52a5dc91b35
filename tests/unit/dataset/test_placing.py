"""A click on the court finds its way back into the raw columns."""

import numpy as np
import pandas as pd
import pytest

from core.dataset import spec as specs
from core.dataset.figures import court_positions
from core.dataset.placing import decimals_of, placing

SPEC = """
title: Shots
target: {{column: made, positive: 1, positive_words: made, negative_words: missed}}
columns:
  lat: {{kind: numeric}}
  lon: {{kind: numeric}}
  far: {{kind: numeric}}
  clock: {{kind: numeric}}
features: [lat, lon, far, clock]
court: {{x: "{x}", y: "{y}"}}
"""
X, Y = "(lon + 118.2698) * 100", "(34.0443 - lat) * 100"


def project(x=X, y=Y):
    return specs.from_text(SPEC.format(x=x, y=y), "shots")


def training(count=300):
    generator = np.random.default_rng(3)
    across, out = generator.normal(0, 8, count).round(1), generator.gamma(3, 4, count).round(1)
    return pd.DataFrame(
        {
            "lat": (34.0443 - out / 100).round(4),
            "lon": (across / 100 - 118.2698).round(4),
            "far": np.floor(np.hypot(across, out)),
            "clock": generator.integers(0, 12, count).astype(float),
        }
    )


def test_a_point_goes_to_the_columns_and_back():
    spec = project()
    found = placing(spec, training())
    assert found is not None
    x, y = np.array([-7.3, 0.0, 22.0]), np.array([12.0, 0.0, -3.1])
    columns = found.columns_at(x, y)
    back = court_positions(pd.DataFrame(columns), spec.court)
    assert back[0] == pytest.approx(x, abs=0.011)
    assert back[1] == pytest.approx(y, abs=0.011)
    assert found.decimals == (4, 4)


def test_the_distance_follows_where_training_says_so():
    found = placing(project(), training())
    assert (found.distance, found.whole_feet) == ("far", True)
    assert found.columns_at(np.array([3.0]), np.array([4.5]))["far"] == 5
    other = training().assign(far=lambda rows: rows["clock"] * 2)
    assert placing(project(), other).distance is None


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("lon ** 2", "lat"),  # bent
        ("lon + lat", "(lon + lat) * 2"),  # flat
        ("lon + clock", "lat"),  # three columns
        ("lon", "1 / lat"),  # undefined in places
        ("far * 0", "far"),  # one column
    ],
)
def test_a_court_that_cannot_be_turned_round_takes_no_clicks(x, y):
    assert placing(project(x, y), training()) is None


def test_decimals():
    assert decimals_of(np.array([1.0, 2.0, np.nan])) == 0
    assert decimals_of(np.array([1.25, 2.0])) == 2
    assert decimals_of(np.array([1 / 3])) == 6
    assert decimals_of(np.array([])) == 0
