"""Real trainings, killed or cancelled: what they leave behind, and that a retry succeeds."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

from core import jobs
from core.jobs.folder import JobFolder
from core.jobs.processes import MARKER
from core.services import preparation, training
from core.settings import Settings
from core.tracking import models, registry, runs
from tests import trained

pytestmark = pytest.mark.slow

PROJECT = trained.PROJECT
# Each takes 20 s; COURTSIDE_TEST_KILLS=10 tries more of them.
MOMENTS = int(os.environ.get("COURTSIDE_TEST_KILLS", "5"))


@pytest.fixture
def prepared(workspace: Settings) -> Iterator[Settings]:
    """A small project with real data, prepared; what still runs at the end is cancelled."""
    trained.make(workspace)
    preparation.run(workspace, PROJECT)
    yield workspace
    for view in jobs.list_jobs(workspace.jobs_dir(PROJECT)):
        jobs.cancel(workspace.jobs_dir(PROJECT), view.job_id)


def plan_of(settings: Settings, candidates: int) -> training.TrainingPlan:
    counts = {"lr": candidates, "dt": candidates}
    return training.plan(settings, PROJECT, ["lr", "dt"], counts, 3, "AUC", 7)


def processes_of(settings: Settings, job_id: str) -> list[psutil.Process]:
    """Every process that carries the job's mark, wherever it stands in the tree."""
    folder = JobFolder.existing(settings.jobs_dir(PROJECT), job_id)
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == str(folder.path):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return [one for one in found if one.status() != psutil.STATUS_ZOMBIE]


def statuses(settings: Settings) -> dict[str, list[str]]:
    """The states of the training runs in MLflow, children included, by the job's state."""
    found: dict[str, list[str]] = {}
    by_id = {view.job_id: view.state for view in training.listed(settings, PROJECT)}
    every = runs.search(settings, PROJECT, "tags.action = 'train'")
    of_job = {run.run_id: run.tags.get("job_id") for run in every}
    for run in every:
        job_id = of_job[run.run_id] or of_job[run.tags["mlflow.parentRunId"]]
        found.setdefault(by_id[str(job_id)], []).append(run.status)
    return found


def check_registry(settings: Settings) -> None:
    """What is registered is whole: it loads, it was measured, monitoring finds its profile."""
    for version in registry.versions(settings, PROJECT):
        assert models.load_pipeline(settings, version) is not None
        assert version.metrics["test_roc_auc"] > 0.5
        assert runs.artifact_json(settings, version.run_id, "reference_profile.json")


def test_killed_at_any_moment_it_is_lost_and_a_retry_succeeds(
    prepared: Settings, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    folder = prepared.jobs_dir(PROJECT)
    whole = training.submit(prepared, plan_of(prepared, 4))
    training.wait(prepared, PROJECT, whole.job_id)
    whole = jobs.read(folder, whole.job_id)
    assert whole.peak_memory_bytes is not None and whole.peak_memory_bytes > 1e8
    champion = registry.champion(prepared, PROJECT)
    chance = random.Random(20)
    stages = []
    for number in range(MOMENTS):
        job = training.submit(prepared, plan_of(prepared, 4))
        # One moment in each tenth of what a whole training takes.
        time.sleep((number + chance.random()) / MOMENTS * whole.elapsed_seconds)
        worker = JobFolder.existing(folder, job.job_id).read_state().pid
        with suppress(psutil.NoSuchProcess):
            psutil.Process(worker).kill()
        view = eventually(
            lambda job_id=job.job_id: not (seen := jobs.read(folder, job_id)).is_live and seen
        )
        stages.append(view.progress.stage if view.progress else "before the first event")
        print(f"ended as {view.state} while: {stages[-1]}")
        if view.state == "succeeded":
            continue  # this one was faster than the first
        assert view.state == "lost", view.message
        assert f"process {worker}" in view.message and "SIGKILL" in view.message
        assert processes_of(prepared, job.job_id) == []
        found = statuses(prepared)
        assert set(found["lost"]) <= {"FAILED", "FINISHED"}, stages
        assert registry.champion(prepared, PROJECT) == champion
    check_registry(prepared)
    again = training.retry(prepared, PROJECT, job.job_id)
    result = training.wait(prepared, PROJECT, again.job_id)
    assert [model["algorithm"] for model in result["models"]] == ["lr", "dt"]
    every = [status for found in statuses(prepared).values() for status in found]
    assert "RUNNING" not in every
    check_registry(prepared)


def test_cancel_during_tuning_leaves_no_process_and_a_killed_run(prepared: Settings) -> None:
    folder = prepared.jobs_dir(PROJECT)
    job = training.submit(prepared, plan_of(prepared, 3000))

    def is_tuning() -> bool:
        progress = jobs.read(folder, job.job_id).progress
        return progress is not None and progress.stage.startswith("Tuning") and progress.done > 0

    deadline = time.monotonic() + 300  # importing PyCaret alone takes long on a busy machine
    while not is_tuning() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(processes_of(prepared, job.job_id)) > 1, "the fits run in processes of their own"
    began = time.monotonic()
    view = training.cancel(prepared, PROJECT, job.job_id)
    print(f"cancelled in {time.monotonic() - began:.2f} s")
    assert processes_of(prepared, job.job_id) == []
    assert view.state == "cancelled"
    assert statuses(prepared) == {"cancelled": ["KILLED"]}
    assert registry.versions(prepared, PROJECT) == []
    short = training.submit(prepared, plan_of(prepared, 1))
    assert training.wait(prepared, PROJECT, short.job_id)["best"]
