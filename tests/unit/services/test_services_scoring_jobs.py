"""What is looked after around background scoring: half files, runs left open, old folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from core import jobs
from core.errors import TrackingError
from core.jobs.folder import JobFolder, JobState, Plan, new_job_id
from core.scoring.intent import Intent, IntentBook, Target, temporary_of
from core.scoring.order import Order
from core.services import scoring, scoring_jobs
from core.tracking import runs


def job(hoops, state, output="", **more):
    """A scoring job as its worker left it; returns its id."""
    folder = JobFolder(hoops.settings.scoring_jobs_dir("hoops") / new_job_id())
    plan = Plan("core.jobs.selftest:count", {"to": 1}, scoring_jobs.KIND, "july", {}, 1)
    moment = "2026-01-05T10:00:00+00:00"
    given = {"created_at": moment, "attachments": {"output": str(output)}, **more}
    folder.create(plan, JobState(scoring_jobs.KIND, "july", state, **given))
    return folder.job_id


def begun(hoops, job_id: str, final: Path, **more) -> tuple[runs.RunLog, Intent]:
    """What a worker leaves that died while it scored: a run, an intent, half a file."""
    run = runs.start(hoops.settings, "hoops", "score", tags={"job_id": job_id})
    temporary = temporary_of(final, run.run_id)
    temporary.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_bytes(b"half")
    intent = Intent(run.run_id, "the same", {"scored_0": Target(temporary, final)}, job_id, **more)
    book(hoops).write(intent)
    return run, intent


def book(hoops) -> IntentBook:
    return IntentBook(hoops.settings.layer("hoops", "07_model_output"))


@pytest.fixture
def out(hoops):
    return hoops.settings.layer("hoops", "07_model_output") / "scored_july [1]_20260105.parquet"


def test_what_a_dead_worker_left_is_dropped_and_its_run_ended_once(hoops, out, monkeypatch):
    job_id = job(hoops, "lost", out)
    _, other = begun(hoops, "another job", out.with_name("scored_june_20260105.parquet"))
    run, left = begun(hoops, job_id, out)
    with monkeypatch.context() as patch:

        def away(*_, **__):
            raise TrackingError("MLflow could not list runs: gone.")

        patch.setattr(runs, "search", away)
        assert [view.job_id for view in scoring_jobs.listed(hoops.settings, "hoops")] == [job_id]
    assert runs.get(hoops.settings, run.run_id).status == "RUNNING"
    scoring_jobs.listed(hoops.settings, "hoops")
    assert runs.get(hoops.settings, run.run_id).status == "FAILED"
    assert not left.targets["scored_0"].temporary.exists()
    assert book(hoops).all() == [other]
    assert other.targets["scored_0"].temporary.exists()
    assert jobs.read(hoops.settings.scoring_jobs_dir("hoops"), job_id).is_closed


def test_what_somebody_works_on_is_left_alone(hoops, out):
    job_id = job(hoops, "lost", out)
    _, intent = begun(hoops, job_id, out)
    with book(hoops).holding(intent.request_id) as mine:
        assert mine
        scoring_jobs.listed(hoops.settings, "hoops")
        scoring.finish_interrupted(hoops.settings, "hoops")
    assert intent.targets["scored_0"].temporary.exists()


def test_what_a_dead_worker_logged_is_not_dropped_and_a_retry_logs_none(hoops, out, tmp_path):
    source = tmp_path / "july.parquet"
    hoops.rows(40).to_parquet(source)
    job_id = job(hoops, "lost", out)
    order = Order("hoops", source, out, "1", shown_as="july.parquet")
    scoring.run_order(hoops.settings, order, job_id=job_id)
    (left,) = book(hoops).all()
    book(hoops).write(replace(left, finished=False))
    out.replace(temporary_of(out, left.request_id))
    scoring_jobs.listed(hoops.settings, "hoops")
    assert scoring_jobs.resumable(hoops.settings, "hoops") == {job_id: 40}
    scoring.finish_interrupted(hoops.settings, "hoops")
    assert len(pd.read_parquet(out)) == 40
    retried = job(hoops, "lost", out)
    result = scoring.run_order(hoops.settings, order, job_id=retried)
    assert (result.summary["run_id"], hoops.logged()) == (left.request_id, 40)
    assert scoring_jobs.resumable(hoops.settings, "hoops") == {retried: 40}
    folder = JobFolder.existing(hoops.settings.scoring_jobs_dir("hoops"), retried)
    folder.write_result(result.as_json())
    folder.write_state(replace(folder.read_state(), state="succeeded"))
    scoring.finish_interrupted(hoops.settings, "hoops")
    assert book(hoops).all() == []
    scoring.run_order(hoops.settings, order)
    assert hoops.logged() == 80


def test_a_retry_logs_none_where_somebody_else_was_given_the_result(hoops, out, tmp_path):
    source, elsewhere = tmp_path / "july.parquet", tmp_path / "mine.parquet"
    hoops.rows(40).to_parquet(source)
    died = job(hoops, "lost", out)
    order = Order("hoops", source, out, "1", shown_as="july.parquet")
    scoring.run_order(hoops.settings, order, job_id=died)
    given = scoring.run_order(hoops.settings, replace(order, out=elsewhere))
    assert "its 40 rows were logged" in given.summary["note"]
    meant = scoring.run_order(hoops.settings, replace(order, out=tmp_path / "again.parquet"))
    assert ("note" in meant.summary, hoops.logged()) == (False, 80)
    assert scoring_jobs.resumable(hoops.settings, "hoops") == {died: 40}
    retried = scoring.run_order(hoops.settings, order, job_id=job(hoops, "lost", out))
    assert (retried.summary["run_id"], hoops.logged()) == (given.summary["run_id"], 80)
    assert (retried.output, len(pd.read_parquet(elsewhere))) == (elsewhere, 40)


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
