"""The project's own row ids beside the predictions made for them: how late labels find their rows.

The inference log holds what the model takes, and a row's id is not among that. So each scored
file leaves a small table here, one file a request, from its id column to ``prediction_id``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset import io
from core.dataset.values import to_series

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FOLDER = "row_ids"


def file_of(folder: Path, request_id: str) -> Path:
    """Where the ids of one request are kept."""
    return folder / FOLDER / f"{request_id}.parquet"


def pairs(row_ids: pa.ChunkedArray, prediction_ids: pa.Array) -> pa.Table:
    """``row_id`` and ``prediction_id`` of scored rows, as text; rows without an id are left out."""
    import pyarrow as pa

    if pa.types.is_integer(row_ids.type) or pa.types.is_string(row_ids.type):
        text = row_ids.cast(pa.string())
    else:
        text = pa.array(as_text(to_series(row_ids)), pa.string(), from_pandas=True)
    table = pa.table({"row_id": text, "prediction_id": prediction_ids})
    return table.filter(text.is_valid()) if text.null_count else table


def predictions_of(folder: Path, row_ids: Iterable[str]) -> pd.DataFrame:
    """``row_id`` and ``prediction_id`` of every prediction made for these rows.

    A row that was scored twice has two; one that never was has none. Of the files, only a piece is
    in memory at a time.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(sorted(set(row_ids)), pa.string())
    found = [pa.table({name: pa.array([], pa.string()) for name in ("row_id", "prediction_id")})]
    # One that begins with a dot is still being written, or was when its writer died.
    whole = (p for p in (folder / FOLDER).glob("*.parquet") if not p.name.startswith("."))
    for path in sorted(whole):
        for piece in io.TableFile(path).pieces(columns=["row_id", "prediction_id"]):
            found.append(piece.filter(pc.is_in(piece["row_id"], value_set=wanted)))
    return pa.concat_tables(found).to_pandas()


def as_text(values: pd.Series) -> pd.Series:
    """Ids as text, missing ones as None: 7, 7.0 and "7" are one id, whatever a file made of it."""
    return values.map(_text).astype(object)


def _text(value: Any) -> str | None:
    import pandas as pd

    if pd.isna(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
