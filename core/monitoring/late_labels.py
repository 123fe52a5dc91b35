"""Labels that come after scoring, by prediction id, in one small table beside the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.dataset import io
from core.files import file_lock


@dataclass(frozen=True)
class LabelCount:
    """What a label file brought: joined, unknown ids, repeated, contradicting what was known."""

    joined: int
    unknown: int
    repeated: int
    contradicting: int


def read(path: Path) -> dict[str, float]:
    """Prediction id to label (1.0 or 0.0); empty where no label has come yet."""
    if not path.is_file():
        return {}
    table = io.read_table(path)
    return dict(zip(table["prediction_id"], table["label"].astype(float), strict=True))


def add(
    path: Path, known: Mapping[str, float], ids: Iterable[str], labels: np.ndarray
) -> LabelCount:
    """Add ``labels`` (1.0 or 0.0, in the order of ``ids``) to the table; the first label stays.

    ``known``: every logged prediction id to its own label, nan where it has none.
    """
    with file_lock(path.with_suffix(".lock")):
        late = read(path)
        count = _merge(late, known, ids, labels)
        if count.joined:
            _write(path, late)
    return count


def _merge(
    late: dict[str, float], known: Mapping[str, float], ids: Iterable[str], labels: np.ndarray
) -> LabelCount:
    joined = unknown = repeated = contradicting = 0
    for name, label in zip(ids, labels, strict=True):
        if name not in known:
            unknown += 1
            continue
        before = late.get(name, known[name])
        if np.isnan(before):
            late[name] = float(label)
            joined += 1
        elif before == label:
            repeated += 1
        else:
            contradicting += 1
    return LabelCount(joined, unknown, repeated, contradicting)


def _write(path: Path, late: Mapping[str, float]) -> None:
    import pandas as pd

    table = pd.DataFrame({"prediction_id": list(late), "label": list(late.values())})
    io.write_table(table, path)
