"""Thresholds against every threshold there is, tried one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.evaluation.thresholds import best_youden, least_cost


def every_threshold(probability: np.ndarray) -> np.ndarray:
    score = np.unique(np.concatenate([[0.0, 1.0], probability]))
    return np.concatenate([score, (score[1:] + score[:-1]) / 2])


def youden(y: np.ndarray, probability: np.ndarray, threshold: float) -> float:
    called = probability > threshold
    return float(called[y == 1].mean() - called[y == 0].mean())


def cost(y: np.ndarray, probability: np.ndarray, threshold: float, ratio: float) -> float:
    called = probability > threshold
    return float((ratio * ((y == 1) & ~called) + ((y == 0) & called)).mean())


def rows(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Few distinct scores, 0 and 1 among them, so that ties and edges occur."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 40))
    y = rng.integers(0, 2, n)
    y[:2] = 0, 1
    probability = rng.integers(0, 8, n) / 7 if seed % 2 else rng.random(n) ** 3
    return y, np.clip(probability + 0.1 * y * (seed % 3), 0, 1)


@pytest.mark.parametrize("seed", range(40))
def test_no_threshold_is_better(seed: int) -> None:
    y, probability = rows(seed)
    tried = every_threshold(probability)
    threshold, j = best_youden(y, probability)
    assert j == pytest.approx(youden(y, probability, threshold), abs=1e-12)
    assert j == pytest.approx(max(youden(y, probability, t) for t in tried), abs=1e-12)
    for ratio in (0.1, 1.0, 7.0):
        threshold, found = least_cost(y, probability, ratio)
        assert found == pytest.approx(cost(y, probability, threshold, ratio), abs=1e-12)
        best = min(cost(y, probability, t, ratio) for t in tried)
        assert found == pytest.approx(best, abs=1e-12)


def test_dear_misses_lower_the_threshold() -> None:
    rng = np.random.default_rng(5)
    probability = rng.random(20_000)
    y = (rng.random(20_000) < probability).astype(int)
    found = [least_cost(y, probability, ratio)[0] for ratio in (0.25, 1, 4)]
    assert found == pytest.approx([0.8, 0.5, 0.2], abs=0.05)
    assert best_youden(y, probability)[0] == pytest.approx(y.mean(), abs=0.05)


def test_halfway_between_scores() -> None:
    y, probability = np.array([0, 0, 1, 1]), np.array([0.1, 0.3, 0.7, 0.9])
    assert best_youden(y, probability) == (0.5, 1.0)
    assert least_cost(y, probability, 3) == (0.5, 0.0)


def test_where_scores_are_neighbours_the_rule_still_holds() -> None:
    low = 0.5
    high = float(np.nextafter(low, 1))
    threshold, j = best_youden(np.array([0, 1]), np.array([low, high]))
    assert (threshold, j) == (low, 1.0)


@pytest.mark.parametrize("labels", [[0, 0], [1, 1], []])
def test_one_class_has_no_best(labels: list[int]) -> None:
    probability = np.linspace(0.2, 0.8, len(labels))
    for threshold, value in (
        best_youden(np.array(labels, dtype=int), probability),
        least_cost(np.array(labels, dtype=int), probability, 2),
    ):
        assert threshold == 0.5
        assert math.isnan(value)


@pytest.mark.parametrize("ratio", [0, -1, math.nan, math.inf])
def test_a_cost_ratio_is_a_positive_number(ratio: float) -> None:
    with pytest.raises(ValueError, match="a number above 0"):
        least_cost(np.array([0, 1]), np.array([0.2, 0.8]), ratio)
