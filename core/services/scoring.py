"""Production scoring of files through the model in charge, logged for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset import io
from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.errors import NotReady
from core.files import sha256_of
from core.monitoring.features import CategoryFeature, NumericFeature
from core.monitoring.profile import ReferenceProfile
from core.scoring import batch, checking, row_ids
from core.scoring.batch import Job, Model, Outcome
from core.scoring.checking import FileCheck
from core.scoring.findings import Findings, TrainingRange, Watcher
from core.scoring.log import open_log
from core.scoring.order import Order
from core.settings import Settings
from core.tracking import models, registry, runs
from core.tracking.registry import CHAMPION, Version

if TYPE_CHECKING:
    import pandas as pd

    from core.jobs import Reporter

_LARGEST_ARTIFACT_BYTES = 50_000_000


@dataclass(frozen=True)
class FileResult:
    """What scoring a file gave. ``summary`` is the contract's JSON."""

    summary: dict[str, Any]
    version: Version
    output: Path
    rejected: Path | None
    reasons: dict[str, int]
    findings: Findings

    def as_json(self) -> dict[str, Any]:
        """What ``result_from_json`` takes; the result of a background job."""
        return {
            "summary": self.summary,
            "version": self.version.version,
            "output": str(self.output),
            "rejected": str(self.rejected) if self.rejected else None,
            "reasons": self.reasons,
            "findings": self.findings.as_dict(),
        }


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
    tags: Mapping[str, str] | None = None,
) -> FileResult:
    """Score what an order says; ``on_logged`` gets the rows scored once they are all logged."""
    begun = time.perf_counter()
    spec = specs.load(settings.spec_file(order.project))
    checking.check_order(order)
    table = _table(settings, spec, order.source)
    checking.require_fit(table, spec, order)
    version = registry.find(settings, order.project, order.model)
    others = [registry.find(settings, order.project, which) for which in order.also]
    loaded = [_loaded(settings, one) for one in (version, *others)]
    watcher = Watcher(loaded, _ranges(settings, version, spec))
    tags = {"version": version.version, "source": order.origin, **(tags or {})}
    parameters = _parameters(order, version, others)
    with runs.action(settings, order.project, "score", params=parameters, tags=tags) as run:
        log = open_log(settings, spec)
        job = Job(
            table=table,
            spec=spec,
            models=loaded,
            outputs=order.outputs(tuple(one.version for one in others)),
            rejected=order.rejected,
            open_log=lambda: log.batch(
                source=order.origin, model_version=version.version, request_id=run.run_id
            ),
            shown_as=order.shown_as,
            renames=order.renames,
            row_ids=row_ids.file_of(settings.layer(order.project, "07_model_output"), run.run_id),
        )
        outcome = batch.score_file(job, watcher, on_progress)
        run.done = f"{outcome.rows_scored:,} rows were scored and logged, in {order.out.name}."
        if on_logged is not None:
            on_logged(outcome.rows_scored)
        findings = watcher.findings()
        summary = _summary(run.run_id, version, others, outcome, findings)
        summary |= _pace(outcome.rows, time.perf_counter() - begun)
        result = FileResult(
            summary=summary,
            version=version,
            output=order.out,
            rejected=job.rejected if outcome.rows_rejected else None,
            reasons=dict(outcome.reasons),
            findings=findings,
        )
        _record(run, result)
        for path in [*job.outputs, *([job.rejected] if outcome.rows_rejected else [])]:
            if path.stat().st_size <= _LARGEST_ARTIFACT_BYTES:
                run.file(path, "scored")
    return result


def execute(arguments: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Entry point of the background job; ``arguments`` is an Order as JSON.

    Returns ``FileResult.as_json``. On cancel or failure the MLflow run ends as KILLED or FAILED.
    Neither files nor rows of the log are left then, or all, where ``rows_logged`` is attached.
    """
    settings, order = Settings.from_env(), Order.from_json(arguments)
    reporter.attach("output", str(order.out))
    reporter.report("Reading the file", 0, 1, 0.0)
    begun = time.perf_counter()

    def progress(done: int, total: int) -> None:
        pace = f"rows, {done / max(time.perf_counter() - begun, 1e-9):,.0f} rows/s"
        reporter.report("Scoring", done, total, done / max(total, 1), pace)

    def logged(rows: int) -> None:
        reporter.attach("rows_logged", str(rows))

    return run_order(settings, order, progress, logged, {"job_id": reporter.job_id}).as_json()


def result_from_json(settings: Settings, project: str, stored: Mapping[str, Any]) -> FileResult:
    """The result of a background job; BadInput if its version is no more."""
    return FileResult(
        summary=dict(stored["summary"]),
        version=registry.find(settings, project, stored["version"]),
        output=Path(stored["output"]),
        rejected=Path(stored["rejected"]) if stored["rejected"] else None,
        reasons=dict(stored["reasons"]),
        findings=Findings.from_dict(stored["findings"]),
    )


def profile(settings: Settings, version: Version) -> ReferenceProfile:
    """The training data of a version in small."""
    stored = runs.artifact_json(settings, version.run_id, "reference_profile.json")
    return ReferenceProfile.from_dict(stored)


def output_path(settings: Settings, project: str, name: str) -> Path:
    """Where a scored file is kept: 07_model_output, named after its source and the moment."""
    stem = io.check_file_name(name).split(".")[0][:60]
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return settings.layer(project, "07_model_output") / f"scored_{stem}_{moment}.parquet"


def head(path: Path, rows: int = 20) -> pd.DataFrame:
    """The first rows of a scored file; DataFileError if it is gone."""
    return io.plain_frame(io.TableFile(path).head(rows))


def find_version(settings: Settings, project: str, which: str = CHAMPION) -> Version:
    """A registered version by alias or number; NotReady or BadInput if there is no such."""
    return registry.find(settings, project, which)


def production_file(settings: Settings, project: str) -> Path | None:
    """The project's own production file, if it lies in 01_raw."""
    spec = specs.load(settings.spec_file(project))
    path = settings.layer(project, "01_raw") / spec.prod_file
    return path if path.is_file() else None


def recent_rows(settings: Settings, project: str, rows: int = 50) -> pd.DataFrame:
    """The last rows of the inference log, newest first; reads only the end of it."""
    spec = specs.load(settings.spec_file(project))
    return open_log(settings, spec).tail(rows).iloc[::-1]


def _table(settings: Settings, spec: ProjectSpec, path: Path) -> io.TableFile:
    scratch = settings.layer(spec.name, "07_model_output")
    scratch.mkdir(parents=True, exist_ok=True)
    limit = settings.max_unpacked_megabytes * 1_000_000
    return io.TableFile(path, spec.categories, limit, scratch)


def _parameters(order: Order, version: Version, others: Sequence[Version]) -> dict[str, Any]:
    renamed = {"renames": ", ".join(f"{a} → {b}" for a, b in order.renames.items())}
    return {
        "source": order.shown_as,
        "source_sha256": sha256_of(order.source),
        "version": version.version,
        "algorithm": version.algorithm,
        "also": ",".join(one.version for one in others),
        "threshold": version.threshold,
        **(renamed if order.renames else {}),
    }


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


def _summary(
    run_id: str, version: Version, others: Sequence[Version], outcome: Outcome, findings: Findings
) -> dict[str, Any]:
    figures = findings.metrics
    return {
        "run_id": run_id,
        "rows_scored": outcome.rows_scored,
        "rows_rejected": outcome.rows_rejected,
        "rows_labelled": outcome.rows_labelled,
        "rejected_because": dict(outcome.reasons),
        "metrics": figures[version.version],
        "version": version.version,
        "algorithm": version.algorithm,
        "also": [
            {"version": v.version, "algorithm": v.algorithm, "metrics": figures[v.version]}
            for v in others
        ],
        "out_of_training_range": {one.column: one.share for one in findings.out_of_range},
    }


def _pace(rows: int, seconds: float) -> dict[str, float]:
    return {"seconds": seconds, "rows_per_second": rows / seconds if seconds else 0.0}


def _record(run: runs.RunLog, result: FileResult) -> None:
    from core.evaluation import figures

    summary, findings, version = result.summary, result.findings, result.version
    counts = ("rows_scored", "rows_rejected", "rows_labelled", "seconds", "rows_per_second")
    run.metrics({name: summary[name] for name in counts})
    run.metrics(summary["metrics"] or {}, prefix="prod_")
    for other in summary["also"]:
        run.metrics(other["metrics"] or {}, prefix=f"prod_v{other['version']}_")
    run.metrics({o.column: o.share for o in findings.out_of_range}, prefix="out_of_range_")
    run.json(result.as_json(), "score.json")
    histogram = figures.counted_histogram(findings.histogram, findings.above, version.threshold)
    run.figure(histogram, "figures/probability.html")
    if findings.roc is not None:
        roc = figures.roc_figure({version.label: findings.roc}, version.label)
        run.figure(roc, "figures/roc.html")
    if findings.calibration is not None:
        shown = figures.calibration_figure({version.label: findings.calibration})
        run.figure(shown, "figures/calibration.html")
