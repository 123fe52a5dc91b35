"""Data preparation: look at the raw file, prepare it, leave the layers and the log behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import charts
from core.dataset import figures, io
from core.dataset import spec as specs
from core.dataset.prepare import Prepared, prepare
from core.dataset.spec import ProjectSpec
from core.dataset.summary import TableSummary, summarise
from core.dataset.validate import Coerced, coerce, read_labels
from core.errors import NotReady
from core.files import file_lock, read_json, sha256_of, write_json
from core.settings import Settings
from core.tracking import runs

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

MANIFEST = "preparation.json"


@dataclass(frozen=True)
class RawData:
    """A raw file as read: the rows, what they hold, and the model's columns in their types."""

    frame: pd.DataFrame
    labels: np.ndarray
    coerced: Coerced
    summary: TableSummary


def look(settings: Settings, spec: ProjectSpec, role: str = "dev") -> RawData:
    """Read a raw file and count what is in it; NotReady if it is absent."""
    path = _raw_path(settings, spec, role)
    frame = io.read_table(path, text=spec.categories)
    labels = (
        read_labels(frame[spec.target.column], spec, path.name)
        if spec.target.column in frame.columns
        else np.full(len(frame), np.nan)
    )
    return RawData(frame, labels, coerce(frame, spec, path.name), summarise(frame, spec, labels))


def run(
    settings: Settings,
    project: str,
    test_size: float | None = None,
    split_seed: int | None = None,
) -> dict[str, Any]:
    """Prepare the project's development file; returns the contract's JSON.

    The layers are replaced only once everything has been computed.
    """
    spec = specs.load(settings.spec_file(project))
    path = _raw_path(settings, spec, "dev")
    raw = look(settings, spec)
    prepared = prepare(raw.frame, spec, test_size, split_seed)
    parameters = {
        "test_size": spec.test_size if test_size is None else test_size,
        "split_seed": spec.split_seed if split_seed is None else split_seed,
        "stratify": spec.stratify,
        "drop_duplicates": spec.drop_duplicates,
        "drop_missing": ",".join(spec.drop_missing),
        "source": path.name,
        "source_sha256": sha256_of(path),
        "spec_digest": spec.data_digest,
    }
    with runs.action(settings, project, "prepare", params=parameters) as run_log:
        counts = {**_counts(prepared, spec), **_production_counts(settings, spec)}
        run_log.metrics({name: float(v) for name, v in counts.items() if v is not None})
        result = {"run_id": run_log.run_id, **counts}
        manifest = settings.layer(project, "05_model_input") / MANIFEST
        # Two preparations at once must not mix their tables, nor a training read half of one.
        with file_lock(settings.layers_lock(project), timeout_seconds=300):
            written = _write_layers(settings, spec, prepared)
            write_json(manifest, {**result, **parameters, "prepared_at": _now()})
        _save_figures(settings, spec, raw, run_log)
        for file in [*written, manifest, settings.spec_file(project)]:
            run_log.file(file, file.parent.name if file.parent.name[:2].isdigit() else None)
    return result


def last(settings: Settings, project: str) -> dict[str, Any] | None:
    """The manifest of the last preparation, or None."""
    path = settings.layer(project, "05_model_input") / MANIFEST
    return dict(read_json(path)) if path.is_file() else None


def spec_text(settings: Settings, project: str) -> str:
    """The project's specification as it stands in its file."""
    return settings.spec_file(project).read_text(encoding="utf-8")


def distribution_figures(raw: RawData, spec: ProjectSpec) -> dict[str, Figure]:
    """One chart per input column, by outcome."""
    return {
        column.name: figures.distribution_figure(raw.coerced.values, raw.labels, column, spec)
        for column in spec.columns
    }


def balance_figure(raw: RawData, spec: ProjectSpec) -> Figure:
    """The classes of a raw file."""
    summary = raw.summary
    return figures.class_balance_figure(summary.positives, summary.labelled, summary.rows, spec)


def court_figure(raw: RawData, spec: ProjectSpec) -> Figure | None:
    """The shots on a court, or None where the project has none."""
    if spec.court is None:
        return None
    x, y = figures.court_positions(raw.coerced.values, spec.court)
    return figures.court_figure(x, y, raw.labels, spec)


def _raw_path(settings: Settings, spec: ProjectSpec, role: str) -> Path:
    name = spec.dev_file if role == "dev" else spec.prod_file
    path = settings.layer(spec.name, "01_raw") / name
    if not path.is_file():
        raise NotReady(
            f"{spec.title} has no {'development' if role == 'dev' else 'production'} file yet; "
            f"upload one, or put it at {path.relative_to(settings.home)}."
        )
    return path


def _counts(prepared: Prepared, spec: ProjectSpec) -> dict[str, Any]:
    target = spec.target.column
    return {
        "rows_raw": prepared.rows_raw,
        "rows_duplicated": prepared.rows_duplicated,
        "rows_unlabelled": prepared.rows_unlabelled,
        "rows_incomplete": prepared.rows_incomplete,
        "rows_prepared": len(prepared.features),
        "columns_prepared": len(prepared.features.columns),
        "train_rows": len(prepared.train),
        "test_rows": len(prepared.test),
        "positive_rate_train": float(prepared.train[target].mean()),
        "positive_rate_test": float(prepared.test[target].mean()),
    }


def _production_counts(settings: Settings, spec: ProjectSpec) -> dict[str, Any]:
    """Rows of the production file, if it is there: only counted, never learnt from."""
    path = settings.layer(spec.name, "01_raw") / spec.prod_file
    if not path.is_file():
        return {}
    frame = io.read_table(path, [spec.target.column, spec.raw_columns[0]])
    labelled: int | None = None
    rate: float | None = None
    if spec.target.column in frame.columns:
        labels = read_labels(frame[spec.target.column], spec, path.name)
        labelled = int((~np.isnan(labels)).sum())
        rate = float(np.nanmean(labels)) if labelled else None
    return {
        "prod_rows_raw": len(frame),
        "prod_rows_labelled": labelled,
        "positive_rate_prod": rate,
    }


def _write_layers(settings: Settings, spec: ProjectSpec, prepared: Prepared) -> list[Path]:
    tables = {
        ("03_primary", "data_filtered"): prepared.primary,
        ("04_feature", "features"): prepared.features,
        ("05_model_input", "base_train"): prepared.train,
        ("05_model_input", "base_test"): prepared.test,
    }
    written = []
    for (layer, name), table in tables.items():
        for suffix in io.SUFFIXES:
            path = settings.layer(spec.name, layer) / f"{name}{suffix}"
            io.write_table(table, path)
            written.append(path)
    return written


def _save_figures(
    settings: Settings, spec: ProjectSpec, raw: RawData, run_log: runs.RunLog
) -> None:
    drawn = {f"distribution_{n}": f for n, f in distribution_figures(raw, spec).items()}
    drawn["class_balance"] = balance_figure(raw, spec)
    court = court_figure(raw, spec)
    if court is not None:
        drawn["court"] = court
    folder = settings.layer(spec.name, "08_reporting")
    for name, figure in drawn.items():
        safe = "".join(ch if ch.isalnum() or ch in "-_" else "_" for ch in name)
        charts.save(figure, folder / f"{safe}.html")
        run_log.figure(figure, f"figures/{safe}.html")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
