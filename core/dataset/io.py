"""Tables in and out of files: parquet and CSV, with one clear message when a file is not one."""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
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
    names = _csv_header(path) if _is_csv(path) else list(_parquet(path).schema_arrow.names)
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
    if _is_csv(path):
        return sum(len(chunk) for chunk in iter_table(path))
    return int(_parquet(path).metadata.num_rows)


def read_table(
    path: Path, columns: Sequence[str] | None = None, text: Collection[str] = ()
) -> pd.DataFrame:
    """The whole file as a table; ``columns`` limits it to those present of these.

    Raises DataFileError if the file is absent, not parquet or CSV, truncated, without rows, or
    without any of ``columns``.
    """
    import pandas as pd

    # A CSV is read in one piece: pieces could give one column two types.
    rows = sys.maxsize if _is_csv(path) else CHUNK_ROWS
    frames = list(iter_table(path, columns, rows, text))
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
    """The file in pieces of at most ``rows`` rows, in order; at least one piece, maybe empty.

    ``text`` names columns of a CSV that hold categories: code 007 stays 007 and NA is a name.
    Parquet says itself what its columns are.
    """
    names = column_names(path)
    wanted = [name for name in names if columns is None or name in columns]
    if _is_csv(path):
        yield from _iter_csv(path, names, wanted, rows, text)
    else:
        yield from _iter_parquet(path, wanted, rows)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write parquet or CSV by the suffix, atomically."""
    with atomic_path(path) as temporary:
        if path.suffix == ".csv":
            frame.to_csv(temporary, index=False, lineterminator="\n")
        else:
            frame.to_parquet(temporary, index=False)


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


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
    except (pa.ArrowException, OSError, ValueError) as exc:
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


def _text_or_none(field: str) -> str | None:
    return field or None


def _csv_header(path: Path) -> list[str]:
    _existing(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream), [])
    except (UnicodeDecodeError, csv.Error) as exc:
        raise _not_utf8(path, exc) from exc
    if not any(name.strip() for name in header):
        raise DataFileError(f"{path.name} has no header row with column names.")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise DataFileError(
            f"{path.name} should separate its columns by commas; found the one name "
            f"{header[0][:60]!r}. Save it as CSV with commas and try again."
        )
    # Exports with row numbers leave the first name empty; pandas' name for it, as people know it.
    return [name or f"Unnamed: {index}" for index, name in enumerate(header)]


def _not_utf8(path: Path, exc: Exception) -> DataFileError:
    return DataFileError(
        f"{path.name} should be a CSV file in UTF-8; found bytes that are not ({exc}). "
        "Save it as CSV UTF-8 and try again."
    )


def _iter_csv(
    path: Path, names: list[str], columns: list[str], rows: int, text: Collection[str]
) -> Iterator[pd.DataFrame]:
    """Every column is read and the wanted ones kept.

    With ``usecols`` or ``index_col=False`` pandas would drop surplus fields without a word.
    """
    import pandas as pd

    try:
        with pd.read_csv(
            path,
            header=0,
            names=names,
            chunksize=rows,
            encoding="utf-8-sig",
            low_memory=False,
            converters={name: _text_or_none for name in names if name in text},
        ) as reader:
            read_any = False
            for chunk in reader:
                read_any = True
                if not isinstance(chunk.index, pd.RangeIndex):
                    raise ValueError("its rows have more fields than its header has names")
                yield chunk[columns].reset_index(drop=True)
        if not read_any:
            yield pd.DataFrame(columns=columns)
    except UnicodeDecodeError as exc:
        raise _not_utf8(path, exc) from exc
    except ValueError as exc:  # the parser's own errors are ValueErrors too
        raise DataFileError(
            f"{path.name} cannot be read as CSV with a header and commas: "
            f"{' '.join(str(exc).split())[:200]}."
        ) from exc
