"""What is looked after around background scoring: half files, runs left open, old folders."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core import jobs, processes
from core.errors import TrackingError
from core.jobs.folder import JobFolder, JobState, Plan, new_job_id
from core.scoring import row_ids
from core.scoring.order import Order
from core.services import scoring_jobs
from core.tracking import runs


def job(hoops, state, output="", **more):
    """A scoring job as its worker left it; returns its id."""
    folder = JobFolder(hoops.settings.scoring_jobs_dir("hoops") / new_job_id())
    plan = Plan("core.jobs.selftest:count", {"to": 1}, scoring_jobs.KIND, "july", {}, 1)
    moment = "2026-01-05T10:00:00+00:00"
    given = {"created_at": moment, "attachments": {"output": str(output)}, **more}
    folder.create(plan, JobState(scoring_jobs.KIND, "july", state, **given))
    return folder.job_id


def half(path: Path) -> Path:
    """A file under a temporary name of ``path``'s."""
    left = path.with_name(f".{path.stem}-x1y2z3{path.suffix}")
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    return left


@pytest.fixture
def out(hoops):
    return hoops.settings.layer("hoops", "07_model_output") / "scored_july [1]_20260105.parquet"


def test_what_a_dead_worker_left_is_dropped_and_its_run_ended_once(hoops, out, monkeypatch):
    job_id = job(hoops, "lost", out)
    other = half(out.with_name("scored_june_20260105.parquet"))
    run = runs.start(hoops.settings, "hoops", "score", tags={"job_id": job_id})
    left = [half(out), half(out.with_name(f"{out.stem}_rejected.parquet"))]
    left.append(half(row_ids.file_of(out.parent, run.run_id)))
    with monkeypatch.context() as patch:

        def away(*_, **__):
            raise TrackingError("MLflow could not list runs: gone.")

        patch.setattr(runs, "search", away)
        assert [view.job_id for view in scoring_jobs.listed(hoops.settings, "hoops")] == [job_id]
    assert runs.get(hoops.settings, run.run_id).status == "RUNNING"
    scoring_jobs.listed(hoops.settings, "hoops")
    assert runs.get(hoops.settings, run.run_id).status == "FAILED"
    assert not any(path.exists() for path in left)
    assert other.exists()
    assert jobs.read(hoops.settings.scoring_jobs_dir("hoops"), job_id).is_closed
    again = half(out)
    scoring_jobs.listed(hoops.settings, "hoops")
    assert again.exists(), "once is enough"


def test_what_a_retry_is_writing_is_left_alone(hoops, out):
    started = processes.started_after_boot(psutil.Process())
    job(hoops, "lost", out)
    running = job(hoops, "running", out, pid=os.getpid(), worker_started=started)
    writing = half(out)
    assert {view.state for view in scoring_jobs.listed(hoops.settings, "hoops")} == {
        "lost",
        "running",
    }
    assert writing.exists()
    folder = JobFolder.existing(hoops.settings.scoring_jobs_dir("hoops"), running)
    folder.write_state(replace(folder.read_state(), state="succeeded"))


def test_the_oldest_ended_jobs_make_room(hoops, out, monkeypatch):
    ended = [job(hoops, "cancelled") for _ in range(3)]
    settings = replace(hoops.settings, ended_jobs_kept=2)
    monkeypatch.setattr(jobs, "submit", lambda *_, **__: None)
    scoring_jobs.submit(settings, Order("hoops", out, out, "1"))
    left = jobs.list_jobs(settings.scoring_jobs_dir("hoops"))
    assert [view.job_id for view in left] == ended[:0:-1]


@pytest.mark.parametrize(("state", "rows"), [("cancelled", 250), ("succeeded", 0), ("lost", 250)])
def test_whoever_ended_badly_after_the_log_was_written_says_so(hoops, state, rows):
    job_id = job(hoops, state, attachments={"rows_logged": "250"})
    folder = JobFolder.existing(hoops.settings.scoring_jobs_dir("hoops"), job_id)
    if state == "succeeded":
        folder.write_result({})
    assert scoring_jobs.rows_logged(folder.view()) == rows
    assert scoring_jobs.rows_logged(replace(folder.view(), attachments={})) == 0
