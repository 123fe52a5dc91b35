"""A small population with every kind of column, its labels, and a model's probabilities."""

import numpy as np
import pandas as pd
import pytest

from core.monitoring.profile import ReferenceProfile, build_profile

KINDS = {"distance": "numeric", "minute": "numeric", "home": "boolean", "zone": "categorical"}


def _population(rows: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "distance": generator.gamma(4, 3, rows),
            "minute": generator.binomial(11, 0.4, rows),
            "home": generator.random(rows) < 0.5,
            "zone": generator.choice(["left", "middle", "right"], rows, p=[0.3, 0.5, 0.2]),
        }
    )
    truth = 1 / (1 + np.exp(0.2 * (frame["distance"].to_numpy() - 12)))
    label = (generator.random(rows) < truth).astype(float)
    return frame, truth, label


@pytest.fixture(scope="session")
def population():
    return _population


@pytest.fixture(scope="session")
def profile() -> ReferenceProfile:
    frame, probability, label = _population(4000, seed=1)
    return build_profile(frame, KINDS, probability, label, units={"distance": "ft"})
