"""Real workers in real processes; whatever a test leaves running is cancelled after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from core import jobs
from core.jobs.folder import JobFolder, JobState

# Generous, since it only bounds a failing test: nothing here asserts how fast something is.
PATIENCE_SECONDS = 60.0


@pytest.fixture
def jobs_dir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "jobs"
    yield folder
    for view in reversed(jobs.list_jobs(folder)):
        if view.state == "queued":
            jobs.cancel(folder, view.job_id)
    for view in jobs.list_jobs(folder):
        jobs.cancel(folder, view.job_id)


@pytest.fixture
def submit(jobs_dir: Path) -> Callable[..., jobs.JobView]:
    def make(function: str, plan: dict[str, Any] | None = None, **more: Any) -> jobs.JobView:
        return jobs.submit(
            jobs_dir,
            entry_point=f"core.jobs.selftest:{function}",
            plan=plan or {},
            **{"kind": "selftest", "title": f"Try {function}", **more},
        )

    return make


@pytest.fixture
def finished(jobs_dir: Path) -> Callable[[str], jobs.JobView]:
    def wait(job_id: str) -> jobs.JobView:
        view = jobs.wait(jobs_dir, job_id, timeout_seconds=PATIENCE_SECONDS)
        assert not view.is_live, jobs.log_tail(jobs_dir, job_id)
        return view

    return wait


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    def until(condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.02)
        raise AssertionError(f"never came true: {condition}")

    return until


@pytest.fixture
def change_state(jobs_dir: Path) -> Callable[..., JobState]:
    def change(job_id: str, **fields: Any) -> JobState:
        folder = JobFolder.existing(jobs_dir, job_id)
        with folder.lock():
            state = replace(folder.read_state(), **fields)
            folder.write_state(state)
        return state

    return change


@pytest.fixture
def worker_of(jobs_dir: Path) -> Callable[[str], psutil.Process]:
    def process(job_id: str) -> psutil.Process:
        pid = JobFolder.existing(jobs_dir, job_id).read_state().pid
        assert pid is not None
        return psutil.Process(pid)

    return process


@pytest.fixture
def is_gone() -> Callable[[int], bool]:
    def gone(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return gone
