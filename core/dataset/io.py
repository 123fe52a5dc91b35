"""Tables in and out of files: parquet and CSV, with one clear message when a file is not one."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import DataFileError
from core.files import atomic_path

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".parquet", ".csv")
CHUNK_ROWS = 100_000


def check_file_name(name: str) -> str:
    """Return a bare file name ending in .parquet or .csv; raises DataFileError on anything else."""
    if "/" in name or "\\" in name or "\x00" in name or name.startswith("."):
        raise DataFileError(
            f"A file name must not contain folders; found {name[:120]!r}. Rename it, e.g. "
            "to data.parquet, and try again."
        )
    if not name.lower().endswith(SUFFIXES):
        raise DataFileError(f"Expected a .parquet or .csv file; found {name[:120]!r}.")
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def column_names(path: Path) -> list[str]:
    """The names in the file's schema or header; raises DataFileError."""
    if path.suffix.lower() == ".csv":
        names = _csv_header(path)
    else:
        names = list(_parquet(path).schema_arrow.names)
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise DataFileError(
            f"{path.name} has the column name {', '.join(map(repr, doubled[:5]))} more than once; "
            "give every column a name of its own."
        )
    return names


def row_count(path: Path) -> int:
    """Rows in the file; for parquet from its footer, for CSV by reading it in pieces."""
    column_names(path)
    if path.suffix.lower() == ".csv":
        return sum(len(chunk) for chunk in iter_table(path))
    return int(_parquet(path).metadata.num_rows)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The whole file as a table; ``columns`` limits it to those present of these.

    Raises DataFileError if the file is absent, not parquet or CSV, truncated, or without rows.
    """
    import pandas as pd

    frames = list(iter_table(path, columns))
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    if frame.empty:
        raise DataFileError(
            f"{path.name} has {len(frame.columns)} columns but no rows; choose a file with data."
        )
    return frame


def iter_table(
    path: Path, columns: Sequence[str] | None = None, rows: int = CHUNK_ROWS
) -> Iterator[pd.DataFrame]:
    """The file in pieces of at most ``rows`` rows, in order; at least one piece, maybe empty."""
    names = column_names(path)
    wanted = [name for name in names if columns is None or name in columns]
    pieces = _iter_csv(path, wanted, rows) if path.suffix.lower() == ".csv" else None
    yield from pieces if pieces is not None else _iter_parquet(path, wanted, rows)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write parquet or CSV by the suffix, atomically."""
    with atomic_path(path) as temporary:
        if path.suffix == ".csv":
            frame.to_csv(temporary, index=False, lineterminator="\n")
        else:
            frame.to_parquet(temporary, index=False)


def _existing(path: Path) -> None:
    if not path.is_file():
        raise DataFileError(f"There is no file {path.name} in {path.parent}; check the path.")
    if path.suffix.lower() not in SUFFIXES:
        raise DataFileError(f"Expected a .parquet or .csv file; found {path.name!r}.")
    if path.stat().st_size == 0:
        raise DataFileError(f"{path.name} is empty (0 bytes); choose a file with data.")


def _parquet(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    _existing(path)
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as exc:
        raise _not_parquet(path, exc) from exc


def _not_parquet(path: Path, exc: Exception) -> DataFileError:
    with path.open("rb") as stream:
        begins = stream.read(4) == b"PAR1"
    found = "a truncated or damaged one" if begins else "something else"
    return DataFileError(
        f"{path.name} should be a parquet file but is {found}; export or copy it again "
        f"({type(exc).__name__})."
    )


def _iter_parquet(path: Path, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
    import pandas as pd
    import pyarrow as pa

    file = _parquet(path)
    read_any = False
    try:
        for batch in file.iter_batches(batch_size=rows, columns=columns):
            if batch.num_rows:
                read_any = True
                yield _plain_frame(batch)
        if not read_any:
            yield pd.DataFrame(columns=columns)
    except (pa.ArrowException, OSError) as exc:
        raise _not_parquet(path, exc) from exc


def _plain_frame(batch: Any) -> pd.DataFrame:
    """Arrow to pandas with decimals as floats and dictionaries as their values."""
    import pyarrow as pa

    table = pa.Table.from_batches([batch])
    for index, column in enumerate(table.schema):
        kind = column.type
        if pa.types.is_dictionary(kind):
            table = table.set_column(index, column.name, table.column(index).cast(kind.value_type))
        elif pa.types.is_decimal(kind):
            table = table.set_column(index, column.name, table.column(index).cast(pa.float64()))
    return table.replace_schema_metadata(None).to_pandas()


def _csv_header(path: Path) -> list[str]:
    _existing(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream), [])
    except (UnicodeDecodeError, csv.Error) as exc:
        raise DataFileError(
            f"{path.name} should be a CSV file in UTF-8; found bytes that are not ({exc}). "
            "Save it as CSV UTF-8 and try again."
        ) from exc
    if not any(name.strip() for name in header):
        raise DataFileError(f"{path.name} has no header row with column names.")
    return header


def _iter_csv(path: Path, columns: list[str], rows: int) -> Iterator[pd.DataFrame]:
    import pandas as pd

    try:
        with pd.read_csv(
            path,
            usecols=columns,
            chunksize=rows,
            encoding="utf-8-sig",
            low_memory=False,
            index_col=False,
        ) as reader:
            read_any = False
            for chunk in reader:
                read_any = True
                yield chunk.reset_index(drop=True)
        if not read_any:
            yield pd.DataFrame(columns=columns)
    except (pd.errors.ParserError, UnicodeDecodeError, ValueError) as exc:
        raise DataFileError(
            f"{path.name} cannot be read as CSV with a header and commas: "
            f"{' '.join(str(exc).split())[:200]}."
        ) from exc
