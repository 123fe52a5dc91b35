"""A training that was ended before its MLflow run was open is on record all the same, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core import jobs
from core.dataset import spec as specs
from core.jobs.folder import JobFolder, JobState, Plan, new_job_id
from core.services import training
from core.settings import Settings
from core.tracking import runs
from core.training.plan import make_plan

PROJECT = "club"
SPEC = "target: {column: left, positive: 1}\ncolumns: {age: numeric}\nfeatures: [age]\n"
STATE = JobState("training", "lr", "lost", created_at="2026-01-05T10:00:00+00:00")


def job(settings: Settings, state: JobState) -> str:
    plan = make_plan(specs.from_text(SPEC, PROJECT), ["lr"])
    folder = JobFolder(settings.jobs_dir(PROJECT) / new_job_id())
    entry = "core.training.run:execute"
    folder.create(Plan(entry, plan.to_json(), training.KIND, "lr", {}, 1), state)
    return folder.job_id


def on_record(settings: Settings) -> list[tuple[str, str]]:
    return [(run.tags["job_id"], run.status) for run in runs.search(settings, PROJECT)]


@pytest.mark.parametrize(("state", "status"), [("lost", "FAILED"), ("cancelled", "KILLED")])
def test_two_pages_that_look_at_once_record_it_once(
    workspace: Settings, state: str, status: str
) -> None:
    job_id = job(workspace, replace(STATE, state=state, started_at=STATE.created_at))
    with ThreadPoolExecutor(2) as pages:
        looks = [pages.submit(training.listed, workspace, PROJECT) for _ in range(2)]
    assert [len(look.result()) for look in looks] == [1, 1]
    assert jobs.read(workspace.jobs_dir(PROJECT), job_id).is_closed
    assert on_record(workspace) == [(job_id, status)]


def test_one_that_never_began_is_not_on_record(workspace: Settings) -> None:
    job(workspace, replace(STATE, state="cancelled"))
    training.listed(workspace, PROJECT)
    assert on_record(workspace) == []


def test_one_whose_run_went_on_under_a_retry_gets_no_other(workspace: Settings) -> None:
    took_part = replace(STATE, started_at=STATE.created_at, attachments={"run_id": "r"})
    job(workspace, took_part)
    training.listed(workspace, PROJECT)
    assert on_record(workspace) == []
