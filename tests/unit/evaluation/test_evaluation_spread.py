"""Intervals from counts alone agree with those of resampled rows."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.metrics import binary_metrics, bootstrap_intervals
from core.evaluation.spread import intervals_of
from core.evaluation.tally import ScoredLabels


@pytest.mark.parametrize("rows", [300, 3000])
def test_they_agree_with_the_bootstrap(rows: int) -> None:
    rng = np.random.default_rng(1)
    p = np.round(rng.beta(2, 3, rows), 2)  # with ties
    y = (rng.random(rows) < 0.3 + 0.4 * p).astype(int)
    found = intervals_of(ScoredLabels.of(y, p).tally(), 0.45)
    drawn = bootstrap_intervals(y, p, 0.45, resamples=1000)
    exact = binary_metrics(y, p, 0.45).as_dict()
    assert set(found) == {"roc_auc", "log_loss", "accuracy", "precision", "recall", "f1"}
    for name, one in found.items():
        assert one.value == pytest.approx(exact[name], rel=1e-12)
        width = drawn[name].high - drawn[name].low
        assert one.low == pytest.approx(drawn[name].low, abs=0.15 * width), name
        assert one.high == pytest.approx(drawn[name].high, abs=0.15 * width), name


def test_a_share_of_none_among_few_still_has_a_width() -> None:
    found = intervals_of(ScoredLabels.of([1, 1, 1, 0, 0], [0.1, 0.2, 0.3, 0.1, 0.2]).tally(), 0.5)
    assert found["recall"].value == 0 and found["recall"].high > 0.5
    assert found["f1"].value == 0 and found["f1"].high > found["recall"].high
    assert found["precision"].value == 0 and found["precision"].high > 0.4, "of five rows"
    many = intervals_of(ScoredLabels.of([1, 0] * 500, [0.1, 0.2] * 500).tally(), 0.5)
    assert many["precision"].value == 0 and many["precision"].high < 0.005


def test_what_is_undefined_is_absent() -> None:
    assert intervals_of(ScoredLabels.of([], []).tally(), 0.5) == {}
    one_class = intervals_of(ScoredLabels.of([1, 1], [0.4, 0.9]).tally(), 0.5)
    assert "roc_auc" not in one_class and one_class["recall"].value == 0.5
    with pytest.raises(ValueError, match="level"):
        intervals_of(ScoredLabels.of([1], [0.5]).tally(), 0.5, level=1)
