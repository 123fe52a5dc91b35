"""Training: a plan, a background job, and what came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core import jobs
from core.dataset import spec as specs
from core.dataset.spec import TUNING_METRICS
from core.dataset.training_options import CALIBRATIONS, CLASS_WEIGHTS, Options, ThresholdRule
from core.errors import CourtsideError, JobError, NotReady
from core.files import file_lock, read_json
from core.jobs import JobView
from core.settings import Settings
from core.tracking import runs
from core.training import pace, stages, submission
from core.training import timeline as timelines
from core.training.catalogue import CATALOGUE, Algorithm, title_of
from core.training.inputs import folder_of
from core.training.pace import Forecast
from core.training.plan import TrainingPlan, make_plan
from core.training.run_record import close_run, record_unopened
from core.training.timeline import ModelProgress

__all__ = [
    "CALIBRATIONS",
    "CATALOGUE",
    "CLASS_WEIGHTS",
    "TUNING_METRICS",
    "Algorithm",
    "Forecast",
    "JobView",
    "ModelProgress",
    "Options",
    "Readiness",
    "ThresholdRule",
    "TrainingPlan",
    "cancel",
    "defaults",
    "forecast",
    "listed",
    "log_tail",
    "made_champion",
    "plan",
    "plan_of",
    "readiness",
    "remaining_seconds",
    "retry",
    "stages_of",
    "submit",
    "timeline",
    "title_of",
    "wait",
]

KIND = submission.KIND
_TIMED_JOBS = 20
# How long to wait for another page that does the same.
_CLOSING_SECONDS = 10.0


@dataclass(frozen=True)
class Readiness:
    """Whether the project can be trained now; ``reason`` says why not."""

    ready: bool
    reason: str
    train_rows: int = 0
    test_rows: int = 0


def readiness(settings: Settings, project: str) -> Readiness:
    """Look at the last preparation without reading the data."""
    spec = specs.load(settings.spec_file(project))
    manifest = settings.layer(project, "05_model_input") / "preparation.json"
    if not manifest.is_file():
        return Readiness(False, "The data have not been prepared yet.")
    preparation = read_json(manifest)
    if not spec.prepares(preparation.get("spec_digest")):
        return Readiness(False, "The specification has changed since the last preparation.")
    return Readiness(True, "", preparation["train_rows"], preparation["test_rows"])


def submit(settings: Settings, plan: TrainingPlan) -> JobView:
    """Queue or start a training job; NotReady if there is nothing to train on."""
    ready = readiness(settings, plan.project)
    if not ready.ready:
        raise NotReady(f"{ready.reason} Prepare the data first.")
    _tidy(settings, plan.project)
    return submission.submit(settings, plan)


def wait(
    settings: Settings,
    project: str,
    job_id: str,
    on_progress: Callable[[Any], None] | None = None,
) -> dict[str, Any]:
    """Wait for a job and return its result; raises JobError with its message otherwise."""
    view = jobs.wait(settings.jobs_dir(project), job_id, on_progress=on_progress)
    _close_runs(settings, project, view)
    if view.state != "succeeded" or view.result is None:
        tail = jobs.log_tail(settings.jobs_dir(project), job_id, 5)
        raise JobError(f"The training {view.state}: {view.message}" + (f"\n{tail}" if tail else ""))
    return view.result


def listed(settings: Settings, project: str, limit: int = 20) -> list[JobView]:
    """The newest training jobs: live ones, newest first, then ended ones, the last to end first.

    Starts waiting ones and closes the runs of lost ones.
    """
    folder = settings.jobs_dir(project)
    if not folder.is_dir():
        return []
    jobs.advance(folder, settings.jobs_at_once)
    views = jobs.list_jobs(folder, KIND, limit)
    for view in views:
        _close_runs(settings, project, view)
    return jobs.by_end(views)


def cancel(settings: Settings, project: str, job_id: str) -> JobView:
    """Stop a job and everything it started; its MLflow run ends as KILLED.

    Models of it that were already proven and registered stay.
    """
    view = jobs.cancel(settings.jobs_dir(project), job_id)
    _close_runs(settings, project, view)
    return view


def retry(settings: Settings, project: str, job_id: str) -> JobView:
    """The same plan again, as a new job."""
    _tidy(settings, project)
    return jobs.retry(settings.jobs_dir(project), job_id)


def log_tail(settings: Settings, project: str, job_id: str) -> str:
    return jobs.log_tail(settings.jobs_dir(project), job_id, 30)


def _tidy(settings: Settings, project: str) -> None:
    """Before a new job: close what dead ones left open, then remove the oldest folders."""
    listed(settings, project)
    if (folder := settings.jobs_dir(project)).is_dir():
        jobs.prune(folder, settings.ended_jobs_kept)


def _close_runs(settings: Settings, project: str, view: JobView) -> None:
    """A worker that died without a word leaves RUNNING runs behind: end them, once.

    Found by the job's id, which its run has carried from its first moment; a training that was
    ended before it opened one is put on record all the same. Where MLflow does not answer, the
    job is shown nevertheless, and the next look tries again.
    """
    if view.state not in ("lost", "cancelled", "failed") or view.is_closed:
        return
    folder = settings.jobs_dir(project)
    try:
        with file_lock(folder / ".closing.lock", _CLOSING_SECONDS):
            if not jobs.read(folder, view.job_id).is_closed:
                _end_runs(settings, project, view)
                jobs.close(folder, view.job_id)
    except CourtsideError as exc:  # MLflow is away, or another page waits for it
        logging.getLogger("courtside").warning("The runs of %s stay open: %s", view.job_id, exc)


def _end_runs(settings: Settings, project: str, view: JobView) -> None:
    found = runs.search(settings, project, f"tags.job_id = '{view.job_id}'")
    for run in found:
        close_run(settings, project, run.run_id, view.state)
    if view.started_at is None or view.state == "failed":  # a failure opens its run
        return
    if not found and "run_id" not in view.attachments:
        plan, began = (
            plan_of(settings, project, view.job_id),
            datetime.fromisoformat(view.started_at),
        )
        record_unopened(settings, plan, view.job_id, view.state, began.timestamp())


def defaults(settings: Settings, project: str) -> TrainingPlan:
    """The project's own plan, with those of its algorithms that this installation has."""
    spec = specs.load(settings.spec_file(project))
    own = [model.algorithm for model in spec.training.models]
    here = [name for name in own if name in CATALOGUE and CATALOGUE[name].why_not is None]
    return make_plan(spec, here or own)


def plan(
    settings: Settings,
    project: str,
    algorithms: Sequence[str],
    candidates: Mapping[str, int],
    folds: int,
    metric: str,
    seed: int,
    options: Options | None = None,
) -> TrainingPlan:
    """The project's own plan with the user's changes; BadInput says what cannot be."""
    spec = specs.load(settings.spec_file(project))
    return make_plan(spec, algorithms, candidates, folds, metric, seed, options)


def forecast(settings: Settings, wanted: TrainingPlan, train_rows: int | None = None) -> Forecast:
    """How long a plan will take by comparable earlier trainings here.

    ``train_rows``: of a retraining's tables that are still to be made.
    """
    folder = settings.jobs_dir(wanted.project)
    manifest = folder_of(settings, wanted.project, wanted.inputs) / "preparation.json"
    renews = bool(wanted.inputs) or train_rows is not None
    if train_rows is None and manifest.is_file():
        train_rows = int(read_json(manifest)["train_rows"])
    if train_rows is None or not folder.is_dir():
        return Forecast(None, None)
    here = pace.Conditions.here(settings, round(train_rows * wanted.fit_share))
    ended = [view for view in jobs.list_jobs(folder, KIND, _TIMED_JOBS) if not view.is_live]
    paces = [_pace(folder, view) for view in ended]
    return pace.forecast(wanted, here, [one for one in paces if one is not None], renews)


def _pace(folder: Path, job: JobView) -> pace.Pace | None:
    conditions = pace.Conditions.of(job)
    if conditions is None:
        return None
    plan = TrainingPlan.from_json(jobs.arguments(folder, job.job_id))
    heard = jobs.milestones(folder, job.job_id)
    return pace.pace_of(plan, conditions, heard, job.elapsed_seconds, job.state == "succeeded")


def remaining_seconds(settings: Settings, project: str, job: JobView) -> float | None:
    """Seconds that a running job still needs; None while there is no telling.

    As long as earlier ones took; at its own pace once all of its searches have begun, for what one
    algorithm's fits take says nothing of another's.
    """
    heard = jobs.milestones(settings.jobs_dir(project), job.job_id)
    plan = plan_of(settings, project, job.job_id)
    begun = any(stages.read(event.stage) for event in heard)
    if begun and all(one.step != "waiting" for one in timelines.timeline(plan, heard)):
        return pace.remaining_seconds(heard, minutes=plan.options.minutes)
    expected = forecast(settings, plan).most
    left = None if expected is None else expected - job.elapsed_seconds
    return left if left is not None and left > 0 else None


def plan_of(settings: Settings, project: str, job_id: str) -> TrainingPlan:
    """What a job was told to do."""
    return TrainingPlan.from_json(jobs.arguments(settings.jobs_dir(project), job_id))


def timeline(settings: Settings, project: str, job_id: str) -> list[ModelProgress]:
    """Where each model of a job stands."""
    heard = jobs.milestones(settings.jobs_dir(project), job_id)
    return timelines.timeline(plan_of(settings, project, job_id), heard)


def stages_of(settings: Settings, project: str, job_id: str) -> list[tuple[datetime, str]]:
    """When each stage of a job began, oldest first; a progress bar of the past."""
    begun: list[tuple[datetime, str]] = []
    for event in jobs.milestones(settings.jobs_dir(project), job_id):
        if not begun or begun[-1][1] != event.stage:
            begun.append((datetime.fromisoformat(event.at), event.stage))
    return begun


def made_champion(settings: Settings, result: Mapping[str, Any]) -> str | None:
    """The version that a training put in charge because there was none before, or None."""
    return runs.get(settings, result["run_id"]).tags.get("made_champion")
