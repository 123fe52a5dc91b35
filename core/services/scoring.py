"""Production scoring: a file or one row through the model in charge, logged for good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import io
from core.dataset import spec as specs
from core.dataset.validate import ColumnDiff, compare_columns
from core.errors import BadInput, SchemaError
from core.evaluation.metrics import binary_metrics
from core.files import sha256_of
from core.inference_log import neutralise_formulas
from core.monitoring.profile import ReferenceProfile
from core.scoring import batch, row_ids
from core.scoring.batch import Model, Outcome
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import models, registry, runs
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd

CHAMPION = "champion"
_LARGEST_ARTIFACT_BYTES = 50_000_000


@dataclass(frozen=True)
class FileCheck:
    """A production file before it is scored: size, first rows, and how its columns fit."""

    rows: int
    preview: pd.DataFrame
    diff: ColumnDiff
    has_target: bool


@dataclass(frozen=True)
class FileResult:
    """What scoring a file gave. ``summary`` is the contract's JSON; arrays have shape (n,)."""

    summary: dict[str, Any]
    version: Version
    output: Path
    rejected: Path | None
    reasons: dict[str, int]
    probability: np.ndarray
    labels: np.ndarray


def check_file(settings: Settings, project: str, path: Path) -> FileCheck:
    """Look at a production file without scoring it; DataFileError if it is no table."""
    spec = specs.load(settings.spec_file(project))
    names = io.column_names(path)
    rows = io.row_count(path)
    if rows == 0:
        raise SchemaError(f"{path.name} has columns but no rows; choose a file with data.")
    batch.check_columns(path, path.name)
    preview = next(iter(io.iter_table(path, rows=100, text=spec.categories)))
    diff = compare_columns(names, spec.raw_columns)
    return FileCheck(rows, preview, diff, spec.target.column in names)


def score_file(
    settings: Settings,
    project: str,
    source: Path,
    out: Path,
    model: str = CHAMPION,
    also: Sequence[str] = (),
    origin: str = "batch",
    shown_as: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> FileResult:
    """Score a file with a version, log every row; ``also``: other versions, to files only.

    ``summary`` is the contract's JSON. Nothing is written or logged if anything is wrong.
    """
    spec = specs.load(settings.spec_file(project))
    what = shown_as or source.name
    if out.suffix not in io.SUFFIXES:
        raise BadInput(f"The output must end in .parquet or .csv; found {out.name!r}.")
    if out.resolve() == source.resolve():
        raise BadInput("The output must be another file than the input.")
    batch.check_columns(source, what)
    version = registry.find(settings, project, model)
    others = [registry.find(settings, project, which) for which in also]
    loaded = [_loaded(settings, one) for one in (version, *others)]
    outputs = [out, *(out.with_name(f"{out.stem}_v{v.version}{out.suffix}") for v in others)]
    rejected = out.with_name(f"{out.stem}_rejected{out.suffix}")
    parameters = {
        "source": what,
        "source_sha256": sha256_of(source),
        "version": version.version,
        "algorithm": version.algorithm,
        "also": ",".join(one.version for one in others),
        "threshold": version.threshold,
    }
    tags = {"version": version.version, "source": origin}
    with runs.action(settings, project, "score", params=parameters, tags=tags) as run:
        log = open_log(settings, spec)
        with log.batch(
            source=origin, model_version=version.version, request_id=run.run_id
        ) as pieces:
            outcome = batch.score_file(
                source, spec, loaded, outputs, rejected, pieces, what, on_progress
            )
        row_ids.keep(settings.layer(project, "07_model_output"), run.run_id, out, spec.identify)
        summary = _summary(run.run_id, version, others, loaded, outcome)
        _record(run, summary, outcome, version)
        for path in [*outputs, *([rejected] if outcome.rows_rejected else [])]:
            if path.stat().st_size <= _LARGEST_ARTIFACT_BYTES:
                run.file(path, "scored")
    return FileResult(
        summary=summary,
        version=version,
        output=out,
        rejected=rejected if outcome.rows_rejected else None,
        reasons=outcome.reasons,
        probability=outcome.probability(version.version),
        labels=outcome.labels,
    )


def profile(settings: Settings, version: Version) -> ReferenceProfile:
    """The training data of a version in small."""
    stored = runs.artifact_json(settings, version.run_id, "reference_profile.json")
    return ReferenceProfile.from_dict(stored)


def output_path(settings: Settings, project: str, name: str) -> Path:
    """Where a scored file is kept: 07_model_output, named after its source and the moment."""
    stem = Path(io.check_file_name(name)).stem[:60]
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    return settings.layer(project, "07_model_output") / f"scored_{stem}_{moment}.parquet"


def download_bytes(path: Path, kind: str) -> bytes:
    """A scored file as parquet (as it is) or as CSV that no spreadsheet will run as formulas."""
    if kind == "parquet":
        return path.read_bytes()
    return neutralise_formulas(io.read_table(path)).to_csv(index=False).encode("utf-8")


def head(path: Path, rows: int = 20) -> pd.DataFrame:
    """The first rows of a scored file; DataFileError if it is gone."""
    return next(iter(io.iter_table(path, rows=rows)))


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


def _loaded(settings: Settings, version: Version) -> Model:
    pipeline = models.load_pipeline(settings, version)
    return Model(version.version, version.algorithm, pipeline, version.threshold)


def _metrics(outcome: Outcome, version: str, threshold: float) -> dict[str, float | None] | None:
    y, probability = outcome.labelled(version)
    return binary_metrics(y, probability, threshold).as_dict() if len(y) else None


def _summary(
    run_id: str,
    version: Version,
    others: Sequence[Version],
    loaded: Sequence[Model],
    outcome: Outcome,
) -> dict[str, Any]:
    figures = {m.version: _metrics(outcome, m.version, m.threshold) for m in loaded}
    return {
        "run_id": run_id,
        "rows_scored": outcome.rows_scored,
        "rows_rejected": outcome.rows_rejected,
        "rows_labelled": int((~np.isnan(outcome.labels)).sum()),
        "metrics": figures[version.version],
        "version": version.version,
        "algorithm": version.algorithm,
        "also": [
            {"version": v.version, "algorithm": v.algorithm, "metrics": figures[v.version]}
            for v in others
        ],
    }


def _record(
    run: runs.RunLog, summary: Mapping[str, Any], outcome: Outcome, version: Version
) -> None:
    from core.evaluation.curves import roc_points
    from core.evaluation.figures import probability_histogram, roc_figure

    counts = ("rows_scored", "rows_rejected", "rows_labelled")
    run.metrics({name: summary[name] for name in counts})
    run.metrics(summary["metrics"] or {}, prefix="prod_")
    for other in summary["also"]:
        run.metrics(other["metrics"] or {}, prefix=f"prod_v{other['version']}_")
    run.json(dict(summary), "score.json")
    probability = outcome.probability(version.version)
    histogram = probability_histogram(probability, version.threshold, outcome.labels)
    run.figure(histogram, "figures/probability.html")
    y, known = outcome.labelled(version.version)
    if len(np.unique(y)) == 2:
        figure = roc_figure({version.label: roc_points(y, known)}, version.label)
        run.figure(figure, "figures/roc.html")
