"""Tables to CSV bytes, exactly.

RFC 4180 with line feeds, UTF-8. A missing value is an empty cell and an empty text is ``""``,
so the two stay apart. Integers are written as integers, floats in the shortest form that reads
back as the same float (``1.0``, never ``1``), booleans as ``true`` and ``false``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from core.errors import SchemaError
from core.inference_log.layout import Kind

_NEEDS_QUOTES = '[,"\\r\\n]|^$'
# Below this, integers and floats print the same digits.
_EXACT_DIGITS = 1e15
_WHOLE_NUMBER = "^-?[0-9]+$"


def quoted(cells: pa.Array) -> pa.Array:
    """Text cells as CSV; quotes only where RFC 4180, or an empty text, needs them."""
    needed = pc.fill_null(pc.match_substring_regex(cells, _NEEDS_QUOTES), False)
    if not pc.any(needed).as_py():
        return cells
    doubled = pc.replace_substring(cells, '"', '""')
    return pc.if_else(needed, pc.binary_join_element_wise('"', doubled, '"', ""), cells)


def input_array(values: pd.Series | pa.ChunkedArray, kind: Kind | None, name: str) -> pa.Array:
    """One input column as booleans, integers, float64 or text, ready to be written.

    Raises SchemaError where a value does not fit ``kind``.
    """
    array = _as_kind(_to_arrow(values, name), kind, name)
    kind_of = array.type
    if pa.types.is_floating(kind_of):
        return array.cast(pa.float64())
    if pa.types.is_boolean(kind_of) or pa.types.is_integer(kind_of):
        return array
    return array.cast(pa.string())


def float_cells(values: pa.Array) -> pa.Array:
    """Floats as text that reads back to the same bits; NaN becomes an empty cell."""
    values = pc.if_else(pc.is_nan(values), None, values)
    numbers = values.to_numpy(zero_copy_only=False)
    whole = numbers == np.trunc(numbers)
    if not whole.any():
        return values.cast(pa.string())
    if _all_small_integers(numbers, whole):
        text = values.cast(pa.int64()).cast(pa.string())
        return pc.binary_join_element_wise(text, ".0", "")
    text = values.cast(pa.string())
    bare = pc.match_substring_regex(text, _WHOLE_NUMBER)
    return pc.if_else(bare, pc.binary_join_element_wise(text, ".0", ""), text)


def _all_small_integers(numbers: np.ndarray, whole: np.ndarray) -> bool:
    """Whether all known numbers print as an integer does; -0.0 and 1e20 do not."""
    known = ~np.isnan(numbers)
    if not whole[known].all():
        return False
    signed_zero = (numbers == 0) & np.signbit(numbers)
    return not signed_zero.any() and bool((np.abs(numbers[known]) < _EXACT_DIGITS).all())


def _to_arrow(values: pd.Series | pa.ChunkedArray, name: str) -> pa.Array:
    array = _from_pandas(values) if isinstance(values, pd.Series) else values
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_nested(array.type) or pa.types.is_binary(array.type):
        raise SchemaError(
            f"Column {name!r} holds {array.type} values; the inference log takes numbers, "
            "booleans and text. Convert it before scoring."
        )
    return array


def _from_pandas(values: pd.Series) -> pa.Array | pa.ChunkedArray:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return _mixed(values)


def _mixed(values: pd.Series) -> pa.Array:
    """A column of several types, value by value: each in the form it would have alone."""
    try:
        return pa.array([_cell(value) for value in values], type=pa.string())
    except UnicodeEncodeError as exc:
        raise SchemaError(
            f"Column {values.name!r} holds text that is not valid Unicode ({exc.reason}); "
            "read the file again with its right encoding."
        ) from exc


def _cell(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return repr(float(value))
    return str(value)


def _as_kind(array: pa.Array, kind: Kind | None, name: str) -> pa.Array:
    """Booleans as 0/1 in a numeric column, 0/1 as booleans in a boolean one; the rest is kept."""
    if pa.types.is_null(array.type) or kind is None or kind == "categorical":
        return array
    is_boolean = pa.types.is_boolean(array.type)
    is_number = pa.types.is_integer(array.type) or pa.types.is_floating(array.type)
    if kind == "numeric" and is_boolean:
        return array.cast(pa.int8())
    if kind == "boolean" and is_number:
        numbers = array.cast(pa.float64())
        bits = pc.is_in(numbers, value_set=pa.array([0.0, 1.0]))
        if pc.all(pc.or_(bits, pc.is_null(numbers, nan_is_null=True))).as_py() is not False:
            return pc.if_else(bits, pc.equal(numbers, 1.0), None)
    elif is_boolean or (kind == "numeric" and is_number):
        return array
    raise SchemaError(
        f"Column {name!r} is {kind} for this model, but holds {array.type} values that are not; "
        "correct the values, or the column's kind in the project's specification."
    )


def encode_rows(
    inputs: Sequence[pa.Array],
    *,
    stamp: str,
    prediction_ids: pa.Array,
    origin: Sequence[str],
    probability: np.ndarray,
    prediction: np.ndarray,
    label: np.ndarray,
) -> bytes:
    """CSV rows of the input columns, as ``input_array`` gives them; each begins with ``stamp``.

    ``prediction_ids`` is text of shape (n,); ``origin`` is request id, source and model version;
    ``probability`` is float64 and ``prediction`` int8 of shape (n,), ``label`` float64 of shape
    (n,) with NaN for unknown.
    """
    rows = len(prediction_ids)
    return csv_lines(
        [
            pa.repeat(stamp, rows),
            prediction_ids,
            *(pa.repeat(text, rows) for text in origin),
            *inputs,
            pa.array(probability),
            pa.array(prediction),
            pa.array(label, from_pandas=True).cast(pa.int8()),
        ]
    )


def csv_lines(columns: Sequence[pa.Array]) -> bytes:
    """Columns of one length as CSV rows without a header; see the head of this file."""
    cells = [float_cells(c) if pa.types.is_floating(c.type) else c for c in columns]
    if any(pa.types.is_string(c.type) and _any_empty(c) for c in columns):
        return _joined(cells)
    table = pa.table(cells, names=[str(place) for place in range(len(cells))])
    sink = pa.BufferOutputStream()
    try:
        csv.write_csv(table, sink, csv.WriteOptions(include_header=False, quoting_style="none"))
    except pa.ArrowInvalid:  # some text needs quotes; Arrow would put them around all of it
        return _joined(cells)
    return sink.getvalue().to_pybytes()


def _any_empty(cells: pa.Array) -> bool:
    return pc.min(pc.binary_length(cells)).as_py() == 0


def _joined(cells: Sequence[pa.Array]) -> bytes:
    """The same rows where some text needs quotes, and only that text gets them."""
    text = [quoted(c) if pa.types.is_string(c.type) else c.cast(pa.string()) for c in cells]
    text[-1] = pc.binary_join_element_wise(pc.fill_null(text[-1], ""), "\n", "")
    lines = pc.binary_join_element_wise(*text, ",", null_handling="replace", null_replacement="")
    # A text array lies in memory as one buffer, value after value: here, the file's own bytes.
    *_, buffer = lines.buffers()
    return buffer.to_pybytes()[: pc.sum(pc.binary_length(lines)).as_py()]
