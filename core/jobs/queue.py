"""The queue: jobs wait in the order of their making, and at most ``at_once`` of them run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.files import file_lock
from core.jobs import lifecycle
from core.jobs.folder import JobFolder, JobState, Plan, new_job_id
from core.jobs.views import JobView, utc_now

_ENTRY_POINT = re.compile(r"core(\.[A-Za-z_]\w*)+:[A-Za-z_]\w*")

# Folders of jobs that have ended, as this process has seen them. An ended job never changes
# again, so that polling costs a look at the live ones alone.
_ended: set[Path] = set()


def check_entry_point(entry_point: str) -> str:
    """Return ``entry_point`` if it reads ``core.module:function``; raise BadInput if not."""
    if not _ENTRY_POINT.fullmatch(entry_point):
        raise BadInput(
            "A job's entry point is a function of Courtside itself, written like "
            f"core.training.run:execute; found {entry_point!r}."
        )
    return entry_point


def submit(
    jobs_dir: Path,
    *,
    entry_point: str,
    plan: dict[str, Any],
    kind: str,
    title: str,
    environment: Mapping[str, str] | None = None,
    at_once: int = 1,
    kept_by: str = "",
) -> JobView:
    """Make a job; start it if fewer than ``at_once`` run in ``jobs_dir``, else leave it queued.

    ``entry_point`` names a function ``(plan, reporter) -> dict`` of a module in ``core``.
    ``environment`` is set in the worker before that module is imported; it is kept in the
    job's folder as plain text. ``kept_by``: the earlier job whose kept folder this one shares.
    Raises BadInput, before anything is written, on an entry point
    elsewhere, a plan that is not JSON, or ``at_once`` below 1.
    """
    check_entry_point(entry_point)
    _check_json(plan)
    _check_at_once(at_once)
    order = Plan(entry_point, plan, kind, title, dict(environment or {}), at_once, kept_by)
    # The id is taken under the lock: the order of ids is the order of submission.
    with scheduler_lock(jobs_dir):
        folder = JobFolder(jobs_dir / new_job_id())
        folder.create(order, JobState(kind, title, "queued", created_at=utc_now()))
    advance(jobs_dir, at_once)
    return folder.view()


def retry(jobs_dir: Path, job_id: str) -> JobView:
    """A new job with the plan of one that has ended, and with what that one kept.

    BadInput where it has not ended, or is unknown.
    """
    folder = JobFolder.existing(jobs_dir, job_id)
    lifecycle.reap(folder)
    state = folder.read_state()
    if state.is_live:
        raise BadInput("This job has not ended yet; cancel it first, or wait for it.")
    # What succeeded has nothing left to go on from: the same again is all anew.
    succeeded = state.state == "succeeded"
    plan = folder.read_plan()
    return submit(
        jobs_dir,
        entry_point=plan.entry_point,
        plan=plan.arguments,
        kind=plan.kind,
        title=plan.title,
        environment=plan.environment,
        at_once=plan.at_once,
        kept_by="" if succeeded else plan.kept_by or job_id,
    )


def advance(
    jobs_dir: Path, at_once: int = 1, environment: Mapping[str, str] | None = None
) -> list[str]:
    """Mark dead workers' jobs as lost and start waiting ones; the ids of those started.

    Cheap where there is nothing to do: made to be called at every poll. ``environment`` is
    what started workers inherit, by default this process's own.
    """
    _check_at_once(at_once)
    if not _reap_and_list(jobs_dir, "queued"):
        return []
    started = []
    with scheduler_lock(jobs_dir):
        running = len(_reap_and_list(jobs_dir, "running"))
        for folder in _reap_and_list(jobs_dir, "queued"):
            if running >= at_once:
                break
            if lifecycle.start(folder, os.environ if environment is None else environment):
                started.append(folder.job_id)
                running += 1
    return started


def _reap_and_list(jobs_dir: Path, state: str) -> list[JobFolder]:
    """Folders of the jobs in a live ``state``, oldest first, after reaping the dead ones."""
    found = []
    for folder in JobFolder.newest_first(jobs_dir, skip=_ended):
        try:
            lifecycle.reap(folder)
            current = folder.read_state()
        except FileNotFoundError:
            continue  # ended long ago and removed since it was listed
        if not current.is_live:
            _ended.add(folder.path)
        elif current.state == state:
            found.append(folder)
    return found[::-1]


def forget(path: Path) -> None:
    """The folder of this ended job is no more."""
    _ended.discard(path)


def scheduler_lock(jobs_dir: Path) -> AbstractContextManager[None]:
    """The right to start and to remove jobs, between threads and processes."""
    return file_lock(jobs_dir / ".scheduler.lock")


def _check_json(plan: dict[str, Any]) -> None:
    try:
        json.dumps(plan, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise BadInput(f"A job's plan must be plain JSON: {exc}.") from exc
    if not isinstance(plan, dict):
        raise BadInput(f"A job's plan is a dict; found {type(plan).__name__}.")


def _check_at_once(at_once: int) -> None:
    if at_once < 1:
        raise BadInput(f"At least one job must be allowed to run; found at_once={at_once}.")
