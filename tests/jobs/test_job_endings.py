"""Cancelled, killed, forged: nothing keeps running, and no innocent process is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from core import jobs
from core.errors import JobError
from core.jobs import lifecycle, processes
from core.jobs.folder import JobFolder


@pytest.fixture
def spawning(jobs_dir, submit, eventually, worker_of):
    """A job that has two children, one of them in another session: (job id, three pids)."""

    def start(**plan):
        job_id = submit("spawn", plan).job_id
        view = eventually(
            lambda: "detached" in (seen := jobs.read(jobs_dir, job_id)).attachments and seen
        )
        children = [int(view.attachments[name]) for name in ("child", "detached")]
        return job_id, [worker_of(job_id).pid, *children]

    return start


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("bare", [False, True])
def test_cancel_ends_every_process_and_cleans_up(
    jobs_dir, spawning, is_gone, tmp_path, bare, monkeypatch
):
    # A busy machine may not wake the worker within the usual second.
    monkeypatch.setattr(processes, "_GRACE_SECONDS", 20.0)
    cleanup_file = tmp_path / "cleanup"
    job_id, pids = spawning(cleanup_file=str(cleanup_file), bare=bare)
    assert not any(map(is_gone, pids))

    view = jobs.cancel(jobs_dir, job_id)

    assert all(map(is_gone, pids))
    assert view.state == "cancelled"
    assert view.message == "Cancelled while running."
    assert view.result is None
    assert cleanup_file.read_text() == "cancelled"
    assert set(view.attachments) == {"child", "detached"}
    assert jobs.cancel(jobs_dir, job_id) == view == jobs.read(jobs_dir, job_id)


def test_cancel_ends_a_worker_that_ignores_sigterm(jobs_dir, spawning, is_gone):
    job_id, pids = spawning(stubborn=True)
    assert jobs.cancel(jobs_dir, job_id).state == "cancelled"
    assert all(map(is_gone, pids))


def test_cancel_ends_joblib_workers(jobs_dir, submit, worker_of, eventually, is_gone):
    job_id = submit("fit_in_parallel").job_id
    worker = worker_of(job_id)
    # Two fits and joblib's resource tracker.
    children = eventually(lambda: len(found := worker.children(recursive=True)) >= 3 and found)
    assert jobs.cancel(jobs_dir, job_id).state == "cancelled"
    assert all(is_gone(process.pid) for process in [worker, *children])


def test_cancel_of_a_queued_job_only_marks_it(jobs_dir, submit):
    running = submit("count", {"to": 600, "seconds": 0.1})
    queued = submit("count", {"to": 1})
    view = jobs.cancel(jobs_dir, queued.job_id)
    assert view.state == "cancelled"
    assert view.started_at is None
    assert view.elapsed_seconds == 0.0
    assert jobs.read(jobs_dir, running.job_id).state == "running"


def test_cancel_of_a_finished_job_changes_nothing(jobs_dir, submit, finished):
    view = finished(submit("count", {"to": 1}).job_id)
    assert jobs.cancel(jobs_dir, view.job_id) == view


def test_killed_worker_is_lost_and_its_children_are_ended(jobs_dir, spawning, eventually, is_gone):
    job_id, pids = spawning()
    os.kill(pids[0], signal.SIGKILL)
    view = eventually(lambda: not (seen := jobs.read(jobs_dir, job_id)).is_live and seen)
    assert view.state == "lost"
    assert f"process {pids[0]}" in view.message
    assert set(view.attachments) == {"child", "detached"}
    assert all(map(is_gone, pids))
    assert jobs.cancel(jobs_dir, job_id) == view


def test_sigterm_from_outside_is_a_cancellation(jobs_dir, spawning, finished, is_gone, tmp_path):
    cleanup_file = tmp_path / "cleanup"
    job_id, pids = spawning(cleanup_file=str(cleanup_file))
    os.kill(pids[0], signal.SIGTERM)
    view = finished(job_id)
    assert view.state == "cancelled"
    assert "SIGTERM" in view.message
    assert cleanup_file.read_text() == "cancelled"
    assert all(map(is_gone, pids[1:]))


def test_reused_pid_reads_as_lost_and_is_left_alone(
    jobs_dir, submit, change_state, worker_of, bystander
):
    ids = [submit("count", {"to": 600, "seconds": 0.1}, at_once=2).job_id for _ in range(2)]
    for job_id in ids:
        worker_of(job_id).kill()
        started = processes.started_after_boot(psutil.Process(bystander.pid))
        change_state(job_id, pid=bystander.pid, worker_started=started - 60, state="running")

    assert jobs.cancel(jobs_dir, ids[0]).state == "lost"
    assert jobs.read(jobs_dir, ids[1]).state == "lost"
    assert bystander.poll() is None


def test_cancellation_whose_caller_died_is_still_a_cancellation(
    jobs_dir, submit, worker_of, eventually, monkeypatch
):
    job_id = submit("count", {"to": 600, "seconds": 0.1}).job_id

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(processes, "end_all", die)
        jobs.cancel(jobs_dir, job_id)
    assert jobs.read(jobs_dir, job_id).state == "running"
    worker_of(job_id).kill()
    view = eventually(lambda: not (seen := jobs.read(jobs_dir, job_id)).is_live and seen)
    assert view.state == "cancelled"


def test_cancel_that_leaves_a_process_says_so(jobs_dir, submit, worker_of, monkeypatch):
    job_id = submit("count", {"to": 600, "seconds": 0.1}).job_id
    with monkeypatch.context() as patched:
        patched.setattr(processes, "end_all", lambda folder, worker: {worker})
        with pytest.raises(JobError, match=f"still there: process {worker_of(job_id).pid}"):
            jobs.cancel(jobs_dir, job_id)
    assert jobs.read(jobs_dir, job_id).state == "running"
    assert jobs.cancel(jobs_dir, job_id).state == "cancelled"


def test_ended_job_takes_no_second_ending(jobs_dir, submit, finished, change_state):
    view = finished(submit("count", {"to": 1}).job_id)
    folder = JobFolder.existing(jobs_dir, view.job_id)
    change_state(view.job_id, pid=os.getpid())
    assert lifecycle.finish(folder, "failed", "too late", traceback_text="x") is False
    lifecycle.cancel(folder)
    lifecycle.attach(folder, "late", "x")
    assert lifecycle.start(folder, os.environ) is False
    assert jobs.read(jobs_dir, view.job_id) == view
    assert not folder.error_file.exists()


def test_worker_of_a_job_that_is_not_its_own_runs_nothing(jobs_dir, submit, finished):
    view = finished(submit("count", {"to": 1}).job_id)
    folder = JobFolder.existing(jobs_dir, view.job_id)
    before = folder.events_file.read_bytes()
    again = processes.start_worker(folder, os.environ)
    again.wait(timeout=60)
    assert folder.events_file.read_bytes() == before
    assert jobs.read(jobs_dir, view.job_id) == view


def test_worker_that_cannot_start_fails_its_job(jobs_dir, submit, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(jobs_dir / "no-python"))
    view = submit("count", {"to": 1})
    assert view.state == "failed"
    assert "could not be started" in view.message
