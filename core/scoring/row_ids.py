"""The project's own row ids beside the predictions made for them: how late labels find their rows.

The inference log holds what the model takes, and a row's id is not among that. So each scored
file leaves a small table here, one file a request, from its id column to ``prediction_id``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset import io

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "row_ids"


def keep(folder: Path, request_id: str, scored: Path, column: str | None) -> None:
    """Remember the ids of a scored file; nothing to do where it has no such column."""
    import pandas as pd

    if column is None or column not in io.column_names(scored):
        return
    found = io.read_table(scored, [column, "prediction_id"])
    kept = pd.DataFrame(
        {"row_id": as_text(found[column]), "prediction_id": found["prediction_id"].astype(str)}
    ).dropna()
    io.write_table(kept.reset_index(drop=True), folder / FOLDER / f"{request_id}.parquet")


def predictions_of(folder: Path, row_ids: Iterable[str]) -> pd.DataFrame:
    """``row_id`` and ``prediction_id`` of every prediction made for these rows.

    A row that was scored twice has two; one that never was has none.
    """
    import pandas as pd

    wanted = set(row_ids)
    found = []
    for path in sorted((folder / FOLDER).glob("*.parquet")):
        table = io.read_table(path, ["row_id", "prediction_id"])
        found.append(table[table["row_id"].isin(wanted)])
    empty = pd.DataFrame({"row_id": [], "prediction_id": []}, dtype=object)
    return pd.concat([empty, *found], ignore_index=True)


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
