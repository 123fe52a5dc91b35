"""One column's values as its kind says, from pandas or from Arrow, with what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_NOUN = {"numeric": "finite number", "boolean": "yes/no value", "categorical": "text"}


def noun(kind: str) -> str:
    """What a value of a kind is called in a sentence."""
    return _NOUN[kind]


@dataclass(frozen=True)
class Read:
    """A column of n rows: float64 with nan, or text with None; all arrays of shape (n,).

    ``absent``: the file has no value there; ``unread``: it has one that is not of the kind.
    """

    values: np.ndarray
    absent: np.ndarray
    unread: np.ndarray


def read_series(raw: pd.Series, kind: str) -> Read:
    """Values of a pandas column."""
    from core.dataset.columns import MISSING, as_booleans, as_categories, as_numbers

    absent = _absent(raw)
    if kind == "categorical":
        text = as_categories(raw)
        text[text == MISSING] = None
        return Read(text, absent, np.zeros(len(raw), dtype=bool))
    numbers = as_numbers(raw) if kind == "numeric" else as_booleans(raw)
    return Read(numbers, absent, np.isnan(numbers) & ~absent)


def read_arrow(raw: pa.ChunkedArray, kind: str) -> Read:
    """The same values from an Arrow column; numbers are taken as they lie in memory."""
    import pyarrow as pa

    of = raw.type
    is_number = pa.types.is_integer(of) or pa.types.is_float32(of) or pa.types.is_float64(of)
    if kind != "categorical" and (is_number or pa.types.is_boolean(of)):
        return _read_numbers(raw.cast(pa.float64(), safe=False).to_numpy(), kind)
    if pa.types.is_string(of) or pa.types.is_dictionary(of):
        return read_distinct(raw, kind)
    return read_series(to_series(raw), kind)


def read_distinct(raw: pa.ChunkedArray, kind: str) -> Read:
    """Read each distinct value once and put it wherever it stands."""
    places, distinct = by_distinct(raw)
    read = read_series(distinct, kind)
    return Read(read.values[places], read.absent[places], read.unread[places])


def by_distinct(raw: pa.ChunkedArray) -> tuple[np.ndarray, pd.Series]:
    """For each row the place of its value among the distinct ones, and these."""
    import pyarrow as pa

    if pa.types.is_dictionary(raw.type):
        raw = raw.unify_dictionaries()
    coded = raw if pa.types.is_dictionary(raw.type) else raw.dictionary_encode()
    coded = coded.combine_chunks()
    none = pa.nulls(1, coded.dictionary.type)
    distinct = to_series(pa.chunked_array([coded.dictionary, none]))
    places = coded.indices.fill_null(len(distinct) - 1).to_numpy()
    return places, distinct


def to_series(raw: pa.ChunkedArray) -> pd.Series:
    """An Arrow column as pandas has it; decimals as floats."""
    import pyarrow as pa

    if pa.types.is_dictionary(raw.type):
        raw = raw.cast(raw.type.value_type)
    return decimals_as_floats(raw).to_pandas()


def decimals_as_floats(raw: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as the nearest floats, by way of their digits: Arrow's own cast may be one off."""
    import pyarrow as pa

    if not pa.types.is_decimal(raw.type):
        return raw
    return raw.cast(pa.string()).cast(pa.float64())


def _read_numbers(numbers: np.ndarray, kind: str) -> Read:
    absent = np.isnan(numbers)
    readable = np.isfinite(numbers) if kind == "numeric" else (numbers == 0) | (numbers == 1)
    unread = ~readable & ~absent
    return Read(np.where(unread, np.nan, numbers) if unread.any() else numbers, absent, unread)


def _absent(raw: pd.Series) -> np.ndarray:
    import pandas as pd

    from core.dataset.columns import as_text

    absent = raw.isna().to_numpy(dtype=bool)
    if pd.api.types.is_object_dtype(raw.dtype) or pd.api.types.is_string_dtype(raw.dtype):
        absent = absent | as_text(raw).str.strip().eq("").fillna(True).to_numpy(dtype=bool)
    return absent
