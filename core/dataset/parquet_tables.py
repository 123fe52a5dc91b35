"""Parquet files as Arrow tables, in pieces whose size in memory is bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset.opening import FileKind, unpacked_copy
from core.errors import DataFileError

if TYPE_CHECKING:
    import pyarrow as pa

_READ_BUFFER_BYTES = 1 << 20
# Where a text column takes fewer bytes a value than this, it is stored as places in a dictionary.
_DICTIONARY_BYTES_PER_VALUE = 5


class ParquetFile:
    """One parquet file; only its footer is read until ``pieces`` is called."""

    def __init__(
        self, path: Path, kind: FileKind, limit_bytes: int, scratch: Path | None = None
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path = path
        packing = kind.packing
        place = unpacked_copy(path, packing, limit_bytes, scratch) if packing else path
        try:
            self._file = pq.ParquetFile(place, buffer_size=_READ_BUFFER_BYTES, pre_buffer=False)
            self._schema = self._file.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as exc:
            raise self._explained(exc) from exc
        self._place = place

    @property
    def names(self) -> list[str]:
        return list(self._schema.names)

    @property
    def schema(self) -> pa.Schema:
        return self._schema.remove_metadata()

    @property
    def is_plain(self) -> bool:
        """Whether the columns' types need no Arrow schema stored beside them."""
        return all(map(_is_plain, self._schema.types))

    @property
    def rows(self) -> int:
        return int(self._file.metadata.num_rows)

    def pieces(self, rows: int, columns: Sequence[str], as_places: bool) -> Iterator[pa.Table]:
        """Tables of at most ``rows`` rows; one without rows if the file has none.

        ``as_places``: text that repeats comes as a dictionary column, five times as fast.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        repeated = self._repeated_text() if as_places else []
        try:
            file = pq.ParquetFile(
                self._place,
                read_dictionary=repeated or None,
                buffer_size=_READ_BUFFER_BYTES,
                pre_buffer=False,
            )
            found = False
            for batch in file.iter_batches(batch_size=rows, columns=list(columns)):
                if batch.num_rows:
                    found = True
                    table = pa.Table.from_batches([batch]).replace_schema_metadata(None)
                    _check_text(table)
                    yield table
            if not found:
                yield self._schema.remove_metadata().empty_table().select(list(columns))
        except (pa.ArrowException, OSError, ValueError) as exc:
            raise self._explained(exc) from exc

    def _repeated_text(self) -> list[str]:
        """Text columns that the file stores as places in a dictionary.

        None where the file has types that only Arrow's own schema can tell: the tables are written
        without it then, or text would come back as categories.
        """
        import pyarrow as pa

        schema, metadata = self._schema, self._file.metadata
        if not metadata.num_row_groups or not self.is_plain:
            return []
        group = metadata.row_group(0)
        sizes = {}
        for place in range(group.num_columns):
            column = group.column(place)
            sizes[column.path_in_schema] = column.total_uncompressed_size / max(
                column.num_values, 1
            )
        return [
            field.name
            for field in schema
            if pa.types.is_string(field.type)
            and sizes.get(field.name, 1e9) < _DICTIONARY_BYTES_PER_VALUE
        ]

    def _explained(self, exc: Exception) -> DataFileError:
        said = str(exc).lower()
        if "encrypt" in said or "decrypt" in said or self._begins(b"PARE"):
            return DataFileError(
                f"{self._path.name} is an encrypted parquet file; Courtside has no key for it. "
                "Export it without encryption."
            )
        found = "a truncated or damaged one" if self._begins(b"PAR1") else "something else"
        return DataFileError(
            f"{self._path.name} should be a parquet file but is {found}; export or copy it again "
            f"({type(exc).__name__})."
        )

    def _begins(self, magic: bytes) -> bool:
        with self._path.open("rb") as stream:
            return stream.read(4) == magic


def _check_text(table: pa.Table) -> None:
    """Raise ArrowInvalid where text is not UTF-8, which would surface only later."""
    import pyarrow as pa

    for column in table.columns:
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            for chunk in column.chunks:
                part = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
                part.validate(full=True)


def _is_plain(kind: Any) -> bool:
    """Types that parquet itself can tell, so that they need no Arrow schema beside them."""
    import pyarrow as pa

    checks = (
        pa.types.is_integer,
        pa.types.is_float32,
        pa.types.is_float64,
        pa.types.is_boolean,
        pa.types.is_string,
        pa.types.is_date32,
        pa.types.is_decimal128,
    )
    return any(check(kind) for check in checks)
