"""A retraining that an alarm called for: made ready on record, started by one press, exactly so."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.dataset import io
from core.errors import NotReady
from core.inference_log import InferenceLog
from core.monitoring import places
from core.monitoring.alert_book import AlertBook
from core.monitoring.policy import Alert
from core.scoring.log import open_log
from core.services import alerts, monitoring, retraining
from core.training import submission
from core.training.inputs import read_model_input
from core.training.plan import TrainingPlan

PROJECT = "club"


@pytest.fixture
def called_for(club: Any) -> Any:
    """The club with prepared tables, a champion, and an alarm that calls for a retraining."""
    train = club.prepare()
    folder = club.settings.layer(PROJECT, "05_model_input")
    io.write_table(club.test, folder / "base_train.parquet")
    club.train(train)
    alerts.change_policy(club.settings, PROJECT, {"action": "prepare_retraining"})
    book = AlertBook(places.alerts_path(club.settings, PROJECT))
    book.record([Alert("drift:visits", "alarm", "visits drifted.")], set(), "run1", "1")
    return club


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[TrainingPlan]:
    """Plans that were handed over for training, which does not begin."""
    plans: list[TrainingPlan] = []

    def keep(settings: Any, plan: TrainingPlan) -> Any:
        plans.append(plan)
        return SimpleNamespace(job_id=f"job{len(plans)}")

    monkeypatch.setattr(submission, "submit", keep)
    return plans


def log(club: Any, rows: int, labelled: bool = True) -> Any:
    given = club.test.iloc[:rows]
    label = given["left"].to_numpy(float) if labelled else np.full(rows, np.nan)
    return open_log(club.settings, club.spec).append(
        given[["age", "visits"]],
        probability=np.full(rows, 0.5),
        prediction=np.zeros(rows, dtype=int),
        label=label,
        source="batch",
        model_version="1",
    )


def path_of(club: Any) -> Path:
    return places.prepared_path(club.settings, PROJECT)


def test_nothing_is_prepared_where_the_policy_only_tells(called_for: Any) -> None:
    log(called_for, 200)
    alerts.change_policy(called_for.settings, PROJECT, {"action": "tell"})
    assert retraining.prepare(called_for.settings, PROJECT) is None
    assert retraining.preparation(called_for.settings, PROJECT) is None
    assert not path_of(called_for).exists()


def test_nothing_is_prepared_without_an_alarm(called_for: Any) -> None:
    log(called_for, 200)
    AlertBook(places.alerts_path(called_for.settings, PROJECT)).record(
        [Alert("drift:visits", "warning", "visits drifted.")], set(), "run2", "1"
    )
    assert retraining.prepare(called_for.settings, PROJECT) is None


def test_it_is_kept_with_its_figures_and_trains_nothing(
    called_for: Any, submitted: list[TrainingPlan]
) -> None:
    log(called_for, 200)
    log(called_for, 15, labelled=False)
    made = retraining.prepare(called_for.settings, PROJECT)
    assert made is not None
    assert made.can_start
    renewed, _ = retraining.preview(called_for.settings, PROJECT)
    assert (made.train_rows + made.added_rows, made.recent_rows) == (
        len(renewed.train),
        renewed.recent_rows,
    )
    assert (made.labelled_rows, made.old_test_rows, made.aside_rows) == (200, 400, 15)
    assert (made.judged_from, made.alarms) == (renewed.judged_from, ("drift:visits",))
    plan = TrainingPlan.from_json(made.plan)
    assert made.fits == plan.fits > 0
    assert made.plan == retraining.usual_plan(called_for.settings, PROJECT).to_json()
    assert [one.algorithm for one in plan.models] == retraining.usual_algorithms()
    assert retraining.kept_preparation(called_for.settings, PROJECT) == made
    assert submitted == []
    assert not (called_for.settings.layer(PROJECT, "05_model_input") / "retrain").exists()


def test_too_few_labels_are_said_and_later_ones_make_it_anew(
    called_for: Any, tmp_path: Path
) -> None:
    appended = log(called_for, 200, labelled=False)
    made = retraining.prepare(called_for.settings, PROJECT)
    assert made is not None
    assert not made.can_start
    assert "No logged prediction has a label yet" in made.reason
    with pytest.raises(NotReady, match="reload the page"):
        retraining.start_prepared(called_for.settings, PROJECT, made.prepared_id)
    labels = pd.DataFrame(
        {"prediction_id": appended.prediction_ids, "left": called_for.test["left"].iloc[:200]}
    )
    labels.to_csv(tmp_path / "late.csv", index=False)
    monitoring.add_labels(called_for.settings, called_for.spec, tmp_path / "late.csv")
    anew = retraining.preparation(called_for.settings, PROJECT)
    assert anew is not None
    assert (anew.can_start, anew.labelled_rows) == (True, 200)
    assert anew.made > made.made


def test_rows_without_a_label_change_nothing_and_are_read_once(
    called_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(called_for, 200)
    made = retraining.prepare(called_for.settings, PROJECT)
    log(called_for, 30, labelled=False)
    read = []
    read_from = InferenceLog.read_from

    def counted(self: Any, *given: Any) -> Any:
        found = read_from(self, *given)
        read.append(len(found[0]))
        return found

    monkeypatch.setattr(InferenceLog, "read_from", counted)
    monkeypatch.setattr(InferenceLog, "stream", lambda *_: pytest.fail("the log was read again"))
    for _ in range(2):
        found = retraining.preparation(called_for.settings, PROJECT)
        assert (found.prepared_id, found.made_at) == (made.prepared_id, made.made_at)
    assert sum(read) == 30


def test_labelled_rows_make_it_anew(called_for: Any) -> None:
    log(called_for, 200)
    made = retraining.prepare(called_for.settings, PROJECT)
    log(called_for, 100)
    anew = retraining.preparation(called_for.settings, PROJECT)
    assert (made.labelled_rows, anew.labelled_rows) == (200, 300)
    assert anew.prepared_id != made.prepared_id


def test_another_usual_plan_makes_it_anew_unless_it_was_started(
    called_for: Any, submitted: list[TrainingPlan], monkeypatch: pytest.MonkeyPatch
) -> None:
    log(called_for, 200)
    made = retraining.prepare(called_for.settings, PROJECT)
    smaller = lambda *_: retraining.plan(called_for.settings, PROJECT, ["lr"], {"lr": 2})  # noqa: E731
    with monkeypatch.context() as patch:
        patch.setattr(retraining, "usual_plan", smaller)
        anew = retraining.preparation(called_for.settings, PROJECT)
        assert anew.fits < made.fits and anew.prepared_id != made.prepared_id
        retraining.start_prepared(called_for.settings, PROJECT, anew.prepared_id)
    assert not retraining.preparation(called_for.settings, PROJECT).can_start


def test_another_preparation_of_the_data_makes_it_anew(called_for: Any) -> None:
    log(called_for, 200)
    made = retraining.prepare(called_for.settings, PROJECT)
    called_for.prepare()
    folder = called_for.settings.layer(PROJECT, "05_model_input")
    io.write_table(called_for.test.iloc[:300], folder / "base_train.parquet")
    anew = retraining.preparation(called_for.settings, PROJECT)
    assert (made.train_rows, anew.train_rows) == (400, 300)


def test_a_press_starts_exactly_what_was_shown_and_only_once(
    called_for: Any, submitted: list[TrainingPlan]
) -> None:
    log(called_for, 200)
    made = retraining.prepare(called_for.settings, PROJECT)
    log(called_for, 30, labelled=False)  # not of use to a training
    retraining.start_prepared(called_for.settings, PROJECT, made.prepared_id)
    [plan] = submitted
    assert plan.to_json() == {**made.plan, "inputs": plan.inputs}
    data = read_model_input(called_for.settings, called_for.spec, plan.inputs)
    assert len(data.train) == made.train_rows + made.added_rows
    assert len(data.test) == made.old_test_rows + made.recent_rows
    assert data.preparation["judged_from"] == made.judged_from
    with pytest.raises(NotReady, match="has been started"):
        retraining.start_prepared(called_for.settings, PROJECT, made.prepared_id)
    # A later check finds the same rows: what was started is not offered again.
    again = retraining.prepare(called_for.settings, PROJECT)
    assert (again.job_id, again.can_start) == ("job1", False)
    assert len(submitted) == 1


@pytest.mark.parametrize("state", ["cancelled", "failed", "lost"])
def test_what_ended_without_a_model_can_be_started_again(
    called_for: Any, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    log(called_for, 200)
    made = retraining.prepare(called_for.settings, PROJECT)
    job = called_for.job(state)
    monkeypatch.setattr(submission, "submit", lambda *_: SimpleNamespace(job_id=job))
    retraining.start_prepared(called_for.settings, PROJECT, made.prepared_id)
    again = retraining.preparation(called_for.settings, PROJECT)
    assert (again.can_start, again.prepared_id) == (True, made.prepared_id)


def test_what_gave_a_model_is_not_offered_again(
    called_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(called_for, 200)
    made = retraining.prepare(called_for.settings, PROJECT)
    job = called_for.job("succeeded", {})
    monkeypatch.setattr(submission, "submit", lambda *_: SimpleNamespace(job_id=job))
    retraining.start_prepared(called_for.settings, PROJECT, made.prepared_id)
    assert not retraining.preparation(called_for.settings, PROJECT).can_start


def test_a_press_on_what_has_changed_starts_nothing(
    called_for: Any, submitted: list[TrainingPlan]
) -> None:
    log(called_for, 200)
    made = retraining.prepare(called_for.settings, PROJECT)
    log(called_for, 100)
    with pytest.raises(NotReady, match="made anew"):
        retraining.start_prepared(called_for.settings, PROJECT, made.prepared_id)
    assert submitted == []
    anew = retraining.kept_preparation(called_for.settings, PROJECT)
    assert anew.labelled_rows == 300
    retraining.start_prepared(called_for.settings, PROJECT, anew.prepared_id)
    assert len(submitted) == 1


@pytest.mark.parametrize("damage", ["{", "[]", '{"prepared_id": "x"}'])
def test_a_damaged_record_is_made_again(called_for: Any, damage: str) -> None:
    log(called_for, 200)
    made = retraining.prepare(called_for.settings, PROJECT)
    path_of(called_for).write_text(damage)
    assert retraining.kept_preparation(called_for.settings, PROJECT) is None
    assert retraining.preparation(called_for.settings, PROJECT).prepared_id == made.prepared_id


def test_a_log_that_was_replaced_makes_it_anew(called_for: Any) -> None:
    log(called_for, 200)
    retraining.prepare(called_for.settings, PROJECT)
    for path in called_for.settings.inference_log(PROJECT).parent.glob("inference_log*"):
        path.unlink()
    log(called_for, 120)
    assert retraining.preparation(called_for.settings, PROJECT).labelled_rows == 120
