"""The log as the rest of the application uses it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import BadInput
from core.inference_log.batch import Batch
from core.inference_log.commit import Commit
from core.inference_log.decode import to_frame
from core.inference_log.layout import (
    Appended,
    Kind,
    LogPaths,
    Position,
    RowSpan,
    check_columns,
    check_kinds,
)
from core.inference_log.reader import (
    has_request,
    holding,
    one_table,
    read_after,
    read_between,
    read_span,
    read_tail,
    union_columns,
)
from core.inference_log.rebuild import load_or_rebuild
from core.inference_log.writer import append_pieces


class InferenceLog:
    """Everything that somebody asked to have predicted, in one append-only CSV.

    ``columns`` are the raw input columns of the model that scores now. A model with others
    begins a new segment: ``path`` is always the current one, older ones are numbered beside it,
    and readers see one table with the union of all columns. ``kinds`` says what input columns
    are; a column without a kind is read as numbers where every value is one, else as text.

    What is read has ``logged_at`` as datetime64[ns, UTC], ``probability`` float64,
    ``prediction`` int8, ``label`` float64 with NaN for unknown, the ids as text. Numeric inputs
    are int64 where all values read are integers (float64 with NaN where some are missing, and
    Int64 where float64 could not hold them), else float64; boolean ones are bool (nullable
    where some are missing); categorical ones text, so that "007" stays "007".

    Appending is safe from any number of threads and processes. Reading takes no lock. Every
    method raises IntegrityError if the files were cut short, edited or removed by others.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        kinds: Mapping[str, Kind] | None = None,
        lock_timeout_seconds: float = 60.0,
    ) -> None:
        self.columns = check_columns(columns)
        self._paths = LogPaths(path)
        self._kinds = check_kinds(kinds or {})
        self._lock_timeout_seconds = lock_timeout_seconds

    @property
    def path(self) -> Path:
        return self._paths.current

    def append(
        self,
        frame: pd.DataFrame,
        *,
        probability: np.ndarray,
        prediction: np.ndarray,
        label: np.ndarray | None = None,
        source: str,
        model_version: str,
        request_id: str | None = None,
        prediction_ids: Sequence[str] | np.ndarray | None = None,
    ) -> Appended:
        """Log scored rows, all or none; when it returns they are on disk.

        Arrays have shape (n,) for the frame's n rows; see ``Batch.append``. Raises SchemaError
        if something does not fit, CourtsideError if the log cannot be locked or written;
        nothing was logged then. ``prediction_ids`` that a caller brings must be new to the log,
        which ``verify`` checks and this does not.
        """
        with self.batch(source=source, model_version=model_version, request_id=request_id) as batch:
            ids = batch.append(frame, probability, prediction, label, prediction_ids)
        if batch.appended is None:
            raise AssertionError("a batch that ended without an error was appended")
        done = batch.appended
        return Appended(done.request_id, ids, done.rows, done.logged_at, done.healed)

    @contextmanager
    def batch(
        self, *, source: str, model_version: str, request_id: str | None = None
    ) -> Iterator[Batch]:
        """Log scored rows in chunks that become visible together when the block ends.

        If the block raises, none does. ``batch.appended`` says afterwards what was done; its
        ``prediction_ids`` is empty, since every ``batch.append`` has returned its own.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        batch = Batch(
            self.path.parent,
            self.columns,
            self._kinds,
            source=source,
            model_version=model_version,
            request_id=request_id,
        )
        try:
            yield batch
            batch.appended = self._commit(batch)
        finally:
            batch.close()

    def _commit(self, batch: Batch) -> Appended:
        none = np.array([], dtype=object)
        if not batch.rows:
            return Appended(batch.request_id, none, 0, None, None)
        done = append_pieces(self._paths, self.columns, batch, self._lock_timeout_seconds)
        return Appended(batch.request_id, none, batch.rows, done.logged_at, done.healed)

    def rows(self) -> int:
        """How many rows are logged, over all segments; reads one small file."""
        return self._state().rows

    def read_from(
        self, position: Position | None = None, max_rows: int | None = None
    ) -> tuple[pd.DataFrame, Position]:
        """Rows after ``position`` (None: all), at most ``max_rows``, and the place after them.

        Reads only those rows, so that a monitor pays for what is new. Raises BadInput if the
        position lies outside the log.
        """
        if max_rows is not None and max_rows < 1:
            raise BadInput(f"max_rows is at least 1; found {max_rows}.")
        commit = self._state()
        tables, place = read_after(self._paths, commit, position, max_rows)
        return self._frame(tables, commit), place

    def end(self) -> Position:
        """The place after the last row: reading from it gives what comes later."""
        segments = self._state().segments
        return Position(segments[-1].number, segments[-1].bytes) if segments else Position(0, 0)

    def holds_request(self, request_id: str, after: Position) -> bool:
        """Whether a row of this request was logged after a place; reads on until the first one.

        Of a log that was replaced since, everything is read.
        """
        commit = self._state()
        try:
            return has_request(self._paths, commit, request_id, after)
        except BadInput:
            return has_request(self._paths, commit, request_id, Position(0, 0))

    def tail(self, rows: int) -> pd.DataFrame:
        """The last ``rows`` rows, oldest first; reads only the end of the file."""
        commit = self._state()
        return self._frame(read_tail(self._paths, commit, rows), commit)

    def read_window(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> pd.DataFrame:
        """Rows with ``since <= logged_at < until``; None leaves that side open.

        Reads only the part of the log that the window touches. Raises BadInput for a time
        without a time zone.
        """
        _check_zones(since, until)
        commit = self._state()
        return self._frame(read_between(self._paths, commit, since, until), commit)

    def stream(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        last_rows: int | None = None,
        span: RowSpan | None = None,
        where: Mapping[str, str] | None = None,
    ) -> Iterator[pd.DataFrame]:
        """As ``read_window``, ``tail`` with ``last_rows``, or the rows of ``span``, in pieces.

        A piece is a few megabytes. Of ``span`` and ``last_rows`` only the rows that there are; of
        all these only those whose own columns, such as ``source``, hold what ``where`` says.
        Rows that are appended meanwhile are left out. A piece has the columns of its own segment:
        an input column that was not logged then is absent, not empty.
        """
        _check_zones(since, until)
        commit = self._state()
        if span is not None:
            tables = read_span(self._paths, commit, span)
        elif last_rows is not None:
            tables = read_tail(self._paths, commit, last_rows)
        else:
            tables = read_between(self._paths, commit, since, until)
        chosen = (holding(table, where or {}) for table in tables)
        return (to_frame(table, self._kinds) for table in chosen if table.num_rows)

    def _state(self) -> Commit:
        return load_or_rebuild(self._paths) or Commit()

    def _frame(self, tables: Iterable[pa.Table], commit: Commit) -> pd.DataFrame:
        return to_frame(one_table(tables, union_columns(commit, self.columns)), self._kinds)


def _check_zones(*moments: datetime | None) -> None:
    for moment in moments:
        if moment is not None and moment.tzinfo is None:
            raise BadInput(f"A window's times need a time zone, such as UTC; found {moment}.")
