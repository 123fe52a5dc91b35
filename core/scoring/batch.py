"""A file of any size through one or more models: pieces in, predictions out, memory bounded.

The scored file holds the input columns in their order, then ``prediction``, ``probability``,
``prediction_id`` and ``model_version``. Rows that cannot be scored go to a file of their own with
a ``reason``. Files appear under their names, and rows in the inference log, only when everything
has been scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import io
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce, read_labels
from core.errors import SchemaError
from core.files import atomic_path
from core.scoring.predict import Scored, score

if TYPE_CHECKING:
    import pandas as pd

    from core.inference_log import Batch

ADDED = ("prediction", "probability", "prediction_id", "model_version")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Model:
    """A loaded pipeline with what is needed to use and to name it."""

    version: str
    algorithm: str
    pipeline: Any
    threshold: float


@dataclass
class Outcome:
    """What scoring gave, over all pieces: labels (nan unknown) and probabilities, shape (n,)."""

    rows_scored: int = 0
    rows_rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    _labels: list[np.ndarray] = field(default_factory=list)
    _probabilities: dict[str, list[np.ndarray]] = field(default_factory=dict)

    @property
    def labels(self) -> np.ndarray:
        return _joined(self._labels)

    def probability(self, version: str) -> np.ndarray:
        """Probabilities that a version gave, in the order of the scored rows."""
        return _joined(self._probabilities.get(version, []))

    def labelled(self, version: str) -> tuple[np.ndarray, np.ndarray]:
        """Labels and probabilities of the rows whose label is known."""
        labels = self.labels
        known = ~np.isnan(labels)
        return labels[known].astype(np.int8), self.probability(version)[known]

    def add(self, labels: np.ndarray, scored: dict[str, Scored], reasons: np.ndarray) -> None:
        self.rows_scored += len(labels)
        self.rows_rejected += len(reasons)
        self._labels.append(labels)
        for version, one in scored.items():
            self._probabilities.setdefault(version, []).append(one.probability)
        for reason in reasons:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1


def score_file(
    source: Path,
    spec: ProjectSpec,
    models: Sequence[Model],
    outputs: Sequence[Path],
    rejected: Path,
    batch: Batch,
    shown_as: str | None = None,
    on_progress: Progress | None = None,
) -> Outcome:
    """Score ``source`` with every model; the first one's predictions go into ``batch`` (the log).

    ``outputs``: one path per model, .parquet or .csv. ``rejected`` is left only if such rows exist.
    Raises DataFileError or SchemaError before anything is written under a final name.
    """
    what = shown_as or source.name
    check_columns(source, what)
    total = io.row_count(source)
    outcome = Outcome()
    with ExitStack() as stack:
        writers = [stack.enter_context(_writer(path)) for path in outputs]
        rejects = stack.enter_context(_writer(rejected))
        for frame in io.iter_table(source, text=spec.categories):
            _score_piece(frame, spec, models, writers, rejects, batch, outcome, what)
            if on_progress is not None:
                on_progress(outcome.rows_scored + outcome.rows_rejected, total)
    if not outcome.rows_rejected:
        rejected.unlink(missing_ok=True)
    return outcome


def check_columns(source: Path, what: str) -> None:
    """Raise SchemaError if the file already has columns that scoring adds."""
    taken = [name for name in (*ADDED, "reason") if name in io.column_names(source)]
    if taken:
        raise SchemaError(
            f"{what} already has the column(s) {', '.join(taken)}, which scoring adds; "
            "remove or rename them and try again."
        )


def _score_piece(
    frame: pd.DataFrame,
    spec: ProjectSpec,
    models: Sequence[Model],
    writers: Sequence[TableWriter],
    rejects: TableWriter,
    batch: Batch,
    outcome: Outcome,
    what: str,
) -> None:
    coerced = coerce(frame, spec, what)
    usable = coerced.usable
    labels = _labels(frame, spec, what)[usable]
    values = coerced.values[usable]
    kept = frame[usable]
    scored = {m.version: score(m.pipeline, values, m.threshold) for m in models}
    first = scored[models[0].version]
    ids = batch.append(values, first.probability, first.prediction, labels)
    for model, writer in zip(models, writers, strict=True):
        one = scored[model.version]
        writer.write(
            kept.assign(
                prediction=one.prediction,
                probability=one.probability,
                prediction_id=np.asarray(ids, dtype=object),
                model_version=model.version,
            )
        )
    reasons = coerced.reasons[~usable]
    if len(reasons):
        rejects.write(frame[~usable].assign(reason=reasons))
    outcome.add(labels, scored, reasons)


def _labels(frame: pd.DataFrame, spec: ProjectSpec, what: str) -> np.ndarray:
    if spec.target.column not in frame.columns:
        return np.full(len(frame), np.nan)
    return read_labels(frame[spec.target.column], spec, what)


class TableWriter:
    """Writes pieces of a table to one parquet or CSV file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parquet: Any = None
        self.used = False

    def write(self, frame: pd.DataFrame) -> None:
        """Append a piece; SchemaError if a column changes its type between pieces."""
        if self._path.suffix == ".csv":
            frame.to_csv(
                self._path,
                mode="a",
                header=not self.used,
                index=False,
                lineterminator="\n",
            )
        else:
            self._write_parquet(frame)
        self.used = True

    def _write_parquet(self, frame: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            if self._parquet is None:
                table = pa.Table.from_pandas(frame, preserve_index=False)
                table = table.cast(_without_null_types(table.schema)).replace_schema_metadata(None)
                self._parquet = pq.ParquetWriter(self._path, table.schema)
            else:
                table = pa.Table.from_pandas(
                    frame, schema=self._parquet.schema, preserve_index=False, safe=False
                ).replace_schema_metadata(None)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as exc:
            raise SchemaError(
                f"A column of the file mixes types ({str(exc)[:160]}); give every column one type."
            ) from exc
        self._parquet.write_table(table)

    def close(self) -> None:
        if self._parquet is not None:
            self._parquet.close()


def _without_null_types(schema: Any) -> Any:
    """A column that is empty in the first piece may hold text in the next."""
    import pyarrow as pa

    return pa.schema(
        [pa.field(f.name, pa.string() if pa.types.is_null(f.type) else f.type) for f in schema]
    )


@contextmanager
def _writer(path: Path) -> Iterator[TableWriter]:
    """A TableWriter whose file appears under its name only if the block succeeds."""
    with atomic_path(path) as temporary:
        table = TableWriter(temporary)
        try:
            yield table
        finally:
            table.close()


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0)
