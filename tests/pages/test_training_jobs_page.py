"""Trainings that wait, run or have ended: which ended last, what was lost, which plan is which."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.files import read_json, write_json
from core.jobs.folder import JobFolder
from core.services import training
from core.settings import REPOSITORY
from core.training import stages, timeline
from core.training.plan import make_plan
from core.ui.words import escape


def open_page() -> AppTest:
    page = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=60)
    page.query_params["project"] = "club"
    page.switch_page("pages/2_Training.py")
    return page.run()


def said(page: AppTest) -> str:
    shown = [*page.markdown, *page.caption, *page.success, *page.error, *page.warning, *page.info]
    return "\n".join(str(element.value) for element in shown)


def lost(club: Any, **changes: Any) -> str:
    return club.job("lost", message="The worker was killed. The log may tell more.", **changes)


def plan_of(club: Any, job_id: str, **changes: Any) -> None:
    """Give a job a plan of its own."""
    folder = JobFolder.existing(club.settings.jobs_dir("club"), job_id)
    changed = {
        **read_json(folder.plan_file),
        "arguments": make_plan(club.spec, **changes).to_json(),
    }
    write_json(folder.plan_file, changed)


def test_the_last_training_is_the_one_that_ended_last(club: Any) -> None:
    first = club.job("succeeded", club.train(club.prepare()))
    words = {"message": "Cancelled while waiting in the queue.", "started_at": None}
    cancelled = club.job("cancelled", finished_at="2026-01-05T10:00:30+00:00", **words)
    listed = training.listed(club.settings, "club")
    assert [job.job_id for job in listed] == [first, cancelled]
    page = open_page()
    assert not page.exception
    assert "The last training was cancelled" not in said(page)
    assert "is the best" in page.success[0].value
    assert not page.get("popover"), "nothing of it ever ran, so there is no log to offer"


def test_one_that_was_cancelled_in_the_queue_offers_no_log(club: Any) -> None:
    club.prepare()
    club.job("cancelled", message="Cancelled while waiting in the queue.", started_at=None)
    page = open_page()
    assert "The last training was cancelled" in said(page)
    assert not any(one.label == "End of its log" for one in page.expander)
    assert "took" not in said(page)


def test_what_was_lost_is_told_above_what_runs(club: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    club.job("succeeded", club.train(club.prepare()), created_at="2026-01-05T10:00:30+00:00")
    before = lost(club, finished_at="2026-01-05T10:00:10+00:00")
    since = lost(club)
    plan_of(club, since, folds=4)
    club.running()
    again: list[str] = []
    monkeypatch.setattr(training, "retry", lambda settings, project, job: again.append(job))
    page = open_page()
    assert not page.exception
    keys = [one.key for one in page.button]
    assert f"retry-unsettled-{since}" in keys and f"retry-unsettled-{before}" not in keys
    assert keys.index(f"retry-unsettled-{since}") < keys.index(f"retry-list-{since}")
    assert sum("The worker was killed" in one.value for one in page.markdown) == 3
    assert len(page.get("popover")) == 3, "the end of the log beside each"
    page.button(key=f"retry-unsettled-{since}").click().run()
    assert again == [since]


def test_what_was_lost_before_one_in_the_queue_succeeded_is_still_told(club: Any) -> None:
    result = club.train(club.prepare())
    first = lost(club, finished_at="2026-01-05T10:00:30+00:00")
    plan_of(club, first, folds=4)
    club.job("succeeded", result)
    page = open_page()
    assert "is the best" in page.success[0].value
    assert f"retry-unsettled-{first}" in [one.key for one in page.button]


def test_of_many_that_failed_the_last_three_are_told(club: Any) -> None:
    club.prepare()
    for folds in range(2, 7):
        plan_of(club, lost(club), folds=folds)
    club.running()
    page = open_page()
    keys = [one.key for one in page.button if one.key.startswith("retry-unsettled-")]
    assert len(keys) == 3 and "1 more in the list further down." in said(page)


def test_what_was_started_again_is_not_told_twice(club: Any) -> None:
    club.prepare()
    first = lost(club)
    club.running()
    assert f"retry-unsettled-{first}" not in [one.key for one in open_page().button]


def test_one_lost_before_another_ended_badly_is_told_above_it(club: Any) -> None:
    club.prepare()
    first = lost(club)
    plan_of(club, first, folds=4)
    last = club.job("cancelled", finished_at="2026-01-05T10:02:00+00:00")
    keys = [one.key for one in open_page().button]
    assert f"retry-unsettled-{first}" in keys and f"retry-last-{last}" in keys


def test_jobs_of_one_title_are_told_apart_by_their_plans(club: Any) -> None:
    club.prepare()
    ended = club.job("failed")
    plan_of(club, ended, folds=3, seed=5, options=training.Options(calibration="sigmoid"))
    club.running()
    page = open_page()
    plain = said(page).replace("\N{NO-BREAK SPACE}", " ")
    assert "candidates × 5 folds · tuned for" in plain
    assert "candidates × 3 folds · tuned for" in plain
    assert "seed 5 · sigmoid calibration" in plain


def test_a_plan_in_words_is_short_and_names_what_is_unusual(club: Any) -> None:
    module = importlib.import_module("core.ui.training_words")

    def words(plan: training.TrainingPlan) -> str:
        return str(module.plan_words(plan)).replace("\N{NO-BREAK SPACE}", " ")

    own = {"lr": 4, "dt": 1000}
    plan = make_plan(club.spec, ["lr", "dt"], own, 3, "Prec.", 9)
    assert words(plan) == "4 and 1,000 candidates × 3 folds · tuned for Precision · seed 9"
    chosen = training.Options(2.5, training.ThresholdRule("cost", 5.0), "balanced", "isotonic", 1)
    assert words(make_plan(club.spec, ["lr", "dt"], own, 3, "AUC", 9, chosen)) == (
        "of lr and dt: 4 and 1,000 candidates × 3 folds · tuned for ROC AUC · seed 9 · at most "
        "2.5 min · threshold where a miss costs 5 false alarms · isotonic calibration "
        "· classes weighed alike"
    )
    many = ["lr", "dt", "rf", "et", "nb"]
    assert words(make_plan(club.spec, many, own)).startswith("4 to 1,000 candidates each × ")
    alike = dict.fromkeys(many, 7)
    assert words(make_plan(club.spec, many, alike)).startswith("7 candidates each × ")
    assert words(make_plan(club.spec, ["lr"], alike)).startswith("7 candidates × ")


@pytest.mark.parametrize(
    ("key", "number", "sentence"),
    [
        ("folds", 1000, "Folds must be 2 to 50; found 1,000."),
        ("folds", -3, "Folds must be 2 to 50; found −3."),
        ("candidates-lr", -5, "Candidates for Logistic Regression must be 1 to 100,000; found −5."),
        ("seed", -1, "The seed is a whole number from 0 to 2,147,483,647; found −1."),
        ("minutes", -3.0, "The time budget is a number above 0 and at most 10,080 minutes"),
        ("threshold-value", 1.7, "The threshold lies above 0 and below 1; found 1.7."),
    ],
)
def test_a_number_out_of_range_is_told_of_and_nothing_can_be_started(
    club: Any, key: str, number: float, sentence: str
) -> None:
    club.prepare()
    page = open_page()
    field = page.number_input(key=f"plan-club-{key}")
    usual = field.value
    field.set_value(number).run()
    assert not page.exception
    (told,) = page.warning
    assert escape(sentence) in told.value
    train = page.button(key="train-club")
    assert train.disabled and sentence in train.help
    assert "fits**" not in said(page), "no cost of a plan that is none"
    page.number_input(key=f"plan-club-{key}").set_value(usual).run()
    assert not page.button(key="train-club").disabled and not page.warning


def test_all_numbers_out_of_range_are_told_of_together(club: Any) -> None:
    club.prepare()
    page = open_page()
    page.number_input(key="plan-club-folds").set_value(1)
    page.number_input(key="plan-club-minutes").set_value(0.0).run()
    (told,) = page.warning
    assert escape("found 0. Folds must be 2 to 50; found 1.") in told.value


def test_every_step_of_a_model_has_words_of_its_own() -> None:
    of_page = importlib.import_module("core.ui.training_jobs")
    steps = {*stages.STEPS, *timeline.AFTER.values(), "left out"}
    said = {step: of_page.model_words(_model(step), "ROC AUC") for step in steps}
    assert len(set(said.values())) == len(steps)
    assert "measured and stored" in said["stored"] and "to be stored" in said["kept"]


def _model(step: str) -> training.ModelProgress:
    return training.ModelProgress("lr", "Ridge", step, 1, 2, 3, 3, 6, 0.5, 1.0, None)


def test_candidates_stand_in_a_row_with_their_algorithm_and_keep_their_name(club: Any) -> None:
    club.prepare()
    page = open_page()
    field = page.number_input(key="plan-club-candidates-lr")
    assert field.label == "Candidates for Logistic Regression", "for who cannot see the row"
    assert field.proto.label_visibility.value == field.proto.label_visibility.COLLAPSED
    said_before = [one.value for one in page.markdown]
    assert said_before.count(":small[Candidates]") == 1
    assert ":small[Logistic Regression]" in said_before
    page.button_group(key="plan-club-algorithms").set_value([]).run()
    assert ":small[Candidates]" not in [one.value for one in page.markdown]
