"""A table as the JSON that MLflow's ``/invocations`` takes, and its answer as an array."""

from __future__ import annotations

import json
import math
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import EndpointError

if TYPE_CHECKING:
    import pandas as pd

# Single-precision models give pairs that miss 1 by about 1e-7.
_SUM_TOLERANCE = 1e-4


def encode(frame: pd.DataFrame) -> bytes:
    """``{"dataframe_split": {"columns": [...], "data": [[...], ...]}}``, missing values as null.

    Floats keep every digit, so that the endpoint scores the very numbers of ``frame``. Raises
    EndpointError on a value that JSON cannot hold, and on two columns of one name.
    """
    names = [str(name) for name in frame.columns]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise EndpointError(
            f"The rows have several columns named {', '.join(map(repr, twice))}; keep one of each."
        )
    # All at once, not by row or column: most requests hold one row, and pandas' way to a single
    # column or row costs more than the row.
    rows = [
        [_json_value(value, name) for value, name in zip(row, names, strict=True)]
        for row in frame.to_numpy(dtype=object).tolist()
    ]
    text = json.dumps({"dataframe_split": {"columns": names, "data": rows}}, allow_nan=False)
    return text.encode()


def _json_value(value: Any, name: str) -> Any:
    if isinstance(value, float) and math.isfinite(value):
        return value  # nearly all are
    if _is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise EndpointError(
            f"Column {name!r} holds an infinite value, which cannot be sent; correct it or leave "
            "it empty."
        )
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    raise EndpointError(
        f"Column {name!r} holds a value of type {type(value).__name__}, which cannot be sent; "
        "numbers, text, true or false, and dates can."
    )


def _is_missing(value: Any) -> bool:
    """As pandas' ``isna`` says of one value, at a fraction of its cost."""
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float | Decimal | np.generic) and bool(
        value != value  # noqa: PLR0124 - nothing but not-a-number differs from itself
    )


def decode(content: bytes, expected_rows: int) -> np.ndarray:
    """Probability of the positive class, shape (expected_rows,), from ``{"predictions": ...}``.

    Raises EndpointError unless there is one pair of probabilities for each row.
    """
    try:
        answer = json.loads(content)
    except ValueError as exc:
        raise EndpointError(
            f"The endpoint's answer is not JSON ({_beginning(content)}); another program may "
            "listen at this address. Check the address, or stop and start the endpoint."
        ) from exc
    if not isinstance(answer, dict) or "predictions" not in answer:
        raise EndpointError(
            f"The endpoint's answer holds no predictions ({_beginning(content)}); another program "
            "may listen at this address. Check the address, or stop and start the endpoint."
        )
    return _probabilities(answer["predictions"], expected_rows)


def _probabilities(predictions: Any, expected_rows: int) -> np.ndarray:
    try:
        pairs = np.asarray(predictions, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise EndpointError(
            "The endpoint's answer is not a table of numbers; serve a model that returns the "
            "probabilities of both classes."
        ) from exc
    if len(pairs.shape) > 0 and len(pairs) != expected_rows:
        raise EndpointError(
            f"{expected_rows:,} rows were sent and {len(pairs):,} came back, so none is used; "
            "stop and start the endpoint, then try again."
        )
    if pairs.shape != (expected_rows, 2):
        raise EndpointError(
            f"The endpoint's answer has shape {pairs.shape}, expected {(expected_rows, 2)}; serve "
            "a model that returns the probabilities of both classes."
        )
    # Written so that not-a-number fails as well.
    if not ((pairs >= 0) & (pairs <= 1)).all() or not _sum_to_one(pairs):
        raise EndpointError(
            "The endpoint's answer holds values that are not probabilities: each must lie between "
            "0 and 1 and each row's two must add up to 1. Serve a model with predict_proba."
        )
    return pairs[:, 1].copy()


def _sum_to_one(pairs: np.ndarray) -> bool:
    return bool((np.abs(pairs.sum(axis=1) - 1) <= _SUM_TOLERANCE).all())


def _beginning(content: bytes) -> str:
    text = " ".join(content[:200].decode("utf-8", errors="replace").split())
    return f"it begins {text[:80]!r}" if text else "it is empty"
