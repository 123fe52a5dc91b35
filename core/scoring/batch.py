"""A file of any size through one or more models: pieces in, predictions out, memory bounded.

The scored file holds the input columns in their order, then ``prediction``, ``probability``,
``prediction_id`` and ``model_version``. Rows that cannot be scored go to a file of their own with
a ``reason``. One thread reads and predicts, one writes the files, one the log's rows.

Nothing is seen of it before its end: files lie under temporary names, rows outside the log. Then
the files are made durable, the rows are committed to the log, and the files take their names. What
is about to happen is written down first (see ``intent``), so that a kill at any moment can be made
good: nothing was done, or all of it will be, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce, read_labels
from core.errors import CourtsideError
from core.scoring import row_ids
from core.scoring.intent import Intent, IntentBook
from core.scoring.job import (
    ADDED,
    REASON,
    REJECTED,
    ROW_IDS,
    Job,
    Outcome,
    ScoredPiece,
    check_columns,
    output_name,
)
from core.scoring.lane import Lane
from core.scoring.predict import Scored, score
from core.scoring.table_writer import TableWriter, writing_at

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from core.inference_log import Batch

Progress = Callable[[int, int], None]


def score_file(
    job: Job,
    book: IntentBook,
    watch: Callable[[ScoredPiece], None] | None = None,
    on_progress: Progress | None = None,
    result_of: Callable[[Outcome], Mapping[str, Any]] | None = None,
    on_copied: Callable[[int], None] | None = None,
) -> Outcome:
    """Score a file with every model and log the first one's predictions, all rows or none.

    The caller holds the request in ``book``, and removes it there when all is told. ``watch`` sees
    every scored piece; ``on_progress`` gets rows done and rows in all, ``on_copied`` rows copied to
    the log. ``result_of`` gives what a later process needs to complete the record. Raises
    DataFileError or SchemaError where the file does not fit, CourtsideError where something
    cannot be written; nothing is left then, unless it says that the rows are logged.
    """
    check_columns(job.table.names, job.shown_as)
    outcome, intent = Outcome(), job.intent()
    book.write(intent)
    try:
        with job.log.batch(
            source=job.origin, model_version=job.models[0].version, request_id=job.request_id
        ) as batch:
            batch.on_copied = on_copied
            _score_pieces(job, intent, batch, outcome, watch, on_progress)
            intent = _ready(job, intent, outcome, result_of)
            book.write(intent)
        outcome.logged = True
    except BaseException:
        with suppress(CourtsideError, OSError):  # what raised is told; the rest is left to a resume
            _wind_up(job, book, intent, outcome)
        raise
    try:
        intent.name_files()
    except OSError as exc:
        name = Path(exc.filename2 or exc.filename or job.outputs[0]).name
        raise CourtsideError(
            f"{outcome.rows_scored:,} rows were scored and logged, but {name} could not be put in "
            f"place ({exc.strerror or exc}). Mend that and ask for the same again: it is finished "
            "then, and nothing is logged twice."
        ) from exc
    return outcome


def _score_pieces(
    job: Job,
    intent: Intent,
    batch: Batch,
    outcome: Outcome,
    watch: Callable[[ScoredPiece], None] | None,
    on_progress: Progress | None,
) -> None:
    """All rows to the files, which are durable then, and to the log's batch."""
    total, plain = job.table.rows, job.table.plain_schema
    with ExitStack() as files:

        def opened(what: str, plain_schema: bool = plain) -> TableWriter:
            target = intent.targets[what]
            return files.enter_context(
                writing_at(target.temporary, plain_schema, target.final.name)
            )

        writers = [opened(output_name(place)) for place in range(len(job.outputs))]
        rejects = opened(REJECTED)
        ids = opened(ROW_IDS, plain_schema=True) if ROW_IDS in intent.targets else None
        with Lane("scored files") as file_lane, Lane("inference log") as log_lane:
            piece = _Pieces(job, batch, writers, rejects, ids, file_lane, log_lane, outcome, watch)
            for table in job.table.pieces(as_places=plain):
                piece.score(table)
                if on_progress is not None:
                    on_progress(outcome.rows, total)
        for writer in (*writers, rejects, *([ids] if ids else [])):
            writer.finish()


def _ready(
    job: Job,
    intent: Intent,
    outcome: Outcome,
    result_of: Callable[[Outcome], Mapping[str, Any]] | None,
) -> Intent:
    targets, unwanted = dict(intent.targets), intent.unwanted
    if not outcome.rows_rejected:
        unwanted = (targets.pop(REJECTED).final,)
    return replace(
        intent,
        targets=targets,
        unwanted=unwanted,
        after=job.log.end(),
        rows=outcome.rows_scored,
        result=result_of(outcome) if result_of is not None else {},
        ready_at=time.time(),
    )


def _wind_up(job: Job, book: IntentBook, intent: Intent, outcome: Outcome) -> None:
    """After an error: nothing stays of what was not logged; what was logged gets its files."""
    if intent.is_committed(job.log):
        outcome.logged = True
        intent.name_files()
        return
    intent.drop_files()
    book.remove(job.request_id)


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
