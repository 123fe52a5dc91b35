"""Labels that come after scoring, in one small table beside the log, which stays as it is.

Each label is kept with what the log says of its row: where it stands, when and by which version
it was scored and with which probability. So a window's figures can take late labels in without
reading the log again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import io
from core.files import file_lock

if TYPE_CHECKING:
    import pandas as pd

OF_THE_ROW = ("logged_at", "request_id", "source", "model_version", "probability")
COLUMNS = ("prediction_id", "label", "row", *OF_THE_ROW)


@dataclass(frozen=True)
class LabelCount:
    """What a label file brought, in predictions: joined, unknown ids, repeated, contradicting.

    ``empty``: rows of the file that hold no label.
    """

    joined: int
    unknown: int
    repeated: int
    contradicting: int
    empty: int = 0


def table(path: Path) -> pd.DataFrame:
    """All late labels with their rows; no row where no label has come yet.

    ``row`` is the place in the log, from 0; ``logged_at`` UTC; ``label`` 1.0 or 0.0.
    """
    import pandas as pd

    if path.is_file():
        return io.read_table(path, list(COLUMNS))
    return pd.DataFrame({name: [] for name in COLUMNS})


def read(path: Path) -> dict[str, float]:
    """Prediction id to label (1.0 or 0.0); empty where no label has come yet."""
    if not path.is_file():
        return {}
    found = io.read_table(path, ["prediction_id", "label"])
    return dict(zip(found["prediction_id"], found["label"].astype(float), strict=True))


def joined(rows: pd.DataFrame, late: Mapping[str, float]) -> np.ndarray:
    """Labels of the log's ``rows``, (n,), nan where unknown; ``late`` as ``read`` gives it."""
    label = rows["label"].to_numpy(dtype=float, na_value=np.nan)
    if not late:
        return label
    # One question an id: Series.map would make a table of all labels anew for every piece of rows.
    known = np.array([late.get(name, np.nan) for name in rows["prediction_id"]], dtype=float)
    return np.where(np.isnan(label), known, label)


def add(
    path: Path, log: Iterable[pd.DataFrame], ids: Sequence[str], labels: np.ndarray, empty: int = 0
) -> LabelCount:
    """Add ``labels`` (1.0 or 0.0, in the order of ``ids``) to the table; the first label stays.

    ``log``: the whole inference log in pieces, oldest first, as the reader gives them.
    """
    with file_lock(path.with_suffix(".lock")):
        late = read(path)
        rows = _rows_of(log, set(ids))
        own = dict(zip(rows["prediction_id"], rows["label"].to_numpy(float), strict=True))
        fresh, count = _merge(late, own, ids, labels, empty)
        if fresh:
            _write(path, rows, fresh)
    return count


def _merge(
    late: Mapping[str, float],
    own: Mapping[str, float],
    ids: Iterable[str],
    labels: np.ndarray,
    empty: int,
) -> tuple[dict[str, float], LabelCount]:
    fresh: dict[str, float] = {}
    unknown = repeated = contradicting = 0
    for name, label in zip(ids, labels, strict=True):
        if name not in own:
            unknown += 1
            continue
        before = fresh.get(name, late.get(name, own[name]))
        if np.isnan(before):
            fresh[name] = float(label)
        elif before == label:
            repeated += 1
        else:
            contradicting += 1
    return fresh, LabelCount(len(fresh), unknown, repeated, contradicting, empty)


def _rows_of(log: Iterable[pd.DataFrame], wanted: set[str]) -> pd.DataFrame:
    """Those rows of the log, with their places."""
    import pandas as pd

    found: list[Any] = []
    before = 0
    for piece in log:
        inside = piece["prediction_id"].isin(wanted).to_numpy()
        kept = piece.loc[inside, ["prediction_id", "label", *OF_THE_ROW]]
        found.append(kept.assign(row=before + np.flatnonzero(inside)))
        before += len(piece)
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))


def _write(path: Path, rows: pd.DataFrame, fresh: Mapping[str, float]) -> None:
    import pandas as pd

    added = rows[rows["prediction_id"].isin(fresh)]
    added = added.assign(
        label=added["prediction_id"].map(fresh).astype(float),
        model_version=added["model_version"].astype(str),
    )
    before = table(path)
    whole = pd.concat([before, added], ignore_index=True) if len(before) else added
    io.write_table(whole[list(COLUMNS)].reset_index(drop=True), path)
