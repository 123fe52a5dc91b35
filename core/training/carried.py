"""What every version carries besides its model: what monitoring, the comparison and its card read.

A training writes it for each of its models; a model that was fitted elsewhere gets it when it is
registered. Both log it under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import io
from core.dataset.prepare import derive
from core.dataset.spec import ProjectSpec
from core.evaluation.metrics import binary_metrics
from core.files import read_json, write_json
from core.monitoring.reference import (
    MIN_CALIBRATION_ROWS,
    RECENT,
    RECENT_PROFILE,
    TRAINING,
    TRAINING_PROFILE,
    Reference,
)
from core.training.inputs import ModelInput

if TYPE_CHECKING:
    from core.tracking.runs import RunLog
    from core.training.evaluation import Holdout

EVALUATION, PROFILE = "evaluation.json", TRAINING_PROFILE
RECENT_METRICS = "recent"  # their place in the evaluation


def write(
    folder: Path,
    algorithm: str,
    spec: ProjectSpec,
    data: ModelInput,
    holdout: Holdout,
    evaluation: Mapping[str, Any],
    seed: int,
) -> None:
    """Values, profiles, the holdout's predictions; ``holdout``: as on ``data.test``."""
    threshold = holdout.metrics.threshold
    recent = recent_part(data, holdout.probability)
    write_json(folder / PROFILE, _profile(spec, data, holdout.probability, seed))
    if recent is not None:
        rows, probability, reference = recent
        write_json(folder / RECENT_PROFILE, _profile(spec, rows, probability, seed, reference))
        labels = rows.test[spec.target.column].to_numpy()
        found = binary_metrics(labels, probability, threshold).as_dict()
        evaluation = {**evaluation, RECENT_METRICS: found}
    write_json(folder / EVALUATION, evaluation)
    predictions = data.test.assign(
        probability=holdout.probability,
        probability_negative=1 - holdout.probability,
        prediction=(holdout.probability > threshold).astype(int),
    )
    for suffix in ("parquet", "csv"):
        io.write_table(predictions, folder / "tables" / f"holdout_{algorithm}.{suffix}")


def recent_part(
    data: ModelInput, probability: np.ndarray
) -> tuple[ModelInput, np.ndarray, Reference] | None:
    """The production rows of a retraining, the probabilities (n,) of those that judge, and what
    monitoring calls them; ``probability``: on ``data.test``.

    None in any other training, and where fewer than 100 rows judge: a performance measured on so
    few is known to no better than ten points of ROC AUC and an estimate could not be calibrated,
    so the version is then held against all that it knows, as after any training.
    """
    if data.older is None:
        return None
    old_train, old_test = data.older
    recent = ModelInput(data.train.iloc[old_train:], data.test.iloc[old_test:], data.preparation)
    if len(recent.test) < MIN_CALIBRATION_ROWS:
        return None
    reference = Reference(
        learnt_rows=len(recent.train),
        judging_rows=len(recent.test),
        older_rows=old_train,
        since=str(data.preparation.get("recent_since", "")),
        until=str(data.preparation.get("recent_until", "")),
    )
    return recent, probability[old_test:], reference


def log(run: RunLog, folder: Path, at: float | None = None) -> None:
    """All of it to the version's run, without the figures: they are drawn meanwhile.

    ``at``: when it was measured, in seconds since 1970; now if not given.
    """
    run.file(folder / EVALUATION)
    run.file(folder / PROFILE)
    run.folder(folder / "tables", "tables")
    recent = read_json(folder / EVALUATION).get(RECENT_METRICS)
    if recent is not None:  # the metrics last: they say that the profile is there
        run.file(folder / RECENT_PROFILE)
        run.metrics(recent, prefix=RECENT, at=at)


def log_figures(run: RunLog, folder: Path) -> None:
    """The figures that `core.training.beside.draw` made of it."""
    run.folder(folder / "figures", "figures")


def _profile(
    spec: ProjectSpec,
    data: ModelInput,
    probability: np.ndarray,
    seed: int,
    reference: Reference = TRAINING,
) -> dict[str, Any]:
    """The rows in small, for monitoring: all rows' columns, the held-out ones' probabilities."""
    import pandas as pd

    from core.monitoring.profile import build_profile

    rows = pd.concat([data.train, data.test], ignore_index=True)
    frame = pd.concat([rows[list(spec.raw_columns)], derive(rows, spec)], axis=1)
    unknown = np.full(len(data.train), np.nan)
    kinds: dict[str, Any] = {**spec.kinds, **dict.fromkeys(dict(spec.derived), "numeric")}
    return build_profile(
        frame,
        kinds=kinds,
        probability=np.concatenate([unknown, probability]),
        label=rows[spec.target.column].to_numpy(dtype=float),
        seed=seed,
        units=spec.units,
        reference=reference,
    ).to_dict()
