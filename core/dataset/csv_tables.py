"""CSV files as Arrow tables: separator and decimal mark found, every column of one type throughout.

The file is read twice. The first time counts the rows and finds the narrowest type that every
value of a column has; the second reads with those types, piece by piece.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.dataset.csv_types import MISSING_WORDS, arrow_type, cast, narrowest
from core.dataset.opening import FileKind, Unpacked
from core.errors import DataFileError

if TYPE_CHECKING:
    import pyarrow as pa

_SEPARATORS = ",;\t|"
_HEADER_BYTES = 1 << 20
_BLOCK_BYTES = 8 << 20
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+")


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written, and the names in its header."""

    names: list[str]
    separator: str
    decimal: str


@dataclass(frozen=True)
class Scan:
    """What the first reading found: rows, and a type's name for each column.

    ``ragged``: rows have fewer fields than the header, which only the slower reader takes.
    """

    rows: int
    types: dict[str, str]
    ragged: bool


class CsvFile:
    """One CSV file; ``text`` names columns that hold categories, read as they stand."""

    def __init__(
        self, path: Path, kind: FileKind, limit_bytes: int, text: Collection[str] = ()
    ) -> None:
        self._path = path
        self._kind = kind
        self._limit = limit_bytes
        self._text = frozenset(text)
        self._scan: Scan | None = None
        self._dialect = _dialect(path, self._first_text())

    @property
    def names(self) -> list[str]:
        return self._dialect.names

    @property
    def scan(self) -> Scan:
        """Rows and types, from reading the file once."""
        if self._scan is None:
            try:
                self._scan = self._scanned(self._arrow_pieces(None), ragged=False)
            except _RaggedError:
                self._scan = self._scanned(self._tolerant_pieces(), ragged=True)
        return self._scan

    def head(self, rows: int) -> pa.Table:
        """The first ``rows`` rows, typed by what stands in them; reads no further."""
        try:
            first = next(self._arrow_pieces(None), None)
        except _RaggedError:
            first = next(self._tolerant_pieces(), None)
        if first is None:
            return self._typed(self._empty(), dict.fromkeys(self.names, "string"))
        part = first.slice(0, rows)
        return self._typed(part, self._narrowed(part, dict.fromkeys(self.names, "int64")))

    def pieces(self, rows: int) -> Iterator[pa.Table]:
        """Tables of at most ``rows`` rows; one without rows if the file has none."""
        import pyarrow as pa

        scan = self.scan
        if not scan.rows:
            yield self._typed(self._empty(), scan.types)
            return
        waiting: list[pa.Table] = []
        for table in self._checked(scan):
            waiting.append(self._typed(table, scan.types))
            whole = pa.concat_tables(waiting) if len(waiting) > 1 else waiting[0]
            first = 0
            while whole.num_rows - first >= rows:
                yield whole.slice(first, rows)
                first += rows
            waiting = [whole.slice(first)] if first < whole.num_rows else []
        if waiting:
            yield pa.concat_tables(waiting)

    def _checked(self, scan: Scan) -> Iterator[pa.Table]:
        try:
            yield from (self._tolerant_pieces() if scan.ragged else self._arrow_pieces(scan.types))
        except _RaggedError as exc:
            raise DataFileError(
                f"{self._path.name} changed while it was read ({str(exc)[:120]}); try again."
            ) from exc

    def _first_text(self) -> str:
        with self._opened() as stream:
            start = stream.read(_HEADER_BYTES)
        try:
            return start.decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            if exc.start >= len(start) - 3 and len(start) == _HEADER_BYTES:
                return start[: exc.start].decode("utf-8-sig")  # a character cut in two
            raise _not_utf8(self._path.name, exc) from exc

    def _opened(self) -> Unpacked:
        return Unpacked(self._path, self._kind.packing, self._limit)

    def _empty(self) -> pa.Table:
        import pyarrow as pa

        return pa.table({name: pa.array([], pa.string()) for name in self.names})

    def _scanned(self, tables: Iterator[pa.Table], ragged: bool) -> Scan:
        rows, types = 0, dict.fromkeys(self.names, "int64")
        for table in tables:
            rows += table.num_rows
            types = self._narrowed(table, types)
        return Scan(rows, types, ragged)

    def _narrowed(self, table: pa.Table, types: dict[str, str]) -> dict[str, str]:
        return {
            name: "string"
            if name in self._text
            else narrowest(table[name], types[name], self._dialect.decimal)
            for name in self.names
        }

    def _arrow_pieces(self, types: dict[str, str] | None) -> Iterator[pa.Table]:
        """Pieces by Arrow's reader, as text where ``types`` are not known yet."""
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        wanted = types or dict.fromkeys(self.names, "string")
        with self._opened() as stream:
            try:
                reader = arrow_csv.open_csv(
                    pa.PythonFile(stream, mode="r"),
                    arrow_csv.ReadOptions(
                        column_names=self.names, skip_rows_after_names=1, block_size=_BLOCK_BYTES
                    ),
                    arrow_csv.ParseOptions(
                        delimiter=self._dialect.separator, newlines_in_values=True
                    ),
                    arrow_csv.ConvertOptions(
                        column_types={n: arrow_type(kind) for n, kind in wanted.items()},
                        null_values=list(MISSING_WORDS),
                        true_values=["true", "True", "TRUE"],
                        false_values=["false", "False", "FALSE"],
                        decimal_point=self._dialect.decimal,
                    ),
                )
                for batch in reader:
                    yield pa.Table.from_batches([batch])
            except pa.ArrowInvalid as exc:
                if "Empty CSV file" in str(exc) or "no columns" in str(exc).lower():
                    return
                raise self._explained(exc) from exc

    def _explained(self, exc: Exception) -> DataFileError | _RaggedError:
        said = str(exc)
        if "straddling" in said or "block" in said:
            return DataFileError(
                f"{self._path.name} has a row of more than {_BLOCK_BYTES >> 20} MB, which is no "
                "table's (perhaps a quotation mark that is never closed). Export it again."
            )
        if "UTF8" in said or "UTF-8" in said:
            return _not_utf8(self._path.name, exc)
        return _RaggedError(said)

    def _tolerant_pieces(self) -> Iterator[pa.Table]:
        """Pieces by pandas' reader, as text: short rows get missing values, long ones an error."""
        import pandas as pd
        import pyarrow as pa

        name = self._path.name
        try:
            with (
                self._opened() as stream,
                pd.read_csv(
                    io.BufferedReader(stream, _BLOCK_BYTES),
                    header=0,
                    names=self.names,
                    chunksize=50_000,
                    dtype=str,
                    keep_default_na=False,
                    encoding="utf-8-sig",
                    sep=self._dialect.separator,
                ) as reader,
            ):
                for chunk in reader:
                    if not isinstance(chunk.index, pd.RangeIndex):
                        raise ValueError("its rows have more fields than its header has names")
                    yield pa.table(
                        {n: pa.array(chunk[n], pa.string(), from_pandas=True) for n in self.names}
                    )
        except UnicodeDecodeError as exc:
            raise _not_utf8(name, exc) from exc
        except ValueError as exc:  # the parser's own errors are ValueErrors too
            raise DataFileError(
                f"{name} cannot be read as CSV with a header and one separator: "
                f"{' '.join(str(exc).split())[:200]}."
            ) from exc

    def _typed(self, table: pa.Table, types: dict[str, str]) -> pa.Table:
        """The table in the types of the scan; missing words are missing outside categories."""
        import pyarrow as pa
        import pyarrow.compute as pc

        words = pa.array(MISSING_WORDS)
        columns = {}
        for name in self.names:
            values, kind = table[name], types[name]
            if pa.types.is_string(values.type):
                absent = (
                    pc.equal(values, "")
                    if name in self._text
                    else pc.is_in(values, value_set=words)
                )
                values = pc.if_else(absent, pa.scalar(None, pa.string()), values)
                if kind != "string":
                    values = cast(values, kind, self._dialect.decimal)
            columns[name] = values
        return pa.table(columns)


class _RaggedError(Exception):
    """Rows of different lengths, or something else that Arrow's reader does not take."""


def _dialect(path: Path, text: str) -> Dialect:
    """Names, separator and decimal mark, from the beginning of the file."""
    first_line = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=lambda mark: (len(_fields(text, mark)), mark == ","))
    header = _fields(text, separator)
    if "\x00" in first_line:
        raise DataFileError(f"{path.name} should be a CSV file in UTF-8; found binary content.")
    if not any(name.strip() for name in header):
        raise DataFileError(f"{path.name} has no header row with column names.")
    # Exports with row numbers leave the first name empty; pandas' name for it, as people know it.
    names = [name or f"Unnamed: {index}" for index, name in enumerate(header)]
    return Dialect(names, separator, _decimal(text, separator))


def _fields(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error:
        return []


def _decimal(text: str, separator: str) -> str:
    """ "," where numbers are written with it, as they are beside semicolons; else "."."""
    if separator == ",":
        return "."
    rows = csv.reader(io.StringIO(text[:65_536], newline=""), delimiter=separator)
    try:
        cells = [cell.strip() for row in rows for cell in row]
    except csv.Error:
        return "."
    commas = any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    points = any(_DECIMAL_POINT.fullmatch(cell) for cell in cells)
    return "," if commas and not points else "."


def _not_utf8(name: str, exc: Exception) -> DataFileError:
    return DataFileError(
        f"{name} should be a CSV file in UTF-8; found bytes that are not ({str(exc)[:120]}). "
        "Save it as CSV UTF-8 and try again."
    )
