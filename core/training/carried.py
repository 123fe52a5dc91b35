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
from core.files import write_json

if TYPE_CHECKING:
    from core.tracking.runs import RunLog
    from core.training.evaluation import Holdout
    from core.training.inputs import ModelInput

EVALUATION, PROFILE = "evaluation.json", "reference_profile.json"


def write(
    folder: Path,
    algorithm: str,
    spec: ProjectSpec,
    data: ModelInput,
    holdout: Holdout,
    evaluation: Mapping[str, Any],
    seed: int,
) -> None:
    """Values, reference profile, the holdout's predictions; ``holdout``: as on ``data.test``."""
    write_json(folder / EVALUATION, evaluation)
    write_json(folder / PROFILE, _profile(spec, data, holdout.probability, seed))
    predictions = data.test.assign(
        probability=holdout.probability,
        probability_negative=1 - holdout.probability,
        prediction=(holdout.probability > holdout.metrics.threshold).astype(int),
    )
    for suffix in ("parquet", "csv"):
        io.write_table(predictions, folder / "tables" / f"holdout_{algorithm}.{suffix}")


def log(run: RunLog, folder: Path) -> None:
    """All of it to the version's run, without the figures: they are drawn meanwhile."""
    run.file(folder / EVALUATION)
    run.file(folder / PROFILE)
    run.folder(folder / "tables", "tables")


def log_figures(run: RunLog, folder: Path) -> None:
    """The figures that `core.training.beside.draw` made of it."""
    run.folder(folder / "figures", "figures")


def _profile(
    spec: ProjectSpec, data: ModelInput, probability: np.ndarray, seed: int
) -> dict[str, Any]:
    """Training in small, for monitoring: all rows' columns, the holdout's probabilities."""
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
    ).to_dict()
