"""Production scoring of files through the model in charge, logged for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import jobs
from core.dataset import io
from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.errors import BadInput, NotReady
from core.files import sha256_of
from core.monitoring.features import CategoryFeature, NumericFeature
from core.monitoring.profile import ReferenceProfile
from core.scoring import batch, checking, record, resume, row_ids
from core.scoring.checking import FileCheck
from core.scoring.findings import TrainingRange, Watcher
from core.scoring.intent import Intent, IntentBook
from core.scoring.job import ROW_IDS, Job, Model, Outcome, targets_of
from core.scoring.log import open_log
from core.scoring.order import Order
from core.scoring.result import FileResult
from core.settings import Settings
from core.tracking import models, registry, runs
from core.tracking.registry import CHAMPION, Version

if TYPE_CHECKING:
    from core.jobs import Reporter


def check_file(
    settings: Settings, project: str, path: Path, renames: Mapping[str, str] | None = None
) -> FileCheck:
    """Look at a production file without scoring it; DataFileError if it is no table."""
    spec = specs.load(settings.spec_file(project))
    return checking.check(_table(settings, spec, path), spec, renames or {})


def score_file(
    settings: Settings,
    project: str,
    source: Path,
    out: Path,
    model: str = CHAMPION,
    also: Sequence[str] = (),
    origin: str = "batch",
    shown_as: str | None = None,
    renames: Mapping[str, str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> FileResult:
    """Score a file with a version and log every row; nothing is kept if anything is wrong."""
    name = shown_as or source.name
    order = Order(project, source, out, model, tuple(also), origin, name, dict(renames or {}))
    return run_order(settings, order, on_progress)


def run_order(
    settings: Settings,
    order: Order,
    on_progress: Callable[[int, int], None] | None = None,
    on_logged: Callable[[int], None] | None = None,
    on_copied: Callable[[int], None] | None = None,
    job_id: str = "",
) -> FileResult:
    """Score what an order says, or finish the same order that was killed after it was logged.

    ``on_copied`` gets rows copied to the log so far, ``on_logged`` the rows scored once they are
    all logged. Before anything else, whatever was killed in this project comes to its end.
    """
    begun = time.perf_counter()
    asked = _asked(settings, order)
    result = _resumed(settings, asked, job_id)
    if result is None:
        return _score(settings, asked, job_id, begun, on_progress, on_logged, on_copied)
    if on_logged is not None:
        on_logged(result.summary["rows_scored"])
    return result


@dataclass(frozen=True)
class _Asked:
    """An order that fits, with all that it names. ``versions``: the one that is logged first."""

    order: Order
    spec: ProjectSpec
    table: io.TableFile
    sha256: str
    versions: tuple[Version, ...]

    @property
    def outputs(self) -> list[Path]:
        return self.order.outputs(tuple(one.version for one in self.versions[1:]))

    @property
    def digest(self) -> str:
        """The same for the same rows, versions and renames, and no other."""
        numbers = [one.version for one in self.versions]
        return self.order.asked(self.sha256, self.spec.data_digest, numbers)


def _asked(settings: Settings, order: Order) -> _Asked:
    """Raises what is wrong with an order, before anything is written."""
    spec = specs.load(settings.spec_file(order.project))
    checking.check_order(order)
    table = _table(settings, spec, order.source)
    checking.require_fit(table, spec, order)
    versions = [registry.find(settings, order.project, one) for one in (order.model, *order.also)]
    return _Asked(order, spec, table, sha256_of(order.source), tuple(versions))


def _score(
    settings: Settings,
    asked: _Asked,
    job_id: str,
    begun: float,
    on_progress: Callable[[int, int], None] | None,
    on_logged: Callable[[int], None] | None,
    on_copied: Callable[[int], None] | None,
) -> FileResult:
    order, (version, *others) = asked.order, asked.versions
    loaded = [_loaded(settings, one) for one in asked.versions]
    watcher = Watcher(loaded, _ranges(settings, version, asked.spec))
    tags = {"version": version.version, "source": order.origin}
    tags |= {"job_id": job_id} if job_id else {}
    parameters = record.parameters_of(order, asked.sha256, version, others)
    book = _book(settings, order.project)
    with ExitStack() as held:
        with runs.action(settings, order.project, "score", params=parameters, tags=tags) as run:
            held.enter_context(book.holding(run.run_id))

            def result_of(outcome: Outcome) -> FileResult:
                findings = watcher.findings()
                summary = record.summary_of(run.run_id, version, others, outcome, findings)
                summary |= record.pace(outcome.rows, time.perf_counter() - begun)
                rejected = order.rejected if outcome.rows_rejected else None
                reasons = dict(outcome.reasons)
                return FileResult(summary, version, order.out, rejected, reasons, findings)

            def stored(ready: Outcome) -> Mapping[str, Any]:
                return result_of(ready).as_json()

            job = _job(settings, asked, loaded, run.run_id, job_id)
            outcome = batch.score_file(job, book, watcher, on_progress, stored, on_copied)
            run.done = f"{outcome.rows_scored:,} rows were scored and logged, in {order.out.name}."
            if on_logged is not None:
                on_logged(outcome.rows_scored)
            result = result_of(outcome)
            record.put(run, result.as_json(), result.findings, version, time.time())
            record.put_files(run, [*asked.outputs, *([result.rejected] if result.rejected else [])])
        book.leave(run.run_id, job_id)
    return result


def _job(
    settings: Settings, asked: _Asked, loaded: Sequence[Model], run_id: str, job_id: str
) -> Job:
    order = asked.order
    return Job(
        table=asked.table,
        spec=asked.spec,
        models=loaded,
        outputs=asked.outputs,
        rejected=order.rejected,
        log=open_log(settings, asked.spec),
        origin=order.origin,
        request_id=run_id,
        shown_as=order.shown_as,
        renames=order.renames,
        row_ids=row_ids.file_of(settings.layer(order.project, "07_model_output"), run_id),
        asked=asked.digest,
        job_id=job_id,
    )


def finish_interrupted(settings: Settings, project: str) -> None:
    """Give what was logged by processes that died its files and record; drop what was not."""
    if _book(settings, project).all():
        _settle(settings, specs.load(settings.spec_file(project)))


def execute(arguments: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Entry point of the background job; ``arguments`` is an Order as JSON.

    Returns ``FileResult.as_json``. On cancel or failure the MLflow run ends as KILLED or FAILED.
    Neither files nor rows of the log are left then, or all, where ``rows_logged`` is attached.
    """
    settings, order = Settings.from_env(), Order.from_json(arguments)
    reporter.attach("output", str(order.out))
    reporter.report("Reading the file", 0, 1, 0.0)
    begun = time.perf_counter()

    rows_read = 0

    def progress(done: int, total: int) -> None:
        nonlocal rows_read
        rows_read = done
        pace = f"rows, {done / max(time.perf_counter() - begun, 1e-9):,.0f} rows/s"
        reporter.report("Scoring", done, total, done / max(total, 1), pace)

    def logged(rows: int) -> None:
        reporter.attach("rows_logged", str(rows))

    def copied(rows: int) -> None:
        reporter.report("Logging", rows, max(rows_read, rows + 1), 1.0, "rows copied to the log")

    result = run_order(settings, order, progress, logged, copied, reporter.job_id)
    return result.as_json()


def result_from_json(settings: Settings, project: str, stored: Mapping[str, Any]) -> FileResult:
    """The result of a background job; BadInput if its version is no more."""
    return FileResult.from_json(stored, registry.find(settings, project, stored["version"]))


def profile(settings: Settings, version: Version) -> ReferenceProfile:
    """The training data of a version in small."""
    stored = runs.artifact_json(settings, version.run_id, "reference_profile.json")
    return ReferenceProfile.from_dict(stored)


def output_path(settings: Settings, project: str, name: str) -> Path:
    """Where a scored file is kept: 07_model_output, named after its source and the moment."""
    stem = io.check_file_name(name).split(".")[0][:60]
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return settings.layer(project, "07_model_output") / f"scored_{stem}_{moment}.parquet"


def find_version(settings: Settings, project: str, which: str = CHAMPION) -> Version:
    """A registered version by alias or number; NotReady or BadInput if there is no such."""
    return registry.find(settings, project, which)


def production_file(settings: Settings, project: str) -> Path | None:
    """The project's own production file, if it lies in 01_raw."""
    spec = specs.load(settings.spec_file(project))
    path = settings.layer(project, "01_raw") / spec.prod_file
    return path if path.is_file() else None


def _table(settings: Settings, spec: ProjectSpec, path: Path) -> io.TableFile:
    scratch = settings.layer(spec.name, "07_model_output")
    scratch.mkdir(parents=True, exist_ok=True)
    limit = settings.max_unpacked_megabytes * 1_000_000
    return io.TableFile(path, spec.categories, limit, scratch)


def _book(settings: Settings, project: str) -> IntentBook:
    return IntentBook(settings.layer(project, "07_model_output"))


def _settle(settings: Settings, spec: ProjectSpec, wanted: resume.Wanted | None = None) -> None:
    def complete(intent: Intent) -> None:
        stored = resume.stored_result(intent)
        result = result_from_json(settings, spec.name, stored)
        if runs.existing(settings, intent.request_id) is None:
            return  # somebody deleted it: there is nothing to complete
        run = runs.RunLog(settings, intent.request_id)
        record.put(run, stored, result.findings, result.version, intent.ready_at)
        record.put_files(run, (t.final for k, t in intent.targets.items() if k != ROW_IDS))
        run.finish()

    def close(intent: Intent) -> None:
        runs.end_if_running(settings, intent.request_id, "FAILED")

    log, fate = open_log(settings, spec), partial(_fate, settings, spec.name)
    resume.settle(_book(settings, spec.name), log, complete, close, fate, wanted)


def _resumed(settings: Settings, asked: _Asked, job_id: str) -> FileResult | None:
    """The result of the same order that was killed once its rows were logged; None if none was."""
    order, book = asked.order, _book(settings, asked.spec.name)
    if not book.all():
        return None
    wanted = resume.Wanted(asked.digest, targets_of(asked.outputs, order.rejected))
    _settle(settings, asked.spec, wanted)
    intent = resume.claim(book, wanted, partial(_fate, settings, order.project), job_id)
    if intent is None:
        return None
    result = result_from_json(settings, order.project, resume.stored_result(intent))
    return replace(result, summary={**result.summary, "note": resume.note(intent, order.shown_as)})


def _fate(settings: Settings, project: str, job_id: str) -> resume.Fate:
    """Whether a job has told its result, may still do so, or leaves that to a retry."""
    try:
        view = jobs.read(settings.scoring_jobs_dir(project), job_id)
    except BadInput:
        return "told"  # its folder has made room
    if view.is_live:
        return "running"
    return "told" if view.state == "succeeded" else "waiting"


def _ranges(settings: Settings, version: Version, spec: ProjectSpec) -> dict[str, TrainingRange]:
    """What training had of each model column; empty for a version without a profile."""
    try:
        features = profile(settings, version).features
    except NotReady:
        return {}
    ranges = {}
    for name in spec.raw_columns:
        feature = features.get(name)
        if isinstance(feature, NumericFeature):
            ranges[name] = TrainingRange(feature.minimum, feature.maximum)
        elif isinstance(feature, CategoryFeature) and _names_all(feature):
            ranges[name] = TrainingRange(categories=frozenset(feature.categories))
    return ranges


def _names_all(feature: CategoryFeature) -> bool:
    """Whether a value that the profile does not list was never in training."""
    return feature.kind == "categorical" and feature.complete


def _loaded(settings: Settings, version: Version) -> Model:
    pipeline = models.load_pipeline(settings, version)
    return Model(version.version, version.algorithm, pipeline, version.threshold)
