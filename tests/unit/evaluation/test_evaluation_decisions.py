"""Counts at every threshold and what they are worth."""

import math

import numpy as np
import pytest

from core.evaluation.decisions import STEPS, Payoff, decision_table
from core.evaluation.metrics import binary_metrics


@pytest.fixture(scope="module")
def scored():
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 500)
    return y, np.clip(0.4 * y + 0.6 * rng.random(500), 0, 1).round(2)


def test_counts_are_those_of_the_rule(scored):
    y, p = scored
    table = decision_table(y, p)
    assert len(table.thresholds) == STEPS + 1
    for threshold in (0.0, 0.25, 0.5, 0.505, 1.0):
        assert table.at(threshold) == binary_metrics(y, p, threshold).confusion


def test_gain_is_the_sum_of_each_rows_worth(scored):
    y, p = scored
    payoff, table = Payoff(1, -4, -10, 25), decision_table(y, p)
    worth = np.array([[1, -4], [-10, 25]])
    for place in (0, 60, 140):
        called = (p > table.thresholds[place]).astype(int)
        assert table.gain(payoff)[place] == pytest.approx(worth[y, called].mean())
    threshold, best = table.best(payoff)
    assert best == table.gain(payoff).max()
    assert payoff.of_a_row(table.at(threshold)) == pytest.approx(best)


def test_no_rows():
    table = decision_table(np.array([]), np.array([]))
    assert np.isnan(table.gain(Payoff())).all()
    assert math.isnan(Payoff().of_a_row(table.at(0.5)))
