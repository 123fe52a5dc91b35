"""Looking at jobs, waiting for them, and ending them."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from core.jobs import lifecycle, queue
from core.jobs.folder import JobFolder
from core.jobs.views import JobView, Progress

_SHORTEST_POLL_SECONDS = 0.02
_LONGEST_POLL_SECONDS = 0.5


def read(jobs_dir: Path, job_id: str) -> JobView:
    """The job as it stands; a dead worker's job reads as lost. BadInput where it is unknown."""
    return _current(JobFolder.existing(jobs_dir, job_id))


def list_jobs(jobs_dir: Path, kind: str | None = None, limit: int = 50) -> list[JobView]:
    """The newest ``limit`` jobs (of one ``kind``), newest first; empty where there are none."""
    folders = JobFolder.newest_first(jobs_dir)
    if kind is not None:
        folders = (folder for folder in folders if _kind(folder) == kind)
    views = (_current_or_none(folder) for folder in folders)
    return list(islice((view for view in views if view is not None), max(limit, 0)))


def log_tail(jobs_dir: Path, job_id: str, lines: int = 40) -> str:
    """The last ``lines`` lines that the worker printed; empty where it printed nothing."""
    return JobFolder.existing(jobs_dir, job_id).log_tail(lines)


def events(jobs_dir: Path, job_id: str, after: int = 0) -> tuple[list[Progress], int]:
    """Progress newer than ``after`` (0, or what the last call returned), and the next ``after``."""
    return JobFolder.existing(jobs_dir, job_id).read_events(after)


def cancel(jobs_dir: Path, job_id: str) -> JobView:
    """End a job and every process it started, then let the queue move.

    Returns when nothing of it runs any more, within 3 seconds. A queued job is marked; one
    that has ended is returned as it is; one whose worker is dead already comes back as lost.
    """
    folder = JobFolder.existing(jobs_dir, job_id)
    lifecycle.cancel(folder)
    queue.advance(jobs_dir, folder.read_plan().at_once)
    return folder.view()


def wait(
    jobs_dir: Path,
    job_id: str,
    timeout_seconds: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> JobView:
    """Return when the job has ended, or as it stands after ``timeout_seconds`` (None: for ever).

    ``on_progress`` is called with every progress, those before the call included, in order.
    """
    folder = JobFolder.existing(jobs_dir, job_id)
    at_once = folder.read_plan().at_once
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    offset, pause = 0, _SHORTEST_POLL_SECONDS
    while True:
        queue.advance(jobs_dir, at_once)
        # Read before the events: none written before the end can be missed then.
        view = _current(folder)
        if on_progress is not None:
            fresh, offset = folder.read_events(offset)
            for progress in fresh:
                on_progress(progress)
        remaining = None if deadline is None else deadline - time.monotonic()
        if not view.is_live or (remaining is not None and remaining <= 0):
            return view
        time.sleep(pause if remaining is None else min(pause, remaining))
        pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)


def close(jobs_dir: Path, job_id: str) -> None:
    """Note that what a job left open outside its folder is closed: nobody need look again."""
    JobFolder.existing(jobs_dir, job_id).closed_file.touch()


def arguments(jobs_dir: Path, job_id: str) -> dict[str, Any]:
    """What the job's entry point was given, as JSON; BadInput where the job is unknown."""
    return JobFolder.existing(jobs_dir, job_id).read_plan().arguments


def _kind(folder: JobFolder) -> str | None:
    try:
        return folder.read_state().kind
    except FileNotFoundError:
        return None  # removed since it was listed


def _current_or_none(folder: JobFolder) -> JobView | None:
    try:
        return _current(folder)
    except FileNotFoundError:
        return None  # removed since it was listed


def _current(folder: JobFolder) -> JobView:
    view = folder.view()
    return folder.view() if view.state == "running" and lifecycle.reap(folder) else view
