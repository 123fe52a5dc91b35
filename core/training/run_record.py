"""The MLflow runs of a training: the parent, opened before the first fit, and those that failed.

A retry goes on with the parent of the attempt before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.settings import Settings
from core.tracking import registry, runs
from core.tracking.runs import RunLog
from core.training.kept import Failed


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
    run.text(record.spec_text, "specification/project.yaml")
    run.json(record.plan, "plan.json")
    return run


def resume_run(settings: Settings, record: RunRecord, run_id: str, job_id: str) -> RunLog:
    """The parent run of an earlier attempt, or a new one where MLflow knows that one no more."""
    if runs.existing(settings, run_id) is None:
        return open_run(settings, record)
    run = RunLog(settings, run_id)
    run.reopen()
    # From now on it is this job's: who closes what the earlier one left open must not end it.
    run.tags({"job_id": job_id})
    return run


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
    status = "KILLED" if state == "cancelled" else "FAILED"
    runs.end_with_children(settings, project, run_id, status)
