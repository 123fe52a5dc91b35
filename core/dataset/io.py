"""Tables in and out of files: parquet and CSV, with one clear message when a file is not one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset.csv_tables import CsvFile
from core.dataset.opening import NAMES, SUFFIXES, UNPACKED_LIMIT_BYTES, kind_of
from core.dataset.parquet_tables import ParquetFile
from core.dataset.values import decimals_as_floats
from core.errors import DataFileError
from core.files import atomic_path

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "NAMES",
    "SUFFIXES",
    "TableFile",
    "check_file_name",
    "column_names",
    "iter_table",
    "plain_frame",
    "read_table",
    "row_count",
    "write_table",
]

CHUNK_ROWS = 50_000
_PIECE_BYTES = 64 << 20
_TEXT_BYTES = 32


class TableFile:
    """A parquet or CSV file, packed or not, opened once.

    ``text`` names columns of a CSV that hold categories: code 007 stays 007 and NA is a name.
    Parquet says itself what its columns are. Every method raises DataFileError, with one sentence
    that names the file, where it is not the table it should be. ``scratch`` is the folder in
    which a packed parquet file is unpacked.
    """

    def __init__(
        self,
        path: Path,
        text: Collection[str] = (),
        unpacked_limit_bytes: int = UNPACKED_LIMIT_BYTES,
        scratch: Path | None = None,
    ) -> None:
        kind = kind_of(path)
        self.path = path
        self._file: CsvFile | ParquetFile
        if kind.format == "csv":
            self._file = CsvFile(path, kind, unpacked_limit_bytes, text)
        else:
            self._file = ParquetFile(path, kind, unpacked_limit_bytes, scratch)
        self.names = self._file.names
        doubled = [name for name, count in Counter(self.names).items() if count > 1]
        if doubled:
            raise DataFileError(
                f"{path.name} has the column name {', '.join(map(repr, doubled[:5]))} more than "
                "once; give every column a name of its own."
            )

    @property
    def rows(self) -> int:
        """Rows in the file; for parquet from its footer, for CSV by reading it once."""
        return self._file.rows if isinstance(self._file, ParquetFile) else self._file.scan.rows

    @property
    def plain_schema(self) -> bool:
        """Whether the columns' types need no Arrow schema stored beside them."""
        return isinstance(self._file, CsvFile) or self._file.is_plain

    def head(self, rows: int) -> pa.Table:
        """The first rows, without reading the whole file."""
        if isinstance(self._file, CsvFile):
            return self._file.head(rows)
        return next(self._file.pieces(rows, self.names, as_places=False)).slice(0, rows)

    def pieces(
        self, rows: int = CHUNK_ROWS, columns: Sequence[str] | None = None, as_places: bool = False
    ) -> Iterator[pa.Table]:
        """The file in order, in tables of at most ``rows`` rows; at least one, maybe empty.

        Wide files come in fewer rows at once: about 64 MB. ``as_places``: text that a parquet file
        stores as places in a dictionary may stay so.
        """
        wanted = [name for name in self.names if columns is None or name in columns]
        if isinstance(self._file, CsvFile):
            for table in self._file.pieces(_rows_at_once(rows, len(self.names) * _TEXT_BYTES)):
                yield table.select(wanted)
            return
        width = sum(_bytes_of(self._file.schema.field(name).type) for name in wanted)
        yield from self._file.pieces(_rows_at_once(rows, width), wanted, as_places)


def _rows_at_once(rows: int, bytes_per_row: int) -> int:
    return max(1, min(rows, _PIECE_BYTES // max(bytes_per_row, 1)))


def _bytes_of(kind: Any) -> int:
    try:
        return max(int(kind.bit_width) // 8, 1)
    except ValueError:  # of no fixed width
        return _TEXT_BYTES


def check_file_name(name: str) -> str:
    """Return a bare name ending in .parquet or .csv, maybe packed; DataFileError on others."""
    if "/" in name or "\\" in name or "\x00" in name or name.startswith("."):
        raise DataFileError(
            f"A file name must not contain folders; found {name[:120]!r}. Rename it, e.g. "
            "to data.parquet, and try again."
        )
    if not name.lower().endswith(NAMES):
        raise DataFileError(
            f"Expected a .parquet or .csv file (also with .gz or .zst); found {name[:120]!r}."
        )
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def column_names(path: Path) -> list[str]:
    """The names in the file's schema or header; raises DataFileError."""
    return TableFile(path).names


def row_count(path: Path) -> int:
    """Rows in the file; for parquet from its footer, for CSV by reading it in pieces."""
    return TableFile(path).rows


def read_table(
    path: Path, columns: Sequence[str] | None = None, text: Collection[str] = ()
) -> pd.DataFrame:
    """The whole file as a table; ``columns`` limits it to those present of these.

    Raises DataFileError if the file is absent, not parquet or CSV, truncated, without rows, or
    without any of ``columns``.
    """
    import pandas as pd

    frames = list(iter_table(path, columns, text=text))
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    if columns is not None and not len(frame.columns):
        raise DataFileError(f"{path.name} has none of the columns {', '.join(columns)}.")
    if frame.empty:
        raise DataFileError(
            f"{path.name} has {len(frame.columns)} columns but no rows; choose a file with data."
        )
    return frame


def iter_table(
    path: Path,
    columns: Sequence[str] | None = None,
    rows: int = CHUNK_ROWS,
    text: Collection[str] = (),
) -> Iterator[pd.DataFrame]:
    """The file in pieces as pandas tables; see ``TableFile.pieces``."""
    for table in TableFile(path, text).pieces(rows, columns):
        yield plain_frame(table)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write parquet or CSV by the suffix, atomically."""
    with atomic_path(path) as temporary:
        if path.suffix == ".csv":
            frame.to_csv(temporary, index=False, lineterminator="\n")
        else:
            frame.to_parquet(temporary, index=False)


def plain_frame(table: pa.Table) -> pd.DataFrame:
    """Arrow to pandas with decimals as floats and dictionaries as their values."""
    import pyarrow as pa

    for index, column in enumerate(table.schema):
        kind = column.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
            table = table.set_column(index, column.name, table.column(index).cast(kind))
        if pa.types.is_decimal(kind):
            floats = decimals_as_floats(table.column(index))
            table = table.set_column(index, column.name, floats)
    return table.replace_schema_metadata(None).to_pandas()
