"""How jobs end by themselves, what they leave behind, and what a submission refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core import jobs
from core.errors import BadInput
from core.jobs.folder import JobFolder
from core.settings import REPOSITORY


def test_success_gives_result_progress_and_times(jobs_dir, submit, finished):
    job = submit("count", {"to": 5})
    assert job.state == "running"
    heard = []
    view = jobs.wait(jobs_dir, job.job_id, timeout_seconds=60, on_progress=heard.append)

    assert view.state == "succeeded"
    assert view.result == {"counted": 5}
    assert view.message == ""
    assert view.progress is not None
    assert (view.progress.done, view.progress.total, view.progress.fraction) == (5, 5, 1.0)
    assert heard[-1] == view.progress
    assert view.created_at <= view.started_at <= view.finished_at
    assert view.elapsed_seconds > 0
    assert jobs.read(jobs_dir, job.job_id) == view == jobs.list_jobs(jobs_dir)[0]


def test_unexpected_failure_leaves_a_traceback(jobs_dir, submit, finished, tmp_path):
    cleanup_file = tmp_path / "cleanup"
    view = finished(submit("fail", {"cleanup_file": str(cleanup_file)}).job_id)

    assert view.state == "failed"
    assert view.result is None
    assert "ZeroDivisionError" in view.message and "log" in view.message
    folder = JobFolder.existing(jobs_dir, view.job_id)
    assert "1 // 0" in folder.error_file.read_text()
    assert "ZeroDivisionError" in jobs.log_tail(jobs_dir, view.job_id)
    assert cleanup_file.read_text() == "failed"


def test_explained_failure_is_told_in_its_own_words(submit, finished):
    view = finished(submit("fail", {"explained": True}).job_id)
    assert view.state == "failed"
    assert view.message == "This job was asked to fail; ask for another one."


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ({"value": [1, 2]}, "returned list"),
        ({"value": None}, "returned NoneType"),
        ({"nan": True}, "cannot be written as JSON"),
    ],
)
def test_result_that_is_no_json_object_is_a_failure(submit, finished, plan, reason):
    view = finished(submit("answer", plan).job_id)
    assert view.state == "failed"
    assert reason in view.message


def test_missing_function_is_a_failure(submit, finished):
    view = finished(submit("no_such_function").job_id)
    assert view.state == "failed"
    assert view.message == "core.jobs.selftest has no function no_such_function."


def test_cleanup_that_fails_does_not_hide_the_failure(jobs_dir, submit, finished, tmp_path):
    view = finished(submit("fail", {"cleanup_file": str(tmp_path / "absent" / "file")}).job_id)
    assert view.state == "failed"
    assert "ZeroDivisionError" in view.message
    assert "cleanup" in jobs.log_tail(jobs_dir, view.job_id, lines=400)


def test_worker_environment(submit, finished, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    names = ["PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PATH", "COLOUR"]
    view = finished(submit("environment", {"names": names}, environment={"COLOUR": "green"}).job_id)
    assert view.result == {
        "variables": {
            "PYTHONDONTWRITEBYTECODE": None,
            "PYTHONUNBUFFERED": "1",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "COLOUR": "green",
        },
        "folder": str(REPOSITORY),
        "leads_its_session": True,
    }


def test_one_jobs_environment_does_not_reach_the_next(jobs_dir, submit, finished, eventually):
    first = submit("count", {"to": 20, "seconds": 0.02}, environment={"COLOUR": "green"})
    second = submit("environment", {"names": ["COLOUR"]})
    # Look without read(), list_jobs() or wait(): the first job's worker must start the second.
    folder = JobFolder.existing(jobs_dir, second.job_id)
    eventually(lambda: not folder.read_state().is_live)
    assert finished(first.job_id).state == "succeeded"
    assert finished(second.job_id).result["variables"] == {"COLOUR": None}


def test_job_outlives_the_process_that_submitted_it(jobs_dir, finished):
    script = (
        "import sys; from pathlib import Path; from core import jobs\n"
        "view = jobs.submit(Path(sys.argv[1]), entry_point='core.jobs.selftest:count',"
        " plan={'to': 30, 'seconds': 0.05}, kind='selftest', title='Outlive')\n"
        "print(view.job_id)"
    )
    submitter = subprocess.run(
        [sys.executable, "-c", script, str(jobs_dir)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    job_id = submitter.stdout.strip()
    assert jobs.read(jobs_dir, job_id).state == "running"
    assert finished(job_id).result == {"counted": 30}


@pytest.mark.parametrize(
    "entry_point",
    ["os:system", "core:x", "core.jobs.selftest", "core.jobs:a.b", "core..x:y", "scores.a:b", ""],
)
def test_entry_point_elsewhere_is_refused(jobs_dir, entry_point):
    with pytest.raises(BadInput, match="entry point"):
        jobs.submit(jobs_dir, entry_point=entry_point, plan={}, kind="x", title="x")
    assert not jobs_dir.exists()


@pytest.mark.parametrize("plan", [{"a": float("nan")}, {"a": object()}, [1]])
def test_plan_that_is_no_json_object_is_refused(jobs_dir, plan):
    with pytest.raises(BadInput, match="plan"):
        jobs.submit(
            jobs_dir, entry_point="core.jobs.selftest:count", plan=plan, kind="x", title="x"
        )
    assert not jobs_dir.exists()


def test_room_for_no_job_is_refused(submit):
    with pytest.raises(BadInput, match="at_once=0"):
        submit("count", {"to": 1}, at_once=0)


@pytest.mark.parametrize(
    "job_id",
    [
        "../../etc",
        "/etc/passwd",
        "",
        ".",
        "a\x00b",
        "20260131T235959000000Z-0a1b2c3d/..",
        "20260131T235959000000Z-0a1b2c3d\n",
        "20260131T235959000000Z-0a1b2c3d",
    ],
)
def test_hostile_or_unknown_id_is_refused_everywhere(jobs_dir, job_id):
    jobs_dir.mkdir()
    for use in (jobs.read, jobs.log_tail, jobs.events, jobs.cancel, jobs.wait, jobs.retry):
        with pytest.raises(BadInput):
            use(jobs_dir, job_id)
    assert list(jobs_dir.iterdir()) == []


def test_retry_is_a_new_job_with_the_same_plan(jobs_dir, submit, finished):
    first = finished(submit("count", {"to": 3}, title="Count", kind="sum").job_id)
    second = finished(jobs.retry(jobs_dir, first.job_id).job_id)
    assert second.job_id > first.job_id
    assert (second.result, second.kind, second.title) == ({"counted": 3}, "sum", "Count")
    plans = [JobFolder.existing(jobs_dir, job.job_id).plan_file for job in (first, second)]
    one, again = (json.loads(plan.read_text()) for plan in plans)
    assert again["kept_by"] == "", "what succeeded is done anew"
    assert one == again
    assert jobs.read(jobs_dir, first.job_id) == first


def test_retry_of_a_live_job_is_refused(jobs_dir, submit):
    job = submit("count", {"to": 600, "seconds": 0.1})
    with pytest.raises(BadInput, match="not ended"):
        jobs.retry(jobs_dir, job.job_id)
    assert len(jobs.list_jobs(jobs_dir)) == 1


def test_list_is_newest_first_by_kind_and_limited(jobs_dir, submit):
    assert jobs.list_jobs(jobs_dir) == []
    made = [
        submit("count", {"to": 600, "seconds": 0.1}, kind=kind).job_id
        for kind in ("training", "scoring", "training")
    ]
    (jobs_dir / "20260131T235959000000Z-0a1b2c3d").mkdir()  # a submission that died half-way
    assert [job.job_id for job in jobs.list_jobs(jobs_dir)] == made[::-1]
    assert [job.job_id for job in jobs.list_jobs(jobs_dir, kind="training")] == [made[2], made[0]]
    assert [job.job_id for job in jobs.list_jobs(jobs_dir, limit=1)] == [made[2]]


def test_wait_gives_up_with_the_job_as_it_stands(jobs_dir, submit):
    job = submit("count", {"to": 600, "seconds": 0.1})
    assert jobs.wait(jobs_dir, job.job_id, timeout_seconds=0.05).state == "running"
