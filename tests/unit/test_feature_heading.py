"""What a feature is called on the monitoring page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.ui.monitoring_feature import heading


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("lon_quadra", "Lon quadra"),  # as a title beside the others; no meaning is made up
        ("pH", "pH"),
        ("visits", "Visits"),
        ("shot_distance", "Distance to the basket"),
        ("probability", "The model's probability"),
    ],
)
def test_a_feature_is_called_by_its_words_or_its_name_read_as_words(name: str, shown: str) -> None:
    titled = SimpleNamespace(name="shot_distance", title="distance to the basket")
    page: Any = SimpleNamespace(spec=SimpleNamespace(columns=[titled], raw_columns=["lon_quadra"]))
    assert heading(page, name) == shown
