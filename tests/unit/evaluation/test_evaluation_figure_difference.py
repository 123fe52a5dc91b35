"""The chart of paired differences: what it finds, draws and gives back as numbers."""

from __future__ import annotations

from typing import Any

from core.evaluation.figure_difference import difference_figure
from core.evaluation.figures import numbers_of


def difference(value: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {"difference": value, "low": low, "high": high, "level": 0.95}


BETTER = difference(0.03, 0.01, 0.05)
WORSE = difference(-0.03, -0.05, -0.01)
NEITHER = difference(0.01, -0.01, 0.03)
UNDEFINED = difference(None, None, None)


def title(differences: dict[str, Any], metric: str = "roc_auc") -> str:
    return str(difference_figure(differences, metric).layout.title.text)


def test_the_title_states_the_finding() -> None:
    assert title({"v2": BETTER, "v3": WORSE}) == "Better ROC AUC than the champion: v2"
    assert title({"v2": WORSE, "v3": WORSE}) == "The champion has the better ROC AUC"
    assert title({"v2": WORSE, "v3": NEITHER}).startswith("Nobody is shown to have a better")


def test_less_is_better_where_the_metric_says_so() -> None:
    assert title({"v2": WORSE}, "log_loss") == "Better log loss than the champion: v2"


def test_intervals_and_numbers() -> None:
    figure = difference_figure({"v2": BETTER, "v3": NEITHER}, "roc_auc")
    assert [trace.name for trace in figure.data] == ["better", "no evidence"]
    numbers = numbers_of(figure)
    assert list(numbers["low"]) == [0.01, -0.01]
    assert list(numbers["high"]) == [0.05, 0.03]


def test_undefined_differences_are_left_out_and_said() -> None:
    assert len(difference_figure({"v2": UNDEFINED, "v3": BETTER}, "roc_auc").data) == 1
    empty = difference_figure({"v2": UNDEFINED}, "roc_auc")
    assert not empty.data
    assert "both classes" in empty.layout.annotations[0].text
