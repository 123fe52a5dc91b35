"""CSV bytes back to tables: the exact inverse of ``encode``."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from core.errors import IntegrityError
from core.inference_log.layout import HEAD, TAIL, Kind

_OWN_TYPES = {
    "logged_at": pa.timestamp("us", tz="UTC"),
    **dict.fromkeys(HEAD[1:], pa.string()),
    "probability": pa.float64(),
    "prediction": pa.int8(),
    "label": pa.float64(),
}
_EXACT_IN_FLOAT = 2**53


def decode_rows(
    data: bytes,
    columns: Sequence[str],
    name: str,
    *,
    only: Sequence[str] | None = None,
    on_bad_row: Callable[[csv.InvalidRow], str] | None = None,
) -> pa.Table:
    """Whole rows of a segment as a table, the input columns still as text.

    Raises IntegrityError where a row has another number of fields (unless ``on_bad_row`` takes
    it) or a value that the log cannot have written; ``name`` is the file, for the message.
    """
    names = [*HEAD, *columns, *TAIL]
    types = {column: _OWN_TYPES.get(column, pa.string()) for column in names}
    try:
        return csv.read_csv(
            io.BytesIO(data),
            csv.ReadOptions(column_names=names, block_size=len(data) + 1, use_threads=False),
            csv.ParseOptions(newlines_in_values=True, invalid_row_handler=on_bad_row),
            csv.ConvertOptions(
                column_types=types,
                include_columns=list(only) if only is not None else None,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as exc:
        raise IntegrityError(
            f"{name} has a row that the inference log cannot have written ({exc}). It was edited "
            "by hand: put the original back, or mend the row and rebuild the log."
        ) from exc


def empty_table(columns: Sequence[str]) -> pa.Table:
    """No rows, in the shape that ``decode_rows`` gives."""
    names = [*HEAD, *columns, *TAIL]
    fields = [(name, _OWN_TYPES.get(name, pa.string())) for name in names]
    return pa.schema(fields).empty_table()


def to_frame(table: pa.Table, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """The table with its values typed; see ``InferenceLog`` for what each column becomes."""
    return pd.DataFrame(
        {
            name: _own(table[name], name)
            if name in _OWN_TYPES
            else _input(table[name], name, kinds)
            for name in table.column_names
        }
    )


def _own(cells: pa.ChunkedArray, name: str) -> pd.Series:
    if name == "logged_at":
        return cells.to_pandas().astype("datetime64[ns, UTC]")
    return cells.to_pandas()


def _input(cells: pa.ChunkedArray, name: str, kinds: Mapping[str, Kind]) -> pd.Series:
    kind = kinds.get(name)
    if kind == "categorical":
        return cells.to_pandas()
    if kind == "boolean":
        return _booleans(cells, name)
    numbers = _numbers(cells)
    if numbers is not None:
        return numbers
    if kind == "numeric":
        raise _does_not_fit(cells, name, kind)
    return cells.to_pandas()


def _numbers(cells: pa.ChunkedArray) -> pd.Series | None:
    """Integers where all are, floats where all are numbers, None where some are not."""
    if cells.null_count == len(cells):
        return pd.Series(np.full(len(cells), np.nan))
    for kind in (pa.int64(), pa.uint64()):
        try:
            return _integers(cells.cast(kind))
        except pa.ArrowInvalid:
            continue
    try:
        return cells.cast(pa.float64()).to_pandas()
    except pa.ArrowInvalid:
        return None


def _integers(cells: pa.ChunkedArray) -> pd.Series:
    if not cells.null_count:
        return cells.to_pandas()
    low, high = pc.min_max(cells).as_py().values()
    if max(-low, high) <= _EXACT_IN_FLOAT:
        return cells.to_pandas()  # float64 with NaN, which holds all of these exactly
    nullable = pd.UInt64Dtype() if pa.types.is_unsigned_integer(cells.type) else pd.Int64Dtype()
    return pd.Series(nullable.__from_arrow__(cells))


def _booleans(cells: pa.ChunkedArray, name: str) -> pd.Series:
    try:
        flags = cells.cast(pa.bool_())
    except pa.ArrowInvalid as exc:
        raise _does_not_fit(cells, name, "boolean") from exc
    if not flags.null_count:
        return flags.to_pandas()
    return pd.Series(pd.BooleanDtype().__from_arrow__(flags))


def _does_not_fit(cells: pa.ChunkedArray, name: str, kind: Kind) -> IntegrityError:
    examples = [text for text in pc.unique(cells).to_pylist() if text is not None][:5]
    return IntegrityError(
        f"Column {name!r} of the inference log should be {kind}, but holds text such as "
        f"{examples}. The file was edited, or the column's kind has changed: correct either."
    )
