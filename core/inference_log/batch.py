"""Rows that wait to be logged together: checked, encoded and spooled, seen by nobody yet."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import CourtsideError, SchemaError
from core.inference_log.encode import encode_rows, input_array
from core.inference_log.ids import numbered
from core.inference_log.layout import SOURCES, Appended, Kind

ROWS_AT_ONCE = 10_000
_MEMORY_BYTES = 8 << 20
# "2026-01-31T09:30:00.000000+00:00"
_STAMP_CHARACTERS = 32


@dataclass(frozen=True)
class Piece:
    """Some encoded rows in the spool."""

    bytes: int
    rows: int


def new_request_id() -> str:
    """Unique, and sorted by time to the millisecond: "r", 12 hex digits of time, 12 of chance."""
    return f"r{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}"


class Batch:
    """Collects chunks of scored rows; made by ``InferenceLog.batch``, not by hand.

    Chunks go to an unnamed temporary file beside the log (small ones stay in memory), which the
    system removes however the process ends. ``on_copied`` is called with the rows copied to the log
    so far, before the next are: what it raises breaks the copy off, and nothing is logged.
    ``appended`` is set when the rows are in the log.
    """

    def __init__(
        self,
        folder: Path,
        columns: Sequence[str],
        kinds: Mapping[str, Kind],
        *,
        source: str,
        model_version: str,
        request_id: str | None,
    ) -> None:
        if source not in SOURCES:
            raise SchemaError(f"A row's source is one of {', '.join(SOURCES)}; found {source!r}.")
        self._columns = tuple(columns)
        self._kinds = kinds
        # Ids hang on a key of the batch, not on request_id: a caller may send that one twice.
        self._key = new_request_id()
        self.request_id = self._key if request_id is None else request_id
        self._origin = (self.request_id, source, str(model_version))
        # The time of logging is known only under the lock; until then a random text, which no
        # value can contain, stands in for it.
        self._stand_in = secrets.token_hex(_STAMP_CHARACTERS // 2)
        self._spool = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - lives until close()
            max_size=_MEMORY_BYTES, dir=str(folder)
        )
        self._pieces: list[Piece] = []
        self._ids_given = 0
        self.rows = 0
        self.on_copied: Callable[[int], None] | None = None
        self.appended: Appended | None = None

    def append(
        self,
        frame: pd.DataFrame | pa.Table,
        probability: np.ndarray,
        prediction: np.ndarray,
        label: np.ndarray | None = None,
        prediction_ids: Sequence[str] | np.ndarray | None = None,
    ) -> np.ndarray:
        """Add scored rows and return their prediction ids, an object array of shape (n,).

        ``frame``, of pandas or Arrow, has n rows and at least the log's input columns;
        ``probability`` (0 to 1), ``prediction`` (0 or 1) and ``label`` (0, 1, or NaN for
        unknown) have shape (n,).
        Raises SchemaError, and adds nothing, if something does not fit.
        """
        ids = self.new_ids(len(frame)) if prediction_ids is None else _given_ids(prediction_ids)
        self.spool(frame, ids, probability, prediction, label)
        return ids.to_numpy(zero_copy_only=False)

    def new_ids(self, rows: int) -> pa.Array:
        """Ids that no other row has, as text: a key of this batch and a running number."""
        first, self._ids_given = self._ids_given, self._ids_given + rows
        return numbered(f"{self._key}-", first, rows)

    def spool(
        self,
        frame: pd.DataFrame | pa.Table,
        ids: pa.Array,
        probability: np.ndarray,
        prediction: np.ndarray,
        label: np.ndarray | None = None,
    ) -> None:
        """``append`` under ids that the caller holds already (see ``new_ids``)."""
        rows = len(frame)
        scores = _checked_scores(rows, probability, prediction, label)
        self._check_columns(frame)
        if len(ids) != rows:
            raise SchemaError(f"Each of {rows:,} rows has a prediction id; found {len(ids):,}.")
        inputs = [input_array(frame[n], self._kinds.get(n), n) for n in self._columns]
        place, pieces = self._spool.tell(), len(self._pieces)
        try:
            for first in range(0, rows, ROWS_AT_ONCE):
                part = slice(first, first + ROWS_AT_ONCE)
                self._spool_rows([c[part] for c in inputs], ids[part], *(s[part] for s in scores))
        except BaseException as exc:
            del self._pieces[pieces:]
            with suppress(OSError):  # a full disk refuses what is still buffered, too
                self._spool.seek(place)
                self._spool.truncate()
            if isinstance(exc, OSError):
                raise CourtsideError(
                    f"The rows could not be held ready for the inference log ({exc.strerror}), so "
                    "nothing was logged. Make room and try again."
                ) from exc
            raise
        self.rows += rows

    def pieces(self, stamp: str) -> Iterator[tuple[bytes, int]]:
        """The encoded rows with their time of logging: bytes and number of rows, in order."""
        if len(stamp) != _STAMP_CHARACTERS:
            raise ValueError(f"a stamp has {_STAMP_CHARACTERS} characters; found {stamp!r}")
        before, after = self._stand_in.encode(), stamp.encode()
        self._spool.seek(0)
        copied = 0
        for piece in self._pieces:
            if self.on_copied is not None:
                self.on_copied(copied)
            copied += piece.rows
            yield self._spool.read(piece.bytes).replace(before, after), piece.rows

    def close(self) -> None:
        """Drop the spooled rows."""
        self._spool.close()

    def _check_columns(self, frame: pd.DataFrame | pa.Table) -> None:
        found = frame.column_names if isinstance(frame, pa.Table) else frame.columns
        missing = [name for name in self._columns if name not in found]
        if missing:
            raise SchemaError(
                f"The inference log needs the model's input columns {', '.join(self._columns)}; "
                f"{', '.join(missing)} not found. Pass the raw rows that were scored."
            )

    def _spool_rows(
        self,
        inputs: Sequence[pa.Array],
        ids: pa.Array,
        probability: np.ndarray,
        prediction: np.ndarray,
        label: np.ndarray,
    ) -> None:
        encoded = encode_rows(
            inputs,
            stamp=self._stand_in,
            prediction_ids=ids,
            origin=self._origin,
            probability=probability,
            prediction=prediction,
            label=label,
        )
        self._spool.write(encoded)
        self._pieces.append(Piece(len(encoded), len(ids)))


def _given_ids(given: Sequence[str] | np.ndarray) -> pa.Array:
    ids = pa.array([str(identifier) for identifier in given], pa.string())
    if pc.count_distinct(ids).as_py() != len(ids):
        raise SchemaError(
            f"Prediction ids are unique; found {len(ids):,}, "
            f"{pc.count_distinct(ids).as_py():,} of them distinct."
        )
    return ids


def _checked_scores(
    rows: int, probability: np.ndarray, prediction: np.ndarray, label: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Float64 probabilities, int8 predictions, float64 labels; raises SchemaError on a misfit."""
    chance = np.asarray(probability, dtype=np.float64)
    decided = np.asarray(prediction, dtype=np.float64)
    known = np.full(rows, np.nan) if label is None else np.asarray(label, dtype=np.float64)
    shapes = {"probability": chance.shape, "prediction": decided.shape, "label": known.shape}
    wrong = {name: shape for name, shape in shapes.items() if shape != (rows,)}
    if wrong:
        raise SchemaError(f"Scores of {rows:,} rows have shape ({rows},); found {wrong}.")
    if not ((chance >= 0) & (chance <= 1)).all():
        raise SchemaError("A probability lies between 0 and 1; found others, or missing ones.")
    if not np.isin(decided, (0, 1)).all():
        raise SchemaError("A prediction is 0 or 1; found other values.")
    if not (np.isnan(known) | np.isin(known, (0, 1))).all():
        raise SchemaError("A label is 0, 1 or missing; found other values.")
    return chance, decided.astype(np.int8), known
