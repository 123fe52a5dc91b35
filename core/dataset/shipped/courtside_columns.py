"""One reading of a column's values, shared by training, scoring, REST and monitoring."""

from __future__ import annotations

import numpy as np
import pandas as pd

MISSING = "(missing)"
_TRUE = {"true", "t", "yes", "y", "1", "1.0"}
_FALSE = {"false", "f", "no", "n", "0", "0.0"}


def as_numbers(values: pd.Series) -> np.ndarray:
    """A column as float64 of shape (n,); what is not a finite number becomes nan."""
    if values.dtype == bool:
        return values.to_numpy(dtype=np.float64)
    if _is_no_number(values.dtype):
        return np.full(len(values), np.nan)
    if isinstance(values.dtype, pd.ArrowDtype):
        values = values.astype(object)  # pandas loses rows when it reads Arrow decimals directly
    read = pd.to_numeric(values, errors="coerce")
    if _is_no_number(read.dtype):  # a complex number among others
        return np.full(len(values), np.nan)
    numbers = read.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def as_booleans(values: pd.Series) -> np.ndarray:
    """A column as 1.0, 0.0 or nan, shape (n,); takes true/false, yes/no, 1/0 in any case."""
    if values.dtype == bool or pd.api.types.is_numeric_dtype(values.dtype):
        numbers = as_numbers(values)
        return np.where(np.isin(numbers, (0.0, 1.0)), numbers, np.nan)
    lowered = as_text(values).str.strip().str.lower()
    result = np.full(len(values), np.nan)
    result[lowered.isin(_TRUE).fillna(False).to_numpy(dtype=bool)] = 1.0
    result[lowered.isin(_FALSE).fillna(False).to_numpy(dtype=bool)] = 0.0
    return result


def as_categories(values: pd.Series) -> np.ndarray:
    """A column as text, object of shape (n,); missing values become ``MISSING``.

    Whole numbers that arrive as floats (as they do once a column has a gap) lose their ".0",
    so that code 7 is the same category from a file with gaps and from one without.
    """
    missing = values.isna().to_numpy()
    if pd.api.types.is_float_dtype(values.dtype):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.where(missing, 0, numbers).tolist()  # Python's floats: numpy 2 prints its own
        text = [str(int(v)) if v.is_integer() else repr(v) for v in known]
        result = np.array(text, dtype=object)
    else:
        result = as_text(values).to_numpy(dtype=object, na_value=MISSING)
    result[missing] = MISSING
    return result


def _is_no_number(dtype: object) -> bool:
    """Dates and durations, which pandas would turn into nanoseconds, and complex numbers."""
    return (
        pd.api.types.is_datetime64_any_dtype(dtype)
        or pd.api.types.is_timedelta64_dtype(dtype)
        or pd.api.types.is_complex_dtype(dtype)
    )


def as_text(values: pd.Series) -> pd.Series:
    """A column as pandas text; bytes that are not UTF-8 keep their Python spelling."""
    try:
        return values.astype("string")
    except UnicodeDecodeError:
        return values.map(repr, na_action="ignore").astype("string")
