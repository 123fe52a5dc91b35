"""How long a training takes: from what comparable earlier ones took, and from its own start."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from core.dataset.spec import ModelPlan
from core.dataset.training_options import Options
from core.jobs import Progress
from core.training import pace
from core.training.pace import Conditions, Pace, pace_of, remaining_seconds
from core.training.plan import TrainingPlan

HERE = Conditions(1000, "2", "court")


def event(second: int, stage: str, done: int = 0, total: int = 1, fraction: float = 0) -> Progress:
    moment = f"2026-01-05T10:{second // 60:02d}:{second % 60:02d}+00:00"
    return Progress(stage, done, total, fraction, "", None, moment)


def plan(inputs: str = "", folds: int = 5, **candidates: int) -> TrainingPlan:
    models = tuple(ModelPlan(name, count) for name, count in candidates.items())
    return TrainingPlan("club", models, folds, "F1", seed=1, fit_share=1.0, inputs=inputs)


# 5 s until the first model, 10 s for its baseline; 100 fits in 50 s; 5 s for the rest of it.
EVENTS = [
    event(0, "Loading PyCaret"),
    event(5, "Baseline of Logistic Regression"),
    event(15, "Tuning Logistic Regression", 0, 100, 0.05),
    event(20, "Tuning Logistic Regression", 10, 100, 0.25),
    event(65, "Tuning Logistic Regression", 100, 100, 0.5),
    event(67, "Measuring Logistic Regression", fraction=0.5),
    event(70, "Done", 1, 1, 1.0),
]


def expected_seconds(
    plan: TrainingPlan, here: Conditions, paces: list[Pace], renews: bool = False
) -> float | None:
    found = pace.forecast(plan, here, paces, renews)
    assert found.least == found.most
    return found.most


def timed(conditions: Conditions = HERE, *, speed: float = 1.0, inputs: str = "") -> Pace:
    """A training of 100 fits of lr, each taking half a second over ``speed``."""
    found = pace_of(plan(inputs, lr=20), conditions, EVENTS, 71.0)
    assert found is not None
    lr = replace(found.timed["lr"], seconds_per_fit=0.5 / speed)
    return replace(found, timed={"lr": lr})


def test_a_search_is_timed_apart_from_what_is_around_it() -> None:
    found = timed()
    assert found.timed["lr"].fits == 100 and found.timed["lr"].rows == pytest.approx(800)
    assert found.timed["lr"].around_seconds == pytest.approx(15)
    assert found.start_seconds == pytest.approx(6), "with the second before its first word"
    assert expected_seconds(plan(lr=20), HERE, [found]) == pytest.approx(71)
    assert expected_seconds(plan(lr=200), HERE, [found]) == pytest.approx(21 + 500)


def test_seconds_go_with_the_rows_that_are_fitted_at_once() -> None:
    double = replace(HERE, fit_rows=2000)
    assert expected_seconds(plan(lr=20), double, [timed()]) == pytest.approx(21 + 100)
    half_left_out = plan(lr=20, folds=2)
    assert expected_seconds(half_left_out, HERE, [timed()]) == pytest.approx(21 + 40 * 0.5 * 5 / 8)


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(HERE, fit_rows=4001),
        replace(HERE, fit_rows=249),
        replace(HERE, fit_rows=0),
        replace(HERE, workers="8"),
        replace(HERE, machine="another"),
    ],
)
def test_no_estimate_from_what_does_not_compare(elsewhere: Conditions) -> None:
    assert expected_seconds(plan(lr=20), elsewhere, [timed()]) is None


def test_no_promise_for_what_was_never_timed() -> None:
    assert expected_seconds(plan(lr=1, dt=1), HERE, [timed()]) is None
    assert expected_seconds(plan(lr=1), HERE, []) is None
    assert pace.forecast(plan(lr=1, dt=1), HERE, [timed()], False).unmeasured == ("dt",)
    assert pace.forecast(plan(lr=1, dt=1), HERE, [], False).unmeasured == ()
    for events in ([], EVENTS[:3], [EVENTS[0], EVENTS[-1]]):
        assert pace_of(plan(lr=1), HERE, events, 10.0) is None


def test_recent_trainings_and_long_searches_weigh_more() -> None:
    fast, slow = timed(speed=4), timed()
    after, before = (
        expected_seconds(plan(lr=20), HERE, paces) for paces in ([fast, slow], [slow, fast])
    )
    assert after == pytest.approx(21 + 100 * (0.125 * 3 + 0.5) / 4)
    assert before == pytest.approx(21 + 100 * (0.5 * 3 + 0.125) / 4)
    few = replace(fast, timed={"lr": replace(fast.timed["lr"], fits=1)})
    with_few = expected_seconds(plan(lr=20), HERE, [few, slow])
    assert with_few is not None and after is not None and with_few > after * 1.5


def test_what_is_around_goes_by_the_same_kind_where_there_is_any() -> None:
    judged = timed(inputs="abc")
    judged = replace(judged, start_seconds=100.0)
    assert expected_seconds(plan(lr=20), HERE, [judged, timed()]) == pytest.approx(71)
    assert expected_seconds(plan(lr=20), HERE, [timed(), judged], renews=True) == pytest.approx(165)
    assert expected_seconds(plan(lr=20), HERE, [timed()], renews=True) == pytest.approx(71)


def test_a_comparison_of_algorithms_says_nothing_of_the_start() -> None:
    compared = replace(plan(lr=20), options=Options(find_best=1))
    found = pace_of(compared, HERE, EVENTS, 500.0)
    assert found is not None and found.start_seconds is None
    assert expected_seconds(plan(lr=20), HERE, [found]) is None
    assert expected_seconds(plan(lr=20), HERE, [found, timed()]) == pytest.approx(71)


def both() -> Pace:
    """lr as timed, and dt at a tenth of a second a fit."""
    found = timed()
    return replace(
        found, timed={**found.timed, "dt": replace(found.timed["lr"], seconds_per_fit=0.1)}
    )


def test_the_best_may_be_the_quickest_or_the_slowest() -> None:
    best = replace(plan(lr=20, dt=20), options=Options(find_best=1))
    found = pace.forecast(best, HERE, [both()], False)
    comparing = 5 * (0.5 + 0.1)
    assert found.least == pytest.approx(6 + comparing + 10 + 15)
    assert found.most == pytest.approx(6 + comparing + 50 + 15)
    short = replace(best, options=Options(find_best=1, minutes=0.5))
    bounded = pace.forecast(short, HERE, [both()], False)
    assert bounded.most == pytest.approx(6 + 30 + 15)


def test_what_was_only_compared_is_a_measure_too() -> None:
    compared = [
        event(0, "Loading PyCaret"),
        event(2, "Comparing algorithms, now Logistic Regression"),
        event(4, "Comparing algorithms, now Decision Tree Classifier"),
    ]
    best = replace(plan(lr=20, dt=20), options=Options(find_best=1))
    found = pace_of(best, HERE, [*compared, *EVENTS[1:]], 71.0)
    assert found is not None and set(found.timed) == {"lr"}
    assert found.compared["dt"].seconds_per_fit == pytest.approx(0.2)
    assert found.start_seconds == pytest.approx(3)
    assert expected_seconds(plan(dt=20), HERE, [found]) == pytest.approx(3 + 100 * 0.2 + 15)


def test_a_budget_bounds_the_search() -> None:
    short = replace(plan(lr=2000), options=Options(minutes=2))
    assert expected_seconds(short, HERE, [timed()]) == pytest.approx(21 + 120)


def test_a_job_tells_its_conditions() -> None:
    job: Any = SimpleNamespace(attachments={})
    assert Conditions.of(job) is None, "it ended before it could"
    reporter: Any = SimpleNamespace(attach=job.attachments.__setitem__)
    HERE.attach(reporter)
    assert Conditions.of(job) == HERE


def test_a_cancelled_training_tells_how_long_its_fits_take_and_nothing_else() -> None:
    ended_early = [event for event in EVENTS if event.fraction < EVENTS[-2].fraction]
    found = pace_of(plan(lr=200), HERE, ended_early, 600.0, succeeded=False)
    assert found is not None and found.start_seconds is None
    assert found.timed["lr"].around_seconds is None
    assert expected_seconds(plan(lr=20), HERE, [found]) is None, "loading was timed nowhere"
    of_another = replace(timed(), timed={"dt": timed().timed["lr"]})
    each = found.timed["lr"].seconds_per_fit
    seconds = expected_seconds(plan(lr=20), HERE, [found, of_another])
    assert seconds == pytest.approx(6 + 100 * each + 15), "what is around as with the other"


def test_what_is_left_follows_the_pace_of_the_search() -> None:
    # A fifth of the whole took 5 s, three quarters are left, and 3 s have gone by since.
    now = datetime(2026, 1, 5, 10, 0, 23, tzinfo=UTC)
    assert remaining_seconds(EVENTS[:4], now) == pytest.approx(5 * 0.75 / 0.2 - 3)


def test_a_budget_ends_the_search_before() -> None:
    now = datetime(2026, 1, 5, 10, 0, 23, tzinfo=UTC)
    assert remaining_seconds(EVENTS[:4], now, minutes=0.25) == pytest.approx(15 - 5 - 3)
    assert remaining_seconds(EVENTS[:4], now, minutes=60) == pytest.approx(5 * 0.75 / 0.2 - 3)


def test_nothing_is_said_too_early_or_too_late() -> None:
    now = datetime(2026, 1, 5, 10, 0, 16, tzinfo=UTC)
    assert remaining_seconds([], now) is None
    assert remaining_seconds(EVENTS[:2], now) is None
    assert remaining_seconds(EVENTS[:3], now) is None
    much_later = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)
    assert remaining_seconds(EVENTS[:4], much_later) is None
