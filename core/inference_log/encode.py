"""Tables to CSV bytes, exactly.

RFC 4180 with line feeds, UTF-8. A missing value is an empty cell and an empty text is ``""``,
so the two stay apart. Integers are written as integers, floats in the shortest form that reads
back as the same float (``1.0``, never ``1``), booleans as ``true`` and ``false``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import SchemaError
from core.inference_log.layout import Kind

_NEEDS_QUOTES = '[,"\\r\\n]|^$'
_WHOLE_NUMBER = "^-?[0-9]+$"


def quoted(cells: pa.Array) -> pa.Array:
    """Text cells as CSV; quotes only where RFC 4180, or an empty text, needs them."""
    needed = pc.fill_null(pc.match_substring_regex(cells, _NEEDS_QUOTES), False)
    if not pc.any(needed).as_py():
        return cells
    doubled = pc.replace_substring(cells, '"', '""')
    return pc.if_else(needed, pc.binary_join_element_wise('"', doubled, '"', ""), cells)


def input_cells(values: pd.Series, kind: Kind | None) -> pa.Array:
    """One input column as CSV cells; raises SchemaError where a value does not fit ``kind``."""
    array = _as_kind(_to_arrow(values), kind, str(values.name))
    kind_of = array.type
    if pa.types.is_string(kind_of) or pa.types.is_large_string(kind_of):
        return quoted(array.cast(pa.string()))
    if pa.types.is_floating(kind_of):
        return float_cells(array)
    return array.cast(pa.string())


def float_cells(values: pa.Array) -> pa.Array:
    """Floats as text that reads back to the same bits; NaN becomes an empty cell."""
    values = values.cast(pa.float64())
    text = pc.if_else(pc.is_nan(values), None, values.cast(pa.string()))
    if not pc.any(pc.equal(pc.trunc(values), values)).as_py():
        return text
    whole = pc.match_substring_regex(text, _WHOLE_NUMBER)
    return pc.if_else(whole, pc.binary_join_element_wise(text, ".0", ""), text)


def _to_arrow(values: pd.Series) -> pa.Array:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        array = _mixed(values)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    nested = pa.types.is_nested(array.type) or pa.types.is_binary(array.type)
    if nested:
        raise SchemaError(
            f"Column {values.name!r} holds {array.type} values; the inference log takes numbers, "
            "booleans and text. Convert it before scoring."
        )
    return array


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
    frame: pd.DataFrame,
    columns: Sequence[str],
    kinds: Mapping[str, Kind],
    *,
    stamp: str,
    prediction_ids: pa.Array,
    origin: Sequence[str],
    probability: np.ndarray,
    prediction: np.ndarray,
    label: np.ndarray,
) -> bytes:
    """CSV rows of ``frame``; every one begins with ``stamp``.

    ``prediction_ids`` are CSV cells already; ``origin`` is request id, source and model version;
    ``probability`` is float64 and ``prediction`` int8 of shape (n,), ``label`` float64 of shape
    (n,) with NaN for unknown.
    """
    same_for_all = ",".join(quoted(pa.array(list(origin), pa.string())).to_pylist())
    known = pa.array(label, from_pandas=True).cast(pa.int8())
    cells = [
        pa.scalar(stamp),
        prediction_ids,
        pa.scalar(same_for_all),
        *(input_cells(frame[name], kinds.get(name)) for name in columns),
        float_cells(pa.array(probability)),
        pa.array(prediction).cast(pa.string()),
        pc.binary_join_element_wise(pc.fill_null(known.cast(pa.string()), ""), "\n", ""),
    ]
    lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")
    # A text array lies in memory as one buffer, value after value: here, the file's own bytes.
    *_, text = lines.buffers()
    return text.to_pybytes()[: pc.sum(pc.binary_length(lines)).as_py()]
