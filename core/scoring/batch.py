"""A file of any size through one or more models: pieces in, predictions out, memory bounded.

The scored file holds the input columns in their order, then ``prediction``, ``probability``,
``prediction_id`` and ``model_version``. Rows that cannot be scored go to a file of their own with
a ``reason``. One thread reads and predicts, one writes the files, one the log's rows.

Nothing is seen of it before its end: files lie under temporary names, rows outside the log. Then
the files are made durable, the rows are committed to the log, and the files take their names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.io import TableFile
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce, read_labels
from core.errors import CourtsideError, SchemaError
from core.scoring import row_ids
from core.scoring.lane import Lane
from core.scoring.predict import Scored, score
from core.scoring.table_writer import TableWriter, writing

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from core.inference_log import Batch

ADDED = ("prediction", "probability", "prediction_id", "model_version")
REASON = "reason"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Model:
    """A loaded pipeline with what is needed to use and to name it."""

    version: str
    algorithm: str
    pipeline: Any
    threshold: float


@dataclass(frozen=True)
class Job:
    """What to score, with what, and where to.

    ``outputs``: one path per model, .parquet or .csv; ``rejected`` is left only if such rows
    exist. ``renames``: a column of the file to the model column that it is. ``open_log`` begins the
    log's batch, which takes the first model's predictions. ``shown_as`` names the file in messages.
    ``row_ids``: where the project's own row ids are kept beside the prediction ids, if it has any.
    """

    table: TableFile
    spec: ProjectSpec
    models: Sequence[Model]
    outputs: Sequence[Path]
    rejected: Path
    open_log: Callable[[], AbstractContextManager[Batch]]
    shown_as: str
    renames: Mapping[str, str] = field(default_factory=dict)
    row_ids: Path | None = None

    @property
    def identify(self) -> str | None:
        """The column of row ids, if they are to be kept and the file has it."""
        name = self.spec.identify
        return name if self.row_ids is not None and name in self.table.names else None


@dataclass(frozen=True)
class ScoredPiece:
    """Some rows that were scored: model columns, labels (nan unknown), and scores by version."""

    values: pd.DataFrame
    labels: np.ndarray
    scored: Mapping[str, Scored]


@dataclass
class Outcome:
    """How many rows were scored, labelled, rejected, and why; reasons by row add up.

    ``logged``: those scored are in the inference log.
    """

    rows_scored: int = 0
    rows_labelled: int = 0
    rows_rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    logged: bool = False

    @property
    def rows(self) -> int:
        return self.rows_scored + self.rows_rejected


def score_file(
    job: Job,
    watch: Callable[[ScoredPiece], None] | None = None,
    on_progress: Progress | None = None,
) -> Outcome:
    """Score a file with every model and log the first one's predictions, all rows or none.

    ``watch`` sees every scored piece; ``on_progress`` gets rows done and rows in all. Raises
    DataFileError or SchemaError where the file does not fit, CourtsideError where something
    cannot be written; nothing is left then, unless it says that the rows are logged.
    """
    check_columns(job.table.names, job.shown_as)
    total, outcome = job.table.rows, Outcome()
    plain = job.table.plain_schema
    with _told_if_logged(outcome), ExitStack() as files:
        writers = [files.enter_context(writing(path, plain)) for path in job.outputs]
        rejects = files.enter_context(writing(job.rejected, plain))
        ids = None
        if job.row_ids is not None and job.identify is not None:
            ids = files.enter_context(writing(job.row_ids, plain_schema=True))
        with job.open_log() as batch:
            with Lane("scored files") as file_lane, Lane("inference log") as log_lane:
                piece = _Pieces(
                    job, batch, writers, rejects, ids, file_lane, log_lane, outcome, watch
                )
                for table in job.table.pieces(as_places=plain):
                    piece.score(table)
                    if on_progress is not None:
                        on_progress(outcome.rows, total)
            for writer in (*writers, rejects, *([ids] if ids else [])):
                writer.finish()
        outcome.logged = True
    if not outcome.rows_rejected:
        job.rejected.unlink(missing_ok=True)
    return outcome


@contextmanager
def _told_if_logged(outcome: Outcome) -> Iterator[None]:
    """Say of files that could not take their names that it was only that: the rows are logged."""
    try:
        yield
    except CourtsideError as exc:
        if not outcome.logged:
            raise
        raise CourtsideError(
            f"{outcome.rows_scored:,} rows were scored and logged; do not repeat it. Only their "
            f"files are not all in place: {exc}"
        ) from exc


def check_columns(names: Sequence[str], what: str) -> None:
    """Raise SchemaError if the file already has columns that scoring adds."""
    taken = [name for name in (*ADDED, REASON) if name in names]
    if taken:
        raise SchemaError(
            f"{what} already has the column(s) {', '.join(taken)}, which scoring adds; "
            "remove or rename them and try again."
        )


@dataclass
class _Pieces:
    """What the pieces of one file share on their way."""

    job: Job
    batch: Batch
    writers: Sequence[TableWriter]
    rejects: TableWriter
    ids: TableWriter | None
    file_lane: Lane
    log_lane: Lane
    outcome: Outcome
    watch: Callable[[ScoredPiece], None] | None

    def score(self, table: pa.Table) -> None:
        """One piece: read, predict, and hand over to the lanes."""
        job, first = self.job, self.outcome.rows == 0
        known = table.rename_columns([job.renames.get(n, n) for n in table.column_names])
        coerced = coerce(known, job.spec, job.shown_as, first)
        usable, labels, values = coerced.usable, _labels(known, job), coerced.values
        if not usable.all():
            self._reject(table, coerced.reasons, usable)
            kept = _mask(usable)
            table, known = table.filter(kept), known.filter(kept)
            labels, values = labels[usable], values[usable]
        if not len(values) and not first:
            return
        scored = {m.version: score(m.pipeline, values, m.threshold) for m in job.models}
        self._hand_over(table, _log_columns(known, values, job.spec), labels, scored)
        self.outcome.rows_scored += len(values)
        self.outcome.rows_labelled += int((~np.isnan(labels)).sum())
        if self.watch is not None:
            self.watch(ScoredPiece(values, labels, scored))

    def _hand_over(
        self, table: pa.Table, inputs: pa.Table, labels: np.ndarray, scored: Mapping[str, Scored]
    ) -> None:
        ids, one = self.batch.new_ids(len(labels)), scored[self.job.models[0].version]

        def to_files() -> None:
            for model, writer in zip(self.job.models, self.writers, strict=True):
                writer.write(_with_scores(table, scored[model.version], ids, model.version))
            if self.ids is not None and self.job.identify is not None:
                self.ids.write(row_ids.pairs(table[self.job.identify], ids))

        self.log_lane.put(
            lambda: self.batch.spool(inputs, ids, one.probability, one.prediction, labels)
        )
        self.file_lane.put(to_files)

    def _reject(self, table: pa.Table, reasons: np.ndarray, usable: np.ndarray) -> None:
        import pyarrow as pa

        why = reasons[~usable]
        self.outcome.rows_rejected += len(why)
        self.outcome.reasons.update(why.tolist())
        left = table.filter(_mask(~usable)).append_column(REASON, pa.array(why, pa.string()))
        self.file_lane.put(lambda: self.rejects.write(left))


def _mask(rows: np.ndarray) -> pa.Array:
    import pyarrow as pa

    return pa.array(rows)


def _labels(table: pa.Table, job: Job) -> np.ndarray:
    if job.spec.target.column not in table.column_names:
        return np.full(len(table), np.nan)
    return read_labels(table[job.spec.target.column], job.spec, job.shown_as)


def _log_columns(table: pa.Table, values: pd.DataFrame, spec: ProjectSpec) -> pa.Table:
    """The model's columns for the log: whole numbers as the file has them, the rest as read."""
    import pyarrow as pa

    def logged(name: str, kind: str) -> Any:
        if kind == "numeric" and pa.types.is_integer(table.schema.field(name).type):
            return table[name]
        return pa.array(values[name], from_pandas=True)

    return pa.table({c.name: logged(c.name, c.kind) for c in spec.columns})


def _with_scores(table: pa.Table, scored: Scored, ids: pa.Array, version: str) -> pa.Table:
    import pyarrow as pa

    columns = (scored.prediction, scored.probability, ids, pa.repeat(version, len(ids)))
    for name, column in zip(ADDED, columns, strict=True):
        table = table.append_column(name, pa.array(column))
    return table
