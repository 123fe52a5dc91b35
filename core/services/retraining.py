"""Back to a good model: labelled production rows join the training data, and the newest judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core import jobs
from core.dataset import io
from core.dataset import retrain as renewals
from core.dataset import spec as specs
from core.dataset.retrain import LabelledRows, Renewal
from core.dataset.spec import ProjectSpec
from core.dataset.training_options import ThresholdRule
from core.errors import BadInput, CourtsideError, NotReady
from core.files import file_lock, read_json
from core.inference_log import Position
from core.jobs import JobView
from core.monitoring import late_labels, places, policy_file, prepared
from core.monitoring.alert_book import AlertBook, KeptAlert
from core.monitoring.prepared import PreparedRetraining
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import runs
from core.training import submission, usual
from core.training.inputs import ModelInput, folder_of, read_model_input, write_renewal
from core.training.plan import TrainingPlan, make_plan
from core.training.usual import algorithms, usual_algorithms

# What pages get from further below.
__all__ = ["JobView", "PreparedRetraining", "Renewal", "algorithms", "usual_algorithms"]

LOG = renewals.LOG
LEARNT_SHARE = 0.5
PIECE_ROWS = 200_000


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

    Tuned for ROC AUC: F1 at a fixed threshold would choose models that say yes to all. Unless
    ``changes`` hold another rule, the threshold is then that of the largest Youden's J on the
    production rows learnt from: where the share of positives has moved, a good model may never
    say yes at the old one, and the one of the largest F1 would say yes to nearly all.
    """
    spec = specs.load(settings.spec_file(project))
    usual = replace(spec.training.options, threshold=ThresholdRule("youden"))
    return make_plan(
        spec, algorithms, candidates, metric="AUC", options=usual.changed(changes or {})
    )


def usual_plan(settings: Settings, project: str) -> TrainingPlan:
    """What a retraining does unless somebody chooses otherwise."""
    names = usual_algorithms()
    return plan(settings, project, names, usual_candidates(settings, project, names))


def start(
    settings: Settings,
    wanted: TrainingPlan,
    source: str = LOG,
    learnt_share: float = LEARNT_SHARE,
    last_rows: int | None = None,
) -> JobView:
    """Write the renewed tables, put them on record, queue the training; the preparation stays."""
    found = preview(settings, wanted.project, source, learnt_share, last_rows)
    return _begin(settings, wanted, found, source, learnt_share, last_rows)


def retraining_wanted(settings: Settings, project: str) -> list[KeptAlert]:
    """The open alarms that call for a retraining by the project's policy; none if it only tells."""
    policy = policy_file.in_force(settings, specs.load(settings.spec_file(project)))
    if policy.action != "prepare_retraining":
        return []
    book = AlertBook(places.alerts_path(settings, project))
    return [one for one in book.open_alerts() if one.level == "alarm"]


def prepare(settings: Settings, project: str) -> PreparedRetraining | None:
    """Make the retraining ready that alarms call for, and keep it; None where none does.

    Trains nothing. What cannot be prepared is kept with its reason; the same rows and plan as
    before stay, started or not.
    """
    alarms = retraining_wanted(settings, project)
    if not alarms:
        return None
    path = places.prepared_path(settings, project)
    with file_lock(path.with_suffix(".lock"), timeout_seconds=300):
        made, _ = _made(settings, project, tuple(one.rule for one in alarms))
        before = _kept(settings, project)
        if before is not None and before.prepared_id == made.prepared_id != "":
            made = replace(made, made_at=before.made_at, job_id=before.job_id)
        prepared.write(path, made)
    return made


def kept_preparation(settings: Settings, project: str) -> PreparedRetraining | None:
    """What was made ready, as it was then; None where nothing calls for it. Reads small files."""
    if not retraining_wanted(settings, project):
        return None
    return _kept(settings, project)


def preparation(settings: Settings, project: str) -> PreparedRetraining | None:
    """What is ready now: made anew where labels or the prepared data have changed since.

    Reads the rows that were logged since it was made, and all of the log where it must be anew.
    """
    found = kept_preparation(settings, project)
    if found is not None and _holds(settings, project, found):
        return found
    return prepare(settings, project)


def start_prepared(settings: Settings, project: str, prepared_id: str) -> JobView:
    """Start exactly what was shown as ``prepared_id``.

    NotReady where that is not what stands there any more: it is made anew, and nothing starts.
    """
    path = places.prepared_path(settings, project)
    with file_lock(path.with_suffix(".lock"), timeout_seconds=300):
        shown = _kept(settings, project)
        if shown is None or not shown.can_start or shown.prepared_id != prepared_id:
            raise NotReady(
                "This retraining has been started, or another one was prepared since; reload the "
                "page to see what stands there now."
            )
        made, found = _made(settings, project, shown.alarms)
        if found is None or made.prepared_id != prepared_id:
            prepared.write(path, made)
            raise NotReady(
                "Labels or prepared data have changed since this was prepared, so nothing was "
                "started; it has been made anew: look at it and press again."
            )
        job = _begin(settings, TrainingPlan.from_json(made.plan), found, LOG, made.learnt_share)
        prepared.write(path, replace(made, made_at=shown.made_at, job_id=job.job_id))
    return job


def _kept(settings: Settings, project: str) -> PreparedRetraining | None:
    """What is on record; as never started where the job that it started ended without a result."""
    found = prepared.read(places.prepared_path(settings, project))
    if found is None or not found.job_id:
        return found
    known = {one.job_id: one.state for one in jobs.list_jobs(settings.jobs_dir(project))}
    fruitless = known.get(found.job_id) in ("failed", "cancelled", "lost")
    return replace(found, job_id="") if fruitless else found


def _made(
    settings: Settings, project: str, alarms: tuple[str, ...]
) -> tuple[PreparedRetraining, tuple[Renewal, LabelledRows] | None]:
    """What can be made ready now, and its rows; None with the reason where nothing can."""
    spec = specs.load(settings.spec_file(project))
    source = _source(settings, spec)
    try:
        wanted = usual_plan(settings, project)
        renewal, recent = preview(settings, project)
    except CourtsideError as exc:
        return prepared.cannot(str(exc), source, alarms), None
    made = prepared.of(
        wanted.to_json(), wanted.fits, LEARNT_SHARE, (renewal, recent), source, alarms
    )
    return made, (renewal, recent)


def _holds(settings: Settings, project: str, made: PreparedRetraining) -> bool:
    """Whether it would come out the same; rows without a label do not change it."""
    spec = specs.load(settings.spec_file(project))
    if replace(_source(settings, spec), position=made.source.position) != made.source:
        return False
    if made.can_start and made.plan != usual_plan(settings, project).to_json():
        return False
    log = open_log(settings, spec)
    place = Position.from_json(made.source.position)
    try:
        labelled, after = prepared.labels_after(lambda at: log.read_from(at, PIECE_ROWS), place)
    except BadInput:  # the log was replaced
        return False
    if after != place and not labelled:
        moved = replace(made, source=replace(made.source, position=after.as_json()))
        prepared.write(places.prepared_path(settings, project), moved)
    return not labelled


def _source(settings: Settings, spec: ProjectSpec) -> prepared.Source:
    manifest = folder_of(settings, spec.name) / "preparation.json"
    return prepared.Source(
        labels=places.written(places.labels_path(settings, spec.name)),
        preparation=str(read_json(manifest).get("run_id", "")) if manifest.is_file() else "",
        position=open_log(settings, spec).end().as_json(),
    )


def _begin(
    settings: Settings,
    wanted: TrainingPlan,
    found: tuple[Renewal, LabelledRows],
    source: str,
    learnt_share: float,
    last_rows: int | None = None,
) -> JobView:
    project = wanted.project
    spec = specs.load(settings.spec_file(project))
    renewal, recent = found
    before = read_model_input(settings, spec).preparation
    parameters = {
        **{name: before[name] for name in before if name in renewals.OF_THE_SPLIT},
        "production_source": source if source == LOG else Path(source).name,
        "learnt_share": learnt_share,
        "last_rows": last_rows or "",
        "learnt_until": renewal.learnt_until,
        "judged_from": renewal.judged_from,
        "recent_since": renewal.since,
        "recent_until": renewal.until,
        "renews_run_id": before["run_id"],
    }
    counts = {
        **renewal.counts,
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


def usual_candidates(settings: Settings, project: str, chosen: Sequence[str]) -> dict[str, int]:
    """How many candidates of each: as the project's specification says, else affordable ones."""
    own = specs.load(settings.spec_file(project)).training.models
    return usual.usual_candidates(chosen, own)


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
    late = late_labels.read(places.labels_path(settings, spec.name))
    scored = runs.recent(settings, spec.name, action="score", limit=1000)
    repeated = renewals.scored_again(
        (run.run_id, run.params.get("source_sha256", ""))
        for run in scored
        if run.status == "FINISHED"
    )
    log = open_log(settings, spec).stream()
    pieces = ((piece, late_labels.joined(piece, late)) for piece in log)
    found = renewals.rows_of_log(pieces, repeated, spec)
    if found is None:
        raise NotReady(
            "No logged prediction has a label yet; bring labels on the drift page, or retrain on a "
            "file that has them."
        )
    return found
