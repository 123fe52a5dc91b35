"""What a page looks at before and during a retraining; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass

from core import jobs
from core.dataset import io
from core.dataset import retrain as renewals
from core.dataset import spec as specs
from core.jobs import JobView
from core.monitoring import places, reference
from core.settings import Settings
from core.training import submission

# From so many judging rows on Monitor holds a retrained version against production alone.
ENOUGH_TO_JUDGE = reference.MIN_CALIBRATION_ROWS
is_retrained = reference.is_retrained


@dataclass(frozen=True)
class Source:
    """Where labelled production rows can be had: ``key`` is ``log`` or a file's name in 01_raw."""

    key: str
    title: str


def sources(settings: Settings, project: str) -> list[Source]:
    """The inference log, if anything is logged, and the raw files with labels but the training's.

    Looks at column names only.
    """
    spec = specs.load(settings.spec_file(project))
    found = []
    if settings.inference_log(project).is_file():
        found.append(Source(renewals.LOG, "Labelled rows of the inference log"))
    folder = settings.layer(project, "01_raw")
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    others = (p for p in files if p.name != spec.dev_file and p.suffix in io.SUFFIXES)
    for path in others:
        if path.is_file() and spec.target.column in io.column_names(path):
            found.append(Source(path.name, path.name))
    return found


def latest(settings: Settings, project: str) -> JobView | None:
    """The newest retraining, whatever became of it; one that was trained again exactly is none."""
    folder = settings.jobs_dir(project)
    if not folder.is_dir():
        return None
    jobs.advance(folder, settings.jobs_at_once)
    views = jobs.list_jobs(folder, submission.KIND)
    for one in views:
        order = jobs.arguments(folder, one.job_id)
        if order.get("inputs") and not order.get("reproduces"):
            return one
    return None


def job(settings: Settings, project: str, job_id: str) -> JobView:
    """A retraining as it stands now."""
    return jobs.read(settings.jobs_dir(project), job_id)


def labels_token(settings: Settings, project: str) -> int:
    """Changes whenever late labels have been added; 0 before the first."""
    return places.written(places.labels_path(settings, project))
