"""One reading of a column's values, whatever type the file gave it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.dataset.columns import MISSING, as_booleans, as_categories, as_numbers

NAN = np.nan


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([1, 2]), [1, 2]),
        (pd.Series([True, False]), [1, 0]),
        (pd.Series([1.5, None]), [1.5, NAN]),
        (pd.Series([np.inf, -np.inf]), [NAN, NAN]),
        (
            pd.Series(["1.5", " 2 ", "1e3", "x", "", "inf", None]),
            [1.5, 2, 1000, NAN, NAN, NAN, NAN],
        ),
        (pd.Series([Decimal("1.5"), None]), [1.5, NAN]),
        (pd.Series([2**70, 1]), [2.0**70, 1]),
        (pd.Series([1, None], dtype="Int64"), [1, NAN]),
        (pd.Series([True, None], dtype="boolean"), [1, NAN]),
        (pd.Series([True, None], dtype=object), [1, NAN]),
        (pd.Series(["1", "x"], dtype="category"), [1, NAN]),
        (pd.Series([Decimal("1.5"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))), [1.5, NAN]),
        (pd.Series(pd.to_datetime(["2020-01-01", None])), [NAN, NAN]),
        (pd.Series(pd.to_datetime(["2020-01-01"], utc=True)), [NAN]),
        (pd.Series(pd.to_timedelta(["1d"])), [NAN]),
        (pd.Series([dt.date(2020, 1, 1)]), [NAN]),
        (pd.Series([1 + 2j]), [NAN]),
        (pd.Series([[1], {"a": 1}]), [NAN, NAN]),
        (pd.Series([], dtype=object), []),
    ],
    ids=lambda v: str(v.dtype) if isinstance(v, pd.Series) else "",
)
def test_numbers(values: pd.Series, expected: list[float]) -> None:
    read = as_numbers(values)
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read, np.array(expected, dtype=float))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([True, False]), [1, 0]),
        (pd.Series([1, 0, 2]), [1, 0, NAN]),
        (pd.Series([1.0, None]), [1, NAN]),
        (pd.Series(["Yes", " no ", "TRUE", "f", "1.0", "maybe", None]), [1, 0, 1, 0, 1, NAN, NAN]),
        (pd.Series([True, None], dtype="boolean"), [1, NAN]),
        (pd.Series([b"\xff", b"yes"]), [NAN, NAN]),
        (pd.Series(pd.to_datetime(["1970-01-01"])), [NAN]),
    ],
    ids=lambda v: str(v.dtype) if isinstance(v, pd.Series) else "",
)
def test_booleans(values: pd.Series, expected: list[float]) -> None:
    np.testing.assert_array_equal(as_booleans(values), np.array(expected, dtype=float))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series(["Wien", None]), ["Wien", MISSING]),
        (pd.Series([7, 8]), ["7", "8"]),
        (pd.Series([7.0, NAN, 7.5, np.inf]), ["7", MISSING, "7.5", "inf"]),
        (pd.Series([7, None], dtype="Int64"), ["7", MISSING]),
        (pd.Series([True, False]), ["True", "False"]),
        (pd.Series(["x", None], dtype="category"), ["x", MISSING]),
        (pd.Series([b"\xff", None]), [r"b'\xff'", MISSING]),
        (pd.Series([0.1]), ["0.1"]),
    ],
    ids=lambda v: str(v.dtype) if isinstance(v, pd.Series) else "",
)
def test_categories(values: pd.Series, expected: list[str]) -> None:
    assert as_categories(values).tolist() == expected


def test_a_code_is_the_same_category_with_gaps_and_without() -> None:
    whole, gappy = pd.Series([3, 4]), pd.Series([3, None])
    assert as_categories(whole)[0] == as_categories(gappy)[0]
