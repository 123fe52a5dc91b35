"""The training page: the plan is what is submitted, jobs are shown as they stand on disk."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import jobs
from core.errors import TrackingError
from core.services import training
from core.settings import REPOSITORY
from core.tracking import registry, store


def open_page(project: str = "club") -> AppTest:
    page = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=60)
    page.query_params["project"] = project
    page.switch_page("pages/2_Training.py")
    return page.run()


def said(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.success, *page.error, *page.warning, *page.info]
    return "\n".join(str(element.value) for element in parts)


def button(page: AppTest, label: str) -> Any:
    return next(one for one in page.button if one.label == label)


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[training.TrainingPlan]:
    plans: list[training.TrainingPlan] = []
    monkeypatch.setattr(training, "submit", lambda settings, plan: plans.append(plan))
    return plans


def test_before_preparation_training_is_off_and_says_why(club: Any) -> None:
    page = open_page()
    assert not page.exception
    train = button(page, "Train")
    assert train.disabled
    assert "Prepare the data first" in train.help
    assert "have not been prepared yet" in said(page)
    assert any(link.label == "Prepare the data" for link in page.get("page_link"))


def test_the_plan_starts_from_the_project_and_says_its_cost(club: Any) -> None:
    club.prepare()
    page = open_page()
    assert not page.exception
    assert not button(page, "Train").disabled
    assert "**50 fits** (10 candidates × 5 folds)" in said(page)
    assert "about" not in said(page) and "No estimate yet" in said(page), (
        "no promise of time before anything was timed"
    )
    assert "No training has ended yet" in said(page)


def test_what_was_chosen_is_what_is_submitted(
    club: Any, submitted: list[training.TrainingPlan]
) -> None:
    club.prepare()
    page = open_page()
    page.button_group(key="plan-club-algorithms").set_value(["dt"]).run()
    page.number_input(key="plan-club-candidates-dt").set_value(12)
    page.number_input(key="plan-club-folds").set_value(3)
    page.number_input(key="plan-club-seed").set_value(99)
    page.selectbox(key="plan-club-metric").set_value("AUC")
    button(page, "Train").click().run()
    assert not page.exception
    (plan,) = submitted
    assert plan.project == "club"
    assert [(model.algorithm, model.candidates) for model in plan.models] == [("dt", 12)]
    assert (plan.folds, plan.metric, plan.seed) == (3, "AUC", 99)


def test_no_algorithm_no_training(club: Any) -> None:
    club.prepare()
    page = open_page()
    page.button_group(key="plan-club-algorithms").set_value([]).run()
    assert button(page, "Train").disabled
    assert button(page, "Train").help == "Choose at least one algorithm."


def test_a_refused_submission_is_one_message(club: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(settings: Any, plan: Any) -> None:
        raise TrackingError("MLflow's store is locked; try again.")

    club.prepare()
    monkeypatch.setattr(training, "submit", refuse)
    page = open_page()
    button(page, "Train").click().run()
    assert not page.exception
    assert [element.value for element in page.error] == ["MLflow's store is locked; try again."]


def test_a_running_job_is_shown_and_can_be_cancelled(club: Any) -> None:
    club.prepare()
    job = club.running()
    page = open_page()
    assert not page.exception
    assert "**Logistic Regression**" in said(page)
    assert "so far" in said(page)
    page.button(key=f"cancel-{job.job_id}").click().run()
    assert not page.exception
    assert jobs.read(club.settings.jobs_dir("club"), job.job_id).state == "cancelled"
    assert "The last training was cancelled" in said(page)


def test_stages_count_what_they_count(club: Any) -> None:
    words = importlib.import_module("core.ui.training_jobs").stage_words
    folder = club.settings.jobs_dir("club")
    done = jobs.read(folder, club.job("cancelled"))
    assert words(done) == "Done"
    counted = type(done)(**{**vars(done), "progress": jobs.events(folder, done.job_id)[0][1]})
    assert words(counted) == "Tuning Logistic Regression: 0 of 20 model fits"
    assert words(type(done)(**{**vars(done), "state": "queued"})).startswith("Waiting")


def test_a_failed_job_says_why_and_shows_the_end_of_its_log(
    club: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.prepare()
    job_id = club.job("failed", message="The target has one class only.")
    again: list[str] = []
    monkeypatch.setattr(training, "retry", lambda settings, project, job: again.append(job))
    page = open_page()
    assert not page.exception
    (message,) = page.error
    assert "The last training failed" in message.value
    assert "The target has one class only." in message.value
    assert any("the last line of the log" in code.value for code in page.code)
    assert [one.label for one in page.button].count("Retry") == 2, "one name in both places"
    page.button(key=f"retry-last-{job_id}").click().run()
    assert again == [job_id]


def test_a_finished_job_shows_its_leaderboard_and_charts(club: Any) -> None:
    result = club.train(club.prepare())
    club.job("succeeded", result)
    page = open_page()
    assert not page.exception
    assert not page.error and not page.warning
    (success,) = page.success
    assert "**v1 Logistic Regression** is the best" in success.value
    assert "became champion: there was none before" in success.value
    table = page.table[0].value
    assert table.index[0].startswith("**v1** Logistic Regression :violet-badge")
    assert table.index[1] == "**v2** Decision Tree Classifier"
    best = f":green-background[**{result['models'][0]['test']['roc_auc']:.3f}**]"
    assert table["ROC AUC ↑"].iloc[0] == best
    assert not table["ROC AUC ↑"].iloc[1].startswith(":green")
    assert len(page.get("plotly_chart")) == 4
    assert "took 1 min 5 s" in said(page)


def test_a_later_training_names_the_champion_it_has_to_beat(club: Any) -> None:
    prepared = club.prepare()
    first = club.job("succeeded", club.train(prepared))
    club.job("succeeded", club.train(prepared, champion=False))
    page = open_page()
    assert not page.exception
    assert "The champion is still v1 Logistic Regression" in page.success[0].value
    page.button(key=f"show-{first}").click().run()
    assert "became champion" in said(page)


def test_what_was_trained_again_is_called_a_reproduction(club: Any) -> None:
    prepared = club.prepare()
    club.train(prepared)
    again = club.train(prepared, champion=False)
    again["models"] = again["models"][:1]
    number = again["best"]["version"]
    store.client(club.settings).set_model_version_tag("club", number, registry.REPRODUCES, "1")
    club.job("succeeded", again)
    page = open_page()
    assert not page.exception
    assert f"**v{number} Logistic Regression** is a reproduction of v1" in page.success[0].value
    assert "is no new candidate" in page.success[0].value
    assert any(one.value == "Latest result: a reproduction" for one in page.subheader)
    assert "reproduction of v1" in page.table[0].value.index[0]


def test_time_is_promised_from_comparable_trainings(club: Any) -> None:
    result = club.train(club.prepare())
    club.job("succeeded", result, attachments={})
    page = open_page()
    assert "No estimate yet: nothing comparable has been trained here." in said(page)
    club.job("succeeded", result)
    page.run()
    # 20 fits of lr at 0.5 s, 30 of dt at 1/6 s, 50 s for the rest: 65 s.
    assert "**about 60 s**, going by comparable trainings here" in said(page)
    further = page.multiselect(key="plan-club-further")
    further.set_value(["rf", "gbc"]).run()
    names = "Random Forest Classifier and Gradient Boosting Classifier"
    assert f"No estimate yet: {names} have not been tuned here" in said(page)


def test_more_changes_nothing_until_it_is_used(
    club: Any, submitted: list[training.TrainingPlan]
) -> None:
    club.prepare()
    page = open_page()
    assert any(expander.label == "More" for expander in page.expander)
    assert "needs the package" in said(page), "what cannot be had is named, with why"
    button(page, "Train").click().run()
    assert submitted == [training.defaults(club.settings, "club")]


def test_more_choices_reach_the_plan(club: Any, submitted: list[training.TrainingPlan]) -> None:
    club.prepare()
    page = open_page()
    page.multiselect(key="plan-club-further").set_value(["nb", "gpc"]).run()
    assert "**Gaussian Process Classifier** is slow" in said(page)
    page.number_input(key="plan-club-candidates-nb").set_value(7)
    page.number_input(key="plan-club-minutes").set_value(15)
    page.selectbox(key="plan-club-best-of-4").set_value(2)
    page.selectbox(key="plan-club-threshold").set_value("cost").run()
    page.number_input(key="plan-club-threshold-cost").set_value(8.0)
    page.selectbox(key="plan-club-calibration").set_value("isotonic")
    page.checkbox(key="plan-club-weights").check().run()
    assert not page.exception
    assert "Naive Bayes, Gaussian Process Classifier: trained without weights" in said(page)
    assert "Up to **" in said(page)
    assert "tuned for 15 min at the most" in said(page)
    button(page, "Train").click().run()
    (plan,) = submitted
    assert [model.algorithm for model in plan.models] == ["lr", "dt", "nb", "gpc"]
    assert plan.models[2].candidates == 7
    assert plan.options == training.Options(
        15, training.ThresholdRule("cost", 8.0), "balanced", "isotonic", 2
    )


def test_a_result_says_how_its_algorithms_were_chosen() -> None:
    compared = importlib.import_module("core.ui.training_result").compared
    rows = [{"title": "Naive Bayes", "roc_auc": 0.7}, {"title": "MLP Classifier", "roc_auc": 0.6}]
    assert compared({}, [{}]) == compared({"compared": []}, [{}]) == []
    (said,) = compared({"compared": rows}, [{}])
    assert "The best 1 of 2 algorithms" in said
    assert "Naive Bayes 0.700 · MLP Classifier 0.600" in said


def test_a_result_says_what_is_not_as_usual() -> None:
    notes = importlib.import_module("core.ui.training_result").notes
    model = {"version": "3", "algorithm": "ridge"}
    assert notes([model]) == []
    usual = {"candidates": 9, "candidates_tried": 9, "threshold": 0.5, "calibration": "none"}
    assert notes([{**model, **usual}]) == []
    changed = {"candidates_tried": 4, "threshold": 0.31, "calibration": "sigmoid"}
    changed["threshold_rule"] = "f1"
    cut, decided = notes([{**model, **usual, **changed}])
    assert "ended its tuning after 4 of 9 candidates" in cut
    assert "above a probability of 0.310, with the best F1 in cross-validation" in decided
    assert "calibrated (sigmoid)" in decided
