"""Pieces of a table into one parquet or CSV file, which appears only when it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import CourtsideError, SchemaError
from core.files import atomic_path

if TYPE_CHECKING:
    import pyarrow as pa

# Every value another: a dictionary of them would only cost time.
_ALL_DIFFERENT = ("prediction_id", "probability", "row_id")
# Nobody can be stopped while the system syncs: what is left for the last time is so much at most.
_SYNC_BYTES = 32 << 20
_UNWRITTEN = (
    "could not be written ({why}), so nothing was kept. Make room, or mend the folder's "
    "permissions, and try again."
)
UNNAMED = "could not be put in place ({why})."


class TableWriter:
    """Writes Arrow tables of one schema to a file; parquet, or CSV by the name's end.

    ``plain_schema``: the parquet file says nothing of Arrow's own types, so that text that was read
    as places in a dictionary is text again for whoever reads the file.
    """

    def __init__(self, path: Path, plain_schema: bool, shown_as: str) -> None:
        self._path = path
        self._shown_as = shown_as
        self._plain_schema = plain_schema
        self._parquet: Any = None
        self._csv: Any = None
        self._synced = 0

    def write(self, table: pa.Table) -> None:
        """Append a piece; SchemaError if a column changes its type between pieces."""
        with explained(self._shown_as):
            if self._path.suffix == ".csv":
                self._write_csv(table)
            else:
                self._write_parquet(table)
            size = self._path.stat().st_size
            if size - self._synced >= _SYNC_BYTES:
                self._sync()
                self._synced = size

    def finish(self) -> None:
        """Write what is left and have it on disk, so that only the name is missing."""
        with explained(self._shown_as):
            self.close()
            if self._path.exists():  # no piece, no file
                self._sync()

    def _sync(self) -> None:
        with self._path.open("rb") as written:
            os.fsync(written.fileno())

    def close(self) -> None:
        """Close the file; nothing happens where it was closed, or nothing was written."""
        for stream in (self._parquet, self._csv):
            if stream is not None:
                stream.close()
        self._parquet = self._csv = None

    def _write_csv(self, table: pa.Table) -> None:
        from core.inference_log.encode import csv_lines, input_array
        from core.inference_log.layout import names_line

        if self._csv is None:
            self._csv = self._path.open("wb")
            self._csv.write(names_line(table.column_names))
        self._csv.write(
            csv_lines([input_array(_text(table[n]), None, n) for n in table.column_names])
        )

    def _write_parquet(self, table: pa.Table) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._parquet is None:
            schema = _without_null_types(table.schema)
            self._parquet = pq.ParquetWriter(
                self._path,
                schema,
                use_dictionary=[n for n in schema.names if n not in _ALL_DIFFERENT],
                store_schema=not self._plain_schema,
            )
        try:
            self._parquet.write_table(table.cast(self._parquet.schema))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError) as exc:
            raise SchemaError(
                f"A column of the file mixes types ({str(exc)[:160]}); give every column one type."
            ) from exc


def _without_null_types(schema: pa.Schema) -> pa.Schema:
    """A column that is empty in the first piece may hold text in the next."""
    import pyarrow as pa

    return pa.schema(
        [pa.field(f.name, pa.string() if pa.types.is_null(f.type) else f.type) for f in schema]
    )


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Lists, mappings and bytes as their spelling: a CSV cell has no other way to hold them."""
    import pyarrow as pa

    if not (pa.types.is_nested(column.type) or pa.types.is_binary(column.type)):
        return column
    spelled = [None if v is None else str(v) for v in column.to_pylist()]
    return pa.chunked_array([pa.array(spelled, pa.string())])


@contextmanager
def writing(path: Path, plain_schema: bool) -> Iterator[TableWriter]:
    """A TableWriter whose file appears under its name only if the block succeeds.

    Raises CourtsideError where the file cannot be written (a full disk); nothing is left then.
    """
    with ExitStack() as file:
        with explained(path.name):
            temporary = file.enter_context(atomic_path(path))
        with writing_at(temporary, plain_schema, path.name) as table:
            yield table
        with explained(path.name, UNNAMED):
            file.close()


@contextmanager
def writing_at(path: Path, plain_schema: bool, shown_as: str) -> Iterator[TableWriter]:
    """A TableWriter of this very file, which is closed however the block ends, and left there."""
    with explained(shown_as):
        path.parent.mkdir(parents=True, exist_ok=True)
    table = TableWriter(path, plain_schema, shown_as)
    try:
        yield table
    except BaseException:
        with suppress(OSError):  # a full disk refuses what is still buffered, too
            table.close()
        raise
    with explained(shown_as):
        table.close()


@contextmanager
def explained(name: str, said: str = _UNWRITTEN) -> Iterator[None]:
    """A full disk, or a folder that may not be written, in words that name the file."""
    try:
        yield
    except OSError as exc:
        raise CourtsideError(f"{name} {said.format(why=exc.strerror or exc)}") from exc
