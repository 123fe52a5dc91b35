"""Scoring in the background: a process that outlives the tab, found again from any other."""

from __future__ import annotations

from pathlib import Path

from core import jobs
from core.jobs import JobView
from core.scoring.order import Order
from core.settings import Settings
from core.tracking import runs
from core.tracking.store import client

KIND = "scoring"
ENTRY_POINT = "core.services.scoring:execute"

_tidied: set[str] = set()


def is_large(settings: Settings, rows: int) -> bool:
    """Whether a file has so many rows that it is scored in the background."""
    return rows > settings.background_rows


def submit(settings: Settings, order: Order) -> JobView:
    """Queue or start scoring a file that stays where it is until the job has ended."""
    client(settings)  # the worker must find the store made
    return jobs.submit(
        settings.scoring_jobs_dir(order.project),
        entry_point=ENTRY_POINT,
        plan=order.as_json(),
        kind=KIND,
        title=f"{order.shown_as} with v{order.model}",
        environment={
            "COURTSIDE_HOME": str(settings.home),
            "MLFLOW_TRACKING_URI": settings.tracking_uri,
        },
        at_once=settings.jobs_at_once,
    )


def listed(settings: Settings, project: str, limit: int = 10) -> list[JobView]:
    """Scoring jobs, newest first; starts waiting ones and tidies up after those that died."""
    folder = settings.scoring_jobs_dir(project)
    if not folder.is_dir():
        return []
    jobs.advance(folder, settings.jobs_at_once)
    views = jobs.list_jobs(folder, KIND, limit)
    for view in views:
        _tidy(settings, view)
    return views


def cancel(settings: Settings, project: str, job_id: str) -> JobView:
    """Stop a job; nothing of it is logged, no file of it is left."""
    view = jobs.cancel(settings.scoring_jobs_dir(project), job_id)
    _tidy(settings, view)
    return view


def retry(settings: Settings, project: str, job_id: str) -> JobView:
    """The same order again, as a new job."""
    return jobs.retry(settings.scoring_jobs_dir(project), job_id)


def log_tail(settings: Settings, project: str, job_id: str) -> str:
    return jobs.log_tail(settings.scoring_jobs_dir(project), job_id, 30)


def _tidy(settings: Settings, view: JobView) -> None:
    """End the run and drop the temporary files of a worker that died without a word, once."""
    if view.is_live or view.state == "succeeded" or view.job_id in _tidied:
        return
    if run_id := view.attachments.get("run_id"):
        runs.end_if_running(settings, run_id, "KILLED" if view.state == "cancelled" else "FAILED")
    if output := view.attachments.get("output"):
        for left in Path(output).parent.glob(f".{Path(output).stem}*-*"):
            left.unlink(missing_ok=True)
    _tidied.add(view.job_id)
