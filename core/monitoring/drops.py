"""Metrics beside the holdout's: which are worse by more than chance and by enough to matter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

from core.dataset.monitoring_policy import MonitoringPolicy
from core.monitoring.estimate import COVERAGE, Interval

NAMES = {
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "f1": "F1",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "kappa": "kappa",
    "mcc": "MCC",
}
LOWER_IS_BETTER = {"log_loss", "brier"}
Source = Literal["on labelled rows", "by estimate"]


@dataclass(frozen=True)
class Compared:
    """A metric on the holdout (``before``) and in the window (``after``).

    ``margin``: how far chance leads off, 95 times in 100; ``sure_margin``: by the project's rate
    of false alarms, which heeds how many metrics are looked at.
    """

    metric: str
    before: float
    after: Interval
    source: Source
    margin: float = 0.0
    sure_margin: float = 0.0

    @property
    def beyond_chance(self) -> bool:
        """Whether it is worse by more than chance gives."""
        return self.loss > self.sure_margin

    @property
    def within_chance(self) -> bool:
        """Whether it is no worse than chance would often have it; between the two it is open."""
        return self.loss <= self.margin

    @property
    def loss(self) -> float:
        """How much worse it is; below 0 where it is better."""
        return _loss(self.metric, self.before, self.after.value)

    @property
    def words(self) -> str:
        before, after = (round(one, 2) + 0.0 for one in (self.before, self.after.value))  # no -0.00
        return f"{NAMES.get(self.metric, self.metric)} {before:.2f} → {after:.2f}"


def drops(
    after: Mapping[str, Any], reference: Mapping[str, Any], source: Source, policy: MonitoringPolicy
) -> list[Compared]:
    """Metrics that are worse than ``reference`` by more than chance and by enough to matter."""
    return [one for one in compared(after, reference, source, policy) if matters(one, policy)]


def matters(one: Compared, policy: MonitoringPolicy) -> bool:
    """Whether it is worse by more than chance and by enough to be told."""
    return one.beyond_chance and one.loss >= policy.warning_drop


def compared(
    after: Mapping[str, Any], reference: Mapping[str, Any], source: Source, policy: MonitoringPolicy
) -> list[Compared]:
    """Every metric that is known on both sides.

    Each metric is a number or {value, low, high}, a 95% interval. That is widened to the stated
    rate of false alarms, divided among the metrics compared (a normal approximation), so that
    looking at eight of them does not raise eight times as many. Where ``reference`` has intervals
    too, the two margins add up in squares, as errors of two samples do.
    """
    both = [
        (metric, now, before)
        for metric in NAMES
        if (now := interval_of(after.get(metric)))
        and (before := interval_of(reference.get(metric)))
    ]
    if not both:
        return []
    wider = _z(policy.false_alarms / len(both)) / _z((1 - COVERAGE) / 2)
    found = []
    for metric, now, before in both:
        lower = metric in LOWER_IS_BETTER
        margin = math.hypot(
            now.value - now.low if lower else now.high - now.value,
            before.high - before.value if lower else before.value - before.low,
        )
        sure = max(wider, 1.0) * margin
        found.append(Compared(metric, before.value, now, source, margin, sure))
    return found


def interval_of(figure: Any) -> Interval | None:
    """A number, {value, low, high} or an object with these as attributes."""
    if figure is None or isinstance(figure, Interval):
        return figure
    if isinstance(figure, Mapping):
        given = figure
    elif hasattr(figure, "value"):
        given = vars(figure)
    else:
        given = {"value": figure}
    value = given.get("value")
    if value is None or value != value:  # noqa: PLR0124 - NaN is not itself
        return None
    low, high = given.get("low"), given.get("high")
    return Interval(
        float(value),
        float(value if low is None else low),
        float(value if high is None else high),
    )


def _loss(metric: str, before: float, after: float) -> float:
    return after - before if metric in LOWER_IS_BETTER else before - after


def _z(tail: float) -> float:
    return NormalDist().inv_cdf(1 - tail)
