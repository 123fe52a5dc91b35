"""Where each model stands, by what the job has told so far."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.dataset import spec as specs
from core.dataset.training_options import Options
from core.jobs import Progress
from core.training import stages
from core.training.catalogue import CATALOGUE
from core.training.plan import make_plan
from core.training.timeline import ModelProgress, timeline

SPEC = specs.from_text(
    "target: {column: y, positive: 1}\ncolumns: {a: numeric}\n"
    "training: {folds: 5, models: {lr: {candidates: 4}, nb: {candidates: 10}}}",
    "shop",
)


def event(second: int, stage: str, done: int = 0, total: int = 1, best: float | None = None):
    return Progress(stage, done, total, 0.0, "", best, f"2026-01-05T10:00:{second:02d}+00:00")


def at(second: int) -> datetime:
    return datetime(2026, 1, 5, 10, 0, second, tzinfo=UTC)


STORY = [
    event(0, "Importing libraries"),
    event(1, stages.LOADING),
    event(8, "Baseline of Logistic Regression"),
    event(10, "Tuning Logistic Regression", 0, 20),
    event(14, "Tuning Logistic Regression", 20, 20, 0.6),
    event(15, "Measuring Logistic Regression"),
    event(20, "Baseline of Naive Bayes"),
    event(22, "Tuning Naive Bayes", 0, 50),
    event(27, "Tuning Naive Bayes", 13, 50, 0.7),
    event(30, "Measuring Naive Bayes"),
    event(33, "Proving and registering Logistic Regression"),
    event(37, "Proving and registering Naive Bayes"),
]


def standing(events: int, now: int) -> tuple[ModelProgress, ModelProgress]:
    lr, nb = timeline(make_plan(SPEC), STORY[:events], at(now))
    return lr, nb


def test_before_anything_all_wait():
    lr, nb = standing(0, 0)
    assert (lr.step, nb.step) == ("waiting", "waiting")
    assert (lr.candidates, lr.candidates_total, lr.fits_total, lr.folds) == (0, 4, 20, 5)
    assert lr.elapsed_seconds is lr.tuning_left_seconds is lr.best is None


def test_between_storing_and_registering_a_model_is_stored():
    stored = [event(31, "Storing Logistic Regression"), event(32, "Storing Naive Bayes")]
    seen = [
        tuple(model.step for model in timeline(make_plan(SPEC), story, at(40)))
        for story in (
            [*STORY[:10], *stored[:1]],
            [*STORY[:10], *stored],
            [*STORY[:10], *stored, *STORY[10:11]],
        )
    ]
    assert seen == [("storing", "kept"), ("stored", "storing"), ("registering", "stored")]


@pytest.mark.parametrize(
    ("events", "step", "other"),
    [
        (2, "waiting", "waiting"),
        (3, "baseline", "waiting"),
        (5, "tuning", "waiting"),
        (6, "measuring", "waiting"),
        (7, "kept", "baseline"),
        (10, "kept", "measuring"),
        (11, "registering", "kept"),
        (12, "done", "registering"),
    ],
)
def test_steps_follow_each_other(events, step, other):
    assert tuple(model.step for model in standing(events, 40)) == (step, other)


def test_a_model_that_was_passed_over_is_left_out():
    failed = [*STORY[:5], *STORY[6:9]]
    lr, _ = timeline(make_plan(SPEC), failed, at(40))
    assert lr.step == "left out"


def test_a_model_s_time_is_that_of_its_own_steps():
    lr, nb = standing(7, 25)
    assert (lr.elapsed_seconds, nb.elapsed_seconds) == (12, 5)
    lr, nb = standing(12, 40)
    assert (lr.elapsed_seconds, nb.elapsed_seconds) == (12 + 4, 13 + 3)
    assert lr.best == 0.6


def test_a_time_budget_ends_a_search_before_its_pace_would():
    plan = make_plan(SPEC, options=Options(minutes=0.5))  # from 8 to 38, the first until 23
    lr, _ = timeline(plan, [*STORY[:4], event(11, STORY[3].stage, 1, 20)], at(12))
    assert lr.tuning_left_seconds == pytest.approx(11)
    _, nb = timeline(plan, STORY[:9], at(27))
    assert nb.tuning_left_seconds == pytest.approx(11)


def test_a_search_counts_whole_candidates_and_knows_its_pace():
    _, nb = standing(9, 27)
    assert (nb.fits, nb.fits_total, nb.candidates, nb.candidates_total) == (13, 50, 2, 10)
    assert nb.best == 0.7
    assert nb.tuning_left_seconds == pytest.approx(5 / 13 * 37)
    assert standing(9, 40)[1].tuning_left_seconds == pytest.approx(5 / 13 * 37 - 13)
    assert standing(9, 59)[1].tuning_left_seconds == 0
    assert standing(8, 27)[1].tuning_left_seconds is None, "no fit is done yet"


def test_where_the_best_are_looked_for_others_do_not_appear():
    plan = make_plan(SPEC, options=Options(find_best=1))
    assert timeline(plan, STORY[:2], at(5)) == []
    assert [model.algorithm for model in timeline(plan, STORY[:5], at(15))] == ["lr"]


def test_stages_are_read_as_they_are_written():
    for one in CATALOGUE.values():
        for step in stages.STEPS:
            assert stages.read(stages.of_model(step, one.title)) == (step, one.id)
    assert stages.read(f"{stages.COMPARING}, now Naive Bayes") is None
