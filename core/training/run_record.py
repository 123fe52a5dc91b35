"""The MLflow runs of a training: the parent, opened beside the first fits, and those that failed.

A retry goes on with the parent of the attempt before it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.settings import Settings
from core.tracking import models, registry, runs
from core.tracking.runs import RunLog
from core.training.imports import uncollected
from core.training.kept import Failed
from core.training.plan import TrainingPlan

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunRecord:
    """What the parent run of a training says before its first fit; enough to open it anew.

    ``data``: digests of what was trained on, which every version is tagged with.
    """

    project: str
    params: dict[str, Any]
    tags: dict[str, str]
    data: dict[str, str]
    spec_text: str
    plan: dict[str, Any]
    started_at: float

    @property
    def spec(self) -> ProjectSpec:
        return specs.from_text(self.spec_text, self.project)


def open_run(settings: Settings, record: RunRecord) -> RunLog:
    """The parent run, with all that is known before the first fit."""
    run = runs.start(
        settings,
        record.project,
        "train",
        name="train",
        params=record.params,
        tags=record.tags,
        at=record.started_at,
    )
    _describe(run, record)
    return run


def _describe(run: RunLog, record: RunRecord) -> None:
    run.text(record.spec_text, "specification/project.yaml")
    run.json(record.plan, "plan.json")


class Opening:
    """The parent run, opened by a thread: importing MLflow takes seconds that no fit need wait for.

    Where MLflow cannot be reached it is asked once more when the run is needed. ``opened`` is
    called with the run, by the thread or by whoever needs it.
    """

    def __init__(
        self, settings: Settings, record: RunRecord, opened: Callable[[RunLog], None]
    ) -> None:
        self._settings = settings
        self._record = record
        self._opened = opened
        self._run: RunLog | None = None
        self._thread = threading.Thread(target=self._work, name="open the run", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def run(self) -> RunLog:
        """The run, waited for; TrackingError where MLflow still cannot be reached."""
        if self._thread.ident is not None:
            self._thread.join()
        if self._run is None:
            run = self._half_opened() or open_run(self._settings, self._record)
            self._opened(run)
            self._run = run
        return self._run

    def close(self, state: str) -> None:
        """End the run of a training that was ``cancelled`` or ``failed``.

        A failure is on record even where the run was not open yet; a cancellation waits for
        nothing, and whoever cancels ends what the thread may have opened.
        """
        if state == "failed" or self._run is not None:
            close_run(self._settings, self._record.project, self.run().run_id, state)

    def _work(self) -> None:
        try:
            with uncollected():
                run = open_run(self._settings, self._record)
                self._opened(run)
                self._run = run
                models.load_storage()  # what storing the models would wait for
        except Exception:
            logger.warning("The run is not open yet; that is tried again.", exc_info=True)

    def _half_opened(self) -> RunLog | None:
        """What MLflow made of the run before it could no longer be reached."""
        own = f"tags.job_id = '{self._record.tags['job_id']}'"
        for found in runs.search(self._settings, self._record.project, own):
            run = RunLog(self._settings, found.run_id)
            run.params(self._record.params)
            _describe(run, self._record)
            return run
        return None


def resume_run(settings: Settings, record: RunRecord, run_id: str | None, job_id: str) -> RunLog:
    """The parent run of an earlier attempt; a new one where MLflow has none, or knows it no more.

    From now on it is this job's: who closes what the earlier one left open must not end it.
    """
    own = {"job_id": job_id}
    if run_id is None or runs.existing(settings, run_id) is None:
        return open_run(settings, replace(record, tags={**record.tags, **own}))
    run = RunLog(settings, run_id)
    run.reopen()
    run.tags(own)
    return run


def record_unopened(
    settings: Settings, plan: TrainingPlan, job_id: str, state: str, began: float
) -> None:
    """Put a training on record that was ``cancelled`` or ``lost`` before its run was open.

    ``began``: seconds since 1970.
    """
    own = {"job_id": job_id}
    run = runs.start(settings, plan.project, "train", name="train", tags=own, at=began)
    run.json(plan.to_json(), "plan.json")
    run.finish(_status(state))


def _status(state: str) -> str:
    return "KILLED" if state == "cancelled" else "FAILED"


def failed_run(settings: Settings, project: str, parent: str, failed: Failed) -> None:
    """Put an algorithm that could not be trained on record, with its reason."""
    if runs.child(settings, project, parent, failed.algorithm) is not None:
        return
    tags = {"algorithm": failed.algorithm, "title": failed.title, "error": failed.reason}
    run = runs.start(
        settings,
        project,
        "train",
        name=failed.title,
        tags=tags,
        parent_run_id=parent,
        at=failed.started_at,
    )
    run.finish("FAILED", at=failed.finished_at)


def close_run(settings: Settings, project: str, run_id: str, state: str) -> None:
    """End what a training that was ``cancelled``, ``failed`` or ``lost`` has left open.

    Versions whose proof was still to come are removed.
    """
    children = runs.search(settings, project, f"tags.`mlflow.parentRunId` = '{run_id}'")
    registry.discard_unproven(settings, project, {child.run_id for child in children})
    runs.end_with_children(settings, project, run_id, _status(state))
