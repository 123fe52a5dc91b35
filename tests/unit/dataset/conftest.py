"""A small project with a column of every kind, and rows that fit it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec

SPEC_TEXT = """
title: Gym members
target: {column: left, positive: 1, positive_words: left, negative_words: stayed}
columns:
  age: {kind: numeric, unit: years}
  insured: boolean
  city: categorical
derived:
  decades: age / 10
features: [age, insured, city, decades]
split: {test_size: 0.25, seed: 7}
"""


@pytest.fixture
def spec_text() -> str:
    return SPEC_TEXT


@pytest.fixture
def spec() -> ProjectSpec:
    return specs.from_text(SPEC_TEXT, "gym")


@pytest.fixture
def frame() -> pd.DataFrame:
    """200 distinct rows, no gaps, both classes."""
    rng = np.random.default_rng(1)
    rows = 200
    return pd.DataFrame(
        {
            "member": np.arange(rows),
            "age": rng.integers(18, 90, rows).astype(float),
            "insured": rng.integers(0, 2, rows).astype(bool),
            "city": rng.choice(["Graz", "Linz", "Wien"], rows),
            "left": rng.integers(0, 2, rows),
        }
    )
