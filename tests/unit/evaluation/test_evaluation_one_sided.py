"""Decisions that hardly depend on the row are told, by the base rate and not by F1."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.challenge import baseline
from core.evaluation.metrics import binary_metrics
from core.evaluation.one_sided import one_sided


def rows(n: int, rate: float, spread: float, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities around ``rate`` that know a little of them."""
    draw = np.random.default_rng(seed)
    y = (draw.random(n) < rate).astype(int)
    return y, np.clip(rate + spread * (draw.normal(size=n) + 0.3 * (2 * y - 1)), 0, 1)


def test_positive_of_nearly_every_row_is_told_with_what_that_gives() -> None:
    y, probability = rows(2000, 0.32, 0.05)
    found = one_sided(y, probability, 0.18)
    assert found is not None and found.called == "positive"
    assert found.share == (probability > 0.18).mean()
    assert found.of_all == pytest.approx(baseline(y).f1)
    assert found.figure == binary_metrics(y, probability, 0.18).f1
    said = found.finding("v3", "made", "missed")
    assert said.startswith(f"v3 calls {100 * found.share:.1f}% of the 2,000 rows made at its thres")
    assert (
        f"F1 {found.figure:.3f} is what calling every row made gives ({found.of_all:.3f})" in said
    )


def test_negative_of_nearly_every_row_is_told_with_its_accuracy() -> None:
    y, probability = rows(2000, 0.32, 0.05)
    found = one_sided(y, probability, 0.5)
    assert found is not None and found.called == "negative"
    assert found.of_all == pytest.approx(1 - y.mean())
    assert "accuracy" in found.finding("v1", "made", "missed")
    never = one_sided(y, probability, 1.0)
    assert never is not None
    assert "calls all of the 2,000 rows missed" in never.finding("v1", "made", "missed")


def test_the_advice_is_a_threshold_that_decides() -> None:
    y, probability = rows(2000, 0.32, 0.05)
    found = one_sided(y, probability, 0.1)
    assert found is not None
    assert one_sided(y, probability, found.better) is None
    assert 0.2 < found.better_share < 0.8
    assert f"At a threshold of {found.better:.3g}" in found.advice("made")


@pytest.mark.parametrize("rate", [0.03, 0.32, 0.5, 0.97])
def test_as_many_as_there_are_is_not_one_sided(rate: float) -> None:
    y, probability = rows(4000, rate, 0.05)
    at = float(np.quantile(probability, 1 - rate))
    assert one_sided(y, probability, at) is None


def test_rare_positives_do_not_hide_that_none_is_found() -> None:
    y, probability = rows(4000, 0.03, 0.01)
    found = one_sided(y, probability, 0.5)
    assert found is not None and found.called == "negative"
    assert found.figure > 0.95, "accuracy alone would look splendid"


def test_too_few_rows_of_a_class_say_nothing() -> None:
    y = np.array([1] * 19 + [0] * 300)
    assert one_sided(y, np.full(len(y), 0.4), 0.5) is None
    assert one_sided(np.ones(50, dtype=int), np.full(50, 0.9), 0.5) is None
