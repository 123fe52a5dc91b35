"""Reading a file of labels that came late: ids and outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.dataset import io
from core.dataset.spec import ProjectSpec
from core.dataset.validate import read_labels, require_columns
from core.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd

PREDICTION_ID = "prediction_id"


@dataclass(frozen=True)
class GivenLabels:
    """Labels (1.0 or 0.0) by id, in the order of the file; ``empty`` rows hold none.

    ``column``: what the ids are: ``prediction_id`` or the project's own row id.
    """

    column: str
    ids: list[str]
    labels: np.ndarray
    empty: int

    def by_prediction(self, predictions: pd.DataFrame) -> GivenLabels:
        """The same by prediction id.

        ``predictions`` has ``row_id`` and ``prediction_id``. A row's label holds for each of its
        predictions; a row without one keeps its own id, which the log will not know.
        """
        of_row = predictions.groupby("row_id", sort=False)["prediction_id"].agg(list).to_dict()
        ids, labels = [], []
        for row, label in zip(self.ids, self.labels, strict=True):
            for name in of_row.get(row, [f"row {row}"]):
                ids.append(name)
                labels.append(label)
        return GivenLabels(PREDICTION_ID, ids, np.array(labels, dtype=float), self.empty)


def read(
    path: Path, spec: ProjectSpec, as_text: Callable[[pd.Series], Iterable[str | None]]
) -> GivenLabels:
    """The labels of a file; SchemaError if its columns do not fit or it holds none.

    ``as_text`` makes texts of ids, None where one is missing.
    """
    names = io.column_names(path)
    column = _id_column(names, spec, path.name)
    require_columns(names, [spec.target.column], path.name)
    table = io.read_table(path, [column, spec.target.column])
    labels = read_labels(table[spec.target.column], spec, path.name)
    given = ~np.isnan(labels)
    if not given.any():
        raise SchemaError(f"{path.name} holds no label; fill in {spec.target.column!r}.")
    ids = [name if name is not None else "" for name in as_text(table[column][given])]
    return GivenLabels(column, ids, labels[given], int((~given).sum()))


def _id_column(names: Sequence[str], spec: ProjectSpec, what: str) -> str:
    if PREDICTION_ID in names:
        return PREDICTION_ID
    if spec.identify is not None and spec.identify in names:
        return spec.identify
    own = f", or {spec.identify}, the project's own row id," if spec.identify else ""
    raise SchemaError(
        f"{what} needs the column prediction_id, which every scored file has{own} beside "
        f"the labels in {spec.target.column!r}; join it from there and try again."
    )
