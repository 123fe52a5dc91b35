"""Scoring in the background: a process that outlives the tab, found again from any other."""

from __future__ import annotations

import logging

from core import jobs
from core.dataset import spec as specs
from core.errors import TrackingError
from core.jobs import JobView
from core.scoring.intent import IntentBook
from core.scoring.log import open_log
from core.scoring.order import Order
from core.settings import Settings
from core.tracking import runs
from core.tracking.store import make_for_workers

KIND = "scoring"
ENTRY_POINT = "core.services.scoring:execute"


def is_large(settings: Settings, rows: int) -> bool:
    """Whether a file has so many rows that it is scored in the background."""
    return rows > settings.background_rows


def submit(settings: Settings, order: Order) -> JobView:
    """Queue or start scoring a file that stays where it is until the job has ended."""
    make_for_workers(settings)
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
    """The same order again, as a new job; what the old one has logged, this one only finishes."""
    _make_room(settings, project)
    return jobs.retry(settings.scoring_jobs_dir(project), job_id)


def resumable(settings: Settings, project: str) -> dict[str, int]:
    """Jobs that ended badly after all their rows were logged, with the rows: a retry logs none."""
    ended = (one for one in _book(settings, project).all() if one.job_id and one.after is not None)
    return {one.job_id: one.rows for one in ended}


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
    """Drop what a worker that ended badly left unlogged and end its run, once.

    What was logged stays for `scoring.finish_interrupted` or a retry to finish. Where MLflow does
    not answer, the job is shown all the same, and the next look tries again.
    """
    if view.is_live or view.state == "succeeded" or view.is_closed:
        return
    logged = _drop_unlogged(settings, project, view.job_id)
    status = "KILLED" if view.state == "cancelled" else "FAILED"
    try:
        for run in runs.search(settings, project, f"tags.job_id = '{view.job_id}'"):
            if run.run_id not in logged:
                runs.end_if_running(settings, run.run_id, status)
    except TrackingError:
        logging.getLogger("courtside").warning("The run of job %s stays open.", view.job_id)
        return
    jobs.close(settings.scoring_jobs_dir(project), view.job_id)


def _drop_unlogged(settings: Settings, project: str, job_id: str) -> set[str]:
    """Remove the files of a job's scorings that were not logged; the requests that were."""
    book = _book(settings, project)
    logged = set()
    for seen in (one for one in book.all() if one.job_id == job_id):
        with book.left(seen.request_id) as intent:
            if intent is None:
                continue
            if intent.is_committed(open_log(settings, specs.load(settings.spec_file(project)))):
                logged.add(intent.request_id)
            else:
                intent.drop_files()
                book.remove(intent.request_id)
    return logged


def _book(settings: Settings, project: str) -> IntentBook:
    return IntentBook(settings.layer(project, "07_model_output"))
