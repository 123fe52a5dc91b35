"""What a scoring takes and gives: the job, a scored piece, how many rows came to what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.io import TableFile
from core.dataset.spec import ProjectSpec
from core.errors import SchemaError
from core.inference_log import InferenceLog
from core.scoring.intent import Intent, Target, temporary_of
from core.scoring.predict import Scored

if TYPE_CHECKING:
    import pandas as pd

ADDED = ("prediction", "probability", "prediction_id", "model_version")
REASON = "reason"
REJECTED, ROW_IDS = "rejected", "row_ids"


@dataclass(frozen=True)
class Model:
    """A loaded pipeline with what is needed to use and to name it."""

    version: str
    algorithm: str
    pipeline: Any
    threshold: float


@dataclass(frozen=True)
class Job:
    """What to score, with what, and where to.

    ``outputs``: one path per model, .parquet or .csv; ``rejected`` is left only if such rows
    exist. ``renames``: a column of the file to the model column that it is. ``log`` takes the first
    model's predictions, from ``origin`` and under ``request_id``. ``shown_as`` names the file in
    messages. ``row_ids``: where the project's own row ids are kept beside the prediction ids, if it
    has any. ``asked`` and ``job_id`` are the intent's.
    """

    table: TableFile
    spec: ProjectSpec
    models: Sequence[Model]
    outputs: Sequence[Path]
    rejected: Path
    log: InferenceLog
    origin: str
    request_id: str
    shown_as: str
    renames: Mapping[str, str] = field(default_factory=dict)
    row_ids: Path | None = None
    asked: str = ""
    job_id: str = ""

    @property
    def identify(self) -> str | None:
        """The column of row ids, if they are to be kept and the file has it."""
        name = self.spec.identify
        return name if self.row_ids is not None and name in self.table.names else None

    def intent(self) -> Intent:
        """What it is about to leave, before anything of it is there."""
        finals = targets_of(self.outputs, self.rejected)
        if self.row_ids is not None and self.identify is not None:
            finals[ROW_IDS] = self.row_ids
        targets = {k: Target(temporary_of(p, self.request_id), p) for k, p in finals.items()}
        return Intent(self.request_id, self.asked, targets, self.job_id)


def targets_of(outputs: Sequence[Path], rejected: Path) -> dict[str, Path]:
    """The names of a scoring's files by what they are, as its intent knows them."""
    return {**{output_name(i): path for i, path in enumerate(outputs)}, REJECTED: rejected}


def output_name(place: int) -> str:
    """What the file of the model at this place is, among the targets."""
    return f"scored_{place}"


@dataclass(frozen=True)
class ScoredPiece:
    """Some rows that were scored: model columns, labels (nan unknown), and scores by version."""

    values: pd.DataFrame
    labels: np.ndarray
    scored: Mapping[str, Scored]


@dataclass
class Outcome:
    """How many rows were scored, labelled, rejected, and why; reasons by row add up.

    ``logged``: those scored are in the inference log.
    """

    rows_scored: int = 0
    rows_labelled: int = 0
    rows_rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    logged: bool = False

    @property
    def rows(self) -> int:
        return self.rows_scored + self.rows_rejected


def check_columns(names: Sequence[str], what: str) -> None:
    """Raise SchemaError if the file already has columns that scoring adds."""
    taken = [name for name in (*ADDED, REASON) if name in names]
    if taken:
        raise SchemaError(
            f"{what} already has the column(s) {', '.join(taken)}, which scoring adds; "
            "remove or rename them and try again."
        )
