"""Training again exactly: what stands in the way, what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import BadInput, NotReady
from core.evidence.again import Change, outcome
from core.jobs.folder import JobFolder, JobState, Plan, new_job_id
from core.services import reproduction, retraining_view
from core.tracking import registry, runs, store
from core.tracking.runs import RunLog
from core.training import provenance
from core.training.plan import TrainingPlan, make_plan


@pytest.fixture
def trained(club: Any) -> Any:
    result = club.train(club.prepare())
    run = RunLog(club.settings, result["run_id"])
    run.json(make_plan(club.spec).to_json(), "plan.json")
    found = provenance.versions()
    run.params({f"version.{name}": version for name, version in found.items()})
    return club


def test_the_plan_is_the_versions_own(trained: Any) -> None:
    ordered = reproduction.order(trained.settings, "club", "2")
    assert [(m.algorithm, m.candidates) for m in ordered.plan.models] == [("dt", 6)]
    assert ordered.plan.reproduces == "2"
    assert TrainingPlan.from_json(ordered.plan.to_json()) == ordered.plan
    assert "reproduces" not in make_plan(trained.spec).to_json()
    assert (ordered.plan.seed, ordered.plan.folds, ordered.changes) == (7, 5, ())


def test_other_data_are_refused_by_name(trained: Any) -> None:
    trained.prepare(source_sha256="another", split_seed=9)
    with pytest.raises(BadInput, match=r"data file \(sha256\): abc then, another now; seed of the"):
        reproduction.order(trained.settings, "club", "2")


def test_other_packages_are_told(trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = {**provenance.versions(), "numpy": "9.9"}
    monkeypatch.setattr(provenance, "versions", lambda *more: now)
    (change,) = reproduction.order(trained.settings, "club", "1").changes
    assert change.words.startswith("package numpy: ") and change.words.endswith("9.9 now")
    told = outcome("1", "3", {"test_f1": 0.5}, {"test_f1": 0.6}, [change])
    assert not told.exact
    assert "test_f1 0.500000 then and 0.600000 now. What changed: package numpy" in told.sentence


def test_a_training_that_is_gone(trained: Any) -> None:
    run = runs.get(trained.settings, registry.find(trained.settings, "club").run_id)
    store.client(trained.settings).delete_run(run.tags["mlflow.parentRunId"])
    with pytest.raises(NotReady, match="nobody knows its plan"):
        reproduction.order(trained.settings, "club", "1")


def test_the_outcome_is_on_record(trained: Any) -> None:
    ordered = reproduction.order(trained.settings, "club", "1")
    again = trained.train(trained.prepare(), champion=False)
    told = reproduction.conclude(trained.settings, "club", ordered, again)
    assert told["exact"] and told["sentence"] == (
        "Trained again exactly: v3 has every figure of v1"
    )
    tags = runs.get(trained.settings, told["run_id"]).tags
    assert (tags["reproduces"], tags["reproduced_exactly"]) == ("1", "true")
    named = {one.version: one.reproduces for one in registry.versions(trained.settings, "club")}
    assert named == {"1": None, "2": None, "3": "1", "4": None}


def test_words_where_nothing_changed() -> None:
    found = outcome("1", "2", {"test_f1": 0.5, "cv_f1": 1}, {"test_f1": 0.4, "cv_f1": 2}, [])
    assert list(found.differing) == ["test_f1"]
    assert "not deterministic here" in found.sentence
    assert Change("package x", "1", "2").is_of_data is False


def test_a_retraining_trained_again_is_not_the_latest_retraining(trained: Any) -> None:
    jobs = trained.settings.jobs_dir("club")
    plan = replace(make_plan(trained.spec), inputs="abc")
    ids = []
    for one in (plan, replace(plan, reproduces="3")):
        folder = JobFolder(jobs / new_job_id())
        moment = f"2026-01-05T1{len(ids)}:00:00+00:00"
        folder.create(
            Plan("core.training.run:execute", one.to_json(), "training", "lr", {}, 1),
            JobState("training", "lr", "succeeded", created_at=moment, finished_at=moment),
        )
        folder.write_result({})
        ids.append(folder.job_id)
    latest = retraining_view.latest(trained.settings, "club")
    assert latest is not None and latest.job_id == ids[0]
