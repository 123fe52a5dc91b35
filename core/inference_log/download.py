"""What people download opens in a spreadsheet, which takes some text for formulas."""

from __future__ import annotations

import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def neutralise_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy in which text that a spreadsheet would run begins with an apostrophe.

    Text cells and column names that begin with ``= + - @``, a tab or a carriage return get the
    prefix; numbers stay numbers. For downloads only: the log itself stays exact.
    Source: OWASP, "CSV Injection".
    """
    safe = frame.rename(columns=_neutralised)
    for place, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.CategoricalDtype):
            safe.isetitem(place, safe.iloc[:, place].astype(object).map(_neutralised))
        elif pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
            safe.isetitem(place, safe.iloc[:, place].map(_neutralised))
    return safe


def _neutralised(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value
