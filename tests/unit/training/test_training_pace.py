"""How long a training takes: from what earlier ones took, and from its own start."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.dataset.spec import ModelPlan
from core.jobs import Progress
from core.training.pace import Pace, newest_of_each, pace_of, remaining_seconds
from core.training.plan import TrainingPlan


def event(second: int, stage: str, done: int = 0, total: int = 1, fraction: float = 0) -> Progress:
    moment = f"2026-01-05T10:{second // 60:02d}:{second % 60:02d}+00:00"
    return Progress(stage, done, total, fraction, "", None, moment)


def plan(**candidates: int) -> TrainingPlan:
    models = tuple(ModelPlan(name, count) for name, count in candidates.items())
    return TrainingPlan("club", models, folds=5, metric="F1", seed=1, fit_share=1.0)


EVENTS = [
    event(0, "Loading PyCaret"),
    event(15, "Tuning Logistic Regression", 1, 21, 0.05),
    event(20, "Tuning Logistic Regression", 11, 21, 0.25),
    event(25, "Tuning Logistic Regression", 21, 21, 0.5),
    event(40, "Measuring Logistic Regression", fraction=0.5),
    event(65, "Done", 1, 1, 1.0),
]


def test_the_search_is_timed_apart_from_the_rest() -> None:
    pace = pace_of(EVENTS)
    assert pace is not None
    assert dict(pace.seconds_per_fit) == {"lr": pytest.approx(0.5)}
    assert pace.rest_seconds == pytest.approx(55)
    assert pace.expected_seconds(plan(lr=100)) == pytest.approx(55 + 500 * 0.5)


def test_no_promise_for_what_was_never_timed() -> None:
    pace = pace_of(EVENTS)
    assert pace is not None
    assert pace.expected_seconds(plan(lr=1, dt=1)) is None
    assert pace_of([]) is None
    assert pace_of(EVENTS[:2]) is None, "one report has no length"
    assert pace_of([EVENTS[0], EVENTS[-1]]) is None


def test_each_algorithm_as_it_was_timed_last() -> None:
    newest = Pace({"lr": 1.0}, 10.0)
    older = Pace({"lr": 9.0, "dt": 0.1}, 99.0)
    assert newest_of_each([newest, older]) == Pace({"lr": 1.0, "dt": 0.1}, 10.0)
    assert newest_of_each([]) is None


def test_what_is_left_follows_the_pace_of_the_search() -> None:
    # A fifth of the whole took 5 s, three quarters are left, and 3 s have gone by since.
    now = datetime(2026, 1, 5, 10, 0, 23, tzinfo=UTC)
    assert remaining_seconds(EVENTS[:3], now) == pytest.approx(5 * 0.75 / 0.2 - 3)


def test_nothing_is_said_too_early_or_too_late() -> None:
    now = datetime(2026, 1, 5, 10, 0, 16, tzinfo=UTC)
    assert remaining_seconds([], now) is None
    assert remaining_seconds(EVENTS[:1], now) is None
    assert remaining_seconds(EVENTS[:2], now) is None
    much_later = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)
    assert remaining_seconds(EVENTS[:3], much_later) is None
