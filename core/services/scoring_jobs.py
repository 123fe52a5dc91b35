"""Scoring in the background: a process that outlives the tab, found again from any other."""

from __future__ import annotations

import glob
import logging
from pathlib import Path

from core import jobs
from core.errors import TrackingError
from core.jobs import JobView
from core.scoring import row_ids
from core.scoring.order import Order
from core.settings import Settings
from core.tracking import runs
from core.tracking.store import client

KIND = "scoring"
ENTRY_POINT = "core.services.scoring:execute"


def is_large(settings: Settings, rows: int) -> bool:
    """Whether a file has so many rows that it is scored in the background."""
    return rows > settings.background_rows


def submit(settings: Settings, order: Order) -> JobView:
    """Queue or start scoring a file that stays where it is until the job has ended."""
    client(settings)  # the worker must find the store made
    _make_room(settings, order.project)
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
        _tidy(settings, project, view)
    return views


def cancel(settings: Settings, project: str, job_id: str) -> JobView:
    """Stop a job; unless it was through already, nothing of it is logged and no file is left."""
    view = jobs.cancel(settings.scoring_jobs_dir(project), job_id)
    _tidy(settings, project, view)
    return view


def retry(settings: Settings, project: str, job_id: str) -> JobView:
    """The same order again, as a new job."""
    # First, since both write to the same places.
    _make_room(settings, project)
    return jobs.retry(settings.scoring_jobs_dir(project), job_id)


def rows_logged(view: JobView) -> int:
    """How many rows a job that did not succeed had logged when it ended: all of its file, or 0."""
    return 0 if view.state == "succeeded" else int(view.attachments.get("rows_logged", 0))


def log_tail(settings: Settings, project: str, job_id: str) -> str:
    return jobs.log_tail(settings.scoring_jobs_dir(project), job_id, 30)


def _make_room(settings: Settings, project: str) -> None:
    """Before a new job: tidy up after the dead, then remove the oldest folders."""
    if listed(settings, project):
        jobs.prune(settings.scoring_jobs_dir(project), settings.ended_jobs_kept)


def _tidy(settings: Settings, project: str, view: JobView) -> None:
    """Drop the half files of a worker that died without a word and end its run, once.

    Where MLflow does not answer, the job is shown all the same, and the next look tries again.
    """
    if view.is_live or view.state == "succeeded" or view.is_closed:
        return
    output = view.attachments.get("output")
    if output and not _is_written(settings, project, output):
        _drop_half_files(Path(output))
    status = "KILLED" if view.state == "cancelled" else "FAILED"
    try:
        for run in runs.search(settings, project, f"tags.job_id = '{view.job_id}'"):
            folder = settings.layer(project, "07_model_output")
            _drop_half_files(row_ids.file_of(folder, run.run_id))
            runs.end_if_running(settings, run.run_id, status)
    except TrackingError:
        logging.getLogger("courtside").warning("The run of job %s stays open.", view.job_id)
        return
    jobs.close(settings.scoring_jobs_dir(project), view.job_id)


def _drop_half_files(final: Path) -> None:
    """Remove what stands under temporary names of a file, and of those named after it."""
    for left in final.parent.glob(f".{glob.escape(final.stem)}*-*"):
        left.unlink(missing_ok=True)


def _is_written(settings: Settings, project: str, output: str) -> bool:
    """Whether a retry is writing there by now."""
    live = (v for v in jobs.list_jobs(settings.scoring_jobs_dir(project), KIND) if v.is_live)
    return any(view.attachments.get("output") == output for view in live)
