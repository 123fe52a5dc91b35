"""Charts of versions side by side: the finding in the title, the numbers behind them."""

import numpy as np
import pytest

from core.evaluation.decisions import Payoff, decision_table
from core.evaluation.figure_parts import numbers_of
from core.evaluation.figure_sides import (
    decisions_figure,
    density_figure,
    gain_figure,
    interval_figure,
    weak_spots_figure,
)
from core.evaluation.resampling import Interval
from core.evaluation.sides import DENSITY_BINS, side_by_side
from core.evaluation.weak_spots import WeakSpot


@pytest.fixture(scope="module")
def sides():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    signal = y + rng.normal(0, 1, 300)
    probabilities = [1 / (1 + np.exp(-signal - rng.normal(0, s, 300))) for s in (0.2, 2.0)]
    return y, side_by_side(y, probabilities, [0.5, 0.5], champion=0, resamples=100)


def test_the_champion_has_no_difference_from_itself(sides):
    _, (champion, challenger) = sides
    assert champion.differences == {} and champion.judgements == {}
    assert challenger.judgements["roc_auc"].word == "worse"
    assert set(challenger.differences) == set(champion.metrics)
    assert champion.density.shape == (2, DENSITY_BINS) and champion.density.sum() == 300
    low, high = champion.metrics["roc_auc"].low, champion.metrics["roc_auc"].high
    assert low < champion.roc.auc < high


def test_without_a_champion_nothing_is_compared(sides):
    y, _ = sides
    (alone,) = side_by_side(y, [np.full(300, 0.5)], [0.5], resamples=10)
    assert alone.differences == {}
    assert side_by_side(y, [], [], resamples=10) == []


def test_intervals():
    known = {"v1": Interval(0.6, 0.5, 0.7), "v2": Interval(0.5, 0.4, 0.6)}
    figure = interval_figure(known, "log_loss", "v1")
    assert figure.layout.title.text == "v2 has the best log loss: 0.500"
    assert list(numbers_of(figure)["low"]) == [0.5, 0.4]
    nothing = interval_figure({"v1": Interval(np.nan, np.nan, np.nan)}, "f1")
    assert not nothing.data


def test_decisions_and_gain(sides):
    _, both = sides
    tables = {f"v{place}": side.decisions for place, side in enumerate(both)}
    figure = decisions_figure({n: t.at(0.5) for n, t in tables.items()}, ("no", "yes"))
    assert sum(sum(trace.x) for trace in figure.data) == 600
    assert figure.layout.title.text.startswith("v0 decides wrongly least often: ")
    costs = gain_figure(tables, Payoff(), 0.5)
    assert costs.layout.title.text.startswith("v0 can cost least: 0.")
    earns = gain_figure(tables, Payoff(true_positive=5.0))
    assert "can be worth most: " in earns.layout.title.text
    none = decision_table(np.array([]), np.array([]))
    assert not gain_figure({"v1": none}, Payoff()).data
    assert not decisions_figure({"v1": none.at(0.5)}).data


def test_densities_are_shares_of_their_class(sides):
    _, both = sides
    figure = density_figure({"v1": both[0].density}, ("no", "yes"))
    assert [sum(trace.y) for trace in figure.data] == pytest.approx([1, 1])
    assert not density_figure({"v1": np.zeros((2, 5))}).data


def test_weak_spots():
    spot = WeakSpot("a is x", ("a",), 90, 0.3, 0.5, 0.6, 0.1, 0.05, 0.15, 0.01, True)
    figure = weak_spots_figure([spot], "log loss")
    assert (
        figure.layout.title.text
        == "Worse in log loss in 1 of 1 slices, most where a is x (90 rows)"
    )
    assert list(numbers_of(figure)["rows"]) == [90]
    assert not weak_spots_figure([], "calibration").data
