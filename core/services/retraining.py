"""Back to a good model: labelled production rows join the training data, and the newest judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core import jobs
from core.dataset import io
from core.dataset import retrain as renewals
from core.dataset import spec as specs
from core.dataset.retrain import LabelledRows, Renewal
from core.dataset.spec import ProjectSpec
from core.dataset.training_options import ThresholdRule
from core.errors import BadInput, JobError, NotReady
from core.jobs import JobView
from core.monitoring import late_labels
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import runs
from core.training import submission
from core.training.catalogue import CATALOGUE
from core.training.inputs import ModelInput, read_model_input, write_renewal
from core.training.plan import TrainingPlan, make_plan

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["JobView", "Source"]  # the first is what pages get from further below

LOG = "log"
LEARNT_SHARE = 0.5


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
        found.append(Source(LOG, "Labelled rows of the inference log"))
    folder = settings.layer(project, "01_raw")
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    others = (p for p in files if p.name != spec.dev_file and p.suffix in io.SUFFIXES)
    for path in others:
        if path.is_file() and spec.target.column in io.column_names(path):
            found.append(Source(path.name, path.name))
    return found


def preview(
    settings: Settings,
    project: str,
    source: str = LOG,
    learnt_share: float = LEARNT_SHARE,
    last_rows: int | None = None,
) -> tuple[Renewal, LabelledRows]:
    """What a retraining would learn from and be judged on; changes nothing.

    ``source``: ``log``, a file's name in 01_raw, or a path. ``last_rows``: only the newest so many
    labelled rows. NotReady without prepared data or labels, BadInput where they are too few.
    """
    spec = specs.load(settings.spec_file(project))
    data = read_model_input(settings, spec)
    recent = _labelled(settings, spec, source)
    if last_rows is not None:
        if last_rows < 1:
            raise BadInput(f"The newest rows to use must be at least 1; found {last_rows}.")
        recent = recent.newest(last_rows)
    return renewals.renew(data.train, data.test, recent, learnt_share, spec), recent


def plan(
    settings: Settings,
    project: str,
    algorithms: Sequence[str] | None = None,
    candidates: Mapping[str, int] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> TrainingPlan:
    """The project's training plan with ``changes`` to its options, by their keys.

    Tuned for ROC AUC: F1 at a fixed threshold would choose models that say yes to all. The
    threshold is then searched for F1 unless ``changes`` hold another: where the share of positives
    has moved, a good model may never say yes at the old one.
    """
    spec = specs.load(settings.spec_file(project))
    usual = replace(spec.training.options, threshold=ThresholdRule("f1"))
    return make_plan(
        spec, algorithms, candidates, metric="AUC", options=usual.changed(changes or {})
    )


def start(
    settings: Settings,
    wanted: TrainingPlan,
    source: str = LOG,
    learnt_share: float = LEARNT_SHARE,
    last_rows: int | None = None,
) -> JobView:
    """Write the renewed tables, put them on record, queue the training; the preparation stays."""
    project = wanted.project
    spec = specs.load(settings.spec_file(project))
    renewal, recent = preview(settings, project, source, learnt_share, last_rows)
    before = read_model_input(settings, spec).preparation
    parameters = {
        **{name: before[name] for name in before if name in _SPLIT},
        "production_source": source if source == LOG else Path(source).name,
        "learnt_share": learnt_share,
        "last_rows": last_rows or "",
        "learnt_until": renewal.learnt_until,
        "judged_from": renewal.judged_from,
        "renews_run_id": before["run_id"],
    }
    counts = {
        "train_rows": len(renewal.train),
        "test_rows": len(renewal.test),
        "added_rows": renewal.added_rows,
        "recent_rows": renewal.recent_rows,
        "old_test_rows": renewal.old_test_rows,
        "rows_unlabelled": recent.unlabelled,
        "rows_unusable": recent.unusable,
    }
    tags = {"purpose": "retrain"}
    with runs.action(settings, project, "prepare", "retrain", parameters, tags) as run:
        run.metrics({name: float(value) for name, value in counts.items()})
        manifest = {**before, **parameters, **counts, "run_id": run.run_id}
        write_renewal(
            settings, project, run.run_id, ModelInput(renewal.train, renewal.test, manifest)
        )
    return submission.submit(settings, replace(wanted, inputs=run.run_id))


def wait(settings: Settings, project: str, job_id: str, on_progress: Any = None) -> dict[str, Any]:
    """The result of a retraining, with ``retraining``: the challenger beside the champion."""
    view = jobs.wait(settings.jobs_dir(project), job_id, on_progress=on_progress)
    if view.state != "succeeded" or view.result is None:
        raise JobError(f"The retraining {view.state}: {view.message}")
    return view.result


def latest(settings: Settings, project: str) -> JobView | None:
    """The newest retraining, whatever became of it."""
    folder = settings.jobs_dir(project)
    if not folder.is_dir():
        return None
    jobs.advance(folder, settings.jobs_at_once)
    views = jobs.list_jobs(folder, submission.KIND)
    found = (one for one in views if jobs.arguments(folder, one.job_id).get("inputs"))
    return next(found, None)


def job(settings: Settings, project: str, job_id: str) -> JobView:
    """A retraining as it stands now."""
    return jobs.read(settings.jobs_dir(project), job_id)


def algorithms() -> dict[str, str]:
    """Algorithms that this installation can train, by PyCaret's id, with their names."""
    return {name: one.title for name, one in CATALOGUE.items() if one.why_not is None}


def labels_token(settings: Settings, project: str) -> int:
    """Changes whenever late labels have been added; 0 before the first."""
    path = _late_labels(settings, project)
    return path.stat().st_mtime_ns if path.is_file() else 0


def difference_chart(found: Mapping[str, Mapping[str, Any]], metric: str) -> Figure:
    """Challengers minus champion in one metric; ``found``: a part of a retraining's findings."""
    from core.evaluation.figure_difference import difference_figure

    return difference_figure(
        {one["challenger"]: one["differences"][metric] for one in found.values()}, metric
    )


def cancel(settings: Settings, project: str, job_id: str) -> None:
    """Stop a retraining and everything it started."""
    jobs.cancel(settings.jobs_dir(project), job_id)


# What decides which rows were held out of the preparation, and which data they were.
_SPLIT = (
    "source",
    "source_sha256",
    "spec_digest",
    "test_size",
    "split_seed",
    "stratify",
    "drop_duplicates",
    "drop_missing",
)


def _labelled(settings: Settings, spec: ProjectSpec, source: str) -> LabelledRows:
    if source == LOG:
        return _of_log(settings, spec)
    path = Path(source)
    if path.name == source:
        path = settings.layer(spec.name, "01_raw") / source
    if not path.is_file():
        raise BadInput(f"There is no file {source!r}; give `log` or a file with labelled rows.")
    return renewals.rows_of_file(io.read_table(path, text=spec.categories), spec, path.name)


def _of_log(settings: Settings, spec: ProjectSpec) -> LabelledRows:
    """Labelled rows of the log, by when they were logged; a file scored twice counts once."""
    labels = late_labels.read(_late_labels(settings, spec.name))
    repeated = _scored_again(settings, spec.name)
    pieces, unlabelled = [], 0
    for piece in open_log(settings, spec).stream():
        label = piece["label"].to_numpy(dtype=float, na_value=np.nan)
        if labels:
            late = piece["prediction_id"].map(labels).to_numpy(dtype=float, na_value=np.nan)
            label = np.where(np.isnan(label), late, label)
        known = ~np.isnan(label)
        unlabelled += int((~known).sum())
        known &= ~piece["request_id"].isin(repeated).to_numpy()
        if known.any() and set(spec.raw_columns) <= set(piece.columns):
            pieces.append(piece[known].assign(label=label[known]))
    if not pieces:
        raise NotReady(
            "No logged prediction has a label yet; bring labels on the drift page, or retrain on a "
            "file that has them."
        )
    rows = pd.concat(pieces, ignore_index=True)
    moment = rows["logged_at"].dt.tz_localize(None).to_numpy()
    found = renewals.labelled_rows(rows, rows["label"].to_numpy(), moment, spec, "The log")
    return replace(found, unlabelled=unlabelled)


def _late_labels(settings: Settings, project: str) -> Path:
    return settings.layer(project, "07_model_output") / "late_labels.parquet"


def _scored_again(settings: Settings, project: str) -> set[str]:
    """Requests that scored a file which a later request scored again."""
    seen: set[str] = set()
    again = set()
    for run in runs.recent(settings, project, action="score", limit=1000):
        digest = run.params.get("source_sha256", "") if run.status == "FINISHED" else ""
        if digest in seen:
            again.add(run.run_id)
        elif digest:
            seen.add(digest)
    return again
